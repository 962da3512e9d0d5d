package once

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// mostTexts is how many values of one expression are followed: those of a loop over a
// list.
const mostTexts = 256

// place is an expression in a package's source.
type place struct {
	unit *unit
	expr ast.Expr
}

// value is what is known of an expression without running it.
type value struct {
	texts  []string // all that it can be; nil where that is not known
	elems  []string // as texts, of the elements that a loop over it gives
	fn     *types.Func
	lit    *ast.FuncLit
	home   *frame     // of lit
	global *types.Var // the package variable that it is, or leads to
	places []place    // expressions that it went through, where it is written first
}

// frame is a function being walked: what its parameters and variables are known to be.
type frame struct {
	unit   *unit
	outer  *frame // of a function literal
	bound  map[types.Object]value
	params map[types.Object]bool
	panics bool // the function has a panic in it
}

func (f *frame) lookup(obj types.Object) (value, bool) {
	for ; f != nil; f = f.outer {
		if v, ok := f.bound[obj]; ok {
			return v, true
		}
	}
	return value{}, false
}

// set notes that a variable is given a value; one that it has had before stays possible.
func (f *frame) set(obj types.Object, v value) {
	for at := f; at != nil; at = at.outer {
		old, ok := at.bound[obj]
		if !ok {
			continue
		}
		if old.texts != nil && v.texts != nil && len(old.texts)+len(v.texts) <= mostTexts {
			old.texts = append(slices.Clone(old.texts), v.texts...)
			old.places = nil // no one expression gives the key any longer
			at.bound[obj] = old
		} else {
			at.bound[obj] = value{}
		}
		return
	}
	f.bound[obj] = v
}

// eval tells what an expression is.
func (a *analysis) eval(f *frame, e ast.Expr) value {
	v := a.evalBare(f, e)
	if v.texts != nil {
		v.places = append(slices.Clone(v.places), place{f.unit, e})
	}
	return v
}

func (a *analysis) evalBare(f *frame, e ast.Expr) value {
	e = ast.Unparen(e)
	if text, ok := constantText(f.unit.info, e); ok {
		return value{texts: []string{text}}
	}
	switch e := e.(type) {
	case *ast.Ident:
		return a.evalObject(f, f.unit.info.Uses[e])
	case *ast.SelectorExpr:
		if sel := f.unit.info.Selections[e]; sel != nil {
			fn, _ := sel.Obj().(*types.Func)
			return value{fn: fn}
		}
		return a.evalObject(f, f.unit.info.Uses[e.Sel])
	case *ast.FuncLit:
		return value{lit: e, home: f}
	case *ast.UnaryExpr:
		if e.Op == token.AND {
			return value{global: a.root(f, e.X)}
		}
	case *ast.TypeAssertExpr:
		return a.evalBare(f, e.X)
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return value{texts: products(a.evalBare(f, e.X).texts, a.evalBare(f, e.Y).texts)}
		}
	case *ast.CompositeLit:
		return value{elems: a.elements(f, e)}
	case *ast.IndexExpr:
		return a.evalBare(f, e.X) // a generic function with its types
	case *ast.CallExpr:
		return a.evalCall(f, e)
	}
	return value{}
}

func products(x, y []string) []string {
	if len(x)*len(y) > mostTexts {
		return nil
	}
	var out []string
	for _, a := range x {
		for _, b := range y {
			out = append(out, a+b)
		}
	}
	return out
}

// evalCall tells what conversions give, and functions that give back what they are given.
func (a *analysis) evalCall(f *frame, call *ast.CallExpr) value {
	if len(call.Args) != 1 {
		return value{}
	}
	if f.unit.info.Types[call.Fun].IsType() {
		return a.evalBare(f, call.Args[0])
	}
	if fn := a.static(f, call); fn != nil && fn.Pkg() != nil && fn.Pkg().Path() == "sync" &&
		slices.Contains([]string{"OnceFunc", "OnceValue", "OnceValues"}, fn.Name()) {
		return a.evalBare(f, call.Args[0])
	}
	return value{}
}

func (a *analysis) evalObject(f *frame, obj types.Object) value {
	switch obj := obj.(type) {
	case *types.Func:
		return value{fn: obj}
	case *types.Var:
		if v, ok := f.lookup(obj); ok {
			return v
		}
		if !packageLevel(obj) {
			return value{}
		}
		v := a.initial(obj)
		v.global = obj
		return v
	}
	return value{}
}

