// Command other is a second plugin, under a path of its own.
package main

// Answer is an exported function.
func Answer() int { return 42 }
