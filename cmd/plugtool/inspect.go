package main

import (
	"io"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
)

func (p *program) inspectCommand() *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "show what is in a plugin or host",
		UsageText: "plugtool inspect FILE",
		Description: "Shows Go version, build settings, modules with their checksums, package hashes,\n" +
			"exported symbols with their types, and C libraries.",
		Flags: []cli.Flag{
			formatsFlag(),
			&cli.BoolFlag{Name: "packages", Aliases: []string{"verbose"}, Usage: "list every package hash", DisableDefaultText: true},
		},
		Action: p.inspect,
	}
}

func (p *program) inspect(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("plugtool inspect FILE", "want one file, got %d", c.NArg())
	}
	outputs, err := parseFormats(c.StringSlice("format"), plainFormats)
	if err != nil {
		return err
	}
	if err := outputs.mayWrite(c.Args().First()); err != nil {
		return err
	}
	b, err := inspector.Inspect(c.Args().First())
	if err != nil {
		return err
	}
	style := p.style()
	style.Verbose = c.Bool("packages")
	return p.tell(outputs, style, map[string]writer{
		formatText: func(w io.Writer, s report.Style) error { return report.WriteInspectText(w, b, s) },
		formatJSON: func(w io.Writer, _ report.Style) error { return report.WriteInspectJSON(w, b) },
	})
}
