package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
	"github.com/plugtool/plugtool/signer/bundle"
)

var testFormats = []string{formatText, formatJSON, formatJUnit, formatMarkdown, formatGitHub}

func (p *program) testCommand() *cli.Command {
	return &cli.Command{
		Name:      "test",
		Usage:     "really load plugins, in a child process that may crash, and report what happened",
		UsageText: "plugtool test --host HOST... [--symbol NAME=TYPE]... PLUGIN...",
		Description: "Opens the plugins in order in one process: in the host itself if it answers plugtool test (see\n" +
			"loader.AnswerTest) or --run says how, else in a small host that is built by the host's plan.\n" +
			"The code of the plugins runs. What happens is held against what verify says.\n\n" +
			"Exit code: 0 all loaded, 3 a plugin did not load, crashed, hung or does not keep the contract,\n" +
			"1 plugtool could not do its work or its verdict was wrong, 2 wrong usage.",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "host", Usage: "load into this `HOST`, a binary or a descriptor (repeatable)"},
			hostKeyFlag(),
			&cli.StringSliceFlag{Name: "symbol", Usage: symbolUsage},
			switchFlag("each", "load every plugin in a process of its own instead of in order in one"),
			&cli.DurationFlag{Name: "timeout", Usage: "how long opening one plugin may take, as in 30s", Value: time.Minute},
			&cli.StringFlag{Name: "run", Usage: "the host opens a plugin when it is started with `ARGS`, in which {plugin} stands for it"},
			&cli.StringFlag{Name: "exec", Usage: "start hosts by this `COMMAND`, as in 'qemu-aarch64 -L /usr/aarch64-linux-gnu'"},
			switchFlag("small-host", "use a small host even where the host answers"),
			&cli.StringFlag{Name: "toolchain", Usage: "for a small host: the host's Go is `auto` (download it if need be) or a GOROOT"},
			&cli.StringFlag{Name: "host-src", Usage: "for a small host: the source of a module of the host's is in `DIR`"},
			&cli.StringFlag{Name: "pgo", Usage: "for a small host: the profile that the host was built with is in `FILE`"},
			formatFlag(testFormats),
			ciFlag(),
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "tell of plugins that load as of those that do not", DisableDefaultText: true},
			quietFlag(),
		},
		Action: p.test,
	}
}

// testOptions is what a test needs to know.
type testOptions struct {
	hosts    []string
	given    bool // the hosts stand on the command line, so they may be run
	hostKeys []*bundle.PublicKey
	plugins  []string
	contract []inspector.Requirement
	each     bool
	timeout  time.Duration
	run      []string // arguments of the host; nil for none
	exec     []string
	small    bool // use a small host in any case
	build    builder.Options
	outputs  outputs
	style    report.Style
	ci       ciService
}

func (p *program) test(c *cli.Context) error {
	o, err := p.testOptions(c)
	if err != nil {
		return err
	}
	tests, err := p.runTests(c.Context, o)
	if c.Context.Err() != nil {
		return c.Context.Err()
	}
	if len(tests.Results) == 0 && err != nil {
		return err
	}
	return errors.Join(err, p.tellTests(tests, o))
}

// tellTests writes the report wherever it was asked for, and gives the error that the
// exit code comes from.
func (p *program) tellTests(tests *report.Tests, o testOptions) error {
	if err := p.tell(o.outputs, o.style, testWriters(tests)); err != nil {
		return err
	}
	p.tellTestCI(tests, o)
	wrong := tests.Wrong()
	for _, text := range wrong {
		p.warningf("the verdict was wrong: %s", text)
	}
	switch {
	case tests.Fails():
		return told(exitRefused)
	case len(wrong) > 0:
		return told(exitFailure)
	}
	return nil
}

