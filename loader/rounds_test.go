//go:build linux && !sweep

package loader_test

// How often each attack of TestAttacks is tried against a running host, and against a
// host that is started for it. With -tags=sweep it is thousands of times.
const (
	attackRounds  = 60
	attackStarts  = 3
	replaceRounds = 80
)
