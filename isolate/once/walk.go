package once

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

const (
	mostDepth = 64        // calls within calls
	mostNodes = 1_000_000 // of syntax, for one package's initialisation, besides its own
)

// effect is what walking a function found: a registration and the way to it.
type effect struct {
	registry    string
	owner       string
	key         string
	known       bool
	consequence Consequence
	pos         token.Pos
	chain       []step
	places      []place
}

// step is a call on the way to an effect.
type step struct {
	name string
	pos  token.Pos
}

// analysis walks what initialisations call.
type analysis struct {
	world      *world
	sinks      map[string]sink
	lookups    map[string]sink
	registries map[string]Registry
	vars       map[*unit]*variables
	evaluating map[*types.Var]bool
	memo       map[string][]effect
	active     map[string]int // calls being walked: how deep
	panics     map[*ast.FuncDecl]bool
	texts      map[string][]byte // of files that spans lie in
	nodes      int               // that may still be walked
}

// visit is the walk through one function: where effects go, and how far up the stack
// of calls they depend on a call that was not finished.
type visit struct {
	a       *analysis
	frame   *frame
	depth   int
	lowest  int
	effects []effect
}

func (v *visit) add(e effect) { v.effects = append(v.effects, e) }

// walk goes through a piece of syntax as far as it is run: function literals are not,
// unless they are called.
func (v *visit) walk(n ast.Node) {
	if n == nil {
		return
	}
	ast.Inspect(n, func(n ast.Node) bool {
		if v.a.nodes--; v.a.nodes < 0 {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			v.call(n)
			return false
		case *ast.GoStmt:
			v.goroutine(n)
			return false
		case *ast.AssignStmt:
			v.assign(n)
			return false
		case *ast.IncDecStmt:
			v.change(n.X, nil)
		case *ast.ValueSpec:
			for _, e := range n.Values {
				v.walk(e)
			}
			if len(n.Values) == len(n.Names) {
				for i, name := range n.Names {
					v.bind(name, v.a.eval(v.frame, n.Values[i]))
				}
			}
			return false
		case *ast.RangeStmt:
			v.loop(n)
			return false
		}
		return true
	})
}

func (v *visit) bind(name *ast.Ident, val value) {
	if obj := v.frame.unit.info.Defs[name]; obj != nil && v.frame.bound != nil {
		v.frame.set(obj, v.a.reference(obj, val))
	} else if obj := v.frame.unit.info.Uses[name]; obj != nil && v.frame.bound != nil {
		if x, ok := obj.(*types.Var); ok && !packageLevel(x) {
			v.frame.set(obj, v.a.reference(obj, val))
		}
	}
}

// reference drops what a copy of a value does not lead to.
func (a *analysis) reference(obj types.Object, val value) value {
	switch obj.Type().Underlying().(type) {
	case *types.Pointer, *types.Map, *types.Slice, *types.Interface, *types.Chan:
	default:
		val.global = nil
	}
	return val
}

func (v *visit) assign(n *ast.AssignStmt) {
	for _, e := range n.Rhs {
		v.walk(e)
	}
	for i, e := range n.Lhs {
		var val value
		if len(n.Lhs) == len(n.Rhs) && (n.Tok == token.ASSIGN || n.Tok == token.DEFINE) {
			val = v.a.eval(v.frame, n.Rhs[i])
		}
		if name, ok := e.(*ast.Ident); ok {
			v.bind(name, val)
		} else {
			v.walk(e)
		}
		if n.Tok != token.DEFINE {
			v.change(e, n.Rhs)
		}
	}
}

// loop walks a loop over a list that may be known.
func (v *visit) loop(n *ast.RangeStmt) {
	v.walk(n.X)
	elems := v.a.eval(v.frame, n.X).elems
	at := n.Value
	if t := v.frame.unit.info.TypeOf(n.X); t != nil {
		if _, isMap := t.Underlying().(*types.Map); isMap {
			at = n.Key
		}
	}
	if name, ok := at.(*ast.Ident); ok && elems != nil {
		v.bind(name, value{texts: elems})
	}
	v.walk(n.Body)
}

// change notes an assignment to another package's variable, or to what it leads to.
func (v *visit) change(to ast.Expr, from []ast.Expr) {
	target := v.a.root(v.frame, to)
	if name, ok := ast.Unparen(to).(*ast.Ident); ok {
		target, _ = v.frame.unit.info.Uses[name].(*types.Var) // of a local variable, only itself changes
		if target != nil && !packageLevel(target) {
			return
		}
	}
	if target == nil || target.Pkg() == nil {
		return
	}
	v.stored(target, to.Pos(), append([]ast.Expr{to}, from...), nil)
}

