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
	textWidth     = 76 // columns of wrapped prose, which is indented by 4
	packagesShown = 3  // packages of one finding, unless verbose
	findingsShown = 10 // findings of one plugin in full, unless verbose
)

// WriteText writes a report for people: for each host and plugin the verdict
// in one line, then what was found, each finding with the values of both sides
// and the lines that mend it.
func WriteText(w io.Writer, r *Report, style Style) error {
	t := newTextWriter(r, style)
	for _, result := range r.Results {
		for _, p := range result.Plugins {
			t.plugin(result.Host, p)
		}
	}
	if line := r.summary(); line != "" && !style.Quiet {
		t.section()
		t.line("%s", line)
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

// summary counts a run's verdicts, and the findings that do not count. It is
// empty where there is one verdict, which speaks for itself.
func (r *Report) summary() string {
	outcomes, by := map[inspector.Outcome]int{}, map[string]int{}
	total, plugins, signed := 0, 0, 0
	for _, result := range r.Results {
		plugins = max(plugins, len(result.Plugins))
		for _, p := range result.Plugins {
			total++
			outcomes[p.Outcome]++
			if p.Signature.Status == bundle.Verified {
				signed++
			}
			for _, f := range r.findings(result.Host, p) {
				if f.Suppressed != nil {
					by[f.Suppressed.By]++
				}
			}
		}
	}
	if total < 2 {
		return ""
	}
	var parts []string
	add := func(n int, one, many string) {
		if n > 0 {
			parts = append(parts, plural(n, one, many))
		}
	}
	add(outcomes[inspector.Loads], "loads", "load")
	add(outcomes[inspector.Refused], "refused", "refused")
	add(outcomes[inspector.Crashes], "crashes", "crash")
	add(outcomes[inspector.Unknown], "unknown", "unknown")
	if r.SignatureRequired() {
		add(signed, "signed as demanded", "signed as demanded")
		add(total-signed, "not signed as demanded", "not signed as demanded")
	}
	add(by[ByIgnore], "finding ignored", "findings ignored")
	add(by[ByBaseline], "finding known", "findings known")
	of := plural(plugins, "plugin", "plugins")
	if len(r.Results) > 1 {
		of += fmt.Sprintf(" × %d hosts", len(r.Results))
	}
	return of + ": " + strings.Join(parts, ", ")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

type textWriter struct {
	b      strings.Builder
	report *Report
	style  Style
	loose  bool // what was written last wants an empty line after it

	explained map[string]bool // ids whose page was named
}

func newTextWriter(r *Report, style Style) *textWriter {
	return &textWriter{report: r, style: style, explained: map[string]bool{}}
}

// line writes one line; its arguments are already painted and printable.
func (t *textWriter) line(format string, args ...any) {
	t.b.WriteString(Defused(fmt.Sprintf(format, args...)) + "\n")
}

// section puts an empty line between what belongs apart.
func (t *textWriter) section() {
	if t.loose {
		t.b.WriteByte('\n')
	}
	t.loose = false
}

func (t *textWriter) plugin(host *inspector.HostRef, p Plugin) {
	all := t.report.findings(host, p)
	findings := t.shown(p, all)
	counting := slices.ContainsFunc(findings, func(f Finding) bool { return f.Suppressed == nil })
	if t.style.Quiet && !counting && !t.report.fails(host, p, all) {
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
	t.signature(p)
	if !t.style.Quiet && len(findings) < len(all) {
		t.copies(all)
	}
	t.findings(findings)
	t.loose = body
}

// copies says in one line what private copies a plugin has, where the note that says it in
// full is not shown.
func (t *textWriter) copies(all []Finding) {
	for _, f := range all {
		if f.ID == "PT808" && f.Suppressed == nil {
			t.line("  %s (--verbose names them)", Printable(f.Title))
		}
	}
}

// shown gives the findings that are told: of a plugin that loads, what is only worth
// knowing is for those who want to know it.
func (t *textWriter) shown(p Plugin, findings []Finding) []Finding {
	if p.Outcome != inspector.Loads || t.style.Verbose || t.report.Policy.reaches(inspector.Note) {
		return findings
	}
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.Severity == inspector.Note })
}

// findings writes those that count, and what mends several of them once, at the
// end. Those that do not count, and those after the first ten, take a line
// each.
func (t *textWriter) findings(findings []Finding) {
	var full, brief []Finding
	for _, f := range findings {
		if t.style.Verbose || f.Suppressed == nil && len(full) < findingsShown {
			full = append(full, f)
		} else {
			brief = append(brief, f)
		}
	}
	shared := sharedFixes(full)
	for _, f := range full {
		t.b.WriteByte('\n')
		t.finding(f, shared)
	}
	if len(shared) > 0 {
		t.line("")
		t.line("  %s", sharedHeading(full, shared))
		t.fixes(shared)
	}
	if len(brief) > 0 {
		t.line("")
	}
	for _, f := range brief {
		t.line("  %s %s  %s", t.word(f), f.ID, Printable(f.Title+because(f)))
	}
	if len(full)+len(brief) > findingsShown && !t.style.Verbose {
		t.line("  (--verbose says more of them)")
	}
}

// sharedHeading introduces the shared fixes, which come after those that findings
// have of their own.
func sharedHeading(findings []Finding, shared []string) string {
	for _, f := range findings {
		if len(ownFixes(f, shared)) > 0 {
			return "and then, for all of these"
		}
	}
	return "for all of these"
}

// ownFixes leaves off the shared fixes at the end.
func ownFixes(f Finding, shared []string) []string {
	own := f.Fix
	for len(own) > 0 && slices.Contains(shared, own[len(own)-1]) {
		own = own[:len(own)-1]
	}
	return own
}

// word says what a finding weighs.
func (t *textWriter) word(f Finding) string {
	if f.Suppressed != nil {
		return t.style.paint(dim, suppressedWord(f))
	}
	return t.style.severity(f.Severity)
}

func suppressedWord(f Finding) string {
	if f.Suppressed.By == ByBaseline {
		return "known"
	}
	return "ignored"
}

// because gives the reason of an ignore, in brackets.
func because(f Finding) string {
	if f.Suppressed == nil || f.Suppressed.By != ByIgnore {
		return ""
	}
	return fmt.Sprintf(" (until %s: %s)", f.Suppressed.Until, f.Suppressed.Reason)
}

// sharedFixes gives what stands last in the fixes of more than one finding that
// counts, as building anew does. It need not be done more than once.
func sharedFixes(findings []Finding) []string {
	var shared []string
	seen := map[string]bool{}
	for _, f := range findings {
		if len(f.Fix) == 0 || f.Suppressed != nil {
			continue
		}
		last := f.Fix[len(f.Fix)-1]
		if seen[last] && !slices.Contains(shared, last) {
			shared = append(shared, last)
		}
		seen[last] = true
	}
	return shared
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
func (t *textWriter) signature(p Plugin) {
	s := p.Signature
	switch {
	case s.Status == bundle.Verified:
		for _, signer := range s.Signers {
			t.line("  %s by %s", t.style.paint(green, "signed"), signerText(signer))
		}
		if s.Rule != "" {
			t.line("  %s by the policy: %s", t.style.paint(green, "allowed"), Printable(s.Rule))
		}
		if lacks := p.lacksVerdict(); lacks != "" {
			t.line("  %s  %s", t.style.severity(inspector.Error), Printable(lacks))
		}
	case t.report.SignatureRequired(): // a finding says so
	case s.Status == bundle.Unverified:
		t.line("  signature not checked: no --key, identity or --policy was given")
	case t.style.Verbose:
		t.line("  not signed")
	}
}

// signerText names who signed, and of an attestation its type.
func signerText(s bundle.Signer) string {
	who := "key " + s.Fingerprint
	if s.Fingerprint == "" {
		who = fmt.Sprintf("%s (%s)", s.Identity, s.Issuer)
	}
	if s.Type != "" {
		who += ", attesting " + s.Type
	}
	return Printable(who)
}

// finding writes a finding in full, but for the fixes that it shares.
func (t *textWriter) finding(f Finding, shared []string) {
	t.line("  %s %s  %s", t.word(f), f.ID, t.style.paint(bold, Printable(f.Title+because(f))))
	t.fact("host", f.Host)
	t.fact("plugin", f.Plugin)
	t.packages(f.Finding)
	if f.Detail != "" {
		for _, l := range wrap(f.Detail, textWidth) {
			t.line("    %s", Printable(l))
		}
	}
	t.fixes(ownFixes(f, shared))
	if !t.explained[f.ID] {
		t.explained[f.ID] = true
		t.line("    %s", t.style.paint(dim, "plugtool explain "+f.ID))
	}
}

func (t *textWriter) fixes(fixes []string) {
	for _, fix := range fixes {
		mark := "-"
		if isCommand(fix) {
			mark = "$"
		}
		t.line("  %s %s", t.style.paint(dim, mark), Printable(fix))
	}
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
		t.fact("packages", strings.Join(all[:packagesShown], ", "))
		t.line("    %10s%s", "", t.style.paint(dim, fmt.Sprintf("and %d more; --verbose names them", more)))
	}
}
