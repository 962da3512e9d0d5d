//go:build sweep

package main

const verifyRounds = 500
