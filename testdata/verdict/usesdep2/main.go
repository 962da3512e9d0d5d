// Command usesdep2 is a plugin with a dependency that the host does not have.
package main

import "example.com/dep"

// Version is an exported function.
func Version() int { return dep.Version() }
