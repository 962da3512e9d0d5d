package templates

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// stubs is what it takes to implement a contract's interface.
type stubs struct {
	Interface string   // as a plugin writes it, as in contract.Greeter
	Imports   []string // import specs
	Methods   []stub
}

// A stub is a method that implements one of the interface's.
type stub struct {
	Name      string
	Signature string // parameters and results
	Returns   bool   // it has results, all of them named or blank
}

// ownContract says whether the interface is the one that scaffolds bring
// along, for which there is a plugin that does something.
func (s *stubs) ownContract() bool {
	return s.Interface == "contract.Greeter" && len(s.Methods) == 1 &&
		s.Methods[0] == stub{Name: "Greet", Signature: "(name string) (_ string)", Returns: true}
}

// newStubs reads a contract's package. Of several interfaces it takes Plugin,
// else Greeter, else the first.
func newStubs(c *Contract) (*stubs, error) {
	p, err := parseContract(c)
	if err != nil {
		return nil, fmt.Errorf("contract %s: %w", c.Module, err)
	}
	var problems []string
	for _, name := range p.candidates() {
		s := &stubs{Interface: p.name + "." + name}
		used := map[string]bool{importSpec(p.name, c.Module): true}
		if err := p.implement(s, p.types[name], used, 0); err != nil {
			problems = append(problems, fmt.Sprintf("interface %s: %v", name, err))
			continue
		}
		s.Imports = slices.Sorted(maps.Keys(used))
		return s, nil
	}
	if len(problems) == 0 {
		problems = []string{"it declares no exported interface"}
	}
	return nil, fmt.Errorf("contract %s: %s; use --kind func or context", c.Module, strings.Join(problems, "; "))
}

// contractPackage is the package in a contract module's root.
type contractPackage struct {
	name     string
	types    map[string]contractType
	order    []string        // the types' names as they are declared
	declared map[string]bool // every name at package level
}

type contractType struct {
	spec    *ast.TypeSpec
	imports map[string]string // of its file: name to import spec
}

func parseContract(c *Contract) (*contractPackage, error) {
	p := &contractPackage{types: make(map[string]contractType), declared: make(map[string]bool)}
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, c.Files[name], parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		imports, err := fileImports(file, c.Module)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if strings.Contains(name, "/") {
			continue // a package below: only its imports matter
		}
		if p.name != "" && p.name != file.Name.Name {
			return nil, fmt.Errorf("packages %s and %s in one folder", p.name, file.Name.Name)
		}
		p.name = file.Name.Name
		p.declare(file, imports)
	}
	if p.name == "" {
		return nil, fmt.Errorf("no Go files in its root")
	}
	return p, nil
}

// fileImports gives a file's imports by name. What is neither of the standard
// library nor of the contract itself would need a requirement in the plugin's
// go.mod, and change hashes with every release of that module.
func fileImports(file *ast.File, contract string) (map[string]string, error) {
	imports := make(map[string]string)
	for _, spec := range file.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		first, _, _ := strings.Cut(importPath, "/")
		if strings.Contains(first, ".") && importPath != contract && !strings.HasPrefix(importPath, contract+"/") {
			return nil, fmt.Errorf("it imports %s; a contract imports the standard library only", importPath)
		}
		name := path.Base(importPath)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = importSpec(name, importPath)
	}
	return imports, nil
}

func importSpec(name, importPath string) string {
	if name == path.Base(importPath) {
		return strconv.Quote(importPath)
	}
	return name + " " + strconv.Quote(importPath)
}

func (p *contractPackage) declare(file *ast.File, imports map[string]string) {
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
			p.declared[f.Name.Name] = true
		}
		group, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range group.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					p.declared[name.Name] = true
				}
			case *ast.TypeSpec:
				p.declared[spec.Name.Name] = true
				p.types[spec.Name.Name] = contractType{spec, imports}
				p.order = append(p.order, spec.Name.Name)
			}
		}
	}
}

// candidates lists the exported interfaces, the likeliest first.
func (p *contractPackage) candidates() []string {
	names := slices.DeleteFunc(slices.Clone(p.order), func(name string) bool {
		t := p.types[name].spec
		_, ok := t.Type.(*ast.InterfaceType)
		return !ok || !ast.IsExported(name) || t.TypeParams != nil
	})
	rank := func(name string) int { return slices.Index([]string{"Greeter", "Plugin"}, name) }
	slices.SortStableFunc(names, func(a, b string) int { return rank(b) - rank(a) })
	return names
}

// implement adds the methods of interface t to s, and what they import to used.
func (p *contractPackage) implement(s *stubs, t contractType, used map[string]bool, depth int) error {
	iface, ok := t.spec.Type.(*ast.InterfaceType)
	if !ok || depth > 8 {
		return fmt.Errorf("%s is no interface that can be followed", t.spec.Name.Name)
	}
	for _, field := range iface.Methods.List {
		if len(field.Names) == 0 {
			name, ok := field.Type.(*ast.Ident)
			embedded, known := contractType{}, false
			if ok {
				embedded, known = p.types[name.Name]
			}
			if !known {
				return fmt.Errorf("it embeds an interface of another package")
			}
			if err := p.implement(s, embedded, used, depth+1); err != nil {
				return err
			}
			continue
		}
		method, err := p.method(field, t.imports, used)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(s.Methods, func(m stub) bool { return m.Name == method.Name }) {
			s.Methods = append(s.Methods, method)
		}
	}
	return nil
}

func (p *contractPackage) method(field *ast.Field, imports map[string]string, used map[string]bool) (stub, error) {
	name := field.Names[0].Name
	if !ast.IsExported(name) {
		return stub{}, fmt.Errorf("its method %s is not exported", name)
	}
	f, ok := field.Type.(*ast.FuncType)
	if !ok {
		return stub{}, fmt.Errorf("its method %s has no function type", name)
	}
	if err := p.qualify(f, imports, used); err != nil {
		return stub{}, fmt.Errorf("its method %s: %w", name, err)
	}
	if f.Results != nil {
		for _, result := range f.Results.List {
			if len(result.Names) == 0 {
				result.Names = []*ast.Ident{ast.NewIdent("_")} // lets a bare return give zero values
			}
		}
	}
	var text bytes.Buffer
	if err := format.Node(&text, token.NewFileSet(), f); err != nil {
		return stub{}, err
	}
	return stub{
		Name:      name,
		Signature: strings.TrimPrefix(text.String(), "func"),
		Returns:   f.Results.NumFields() > 0,
	}, nil
}

// qualify rewrites a type of the contract so that it means the same in another
// package, and notes the imports that it needs.
func (p *contractPackage) qualify(node ast.Node, imports map[string]string, used map[string]bool) (err error) {
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			if qualifyErr := p.qualify(n.Type, imports, used); qualifyErr != nil && err == nil {
				err = qualifyErr
			}
			return false // the names in it stay
		case *ast.SelectorExpr:
			if pkg, ok := n.X.(*ast.Ident); ok {
				if spec, ok := imports[pkg.Name]; ok {
					used[spec] = true
				} else if err == nil {
					err = fmt.Errorf("package %s is not imported", pkg.Name)
				}
			}
			return false
		case *ast.Ident:
			if !p.declared[n.Name] {
				return true // predeclared
			}
			if !ast.IsExported(n.Name) && err == nil {
				err = fmt.Errorf("type %s is not exported", n.Name)
			}
			n.Name = p.name + "." + n.Name
		}
		return true
	})
	return err
}
