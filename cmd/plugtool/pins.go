package main

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/report"
)

// pinsFlags are those that ask which modules a host decides about.
func pinsFlags() []cli.Flag {
	return []cli.Flag{
		switchFlag("pins", "list the modules that the host pins, with newer versions that the plugin may not use; with --dry-run nothing else"),
		switchFlag("newer", "like --pins, and ask the module proxy which newer versions there are, where else the module cache is looked at"),
	}
}

// pinsSummary says in a line what the plugin shares with the host.
func pinsSummary(plan *builder.Plan) string {
	if len(plan.Shared) == 0 {
		return "  shares no module with the host"
	}
	old := 0
	for _, s := range plan.Shared {
		if len(s.Newer) > 0 {
			old++
		}
	}
	line := fmt.Sprintf("  shares %s with the host, at the host's versions", counted(len(plan.Shared), "module"))
	if old > 0 {
		line += fmt.Sprintf("; of %d there are newer ones, which --pins lists", old)
	}
	return line
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// pinsTables lists them for each of many pairs.
func (m *manyBuilds) pinsTables() string {
	var text strings.Builder
	for _, row := range m.rows {
		if plan, ok := row.Plan.(*builder.Plan); ok {
			fmt.Fprintf(&text, "%s for %s:\n%s\n", report.Printable(row.Package), report.Printable(row.Host.File), strings.Join(pinsTable(plan), "\n"))
		}
	}
	return text.String()
}

// pinsTable lists the modules that plugin and host share.
func pinsTable(plan *builder.Plan) []string {
	if len(plan.Shared) == 0 {
		return []string{pinsSummary(plan)}
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  MODULE\tHOST HAS\tPLUGIN ASKS FOR\tNEWER, NOT TO BE USED")
	for _, s := range plan.Shared {
		has := cmp.Or(s.Host, "its source")
		if s.Replace != "" {
			has = strings.TrimSpace(s.Host + " => " + s.Replace)
		}
		newer := "-"
		if n := len(s.Newer); n > 0 {
			newer = s.Newer[n-1]
			if n > 1 {
				newer += fmt.Sprintf(" and %d before it", n-1)
			}
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", s.Module, has, cmp.Or(s.Plugin, "-"), newer)
	}
	_ = w.Flush() // to memory
	lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}
