package once

import (
	"context"
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strconv"
	"sync"
)

// check type-checks all packages, those side by side that do not wait for each other.
func (w *world) check(ctx context.Context, jobs int) error {
	order, err := w.order()
	if err != nil {
		return err
	}
	done := make(map[string]chan struct{}, len(order))
	for _, u := range order {
		done[u.ImportPath] = make(chan struct{})
	}
	slots := make(chan struct{}, jobs)
	var wg sync.WaitGroup
	for _, u := range order {
		wg.Go(func() {
			defer close(done[u.ImportPath])
			for _, path := range u.imports() {
				if c := done[path]; c != nil {
					<-c
				}
			}
			slots <- struct{}{}
			defer func() { <-slots }()
			if ctx.Err() == nil {
				w.checkOne(u)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

// order puts imported packages before those that import them.
func (w *world) order() ([]*unit, error) {
	var order []*unit
	const entered, left = 1, 2
	state := make(map[string]int, len(w.units))
	var visit func(path string) error
	visit = func(path string) error {
		u := w.units[path]
		switch {
		case u == nil || state[path] == left:
			return nil
		case state[path] == entered:
			return fmt.Errorf("package %s imports itself, by way of others", path)
		}
		state[path] = entered
		for _, imported := range u.imports() {
			if err := visit(imported); err != nil {
				return err
			}
		}
		state[path] = left
		order = append(order, u)
		return nil
	}
	for _, path := range w.paths() {
		if err := visit(path); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// imports are the import paths of what the package's files import.
func (u *unit) imports() []string {
	var paths []string
	for _, f := range u.files {
		for _, spec := range f.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err == nil && path != "C" && path != "unsafe" {
				paths = append(paths, u.mapped(path))
			}
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

func (u *unit) mapped(path string) string {
	if to := u.ImportMap[path]; to != "" {
		return to
	}
	return path
}

// importer gives a package what it imports.
type importer struct {
	world *world
	unit  *unit
}

// Import implements types.Importer.
func (i importer) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	u := i.world.units[i.unit.mapped(path)]
	if u == nil || u.types == nil {
		return nil, fmt.Errorf("package %s is not among those given", path)
	}
	return u.types, nil
}

// checkOne type-checks a package. What it does not understand, it leaves out: a package
// that cgo has not been through cannot be understood as a whole.
func (w *world) checkOne(u *unit) {
	defer func() {
		if r := recover(); r != nil { // go/types on source that no compiler was meant to read
			u.fail(fmt.Errorf("go/types gave up: %v", r))
		}
	}()
	u.info = &types.Info{}
	if !u.Standard {
		u.info = &types.Info{
			Types:      make(map[ast.Expr]types.TypeAndValue),
			Defs:       make(map[*ast.Ident]types.Object),
			Uses:       make(map[*ast.Ident]types.Object),
			Selections: make(map[*ast.SelectorExpr]*types.Selection),
		}
	}
	conf := types.Config{
		Importer:         importer{w, u},
		Sizes:            w.sizes,
		FakeImportC:      true,
		IgnoreFuncBodies: u.Standard,
		Error: func(err error) {
			if len(u.CgoFiles) == 0 {
				u.fail(err)
			}
		},
	}
	// The first error is what conf.Error was told already.
	u.types, _ = conf.Check(u.ImportPath, w.fset, u.files, u.info)
	if u.Standard {
		return
	}
	u.functions = make(map[*types.Func]*ast.FuncDecl)
	for _, f := range u.files {
		for _, decl := range f.Decls {
			fd, ok := decl.(*ast.FuncDecl)
			if !ok || fd.Body == nil {
				continue
			}
			if fn, ok := u.info.Defs[fd.Name].(*types.Func); ok {
				u.functions[fn] = fd
			}
		}
	}
}
