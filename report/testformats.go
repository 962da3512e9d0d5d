package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/trial"
)

type testDocument struct {
	Schema  string       `json:"schema"`
	Results []testResult `json:"results"`
}

type testResult struct {
	Host    inspector.HostRef `json:"host"`
	Program testProgram       `json:"program"`
	Plugins []testPlugin      `json:"plugins"`
}

type testProgram struct {
	Kind    TestKind `json:"kind"`
	Why     string   `json:"why"`
	Same    int      `json:"same"`
	Missing []string `json:"missing"`
	Differs []string `json:"differs"`
	Extra   []string `json:"extra"`
}

type testPlugin struct {
	File       string          `json:"file"`
	Passed     bool            `json:"passed"`
	Outcome    trial.Outcome   `json:"outcome"`
	Text       string          `json:"text"`
	Ended      string          `json:"ended"`
	Command    []string        `json:"command"`
	Symbols    []testSymbol    `json:"symbols"`
	Verdict    testVerdict     `json:"verdict"`
	Difference *testDifference `json:"difference"`
	Stack      string          `json:"stack,omitempty"`
	Stdout     string          `json:"stdout,omitempty"`
	Stderr     string          `json:"stderr,omitempty"`
}

type testSymbol struct {
	Symbol     string          `json:"symbol"`
	Wants      string          `json:"wants"`
	Type       string          `json:"type"`
	Status     SymbolStatus    `json:"status"`
	Error      string          `json:"error"`
	Foretold   SymbolStatus    `json:"foretold"`
	Difference *testDifference `json:"difference"`
}

type testVerdict struct {
	Outcome  inspector.Outcome `json:"outcome"`
	Refusal  string            `json:"refusal,omitempty"`
	Findings []string          `json:"findings"`
}

type testDifference struct {
	By   trial.Culprit `json:"by"`
	Text string        `json:"text"`
}

// WriteTestJSON writes tests as a plugtool.test/v1 document. What the processes printed
// is there for plugins that failed.
func WriteTestJSON(w io.Writer, t *Tests) error {
	doc := testDocument{Schema: TestSchema, Results: []testResult{}}
	for _, r := range t.Results {
		out := testResult{Host: r.Host, Plugins: []testPlugin{}, Program: testProgram{
			Kind: r.Program.Kind, Why: r.Program.Why, Same: r.Program.Same,
			Missing: list(r.Program.Missing), Differs: list(r.Program.Differs), Extra: list(r.Program.Extra)}}
		for _, p := range r.Plugins {
			out.Plugins = append(out.Plugins, p.document())
		}
		doc.Results = append(doc.Results, out)
	}
	return WriteDocument(w, doc)
}

func (p TestedPlugin) document() testPlugin {
	d := testPlugin{
		File: p.File, Passed: !p.Failed() && p.Outcome != trial.Unknown, Outcome: p.Outcome, Text: p.Text, Command: []string{}, Symbols: []testSymbol{},
		Verdict:    testVerdict{Outcome: p.Verdict.Outcome, Refusal: p.Verdict.Refusal, Findings: []string{}},
		Difference: differenceOf(p.Difference),
	}
	for _, f := range p.Verdict.Findings {
		d.Verdict.Findings = append(d.Verdict.Findings, f.ID)
	}
	for _, s := range p.Symbols {
		d.Symbols = append(d.Symbols, testSymbol{s.Name, s.Wants, s.Type, s.Status, s.Error, s.Foretold, differenceOf(s.Difference)})
	}
	if p.Run != nil {
		d.Command, d.Ended = list(p.Run.Command), p.Run.How
	}
	if p.Failed() {
		d.Stack = p.Stack
		if p.Run != nil {
			d.Stdout, d.Stderr = p.Run.Stdout, p.Run.Stderr
		}
	}
	return d
}

func differenceOf(d *trial.Difference) *testDifference {
	if d == nil {
		return nil
	}
	return &testDifference{d.By, d.Text}
}

// WriteTestJUnit writes tests as JUnit XML: a suite for each host, in it a case for each
// plugin. A plugin that was not opened is skipped.
func WriteTestJUnit(w io.Writer, t *Tests) error {
	var suites strings.Builder
	var all junitCount
	for _, r := range t.Results {
		var cases strings.Builder
		var count junitCount
		names := map[string]int{}
		took := 0.0
		for _, p := range r.Plugins {
			name := p.File
			if names[name]++; names[name] > 1 { // readers take cases of one name for one case
				name = fmt.Sprintf("%s (%d)", name, names[name])
			}
			r.junitCase(&cases, &count, p, name)
			took += p.Elapsed.Seconds()
		}
		fmt.Fprintf(&suites, "  <testsuite name=\"%s\"%s skipped=\"%d\" time=\"%.3f\">\n%s  </testsuite>\n",
			xmlText(r.Host.File), count.attributes(), count.skipped, took, cases.String())
		all.add(count)
	}
	_, err := fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"plugtool test\"%s>\n%s</testsuites>\n", all.attributes(), suites.String())
	return err
}

