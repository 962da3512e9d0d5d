// Command only2 needs a module that the host does not have.
package main

import "example.com/only"

// Greet is an exported function.
func Greet() string { return only.Name() + "only2" }

func main() {}
