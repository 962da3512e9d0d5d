package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
)

// many says whether more than one pair of host and package is asked for, or may be.
func (o buildOptions) many() bool {
	return len(o.hosts) > 1 || len(o.packages) > 1 || builder.IsPattern(o.packages[0]) ||
		o.outputs.writes(formatJUnit) || o.outputs.writes(formatMarkdown)
}

// manyBuilds is one run that builds every package for every host.
type manyBuilds struct {
	*program
	buildOptions
	batch   *builder.Batch
	targets []builder.Target
	rows    []report.Build // targets' rows come at their places in row
	row     []int
	live    *liveLine
	told    int // outcomes
	codes   int // the worst exit code so far
}

func (p *program) buildMany(ctx context.Context, o buildOptions) error {
	o.MakeFolders = true
	m := &manyBuilds{program: p, buildOptions: o}
	defer m.followProgress()()
	m.batch = builder.NewBatch(builder.BatchOptions{
		Options: m.Options, Parallel: o.parallel, Started: m.started, Done: m.done,
	})
	hosts, err := m.findTargets(ctx)
	defer func() {
		for _, h := range hosts {
			h.Close()
		}
	}()
	if err != nil {
		return err
	}
	var outcomes []builder.Outcome
	if o.dryRun {
		outcomes, err = m.batch.Plan(ctx, m.targets)
	} else {
		outcomes, err = m.batch.Run(ctx, m.targets)
	}
	m.live.stop()
	if err != nil && outcomes == nil {
		return err
	}
	return cmp.Or(m.tell(outcomes), err, told(m.codes))
}

// followProgress tells of builds in a line that changes where a person looks on, and
// in lines of their own elsewhere.
func (m *manyBuilds) followProgress() (stop func()) {
	if m.quiet || !isTerminal(m.err) || m.env.get("TERM") == "dumb" {
		return func() {}
	}
	console := *m.console
	m.live = newLiveLine(m.err)
	console.err = m.live
	m.program = &program{console: &console, env: m.env, stdin: m.stdin, given: m.given}
	m.Progress = m.live.passing("plugtool: building ", "plugtool: refused with layout ", "go: downloading ")
	return m.live.stop
}

// findTargets opens the hosts and finds each one's packages and outputs. A host that
// cannot be read, or that nothing fits, fails for itself alone.
func (m *manyBuilds) findTargets(ctx context.Context) (hosts []*inspector.Host, err error) {
	labels, names := map[*inspector.Host]string{}, hostLabels(m.hosts)
	matched := map[string]bool{}
	for i, file := range m.hosts {
		host, err := openBuildHost(file, m.buildOptions.hostKeys, m.attested)
		var targets []builder.Target
		if err == nil {
			hosts = append(hosts, host)
			labels[host] = names[i]
			targets, err = m.batch.Expand(ctx, host, m.packages, matched)
		}
		switch {
		case ctx.Err() != nil:
			return hosts, ctx.Err()
		case asFailure(err).code == exitUsage && host != nil:
			return hosts, err
		case err != nil:
			m.hostFailed(inspector.HostRef{File: file}, err)
			for _, pkg := range m.packages {
				matched[pkg] = true // who knows
			}
		}
		for _, t := range targets {
			m.row = append(m.row, len(m.rows))
			m.rows = append(m.rows, report.Build{Host: hostRef(host), Package: t.Package})
			m.targets = append(m.targets, t)
		}
	}
	for _, pkg := range m.packages {
		if !matched[pkg] {
			return hosts, usagef("a pattern stands for the main packages in the folders that it matches", "pattern %s matches no main package", pkg)
		}
	}
	return hosts, m.nameOutputs(m.targets, labels)
}

func hostRef(h *inspector.Host) inspector.HostRef {
	b := h.Binary()
	return inspector.HostRef{File: b.File, GoVersion: b.GoVersion, Platform: b.Platform}
}

// hostFailed adds the rows of a host for which nothing can be built.
func (m *manyBuilds) hostFailed(host inspector.HostRef, err error) {
	code := m.fail(fmt.Errorf("host %s: %w", host.File, err))
	m.codes = worse(m.codes, code)
	for _, pkg := range m.packages {
		row := report.Build{Host: host, Package: pkg}
		m.failed(&row, err)
		m.rows = append(m.rows, row)
	}
}

// failed fills in the row of a pair that was not built.
func (m *manyBuilds) failed(row *report.Build, err error) {
	f := asFailure(err)
	row.Outcome, row.ExitCode, row.Error, row.Fix = report.BuildFailed, f.code, f.Error(), m.completed(f.hints)
	if f.code == exitRefused {
		row.Outcome = report.BuildRefused
	}
	var noFit *builder.NoFitError
	if errors.As(err, &noFit) {
		row.Verdict, row.Reason = noFit.Verdict, noFit.Reason
	}
	var goErr *builder.GoError
	if errors.As(err, &goErr) {
		row.Reason = goErr.Reason()
	}
}

