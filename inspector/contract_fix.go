package inspector

import (
	"fmt"
	"go/token"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/plugtool/plugtool/inspector/gotype"
)

// mendMissing says why a name may not be found, and what to do.
func (c *contractCheck) mendMissing(r Requirement) (why string, fix []string, err error) {
	name, pkg := r.symbol, c.plug.mod.Path
	for _, e := range c.plug.mod.Exports {
		if strings.EqualFold(e.Name, name) {
			return fmt.Sprintf("the plugin exports %s: names differ in case", e.Name), []string{fmt.Sprintf("rename %s to %s", e.Name, name)}, nil
		}
	}
	like, err := c.namedLike(name)
	if err != nil {
		return "", nil, err
	}
	switch {
	case like.private != "":
		return fmt.Sprintf("the plugin has %s, which is not exported, so Lookup does not find it", like.private), []string{fmt.Sprintf("rename %s to %s", like.private, name)}, nil
	case like.method != "":
		why = fmt.Sprintf("%s is a method of %s: Lookup finds functions and variables of package main alone", name, like.method)
	case like.generic:
		why = fmt.Sprintf("%s has type parameters, and Lookup finds no generic functions", name)
	}
	if r.typ == nil {
		return why, []string{fmt.Sprintf("declare a function or variable %s in package main of the plugin", name)}, nil
	}
	return why, c.declare(pkg, name, r.typ, "declare "), nil
}

// A likeness is what a plugin has in place of a missing name.
type likeness struct {
	private string // the name with a small letter
	method  string // the type of which it is a method
	generic bool
}

// namedLike looks through the plugin's symbols, which do not end at exported names.
func (c *contractCheck) namedLike(name string) (l likeness, err error) {
	first, size := utf8.DecodeRuneInString(name)
	private := string(unicode.ToLower(first)) + name[size:]
	prefix := gotype.Escape(c.plug.mod.Path) + "."
	for s, err := range c.plug.image.Symbols() {
		if err != nil {
			return l, nil // it only explains
		}
		rest, ok := strings.CutPrefix(s.Name, prefix)
		if !ok || !s.Defined {
			continue
		}
		typ, method, dotted := strings.Cut(rest, ".")
		switch {
		case rest == private:
			l.private = private
		case strings.HasPrefix(rest, name+"["):
			l.generic = true
		case dotted && method == name && l.method == "" && token.IsIdentifier(strings.Trim(typ, "(*)")):
			l.method = typ
		}
	}
	return l, nil
}

// declare gives the edits that bring a declaration into the plugin's package main, or
// what else to do where no declaration gives a symbol the type.
func (c *contractCheck) declare(pkg, name string, t *gotype.Type, how string) []string {
	scope := gotype.NewScope(pkg, t)
	text, ok := scope.Declare(name, t)
	if !ok {
		return []string{fmt.Sprintf("declare %s in package main of the plugin as a variable of a type that implements %s", name, t)}
	}
	return append(c.imports(scope), how+text)
}

func (c *contractCheck) imports(scope *gotype.Scope) []string {
	var edits []string
	for _, i := range scope.Imports() {
		edits = append(edits, "import "+i.String())
	}
	return edits
}

