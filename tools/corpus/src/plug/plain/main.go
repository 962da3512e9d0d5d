// Command plain needs the standard library only.
package main

import "fmt"

// Limit is an exported variable.
var Limit = 3

// Greet is an exported function.
func Greet(name string) string { return fmt.Sprint("hello ", name) }

func main() {}
