// Package main is a plugin that shares packages of every kind with its host.
package main

import (
	"strconv"

	native "example.com/Native"
	"example.com/dep"

	"example.com/host/api"
	"example.com/host/clib"
)

// Run is what the host calls.
func Run() string {
	before := api.Total
	total := api.Add(clib.Minus(dep.Twice(native.Plus(3, 4)), 1))
	return api.Flavour + " " + api.Join([]int{before, total, clib.Apply(dep.Twice, 1, 2)}, strconv.Itoa)
}
