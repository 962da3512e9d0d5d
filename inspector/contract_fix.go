package inspector

import (
	"fmt"
	"go/token"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/plugtool/plugtool/inspector/gotype"
)

// mendMissing says why a name may not be found, and what to do.
func (c *contractCheck) mendMissing(r Requirement) (why string, fix []string, err error) {
	name := r.symbol
	if c.names == nil {
		c.names = namesOf(c.plug)
	}
	first, size := utf8.DecodeRuneInString(name)
	private := string(unicode.ToLower(first)) + name[size:]
	switch other := c.names.folded[strings.ToLower(name)]; {
	case other != "":
		return fmt.Sprintf("the plugin exports %s: names differ in case", other), c.edits(fmt.Sprintf("rename %s to %s", other, name)), nil
	case c.names.private[private]:
		return fmt.Sprintf("the plugin has %s, which is not exported, so Lookup does not find it", private), c.edits(fmt.Sprintf("rename %s to %s", private, name)), nil
	case c.names.methods[name] != "":
		why = fmt.Sprintf("%s is a method of %s: Lookup finds functions and variables of package main alone", name, c.names.methods[name])
	case c.names.generic[name]:
		why = fmt.Sprintf("%s has type parameters, and Lookup finds no generic functions", name)
	default:
		why = "Lookup finds exported functions and variables of package main: no types, constants, methods or generic functions, and nothing of other packages"
	}
	if r.typ == nil {
		return why, c.edits(fmt.Sprintf("declare a function or variable %s in package main", name)), nil
	}
	r.typ = r.typ.Clone()
	for _, types := range []func() error{func() error { return r.resolve(c.host) }, func() error { return c.resolveOwn(&r) }} {
		if err := types(); err != nil {
			return why, nil, err
		}
	}
	if r.methods != nil {
		return why, c.implement(r), nil
	}
	return why, c.declare(r, "declare "), nil
}

// resolveOwn asks the plugin for a type that is not known otherwise.
func (c *contractCheck) resolveOwn(r *Requirement) error {
	if r.methods != nil || r.text != "" {
		return nil
	}
	if c.own == nil {
		own, err := c.plug.types()
		if err != nil {
			return nil // it only explains
		}
		c.own = own
	}
	return r.resolve(c.own)
}

// pluginNames are what a plugin has besides its exports, and the exports regardless of
// case.
type pluginNames struct {
	folded  map[string]string // an export by its name in small letters
	private map[string]bool
	methods map[string]string // a method's type, the first of several
	generic map[string]bool
}

// namesOf looks through the plugin's symbols, which do not end at exported names. It
// only explains, so what cannot be read is not there.
func namesOf(plug *Plugin) *pluginNames {
	n := &pluginNames{make(map[string]string), make(map[string]bool), make(map[string]string), make(map[string]bool)}
	for _, e := range plug.mod.Exports {
		n.folded[strings.ToLower(e.Name)] = e.Name
	}
	prefix := gotype.Escape(plug.mod.Path) + "."
	for s, err := range plug.image.Symbols() {
		if err != nil {
			break
		}
		name, ok := strings.CutPrefix(s.Name, prefix)
		if !ok || !s.Defined {
			continue
		}
		typ, method, dotted := strings.Cut(name, ".")
		typ = strings.Trim(typ, "(*)")
		function, _, parameters := strings.Cut(name, "[")
		switch {
		case parameters:
			n.generic[function] = true
		case !dotted:
			n.private[name] = true
		case token.IsIdentifier(typ) && (n.methods[method] == "" || typ < n.methods[method]):
			n.methods[method] = typ
		}
	}
	return n
}

// edits ends a list of edits of the plugin's source with the command that builds it.
func (c *contractCheck) edits(list ...string) []string { return append(list, c.build) }

// declare gives the edits that bring a declaration into the plugin's package main.
func (c *contractCheck) declare(r Requirement, how string) []string {
	if fix := c.foreign(r); fix != nil {
		return fix
	}
	scope := gotype.NewScope(c.plug.mod.Path, r.typ)
	text, ok := scope.Declare(r.symbol, r.typ)
	if !ok {
		return []string{"write into the contract the type that Lookup gives: a function's, or for a variable of type T the type *T; and assert that in the host"}
	}
	return c.edits(append(imports(scope), how+text)...)
}

func imports(scope *gotype.Scope) []string {
	var edits []string
	for _, i := range scope.Imports() {
		edits = append(edits, "import "+i.String())
	}
	return edits
}

// foreign says what to do where the plugin's source has no way to write a type: it is
// of another package main, or not exported.
func (c *contractCheck) foreign(r Requirement) []string {
	t := r.typ
	if r.methods != nil {
		t = r.methods
	}
	if t.WritableIn(c.plug.mod.Path) {
		return nil
	}
	return []string{fmt.Sprintf("assert %s in the host with exported types of packages that plugins can import: no plugin can write %s", r.symbol, t)}
}

