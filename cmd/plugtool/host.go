package main

import (
	"errors"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/inspector"
)

func (p *program) hostCommand() *cli.Command {
	return &cli.Command{
		Name:      "host",
		Usage:     "write a host's descriptor, which stands for the binary wherever HOST is asked for",
		UsageText: "plugtool host HOST [-o FILE] [--contract NAME=TYPE]...",
		Description: "With --contract, or a contract in plugtool.yaml, the descriptor says what the host looks\n" +
			"up and asserts of its plugins, and whoever verifies or builds a plugin for it checks that.",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "contract", Usage: symbolUsage},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE` instead of standard output"},
		},
		Action: p.describeHost,
	}
}

func (p *program) describeHost(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("plugtool host HOST -o FILE", "want one host, got %d", c.NArg())
	}
	host, err := openHost(c.Args().First(), nil)
	if err != nil {
		return err
	}
	defer host.Close()
	if err := p.addContract(c, host); err != nil {
		return err
	}
	descriptor, err := host.Descriptor()
	if err != nil {
		return err
	}
	write := func(w io.Writer) error {
		_, err := w.Write(descriptor)
		return err
	}
	if file := c.String("output"); file != "" && file != "-" {
		if !isDescriptor(host.Binary().File) { // which may be written anew, with another contract
			if err := mayWrite("-o "+file, file, c.Args().First()); err != nil {
				return err
			}
		}
		return writeFile(file, 0o666, write)
	}
	return write(p.out)
}

// addContract adds to a host's facts what it asserts of its plugins. A descriptor that
// has a contract keeps it where nothing else is asked for.
func (p *program) addContract(c *cli.Context, host *inspector.Host) error {
	conf, err := loadConfig(".")
	if err != nil {
		return err
	}
	lines := conf.Host.Contract
	if len(lines) == 0 {
		lines = conf.Contract
	}
	contract, err := p.contractOf("--contract", c.StringSlice("contract"), conf, lines)
	if err != nil || len(contract) == 0 {
		return err
	}
	err = host.SetContract(contract)
	if errors.Is(err, inspector.ErrNoType) {
		return usageError(err, "")
	}
	for _, r := range host.Contract() {
		if r.Unused() {
			p.warningf("%s has no type as in %s, so it hardly asserts that", host.Binary().File, r)
		}
	}
	return err
}
