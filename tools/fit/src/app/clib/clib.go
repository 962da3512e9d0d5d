// Package clib is a package of the host's with C code.
package clib

// #cgo CFLAGS: -DSTEP=1
// #include "minus.h"
import "C"

// Minus subtracts.
func Minus(a, b int) int { return int(C.minus(C.int(a), C.int(b))) }

// Each calls f, so that the host's own code calls into a plugin.
func Each(f func(int) int, list ...int) (sum int) {
	for _, n := range list {
		sum += f(n)
	}
	return sum
}