// implement gives the edits that declare a variable which implements an interface.
func (c *contractCheck) implement(r Requirement) []string {
	if fix := c.foreign(r); fix != nil {
		return fix
	}
	first, size := utf8.DecodeRuneInString(r.symbol)
	impl := string(unicode.ToLower(first)) + r.symbol[size:] + "Impl"
	scope := gotype.NewScope(c.plug.mod.Path, r.methods)
	edits := append(imports(scope), fmt.Sprintf("declare type %s struct{}", impl))
	for _, m := range r.methods.Methods {
		edits = append(edits, "declare "+method(scope, impl, m))
	}
	return c.edits(append(edits, fmt.Sprintf("declare var %s %s", r.symbol, impl))...)
}

func method(scope *gotype.Scope, typ string, m gotype.Method) string {
	return fmt.Sprintf("func (*%s) %s%s", typ, m.Name, strings.TrimPrefix(scope.Write(m.Type), "func"))
}

// mendType says why a symbol has another type than the host asserts, and what to do.
func (c *contractCheck) mendType(s *subject) (why string, fix []string) {
	assert := func(t string) []string {
		return []string{"write the contract as " + ShellWord(s.symbol+"="+t) + ", and in the host assert that"}
	}
	variable := s.is.Kind == gotype.Pointer && gotype.Equal(s.is.Elem, s.typ)
	switch {
	case variable && s.typ.Kind != gotype.Func && s.typ.Kind != gotype.Pointer:
		return fmt.Sprintf("Lookup gives a pointer to a variable, so no plugin can keep this contract; a host that wants %[1]s asserts *%[1]s", s.typ), assert("*" + s.typ.String())
	case s.typ.Kind != gotype.Func && s.typ.Kind != gotype.Pointer:
		return fmt.Sprintf("Lookup gives functions, whose types have no name, and pointers to variables: never %s, so no plugin can keep this contract", s.typ), assert(s.is.String())
	case variable && s.typ.Kind == gotype.Func:
		why = s.symbol + " is a variable, to which Lookup gives a pointer; a function is given as it is"
	case variable:
		why = s.symbol + " is a variable that holds a pointer already, and Lookup gives a pointer to it"
	case s.typ.Kind == gotype.Pointer && gotype.Equal(s.typ.Elem, s.is):
		why = s.symbol + " is a function, which Lookup gives as it is; to a variable it gives a pointer"
	case s.facts.Text == s.goText():
		why = "the types are written alike and belong to different packages"
	case s.is.Kind == gotype.Pointer && s.typ.Kind == gotype.Pointer && namedFunc(s.is.Elem, s.typ.Elem):
		why = "a defined type and the type that it is made of are two types"
	}
	return why, c.declare(s.Requirement, "change the declaration to ")
}

func namedFunc(a, b *gotype.Type) bool {
	return a.Kind == gotype.Named && b.Kind == gotype.Func || a.Kind == gotype.Func && b.Kind == gotype.Named
}

// mendMethods says why a symbol lacks methods, and what to do.
func (c *contractCheck) mendMethods(s *subject, missing, has []gotype.Method) (why string, fix []string, err error) {
	if s.is.Kind == gotype.Func {
		why = "a function has no methods; Lookup gives a pointer to a variable, which has those of the variable's type"
		return why, append([]string{"remove func " + s.symbol}, c.implement(s.Requirement)...), nil
	}
	made, err := c.own.Pointee(s.export)
	if err != nil {
		return "", nil, err
	}
	switch {
	case made.Kind == gotype.Interface:
		why = fmt.Sprintf("%s is a variable of an interface type, and Lookup gives a pointer to it: a pointer to an interface has no methods, whatever the variable holds", s.symbol)
		return why, c.edits(fmt.Sprintf("declare %[1]s with the concrete type T of its value in place of the interface: var %[1]s T", s.symbol)), nil
	case made.Kind == gotype.Pointer:
		why = fmt.Sprintf("%s is a variable that holds a pointer, and Lookup gives a pointer to that, which has no methods", s.symbol)
		r := s.Requirement
		r.typ, r.methods = s.is.Elem, nil
		return why, c.declare(r, "change the declaration to "), nil
	}
	return "", c.methodEdits(s, missing, has), nil
}

// methodEdits gives the methods to write. A type of another package takes none.
func (c *contractCheck) methodEdits(s *subject, missing, has []gotype.Method) []string {
	elem := s.is.Elem
	if fix := c.foreign(s.Requirement); fix != nil {
		for _, m := range missing {
			if m.Path != "" && m.Path != "main" && elem.Kind == gotype.Named && elem.Path == c.plug.mod.Path {
				return c.edits(fmt.Sprintf("embed a type of package %s that has the method %s in type %s", m.Path, m.Name, elem.Name))
			}
		}
		return fix
	}
	if elem.Kind != gotype.Named || elem.Path != c.plug.mod.Path || len(elem.Args) > 0 {
		return append([]string{"remove var " + s.symbol}, c.implement(s.Requirement)...)
	}
	scope := gotype.NewScope(c.plug.mod.Path, s.methods)
	edits := imports(scope)
	for _, m := range missing {
		how := "declare "
		if slices.ContainsFunc(has, func(h gotype.Method) bool { return h.Name == m.Name }) {
			how = "change the method to "
		}
		edits = append(edits, how+method(scope, elem.Name, m))
	}
	return c.edits(edits...)
}
