package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/plugtool/plugtool/inspector"
)

// A Build is what became of one plugin for one host, where many were built.
type Build struct {
	Host    inspector.HostRef `json:"host"`
	Package string            `json:"package"` // as it was asked for, or as a pattern matched it
	Outcome BuildOutcome      `json:"outcome"`

	ExitCode int      `json:"exitCode"` // that of a build by itself
	Error    string   `json:"error,omitempty"`
	Reason   string   `json:"-"`   // Error without what the row says already
	Fix      []string `json:"fix"` // what to do about it, in order

	Output       string             `json:"output"` // "" where nothing was written
	Sidecar      string             `json:"sidecar,omitempty"`
	Documents    []string           `json:"documents,omitempty"`
	Written      []string           `json:"written,omitempty"`
	Reproducible any                `json:"reproducible,omitempty"` // nil where nothing was written
	Plan         any                `json:"plan"`                   // nil where there was none
	Verdict      *inspector.Verdict `json:"verdict"`                // nil where nothing could be judged
	Warnings     []string           `json:"warnings"`
}

// BuildOutcome says in a word what became of a build.
type BuildOutcome string

// What may become of a build.
const (
	BuildBuilt    BuildOutcome = "built"      // written, and it loads
	BuildUpToDate BuildOutcome = "up-to-date" // there already, and it loads
	BuildPlanned  BuildOutcome = "planned"    // --dry-run
	BuildRefused  BuildOutcome = "refused"    // no plugin could be built that loads
	BuildFailed   BuildOutcome = "failed"     // it could not be built
)

type buildsDocument struct {
	Schema  string  `json:"schema"`
	Results []Build `json:"results"`
}

// WriteBuildsJSON writes builds as a plugtool.builds/v1 document.
func WriteBuildsJSON(w io.Writer, builds []Build) error {
	doc := buildsDocument{Schema: BuildsSchema, Results: []Build{}}
	for _, b := range builds {
		b.Fix, b.Warnings = list(b.Fix), list(b.Warnings)
		doc.Results = append(doc.Results, b)
	}
	return WriteDocument(w, doc)
}

// WriteBuildsText writes builds as a table, a line for each, and how many there are
// of each outcome.
func WriteBuildsText(w io.Writer, builds []Build, style Style) error {
	var t strings.Builder
	rows := make([][]string, len(builds))
	width := make([]int, 3)
	for i, b := range builds {
		rows[i] = []string{string(b.Outcome), Printable(b.Package), Printable(b.Host.File)}
		for c, cell := range rows[i] {
			width[c] = max(width[c], utf8.RuneCountInString(cell))
		}
	}
	for i, b := range builds {
		row := rows[i]
		for c, cell := range row {
			pad := strings.Repeat(" ", width[c]-utf8.RuneCountInString(cell))
			if c == 0 {
				cell = style.paint(b.Outcome.color(), cell)
			}
			row[c] = cell + pad
		}
		fmt.Fprintln(&t, Defused(strings.TrimRight(strings.Join(append(row, Printable(b.last())), "  "), " ")))
	}
	fmt.Fprintln(&t, buildsSummary(builds))
	_, err := io.WriteString(w, t.String())
	return err
}

func (o BuildOutcome) color() string {
	switch o {
	case BuildBuilt, BuildUpToDate, BuildPlanned:
		return green
	}
	return red
}

// last is what a line of the table ends with: the file that was written, or in one
// line why there is none.
func (b Build) last() string {
	if b.Error == "" {
		return b.Output
	}
	first, _, _ := strings.Cut(cmp.Or(b.Reason, b.Error), "\n")
	return first
}

// buildsSummary counts outcomes.
func buildsSummary(builds []Build) string {
	count := map[BuildOutcome]int{}
	for _, b := range builds {
		count[b.Outcome]++
	}
	var parts []string
	for _, o := range []BuildOutcome{BuildBuilt, BuildUpToDate, BuildPlanned, BuildRefused, BuildFailed} {
		if n := count[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	return plural(len(builds), "build", "builds") + ": " + strings.Join(parts, ", ")
}

// byHost calls f for the builds of each host, in their order.
func byHost(builds []Build, f func(host inspector.HostRef, builds []Build)) {
	for len(builds) > 0 {
		n := 1
		for n < len(builds) && builds[n].Host == builds[0].Host {
			n++
		}
		f(builds[0].Host, builds[:n])
		builds = builds[n:]
	}
}

// WriteBuildsJUnit writes builds as JUnit XML: a suite for each host, in it a case
// for each package.
func WriteBuildsJUnit(w io.Writer, builds []Build) error {
	var suites strings.Builder
	var all junitCount
	byHost(builds, func(host inspector.HostRef, builds []Build) {
		var cases strings.Builder
		var count junitCount
		for _, b := range builds {
			count.tests++
			fmt.Fprintf(&cases, "    <testcase classname=\"%s\" name=\"%s\">\n", xmlText(host.File), xmlText(b.Package))
			switch {
			case b.Error != "":
				count.failures++
				fmt.Fprintf(&cases, "      <failure type=\"%s\" message=\"%s\">%s</failure>\n", b.Outcome, xmlText(b.last()), xmlLines(b.Error))
			case b.Outcome == BuildPlanned:
				count.skipped++
				cases.WriteString("      <skipped message=\"planned, not built\"></skipped>\n")
			}
			cases.WriteString("    </testcase>\n")
		}
		fmt.Fprintf(&suites, "  <testsuite name=\"%s\"%s skipped=\"%d\">\n%s  </testsuite>\n", xmlText(host.File), count.attributes(), count.skipped, cases.String())
		all.add(count)
	})
	_, err := fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"plugtool build\"%s>\n%s</testsuites>\n", all.attributes(), suites.String())
	return err
}

// WriteBuildsMarkdown writes builds as GitHub's Markdown: how many of what, a line
// for each, and the errors, folded.
func WriteBuildsMarkdown(w io.Writer, builds []Build) error {
	var m markdown
	m.add(fmt.Sprintf("## plugtool build: %s\n\n| | Outcome | Package | Host | Output |\n|---|---|---|---|---|\n", buildsSummary(builds)))
	for _, b := range builds {
		mark, output := "✅", ""
		if b.Error != "" {
			mark = "❌"
		}
		if b.Output != "" {
			output = cell(b.Output)
		}
		m.add(fmt.Sprintf("| %s | %s | %s | %s | %s |\n", mark, b.Outcome, cell(b.Package), cell(hostText(&b.Host)), output))
	}
	for _, b := range builds {
		if b.Error == "" {
			continue
		}
		var text strings.Builder
		for line := range strings.SplitSeq(strings.TrimRight(b.Error, "\n"), "\n") {
			fmt.Fprintf(&text, "    %s\n", Printable(strings.ReplaceAll(line, "\t", "    ")))
		}
		m.add(fmt.Sprintf("\n<details><summary>%s: %s for %s</summary>\n\n%s\n</details>\n", b.Outcome, html(b.Package), html(b.Host.File), text.String()))
	}
	if m.left > 0 {
		fmt.Fprintf(&m.b, "\n**%s left out: the report is too large for a summary.** `--format json=FILE` has everything.\n",
			plural(m.left, "part is", "parts are"))
	}
	_, err := io.WriteString(w, m.b.String())
	return err
}
