package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
	"github.com/plugtool/plugtool/signer/bundle"
)

// toolexecName is the hidden command that the go command runs around the
// compiler while plugtool builds.
const toolexecName = "toolexec"

func (p *program) buildCommand() *cli.Command {
	return &cli.Command{
		Name:      "build",
		Usage:     "build a plugin so that it loads into a host, and prove it",
		UsageText: "plugtool build --host HOST [-o FILE] [PACKAGE] [-- FLAGS of go build]",
		Description: "Builds with the host's Go release, settings and module versions, leaves your go.mod alone,\n" +
			"and writes nothing that would not load. With --key it signs what it built.\n" +
			"A Go release that is not on this machine is downloaded where the go command may do so;\n" +
			"under GOTOOLCHAIN=local it takes --toolchain auto.\n\n" +
			"Exit code: 0 it loads, 3 no plugin can be built that does, 1 the build failed, 2 wrong usage.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "host", Usage: "build for this `HOST`, a binary or a descriptor"},
			hostKeyFlag(),
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the plugin to `FILE`"},
			&cli.StringSliceFlag{Name: "symbol", Usage: symbolUsage},
			&cli.StringFlag{Name: "key", Usage: "sign the plugin with the private key in this PEM `FILE`"},
			&cli.StringFlag{Name: "toolchain", Usage: "the host's Go is `auto` (download it if need be) or a GOROOT"},
			&cli.StringFlag{Name: "host-src", Usage: "the source of a module of the host's is in `DIR`"},
			&cli.StringFlag{Name: "pgo", Usage: "the profile that the host was built with is in `FILE`"},
			switchFlag("write", "bring your go.mod and go.sum to the host's versions too"),
			switchFlag("dry-run", "print the plan as commands and build nothing"),
			formatsFlag(),
			noInputFlag(),
			quietFlag(),
		},
		Action: p.build,
	}
}

// buildOptions is what a build needs to know.
type buildOptions struct {
	builder.Options
	host     string
	hostKeys []*bundle.PublicKey
	dryRun   bool
	outputs  outputs
}

func (p *program) build(c *cli.Context) error {
	o, err := p.buildOptions(c)
	if err != nil {
		return err
	}
	if err := o.mayWrite(c.String("output"), c.String("key")); err != nil {
		return err
	}
	host, err := openHost(o.host, o.hostKeys)
	if err != nil {
		return err
	}
	defer host.Close()
	err = p.buildFor(c.Context, host, o)
	var noFit *builder.NoFitError
	if errors.As(err, &noFit) {
		return errors.Join(err, p.tellNoFit(host, noFit, o))
	}
	return err
}

func (p *program) buildFor(ctx context.Context, host *inspector.Host, o buildOptions) error {
	if o.dryRun {
		return p.tellPlan(ctx, host, o)
	}
	result, err := builder.Run(ctx, host, o.Options)
	if err != nil {
		return err
	}
	if _, err := os.Stat(bundle.Path(result.Output)); err == nil && result.Sidecar == "" && !result.Unchanged {
		p.warningf("%s is of the plugin that was there before and does not fit the new one; sign it again", bundle.Path(result.Output))
	}
	return p.tellBuilt(result, o)
}

func (p *program) buildOptions(c *cli.Context) (buildOptions, error) {
	p.quiet = c.Bool("quiet")
	o := buildOptions{dryRun: c.Bool("dry-run")}
	var err error
	if o.outputs, err = parseFormats(c.StringSlice("format"), plainFormats); err != nil {
		return o, err
	}
	if len(p.given.args) > 1 {
		return o, usagef("flags of go build stand after --", "want one package, got %s", strings.Join(p.given.args, " "))
	}
	exe, err := os.Executable()
	if err != nil {
		return o, err
	}
	if o.Dir, err = os.Getwd(); err != nil {
		return o, err
	}
	o.Options = builder.Options{
		Dir:       o.Dir,
		Package:   strings.Join(p.given.args, ""),
		Output:    within(o.Dir, c.String("output")),
		Env:       p.env,
		Toolchain: toolchain(o.Dir, c.String("toolchain")),
		HostSrc:   c.String("host-src"),
		PGO:       c.String("pgo"),
		Flags:     p.given.rest,
		Write:     c.Bool("write"),
		Toolexec:  []string{exe, toolexecName},
	}
	if !p.quiet {
		o.Progress = p.err
	}
	return o, p.buildDefaults(c, &o)
}

// buildDefaults adds what plugtool.yaml says, and what follows from it.
func (p *program) buildDefaults(c *cli.Context, o *buildOptions) error {
	conf, err := loadConfig(packageFolder(o.Package))
	if err != nil {
		return err
	}
	o.host = p.fromConfig(conf, "host", c.String("host"), conf.Build.Host)
	if o.host == "" {
		return usagef("--host HOST names the host binary or its descriptor", "no host to build for: --host is missing")
	}
	if o.hostKeys, err = p.hostKeys(c, conf, conf.Build.HostKey); err != nil {
		return err
	}
	if o.Output == "" && conf.Build.Output != "" {
		// The file may be a stranger's: it decides about the project's folder alone.
		if !filepath.IsLocal(conf.Build.Output) {
			return usagef("-o FILE writes elsewhere", "%s: build.output is %q, want a path within the project's folder", conf.file, conf.Build.Output)
		}
		o.Output = within(o.Dir, conf.path(conf.Build.Output))
		p.noticef("output %s comes from %s", conf.path(conf.Build.Output), conf.file)
	}
	if o.Package == "" && conf.Build.Package != "" {
		p.noticef("package %s comes from %s", conf.Build.Package, conf.file)
		o.Package = conf.Build.Package
		o.Dir = within(o.Dir, filepath.Dir(conf.file))
	}
	if o.Contract, err = p.contractOf("--symbol", c.StringSlice("symbol"), conf, conf.Contract); err != nil {
		return err
	}
	key := p.fromConfig(conf, "key", c.String("key"), conf.Build.Key)
	if key == "" || o.dryRun {
		return nil
	}
	s, err := p.loadSigner(c.Context, key, c.Bool("no-input"))
	if err != nil {
		return err
	}
	o.Seal = func(_ string, data []byte) ([]byte, error) {
		sidecar, _, err := s.SignMessage(data)
		return sidecar, err
	}
	return nil
}

