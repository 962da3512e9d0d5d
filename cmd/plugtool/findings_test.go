package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/docs"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
)

// sections are the headings of a finding's page, in this order. The last one
// holds the reproducer.
var sections = []string{"What happens", "Why", "How to mend it", "See it"}

// eachPage runs a test for the page of every finding.
func eachPage(t *testing.T, test func(t *testing.T, kind inspector.FindingKind, page string)) {
	for _, kind := range append(inspector.FindingKinds(), report.SignatureKinds()...) {
		t.Run(kind.ID, func(t *testing.T) {
			page, err := docs.Findings.ReadFile("findings/" + kind.ID + ".md")
			if err != nil {
				t.Fatal(err)
			}
			test(t, kind, string(page))
		})
	}
}

// TestPagesHaveOneForm holds what `plugtool explain` prints to the form that
// docs/findings/README.md gives.
func TestPagesHaveOneForm(t *testing.T) {
	eachPage(t, func(t *testing.T, kind inspector.FindingKind, page string) {
		title, _, _ := strings.Cut(page, "\n")
		if want := "# " + kind.ID + " " + kind.Slug + ": "; !strings.HasPrefix(title, want) {
			t.Errorf("the title is %q, want one that begins with %q", title, want)
		}
		var got []string
		for line := range strings.Lines(page) {
			if heading, ok := strings.CutPrefix(line, "## "); ok {
				got = append(got, strings.TrimSpace(heading))
			}
		}
		if !slices.Equal(got, sections) {
			t.Errorf("the sections are %q, want %q", got, sections)
		}
	})
}
