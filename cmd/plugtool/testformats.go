package main

import (
	"bytes"
	"io"

	"github.com/plugtool/plugtool/report"
)

// testWriters are the writers of a test's report.
func testWriters(t *report.Tests) map[string]writer {
	plain := func(write func(io.Writer, *report.Tests) error) writer {
		return func(w io.Writer, _ report.Style) error { return write(w, t) }
	}
	return map[string]writer{
		formatText:     func(w io.Writer, s report.Style) error { return report.WriteTestText(w, t, s) },
		formatJSON:     plain(report.WriteTestJSON),
		formatJUnit:    plain(report.WriteTestJUnit),
		formatMarkdown: plain(report.WriteTestMarkdown),
		formatGitHub:   plain(report.WriteTestGitHub),
	}
}

// tellTestCI adds what GitHub shows beside the log; what fails there is a warning.
func (p *program) tellTestCI(t *report.Tests, o testOptions) {
	if o.ci != ciGitHub {
		return
	}
	if !o.outputs.writes(formatGitHub) {
		if err := report.WriteTestGitHub(p.err, t); err != nil {
			p.warningf("the annotations for GitHub could not be written: %v", err)
		}
	}
	summary := p.env.get("GITHUB_STEP_SUMMARY")
	if summary == "" || o.outputs.writes(formatMarkdown) {
		return
	}
	var text bytes.Buffer
	err := report.WriteTestMarkdown(&text, t)
	if err == nil {
		err = appendTo(summary, text.Bytes())
	}
	if err != nil {
		p.warningf("the step's summary could not be written: %v", err)
	}
}
