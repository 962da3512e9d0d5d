package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/inspector/gotype"
)

// hashesShown is how many package hashes a text shows before it names the flag
// that shows them all.
const hashesShown = 12

// WriteInspectText writes a binary's facts for people, a section for each kind
// of fact. With style.Verbose it lists every package hash.
func WriteInspectText(w io.Writer, b *inspector.Binary, style Style) error {
	t := inspectWriter{style: style}
	t.heading(Printable(b.File))
	t.table(generalFacts(b))
	t.headed("build settings", settingRows(b.Settings))
	t.headed("modules", moduleRows(b))
	t.isolated(b)
	t.headed(counted("exported symbols", len(b.Symbols)), symbolRows(b.Symbols))
	t.headed("declarations, to paste", declarationRows(b))
	t.hashes(b)
	_, err := io.WriteString(w, t.b.String())
	return err
}

type inspectWriter struct {
	b     strings.Builder
	style Style
}

type row []string

func (t *inspectWriter) heading(text string) {
	if t.b.Len() > 0 {
		t.b.WriteByte('\n')
	}
	t.b.WriteString(t.style.paint(bold, text) + "\n")
}

// table writes rows below a heading, in columns; the last column is not padded.
func (t *inspectWriter) table(rows []row) {
	var widths []int
	for _, r := range rows {
		for i, cell := range r[:len(r)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, r := range rows {
		line := " "
		for i, cell := range r {
			line += " " + cell
			if i < len(r)-1 {
				line += strings.Repeat(" ", widths[i]-len([]rune(cell))+1)
			}
		}
		t.b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// headed writes a table below a heading, or nothing where there are no rows.
func (t *inspectWriter) headed(heading string, rows []row) {
	if len(rows) == 0 {
		return
	}
	t.heading(heading)
	t.table(rows)
}

func (t *inspectWriter) hashes(b *inspector.Binary) {
	var rows []row
	for _, p := range b.Packages {
		if len(rows) == hashesShown && !t.style.Verbose {
			break
		}
		rows = append(rows, row{p.Hash.String(), Printable(p.Path)})
	}
	t.headed(counted("package hashes", len(b.Packages)), rows)
	if more := len(b.Packages) - len(rows); more > 0 {
		fmt.Fprintf(&t.b, "  … and %d more (--packages lists them)\n", more)
	}
}

// isolated tells what a plugin with private copies records of its isolation.
func (t *inspectWriter) isolated(b *inspector.Binary) {
	i := b.Isolated
	if i == nil {
		return
	}
	const by = ", as the build recorded"
	if i.Damaged != "" {
		t.headed("isolated", []row{{"the record cannot be read: " + Printable(i.Damaged)}})
		return
	}
	t.headed("isolated"+by, []row{{"rules", Printable(i.Rules)}})
	var rows []row
	for _, s := range i.Process {
		what := s.Registry
		if s.Key != "" {
			what = fmt.Sprintf("%s %q", s.Registry, s.Key)
		}
		says := s.Seen
		if s.Apart {
			says = "the copy's is its own"
		}
		rows = append(rows, row{Printable(s.Package), Printable(what), Printable(s.Consequence), Printable(says)})
	}
	if i.Left > 0 {
		rows = append(rows, row{fmt.Sprintf("… and %d more, for which the record had no room", i.Left)})
	}
	t.headed(counted("once per process"+by, len(i.Process)+i.Left), rows)
	rows = nil
	for _, pkg := range i.Unknown {
		rows = append(rows, row{Printable(pkg)})
	}
	t.headed(counted("not known as a whole"+by, len(i.Unknown)), rows)
}

func counted(what string, n int) string { return fmt.Sprintf("%s (%d)", what, n) }

// generalFacts are the facts that take one line each; those that are unknown
// are left out.
func generalFacts(b *inspector.Binary) []row {
	facts := []row{
		{"kind", string(b.Kind)},
		{"plugin.Open", loadingText(b.Loading)},
		{"platform", b.Platform},
		{"size", sizeText(b.Size)},
		{"sha256", b.SHA256},
		{"go", b.GoVersion},
		{"main package", b.Path},
		{"plugin path", b.PluginPath},
		{"interpreter", b.Interpreter},
		{"C libraries", strings.Join(b.Needed, ", ")},
		{"glibc", glibcText(b.Glibc)},
		{"moduledata", sizeText(int64(b.ModuledataSize))},
		{"PIE", pieText(b)},
	}
	for i := range facts {
		facts[i][1] = Printable(facts[i][1])
	}
	return slices.DeleteFunc(facts, func(r row) bool { return r[1] == "" })
}

func sizeText(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

func glibcText(version string) string {
	if version == "" {
		return ""
	}
	return version + " or newer"
}

func loadingText(l inspector.Loading) string {
	switch l {
	case inspector.LoadingWorks:
		return "works"
	case inspector.LoadingStub:
		return "returns an error: built with CGO_ENABLED=0"
	case inspector.LoadingNone:
		return "never called: package plugin is not linked in"
	case inspector.LoadingStatic:
		return "ends the process: linked statically or internally"
	}
	return string(l)
}

func pieText(b *inspector.Binary) string {
	if !b.PIE {
		return ""
	}
	return "yes"
}

func settingRows(settings []inspector.Setting) []row {
	var rows []row
	for _, s := range settings {
		rows = append(rows, row{Printable(s.Key), Printable(s.Value)})
	}
	return rows
}

func moduleRows(b *inspector.Binary) []row {
	var rows []row
	if b.Main.Path != "" {
		rows = append(rows, moduleRow("main", b.Main))
	}
	for _, m := range b.Deps {
		rows = append(rows, moduleRow("", m))
		if m.Replace != nil {
			role := "  =>"
			if b.PrivateCopy(m) {
				role = "copy of"
			}
			rows = append(rows, moduleRow(role, *m.Replace))
		}
	}
	return rows
}

func moduleRow(role string, m inspector.Module) row {
	return row{role, Printable(m.Path), Printable(m.Version), Printable(m.Sum)}
}

func symbolRows(symbols []inspector.Symbol) []row {
	var rows []row
	for _, s := range symbols {
		rows = append(rows, row{Printable(s.Name), Printable(s.Type)})
	}
	return rows
}

// declarationRows are the exported symbols as Go source that declares them, in a
// package main that has the plugin's own types. A variable is declared with its own
// type, to which Lookup gives a pointer.
func declarationRows(b *inspector.Binary) []row {
	var types []*gotype.Type
	for _, s := range b.Symbols {
		t, err := gotype.Parse(s.Type)
		if err != nil {
			return nil // too long to be read again; the types are above
		}
		for u := range t.Packages() {
			u.Package = b.PackageNames[u.Path]
		}
		types = append(types, t)
	}
	scope := gotype.NewScope(b.PluginPath, types...)
	var rows []row
	if imports := scope.Imports(); len(imports) > 0 {
		rows = append(rows, row{"import ("})
		for _, i := range imports {
			rows = append(rows, row{"    " + Printable(i.String())})
		}
		rows = append(rows, row{")"}, row{""})
	}
	for i, s := range b.Symbols {
		if d, ok := scope.Declare(s.Name, types[i]); ok {
			rows = append(rows, row{Printable(d)})
		}
	}
	return rows
}
