// Command generic exports values of generic types.
package main

import (
	"slices"
	"sync/atomic"
)

// Pair is generic.
type Pair[K comparable, V any] struct {
	Key   K
	Value V
}

// Current is an exported variable.
var Current atomic.Pointer[Pair[string, []int]]

// Sorted is an exported function.
func Sorted(p Pair[string, []int]) []int { slices.Sort(p.Value); return p.Value }

func main() {}
