package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
	"github.com/plugtool/plugtool/trial"
)

// A tester opens plugins in one host.
type tester struct {
	testOptions
	env   []string
	file  string // the host
	host  *inspector.Host
	small *builder.SmallHost // nil where the host itself opens them
}

// smallHostOptions are what the builder needs to know, should a small host be needed.
func (p *program) smallHostOptions(c *cli.Context) (builder.Options, error) {
	exe, err := os.Executable()
	if err != nil {
		return builder.Options{}, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return builder.Options{}, err
	}
	o := builder.Options{
		Dir: dir, Env: p.env, Toolchain: toolchain(dir, c.String("toolchain")), HostSrc: c.String("host-src"),
		PGO: c.String("pgo"), Toolexec: []string{exe, toolexecName},
	}
	if !p.quiet {
		o.Progress = p.err
	}
	return o, nil
}

func (t *tester) test(ctx context.Context) (_ *report.TestResult, err error) {
	if t.host, err = openHost(t.file, t.hostKeys); err != nil {
		return nil, err
	}
	defer t.host.Close()
	b := t.host.Binary()
	result := &report.TestResult{Host: inspector.HostRef{File: b.File, GoVersion: b.GoVersion, Platform: b.Platform}}
	plugins := make([]*inspector.Plugin, len(t.plugins))
	for i, file := range t.plugins {
		plugins[i] = inspector.MapPlugin(file)
		defer plugins[i].Close()
	}
	verdicts, err := t.verdicts(t.host, plugins)
	if err != nil {
		return nil, err
	}
	if result.Program, err = t.choose(); err != nil {
		return nil, err
	}
	text := func(int) string { return "the host never opens plugins: " + result.Program.Why }
	if result.Program.Kind == report.TestSmall && !slices.ContainsFunc(plugins, isPlugin) {
		text = func(i int) string { return cmp.Or(verdicts[i].Refusal, "it is no Go plugin") }
		result.Program = report.TestProgram{Kind: report.TestNone, Why: "since no file is a Go plugin: a small host would be built for nothing"}
	}
	if result.Program.Kind == report.TestNone {
		for i, file := range t.plugins {
			h := trial.Happened{File: file, Outcome: trial.Refused, Text: text(i)}
			result.Plugins = append(result.Plugins, report.TestedPlugin{Happened: h, Verdict: verdicts[i]})
		}
		return result, nil
	}
	if result.Program.Kind == report.TestSmall {
		if err := t.buildSmall(ctx, plugins, &result.Program); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, t.small.Close()) }()
	}
	happened, err := t.open(ctx, result.Program.Kind, pluginPaths(plugins))
	if err != nil {
		return nil, err
	}
	for i, h := range happened {
		result.Plugins = append(result.Plugins, t.judge(h, verdicts[i]))
	}
	return result, t.compareSmall(result, plugins)
}

func isPlugin(p *inspector.Plugin) bool {
	return p.Binary != nil && p.Binary.Kind == inspector.KindPlugin
}

// verdicts foretells what becomes of the plugins in a host, as they are going to be opened.
func (t *tester) verdicts(host *inspector.Host, plugins []*inspector.Plugin) ([]inspector.PluginVerdict, error) {
	options := inspector.Options{Contract: t.contract}
	if !t.alone() {
		v, err := options.Check(host, plugins)
		if err != nil {
			return nil, err
		}
		return v.Plugins, nil
	}
	var list []inspector.PluginVerdict
	for _, plugin := range plugins {
		v, err := options.Check(host, []*inspector.Plugin{plugin})
		if err != nil {
			return nil, err
		}
		list = append(list, v.Plugins...)
	}
	return list, nil
}

// alone says whether each plugin has a process of its own.
func (t *tester) alone() bool { return t.each || len(t.run) > 0 }

// choose decides which program opens the plugins. A host that neither answers nor was given
// arguments for that is never started: nobody knows what it would do.
func (t *tester) choose() (report.TestProgram, error) {
	b := t.host.Binary()
	if b.Loading != inspector.LoadingWorks {
		return report.TestProgram{Kind: report.TestNone, Why: whyNeverOpens(b)}, nil
	}
	if err := t.runnable(b); err != nil {
		return report.TestProgram{}, err
	}
	descriptor := isDescriptor(t.file)
	switch {
	case len(t.run) > 0 && descriptor:
		return report.TestProgram{}, usagef("name the host's binary", "--run starts the host, and %s is a descriptor", t.file)
	case len(t.run) > 0:
		return report.TestProgram{Kind: report.TestRun, Why: "which was started with " + strings.Join(t.run, " ")}, nil
	case descriptor:
		return report.TestProgram{Kind: report.TestSmall, Why: "since a descriptor cannot be run"}, nil
	case t.testOptions.small:
		return report.TestProgram{Kind: report.TestSmall, Why: "as --small-host asks"}, nil
	}
	answers := false
	for _, name := range trial.Answers {
		has, err := t.host.Defines(name)
		if err != nil {
			return report.TestProgram{}, err
		}
		answers = answers || has
	}
	switch {
	case !answers:
		return report.TestProgram{Kind: report.TestSmall, Why: "since it does not answer plugtool test"}, nil
	case !t.given:
		return report.TestProgram{Kind: report.TestSmall, Why: "since only " + configName + " names the host, which is not enough to run it"}, nil
	}
	return report.TestProgram{Kind: report.TestHost, Why: "which answers plugtool test"}, nil
}

