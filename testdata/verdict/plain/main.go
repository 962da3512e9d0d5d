// Command plain is a plugin that shares a package with the host.
package main

import (
	"fmt"

	"example.com/verdict/shared"
)

// Limit is an exported variable.
var Limit = 3

// Greet is an exported function.
func Greet(name string) string { return fmt.Sprint("hello ", name, shared.Name()) }
