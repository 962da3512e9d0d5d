// Package dep is a dependency of both.
package dep

// Version says which one it is.
const Version = "1.0.0"

// Twice is small enough to be inlined.
func Twice(n int) int { return n * 2 }
