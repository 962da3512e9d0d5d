// Package main is the plugin of an attacker: it is never to run.
package main

import "github.com/plugtool/plugtool/loader/testdata/marker"

func init() { marker.Leave("hostile") }

// Variant says which content this is.
func Variant() string { return "hostile" }

func main() {}
