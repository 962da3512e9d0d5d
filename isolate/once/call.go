package once

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strconv"
)

// runs names functions of the standard library that call what they are given at once,
// or soon.
var runs = []string{
	"(*sync.Once).Do", "(*sync.WaitGroup).Go", "time.AfterFunc", "slices.SortFunc", "sort.Slice",
	"(*sync.Map).Range", "strings.Map", "slices.IndexFunc", "path/filepath.WalkDir", "path/filepath.Walk", "io/fs.WalkDir",
}

// stores names methods of the standard library that put something into their receiver,
// and which of their arguments is its key.
var stores = map[string]int{
	"(*sync.Map).Store": 0, "(*sync.Map).LoadOrStore": 0, "(*sync.Map).Swap": 0, "(*sync.Map).CompareAndSwap": 0,
	"(*sync/atomic.Value).Store": noKey, "(*sync/atomic.Value).Swap": noKey, "(*sync/atomic.Value).CompareAndSwap": noKey,
	"(*sync/atomic.Pointer[T]).Store": noKey, "(*sync/atomic.Pointer[T]).Swap": noKey, "(*sync/atomic.Pointer[T]).CompareAndSwap": noKey,
	"(*container/list.List).PushBack": noKey, "(*container/list.List).PushFront": noKey,
}

// static gives the function or method that a call names; nil where that is decided at
// run time.
func (a *analysis) static(f *frame, call *ast.CallExpr) *types.Func {
	fun := ast.Unparen(call.Fun)
	switch x := fun.(type) {
	case *ast.IndexExpr:
		fun = ast.Unparen(x.X)
	case *ast.IndexListExpr:
		fun = ast.Unparen(x.X)
	}
	var obj types.Object
	switch x := fun.(type) {
	case *ast.Ident:
		obj = f.unit.info.Uses[x]
	case *ast.SelectorExpr:
		if sel := f.unit.info.Selections[x]; sel != nil {
			obj = sel.Obj()
		} else {
			obj = f.unit.info.Uses[x.Sel]
		}
	}
	if fn, ok := obj.(*types.Func); ok {
		return fn.Origin()
	}
	return nil
}

// call walks a call: its arguments, then what it calls.
func (v *visit) call(n *ast.CallExpr) {
	v.walk(n.Fun)
	for _, arg := range n.Args {
		v.walk(arg)
	}
	a, f := v.a, v.frame
	fn := a.static(f, n)
	if fn == nil {
		v.dynamic(n)
		return
	}
	recv := receiver(f, n)
	if s, ok := a.sinks[fn.FullName()]; ok && v.sink(s, fn, n, recv) {
		return
	}
	if key, ok := stores[fn.FullName()]; ok && recv != nil {
		v.store(n, recv, key)
		return
	}
	u := a.world.decls[fn]
	if u == nil {
		if slices.Contains(runs, fn.FullName()) {
			for _, arg := range n.Args {
				v.value(a.eval(f, arg), n)
			}
		}
		return
	}
	v.enter(fn, u, n, recv)
}

// receiver is the expression that a method is called on.
func receiver(f *frame, n *ast.CallExpr) ast.Expr {
	sel, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr)
	if !ok || f.unit.info.Selections[sel] == nil {
		return nil
	}
	return sel.X
}

// dynamic walks a call of a value: a literal, a variable that holds one, or delete.
func (v *visit) dynamic(n *ast.CallExpr) {
	tv := v.frame.unit.info.Types[n.Fun]
	switch {
	case tv.IsType():
	case tv.IsBuiltin():
		if id, ok := ast.Unparen(n.Fun).(*ast.Ident); ok && id.Name == "delete" && len(n.Args) == 2 {
			if target := v.a.root(v.frame, n.Args[0]); target != nil {
				v.stored(target, n.Pos(), n.Args, n.Args[1])
			}
		}
	default:
		v.value(v.a.eval(v.frame, n.Fun), n)
	}
}

// value walks a function that is a value, as called by a call.
func (v *visit) value(val value, n *ast.CallExpr) {
	switch {
	case val.lit != nil:
		f := &frame{unit: val.home.unit, outer: val.home, panics: val.home.panics}
		v.parameters(f, val.lit.Type, n)
		v.into("func literal", n.Pos(), f.unit, val.lit.Body, f, "")
	case val.fn != nil:
		fn := val.fn.Origin()
		if s, ok := v.a.sinks[fn.FullName()]; ok && v.sink(s, fn, n, nil) {
			return
		}
		if u := v.a.world.decls[fn]; u != nil {
			v.enter(fn, u, n, nil)
		}
	}
}

// enter walks a declared function.
func (v *visit) enter(fn *types.Func, u *unit, n *ast.CallExpr, recv ast.Expr) {
	decl := u.functions[fn]
	f := &frame{unit: u, panics: v.a.panicking(u, decl)}
	order := v.parameters(f, decl.Type, n)
	if decl.Recv != nil && len(decl.Recv.List) == 1 && len(decl.Recv.List[0].Names) == 1 && recv != nil {
		if obj := u.info.Defs[decl.Recv.List[0].Names[0]]; obj != nil {
			f.bound[obj] = value{global: v.a.root(v.frame, recv)}
			order = append(order, obj)
		}
	}
	v.into(fn.FullName(), n.Pos(), u, decl.Body, f, memoKey(fn, f, order))
}

