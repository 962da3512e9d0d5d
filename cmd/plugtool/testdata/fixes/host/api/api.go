// Package api is what the host gives its plugins.
package api

import "example.com/dep"

// Total is shared by the host and its plugins.
var Total int

// Add is inlined, with what it calls.
func Add(n int) int {
	Total += dep.Twice(n)
	return Total
}

// Count is not inlined.
//
//go:noinline
func Count(list []string) int { return len(list) }
