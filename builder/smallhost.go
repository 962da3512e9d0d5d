package builder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// SmallHost is a program that stands in for a host: built by a plan for that host, it has
// the packages that the host and some plugins share, and those of which the plugins have
// private copies, and does nothing but open plugins (loader.AnswerTest).
type SmallHost struct {
	File string
	Plan *Plan

	// Fidelity says how far it is like the host, by the packages of those plugins.
	Fidelity

	// Asserted are the lines of Options.Contract whose types it asserts.
	Asserted []string

	work *workDir
}

// Fidelity compares a program with the host that it stands in for, package by
// package of the plugins that it is for. All lists are sorted.
type Fidelity struct {
	Same    []string // both have the same one
	Missing []string // only the host has it: its source was not at hand
	Differs []string // both have it, and not the same
	Extra   []string // only the program has it, and not as the plugins have it
}

// Faithful says that plugins find all in the program as they find it in the host.
func (f Fidelity) Faithful() bool { return len(f.Missing)+len(f.Differs)+len(f.Extra) == 0 }

// Close removes the program.
func (s *SmallHost) Close() error { return s.work.remove() }

// BuildSmallHost builds a program to stand in for a host when it opens the plugins. What
// of the host's source is not at hand is left out, and told by Fidelity. Of
// the options Package, Output, Flags, Seals and Write mean nothing; Dir is where the host's
// source is looked for when HostSrc says nothing. The errors are those of Run.
func BuildSmallHost(ctx context.Context, host *inspector.Host, plugins []*inspector.Plugin, opts Options) (small *SmallHost, err error) {
	facts, err := HostFacts(host)
	if err != nil {
		return nil, err
	}
	f, err := facts.index()
	if err != nil {
		return nil, err
	}
	s := &smallSource{host: host, facts: f, plugins: plugins, leftOut: map[string]bool{}}
	if s.shared, err = sharedPackages(host, plugins); err != nil {
		return nil, err
	}
	work, err := newWorkDir(tempBase(opts.Env))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = alsoErr(err, work.remove())
		}
	}()
	s.dir = filepath.Join(work.path, "src")
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return nil, err
	}
	opts.Package, opts.Output = s.dir, filepath.Join(work.path, "smallhost")
	opts.Flags, opts.Seals, opts.Documents = nil, nil, nil
	opts.Write, opts.Cache, opts.CheckReproducible = false, "", false
	// What the user set is for another build. This module's go.mod is to be completed.
	opts.Env = setEnv(opts.Env, "GOFLAGS=-mod=mod", "GOWORK=off")
	if small, err = s.build(ctx, opts); err != nil {
		return nil, err
	}
	small.work = work
	return small, nil
}

// build builds the program; once more without the packages that do not come out as
// the host has them, if there are any.
func (s *smallSource) build(ctx context.Context, opts Options) (*SmallHost, error) {
	if err := s.write(opts); err != nil {
		return nil, err
	}
	if err := s.leaveOut(ctx, opts); err != nil {
		return nil, err
	}
	var lost *NoFitError
	for range 2 {
		if err := s.write(opts); err != nil {
			return nil, err
		}
		run := opts
		judge := &smallJudge{source: s}
		run.program = judge
		run.Contract = nil
		result, err := Run(ctx, s.host, run)
		if err == nil {
			return &SmallHost{File: result.Output, Plan: result.Plan, Fidelity: judge.fidelity, Asserted: s.asserted}, nil
		}
		if !errors.As(err, &lost) || lost.Verdict == nil {
			return nil, err
		}
		for _, p := range lost.Verdict.Plugins {
			for _, finding := range p.Findings {
				for _, pkg := range finding.Packages {
					s.leftOut[pkg] = true
				}
			}
		}
	}
	return nil, fmt.Errorf("no program can be built that stands in for host %s: %s", s.host.Binary().File, lost.Reason)
}

