package once

import (
	"context"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// Analyze finds what the initialisation of each package outside of the standard library
// registers in state that is not the package's own. It follows static calls through all
// packages given, function values as far as they are handed on, and constants through
// parameters; calls through interfaces it does not follow. Packages that cannot be
// understood as a whole are named in Facts.Incomplete; an error means that the sources
// cannot be read or that packages contradicts itself.
func Analyze(ctx context.Context, packages []Package, opts Options) (*Facts, error) {
	key, err := cacheKey(packages, opts)
	if err != nil {
		return nil, err
	}
	if facts := cached(opts.Cache, key); facts != nil {
		return facts, nil
	}
	w, err := load(ctx, packages, opts)
	if err != nil {
		return nil, err
	}
	a := &analysis{
		world:      w,
		registries: make(map[string]Registry),
		vars:       make(map[*unit]*variables),
		evaluating: make(map[*types.Var]bool),
		memo:       make(map[string][]effect),
		active:     make(map[string]int),
		panics:     make(map[*ast.FuncDecl]bool),
		texts:      make(map[string][]byte),
	}
	a.sinks, a.lookups = functions()
	for _, r := range Registries() {
		a.registries[r.ID] = r
	}
	facts := &Facts{Findings: []Finding{}}
	for _, path := range w.paths() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if u := w.units[path]; !u.Standard && u.types != nil {
			a.analyze(u, facts)
		}
	}
	facts.sort()
	return facts, store(opts.Cache, key, facts)
}

// analyze adds what is found in one package.
func (a *analysis) analyze(u *unit, facts *Facts) {
	a.nodes = mostNodes
	for _, file := range u.files {
		a.nodes += int(file.FileEnd - file.FileStart) // tables are walked through once, and have fewer nodes than bytes
	}
	for _, e := range a.initialisation(u) {
		if e.owner != u.ImportPath {
			facts.Findings = append(facts.Findings, a.finding(u, e))
		}
	}
	if a.nodes < 0 {
		u.fail(fmt.Errorf("its initialisation calls more than can be followed"))
	}
	facts.Findings = append(facts.Findings, a.separate(u)...)
	if f := a.cSymbols(u); f != nil {
		facts.Findings = append(facts.Findings, *f)
	}
	facts.Lookups = append(facts.Lookups, a.asks(u)...)
	if u.failed != nil {
		facts.Incomplete = append(facts.Incomplete, Incomplete{u.ImportPath, u.failed.Error()})
	}
}

// initialisation walks a package's variables and init functions.
func (a *analysis) initialisation(u *unit) []effect {
	var all []effect
	from := func(name string, pos token.Pos, panics bool, n ast.Node) {
		v := &visit{a: a, frame: &frame{unit: u, bound: map[types.Object]value{}, panics: panics}}
		v.walk(n)
		for _, e := range v.effects {
			e.chain = append([]step{{name, pos}}, e.chain...)
			all = append(all, e)
		}
	}
	for _, file := range u.files {
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.GenDecl:
				if decl.Tok != token.VAR {
					break
				}
				for _, spec := range decl.Specs {
					vs := spec.(*ast.ValueSpec)
					for i, value := range vs.Values {
						from("var "+vs.Names[min(i, len(vs.Names)-1)].Name, vs.Pos(), false, value)
					}
				}
			case *ast.FuncDecl:
				if decl.Recv == nil && decl.Name.Name == "init" && decl.Body != nil {
					from("init", decl.Pos(), a.panicking(u, decl), decl.Body)
				}
			}
		}
	}
	return compact(all)
}

// finding turns an effect into what is told.
func (a *analysis) finding(u *unit, e effect) Finding {
	f := Finding{
		Package: u.ImportPath, Position: a.world.at(e.pos), Registry: e.registry, Owner: e.owner,
		Key: e.key, KeyKnown: e.known, Consequence: e.consequence,
	}
	for _, s := range e.chain {
		f.Chain = append(f.Chain, Call{Func: u.ImportPath + "." + s.name, At: a.world.at(s.pos)})
	}
	for i := 1; i < len(e.chain); i++ {
		f.Chain[i].Func = e.chain[i].name
	}
	if change := a.registries[e.registry].change; change != fixed {
		f.Keys, f.Same = a.keys(change, e)
	}
	return f
}

// span gives an expression's place and text.
func (a *analysis) span(u *unit, e ast.Node) Span {
	from, to := a.world.fset.Position(e.Pos()), a.world.fset.Position(e.End())
	s := Span{Package: u.ImportPath, File: from.Filename, Offset: from.Offset, Line: from.Line}
	text, ok := a.texts[from.Filename]
	if !ok {
		text, _ = a.world.readFile(from.Filename) // gone since it was parsed: no edit applies to it
		a.texts[from.Filename] = text
	}
	if from.Offset <= to.Offset && to.Offset <= len(text) {
		s.Text = string(text[from.Offset:to.Offset])
	}
	return s
}

// separate tells of what hosts set up for the whole process and a copy has for itself.
func (a *analysis) separate(u *unit) []Finding {
	var found []Finding
	for _, s := range singles() {
		if s.pkg != u.ImportPath {
			continue
		}
		if obj := u.types.Scope().Lookup(s.name); obj != nil {
			at := a.world.at(obj.Pos())
			found = append(found, Finding{
				Package: u.ImportPath, Position: at, Registry: u.ImportPath + "." + s.name, Owner: u.ImportPath,
				Consequence: Splits, Chain: []Call{{Func: u.ImportPath + "." + s.name, At: at}},
			})
		}
	}
	return found
}

// asks finds the calls that ask a registry by key.
func (a *analysis) asks(u *unit) []Lookup {
	var found []Lookup
	f := &frame{unit: u, bound: map[types.Object]value{}}
	for _, file := range u.files {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			fn := a.static(f, call)
			if fn == nil {
				return true
			}
			s, ok := a.lookups[fn.FullName()]
			if !ok || s.key >= len(call.Args) {
				return true
			}
			if s.recv != "" {
				target := a.rootOf(f, receiver(f, call))
				if target == nil || target.Pkg().Path()+"."+target.Name() != s.recv {
					return true
				}
			}
			l := Lookup{Registry: s.registry, Package: u.ImportPath, At: a.span(u, call.Args[s.key])}
			if texts := a.eval(f, call.Args[s.key]).texts; len(texts) == 1 {
				l.Key, l.KeyKnown = texts[0], true
			}
			found = append(found, l)
			return true
		})
	}
	return found
}
