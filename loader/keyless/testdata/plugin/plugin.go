// Package main is a plugin that needs nothing.
package main

// Variant says which plugin this is.
func Variant() string { return "keyless" }

func main() {}
