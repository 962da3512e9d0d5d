package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/plugtool/plugtool/inspector"
)

// markdownLimit is in bytes. GitHub drops the summary of a step that is larger
// than 1 MiB; other steps' tools may write to it as well.
const markdownLimit = 900 << 10

// WriteMarkdown writes a report as GitHub's Markdown: the verdict first, then a
// line for each host and plugin, then what was found, folded. What is too much
// for a step's summary is left out, and the report says so.
func WriteMarkdown(w io.Writer, r *Report) error {
	m := markdown{report: r}
	m.verdict()
	m.table()
	r.any(func(host *inspector.HostRef, p Plugin) bool {
		m.details(host, p)
		return false
	})
	if m.left > 0 {
		fmt.Fprintf(&m.b, "\n**%s left out: the report is too large for a summary.** `--format json=FILE` has everything.\n",
			plural(m.left, "part is", "parts are"))
	}
	_, err := io.WriteString(w, m.b.String())
	return err
}

type markdown struct {
	report *Report
	b      strings.Builder
	left   int // parts that found no place
}

// add writes a part whole, or counts it as left out.
func (m *markdown) add(part string) {
	if m.b.Len()+len(part) > markdownLimit {
		m.left++
		return
	}
	m.b.WriteString(part)
}

func (m *markdown) verdict() {
	r := m.report
	total, failed := 0, 0
	r.any(func(host *inspector.HostRef, p Plugin) bool {
		total++
		if r.untrusted(p) || r.fails(host, p, r.findings(host, p)) {
			failed++
		}
		return false
	})
	word := "everything holds"
	if failed > 0 {
		word = fmt.Sprintf("%d of %s", failed, plural(total, "verdict fails", "verdicts fail"))
	}
	line := r.summary()
	if line != "" {
		line = "\n" + line + "\n"
	}
	m.add(fmt.Sprintf("## plugtool verify: %s\n%s\n", word, line))
}

func (m *markdown) table() {
	m.add("| | Outcome | Plugin | Host | Findings |\n|---|---|---|---|---|\n")
	m.report.any(func(host *inspector.HostRef, p Plugin) bool {
		findings := m.report.findings(host, p)
		mark := "✅"
		switch {
		case m.report.untrusted(p) || m.report.fails(host, p, findings):
			mark = "❌"
		case p.Outcome == inspector.Unknown:
			mark = "❔"
		}
		var ids []string
		for _, f := range findings {
			id := fmt.Sprintf("[%s](%s)", f.ID, inspector.DocsURL+f.ID+".md")
			if f.Suppressed != nil {
				id = "~~" + id + "~~"
			}
			ids = append(ids, id)
		}
		name := "no host"
		if host != nil {
			name = hostText(host)
		}
		m.add(fmt.Sprintf("| %s | %s | %s | %s | %s |\n", mark, p.Outcome, cell(p.File), cell(name), strings.Join(ids, ", ")))
		return false
	})
}

func (m *markdown) details(host *inspector.HostRef, p Plugin) {
	findings := m.report.findings(host, p)
	lacks := p.lacksVerdict()
	if len(findings) == 0 && p.Refusal == "" && lacks == "" {
		return
	}
	var b strings.Builder
	name := suiteName(host)
	fmt.Fprintf(&b, "\n<details><summary>%s: %s in %s</summary>\n\n", p.Outcome, html(p.File), html(name))
	if p.Refusal != "" {
		fmt.Fprintf(&b, "%s\n\n", code(p.Refusal))
	}
	if lacks != "" {
		fmt.Fprintf(&b, "%s\n\n", escape(lacks))
	}
	for _, f := range findings {
		word := string(f.Severity)
		if f.Suppressed != nil {
			word = suppressedWord(f)
		}
		fmt.Fprintf(&b, "**%s [%s](%s)** %s%s\n\n", word, f.ID, inspector.DocsURL+f.ID+".md", escape(f.Title), escape(because(f)))
		for _, fact := range [][2]string{{"host", f.Host}, {"plugin", f.Plugin}, {"packages", someOf(packagesOf(f.Finding))}} {
			if fact[1] != "" {
				fmt.Fprintf(&b, "- %s: %s\n", fact[0], code(fact[1]))
			}
		}
		if f.Detail != "" {
			fmt.Fprintf(&b, "\n%s\n", escape(f.Detail))
		}
		if len(f.Fix) > 0 {
			b.WriteString("\nTo mend it:\n\n")
			for _, fix := range f.Fix {
				fmt.Fprintf(&b, "    %s\n", Printable(fix))
			}
		}
		b.WriteByte('\n')
	}
	b.WriteString("</details>\n")
	m.add(b.String())
}

// code writes text as code in one line. Backticks around it are more than any
// that it has in a row.
func code(text string) string {
	text = Printable(text)
	fence, row := 1, 0
	for _, c := range text {
		if row++; c != '`' {
			row = 0
		}
		fence = max(fence, row+1)
	}
	ticks := strings.Repeat("`", fence)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") || text == "" {
		text = " " + text + " "
	}
	return ticks + text + ticks
}

// cell is code in a table, where a bar ends the cell even within code.
func cell(text string) string { return strings.ReplaceAll(code(text), "|", `\|`) }

// escape makes text mean nothing but itself.
func escape(text string) string {
	var b strings.Builder
	for _, c := range Printable(text) {
		if c < utf8.RuneSelf && strings.ContainsRune("\\`*_[]<>#!|~&$", c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// html makes text mean nothing but itself within an element of HTML.
func html(text string) string { return xmlText(text) }
