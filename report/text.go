package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
)

const (
	textWidth     = 96 // columns of wrapped prose
	packagesShown = 3  // packages of one finding, unless verbose
)

// WriteText writes a report for people: for each host and plugin the verdict
// in one line, then what was found, each finding with the values of both sides
// and the lines that mend it.
func WriteText(w io.Writer, r *Report, style Style) error {
	t := textWriter{report: r, style: style}
	total := 0
	counts := map[inspector.Outcome]int{}
	for _, result := range r.Results {
		for _, p := range result.Plugins {
			total++
			counts[p.Outcome]++
			t.plugin(result.Host, p)
		}
	}
	if total > 1 && !style.Quiet {
		t.section()
		t.line("%s", summary(total, counts))
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

// summary says how many of a run's verdicts are which.
func summary(total int, counts map[inspector.Outcome]int) string {
	var parts []string
	for _, o := range []inspector.Outcome{inspector.Loads, inspector.Refused, inspector.Crashes, inspector.Unknown} {
		if n := counts[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	return fmt.Sprintf("%d verdicts: %s", total, strings.Join(parts, ", "))
}

type textWriter struct {
	b      strings.Builder
	report *Report
	style  Style
	loose  bool // what was written last wants an empty line after it
}

// line writes one line; its arguments are already painted and printable.
func (t *textWriter) line(format string, args ...any) {
	fmt.Fprintf(&t.b, format+"\n", args...)
}

// section puts an empty line between what belongs apart.
func (t *textWriter) section() {
	if t.loose {
		t.b.WriteByte('\n')
	}
	t.loose = false
}

func (t *textWriter) plugin(host *inspector.HostRef, p Plugin) {
	findings := t.shown(p)
	holds := p.Outcome == inspector.Loads || p.Outcome == inspector.Unknown && host == nil
	if t.style.Quiet && holds && len(findings) == 0 {
		return
	}
	body := p.Refusal != "" || len(findings) > 0
	if body && t.b.Len() > 0 {
		t.loose = true
	}
	t.section()
	t.line("%s", t.verdict(host, p))
	if p.Refusal != "" {
		t.line("  %s", Printable(p.Refusal))
	}
	t.signature(p.Signature)
	for _, f := range findings {
		t.b.WriteByte('\n')
		t.finding(f)
	}
	t.loose = body
}

// shown gives the findings that are told: of a plugin that loads, what is only worth
// knowing is for those who want to know it.
func (t *textWriter) shown(p Plugin) []inspector.Finding {
	findings := t.report.findings(p)
	if p.Outcome != inspector.Loads || t.style.Verbose {
		return findings
	}
	return slices.DeleteFunc(findings, func(f inspector.Finding) bool { return f.Severity == inspector.Note })
}

// verdict is the line that says it all: what becomes of which plugin in which
// host.
func (t *textWriter) verdict(host *inspector.HostRef, p Plugin) string {
	outcome, file := t.style.outcome(p.Outcome), t.style.paint(bold, Printable(p.File))
	if host == nil {
		return fmt.Sprintf("%s  %s: no host was given, nothing is proved about loading", outcome, file)
	}
	into := hostText(host)
	switch p.Outcome {
	case inspector.Loads:
		return fmt.Sprintf("%s  %s into %s", outcome, file, into)
	case inspector.Refused:
		return fmt.Sprintf("%s  %s by %s", outcome, file, into)
	case inspector.Crashes:
		return fmt.Sprintf("%s  %s, opened by %s, takes the process down", outcome, file, into)
	}
	return fmt.Sprintf("%s  %s in %s: the process is gone before it is opened", outcome, file, into)
}

// hostText names a host with its Go release and platform, as far as they are
// known.
func hostText(host *inspector.HostRef) string {
	about := strings.TrimSpace(host.GoVersion + " " + host.Platform)
	if about == "" {
		return Printable(host.File)
	}
	return Printable(fmt.Sprintf("%s (%s)", host.File, about))
}

// signature says what is worth a line and is no finding.
func (t *textWriter) signature(s bundle.Result) {
	switch {
	case s.Status == bundle.Verified:
		for _, signer := range s.Signers {
			t.line("  %s by key %s", t.style.paint(green, "signed"), Printable(signer.Fingerprint))
		}
	case t.report.SignatureRequired(): // a finding says so
	case s.Status == bundle.Unverified:
		t.line("  signature not checked: no --key was given")
	case t.style.Verbose:
		t.line("  not signed")
	}
}

func (t *textWriter) finding(f inspector.Finding) {
	t.line("  %s %s  %s", t.style.severity(f.Severity), f.ID, t.style.paint(bold, Printable(f.Title)))
	t.fact("host", f.Host)
	t.fact("plugin", f.Plugin)
	t.packages(f)
	if f.Detail != "" {
		for _, l := range wrap(f.Detail, textWidth) {
			t.line("    %s", Printable(l))
		}
	}
	for _, fix := range f.Fix {
		mark := "-"
		if isCommand(fix) {
			mark = "$"
		}
		t.line("  %s %s", t.style.paint(dim, mark), Printable(fix))
	}
	t.line("    %s", t.style.paint(dim, "plugtool explain "+f.ID))
}

// isCommand tells a fix that can be pasted into a shell from an edit in words.
func isCommand(fix string) bool {
	for word := range strings.FieldsSeq(fix) {
		if strings.Contains(word, "=") { // CGO_ENABLED=1 go build
			continue
		}
		return slices.Contains([]string{"plugtool", "go", "chmod", "export"}, word)
	}
	return false
}

// fact writes one named value in a column of its own; nothing for no value.
func (t *textWriter) fact(name, value string) {
	if value == "" {
		return
	}
	t.line("    %s%s", t.style.paint(dim, fmt.Sprintf("%-10s", name)), Printable(value))
}

func (t *textWriter) packages(f inspector.Finding) {
	all := f.Packages
	if len(all) == 0 && f.Package != "" {
		all = []string{f.Package}
	}
	switch {
	case len(all) == 0:
	case len(all) == 1:
		t.fact("package", all[0])
	case t.style.Verbose || len(all) <= packagesShown:
		t.fact("packages", all[0])
		for _, p := range all[1:] {
			t.line("    %10s%s", "", Printable(p))
		}
	default:
		more := len(all) - packagesShown
		t.fact("packages", fmt.Sprintf("%s and %d more (--verbose names them)",
			strings.Join(all[:packagesShown], ", "), more))
	}
}
