package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

func (p *program) versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print plugtool's version and the Go release that built it",
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("", "version takes no argument, got %q", c.Args().First())
			}
			fmt.Fprintf(p.out, "plugtool %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}

// version is what the go command recorded: a release, or the commit of a
// checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
