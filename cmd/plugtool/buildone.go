package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
)

// buildOne builds one package for one host.
func (p *program) buildOne(ctx context.Context, o buildOptions) error {
	var noFit *builder.NoFitError
	host, err := openBuildHost(o.hosts[0], o.hostKeys, o.attested)
	if errors.As(err, &noFit) {
		return errors.Join(err, p.tellNoFit(inspector.HostRef{File: o.hosts[0]}, noFit, o))
	}
	if err != nil {
		return p.tellFailed(ctx, inspector.HostRef{File: o.hosts[0]}, err, o)
	}
	defer host.Close()
	defer delete(o.attested, host)
	o.Package, o.Documents = o.packages[0], o.documents(o.hosts[0])
	// As for go build, a folder that is named as one need not be there.
	o.MakeFolders = isTemplate(o.output) || isTemplate(o.provenance) || isTemplate(o.sbom) || isFolderName(o.output)
	if isTemplate(o.output) || isTemplate(o.provenance) || isTemplate(o.sbom) {
		if err = p.nameFiles(ctx, host, &o); err != nil {
			return p.tellFailed(ctx, hostRef(host), err, o)
		}
	}
	if o.dryRun {
		err = p.tellPlan(ctx, host, o)
	} else {
		err = p.buildFor(ctx, host, o)
	}
	if errors.As(err, &noFit) {
		return errors.Join(err, p.tellNoFit(hostRef(host), noFit, o))
	}
	return p.tellFailed(ctx, hostRef(host), err, o)
}

// tellFailed writes the documents that were asked for of a build that failed; people are
// told by the error itself, which it gives back. Nil, and a build that was called off, are
// no failures.
func (p *program) tellFailed(ctx context.Context, host inspector.HostRef, err error, o buildOptions) error {
	if err == nil || ctx.Err() != nil || asFailure(err).err == nil {
		return err
	}
	f := asFailure(err)
	document := &builder.Result{Schema: builder.Schema, Host: host, Error: f.Error(), Fix: p.completed(f.hints), Warnings: []string{}}
	return errors.Join(err, p.tell(o.outputs, p.style(), map[string]writer{
		formatText: func(w io.Writer, _ report.Style) error {
			if w != io.Writer(p.out) {
				fmt.Fprintln(w, f.Error())
			}
			return nil
		},
		formatJSON: func(w io.Writer, _ report.Style) error { return report.WriteDocument(w, document) },
	}))
}

// nameFiles fills in the templates of one build's files.
func (p *program) nameFiles(ctx context.Context, host *inspector.Host, o *buildOptions) error {
	targets, err := builder.NewBatch(builder.BatchOptions{Options: o.Options}).Expand(ctx, host, o.packages, map[string]bool{})
	if err != nil {
		return err
	}
	label := hostLabels(o.hosts)[0]
	if o.Documents, err = o.namedDocuments(o.hosts[0], outputValues(targets[0], label)); err != nil {
		return err
	}
	if isTemplate(o.output) {
		if err := o.nameOutputs(targets, map[*inspector.Host]string{host: label}); err != nil {
			return err
		}
		o.Output = targets[0].Output
	}
	return nil
}

func (p *program) buildFor(ctx context.Context, host *inspector.Host, o buildOptions) error {
	result, err := builder.Run(ctx, host, o.Options)
	if err != nil {
		return err
	}
	if o.built != nil {
		o.built(result)
	}
	return p.tellBuilt(result, o)
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
			lines := plan.Commands()
			switch {
			case o.pins:
				lines = pinsTable(plan)
			case o.MakeFolders:
				lines = append([]string{"mkdir -p " + inspector.ShellQuote(filepath.Dir(plan.Output))}, lines...)
			}
			_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
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
	summary := builtSummary(result, o.pins)
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

// tellFindings tells what is worth knowing about a plugin that loads. Of what exists once
// per process the plan's warnings have told; an isolated plugin bears it for those who
// verify it.
func tellFindings(w io.Writer, v *inspector.Verdict, s report.Style) error {
	s.Quiet = true
	told := report.FromVerdict(v)
	for i := range told.Plugins {
		p := &told.Plugins[i]
		p.Findings = slices.DeleteFunc(slices.Clone(p.Findings), func(f inspector.Finding) bool { return f.ID == "PT807" })
	}
	return report.WriteText(w, &report.Report{Results: []report.Result{told}}, s)
}

func builtSummary(r *builder.Result, pins bool) []string {
	what := "built"
	if r.Unchanged {
		what = "is up to date:"
	}
	lines := []string{fmt.Sprintf("%s %s for %s (%s %s): it loads", what, shortest(r.Output), r.Host.File, r.Host.GoVersion, r.Host.Platform)}
	lines = append(lines, fmt.Sprintf("  toolchain %s: %s", r.Plan.Toolchain.Version, r.Plan.Toolchain.Why))
	if cc := r.Plan.Compiler; cc.CC != "" {
		lines = append(lines, fmt.Sprintf("  C compiler %s: %s", cc.CC, cc.Why))
	}
	lines = append(lines, fmt.Sprintf("  layout %s: %s", r.Plan.Layout.Name, r.Plan.LayoutWhy))
	for _, pin := range r.Plan.Pins {
		lines = append(lines, fmt.Sprintf("  %s: plugin asks for %s, host has %s, which was used", pin.Module, pin.Plugin, pin.Host))
	}
	lines = append(lines, isolatedSummary(r.Plan)...)
	if pins {
		lines = append(lines, pinsTable(r.Plan)...)
	} else {
		lines = append(lines, pinsSummary(r.Plan))
	}
	if r.Sidecar != "" {
		lines = append(lines, "  signed: "+shortest(r.Sidecar))
	}
	if repro := r.Reproducible; repro != nil {
		lines = append(lines, "  "+repro.String())
	}
	for _, file := range r.Documents {
		lines = append(lines, "  wrote "+shortest(file))
	}
	for _, file := range r.Written {
		lines = append(lines, "  brought to the host's versions: "+shortest(file))
	}
	return lines
}

// tellNoFit tells why no plugin loads, as verify would of the one that came
// closest.
func (p *program) tellNoFit(host inspector.HostRef, noFit *builder.NoFitError, o buildOptions) error {
	document := &builder.Result{
		Schema:   builder.Schema,
		Host:     host,
		Reason:   noFit.Reason,
		Fix:      p.completed(noFit.Fix),
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
