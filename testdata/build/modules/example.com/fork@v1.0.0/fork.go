// Package dep is a fork of example.com/dep v1.1.0.
package dep

// Calls counts the calls of Twice.
var Calls int

// Twice doubles a number, in the fork's own way.
func Twice(n int) int {
	Calls += 2
	return 2 * n
}
