// Package api is what the host gives its plugins.
package api

import (
	"example.com/contract"
	"example.com/dep"
)

// Total is shared by the host and all of its plugins.
var Total int

// Add is small enough to be inlined.
func Add(n int) int {
	Total += dep.Twice(n)
	return Total
}

// A Named has a method whose body is exported with it.
type Named struct{ name string }

// New makes one.
func New(name string) contract.Greeter { return &Named{name} }

// Greet greets.
func (n *Named) Greet() string { return contract.Prefix + n.name }
