package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
	"github.com/plugtool/plugtool/signer/bundle"
)

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		err   error
		code  int
		hints []string
	}{
		{errors.New("plain"), exitFailure, nil},
		{usagef("do this", "wrong"), exitUsage, []string{"do this"}},
		{fmt.Errorf("wrapped: %w", usagef("", "wrong")), exitUsage, nil},
		{told(exitUntrusted), exitUntrusted, nil},
		{&builder.NoFitError{Host: "h"}, exitRefused, nil},
		{errors.Join(&builder.NoFitError{Host: "h"}, nil), exitRefused, nil},
		{&builder.UsageError{Reason: "r", Hint: "do that"}, exitUsage, []string{"do that"}},
		{fmt.Errorf("wrapped: %w", &builder.ToolchainError{Hint: "--toolchain auto"}), exitFailure, []string{"--toolchain auto"}},
		{&builder.GoError{Err: errors.New("exit status 1")}, exitFailure, nil},
	} {
		f := asFailure(test.err)
		if f.code != test.code || !slices.Equal(f.hints, test.hints) {
			t.Errorf("%v: exit code %d, hints %q, want %d, %q", test.err, f.code, f.hints, test.code, test.hints)
		}
	}
	if told(exitOK) != nil {
		t.Error("success is told as a failure")
	}
}

func TestFailSpeaksOneGrammar(t *testing.T) {
	var out strings.Builder
	c := &console{err: &out}
	err := &failure{code: exitUsage, err: errors.New("first\n\tsecond \x1b[31m\n"), hints: []string{"do this"}}
	if code := c.fail(err); code != exitUsage {
		t.Errorf("exit code %d, want %d", code, exitUsage)
	}
	want := "plugtool: error: first\n      second \\x1b[31m\nplugtool: hint: do this\n"
	if out.String() != want {
		t.Errorf("said %q, want %q", out.String(), want)
	}
	out.Reset()
	c.fail(told(exitRefused))
	if out.String() != "" {
		t.Errorf("said %q of what the report has told", out.String())
	}
}

// The exit code of verify: a signature before a verdict, an error in a finding
// like a refusal, and what loads with a warning like what loads.
func TestVerdictError(t *testing.T) {
	plugin := func(o inspector.Outcome, s bundle.Status, severities ...inspector.Severity) report.Plugin {
		p := report.Plugin{Signature: bundle.Result{Status: s}}
		p.Outcome = o
		for _, severity := range severities {
			p.Findings = append(p.Findings, inspector.Finding{Severity: severity})
		}
		return p
	}
	host := &inspector.HostRef{File: "h"}
	for _, test := range []struct {
		name        string
		host        *inspector.HostRef
		keys        []string
		requireHost bool
		plugins     []report.Plugin
		want        int
	}{
		{"loads", host, nil, true, []report.Plugin{plugin(inspector.Loads, bundle.Missing)}, exitOK},
		{"loads with a warning", host, nil, false, []report.Plugin{plugin(inspector.Loads, bundle.Missing, inspector.Warning, inspector.Note)}, exitOK},
		{"loads, a finding is an error", host, nil, false, []report.Plugin{plugin(inspector.Loads, bundle.Missing, inspector.Error)}, exitRefused},
		{"refused", host, nil, false, []report.Plugin{plugin(inspector.Loads, bundle.Missing), plugin(inspector.Refused, bundle.Missing)}, exitRefused},
		{"crashes", host, nil, false, []report.Plugin{plugin(inspector.Crashes, bundle.Missing)}, exitRefused},
		{"signed", host, []string{"k"}, false, []report.Plugin{plugin(inspector.Loads, bundle.Verified)}, exitOK},
		{"signed, refused", host, []string{"k"}, false, []report.Plugin{plugin(inspector.Refused, bundle.Verified)}, exitRefused},
		{"refused, and another not signed", host, []string{"k"}, false, []report.Plugin{plugin(inspector.Refused, bundle.Verified), plugin(inspector.Loads, bundle.Untrusted)}, exitUntrusted},
		{"nothing required", host, nil, false, []report.Plugin{plugin(inspector.Loads, bundle.Unverified)}, exitOK},
		{"no host", nil, nil, false, []report.Plugin{plugin(inspector.Unknown, bundle.Missing)}, exitOK},
		{"no host, one required", nil, nil, true, []report.Plugin{plugin(inspector.Unknown, bundle.Missing)}, exitRefused},
		{"no host, no plugin", nil, nil, false, []report.Plugin{plugin(inspector.Unknown, bundle.Missing, inspector.Error)}, exitRefused},
	} {
		r := &report.Report{Signing: report.Signing{Keys: test.keys}, RequireHost: test.requireHost, Results: []report.Result{{Host: test.host, Plugins: test.plugins}}}
		got := exitOK
		if err := verdictError(r); err != nil {
			got = asFailure(err).code
		}
		if got != test.want {
			t.Errorf("%s: exit code %d, want %d", test.name, got, test.want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	env := environment{"A=1", "B=", "odd", "A=2=3"}
	for _, test := range []struct {
		name, want string
		set        bool
	}{{"A", "2=3", true}, {"B", "", true}, {"C", "", false}, {"odd", "", false}} {
		if got, set := env.lookup(test.name); got != test.want || set != test.set {
			t.Errorf("lookup(%s) = %q, %v, want %q, %v", test.name, got, set, test.want, test.set)
		}
	}
}
