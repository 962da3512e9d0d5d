package builder

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// silentWarning warns of a plugin that exports nothing: it loads, and Lookup finds
// nothing in it. It names what of the package's own names would be exported with a
// capital letter.
func silentWarning(dir string) string {
	const words = "the plugin exports nothing, so the host's Lookup finds nothing in it"
	names := lowerCaseNames(dir)
	if len(names) == 0 {
		return words + ": package main has no function or variable of its own"
	}
	return fmt.Sprintf("%s: %s would be exported with a capital letter", words, strings.Join(names[:min(len(names), mostCauses)], ", "))
}

// lowerCaseNames lists the functions and variables of a folder's package main that no
// other package can look up, functions first.
func lowerCaseNames(dir string) []string {
	var funcs, vars []string
	for _, file := range sourceFiles(dir) {
		content, err := readRegular(filepath.Join(dir, file.name))
		if err != nil {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file.name, content, parser.SkipObjectResolution)
		if err != nil {
			continue
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name != "main" && d.Name.Name != "init" {
					funcs = append(funcs, d.Name.Name)
				}
			case *ast.GenDecl:
				vars = append(vars, varNames(d)...)
			}
		}
	}
	slices.Sort(funcs)
	slices.Sort(vars)
	return slices.DeleteFunc(slices.Compact(append(funcs, vars...)), func(name string) bool { return name == "_" || ast.IsExported(name) })
}

func varNames(d *ast.GenDecl) []string {
	var names []string
	if d.Tok != token.VAR {
		return nil
	}
	for _, spec := range d.Specs {
		if v, ok := spec.(*ast.ValueSpec); ok {
			for _, id := range v.Names {
				names = append(names, id.Name)
			}
		}
	}
	return names
}
