package main

import (
	"io"

	"github.com/plugtool/plugtool/report"
)

// writers are those of many builds.
func (m *manyBuilds) writers() map[string]writer {
	plain := func(write func(io.Writer, []report.Build) error) writer {
		return func(w io.Writer, _ report.Style) error { return write(w, m.rows) }
	}
	return map[string]writer{
		formatText:     m.writeText,
		formatJSON:     plain(report.WriteBuildsJSON),
		formatJUnit:    plain(report.WriteBuildsJUnit),
		formatMarkdown: plain(report.WriteBuildsMarkdown),
	}
}

// writeText writes what is to be known about the plugins, and the table at the end;
// of a dry run the commands.
func (m *manyBuilds) writeText(w io.Writer, s report.Style) error {
	if m.dryRun && m.pins {
		_, err := io.WriteString(w, m.pinsTables())
		return err
	}
	if m.dryRun {
		_, err := io.WriteString(w, m.planScript())
		return err
	}
	for _, row := range m.rows {
		if row.Verdict == nil {
			continue
		}
		if err := tellFindings(w, row.Verdict, s); err != nil {
			return err
		}
	}
	rows := append([]report.Build{}, m.rows...)
	for i := range rows {
		if rows[i].Output != "" {
			rows[i].Output = shortest(rows[i].Output)
		}
	}
	return report.WriteBuildsText(w, rows, s)
}