func whyNeverOpens(b *inspector.Binary) string {
	switch b.Loading {
	case inspector.LoadingStub:
		return "it was built with CGO_ENABLED=0, so its every plugin.Open returns plugin: not implemented"
	case inspector.LoadingStatic:
		return "it was linked statically or internally, and exports nothing that plugins could bind to"
	}
	return "it does not import package plugin"
}

// runnable says whether programs for the host's machine can be run here.
func (t *tester) runnable(b *inspector.Binary) error {
	here := runtime.GOOS + "/" + runtime.GOARCH
	if b.Platform == here || len(t.exec) > 0 || here == "linux/amd64" && b.Platform == "linux/386" {
		return nil
	}
	f := &failure{code: exitFailure, err: fmt.Errorf("host %s is for %s, and this machine is %s", b.File, b.Platform, here)}
	if e, ok := emulators[b.Platform]; ok && runtime.GOOS == "linux" {
		f.hints = []string{fmt.Sprintf("an emulator runs it: --exec 'qemu-%s -L /usr/%s'", e.arch, e.root)}
	}
	return f
}

// emulators are Debian's: the name of the program in qemu-user, and the folder with the
// libraries of the cross compiler.
var emulators = map[string]struct{ arch, root string }{
	"linux/arm": {"arm", "arm-linux-gnueabihf"}, "linux/arm64": {"aarch64", "aarch64-linux-gnu"},
	"linux/ppc64le": {"ppc64le", "powerpc64le-linux-gnu"}, "linux/riscv64": {"riscv64", "riscv64-linux-gnu"},
	"linux/s390x": {"s390x", "s390x-linux-gnu"}, "linux/amd64": {"x86_64", "x86_64-linux-gnu"}, "linux/386": {"i386", "i686-linux-gnu"},
}

func (t *tester) buildSmall(ctx context.Context, plugins []*inspector.Plugin, program *report.TestProgram) (err error) {
	options := t.build
	options.Contract = slices.Concat(t.host.Contract(), t.contract)
	t.small, err = builder.BuildSmallHost(ctx, t.host, plugins, options)
	if err != nil {
		f := asFailure(err)
		code := exitFailure
		if f.code == exitUsage {
			code = exitUsage
		}
		return &failure{code: code, hints: anywhere(f.hints),
			err: fmt.Errorf("%s was not run, %s, and no small host can be built in its place: %w", t.file, program.Why, err)}
	}
	f := t.small.Fidelity
	program.Same, program.Missing, program.Differs, program.Extra = len(f.Same), f.Missing, f.Differs, f.Extra
	return nil
}

