package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// WriteJUnit writes a report as JUnit XML: a suite for each host, in it a case
// for each plugin. What counts against a plugin fails its case; of what nothing
// was proved, the case is skipped.
func WriteJUnit(w io.Writer, r *Report) error {
	var suites strings.Builder
	var all junitCount
	for _, result := range r.Results {
		var cases strings.Builder
		var count junitCount
		names := map[string]int{}
		for _, p := range result.Plugins {
			name := p.File
			if names[name]++; names[name] > 1 { // readers take cases of one name for one case
				name = fmt.Sprintf("%s (%d)", name, names[name])
			}
			r.junitCase(&cases, &count, result.Host, p, name)
		}
		fmt.Fprintf(&suites, "  <testsuite name=\"%s\"%s skipped=\"%d\">\n%s  </testsuite>\n", xmlText(suiteName(result.Host)), count.attributes(), count.skipped, cases.String())
		all.add(count)
	}
	_, err := fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"plugtool verify\"%s>\n%s</testsuites>\n", all.attributes(), suites.String())
	return err
}

type junitCount struct{ tests, failures, skipped int }

func (c *junitCount) add(d junitCount) {
	c.tests += d.tests
	c.failures += d.failures
	c.skipped += d.skipped
}

// attributes are those that suites and the whole have; the whole has no skipped
// (Jenkins' junit-10.xsd).
func (c junitCount) attributes() string {
	return fmt.Sprintf(` tests="%d" failures="%d" errors="0"`, c.tests, c.failures)
}

func suiteName(host *inspector.HostRef) string {
	if host == nil {
		return "no host"
	}
	return host.File
}

func (r *Report) junitCase(b *strings.Builder, count *junitCount, host *inspector.HostRef, p Plugin, name string) {
	count.tests++
	findings := r.findings(host, p)
	fmt.Fprintf(b, "    <testcase classname=\"%s\" name=\"%s\">\n", xmlText(suiteName(host)), xmlText(name))
	var story strings.Builder
	if p.Refusal != "" {
		story.WriteString(Printable(p.Refusal) + "\n")
	}
	if lacks := p.lacksVerdict(); lacks != "" {
		story.WriteString(Printable(lacks) + "\n")
	}
	for _, f := range findings {
		mark := string(f.Severity)
		if f.Suppressed != nil {
			mark = suppressedWord(f)
		}
		fmt.Fprintf(&story, "\n%s %s: %s\n", mark, f.ID, prose(host, p, f))
	}
	message := r.headline(host, p, findings)
	switch {
	case r.untrusted(p) || r.fails(host, p, findings):
		count.failures++
		fmt.Fprintf(b, "      <failure type=\"%s\" message=\"%s\">%s</failure>\n", xmlText(failureType(p, findings)), xmlText(message), xmlLines(story.String()))
	case p.Outcome == inspector.Unknown:
		count.skipped++
		fmt.Fprintf(b, "      <skipped message=\"%s\"></skipped>\n", xmlText(message))
	case story.Len() > 0:
		fmt.Fprintf(b, "      <system-out>%s</system-out>\n", xmlLines(story.String()))
	}
	b.WriteString("    </testcase>\n")
}

// failureType is the first finding that counts, or else the outcome.
func failureType(p Plugin, findings []Finding) string {
	for _, f := range findings {
		if f.Suppressed == nil {
			return f.ID
		}
	}
	return string(p.Outcome)
}

// headline says in one line what became of a plugin.
func (r *Report) headline(host *inspector.HostRef, p Plugin, findings []Finding) string {
	switch {
	case p.Refusal != "":
		return p.Refusal
	case p.Outcome == inspector.Crashes:
		return "opening it takes the process down"
	case p.lacksVerdict() != "":
		return p.lacksVerdict()
	case p.Outcome == inspector.Unknown && host == nil && len(findings) == 0:
		return "no host was given: nothing is proved about loading"
	case len(findings) > 0:
		return findings[0].Title
	}
	return string(p.Outcome)
}

// xmlText escapes text for attributes and for one line of an element. It is made
// printable before: XML 1.0 has no way to write most control characters.
func xmlText(text string) string { return xmlSpecial.Replace(Printable(text)) }

// xmlLines escapes the lines of an element.
func xmlLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = xmlText(l)
	}
	return strings.Join(lines, "\n")
}

var xmlSpecial = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")
