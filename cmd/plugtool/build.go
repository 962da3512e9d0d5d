package main

import (
	"cmp"
	"slices"

	"github.com/urfave/cli/v2"
)

// toolexecName is the hidden command that the go command runs around the
// compiler while plugtool builds.
const toolexecName = "toolexec"

// isolateName is the flag that may stand without its value.
const isolateName = "isolate"

func (p *program) buildCommand() *cli.Command {
	return &cli.Command{
		Name:      "build",
		Usage:     "build a plugin so that it loads into a host, and prove it",
		UsageText: "plugtool build --host HOST… [-o FILE] [PACKAGE…] [-- FLAGS of go build]",
		Description: "Builds with the host's Go release, settings and module versions, leaves your go.mod alone,\n" +
			"and writes nothing that would not load. With --key it signs what it built, and\n" +
			"with --attest states how, as sidecars PLUGIN.TYPE.intoto.sigstore.json. What others\n" +
			"signed about the same bytes stays; what is about other bytes is removed.\n" +
			"A Go release that is not on this machine is downloaded where the go command may do so;\n" +
			"under GOTOOLCHAIN=local it takes --toolchain auto.\n\n" +
			"Exit code: 0 it loads, 3 no plugin can be built that does, 1 the build failed, 2 wrong usage.",
		Flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: "host", Usage: "build for this `HOST`, a binary or a descriptor (repeatable)"},
			hostKeyFlag(),
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the plugin to `FILE`, or each to its own by a name such as 'dist/{{.Name}}_{{.Host}}.so'"},
			&cli.IntFlag{Name: "p", Usage: "build `N` plugins side by side, as many as there are processors where it is not given", DefaultText: "processors"},
			&cli.StringSliceFlag{Name: "symbol", Usage: symbolUsage},
			&cli.StringSliceFlag{Name: "key", Usage: "sign the plugin with this private `KEY`: a PEM file, env://NAME, or a key in a key management service (repeatable: each signs)"},
			switchFlag("attest", "sign statements of how it was built (SLSA provenance) and that it loads into the host, too"),
			&cli.StringFlag{Name: "toolchain", Usage: "the host's Go is `auto` (download it if need be) or a GOROOT"},
			&cli.StringFlag{Name: "host-src", Usage: "the source of the host's modules is in `DIR`: a module, a workspace or a clone"},
			&cli.StringFlag{Name: "pgo", Usage: "the profile that the host was built with is in `FILE`"},
			&cli.StringFlag{Name: "sysroot", Usage: "the host's machine has its file system in `DIR`: compile and link against it, and judge with its libraries"},
			&cli.StringFlag{Name: "max-glibc", Usage: "write nothing that needs a newer glibc than `VERSION`, as in 2.28"},
			&cli.StringFlag{Name: isolateName, Usage: "give the plugin private copies of what differs from the host's; --isolate=`RULES`: all, or patterns of import paths"},
			switchFlag("write", "bring your go.mod and go.sum to the host's versions too"),
			switchFlag("dry-run", "print the plan as commands and build nothing"),
			formatFlag(buildFormats),
			noInputFlag(),
			quietFlag(),
		}, slices.Concat(keylessSignFlags(), documentFlags(), pinsFlags())...),
		Action: p.build,
	}
}

// build reads the options, builds for the one pair of host and package that there
// mostly is, or for many, and tells what came of it.
func (p *program) build(c *cli.Context) error {
	p.again = &rebuilds{given: p.given, kinds: flagKinds(c.Command.Flags)}
	o, err := p.buildOptions(c)
	if err != nil {
		return err
	}
	if err := cmp.Or(o.mayWrite(c.String("output")), o.mayWriteDocuments()); err != nil {
		return err
	}
	if o.many() {
		return p.buildMany(c.Context, o)
	}
	return p.buildOne(c.Context, o)
}
