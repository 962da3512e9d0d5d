// Command usesboth is a plugin with a package that the host has, and one that it does
// not have.
package main

import (
	"example.com/dep"
	"example.com/verdict/shared"
)

// Version is an exported function.
func Version() (int, string) { return dep.Version(), shared.Name() }
