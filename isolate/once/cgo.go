package once

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// hidden keeps the C code of a package to the plugin: its functions, and those exported
// from Go for C to call, are not in the plugin's dynamic symbols then.
const hidden = "#cgo CFLAGS: -fvisibility=hidden\n#cgo CXXFLAGS: -fvisibility=hidden\n"

// cSymbols tells of C code whose symbols the host's take the place of. A plugin is linked
// without -Bsymbolic, and the host exports all of its symbols for plugins.
func (a *analysis) cSymbols(u *unit) *Finding {
	if len(u.CgoFiles) == 0 {
		return nil
	}
	sources := slices.Concat(u.CFiles, u.CXXFiles, u.MFiles, u.FFiles)
	defines := len(sources) > 0
	var first *ast.GenDecl
	var prebuilt bool
	for _, file := range u.files {
		for _, group := range file.Comments {
			for _, c := range group.List {
				defines = defines || strings.HasPrefix(c.Text, "//export ")
			}
		}
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || !importsC(gen) {
				continue
			}
			if first == nil {
				first = gen
			}
			preamble := preamble(gen)
			defines = defines || strings.Contains(preamble, "{")
			prebuilt = prebuilt || linksArchive(preamble)
		}
	}
	if !defines && !prebuilt || first == nil {
		return nil
	}
	at := a.world.at(first.Pos())
	f := &Finding{
		Package: u.ImportPath, Position: at, Registry: "C symbols", Owner: Process, Consequence: Interposed,
		Chain: []Call{{Func: u.ImportPath, At: at}},
	}
	if !prebuilt && len(u.MFiles)+len(u.FFiles) == 0 {
		f.Keys = []Span{a.preambleSpan(u, first)}
	}
	return f
}

func importsC(gen *ast.GenDecl) bool {
	return gen.Tok == token.IMPORT && slices.ContainsFunc(gen.Specs, func(s ast.Spec) bool {
		spec, ok := s.(*ast.ImportSpec)
		return ok && spec.Path.Value == `"C"`
	})
}

// preamble is the C code that a file brings along, with its cgo lines.
func preamble(gen *ast.GenDecl) string {
	var b strings.Builder
	for _, group := range preambleGroups(gen) {
		for _, c := range group.List {
			b.WriteString(c.Text)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// preambleGroups are the comments that cgo takes for C code: those of the import itself,
// and of the declaration where there is no other import in it.
func preambleGroups(gen *ast.GenDecl) []*ast.CommentGroup {
	var groups []*ast.CommentGroup
	for _, s := range gen.Specs {
		spec, ok := s.(*ast.ImportSpec)
		switch {
		case !ok || spec.Path.Value != `"C"`:
		case spec.Doc != nil:
			groups = append(groups, spec.Doc)
		case len(gen.Specs) == 1 && gen.Doc != nil:
			groups = append(groups, gen.Doc)
		}
	}
	return groups
}

// linksArchive tells whether C code comes compiled, so that no flag changes it.
func linksArchive(preamble string) bool {
	for line := range strings.Lines(preamble) {
		line = strings.TrimLeft(line, "/* \t")
		if strings.HasPrefix(line, "#cgo") && strings.Contains(line, "LDFLAGS") &&
			(strings.Contains(line, "${SRCDIR}") || strings.Contains(line, ".a ") || strings.HasSuffix(strings.TrimSpace(line), ".a")) {
			return true
		}
	}
	return false
}

// preambleSpan is the start of the first preamble, or the import where there is none:
// what the flags go in front of.
func (a *analysis) preambleSpan(u *unit, gen *ast.GenDecl) Span {
	if groups := preambleGroups(gen); len(groups) > 0 {
		s := a.span(u, groups[0].List[0])
		s.Text = s.Text[:min(2, len(s.Text))] // how the comment begins
		return s
	}
	if len(gen.Specs) == 1 {
		s := a.span(u, gen)
		s.Text = s.Text[:min(len("import"), len(s.Text))]
		return s
	}
	i := slices.IndexFunc(gen.Specs, func(s ast.Spec) bool { return s.(*ast.ImportSpec).Path.Value == `"C"` })
	return a.span(u, gen.Specs[i])
}