// parameters gives a function's parameters what a call hands over.
func (v *visit) parameters(f *frame, ft *ast.FuncType, n *ast.CallExpr) []types.Object {
	f.bound = make(map[types.Object]value)
	f.params = make(map[types.Object]bool)
	var order []types.Object
	i := 0
	for _, field := range ft.Params.List {
		_, variadic := field.Type.(*ast.Ellipsis)
		for _, name := range field.Names {
			obj := f.unit.info.Defs[name]
			if obj != nil {
				f.params[obj] = true
				f.bound[obj] = v.argument(n, i, variadic)
				order = append(order, obj)
			}
			i++
		}
		if len(field.Names) == 0 {
			i++
		}
	}
	return order
}

func (v *visit) argument(n *ast.CallExpr, i int, variadic bool) value {
	if i >= len(n.Args) {
		return value{}
	}
	if !variadic || n.Ellipsis.IsValid() {
		return v.a.eval(v.frame, n.Args[i])
	}
	var elems []string
	for _, arg := range n.Args[i:] {
		texts := v.a.eval(v.frame, arg).texts
		if texts == nil || len(elems) > mostTexts {
			return value{}
		}
		elems = append(elems, texts...)
	}
	return value{elems: elems}
}

// panicking tells whether a function has a panic in it: what registers then does not
// suffer a second one.
func (a *analysis) panicking(u *unit, decl *ast.FuncDecl) bool {
	if p, ok := a.panics[decl]; ok {
		return p
	}
	found := false
	ast.Inspect(decl.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return !found
		}
		switch fun := ast.Unparen(call.Fun).(type) {
		case *ast.Ident:
			found = found || fun.Name == "panic" && u.info.Types[fun].IsBuiltin()
		case *ast.SelectorExpr:
			if fn, ok := u.info.Uses[fun.Sel].(*types.Func); ok && fn.Pkg() != nil && fn.Pkg().Path() == "log" {
				found = found || slices.Contains([]string{"Panic", "Panicf", "Panicln", "Fatal", "Fatalf", "Fatalln"}, fn.Name())
			}
		}
		return !found
	})
	a.panics[decl] = found
	return found
}

// store notes what a method of the standard library puts into a package's variable.
func (v *visit) store(n *ast.CallExpr, recv ast.Expr, key int) {
	target := v.a.root(v.frame, recv)
	if target == nil {
		return
	}
	var at ast.Expr
	if key >= 0 && key < len(n.Args) {
		at = n.Args[key]
	}
	v.stored(target, n.Pos(), n.Args, at)
}

// sink notes a call that is known to register something, and tells whether it does.
func (v *visit) sink(s sink, fn *types.Func, n *ast.CallExpr, recv ast.Expr) bool {
	a, f := v.a, v.frame
	if s.recv != "" {
		target := a.rootOf(f, recv)
		if target == nil || target.Pkg().Path()+"."+target.Name() != s.recv {
			return false
		}
	}
	r := a.registries[s.registry]
	e := effect{registry: r.ID, owner: r.Owner, consequence: r.Consequence, pos: n.Pos()}
	e.chain = []step{{fn.FullName(), n.Pos()}}
	if fn.Pkg() != nil && e.owner != Process && a.world.units[e.owner] == nil {
		e.owner = fn.Pkg().Path() // golang/protobuf before it was built on the other
	}
	switch s.special {
	case gobType:
		return v.typeSink(e, n)
	case protoFile:
		e.key, e.known = a.protoFile(f, recv)
		v.add(e)
		return true
	case unlessQuery:
		if len(n.Args) == 1 {
			if tv := f.unit.info.Types[n.Args[0]]; tv.Value != nil && constant.Compare(tv.Value, token.LSS, constant.MakeInt64(1)) {
				return true
			}
		}
	}
	if s.key == noKey {
		e.key, e.known = s.fixed, s.fixed != ""
		v.add(e)
	} else if s.key < len(n.Args) {
		key := a.eval(f, n.Args[s.key])
		if key.texts == nil {
			key.places = []place{{f.unit, n.Args[s.key]}} // whatever it is, it can be prefixed here
		}
		v.addKeyed(e, key)
	} else {
		v.add(e)
	}
	return true
}

func (a *analysis) rootOf(f *frame, e ast.Expr) *types.Var {
	if e == nil {
		return nil
	}
	return a.root(f, e)
}

// typeSink notes the registration of a type. That of a type which host and copy share
// does nothing when it is done again.
func (v *visit) typeSink(e effect, n *ast.CallExpr) bool {
	if len(n.Args) == 0 {
		return true
	}
	t := v.frame.unit.info.TypeOf(n.Args[0])
	if t == nil {
		return true
	}
	e.key, e.known = types.TypeString(t, nil), true
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	if e.registry == "encoding/gob types" && (!ok || named.Obj().Pkg() == nil || v.a.world.standard(named.Obj().Pkg().Path())) {
		return true
	}
	v.add(e)
	return true
}

func (w *world) standard(path string) bool {
	u := w.units[path]
	return u != nil && u.Standard
}

// at gives a position for people.
func (w *world) at(pos token.Pos) Position {
	p := w.fset.Position(pos)
	return Position{File: p.Filename, Line: p.Line}
}

// unquoted gives the text of a string literal.
func unquoted(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}
