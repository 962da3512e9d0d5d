// Package main is a plugin whose init ends the goroutine that opens it.
package main

import (
	"runtime"

	"github.com/plugtool/plugtool/loader/testdata/marker"
)

func init() {
	marker.Leave("exits")
	runtime.Goexit()
}

// Greet is never reached.
func Greet(name string) string { return name }

func main() {}