// sharedPackages lists the packages that a host and any of the plugins have, and the host's
// of which a plugin has private copies: their inits meet in one process.
func sharedPackages(host *inspector.Host, plugins []*inspector.Plugin) ([]string, error) {
	var list []string
	for _, p := range plugins {
		if p.Binary == nil {
			continue
		}
		paths := p.Counterparts()
		for _, pkg := range p.Binary.Packages {
			paths = append(paths, pkg.Path)
		}
		for _, path := range paths {
			_, has, err := host.Package(path)
			if err != nil {
				return nil, err
			}
			if has {
				list = append(list, path)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// smallJudge judges a program that stands in for a host.
type smallJudge struct {
	source   *smallSource
	fidelity Fidelity
}

// judge compares the program's packages with the host's, in the form of a verdict: it
// loads where no package differs.
func (j *smallJudge) judge(file string) (*inspector.Verdict, error) {
	f, err := compareHosts(j.source.host, file, j.source.plugins)
	if err != nil {
		return nil, err
	}
	j.fidelity = *f
	b := j.source.host.Binary()
	plugin := inspector.PluginVerdict{File: file, Outcome: inspector.Loads, Findings: []inspector.Finding{}}
	if wrong := slices.Concat(f.Differs, f.Extra); len(wrong) > 0 {
		plugin.Outcome = inspector.Refused
		plugin.Refusal = fmt.Sprintf("package %s does not come out as the host has it (%d packages in all)", wrong[0], len(wrong))
		plugin.Findings = append(plugin.Findings, inspector.Finding{ID: "PT401", Severity: inspector.Error, Title: plugin.Refusal, Package: wrong[0], Packages: wrong})
	}
	return &inspector.Verdict{
		Host:    inspector.HostRef{File: b.File, GoVersion: b.GoVersion, Platform: b.Platform},
		Plugins: []inspector.PluginVerdict{plugin},
	}, nil
}

// compareHosts holds a program against the host that it stands in for.
func compareHosts(host *inspector.Host, file string, plugins []*inspector.Plugin) (f *Fidelity, err error) {
	program, err := inspector.OpenHost(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = alsoErr(err, program.Close()) }()
	if want, got := host.Binary().Interpreter, program.Binary().Interpreter; onMusl(want) != onMusl(got) {
		return nil, &UsageError{Reason: fmt.Sprintf("the C compiler compiles for another C library than the host's: host %s needs %s, and what it made needs %s", host.Binary().File, want, got),
			Hint: "name one for the host's by CC, or none"}
	}
	f = &Fidelity{}
	for _, p := range plugins {
		if p.Binary == nil {
			continue
		}
		for _, pkg := range p.Binary.Packages {
			if err := f.compare(host, program, pkg); err != nil {
				return nil, err
			}
		}
		for _, path := range p.Counterparts() {
			hash, has, err := host.Package(path)
			if err != nil {
				return nil, err
			}
			if !has {
				continue
			}
			if err := f.compare(host, program, inspector.Package{Path: path, Hash: hash}); err != nil {
				return nil, err
			}
		}
	}
	for _, list := range []*[]string{&f.Same, &f.Missing, &f.Differs, &f.Extra} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return f, nil
}

func onMusl(interpreter string) bool {
	return strings.HasPrefix(filepath.Base(interpreter), "ld-musl-")
}

func (f *Fidelity) compare(host, program *inspector.Host, pkg inspector.Package) error {
	want, inHost, err := host.Package(pkg.Path)
	if err != nil {
		return err
	}
	got, inProgram, err := program.Package(pkg.Path)
	switch {
	case err != nil:
		return err
	case inHost && !inProgram:
		f.Missing = append(f.Missing, pkg.Path)
	case inHost && got != want:
		f.Differs = append(f.Differs, pkg.Path)
	case inHost:
		f.Same = append(f.Same, pkg.Path)
	case inProgram && got != pkg.Hash:
		f.Extra = append(f.Extra, pkg.Path)
	}
	return nil
}

// buildmode is the flag for what is built.
func (p *planner) buildmode() string {
	switch {
	case p.opts.program == nil:
		return "-buildmode=plugin"
	case p.host.Binary.PIE:
		return "-buildmode=pie"
	}
	return "-buildmode=exe"
}

// judge says what becomes of what was built.
func (r *run) judge(a *attempt) (*inspector.Verdict, error) {
	if r.opts.program != nil {
		return r.opts.program.judge(a.file)
	}
	return r.opts.verdict().Check(r.host, []*inspector.Plugin{a.plugin})
}

// noun is what is built, for messages.
func (p *Plan) noun() string {
	if slices.Contains(p.Flags, "-buildmode=plugin") {
		return p.Package
	}
	return "a small host"
}
