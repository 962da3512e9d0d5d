package isolate

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
)

// Named gives the packages that the exported symbols of a main package name in their
// types, with the symbol that names each. It reads source alone: where a variable's type
// is not written down, whatever its value names counts. files are the package's Go files
// by name, names the names of the packages that it imports.
func Named(files map[string][]byte, names map[string]string) (map[string]string, error) {
	n := &namer{names: names, found: map[string]string{}, decls: map[string][]declared{}, methods: map[string][]declared{}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := parser.ParseFile(token.NewFileSet(), name, files[name], parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		n.declare(f)
	}
	for _, name := range slices.Sorted(maps.Keys(n.decls)) {
		if !ast.IsExported(name) {
			continue
		}
		for _, d := range n.decls[name] {
			if _, isType := d.node.(*ast.TypeSpec); isType {
				continue // plugin.Lookup finds functions and variables
			}
			n.symbol, n.done = name, map[ast.Node]bool{}
			n.visit(d)
		}
	}
	return n.found, nil
}

// declared is a function, type or variable of the package, with its file's imports.
type declared struct {
	node    ast.Node // *ast.FuncDecl, *ast.TypeSpec or *ast.ValueSpec
	imports map[string][]string
}

type namer struct {
	names   map[string]string // of packages, by import path
	decls   map[string][]declared
	methods map[string][]declared // by the receiver's type
	found   map[string]string
	symbol  string            // whose type is looked at
	done    map[ast.Node]bool // what was looked at for it
}

// declare notes what a file declares.
func (n *namer) declare(f *ast.File) {
	imports := n.imports(f)
	add := func(name string, node ast.Node) { n.decls[name] = append(n.decls[name], declared{node, imports}) }
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				add(d.Name.Name, d)
			} else if recv := receiver(d); recv != "" && ast.IsExported(d.Name.Name) {
				n.methods[recv] = append(n.methods[recv], declared{d, imports})
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					add(s.Name.Name, s)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						if d.Tok == token.VAR {
							add(id.Name, s)
						}
					}
				}
			}
		}
	}
}

// imports gives a file's imports by the names that they have in it; dot imports by a dot.
func (n *namer) imports(f *ast.File) map[string][]string {
	all := map[string][]string{}
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := n.names[path]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		all[name] = append(all[name], path)
	}
	return all
}

// receiver gives the name of a method's type.
func receiver(d *ast.FuncDecl) string {
	if len(d.Recv.List) != 1 {
		return ""
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.ParenExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// visit looks at a declaration's type.
func (n *namer) visit(d declared) {
	if n.done[d.node] {
		return
	}
	n.done[d.node] = true
	switch node := d.node.(type) {
	case *ast.FuncDecl:
		n.walk(node.Type, d.imports)
	case *ast.TypeSpec:
		n.walk(node.Type, d.imports)
		for _, m := range n.methods[node.Name.Name] {
			n.visit(m)
		}
	case *ast.ValueSpec:
		if node.Type != nil {
			n.walk(node.Type, d.imports)
			return
		}
		for _, v := range node.Values {
			n.walk(v, d.imports)
		}
	}
}

// walk looks for names in an expression. What only the bodies of functions name, and
// fields that no other package can reach, do not count.
func (n *namer) walk(e ast.Node, imports map[string][]string) {
	ast.Inspect(e, func(node ast.Node) bool {
		switch x := node.(type) {
		case *ast.BlockStmt:
			return false
		case *ast.Field:
			if len(x.Names) > 0 && !slices.ContainsFunc(x.Names, func(id *ast.Ident) bool { return ast.IsExported(id.Name) }) {
				if n.inStruct(e, x) {
					return false
				}
			}
			n.walk(x.Type, imports)
			return false
		case *ast.CompositeLit: // what it is filled with is not its type
			if x.Type != nil {
				n.walk(x.Type, imports)
			}
			return false
		case *ast.CallExpr:
			n.called(x.Fun, imports)
			return n.argumentsTell(x)
		case *ast.SelectorExpr:
			if id, ok := x.X.(*ast.Ident); ok && len(n.decls[id.Name]) == 0 {
				n.name(imports[id.Name])
				return false
			}
		case *ast.Ident:
			if len(n.decls[x.Name]) == 0 && ast.IsExported(x.Name) {
				n.name(imports["."])
			}
			for _, d := range n.decls[x.Name] {
				n.visit(d)
			}
		}
		return true
	})
}

// called looks at what is called: of a function of this package, at its results.
func (n *namer) called(fun ast.Expr, imports map[string][]string) {
	id, ok := fun.(*ast.Ident)
	if !ok || len(n.decls[id.Name]) == 0 {
		n.walk(fun, imports)
		return
	}
	for _, d := range n.decls[id.Name] {
		f, isFunc := d.node.(*ast.FuncDecl)
		switch {
		case !isFunc:
			n.visit(d)
		case f.Type.Results != nil:
			n.walk(f.Type.Results, d.imports)
		}
	}
}

// argumentsTell says whether the type of a call's result may follow from its arguments: a
// built-in function's, or a generic one's of this package.
func (n *namer) argumentsTell(call *ast.CallExpr) bool {
	id, ok := call.Fun.(*ast.Ident)
	if !ok {
		return false
	}
	decls := n.decls[id.Name]
	return len(decls) == 0 || slices.ContainsFunc(decls, func(d declared) bool {
		f, isFunc := d.node.(*ast.FuncDecl)
		return isFunc && f.Type.TypeParams != nil
	})
}

// inStruct says whether a field is one of a struct, and no parameter.
func (n *namer) inStruct(e ast.Node, field *ast.Field) bool {
	found := false
	ast.Inspect(e, func(node ast.Node) bool {
		if s, ok := node.(*ast.StructType); ok && slices.Contains(s.Fields.List, field) {
			found = true
		}
		return !found
	})
	return found
}

func (n *namer) name(paths []string) {
	for _, path := range paths {
		if n.found[path] == "" {
			n.found[path] = "the exported symbol " + n.symbol
		}
	}
}
