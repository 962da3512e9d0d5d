package builder

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/plugtool/plugtool/inspector"
)

// DoctorSchema names the form of a Diagnosis as JSON.
const DoctorSchema = "plugtool.doctor/v1"

// A Diagnosis says what this machine has and lacks for building plugins.
type Diagnosis struct {
	Schema string  `json:"schema"`
	Ready  bool    `json:"ready"` // nothing that is needed is lacking
	Checks []Check `json:"checks"`
}

// A Check is one thing that was looked at.
type Check struct {
	Check  string   `json:"check"`          // what: go, c-compiler, linker, …
	Host   string   `json:"host,omitempty"` // the host that it is for, "" for any
	Status Status   `json:"status"`
	Detail string   `json:"detail"` // what there is, or what is wrong
	Fix    []string `json:"fix"`    // what to do about it, to paste
}

// Status says whether a thing is there.
type Status string

// The statuses of a check.
const (
	StatusOK      Status = "ok"
	StatusWarning Status = "warning" // builds of some plugins need it
	StatusLacking Status = "lacking" // no build succeeds without it
	StatusNoFit   Status = "no-fit"  // no plugin loads into the host, whatever this machine has
)

// NoFit says whether a host was asked about that no plugin can be built for.
func (d *Diagnosis) NoFit() bool {
	return slices.ContainsFunc(d.Checks, func(c Check) bool { return c.Status == StatusNoFit })
}

// DoctorOptions are what the caller of Doctor decides.
type DoctorOptions struct {
	Dir       string   // absolute
	Env       []string // as os.Environ gives it
	Toolchain string   // as in [Options]
	Network   bool     // ask the module proxy too; else nothing leaves this machine

	Unreadable []UnreadableHost
}

// An UnreadableHost is one that was asked about and that could not be opened, or is none.
type UnreadableHost struct {
	File string
	Err  error
}

// doctor is one examination.
type doctor struct {
	opts   Options
	goEnv  GoEnv
	checks []Check
	host   string // that the next checks are for
}

