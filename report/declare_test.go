package report

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// TestDeclarationsCanBePasted: what inspect declares of a plugin, put into a package
// main with the plugin's own types, declares what the plugin's source does.
func TestDeclarationsCanBePasted(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../testdata/contract")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "plug.so")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-buildmode=plugin", "-o", file, "./plug")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, msg)
	}
	b, err := inspector.Inspect(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := WriteInspectText(&out, b, Style{}); err != nil {
		t.Fatal(err)
	}
	_, pasted, _ := strings.Cut(out.String(), "\ndeclarations, to paste\n")
	pasted, _, _ = strings.Cut(pasted, "\npackage hashes")
	own, err := os.ReadFile(filepath.Join(dir, "plug", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	want := checkSource(t, dir, string(own))
	got := checkSource(t, dir, "package main\n"+pasted+onlyTypes(t, string(own)))
	// Two ways to write one type.
	same := strings.NewReplacer("any", "interface{}", "byte", "uint8", "rune", "int32", "Foo(); error", "Error() string; Foo()")
	exported := 0
	for _, name := range want.Names() {
		a, b := want.Lookup(name), got.Lookup(name)
		if _, isConst := a.(*types.Const); isConst || !a.Exported() {
			continue
		}
		if f, ok := a.Type().(*types.Signature); ok && f.TypeParams() != nil {
			continue // Lookup finds no generic functions
		}
		exported++
		if b == nil || same.Replace(plain(a)) != same.Replace(plain(b)) {
			t.Errorf("the plugin declares %v, inspect %v", a, b)
		}
	}
	if exported < 25 {
		t.Errorf("%d symbols were compared", exported)
	}
}

// plain writes an object without the names of parameters.
func plain(o types.Object) string {
	text := types.ObjectString(o, nil)
	if f, ok := o.Type().(*types.Signature); ok {
		strip := func(list *types.Tuple) *types.Tuple {
			var vars []*types.Var
			for v := range list.Variables() {
				vars = append(vars, types.NewParam(0, nil, "", v.Type()))
			}
			return types.NewTuple(vars...)
		}
		text = o.Name() + types.NewSignatureType(nil, nil, nil, strip(f.Params()), strip(f.Results()), f.Variadic()).String()
	}
	return text
}

// onlyTypes gives the declarations of types in a source.
func onlyTypes(t *testing.T, source string) string {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE {
			b.WriteString("\n" + source[fset.Position(g.Pos()).Offset:fset.Position(g.End()).Offset] + "\n")
		}
	}
	return b.String()
}

func checkSource(t *testing.T, dir, source string) *types.Scope {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "main.go", source, 0)
	if err != nil {
		t.Fatalf("%v\n%s", err, source)
	}
	api, err := parser.ParseFile(fset, filepath.Join(dir, "api.v2", "api.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	conf := types.Config{Importer: importer.ForCompiler(fset, "source", nil), IgnoreFuncBodies: true}
	shared, err := conf.Check("example.com/contract/api.v2", fset, []*ast.File{api}, nil)
	if err != nil {
		t.Fatal(err)
	}
	conf.Importer = withShared{conf.Importer, shared}
	pkg, err := conf.Check("example.com/contract/plug", fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, source)
	}
	return pkg.Scope()
}

// withShared imports a package that is not in this module.
type withShared struct {
	types.Importer
	shared *types.Package
}

func (w withShared) Import(path string) (*types.Package, error) {
	if path == w.shared.Path() {
		return w.shared, nil
	}
	return w.Importer.Import(path)
}
