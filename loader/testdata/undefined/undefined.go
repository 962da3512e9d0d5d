// Package main is a plugin that needs a C function which nothing has.
package main

/*
#cgo LDFLAGS: -Wl,--unresolved-symbols=ignore-all
int nobody_has_this(void);
*/
import "C"

import "github.com/plugtool/plugtool/loader/testdata/marker"

func init() { marker.Leave("undefined") }

// Answer calls it.
func Answer() int { return int(C.nobody_has_this()) }

func main() {}
