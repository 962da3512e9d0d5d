package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/plugtool/plugtool/builder"
)

// buildMany builds every package for every host.
func (p *program) buildMany(ctx context.Context, o buildOptions) error {
	if o.dryRun || o.outputs.stdout != formatText || len(o.outputs.files) > 0 {
		return usagef("name one --host and one package", "--dry-run and --format are of one build, and here are %d", len(o.hosts)*len(o.packages))
	}
	var targets []builder.Target
	for _, file := range o.hosts {
		host, err := openHost(file, o.hostKeys)
		if err != nil {
			return err
		}
		defer host.Close()
		for _, pkg := range o.packages {
			targets = append(targets, builder.Target{Host: host, Package: pkg, Output: o.Output})
		}
	}
	code := exitOK
	_, err := builder.RunAll(ctx, targets, builder.BatchOptions{Options: o.Options, Done: func(i int, done builder.Outcome) {
		code = worse(code, p.tellOutcome(targets[i], done))
	}})
	return cmp.Or(err, told(code))
}

// tellOutcome tells what became of one of many, and gives its exit code.
func (p *program) tellOutcome(t builder.Target, o builder.Outcome) int {
	if o.Err == nil {
		p.warnStale(o.Result)
		for _, w := range o.Result.Warnings {
			p.warningf("%s", w)
		}
		for _, l := range builtSummary(o.Result) {
			p.progressf("%s", l)
		}
		return exitOK
	}
	code := p.fail(fmt.Errorf("package %s for host %s: %w", t.Package, t.Host.Binary().File, o.Err))
	var noFit *builder.NoFitError
	if errors.As(o.Err, &noFit) && noFit.Verdict != nil {
		if err := tellFindings(p.out, noFit.Verdict, p.style()); err != nil {
			return exitFailure
		}
	}
	return code
}

// worse gives the exit code that says more of two: that plugtool could not do its
// work, then wrong usage, a missing signature, and what would not load.
func worse(a, b int) int {
	for _, code := range []int{exitFailure, exitUsage, exitUntrusted, exitRefused} {
		if a == code || b == code {
			return code
		}
	}
	return exitOK
}
