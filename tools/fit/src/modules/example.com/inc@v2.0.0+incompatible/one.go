// Package inc is a dependency with an odd path or version.
package inc

// One is small enough to be inlined.
func One() int { return 1 }
