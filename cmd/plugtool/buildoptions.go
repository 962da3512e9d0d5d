package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/signer/bundle"
)

// buildOptions is what a build needs to know.
type buildOptions struct {
	builder.Options          // Package is left empty
	packages        []string // at least one
	hosts           []string // at least one
	output          string   // as it was given, in outputDir
	outputDir       string
	keys            []string  // to sign with, as they were named
	parallel        int       // builds side by side; 0 for the default
	attested        readHosts // hosts that statements are signed about; nil for none
	hostKeys        []*bundle.PublicKey
	dryRun          bool
	pins            bool
	outputs         outputs
	built           func(*builder.Result) // told of a build that went well; nil for nobody

	here             string // the folder that paths on the command line mean
	provenance, sbom string // documents as they were named; "" for none
}

func (p *program) buildOptions(c *cli.Context) (buildOptions, error) {
	p.quiet = c.Bool("quiet")
	o := buildOptions{dryRun: c.Bool("dry-run"), provenance: c.String("provenance"), sbom: c.String("sbom"),
		pins: c.Bool("pins") || c.Bool("newer")}
	var err error
	if o.outputs, err = parseFormats(c.StringSlice("format"), buildFormats); err != nil {
		return o, err
	}
	exe, err := os.Executable()
	if err != nil {
		return o, err
	}
	if o.here, err = os.Getwd(); err != nil {
		return o, err
	}
	o.Dir = o.here
	o.Options = builder.Options{
		Dir:       o.Dir,
		Output:    within(o.Dir, c.String("output")),
		Env:       p.env,
		Toolchain: toolchain(o.Dir, c.String("toolchain")),
		HostSrc:   c.String("host-src"),
		PGO:       c.String("pgo"),
		Newer:     c.Bool("newer"),
		Flags:     p.given.rest,
		Write:     c.Bool("write"),
		Isolate:   c.String(isolateName),

		CheckReproducible: c.Bool("check-reproducible"),

		Toolexec: []string{exe, toolexecName},
	}
	// Where the user has no folder for such things, nothing is kept.
	if cache, err := os.UserCacheDir(); err == nil {
		o.Cache = filepath.Join(cache, "plugtool", "build")
	}
	if !p.quiet {
		o.Progress = p.err
	}
	o.packages, o.output, o.outputDir = p.given.args, c.String("output"), o.Dir
	if o.parallel = c.Int("p"); c.IsSet("p") && o.parallel < 1 {
		return o, usagef("leave -p out for as many builds as there are processors", "-p %d: want 1 or more builds side by side", o.parallel)
	}
	return o, p.buildDefaults(c, &o)
}

// buildDefaults adds what plugtool.yaml says, and what follows from it.
func (p *program) buildDefaults(c *cli.Context, o *buildOptions) error {
	conf, err := buildConfig(o.packages)
	if err != nil {
		return err
	}
	o.hosts = p.allFromConfig(conf, "host", c.StringSlice("host"), conf.Build.Host)
	if len(o.hosts) == 0 {
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
		o.output = conf.path(conf.Build.Output)
		o.Output = within(o.Dir, o.output)
		p.noticef("output %s comes from %s", conf.path(conf.Build.Output), conf.file)
	}
	if len(o.packages) == 0 && len(conf.Build.Package) > 0 {
		p.noticef("package %s comes from %s", strings.Join(conf.Build.Package, " "), conf.file)
		o.packages = conf.Build.Package
		o.Dir = within(o.Dir, filepath.Dir(conf.file))
	}
	if len(o.packages) == 0 {
		o.packages = []string{"."}
	}
	if o.Isolate == "" && conf.Build.Isolate != "" {
		p.noticef("isolate %s comes from %s", conf.Build.Isolate, conf.file)
		o.Isolate = conf.Build.Isolate
	}
	if o.Contract, err = p.contractOf("--symbol", c.StringSlice("symbol"), conf, conf.Contract); err != nil {
		return err
	}
	var t target
	if err := p.readTarget(c, conf.Build.Target, conf, &t); err != nil {
		return err
	}
	o.Sysroot, o.MaxGlibc = within(o.Dir, t.sysroot), t.maxGlibc
	return p.buildSeals(c, conf, o)
}

// buildConfig loads the plugtool.yaml of the packages' project, and where they
// belong to several, that of the current folder.
func buildConfig(packages []string) (config, error) {
	if len(packages) == 0 {
		return loadConfig(".")
	}
	folder := packageFolder(packages[0])
	file, err := findConfig(folder)
	if err != nil {
		return config{}, err
	}
	for _, pkg := range packages[1:] {
		other, err := findConfig(packageFolder(pkg))
		if err != nil {
			return config{}, err
		}
		if other != file {
			return loadConfig(".")
		}
	}
	return loadConfig(folder)
}

// packageFolder gives the folder of a package, or a pattern, that is given by its path, and
// the current one for any other.
func packageFolder(pkg string) string {
	if literal, _, pattern := strings.Cut(pkg, "..."); pattern {
		pkg = filepath.Dir(literal + "x")
	}
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
