package once

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
)

const (
	mostFile  = 64 << 20 // bytes of a source file
	mostBytes = 2 << 30  // of all source files
)

// unit is a package that was parsed and type-checked.
type unit struct {
	Package
	files  []*ast.File
	types  *types.Package
	info   *types.Info
	failed error // the first error of checking; the rest of the package is understood all the same

	functions map[*types.Func]*ast.FuncDecl
}

// world is all packages of a build.
type world struct {
	fset  *token.FileSet
	sizes types.Sizes
	units map[string]*unit
	decls map[*types.Func]*unit // where functions with bodies are

	mu   sync.Mutex
	read int64
}

// load parses and checks packages, imported ones first. Of the standard library only
// the declarations are read.
func load(ctx context.Context, packages []Package, opts Options) (*world, error) {
	arch := opts.GOARCH
	if arch == "" {
		arch = "amd64"
	}
	w := &world{fset: token.NewFileSet(), units: make(map[string]*unit), decls: make(map[*types.Func]*unit)}
	if w.sizes = types.SizesFor("gc", arch); w.sizes == nil {
		return nil, fmt.Errorf("cannot read packages for architecture %q: the compiler knows none of that name", arch)
	}
	for _, p := range packages {
		if w.units[p.ImportPath] != nil {
			return nil, fmt.Errorf("package %s is given twice", p.ImportPath)
		}
		w.units[p.ImportPath] = &unit{Package: p}
	}
	jobs := opts.Jobs
	if jobs <= 0 {
		jobs = runtime.NumCPU()
	}
	if err := w.each(ctx, jobs, w.parse); err != nil {
		return nil, err
	}
	if err := w.check(ctx, jobs); err != nil {
		return nil, err
	}
	for _, u := range w.units {
		for fn := range u.functions {
			w.decls[fn] = u
		}
	}
	return w, nil
}

// each runs work on all packages, a number of them at a time.
func (w *world) each(ctx context.Context, jobs int, work func(*unit) error) error {
	var wg sync.WaitGroup
	errs := make([]error, len(w.units))
	slots := make(chan struct{}, jobs)
	for i, path := range w.paths() {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if errs[i] = ctx.Err(); errs[i] == nil {
				errs[i] = work(w.units[path])
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// paths are the import paths in order.
func (w *world) paths() []string {
	paths := make([]string, 0, len(w.units))
	for path := range w.units {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

func (w *world) parse(u *unit) error {
	for _, name := range slices.Concat(u.GoFiles, u.CgoFiles) {
		mode := parser.SkipObjectResolution
		if slices.Contains(u.CgoFiles, name) {
			mode |= parser.ParseComments
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(u.Dir, name)
		}
		text, err := w.readFile(name)
		if err != nil {
			return fmt.Errorf("cannot read package %s: %w", u.ImportPath, err)
		}
		file, err := parser.ParseFile(w.fset, name, text, mode)
		if err != nil {
			u.fail(err)
		}
		if file == nil || file.Name == nil {
			continue
		}
		if u.Standard {
			dropTables(file)
		}
		u.files = append(u.files, file)
	}
	return nil
}

func (u *unit) fail(err error) {
	if u.failed == nil {
		u.failed = err
	}
}

// readFile reads a source file whole, but no more of it than a compiler would be given.
func (w *world) readFile(name string) (text []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	if text, err = io.ReadAll(io.LimitReader(f, mostFile+1)); err != nil {
		return nil, err
	}
	if len(text) > mostFile {
		return nil, fmt.Errorf("%s has more than %d bytes", name, mostFile)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.read += int64(len(text)); w.read > mostBytes {
		return nil, fmt.Errorf("the packages have more than %d bytes of source", int64(mostBytes))
	}
	return text, nil
}

// dropTables empties the literals that variables begin with: those of package unicode
// and the like take a fifth of all the time, and only their types are needed. Arrays whose
// length is counted keep theirs.
func dropTables(file *ast.File) {
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR {
			continue
		}
		for _, spec := range gen.Specs {
			for _, value := range spec.(*ast.ValueSpec).Values {
				if and, ok := value.(*ast.UnaryExpr); ok {
					value = and.X
				}
				lit, ok := value.(*ast.CompositeLit)
				if !ok {
					continue
				}
				if array, ok := lit.Type.(*ast.ArrayType); ok {
					if _, counted := array.Len.(*ast.Ellipsis); counted {
						continue
					}
				}
				lit.Elts = nil
			}
		}
	}
}
