package gotype

import (
	"fmt"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// An Import is one that declarations need.
type Import struct {
	Name string // "" where the path gives it
	Path string
}

// String writes an import's specification.
func (i Import) String() string {
	return strings.TrimSpace(i.Name + " " + strconv.Quote(i.Path))
}

// A Scope writes types as the source of one package does, which imports the others.
type Scope struct {
	local string
	names map[string]string // of packages by path
	list  []Import
}

// NewScope makes a scope for the package with the path local, in which these types
// can be written: of two packages with one name, the second gets another.
func NewScope(local string, types ...*Type) *Scope {
	known := make(map[string]*Type)
	for _, t := range types {
		t.each(func(u *Type) {
			if u.Kind == Named && u.Path != "" && u.Path != local && (known[u.Path] == nil || known[u.Path].Package == "") {
				known[u.Path] = u
			}
		})
	}
	s := &Scope{local: local, names: make(map[string]string)}
	var paths []string
	for p := range known {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	taken := make(map[string]bool)
	for _, p := range paths {
		name, _ := known[p].PackageName()
		if name == "main" {
			name = nameOfPath(p)
		}
		unique := name
		for i := 2; taken[unique] || slices.Contains(predeclared, unique) || token.IsKeyword(unique); i++ {
			unique = name + strconv.Itoa(i)
		}
		taken[unique], s.names[p] = true, unique
		spec := Import{Name: unique, Path: p}
		if unique == path.Base(p) {
			spec.Name = ""
		}
		s.list = append(s.list, spec)
	}
	return s
}

// Imports lists what the scope imports, by path.
func (s *Scope) Imports() []Import { return s.list }

// Write writes a type as source.
func (s *Scope) Write(t *Type) string {
	w := &writer{comma: ", ", member: func(_, name string) string { return name }}
	w.qualify = func(t *Type) string {
		name, _, _ := strings.Cut(t.Name, "·")
		if t.Path == "" || t.Path == s.local {
			return name
		}
		return s.names[t.Path] + "." + name
	}
	w.typ(t)
	return w.b.String()
}

// Declare writes the declaration that gives a symbol its type as plugin.Lookup has it:
// a function, or for a pointer a variable. Nothing declares any other type.
func (s *Scope) Declare(name string, t *Type) (string, bool) {
	switch t.Kind {
	case Func:
		return "func " + name + strings.TrimPrefix(s.Write(t), "func"), true
	case Pointer:
		return fmt.Sprintf("var %s %s", name, s.Write(t.Elem)), true
	}
	return "", false
}

// WritableIn says whether the source of a package can write the type: what it names of
// other packages is exported, and none of them is a program's package main.
func (t *Type) WritableIn(local string) bool {
	writable := true
	t.each(func(u *Type) {
		if u.Kind == Named && u.Path != "" && u.Path != local && (u.Path == "main" || !token.IsExported(u.Name)) {
			writable = false
		}
		for _, m := range u.Methods {
			writable = writable && (m.Path == "" || m.Path == local)
		}
		for _, f := range u.Fields {
			writable = writable && (f.Path == "" || f.Path == local)
		}
	})
	return writable
}
