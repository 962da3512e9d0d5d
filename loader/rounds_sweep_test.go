//go:build linux && sweep

package loader_test

const (
	attackRounds  = 2000
	attackStarts  = 60
	replaceRounds = 2000
)
