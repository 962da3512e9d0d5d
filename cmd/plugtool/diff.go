package main

import (
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
)

func (p *program) diffCommand() *cli.Command {
	return &cli.Command{
		Name:      "diff",
		Usage:     "say which plugins an upgrade of their host breaks, and why",
		UsageText: "plugtool diff OLD-HOST NEW-HOST [PLUGIN...]",
		Description: "Compares what two hosts share with plugins, and judges the plugins given in both, each\n" +
			"by itself. A host is a binary or a descriptor; a folder stands for its *.so files.\n\n" +
			"Exit code: 3 where a plugin loads into the old host and not into the new one, else 0;\n" +
			"1 plugtool could not do its work, 2 wrong usage.",
		Flags: []cli.Flag{
			hostKeyFlag(),
			formatsFlag(),
			switchFlag("verbose", "name every package and module"),
			switchFlag("quiet", "say nothing of what does not break plugins"),
		},
		Action: p.diff,
	}
}

func (p *program) diff(c *cli.Context) error {
	p.quiet = c.Bool("quiet")
	outputs, err := parseFormats(c.StringSlice("format"), plainFormats)
	if err != nil {
		return err
	}
	args := c.Args().Slice()
	if len(args) < 2 {
		return usagef("plugtool diff OLD-HOST NEW-HOST [PLUGIN...]", "want two hosts, got %d", len(args))
	}
	files, err := expandFolders(args[2:])
	if err != nil {
		return err
	}
	if err := outputs.mayWrite(slices.Concat(args[:2], files)...); err != nil {
		return err
	}
	keys, err := p.readPublicKeys(c.Context, c.StringSlice("host-key"))
	if err != nil {
		return err
	}
	var hosts [2]*inspector.Host
	for i, file := range args[:2] {
		if hosts[i], err = openHost(file, keys); err != nil {
			return err
		}
		defer hosts[i].Close()
	}
	var plugins []*inspector.Plugin
	for _, file := range files {
		plugin := inspector.MapPlugin(file)
		defer plugin.Close()
		plugins = append(plugins, plugin)
	}
	d, err := inspector.Options{}.Diff(hosts[0], hosts[1], plugins)
	if err != nil {
		return err
	}
	style := p.style()
	style.Verbose = c.Bool("verbose")
	err = p.tell(outputs, style, map[string]writer{
		formatText: func(w io.Writer, s report.Style) error { return report.WriteDiffText(w, d, s) },
		formatJSON: func(w io.Writer, _ report.Style) error { return report.WriteDiffJSON(w, d) },
	})
	if err != nil {
		return err
	}
	for _, plugin := range d.Plugins {
		if plugin.Breaks() {
			return told(exitRefused)
		}
	}
	if d.Breaks == inspector.BreaksSome && len(plugins) == 0 {
		p.hintf("plugtool diff %s %s PLUGIN... says which", args[0], args[1])
	}
	return nil
}
