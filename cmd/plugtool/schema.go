package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/report"
)

func (p *program) schemaCommand() *cli.Command {
	names := strings.Join(report.SchemaNames(), ", ")
	return &cli.Command{
		Name:        "schema",
		Usage:       "print the JSON Schema of a document that plugtool writes or reads",
		UsageText:   "plugtool schema NAME",
		Description: "NAME is what the document says in its schema field: " + names,
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return usagef("one of "+names, "want one schema, got %d", c.NArg())
			}
			schema, err := report.Schema(c.Args().First())
			if err != nil {
				return usageError(err, "")
			}
			fmt.Fprintf(p.out, "%s", schema)
			return nil
		},
	}
}
