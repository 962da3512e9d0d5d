// Package main is a plugin that needs a C library which lies beside it.
package main

// int answer(void);
import "C"

import "github.com/plugtool/plugtool/loader/testdata/marker"

func init() { marker.Leave("beside") }

// Answer calls it.
func Answer() int { return int(C.answer()) }

func main() {}