func (p *program) testOptions(c *cli.Context) (testOptions, error) {
	p.quiet = c.Bool("quiet")
	conf, err := loadConfig(".")
	if err != nil {
		return testOptions{}, err
	}
	o, err := p.testFlags(c, conf)
	if err != nil {
		return o, err
	}
	if o.outputs, err = parseFormats(c.StringSlice("format"), testFormats); err != nil {
		return o, err
	}
	if c.NArg() == 0 {
		return o, usagef("plugtool test --host HOST PLUGIN...", "no plugin was named")
	}
	if o.plugins, err = expandFolders(c.Args().Slice()); err != nil {
		return o, err
	}
	if o.ci, err = p.ciService(c.String("ci"), conf); err != nil {
		return o, err
	}
	return o, p.testDefaults(c, conf, &o)
}

// testFlags reads how plugins are to be opened.
func (p *program) testFlags(c *cli.Context, conf config) (testOptions, error) {
	o := testOptions{each: c.Bool("each"), timeout: c.Duration("timeout"), small: c.Bool("small-host"), style: p.style(), given: true}
	o.style.Verbose = c.Bool("verbose")
	if o.timeout <= 0 {
		return o, usagef("as in --timeout 30s", "--timeout is %v, want more than 0", o.timeout)
	}
	if o.exec = strings.Fields(c.String("exec")); c.IsSet("exec") && len(o.exec) == 0 {
		return o, usagef("as in --exec 'qemu-aarch64 -L /usr/aarch64-linux-gnu'", "--exec is empty, want the command that starts hosts")
	}
	var err error
	o.contract, err = p.contractOf("--symbol", c.StringSlice("symbol"), conf, conf.Contract)
	return o, err
}

// testDefaults adds what plugtool.yaml says. The file may be a stranger's, so a program
// that only it names is not run: a small host stands in for it.
func (p *program) testDefaults(c *cli.Context, conf config, o *testOptions) error {
	if o.hosts = c.StringSlice("host"); len(o.hosts) == 0 {
		configured := conf.Test.Host
		if len(configured) == 0 {
			configured = conf.Verify.Host
		}
		o.hosts, o.given = p.allFromConfig(conf, "host", nil, configured), false
	}
	if len(o.hosts) == 0 {
		return usagef("--host HOST names the host binary or its descriptor", "no host to load into: --host is missing")
	}
	if err := o.outputs.mayWrite(append(append([]string{}, o.hosts...), o.plugins...)...); err != nil {
		return err
	}
	run := c.String("run")
	if !c.IsSet("run") && conf.Test.Run != "" && o.given {
		p.noticef("the host's arguments %s come from %s", conf.Test.Run, conf.file)
		run = conf.Test.Run
	}
	if o.run = strings.Fields(run); run != "" && !strings.Contains(run, "{plugin}") {
		return usagef("as in --run '--open {plugin}'", "the host's arguments %q do not say where the plugin stands: want {plugin} in them", run)
	}
	if run != "" && (o.small || !o.given) {
		return usagef("", "--run is for a host that --host names, and excludes --small-host")
	}
	var err error
	if o.hostKeys, err = p.hostKeys(c, conf, conf.Verify.HostKey); err != nil {
		return err
	}
	o.build, err = p.smallHostOptions(c)
	return err
}

// runTests tests in all hosts. Of a host in which that was not possible the error is
// told here, and the result has no entry; the error gives the exit code.
func (p *program) runTests(ctx context.Context, o testOptions) (*report.Tests, error) {
	results := make([]*report.TestResult, len(o.hosts))
	errs := make([]error, len(o.hosts))
	atOnce(len(o.hosts), func(i int) error {
		t := tester{testOptions: o, env: p.env, file: o.hosts[i]}
		results[i], errs[i] = t.test(ctx)
		return nil
	})
	tests := &report.Tests{}
	for _, r := range results {
		if r != nil {
			tests.Results = append(tests.Results, *r)
		}
	}
	if len(o.hosts) == 1 || ctx.Err() != nil {
		return tests, errs[0]
	}
	code := exitOK
	for i, err := range errs {
		if err != nil {
			p.noticef("host %s:", o.hosts[i])
			code = worse(code, p.fail(err))
		}
	}
	return tests, told(code)
}
