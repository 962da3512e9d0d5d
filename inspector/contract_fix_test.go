package inspector_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestContractFixes applies the fix of each finding to the plugin's source, builds it
// again, and has the host assert: what failed has to be well then. Fixes that say that
// no plugin can mend it are told apart.
func TestContractFixes(t *testing.T) {
	t.Parallel()
	s := contractShop(t)
	plugin := s.contractPlugin(t, "plug.so", "")
	host := s.build(t, "host", "go build -trimpath -o OUT ./host")
	lines, results := reallyAssert(t, plugin, host)
	source, err := os.ReadFile(filepath.Join(s.dir, "plug", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	var hostsTurn []string
	var edited []string
	for _, line := range lines {
		if results[line] == "ok" {
			continue
		}
		fix := checkContract(t, host, plugin, requirement(t, line))[0].Fix
		if !strings.HasPrefix(fix[len(fix)-1], "plugtool build ") {
			hostsTurn = append(hostsTurn, line)
			continue
		}
		files, err := applyEdits(source, fix[:len(fix)-1])
		if err != nil {
			t.Errorf("%s: %q: %v", line, fix, err)
			continue
		}
		dir := filepath.Join(s.dir, fmt.Sprintf("plug-%d", len(edited)))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, data := range files {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		edited = append(edited, line)
	}
	for i, line := range edited {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			mended := s.build(t, fmt.Sprintf("mended-%d.so", i), fmt.Sprintf("go build -trimpath -buildmode=plugin -o OUT ./plug-%d", i))
			if found := checkContract(t, host, mended, requirement(t, line)); len(found) > 0 {
				t.Errorf("%s: after its fix there is %+v", line, found)
			}
			out, err := exec.Command(host, mended).CombinedOutput()
			if err != nil || !slices.Contains(strings.Split(string(out), "\n"), line+"\tok") {
				t.Errorf("%s: after its fix the host says %v\n%s", line, err, out)
			}
		})
	}
	// No plugin can keep these, or all that can be said is that the host has to change.
	want := []string{
		"Counts=*map[string]main.impl", "Hook=example.com/contract/api.v2.HookFunc", "Impl=*main.impl",
		"Impl=example.com/contract/api.v2.Source[interface { M(); main.x() }]", "Impl=example.com/contract/api.v2.Source[main.impl]",
		`Impl=example.com/contract/api.v2.Source[struct { A int "x"; main.b int; *example.com/contract/api.v2.Request }]`, "Impl=main.private",
		"Private=*struct { main.x int }", "Version=string",
	}
	if !slices.Equal(hostsTurn, want) {
		t.Errorf("for these the host has to change:\n%s\nwant\n%s", strings.Join(hostsTurn, "\n"), strings.Join(want, "\n"))
	}
}

// applyEdits does to a plugin's source what a fix says. New declarations go into a file
// of their own, with bodies that panic.
func applyEdits(source []byte, edits []string) (map[string][]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "main.go", source, 0)
	if err != nil {
		return nil, err
	}
	more := "package main\n"
	body := func(declaration string) string {
		if strings.HasPrefix(declaration, "func ") {
			return declaration + ` { panic("") }`
		}
		return declaration
	}
	for _, edit := range edits {
		how, text, _ := strings.Cut(edit, " ")
		method := regexp.MustCompile(`^change the method to func \(\*(\w+)\) (\w+)`).FindStringSubmatch(edit)
		declaration := regexp.MustCompile(`^change the declaration to ((?:func|var) (\w+).*)`).FindStringSubmatch(edit)
		concrete := regexp.MustCompile(`^declare (\w+) with the concrete type`).FindStringSubmatch(edit)
		embed := regexp.MustCompile(`^embed a type of package (\S+) that has the method \w+ in type (\w+)`).FindStringSubmatch(edit)
		rename := regexp.MustCompile(`^rename (\w+) to (\w+)`).FindStringSubmatch(edit)
		anything := regexp.MustCompile(`^declare a function or variable (\w+)`).FindStringSubmatch(edit)
		switch {
		case how == "import":
			more += edit + "\n"
		case method != nil:
			remove(file, method[1], method[2])
			more += body(strings.TrimPrefix(edit, "change the method to ")) + "\n"
		case declaration != nil:
			remove(file, "", declaration[2])
			more += body(declaration[1]) + "\n"
		case how == "remove":
			remove(file, "", strings.Fields(text)[1])
		case concrete != nil:
			remove(file, "", concrete[1])
			more += "var " + concrete[1] + map[string]string{"Iface": " impl\n", "Err": " failure\n"}[concrete[1]]
		case embed != nil:
			remove(file, embed[2], "sealed")
			remove(file, "", embed[2])
			more += fmt.Sprintf("import api %q\ntype %s struct { api.Base }\n", embed[1], embed[2])
		case rename != nil:
			ast.Inspect(file, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && id.Name == rename[1] {
					id.Name = rename[2]
				}
				return true
			})
		case anything != nil:
			remove(file, "", anything[1])
			more += "var " + anything[1] + " int\n"
		case how == "declare":
			more += body(text) + "\n"
			if name := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '(' })[1]; strings.HasPrefix(text, "func "+name+"(") {
				remove(file, "", name) // a generic function of that name
			}
		default:
			return nil, fmt.Errorf("edit %q is not understood", edit)
		}
	}
	var out bytes.Buffer
	if err := format.Node(&out, fset, file); err != nil {
		return nil, err
	}
	out.WriteString("\nvar _ context.Context\nvar _ unsafe.Pointer\nvar _ api.Base\n")
	return map[string][]byte{"main.go": out.Bytes(), "more.go": []byte(more)}, nil
}

// remove takes a declaration out of a file, and what is assigned to it with it.
func remove(file *ast.File, receiver, name string) {
	file.Decls = slices.DeleteFunc(file.Decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.FuncDecl)
		if ok && f.Name.Name == name && (f.Recv == nil) == (receiver == "") {
			if receiver == "" {
				return true
			}
			typ := f.Recv.List[0].Type
			if star, ok := typ.(*ast.StarExpr); ok {
				typ = star.X
			}
			return typ.(*ast.Ident).Name == receiver
		}
		g, ok := d.(*ast.GenDecl)
		if !ok || receiver != "" {
			return false
		}
		g.Specs = slices.DeleteFunc(g.Specs, func(s ast.Spec) bool {
			switch s := s.(type) {
			case *ast.ValueSpec:
				return s.Names[0].Name == name || name == "Generic" && strings.HasPrefix(fmt.Sprint(s.Names), "[_]") || name == "Hook" && s.Names[0].Name == "HookVar"
			case *ast.TypeSpec:
				return s.Name.Name == name
			}
			return false
		})
		return len(g.Specs) == 0
	})
}
