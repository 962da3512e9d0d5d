// Package gotype is Go's types as the runtime tells them apart: with whole import
// paths in place of package names. It writes them, reads what was written, and
// writes them as Go's own messages, symbols and sources do.
//
// The form is Go's, but for three things: a type of a package is written
// example.com/m/api.Request, or with the path in quotes where a path holds
// characters that are rare in one ("example.com/ü".T); an unexported field or
// method carries its package in the same way, since that is part of its identity;
// and an interface lists all of its methods.
package gotype

import (
	"iter"
	"slices"
)

// A Kind says how a Type is made.
type Kind uint8

const (
	Named     Kind = iota // Path and Name, perhaps Args; Path is "" for a predeclared type
	Pointer               // Elem
	Slice                 // Elem
	Array                 // Len, Elem
	Map                   // Key, Elem
	Chan                  // Dir, Elem
	Func                  // Params, Results, Variadic
	Interface             // Methods
	Struct                // Fields
)

// A Direction is that of a channel; the values are reflect.ChanDir's.
type Direction uint8

const (
	Receive Direction = 1
	Send    Direction = 2
	Both    Direction = 3
)

// A Type is a Go type. What its kind does not need is zero.
type Type struct {
	Kind       Kind
	Path, Name string
	Args       []*Type
	Elem, Key  *Type
	Len        uint64
	Dir        Direction
	Params     []*Type // the last of a variadic function is a slice
	Results    []*Type
	Variadic   bool
	Methods    []Method // by name
	Fields     []Field

	// Package is the name of a named type's package where the file says it; it is
	// no part of the type's identity. See PackageName.
	Package string
}

// A Method is one of an interface, or of a type's method set.
type Method struct {
	Path string // the package, of an unexported method
	Name string
	Type *Type // a Func
}

// A Field is one of a struct.
type Field struct {
	Path     string // the package, of an unexported field
	Name     string
	Type     *Type
	Tag      string
	Embedded bool
}

// Equal says whether two types are one: identical in the language's sense, with
// packages told apart by their paths.
func Equal(a, b *Type) bool { return a.String() == b.String() }

// Clone copies a type and all in it.
func (t *Type) Clone() *Type {
	if t == nil {
		return nil
	}
	c := *t
	c.Elem, c.Key = t.Elem.Clone(), t.Key.Clone()
	for _, list := range []*[]*Type{&c.Args, &c.Params, &c.Results} {
		*list = slices.Clone(*list)
		for i, u := range *list {
			(*list)[i] = u.Clone()
		}
	}
	c.Methods, c.Fields = slices.Clone(t.Methods), slices.Clone(t.Fields)
	for i := range c.Methods {
		c.Methods[i].Type = c.Methods[i].Type.Clone()
	}
	for i := range c.Fields {
		c.Fields[i].Type = c.Fields[i].Type.Clone()
	}
	return &c
}

// ByName puts packages' names in place of their paths, as somebody may write a type by
// mistake, and gives the type. It stays as it is where a name is not known.
func (t *Type) ByName() *Type {
	for u := range t.Packages() {
		if u.Package != "" {
			u.Path = u.Package
		}
	}
	return t
}

// PackageName is the name of the package of a named type: as the file has it, or
// else what its path suggests, and whether that is a guess.
func (t *Type) PackageName() (name string, guess bool) {
	if t.Package != "" {
		return t.Package, false
	}
	return nameOfPath(t.Path), true
}

// Packages gives the named types in a type that belong to packages, one for each
// mention.
func (t *Type) Packages() iter.Seq[*Type] {
	return func(yield func(*Type) bool) {
		more := true
		t.each(func(u *Type) {
			if more && u.Kind == Named && u.Path != "" {
				more = yield(u)
			}
		})
	}
}

// each calls f for a type and all in it.
func (t *Type) each(f func(*Type)) {
	if t == nil {
		return
	}
	f(t)
	t.Elem.each(f)
	t.Key.each(f)
	for _, list := range [][]*Type{t.Args, t.Params, t.Results} {
		for _, u := range list {
			u.each(f)
		}
	}
	for _, m := range t.Methods {
		m.Type.each(f)
	}
	for _, field := range t.Fields {
		field.Type.each(f)
	}
}

// Learn takes the names of packages that another type has from its file.
func (t *Type) Learn(other *Type) {
	names := make(map[string]string)
	for u := range other.Packages() {
		if u.Package != "" {
			names[u.Path] = u.Package
		}
	}
	for u := range t.Packages() {
		if u.Package == "" {
			u.Package = names[u.Path]
		}
	}
}
