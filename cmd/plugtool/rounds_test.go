//go:build !sweep

package main

// verifyRounds is how often verify is run against each race. With -tags=sweep it is
// thousands of times.
const verifyRounds = 20