// packageFolder gives the folder of a package that is given by its path, and
// the current one for any other.
func packageFolder(pkg string) string {
	info, err := os.Stat(pkg)
	switch {
	case err == nil && info.IsDir():
		return pkg
	case err == nil:
		return filepath.Dir(pkg)
	}
	return "."
}

// toolchain makes a GOROOT's path absolute; what has no separator is a word.
func toolchain(dir, option string) string {
	if !strings.ContainsRune(option, filepath.Separator) {
		return option
	}
	return filepath.Clean(within(dir, option))
}

// within makes a path absolute. A slash at its end, which makes it a folder's,
// stays there; an empty path stays empty.
func within(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	abs := filepath.Join(dir, path)
	if os.IsPathSeparator(path[len(path)-1]) {
		abs += string(filepath.Separator)
	}
	return abs
}

func (p *program) tellPlan(ctx context.Context, host *inspector.Host, o buildOptions) error {
	plan, err := builder.Prepare(ctx, host, o.Options)
	if err != nil {
		return err
	}
	for _, w := range plan.Warnings {
		p.warningf("%s", w)
	}
	b := host.Binary()
	document := &builder.Result{
		Schema:   builder.Schema,
		Host:     inspector.HostRef{File: b.File, GoVersion: b.GoVersion, Platform: b.Platform},
		Plan:     plan,
		Warnings: append([]string{}, plan.Warnings...),
	}
	return p.tell(o.outputs, p.style(), map[string]writer{
		formatText: func(w io.Writer, _ report.Style) error {
			_, err := fmt.Fprintln(w, strings.Join(plan.Commands(), "\n"))
			return err
		},
		formatJSON: func(w io.Writer, _ report.Style) error { return report.WriteDocument(w, document) },
	})
}

// tellBuilt tells a success: on standard output only the document that was
// asked for, as go build is silent there.
func (p *program) tellBuilt(result *builder.Result, o buildOptions) error {
	for _, w := range result.Warnings {
		p.warningf("%s", w)
	}
	summary := builtSummary(result)
	if o.outputs.stdout == formatText {
		for _, l := range summary {
			p.progressf("%s", l)
		}
	}
	return p.tell(o.outputs, p.style(), map[string]writer{
		formatText: func(w io.Writer, s report.Style) error {
			if w != io.Writer(p.out) {
				fmt.Fprintln(w, strings.Join(summary, "\n"))
			}
			return tellFindings(w, result.Verdict, s)
		},
		formatJSON: func(w io.Writer, _ report.Style) error { return report.WriteDocument(w, result) },
	})
}

// tellFindings tells what is worth knowing about a plugin that loads.
func tellFindings(w io.Writer, v *inspector.Verdict, s report.Style) error {
	s.Quiet = true
	return report.WriteText(w, &report.Report{Results: []report.Result{report.FromVerdict(v)}}, s)
}

func builtSummary(r *builder.Result) []string {
	what := "built"
	if r.Unchanged {
		what = "is up to date:"
	}
	lines := []string{fmt.Sprintf("%s %s for %s (%s %s): it loads", what, shortest(r.Output), r.Host.File, r.Host.GoVersion, r.Host.Platform)}
	lines = append(lines, fmt.Sprintf("  toolchain %s: %s", r.Plan.Toolchain.Version, r.Plan.Toolchain.Why))
	lines = append(lines, fmt.Sprintf("  layout %s", r.Plan.Layout.Name))
	for _, pin := range r.Plan.Pins {
		lines = append(lines, fmt.Sprintf("  %s: plugin asks for %s, host has %s, which was used", pin.Module, pin.Plugin, pin.Host))
	}
	if r.Sidecar != "" {
		lines = append(lines, "  signed: "+shortest(r.Sidecar))
	}
	for _, file := range r.Written {
		lines = append(lines, "  brought to the host's versions: "+shortest(file))
	}
	return lines
}

// tellNoFit tells why no plugin loads, as verify would of the one that came
// closest.
func (p *program) tellNoFit(host *inspector.Host, noFit *builder.NoFitError, o buildOptions) error {
	b := host.Binary()
	document := &builder.Result{
		Schema:   builder.Schema,
		Host:     inspector.HostRef{File: b.File, GoVersion: b.GoVersion, Platform: b.Platform},
		Verdict:  noFit.Verdict,
		Warnings: []string{},
	}
	return p.tell(o.outputs, p.style(), map[string]writer{
		formatText: func(w io.Writer, s report.Style) error {
			if noFit.Verdict == nil {
				return nil
			}
			return tellFindings(w, noFit.Verdict, s)
		},
		formatJSON: func(w io.Writer, _ report.Style) error { return report.WriteDocument(w, document) },
	})
}
