// Command sub needs a package of such a module which the host does not have.
package main

import "example.com/lib/sub"

// Greet is an exported function.
func Greet() string { return sub.Name() }

func main() {}
