package main

import "example.com/load/dep/cdep"

// Run is what the host calls.
func Run() string { return cdep.Check() }

func main() {}
