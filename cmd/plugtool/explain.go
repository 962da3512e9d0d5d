package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/docs"
	"github.com/plugtool/plugtool/report"
)

func (p *program) explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "explain one finding: what, why, how to mend it; or list them all",
		UsageText: "plugtool explain [CODE]   (as in PT401 or package-mismatch)",
		Action:    p.explain,
	}
}

func (p *program) explain(c *cli.Context) error {
	switch c.NArg() {
	case 0:
		for _, kind := range report.Kinds() {
			fmt.Fprintf(p.out, "%s  %-24s %s\n", kind.ID, kind.Slug, pageTitle(kind.ID))
		}
		return nil
	case 1:
	default:
		return usagef("plugtool explain PT401", "want one code, got %d", c.NArg())
	}
	name := c.Args().First()
	kind, ok := report.KindOf(name)
	if !ok {
		return usagef("`plugtool explain` lists all codes", "no finding has the code %q", name)
	}
	page, err := docs.Findings.ReadFile("findings/" + kind.ID + ".md")
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s", page)
	return nil
}

// pageTitle is what a finding's page is called, without its code.
func pageTitle(id string) string {
	page, _ := docs.Findings.ReadFile("findings/" + id + ".md") // embedded, and a test holds that it is there
	line, _, _ := strings.Cut(string(page), "\n")
	_, title, _ := strings.Cut(line, ": ")
	return title
}

// findingCodes lists the ids of all findings.
func findingCodes() []string {
	var codes []string
	for _, kind := range report.Kinds() {
		codes = append(codes, kind.ID)
	}
	return codes
}
