// Command only needs a module that the host does not have.
package main

import "example.com/only"

// Greet is an exported function.
func Greet() string { return only.Name() + "only" }

func main() {}
