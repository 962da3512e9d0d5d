package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// DiffSchema names the document that plugtool diff writes.
const DiffSchema = "plugtool.diff/v1"

type diffDocument struct {
	Schema   string             `json:"schema"`
	Old      inspector.HostRef  `json:"old"`
	New      inspector.HostRef  `json:"new"`
	Breaks   inspector.Breaks   `json:"breaks"`
	Reason   string             `json:"reason"`
	Causes   []diffCause        `json:"causes"`
	Packages diffPackages       `json:"packages"`
	Settings []inspector.Change `json:"settings"`
	Modules  []inspector.Change `json:"modules"`
	C        []inspector.Change `json:"c"`
	Plugins  []diffPlugin       `json:"plugins"`
}

type diffCause struct {
	ID       string   `json:"id"`
	Slug     string   `json:"slug"`
	Title    string   `json:"title"`
	Old      string   `json:"old"`
	New      string   `json:"new"`
	Packages []string `json:"packages"`
}

type diffPackages struct {
	Same    int      `json:"same"`
	Changed []string `json:"changed"`
	Gone    []string `json:"gone"`
	Added   []string `json:"added"`
}

type diffPlugin struct {
	File   string      `json:"file"`
	Breaks bool        `json:"breaks"`
	Old    diffVerdict `json:"old"`
	New    diffVerdict `json:"new"`
}

type diffVerdict struct {
	Outcome  inspector.Outcome   `json:"outcome"`
	Refusal  string              `json:"refusal,omitempty"`
	Findings []inspector.Finding `json:"findings"`
}

// WriteDiffJSON writes what an upgrade changes as a plugtool.diff/v1 document.
func WriteDiffJSON(w io.Writer, d *inspector.HostDiff) error {
	doc := diffDocument{
		Schema: DiffSchema, Old: d.Old, New: d.New, Breaks: d.Breaks, Reason: d.Reason, Causes: []diffCause{},
		Packages: diffPackages{Same: d.Same, Changed: list(d.Changed), Gone: list(d.Gone), Added: list(d.Added)},
		Settings: list(d.Settings), Modules: list(d.Modules), C: list(d.C), Plugins: []diffPlugin{},
	}
	for _, f := range d.Causes {
		doc.Causes = append(doc.Causes, diffCause{f.ID, f.Slug, f.Title, f.Plugin, f.Host, list(f.Packages)})
	}
	for _, p := range d.Plugins {
		doc.Plugins = append(doc.Plugins, diffPlugin{p.File, p.Breaks(), verdictOf(p.Old), verdictOf(p.New)})
	}
	return WriteDocument(w, doc)
}

func verdictOf(v inspector.PluginVerdict) diffVerdict {
	findings := list(v.Findings)
	for i, f := range findings {
		findings[i].Fix = list(f.Fix)
	}
	return diffVerdict{v.Outcome, v.Refusal, findings}
}

// list copies a slice, so that none is ever null.
func list[T any](all []T) []T { return append([]T{}, all...) }

// WriteDiffText writes what an upgrade changes for people: which plugins break and
// why, then what else changed.
func WriteDiffText(w io.Writer, d *inspector.HostDiff, style Style) error {
	t := newTextWriter(&Report{}, style)
	mark, headline := green, "no plugin breaks"
	switch d.Breaks {
	case inspector.BreaksAll:
		mark, headline = red, "every plugin breaks"
	case inspector.BreaksSome:
		mark, headline = yellow, "some plugins break"
	}
	if !style.Quiet || d.Breaks != inspector.BreaksNone {
		t.line("%s  from %s to %s", style.paint(mark, headline), hostText(&d.Old), hostText(&d.New))
		t.line("  %s", Printable(d.Reason))
	}
	t.diffCauses(d)
	if !style.Quiet {
		t.diffPackages(d)
		t.changes("settings", d.Settings)
		t.changes("modules", d.Modules)
		t.changes("for C code", d.C)
	}
	for _, p := range d.Plugins {
		t.diffPlugin(d, p)
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

func (t *textWriter) diffCauses(d *inspector.HostDiff) {
	for _, f := range d.Causes {
		t.b.WriteByte('\n')
		t.line("  %s  %s", f.ID, t.style.paint(bold, Printable(f.Title)))
		t.fact("old", f.Plugin)
		t.fact("new", f.Host)
		t.packages(f)
	}
	t.loose = true
}

func (t *textWriter) diffPackages(d *inspector.HostDiff) {
	t.section()
	t.line("  packages  %d as before, %d changed, %d gone, %d new", d.Same, len(d.Changed), len(d.Gone), len(d.Added))
	t.names("gone", d.Gone)
	t.names("new", d.Added)
}

// names lists names in one line, or all of them one by one.
func (t *textWriter) names(what string, all []string) {
	if len(all) == 0 {
		return
	}
	if !t.style.Verbose && len(all) > packagesShown {
		t.fact(what, fmt.Sprintf("%s and %d more (--verbose names them)", strings.Join(all[:packagesShown], ", "), len(all)-packagesShown))
		return
	}
	t.fact(what, all[0])
	for _, name := range all[1:] {
		t.line("    %10s%s", "", Printable(name))
	}
}

// changesShown is how many changes of one kind are told, unless verbose.
const changesShown = 10

func (t *textWriter) changes(what string, all []inspector.Change) {
	if len(all) == 0 {
		return
	}
	t.line("  %s", what)
	for i, c := range all {
		if i == changesShown && !t.style.Verbose {
			t.line("    … and %d more (--verbose names them)", len(all)-i)
			return
		}
		t.line("    %s: %s → %s", Printable(c.Name), Printable(orNone(c.Old)), Printable(orNone(c.New)))
	}
}

func orNone(value string) string {
	if value == "" {
		return "none"
	}
	return value
}

func (t *textWriter) diffPlugin(d *inspector.HostDiff, p inspector.PluginChange) {
	if t.style.Quiet && !p.Breaks() {
		return
	}
	t.loose = true
	t.section()
	file := t.style.paint(bold, Printable(p.File))
	switch {
	case p.Breaks():
		t.line("%s  %s, which loads into %s: %s", t.style.paint(red, "breaks"), file, Printable(d.Old.File), ended(p.New, d.New))
	case p.Old.Outcome == inspector.Loads:
		t.line("%s  %s into both", t.style.paint(green, "loads"), file)
	case p.New.Outcome == inspector.Loads:
		t.line("%s  %s into %s; before: %s", t.style.paint(green, "loads"), file, Printable(d.New.File), ended(p.Old, d.Old))
	default:
		t.line("%s  %s into neither: %s", t.style.paint(red, "loads"), file, ended(p.New, d.New))
	}
	if p.New.Refusal != "" {
		t.line("  %s", Printable(p.New.Refusal))
	}
	changed := Plugin{PluginVerdict: p.New}
	t.findings(t.shown(changed, t.report.findings(&d.New, changed)))
}

// ended says what becomes of a plugin that does not load.
func ended(v inspector.PluginVerdict, host inspector.HostRef) string {
	if v.Outcome == inspector.Crashes {
		return "opening it takes " + Printable(host.File) + " down"
	}
	return Printable(host.File) + " refuses it"
}