func (m *manyBuilds) started(i int) { m.live.begin(i, m.pair(i)) }

// pair names one target.
func (m *manyBuilds) pair(i int) string {
	return fmt.Sprintf("%s for %s", m.targets[i].Package, m.targets[i].Host.Binary().File)
}

// done tells what became of one target as soon as that is known.
func (m *manyBuilds) done(i int, o builder.Outcome) {
	m.told++
	m.live.end(i, fmt.Sprintf("%d of %d", m.told, len(m.targets)))
	if o.Err != nil {
		f := *asFailure(o.Err)
		f.err = fmt.Errorf("%s: %w", m.pair(i), o.Err)
		m.codes = worse(m.codes, m.fail(&f))
		return
	}
	if m.live == nil && !m.dryRun {
		m.progressf("[%d/%d] %s", m.told, len(m.targets), builtSummary(o.Result, false)[0])
		if m.pins {
			for _, line := range pinsTable(o.Result.Plan) {
				m.progressf("%s", line)
			}
		}
	}
}

// tell tells the whole: warnings, each once, and then the result.
func (m *manyBuilds) tell(outcomes []builder.Outcome) error {
	for i, o := range outcomes {
		row := &m.rows[m.row[i]]
		if o.Err != nil {
			m.failed(row, o.Err)
			continue
		}
		r := o.Result
		row.Outcome, row.Output, row.Sidecar, row.Written = report.BuildBuilt, r.Output, r.Sidecar, r.Written
		row.Plan, row.Verdict, row.Warnings, row.Documents = r.Plan, r.Verdict, r.Warnings, r.Documents
		if r.Reproducible != nil {
			row.Reproducible = r.Reproducible
		}
		switch {
		case m.dryRun:
			row.Outcome = report.BuildPlanned
		case r.Unchanged:
			row.Outcome = report.BuildUpToDate
		}
	}
	m.warnOnce()
	return m.program.tell(m.outputs, m.style(), m.writers())
}

// warnOnce tells every warning once, with the first of the pairs that it is about.
func (m *manyBuilds) warnOnce() {
	var texts []string
	about := map[string][]int{}
	for i, row := range m.rows {
		for _, w := range row.Warnings {
			if about[w] == nil {
				texts = append(texts, w)
			}
			about[w] = append(about[w], i)
		}
	}
	for _, text := range texts {
		first := m.rows[about[text][0]]
		whose := fmt.Sprintf("%s for %s", first.Package, first.Host.File)
		if n := len(about[text]) - 1; n > 0 {
			whose += fmt.Sprintf(" and %d more", n)
		}
		m.warningf("%s (%s)", text, whose)
	}
}

// worse gives the exit code that says more of two: that plugtool could not do its
// work, then wrong usage, a signature that is missing, and what would not load.
func worse(a, b int) int {
	for _, code := range []int{exitFailure, exitUsage, exitUntrusted, exitRefused} {
		if a == code || b == code {
			return code
		}
	}
	return exitOK
}

// plans puts the rows with equal plans together, in their order.
func (m *manyBuilds) plans() [][]*builder.Plan {
	var groups [][]*builder.Plan
	at := map[string]int{}
	for _, row := range m.rows {
		plan, _ := row.Plan.(*builder.Plan)
		if plan == nil {
			continue
		}
		id := plan.Identity()
		if _, known := at[id]; !known {
			at[id] = len(groups)
			groups = append(groups, nil)
		}
		groups[at[id]] = append(groups[at[id]], plan)
	}
	return groups
}

// planScript writes every distinct plan once, as commands that build it for the first
// of its pairs and copy it for the others.
func (m *manyBuilds) planScript() string {
	var lines []string
	for _, same := range m.plans() {
		var hosts, folders []string
		for _, plan := range same {
			hosts = append(hosts, plan.Host)
			folders = append(folders, inspector.ShellQuote(filepath.Dir(plan.Output)))
		}
		slices.Sort(folders)
		first := same[0]
		lines = append(lines, "# "+report.Printable(fmt.Sprintf("%s for %s", first.Package, strings.Join(hosts, ", "))),
			"mkdir -p "+strings.Join(slices.Compact(folders), " "))
		lines = append(lines, first.Commands()...)
		for _, plan := range same[1:] {
			lines = append(lines, fmt.Sprintf("cp %s %s", inspector.ShellQuote(first.Output), inspector.ShellQuote(plan.Output)))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}