func (r TestResult) junitCase(b *strings.Builder, count *junitCount, p TestedPlugin, name string) {
	count.tests++
	fmt.Fprintf(b, "    <testcase classname=\"%s\" name=\"%s\" time=\"%.3f\">\n", xmlText(r.Host.File), xmlText(name), p.Elapsed.Seconds())
	switch story := r.story(p); {
	case p.Failed():
		count.failures++
		fmt.Fprintf(b, "      <failure type=\"%s\" message=\"%s\">%s</failure>\n", xmlText(p.failure()), xmlText(p.headline()), xmlLines(withoutTabs(story)))
	case p.Outcome == trial.Unknown:
		count.skipped++
		fmt.Fprintf(b, "      <skipped message=\"%s\"></skipped>\n", xmlText(p.said()))
	case story != "":
		fmt.Fprintf(b, "      <system-out>%s</system-out>\n", xmlLines(story))
	}
	if p.Run != nil && p.Failed() {
		for _, stream := range [][2]string{{"system-out", p.Run.Stdout}, {"system-err", p.Run.Stderr}} {
			if stream[1] != "" {
				fmt.Fprintf(b, "      <%s>%s</%s>\n", stream[0], xmlLines(withoutTabs(stream[1])), stream[0])
			}
		}
	}
	b.WriteString("    </testcase>\n")
}

// failure is one word for what went wrong.
func (p TestedPlugin) failure() string {
	for _, s := range p.Symbols {
		if p.Outcome == trial.Loads && s.Status.Breaks() {
			return "contract"
		}
	}
	return string(p.Outcome)
}

// headline says in one line what went wrong.
func (p TestedPlugin) headline() string {
	for _, s := range p.Symbols {
		if p.Outcome == trial.Loads && s.Status.Breaks() {
			return s.said()
		}
	}
	return p.said()
}

// story tells all but what the process printed.
func (r TestResult) story(p TestedPlugin) string {
	var lines []string
	if p.Failed() {
		lines = append(lines, r.Program.said(), p.said())
		if ended := p.ended(); ended != "" {
			lines = append(lines, "the process ended with "+ended)
		}
		if p.Difference == nil {
			lines = append(lines, p.agreement())
		}
		for _, s := range p.Symbols {
			lines = append(lines, s.said())
		}
	}
	for _, d := range p.differences() {
		lines = append(lines, loud(d)...)
	}
	if p.Stack != "" {
		lines = append(lines, "", p.Stack)
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// WriteTestMarkdown writes tests as GitHub's Markdown: what matters first, a line for each
// host and plugin, then what failed, folded.
func WriteTestMarkdown(w io.Writer, t *Tests) error {
	m := markdown{}
	total, _, failed, _ := t.count()
	word := "everything loads"
	if failed > 0 {
		word = fmt.Sprintf("%d of %s", failed, plural(total, "plugin fails", "plugins fail"))
	}
	m.add(fmt.Sprintf("## plugtool test: %s\n\n| | Outcome | Plugin | Host | Opened by |\n|---|---|---|---|---|\n", word))
	for _, r := range t.Results {
		for _, p := range r.Plugins {
			mark := "✅"
			switch {
			case p.Failed():
				mark = "❌"
			case p.Outcome == trial.Unknown:
				mark = "❔"
			}
			m.add(fmt.Sprintf("| %s | %s | %s | %s | %s |\n", mark, p.Outcome, cell(p.File), cell(hostText(&r.Host)), r.Program.Kind))
		}
	}
	for _, r := range t.Results {
		for _, p := range r.Plugins {
			if !p.Failed() && len(p.differences()) == 0 {
				continue
			}
			var b strings.Builder
			fmt.Fprintf(&b, "\n<details><summary>%s: %s in %s</summary>\n\n", p.Outcome, html(p.File), html(r.Host.File))
			text := r.story(p)
			if p.Failed() && p.Outcome != trial.Refused {
				text += "\n\n" + strings.Join(p.output(false), "\n")
			}
			for line := range strings.Lines(text) {
				fmt.Fprintf(&b, "    %s\n", Printable(withoutTabs(strings.TrimRight(line, "\n"))))
			}
			b.WriteString("\n</details>\n")
			m.add(b.String())
		}
	}
	if m.left > 0 {
		fmt.Fprintf(&m.b, "\n**%s left out: the report is too large for a summary.** `--format json=FILE` has everything.\n",
			plural(m.left, "part is", "parts are"))
	}
	_, err := io.WriteString(w, m.b.String())
	return err
}

// WriteTestGitHub writes what failed as workflow commands, which GitHub shows as
// annotations: at most ten, and how many more there are.
func WriteTestGitHub(w io.Writer, t *Tests) error {
	var b strings.Builder
	n := 0
	for _, r := range t.Results {
		for _, p := range r.Plugins {
			if !p.Failed() && len(p.differences()) == 0 {
				continue
			}
			if n++; n > annotationsShown {
				continue
			}
			fmt.Fprintf(&b, "::error title=%s::%s\n", property(Printable("plugtool test: "+p.File+" in "+r.Host.File)), commandData(printableLines(r.story(p))))
		}
	}
	if n > annotationsShown {
		fmt.Fprintf(&b, "plugtool: and %d more that failed, of which GitHub shows no annotation\n", n-annotationsShown)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = Printable(withoutTabs(l))
	}
	return strings.Join(lines, "\n")
}

// withoutTabs gives stacks the form in which they are read, not Printable's.
func withoutTabs(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\t", "    ")
}
