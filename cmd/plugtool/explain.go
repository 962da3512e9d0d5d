package main

import (
	"fmt"
	"path"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/docs"
)

func (p *program) explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "explain one finding: what, why, how to mend it",
		UsageText: "plugtool explain CODE   (as in PT401)",
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return usagef("plugtool explain PT401", "want one code, got %d", c.NArg())
			}
			code := c.Args().First()
			page, err := docs.Findings.ReadFile("findings/" + strings.ToUpper(code) + ".md")
			if err != nil {
				return usagef("the codes are "+strings.Join(findingCodes(), ", "), "no finding has the code %q", code)
			}
			fmt.Fprintf(p.out, "%s", page)
			return nil
		},
	}
}

// findingCodes lists the ids of all findings that have a page, sorted.
func findingCodes() []string {
	entries, _ := docs.Findings.ReadDir("findings") // embedded: it is there
	var codes []string
	for _, e := range entries {
		codes = append(codes, strings.TrimSuffix(e.Name(), path.Ext(e.Name())))
	}
	return codes
}
