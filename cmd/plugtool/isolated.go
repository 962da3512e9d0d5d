package main

import (
	"cmp"
	"fmt"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/isolate"
	"github.com/plugtool/plugtool/isolate/once"
)

// isolatedSummary says what has private copies in a plugin, and what is the host's all
// the same and why.
func isolatedSummary(plan *builder.Plan) (lines []string) {
	i := plan.Isolated
	if i == nil {
		return nil
	}
	packages := 0
	for _, d := range i.Moved {
		packages += len(d.Packages)
	}
	copies := "private copies"
	if packages == 1 {
		copies = "private copy"
	}
	lines = append(lines, fmt.Sprintf("  isolated (%s): %d %s of packages, below %s", i.Rules, packages, copies, i.Prefix))
	for _, d := range i.Moved {
		lines = append(lines, fmt.Sprintf("    %s: %s", isolatedModule(d), d.Why))
	}
	for _, d := range i.Pinned {
		lines = append(lines, fmt.Sprintf("    the host's %s: %s", isolatedModule(d), d.Why))
	}
	for _, s := range i.Process {
		if s.Action == once.Rename {
			lines = append(lines, "    "+s.Reason)
		}
	}
	return lines
}

// isolatedModule names what a decision is about.
func isolatedModule(d isolate.Decision) string {
	what := d.Module
	if len(d.Packages) == 1 {
		what = d.Packages[0]
	}
	return fmt.Sprintf("%s %s", what, cmp.Or(d.Version, "(from its folder)"))
}