// initial tells what a package variable is that is never changed.
func (a *analysis) initial(v *types.Var) value {
	u := a.world.units[v.Pkg().Path()]
	if u == nil || u.Standard {
		return value{}
	}
	vars := a.variables(u)
	expr := vars.initial[v]
	if expr == nil || vars.changed[v] || a.evaluating[v] {
		return value{}
	}
	a.evaluating[v] = true
	defer delete(a.evaluating, v)
	return a.eval(&frame{unit: u}, expr)
}

// elements are the texts that a loop over a literal list gives, or the keys of a map.
func (a *analysis) elements(f *frame, lit *ast.CompositeLit) []string {
	t := f.unit.info.TypeOf(lit)
	if t == nil {
		return nil
	}
	_, isMap := t.Underlying().(*types.Map)
	if _, isStruct := t.Underlying().(*types.Struct); isStruct {
		return nil
	}
	var texts []string
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			e = kv.Value
			if isMap {
				e = kv.Key
			}
		}
		v := a.evalBare(f, e)
		if v.texts == nil || len(texts) > mostTexts {
			return nil
		}
		texts = append(texts, v.texts...)
	}
	return texts
}

// constantText gives a constant as text: a string's value, and the name, or else the
// value, of another.
func constantText(info *types.Info, e ast.Expr) (string, bool) {
	tv, ok := info.Types[e]
	if !ok || tv.Value == nil {
		return "", false
	}
	if tv.Value.Kind() == constant.String {
		return constant.StringVal(tv.Value), true
	}
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name, true
	case *ast.SelectorExpr:
		return types.ExprString(e), true
	}
	return tv.Value.ExactString(), true
}

func packageLevel(v *types.Var) bool {
	return v.Pkg() != nil && !v.IsField() && v.Parent() == v.Pkg().Scope()
}

// root gives the package variable that an expression is, is a part of, or points into;
// nil where it is none.
func (a *analysis) root(f *frame, e ast.Expr) *types.Var {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.Ident:
			return a.evalObject(f, f.unit.info.Uses[x]).global
		case *ast.SelectorExpr:
			if f.unit.info.Selections[x] == nil {
				return a.evalObject(f, f.unit.info.Uses[x.Sel]).global
			}
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.TypeAssertExpr:
			e = x.X
		case *ast.UnaryExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// variables are the package variables of a package.
type variables struct {
	initial map[*types.Var]ast.Expr
	changed map[*types.Var]bool // assigned, or their address taken
}

func (a *analysis) variables(u *unit) *variables {
	if v := a.vars[u]; v != nil {
		return v
	}
	v := &variables{initial: make(map[*types.Var]ast.Expr), changed: make(map[*types.Var]bool)}
	a.vars[u] = v
	change := func(e ast.Expr) {
		for {
			switch x := ast.Unparen(e).(type) {
			case *ast.Ident:
				if obj, ok := u.info.Uses[x].(*types.Var); ok {
					v.changed[obj] = true
				}
				return
			case *ast.IndexExpr:
				e = x.X
			case *ast.SelectorExpr:
				e = x.X
			default:
				return
			}
		}
	}
	for _, file := range u.files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, name := range n.Names {
					if obj, ok := u.info.Defs[name].(*types.Var); ok && len(n.Values) == len(n.Names) {
						v.initial[obj] = n.Values[i]
					}
				}
			case *ast.AssignStmt:
				for _, e := range n.Lhs {
					change(e)
				}
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					change(n.X)
				}
			}
			return true
		})
	}
	return v
}

// signature tells calls apart that may have other effects.
func (v value) signature(b *strings.Builder) {
	for _, t := range v.texts {
		b.WriteString(t)
		b.WriteByte(0)
	}
	b.WriteByte(1)
	for _, t := range v.elems {
		b.WriteString(t)
		b.WriteByte(0)
	}
	b.WriteByte(2)
	for _, p := range v.places {
		writePos(b, p.expr.Pos())
	}
	if v.fn != nil {
		b.WriteString(v.fn.FullName())
	}
	b.WriteByte(3)
	if v.global != nil {
		b.WriteString(v.global.Pkg().Path() + "." + v.global.Name())
	}
	b.WriteByte(4)
}

func writePos(b *strings.Builder, pos token.Pos) {
	for p := uint(pos); p > 0; p >>= 8 {
		b.WriteByte(byte(p))
	}
}
