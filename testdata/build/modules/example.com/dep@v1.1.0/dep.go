// Package dep is a dependency that host and plugins share.
package dep

// Calls counts the calls of Twice.
var Calls int

// Twice doubles a number.
func Twice(n int) int {
	Calls++
	return n + n
}
