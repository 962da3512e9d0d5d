// Package dep is a fork.
package dep

// Version says which one it is.
const Version = "fork"

// Twice is small enough to be inlined.
func Twice(n int) int { return n + n }