// inSmallHost finds the folder of a small host's source in a command, which is gone when
// the command is read; go mod download needs none.
var inSmallHost = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bgo -C \S*plugtool-build-\S+ mod download`) })

func anywhere(hints []string) []string {
	var list []string
	for _, h := range hints {
		list = append(list, inSmallHost().ReplaceAllString(h, "go mod download"))
	}
	return list
}

// pluginPaths gives the import paths by which plugins' own functions are named.
func pluginPaths(plugins []*inspector.Plugin) [][]string {
	paths := make([][]string, len(plugins))
	for i, p := range plugins {
		if p.Binary == nil || p.Binary.PluginPath == "" {
			continue
		}
		paths[i] = []string{p.Binary.PluginPath}
		if copies := p.Binary.PrivatePrefix(); copies != "" {
			paths[i] = append(paths[i], copies)
		}
	}
	return paths
}

// open has the program open the plugins.
func (t *tester) open(ctx context.Context, kind report.TestKind, paths [][]string) ([]trial.Happened, error) {
	program, err := filepath.Abs(t.file)
	if err != nil {
		return nil, err
	}
	if kind == report.TestSmall {
		program = t.small.File
	}
	p := trial.Process{Command: append(slices.Clone(t.exec), program), Env: trial.CleanEnv(t.env), Timeout: t.timeout}
	if kind == report.TestRun {
		return t.start(ctx, p)
	}
	var symbols []string
	for _, r := range t.requirements() {
		if !slices.Contains(symbols, r.Symbol()) {
			symbols = append(symbols, r.Symbol())
		}
	}
	if !t.each {
		list, err := t.checked(p.Open(ctx, t.plugins, symbols))
		trial.Attribute(list, paths)
		return list, err
	}
	var list []trial.Happened
	for i, plugin := range t.plugins {
		one, err := t.checked(p.Open(ctx, []string{plugin}, symbols))
		if err != nil {
			return nil, err
		}
		trial.Attribute(one, paths[i:i+1])
		list = append(list, one...)
	}
	return list, nil
}

// checked turns a host that was to answer and did not into an error.
func (t *tester) checked(list []trial.Happened, err error) ([]trial.Happened, error) {
	if err != nil {
		return nil, t.notStarted(err)
	}
	if run := list[0].Run; !run.Answered {
		said := strings.TrimSpace(run.Stderr)
		if said != "" {
			said = "\n" + said
		}
		return nil, &failure{code: exitFailure, err: fmt.Errorf("%s was started and did not answer: it ended with %s%s", run.Command[0], run.How, said),
			hints: []string{"loader.AnswerTest has to come first in the host's main", "--small-host does without the host"}}
	}
	return list, nil
}

// notStarted explains a program that could not be started.
func (t *tester) notStarted(err error) error {
	b := t.host.Binary()
	if _, missing := os.Stat(b.Interpreter); len(t.exec) == 0 && b.Interpreter != "" && missing != nil {
		return fmt.Errorf("%w: it needs the dynamic linker %s, which is not on this machine", err, b.Interpreter)
	}
	return err
}

// start starts the host once for each plugin, with the arguments that were given.
func (t *tester) start(ctx context.Context, p trial.Process) ([]trial.Happened, error) {
	var list []trial.Happened
	command := p.Command
	for _, plugin := range t.plugins {
		p.Command = slices.Clone(command)
		for _, arg := range t.run {
			p.Command = append(p.Command, strings.ReplaceAll(arg, "{plugin}", plugin))
		}
		h, err := p.Start(ctx, plugin)
		if err != nil {
			return nil, t.notStarted(err)
		}
		list = append(list, h)
	}
	return list, nil
}

// requirements is the whole contract, each line once.
func (t *tester) requirements() []inspector.Requirement {
	all := slices.Concat(t.host.Contract(), t.contract)
	var list []inspector.Requirement
	for _, r := range all {
		if !slices.ContainsFunc(list, func(o inspector.Requirement) bool { return o.String() == r.String() }) {
			list = append(list, r)
		}
	}
	return list
}

// judge holds what happened to a plugin against its verdict.
func (t *tester) judge(h trial.Happened, v inspector.PluginVerdict) report.TestedPlugin {
	p := report.TestedPlugin{Happened: h, Verdict: v}
	p.Difference = trial.Compare(trial.Foretold{Outcome: string(v.Outcome), Refusal: v.Refusal}, h)
	if h.Outcome != trial.Loads || len(t.run) > 0 {
		return p
	}
	for _, r := range t.requirements() {
		i := slices.IndexFunc(h.Symbols, func(s trial.Symbol) bool { return s.Name == r.Symbol() })
		if i < 0 {
			p.Symbols = append(p.Symbols, report.TestedSymbol{Name: r.Symbol(), Wants: r.String(), Status: report.SymbolUnknown,
				Error: "the host did not look it up", Foretold: foretoldSymbol(r, v)})
			continue
		}
		asserted := t.small != nil && slices.Contains(t.small.Asserted, r.String())
		p.Symbols = append(p.Symbols, judgeSymbol(r, h.Symbols[i], asserted, v))
	}
	return p
}

// compareSmall tells the differences that come from the small host's not being the host
// from those that show an error of the verdict's: what a verdict on the small host
// foretells is no such error.
func (t *tester) compareSmall(r *report.TestResult, plugins []*inspector.Plugin) error {
	if t.small == nil || t.small.Faithful() {
		return nil
	}
	host, err := inspector.OpenHost(t.small.File)
	if err != nil {
		return err
	}
	defer host.Close()
	verdicts, err := t.verdicts(host, plugins)
	if err != nil {
		return err
	}
	for i := range r.Plugins {
		p := &r.Plugins[i]
		v := verdicts[i]
		d := trial.Compare(trial.Foretold{Outcome: string(v.Outcome), Refusal: v.Refusal}, p.Happened)
		if p.Difference != nil && p.Difference.By == trial.ByPlugtool && (d == nil || d.By != trial.ByPlugtool) {
			p.Difference = &trial.Difference{By: trial.ByStandIn, Text: p.Difference.Text +
				"; the small host lacks packages of the host, so what happens there proves nothing of that"}
		}
	}
	return nil
}
