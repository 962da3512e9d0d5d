// Package main is a second plugin, which the tests build under one plugin path
// in two contents, by -ldflags=-X.
package main

import "github.com/plugtool/plugtool/loader/testdata/marker"

var variant string

func init() { marker.Leave("twin" + variant) }

// Variant says which content this is.
func Variant() string { return variant }

func main() {}
