package main

import (
	"io"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/inspector"
)

func (p *program) hostCommand() *cli.Command {
	return &cli.Command{
		Name:      "host",
		Usage:     "write a host's descriptor, which stands for the binary wherever HOST is asked for",
		UsageText: "plugtool host HOST [-o FILE]",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE` instead of standard output"},
		},
		Action: p.describeHost,
	}
}

func (p *program) describeHost(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("plugtool host HOST -o FILE", "want one host, got %d", c.NArg())
	}
	host, err := inspector.OpenHost(c.Args().First())
	if err != nil {
		return err
	}
	defer host.Close()
	descriptor, err := host.Descriptor()
	if err != nil {
		return err
	}
	write := func(w io.Writer) error {
		_, err := w.Write(descriptor)
		return err
	}
	if file := c.String("output"); file != "" && file != "-" {
		return writeFile(file, 0o666, write)
	}
	return write(p.out)
}
