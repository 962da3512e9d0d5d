package gotype

import (
	"fmt"
	"go/token"
	"slices"
	"strings"
)

// structure reads what follows the word struct.
func (p *parser) structure() (*Type, error) {
	t := &Type{Kind: Struct}
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	for !p.take("}") {
		fields, err := p.fields()
		if err != nil {
			return nil, err
		}
		t.Fields = append(t.Fields, fields...)
		if p.take("}") {
			break
		}
		if err := p.expect(";"); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// fields reads one declaration: names and a type, or an embedded type; and a tag.
func (p *parser) fields() ([]Field, error) {
	start := p.at
	if p.peek("*") {
		return p.embedded(start)
	}
	var list []Field
	for {
		path, name, err := p.member()
		if err != nil {
			return nil, err
		}
		// A type's arguments follow at once, a field's array after a space.
		if strings.HasPrefix(p.rest(), "[") && path != "" || len(list) == 0 && (p.peek(";}") || p.atTag()) {
			return p.embedded(start)
		}
		if err := checkMember(path, name); err != nil {
			return nil, err
		}
		if len(list) == 0 && p.take("=") {
			p.renaming = true
			f, err := p.embedded(p.at)
			p.renaming = false
			if err == nil {
				f[0].Path, f[0].Name = path, name
			}
			return f, err
		}
		list = append(list, Field{Path: path, Name: name})
		if !p.take(",") {
			break
		}
	}
	t, err := p.typ()
	if err != nil {
		return nil, err
	}
	tag, err := p.tag()
	for i := range list {
		list[i].Type, list[i].Tag = t, tag
	}
	return list, err
}

func (p *parser) embedded(start int) ([]Field, error) {
	p.at = start
	t, err := p.typ()
	if err != nil {
		return nil, err
	}
	f := Field{Type: t, Embedded: true}
	named := t
	if t.Kind == Pointer {
		named = t.Elem
	}
	if named.Kind != Named && !p.renaming {
		return nil, fmt.Errorf("%s cannot be embedded", t)
	}
	if f.Name = named.Name; !token.IsExported(f.Name) {
		f.Path = named.Path
	}
	f.Tag, err = p.tag()
	return []Field{f}, err
}

func (p *parser) tag() (string, error) {
	if !p.peek("\"`") {
		return "", nil
	}
	return p.literal()
}

// signature reads what follows the word func or a method's name.
func (p *parser) signature() (*Type, error) {
	t := &Type{Kind: Func}
	var err error
	if t.Params, t.Variadic, err = p.params(); err != nil {
		return nil, err
	}
	if p.resultsEnd() {
		return t, nil
	}
	if p.peek("(") {
		variadic := false
		if t.Results, variadic, err = p.params(); err == nil && variadic {
			err = fmt.Errorf("a result cannot be variadic")
		}
		return t, err
	}
	result, err := p.typ()
	t.Results = []*Type{result}
	return t, err
}

// resultsEnd says that a function without results ends here.
func (p *parser) resultsEnd() bool { return p.peek(",)]};\x00") || p.atTag() }

// atTag says whether a field's tag comes next: a string, but not one that is the path
// of a type.
func (p *parser) atTag() bool {
	if !p.peek("\"`") {
		return false
	}
	q := &parser{text: p.text, at: p.at}
	_, err := q.literal()
	return err != nil || !strings.HasPrefix(q.rest(), ".")
}

// A param is one entry of a list of parameters: a type, a name with a type, or a word
// of which only the whole list tells which it is.
type param struct {
	name string
	typ  *Type
}

func (p *parser) params() (list []*Type, variadic bool, err error) {
	if err := p.expect("("); err != nil {
		return nil, false, err
	}
	var entries []param
	for !p.take(")") {
		if variadic {
			return nil, false, fmt.Errorf("only the last parameter can be variadic")
		}
		var e param
		if e, variadic, err = p.param(); err != nil {
			return nil, false, err
		}
		entries = append(entries, e)
		if p.take(")") {
			break
		}
		if err := p.expect(","); err != nil {
			return nil, false, err
		}
	}
	list, err = p.resolve(entries)
	return list, variadic, err
}

func (p *parser) param() (e param, variadic bool, err error) {
	start := p.at
	if w := p.word(); token.IsIdentifier(w) {
		if p.peek(",)") {
			return param{name: w}, false, nil
		}
		e.name = w
	}
	if e.name == "" {
		p.at = start // no name, or a word such as func, which begins a type
	}
	variadic = p.take("...")
	e.typ, err = p.typ()
	if variadic {
		e.typ = &Type{Kind: Slice, Elem: e.typ}
	}
	return e, variadic, err
}

// resolve gives the parameters' types: with names, as in (a, b int), a lone word is a
// name; without, a type.
func (p *parser) resolve(entries []param) ([]*Type, error) {
	named := slices.ContainsFunc(entries, func(e param) bool { return e.name != "" && e.typ != nil })
	list := make([]*Type, len(entries))
	for i := len(entries) - 1; i >= 0; i-- {
		e := entries[i]
		switch {
		case e.typ != nil && (e.name != "") == named:
			list[i] = e.typ
		case e.typ == nil && !named:
			t, err := p.named(e.name)
			if err != nil {
				return nil, err
			}
			list[i] = t
		case e.typ == nil && i+1 < len(list):
			list[i] = list[i+1]
		default:
			return nil, fmt.Errorf("some parameters have names and others have none")
		}
	}
	return list, nil
}
