package builder

import (
	"fmt"
	"slices"
	"strings"
)

// instead says, for flags of go build that cannot be handed through, what to do.
var instead = map[string]string{
	"o":         "give -o FILE before --",
	"C":         "run plugtool in that folder, or give the package by its folder",
	"n":         "--dry-run prints the commands and builds nothing",
	"pgo":       "give the host's profile by --pgo FILE, before --",
	"modfile":   "set GOFLAGS=-modfile=FILE: plugtool reads that file in the place of go.mod",
	"gcflags":   "without a pattern, for the plugin's main package alone, -gcflags is handed through",
	"buildmode": "plugtool builds plugins (-buildmode=plugin)",
	"work":      "what plugtool writes to a temporary folder goes with it; --dry-run prints the commands for one of your own",
}

// refuseFlag says why a flag that was given by hand cannot be: the host decides about
// it, plugtool needs it itself, or go build has none of that name.
func (p *planner) refuseFlag(arg, name string) error {
	host := p.host.Binary.File
	had := map[string]bool{"trimpath": p.settings.trimpath, "race": p.settings.race, "msan": p.settings.msan}
	switch on, decides := had[name]; {
	case !strings.HasPrefix(arg, "-"):
		return &UsageError{Reason: fmt.Sprintf("%q behind -- is no flag of go build", arg), Hint: "packages stand before --"}
	case decides && on:
		return &UsageError{Reason: fmt.Sprintf("flag %s contradicts host %s, which was built with -%s", arg, host, name)}
	case decides:
		return &UsageError{Reason: fmt.Sprintf("flag %s contradicts host %s, which was built without it", arg, host)}
	case slices.Contains(decidedFlags, name) || instead[name] != "":
		return &UsageError{Reason: fmt.Sprintf("flag -%s of go build cannot be given: plugtool sets it as host %s needs it", name, host), Hint: instead[name]}
	}
	return &UsageError{Reason: fmt.Sprintf("flag -%s is not one of go build's that plugtool hands through", name),
		Hint: "these are: -tags -ldflags -asmflags -p -v -x -a -buildvcs -modcacherw -mod, and -gcflags without a pattern"}
}
