package main

import "example.com/load/dep/rootsdep"

// Run is what the host calls.
func Run() string { return rootsdep.Check() }

func main() {}
