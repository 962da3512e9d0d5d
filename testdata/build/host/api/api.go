// Package api is what the host gives its plugins.
package api

import "example.com/dep"

// Greeter is what a plugin may give the host.
type Greeter interface{ Greet(name string) string }

// Total is shared by the host and all of its plugins.
var Total int

// Add is small enough to be inlined.
func Add(n int) int {
	Total += dep.Twice(n)
	return Total
}

// Join is not.
func Join[T any](list []T, format func(T) string) string {
	text := ""
	for i, v := range list {
		if i > 0 {
			text += ","
		}
		text += format(v)
	}
	return text
}