// stored adds the effect that something is put into a package's variable. Of packages
// outside of the standard library only what a caller hands over counts: that is
// registering; the rest is the package's own affair.
func (v *visit) stored(target *types.Var, pos token.Pos, exprs []ast.Expr, key ast.Expr) {
	owner := target.Pkg().Path()
	u := v.a.world.units[owner]
	if u == nil || owner == "C" {
		return
	}
	e := effect{registry: owner + "." + target.Name(), owner: owner, consequence: Overrides, pos: pos}
	if !u.Standard {
		if owner == v.frame.unit.ImportPath && !v.mentionsParam(exprs) {
			return
		}
	}
	if key == nil && len(exprs) > 0 {
		if index, ok := ast.Unparen(exprs[0]).(*ast.IndexExpr); ok {
			key = index.Index
		}
	}
	if key != nil && !u.Standard && v.frame.panics {
		e.consequence = Panics // who panics where keys are put in, does so over a key that is there
	}
	if key == nil {
		v.add(e)
		return
	}
	v.addKeyed(e, v.a.eval(v.frame, key))
}

// addKeyed adds an effect for each text that the key can be.
func (v *visit) addKeyed(e effect, key value) {
	e.places = key.places
	if len(key.texts) == 0 {
		v.add(e)
		return
	}
	for _, text := range key.texts {
		e.key, e.known = text, true
		v.add(e)
	}
}

func (v *visit) mentionsParam(exprs []ast.Expr) bool {
	found := false
	for _, e := range exprs {
		ast.Inspect(e, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				for f := v.frame; f != nil; f = f.outer {
					found = found || f.params[v.frame.unit.info.Uses[id]]
				}
			}
			return !found
		})
	}
	return found
}

func (v *visit) goroutine(n *ast.GoStmt) {
	name := "func"
	if fn := v.a.static(v.frame, n.Call); fn != nil {
		name = fn.FullName()
	}
	v.add(effect{
		registry: "goroutines", owner: Process, key: name, known: true, consequence: Doubles, pos: n.Pos(),
		chain: []step{{"go " + name, n.Pos()}},
	})
	v.call(n.Call)
}

// into walks the function that is called, and takes over what it does.
func (v *visit) into(name string, pos token.Pos, u *unit, body *ast.BlockStmt, f *frame, memo string) {
	if v.depth >= mostDepth {
		return
	}
	if at, ok := v.a.active[memo]; ok && memo != "" {
		v.lowest = min(v.lowest, at)
		return
	}
	effects, ok := v.a.memo[memo]
	if !ok || memo == "" {
		inner := &visit{a: v.a, frame: f, depth: v.depth + 1, lowest: v.depth + 1}
		if memo != "" {
			v.a.active[memo] = inner.depth
		}
		inner.walk(body)
		delete(v.a.active, memo)
		effects = compact(inner.effects)
		if memo != "" && inner.lowest >= inner.depth && v.a.nodes >= 0 {
			v.a.memo[memo] = effects
		}
		v.lowest = min(v.lowest, inner.lowest)
	}
	for _, e := range effects {
		e.chain = append([]step{{name, pos}}, e.chain...)
		v.add(e)
	}
}

// compact keeps of equal effects the one whose way is the shortest.
func compact(effects []effect) []effect {
	type id struct {
		registry, key string
		known         bool
		pos           token.Pos
	}
	best := make(map[id]int, len(effects))
	var out []effect
	for _, e := range effects {
		k := id{e.registry, e.key, e.known, e.pos}
		at, ok := best[k]
		if !ok {
			best[k] = len(out)
			out = append(out, e)
		} else if cmp.Less(len(e.chain), len(out[at].chain)) {
			out[at] = e
		}
	}
	return out
}

// memoKey tells walks of a function apart; empty where a walk cannot be used again.
func memoKey(fn *types.Func, f *frame, order []types.Object) string {
	var b strings.Builder
	b.WriteString(fn.FullName())
	writePos(&b, fn.Pos())
	for _, p := range order {
		v := f.bound[p]
		if v.lit != nil {
			return ""
		}
		b.WriteByte(5)
		v.signature(&b)
	}
	return b.String()
}
