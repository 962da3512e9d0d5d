// Package lib is a dependency of the host.
package lib

// Calls counts.
var Calls int

// Name is inlined.
func Name() string { Calls++; return "lib" }
