// Package lookups registers names and asks for them again.
package lookups

import (
	"expvar"
	"flag"
	"runtime/pprof"
)

const name = "looked"

func init() {
	flag.Bool(name, false, "")         // want panics flag.CommandLine "looked"
	expvar.NewInt("asked")             // want panics expvar "asked"
	pprof.NewProfile("lookups.unused") // want panics runtime/pprof profiles "lookups.unused"
}

// On tells whether the flag is set.
func On() bool {
	return flag.Lookup(name).Value.String() == "true" && flag.CommandLine.Lookup("others") != nil
}

// Value asks for any name.
func Value(of string) string { return expvar.Get(of).String() }