// Doctor looks at what building plugins needs on this machine: in general, and for
// each of the hosts. It compiles and links a small C file in a temporary folder, and
// writes nothing else. What is lacking is in the diagnosis; an error means that
// the context ended.
func Doctor(ctx context.Context, hosts []*inspector.Host, o DoctorOptions) (*Diagnosis, error) {
	d := &doctor{opts: Options{Dir: o.Dir, Env: o.Env, Toolchain: o.Toolchain}}
	steps := []func(context.Context){d.lookAtGo}
	if len(hosts) == 0 {
		steps = append(steps, d.lookAtCompiler, d.lookAtOtherCompilers)
	}
	for _, h := range o.Unreadable {
		steps = append(steps, func(context.Context) { d.tellUnreadable(h) })
	}
	for _, h := range hosts {
		steps = append(steps, func(ctx context.Context) { d.lookAtHost(ctx, h) })
	}
	steps = append(steps, d.lookAtDisk, d.lookAtModules)
	if o.Network {
		steps = append(steps, d.lookAtNetwork)
	}
	steps = append(steps, d.lookAtGit)
	for _, step := range steps {
		if step(ctx); ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	all := &Diagnosis{Schema: DoctorSchema, Ready: true, Checks: d.checks}
	for _, c := range d.checks {
		all.Ready = all.Ready && (c.Status == StatusOK || c.Status == StatusWarning)
	}
	return all, nil
}

func (d *doctor) add(check string, status Status, fix []string, format string, args ...any) {
	d.checks = append(d.checks, Check{Check: check, Host: d.host, Status: status, Detail: fmt.Sprintf(format, args...), Fix: append([]string{}, fix...)})
}

// addErr adds what an error of a build would say, with what to do about it. Of a go
// command's failure only what is known about it is told, where anything is.
func (d *doctor) addErr(check string, err error) {
	var fix []string
	if h, ok := errors.AsType[interface {
		error
		Hints() []string
	}](err); ok {
		fix = h.Hints()
	}
	text := err.Error()
	if goErr, ok := errors.AsType[*GoError](err); ok && len(goErr.Causes) > 0 {
		var words []string
		for _, c := range goErr.Causes {
			words = append(words, c.Text)
		}
		text = strings.Join(words, "; ")
	}
	d.add(check, StatusLacking, fix, "%s", text)
}

func (d *doctor) lookAtGo(ctx context.Context) {
	const check = "go"
	if _, err := lookPath(d.opts.Env, d.opts.Dir, "go"); err != nil {
		d.add(check, StatusLacking, installGo(), "there is no go command in PATH (%s)", getEnv(d.opts.Env, "PATH"))
		return
	}
	var err error
	if d.goEnv, err = loadGoEnv(ctx, d.opts); err != nil {
		d.addErr(check, err)
		return
	}
	release, plain := goRelease(d.goEnv.Version)
	switch {
	case plain && compareGo(release, oldest) < 0:
		d.add(check, StatusLacking, installGo(), "the go command %s is %s, and building plugins needs %s or newer", d.goEnv.Command, d.goEnv.Version, oldest)
		return
	case !isGoroot(d.goEnv.Root):
		d.add(check, StatusLacking, append([]string{"unset GOROOT"}, installGo()...), "the go command %s has no standard library in its GOROOT %s", d.goEnv.Command, d.goEnv.Root)
		return
	}
	policy := "hosts of another release need it on this machine, or --toolchain auto"
	if mayDownload(d.goEnv.Toolchain) {
		policy = "other releases are downloaded where a host needs one"
	}
	d.add(check, StatusOK, nil, "%s (%s), GOTOOLCHAIN=%s: %s", d.goEnv.Version, d.goEnv.Command, d.goEnv.Toolchain, policy)
	d.lookAtSettings()
}

func installGo() []string {
	return []string{
		"unpack a release from https://go.dev/dl and: export PATH=\"$PATH:/usr/local/go/bin\"",
		"Debian 13, Ubuntu 24.04 and newer: apt-get install golang-go",
		"Debian 12, whose golang-go is 1.19: apt-get install -t bookworm-backports golang-go",
	}
}

// isGoroot says whether a folder has Go's standard library.
func isGoroot(root string) bool {
	for _, dir := range []string{"runtime", "plugin", filepath.Join("runtime", "cgo")} {
		if len(sourceFiles(filepath.Join(root, "src", dir))) == 0 {
			return false
		}
	}
	return true
}

// lookAtSettings says which of the user's settings a build leaves out.
func (d *doctor) lookAtSettings() {
	const check = "settings"
	words, err := splitQuoted(d.goEnv.Flags)
	if err != nil {
		d.add(check, StatusLacking, []string{"unset GOFLAGS"}, "GOFLAGS=%q: %v", d.goEnv.Flags, err)
		return
	}
	var out []string
	for _, word := range words {
		name, _, _ := splitFlag(word)
		if _, harmless := harmlessFlags[name]; !harmless && !slices.Contains([]string{"tags", "mod", "modfile"}, name) {
			out = append(out, word)
		}
	}
	if getEnv(d.opts.Env, "CGO_ENABLED") == "0" {
		out = append(out, "CGO_ENABLED=0")
	}
	if len(out) > 0 {
		d.add(check, StatusWarning, nil, "%s: the host decides that, so builds of plugins go by the host instead", strings.Join(out, ", "))
		return
	}
	d.add(check, StatusOK, nil, "nothing in GOFLAGS=%q or CGO_ENABLED contradicts building plugins", d.goEnv.Flags)
}

// found says whether there is a go command to ask.
func (d *doctor) found() bool { return d.goEnv.Command != "" }

// lookAtHost looks at what one host needs.
func (d *doctor) lookAtHost(ctx context.Context, h *inspector.Host) {
	b := h.Binary()
	d.host = b.File
	defer func() { d.host = "" }()
	var f *hostFacts
	err := hopeless(h, d.opts)
	if err == nil {
		f, err = factsOf(h)
	}
	if err != nil {
		d.addHostErr(err)
		return
	}
	d.add("host", StatusOK, nil, "it can load plugins: %s %s, %d modules", b.GoVersion, b.Platform, len(f.modules))
	if !d.found() {
		return
	}
	d.lookAtToolchain(b)
	src := Source{Dir: d.opts.Dir, Go: d.goEnv}
	cc, err := findCompiler(ctx, b, &src, d.opts)
	if err != nil {
		d.addErr("c-compiler", err)
	} else {
		d.tryCompiler(ctx, b, cc)
	}
	d.lookAtHostModules(f)
}

// tellUnreadable tells of a host that is none.
func (d *doctor) tellUnreadable(h UnreadableHost) {
	d.host = h.File
	defer func() { d.host = "" }()
	d.addHostErr(h.Err)
}

// addHostErr adds why there can be no plugins for a host, and what its owner can do.
func (d *doctor) addHostErr(err error) {
	noFit, ok := errors.AsType[*NoFitError](err)
	if !ok {
		if d.addErr("host", err); errors.Is(err, inspector.ErrNotGo) {
			d.checks[len(d.checks)-1].Fix = []string{WhatHostsAre}
		}
		return
	}
	fix := slices.Clone(noFit.Fix)
	if noFit.Verdict != nil {
		for _, p := range noFit.Verdict.Plugins {
			for _, f := range p.Findings {
				fix = append(fix, f.Fix...)
			}
		}
	}
	if len(fix) == 0 {
		fix = []string{WhatHostsAre}
	}
	d.add("host", StatusNoFit, fix, "no plugin can be built that loads into it: %s", noFit.Reason)
}

// factsOf reads a host, which must be one that plugins can be built for.
func factsOf(h *inspector.Host) (*hostFacts, error) {
	if err := (Host{Binary: h.Binary()}).check(); err != nil {
		return nil, err
	}
	host, err := HostFacts(h)
	if err != nil {
		return nil, err
	}
	f, err := host.index()
	if err != nil {
		return nil, err
	}
	_, err = hostSettings(f)
	return f, err
}

func (d *doctor) lookAtToolchain(b *inspector.Binary) {
	const check = "toolchain"
	release, _ := goRelease(b.GoVersion)
	tool, err := chooseToolchain(b.GoVersion, d.goEnv, findSDKs(release, d.goEnv, d.opts), d.opts.Toolchain)
	switch {
	case err != nil:
		d.addErr(check, err)
	case tool.Select != "local":
		d.add(check, StatusWarning, []string{"GOTOOLCHAIN=" + tool.Version + " go version"}, "the host's Go %s is not on this machine; the go command downloads it when a plugin is built (GOTOOLCHAIN=%s)", tool.Version, d.goEnv.Toolchain)
	default:
		d.add(check, StatusOK, nil, "the host's Go %s is here: %s", tool.Version, tool.Why)
	}
}

// lookAtHostModules says which of the host's modules the module cache lacks: a plugin
// that shares one needs it at that very version.
func (d *doctor) lookAtHostModules(f *hostFacts) {
	var lacking []module.Version
	all := 0
	for p := range f.modules {
		mod, _ := f.sum(p)
		if _, ok := f.pinned(p); !ok || !isVersion(mod.Version) {
			continue
		}
		all++
		if _, err := cachedSums(d.goEnv.ModCache, mod); err != nil {
			lacking = append(lacking, mod)
		}
	}
	module.Sort(lacking)
	const check, most = "modules", 20
	if len(lacking) == 0 {
		d.add(check, StatusOK, nil, "the module cache has all %d modules that the host pins", all)
		return
	}
	var names []string
	for _, m := range lacking[:min(len(lacking), most)] {
		names = append(names, m.String())
	}
	words := strings.Join(names, " ")
	if len(lacking) > most {
		words += fmt.Sprintf(" and %d more", len(lacking)-most)
	}
	d.add(check, StatusWarning, []string{"go mod download " + strings.Join(names, " ")},
		"the module cache lacks %d of the %d modules that the host pins; a plugin that shares one fetches it: %s", len(lacking), all, words)
}
