// Package main is a plugin that shares packages of its host and of several modules.
package main

import (
	"strings"

	"example.com/dep"
	"example.com/host/api"
	"example.com/mid/far"
	"example.com/two"
)

// Run is what the host calls.
func Run() string {
	list := strings.Fields(api.Flavour)
	return strings.Repeat("a", api.Add(dep.Twice(two.Two()))+far.Far(api.Count(list))+far.Get().P.B)
}
