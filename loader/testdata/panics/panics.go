// Package main is a plugin whose init panics.
package main

import "github.com/plugtool/plugtool/loader/testdata/marker"

func init() {
	marker.Leave("panics")
	panic("no licence found")
}

// Greet is never reached.
func Greet(name string) string { return name }

func main() {}