// mendType says why a symbol has another type than the host asserts, and what to do.
func (c *contractCheck) mendType(s *subject) (why string, fix []string) {
	switch {
	case s.is.Kind == gotype.Pointer && gotype.Equal(s.is.Elem, s.typ) && s.typ.Kind != gotype.Func && s.typ.Kind != gotype.Pointer:
		return fmt.Sprintf("Lookup gives a pointer to a variable, so no plugin can keep this contract; a host that wants a %[1]s asserts *%[1]s", s.typ),
			[]string{"write the contract as " + shellQuote(s.symbol+"=*"+s.typ.String()) + ", and in the host assert that"}
	case s.typ.Kind != gotype.Func && s.typ.Kind != gotype.Pointer:
		return fmt.Sprintf("Lookup gives functions, whose types have no name, and pointers to variables: never a %s, so no plugin can keep this contract", s.typ),
			[]string{"write the contract as " + shellQuote(s.symbol+"="+s.is.String()) + ", and in the host assert that"}
	case s.is.Kind == gotype.Pointer && gotype.Equal(s.is.Elem, s.typ) && s.typ.Kind == gotype.Func:
		why = s.symbol + " is a variable, to which Lookup gives a pointer; a function is given as it is"
	case s.is.Kind == gotype.Pointer && gotype.Equal(s.is.Elem, s.typ):
		why = s.symbol + " is a variable that holds a pointer already, and Lookup gives a pointer to it"
	case s.typ.Kind == gotype.Pointer && gotype.Equal(s.typ.Elem, s.is):
		why = s.symbol + " is a function, which Lookup gives as it is; a pointer is given to a variable"
	case s.facts.Text == s.goText():
		why = "the types are written alike and are of different packages, or of different types there"
	case s.is.Kind == gotype.Pointer && s.typ.Kind == gotype.Pointer && namedFunc(s.is.Elem, s.typ.Elem):
		why = "a variable of a defined type and one of the type that it is made of are of different types"
	}
	return why, c.declare(c.plug.mod.Path, s.symbol, s.typ, "change the declaration to ")
}

func namedFunc(a, b *gotype.Type) bool {
	return a.Kind == gotype.Named && b.Kind == gotype.Func || a.Kind == gotype.Func && b.Kind == gotype.Named
}

// mendMethods says why a symbol lacks methods, and what to do.
func (c *contractCheck) mendMethods(s *subject, missing, has []gotype.Method) (why string, fix []string, err error) {
	if s.is.Kind == gotype.Func {
		why = "a function has no methods; Lookup gives a variable's pointer, which has those of the variable's type"
		return why, []string{fmt.Sprintf("declare %s as a variable of a type that implements %s", s.symbol, s.typ)}, nil
	}
	made, err := c.own.Pointee(s.export)
	if err != nil {
		return "", nil, err
	}
	switch {
	case made.Kind == gotype.Interface:
		why = fmt.Sprintf("the variable is of an interface type, and Lookup gives a pointer to it: a pointer to an interface has no methods, whatever the variable holds; a host could assert %s", s.is)
		return why, []string{fmt.Sprintf("declare %s with the concrete type of its value, not with the interface, as in var %s T", s.symbol, s.symbol)}, nil
	case made.Kind == gotype.Pointer:
		why = fmt.Sprintf("the variable holds a pointer, and Lookup gives a pointer to that, which has no methods; a pointer to a %s may have them", s.is.Elem.Elem)
		return why, c.declare(c.plug.mod.Path, s.symbol, s.is.Elem, "change the declaration to "), nil
	}
	return "", c.methodEdits(s, missing, has), nil
}

// methodEdits gives the methods to write. A type of another package takes none.
func (c *contractCheck) methodEdits(s *subject, missing, has []gotype.Method) []string {
	elem := s.is.Elem
	if elem.Kind != gotype.Named || elem.Path != c.plug.mod.Path || len(elem.Args) > 0 {
		return []string{fmt.Sprintf("declare %s as a variable of a type that implements %s", s.symbol, s.typ)}
	}
	types := []*gotype.Type{}
	for _, m := range missing {
		if m.Path != "" && m.Path != elem.Path {
			return []string{fmt.Sprintf("embed a type of package %s in %s that has the method %s", m.Path, elem.Name, m.Name)}
		}
		types = append(types, m.Type)
	}
	scope := gotype.NewScope(c.plug.mod.Path, types...)
	edits := c.imports(scope)
	for _, m := range missing {
		how := "add "
		for _, h := range has {
			if h.Name == m.Name && h.Path == m.Path {
				how = "change the method to "
			}
		}
		edits = append(edits, fmt.Sprintf("%sfunc (*%s) %s%s", how, elem.Name, m.Name, strings.TrimPrefix(scope.Write(m.Type), "func")))
	}
	return edits
}
