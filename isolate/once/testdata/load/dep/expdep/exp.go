// Package expdep does what badger's metrics do.
package expdep

import "expvar"

// Version is what the copy changes.
const Version = "v1"

const prefix = "expdep_"

var version *expvar.String

func init() {
	version = named("version")
	version.Set(Version)
}

func named(name string) *expvar.String { return expvar.NewString(prefix + name) }

// Check looks the variable up by its name.
func Check() string { return expvar.Get("expdep_version").(*expvar.String).Value() }
