// Command asm has assembly.
package main

func add(a, b int64) int64

// Add is an exported function.
func Add(a, b int64) int64 { return add(a, b) }

func main() {}
