package builder

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// declares says whether the Go files of a folder declare a name, or a type's member.
func declares(dir, symbol string) bool {
	typ, member, isMember := strings.Cut(symbol, ".")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries[:min(len(entries), mostFiles)] {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		content, err := readRegular(filepath.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), content, parser.SkipObjectResolution)
		if err != nil {
			continue
		}
		for _, d := range f.Decls {
			if isMember && hasMember(d, typ, member) || !isMember && hasName(d, typ) {
				return true
			}
		}
	}
	return false
}

func hasName(d ast.Decl, name string) bool {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return d.Recv == nil && d.Name.Name == name
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.Name == name {
					return true
				}
			case *ast.ValueSpec:
				if slices.ContainsFunc(spec.Names, func(id *ast.Ident) bool { return id.Name == name }) {
					return true
				}
			}
		}
	}
	return false
}

func hasMember(d ast.Decl, typ, member string) bool {
	if fn, ok := d.(*ast.FuncDecl); ok {
		if fn.Recv == nil || len(fn.Recv.List) == 0 || fn.Name.Name != member {
			return false
		}
		return baseName(fn.Recv.List[0].Type) == typ
	}
	gen, ok := d.(*ast.GenDecl)
	if !ok {
		return false
	}
	for _, spec := range gen.Specs {
		t, ok := spec.(*ast.TypeSpec)
		if !ok || t.Name.Name != typ {
			continue
		}
		var fields *ast.FieldList
		switch u := t.Type.(type) {
		case *ast.StructType:
			fields = u.Fields
		case *ast.InterfaceType:
			fields = u.Methods
		default:
			continue
		}
		for _, field := range fields.List {
			if slices.ContainsFunc(field.Names, func(id *ast.Ident) bool { return id.Name == member }) {
				return true
			}
		}
	}
	return false
}

// baseName gives the name of a receiver's type.
func baseName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return baseName(e.X)
	case *ast.IndexExpr:
		return baseName(e.X)
	case *ast.IndexListExpr:
		return baseName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
