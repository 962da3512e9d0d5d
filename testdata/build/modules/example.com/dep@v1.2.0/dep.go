// Package dep is a dependency that host and plugins share.
package dep

// Calls counts the calls of Twice and Thrice.
var Calls int

// Twice doubles a number.
func Twice(n int) int {
	Calls++
	return n << 1
}

// Thrice is new in v1.2.0.
func Thrice(n int) int { return Twice(n) + n }
