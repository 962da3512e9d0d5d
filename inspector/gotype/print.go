package gotype

import (
	"go/token"
	"strconv"
	"strings"
	"unicode"
)

// A writer writes types in one of several styles.
type writer struct {
	b strings.Builder
	// qualify gives a named type without its arguments, member a field's or
	// method's name.
	qualify func(t *Type) string
	member  func(path, name string) string
	comma   string // between type arguments
	args    func(t *Type) string
	renamed bool // write the name of an embedded field that its type does not give
}

// String writes a type with whole import paths, as Parse reads it.
func (t *Type) String() string {
	w := &writer{comma: ", ", renamed: true, qualify: func(t *Type) string { return withPath(t.Path, t.Name) }, member: withPath}
	w.typ(t)
	return w.b.String()
}

// Linked writes a type as the linker names its symbol.
func (t *Type) Linked() string {
	escaped := func(path, name string) string {
		if path == "" {
			return name
		}
		return Escape(path) + "." + name
	}
	w := &writer{comma: ",", renamed: true, qualify: func(t *Type) string { return escaped(t.Path, t.Name) }, member: escaped}
	w.typ(t)
	return w.b.String()
}

// GoText writes a type as Go's own messages do: with package names, and whole paths in
// type arguments alone.
func (t *Type) GoText() string {
	w := &writer{comma: ",", args: (*Type).Linked}
	w.qualify = func(t *Type) string {
		name, _, _ := strings.Cut(t.Name, "·")
		if t.Path == "" {
			return name
		}
		pkg, _ := t.PackageName()
		return pkg + "." + name
	}
	w.member = func(_, name string) string { return name }
	w.typ(t)
	return w.b.String()
}

func withPath(path, name string) string {
	if path == "" {
		return name
	}
	p := &parser{}
	first := rune(path[0])
	if first != '_' && !unicode.IsLetter(first) && !unicode.IsDigit(first) || strings.Contains(path, "...") ||
		strings.HasSuffix(path, ".") || strings.ContainsFunc(path, func(r rune) bool { return r >= 0x80 || !p.isPathRune(r) }) {
		path = strconv.Quote(path)
	}
	return path + "." + name
}

func (w *writer) typ(t *Type) {
	switch t.Kind {
	case Named:
		w.named(t)
	case Pointer:
		w.prefixed("*", t.Elem)
	case Slice:
		w.prefixed("[]", t.Elem)
	case Array:
		w.prefixed("["+strconv.FormatUint(t.Len, 10)+"]", t.Elem)
	case Map:
		w.prefixed("map[", t.Key)
		w.prefixed("]", t.Elem)
	case Chan:
		w.channel(t)
	case Func:
		w.b.WriteString("func")
		w.signature(t)
	case Interface:
		w.iface(t)
	case Struct:
		w.structure(t)
	}
}

func (w *writer) prefixed(prefix string, t *Type) {
	w.b.WriteString(prefix)
	w.typ(t)
}

func (w *writer) named(t *Type) {
	w.b.WriteString(w.qualify(t))
	for i, arg := range t.Args {
		w.b.WriteString([]string{w.comma, "["}[b2i(i == 0)])
		if w.args != nil {
			w.b.WriteString(w.args(arg))
		} else {
			w.typ(arg)
		}
	}
	if len(t.Args) > 0 {
		w.b.WriteByte(']')
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (w *writer) channel(t *Type) {
	switch t.Dir {
	case Receive:
		w.prefixed("<-chan ", t.Elem)
	case Send:
		w.prefixed("chan<- ", t.Elem)
	default:
		if t.Elem.Kind == Chan && t.Elem.Dir == Receive {
			w.prefixed("chan (", t.Elem)
			w.b.WriteByte(')')
			return
		}
		w.prefixed("chan ", t.Elem)
	}
}

func (w *writer) signature(t *Type) {
	w.b.WriteByte('(')
	for i, p := range t.Params {
		if i > 0 {
			w.b.WriteString(", ")
		}
		if t.Variadic && i == len(t.Params)-1 && p.Kind == Slice {
			w.prefixed("...", p.Elem)
			continue
		}
		w.typ(p)
	}
	w.b.WriteByte(')')
	if len(t.Results) == 1 {
		w.prefixed(" ", t.Results[0])
		return
	}
	for i, r := range t.Results {
		w.prefixed([]string{", ", " ("}[b2i(i == 0)], r)
	}
	if len(t.Results) > 0 {
		w.b.WriteByte(')')
	}
}

func (w *writer) iface(t *Type) {
	if len(t.Methods) == 0 {
		w.b.WriteString("interface {}")
		return
	}
	for i, m := range t.Methods {
		w.b.WriteString([]string{"; ", "interface { "}[b2i(i == 0)])
		w.b.WriteString(w.member(m.Path, m.Name))
		w.signature(m.Type)
	}
	w.b.WriteString(" }")
}

// renamed says whether an embedded field's name is another than its type's, as an
// alias makes it, or has another package, as it is with a predeclared type.
func (f Field) renamed() bool {
	t := f.Type
	if t.Kind == Pointer {
		t = t.Elem
	}
	return f.Name != t.Name || f.Path != t.Path && !token.IsExported(f.Name)
}

func (w *writer) structure(t *Type) {
	if len(t.Fields) == 0 {
		w.b.WriteString("struct {}")
		return
	}
	for i, f := range t.Fields {
		w.b.WriteString([]string{"; ", "struct { "}[b2i(i == 0)])
		switch {
		case !f.Embedded:
			w.b.WriteString(w.member(f.Path, f.Name) + " ")
		case w.renamed && f.renamed():
			w.b.WriteString(w.member(f.Path, f.Name) + " = ")
		}
		w.typ(f.Type)
		if f.Tag != "" {
			w.b.WriteString(" " + strconv.Quote(f.Tag))
		}
	}
	w.b.WriteString(" }")
}
