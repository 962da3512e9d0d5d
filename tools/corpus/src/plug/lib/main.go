// Command lib needs a module that the host needs too.
package main

import "example.com/lib"

// Greet is an exported function.
func Greet() string { return lib.Name() }

func main() {}
