package main

import "example.com/load/dep/muxdep"

// Run is what the host calls.
func Run() string { return muxdep.Check() }

func main() {}
