package once

import (
	"go/ast"
	"go/types"
)

// keys gives the expressions that pass a key on, and the literals that have to change
// with them: code asks whether its own pattern or driver is there already.
func (a *analysis) keys(change change, e effect) (keys, same []Span) {
	if len(e.places) == 0 {
		return nil, nil
	}
	for _, p := range e.places {
		keys = append(keys, a.span(p.unit, p.expr))
	}
	if change != pathlike && change != named {
		return keys, nil
	}
	first, last := e.places[0], e.places[len(e.places)-1]
	switch lit := a.literal(first); {
	case change == pathlike && lit == nil:
		return keys, nil
	case change == pathlike:
		return keys, a.sameLiterals(first.unit, e, first.unit.whole(), e.places)
	}
	within := last.unit.around(e)
	lit := a.literal(last)
	if lit != nil {
		keys = []Span{a.span(last.unit, lit)} // and where it is a constant, all of its uses
	} else if a.asksForDrivers(last.unit, within) {
		return nil, nil
	}
	return keys, a.sameLiterals(last.unit, e, within, append([]place{{last.unit, lit}}, e.places...))
}

// whole are a package's declarations.
func (u *unit) whole() []ast.Node {
	var all []ast.Node
	for _, file := range u.files {
		for _, decl := range file.Decls {
			all = append(all, decl)
		}
	}
	return all
}

// around is the declaration that an effect lies in.
func (u *unit) around(e effect) []ast.Node {
	for _, decl := range u.whole() {
		if decl.Pos() <= e.pos && e.pos < decl.End() {
			return []ast.Node{decl}
		}
	}
	return nil
}

// sameLiterals finds the literals that hold a key besides the expressions that hand it
// on. Elements of lists are what a loop hands on.
func (a *analysis) sameLiterals(u *unit, e effect, in []ast.Node, but []place) []Span {
	var same []Span
	for _, n := range in {
		ast.Inspect(n, func(n ast.Node) bool {
			if _, list := n.(*ast.CompositeLit); list && a.registries[e.registry].change == named {
				return false
			}
			lit, ok := n.(*ast.BasicLit)
			if ok && !within(lit, but) {
				if text, ok := unquoted(lit); ok && text == e.key {
					same = append(same, a.span(u, lit))
				}
			}
			return true
		})
	}
	return same
}

func within(n ast.Node, places []place) bool {
	for _, p := range places {
		if p.expr != nil && p.expr.Pos() <= n.Pos() && n.End() <= p.expr.End() {
			return true
		}
	}
	return false
}

// literal gives the string literal that an expression is, or that the constant or
// variable which it names is declared with; nil where it is neither.
func (a *analysis) literal(p place) ast.Expr {
	if p.expr == nil {
		return nil
	}
	switch e := ast.Unparen(p.expr).(type) {
	case *ast.BasicLit:
		return e
	case *ast.Ident:
		obj := p.unit.info.Uses[e]
		if v, ok := obj.(*types.Var); ok && !packageLevel(v) || obj == nil {
			return nil
		}
		return a.declared(p.unit, obj)
	}
	return nil
}

// declared gives the literal that a constant or variable is declared with.
func (a *analysis) declared(u *unit, obj types.Object) (found ast.Expr) {
	for _, decl := range u.whole() {
		if obj.Pos() < decl.Pos() || decl.End() <= obj.Pos() {
			continue
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			for i, name := range spec.Names {
				if u.info.Defs[name] == obj && i < len(spec.Values) {
					if _, ok := unquoted(spec.Values[i]); ok {
						found = spec.Values[i]
					}
				}
			}
			return true
		})
	}
	return found
}

// asksForDrivers tells whether code asks which drivers there are.
func (a *analysis) asksForDrivers(u *unit, in []ast.Node) bool {
	found := false
	for _, n := range in {
		ast.Inspect(n, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				fn, ok := u.info.Uses[sel.Sel].(*types.Func)
				found = found || ok && fn.FullName() == "database/sql.Drivers"
			}
			return !found
		})
	}
	return found
}
