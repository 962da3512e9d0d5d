// Package native has C code, so that the compiler sees generated files.
package native

// static int plus(int a, int b) { return a + b; }
import "C"

// Plus adds.
func Plus(a, b int) int { return int(C.plus(C.int(a), C.int(b))) }
