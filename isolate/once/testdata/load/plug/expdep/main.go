package main

import "example.com/load/dep/expdep"

// Run is what the host calls.
func Run() string { return expdep.Check() }

func main() {}
