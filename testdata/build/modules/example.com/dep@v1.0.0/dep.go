// Package dep is a dependency that host and plugins share.
package dep

// Twice doubles a number.
func Twice(n int) int { return n * 2 }
