// Package plugtool_test holds the rules of the house that no compiler checks.
package plugtool_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/docs"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
)

const module = "github.com/plugtool/plugtool"

// level gives every package its floor: imports go down only, to a higher
// number. A package that is not here has no place in the design yet.
var level = map[string]int{
	"cmd/plugtool":     0,
	"builder":          1,
	"loader":           1,
	"loader/keyless":   1, // not onlyStandard: apart from loader for that reason
	"report":           1,
	"sbom":             1,
	"signer":           1,
	"trial":            2, // knows nothing of the others: it runs what it is given
	"watch":            2,
	"templates":        1,
	"signer/kms":       2,
	"signer/policy":    2,
	"signer/keyless":   2,
	"signer/bundle":    3,
	"isolate":          2, // knows neither hosts nor builds: packages in, files out
	"isolate/once":     3,
	"inspector":        2,
	"inspector/goelf":  3,
	"inspector/gotype": 4,
	"docs":             3,
	".":                3, // the module's own sources, for scaffolds
}

// onlyStandard names the packages that hosts carry.
var onlyStandard = []string{"loader", "inspector", "inspector/goelf", "inspector/gotype", "signer/bundle", "signer/policy"}

// hostsDoWithout names packages of the standard library that the loader keeps out of
// hosts: what a host has, it shares with its plugins, and these differ where a plugin was
// built with tags of its own (netgo, osusergo), or are large.
var hostsDoWithout = []string{"net", "os/user", "net/http", "crypto/tls", "crypto/x509", "log/slog"}

// soleImporter names the one package, and those below it, that may import a
// module directly.
var soleImporter = map[string]string{
	"github.com/urfave/cli/v2":          "cmd/plugtool",
	"github.com/CycloneDX/cyclonedx-go": "sbom",
	"github.com/sigstore/sigstore-go":   "signer/keyless",
}

type goPackage struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

func listPackages(t *testing.T, args ...string) map[string]goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Standard,Imports,Deps"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, stderr.Bytes())
	}
	packages := map[string]goPackage{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
}

// room gives the folder of a package of this module.
func room(importPath string) (string, bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

func TestImportsGoDown(t *testing.T) {
	for path, p := range listPackages(t, "./...") {
		from, ok := room(path)
		if !ok {
			continue
		}
		floor, known := level[from]
		if !known {
			t.Errorf("package %s has no place in the design: give it a level here and a line there", from)
			continue
		}
		for _, imported := range p.Imports {
			if to, ok := room(imported); ok && level[to] <= floor {
				t.Errorf("%s imports %s, which does not lie below it", from, to)
			}
		}
	}
}

func TestHostsNeedOnlyTheStandardLibrary(t *testing.T) {
	all := listPackages(t, "-deps", "./...")
	for _, from := range onlyStandard {
		p, ok := all[module+"/"+from]
		if !ok {
			t.Errorf("there is no package %s", from)
		}
		for _, dep := range p.Deps {
			if _, ours := room(dep); !ours && !all[dep].Standard {
				t.Errorf("%s needs %s, which is not in the standard library", from, dep)
			}
			if slices.Contains(hostsDoWithout, dep) {
				t.Errorf("%s needs %s, which hosts are to do without", from, dep)
			}
		}
	}
}

func TestSoleImporters(t *testing.T) {
	for path, p := range listPackages(t, "./...") {
		from, _ := room(path)
		for mod, sole := range soleImporter {
			if from == sole {
				continue
			}
			for _, imported := range p.Imports {
				if imported == mod || strings.HasPrefix(imported, mod+"/") {
					t.Errorf("%s imports %s: only %s may", from, imported, sole)
				}
			}
		}
	}
}

func TestEveryFindingHasItsPage(t *testing.T) {
	ids := map[string]bool{}
	for _, f := range append(inspector.FindingKinds(), report.SignatureKinds()...) {
		ids[f.ID] = true
		page, err := docs.Findings.ReadFile("findings/" + f.ID + ".md")
		if err != nil {
			t.Errorf("finding %s (%s) has no page in docs/findings", f.ID, f.Slug)
			continue
		}
		for _, word := range []string{f.ID, f.Slug} {
			if !bytes.Contains(page, []byte(word)) {
				t.Errorf("docs/findings/%s.md does not name %s", f.ID, word)
			}
		}
	}
	pages, err := docs.Findings.ReadDir("findings")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if id, ok := strings.CutSuffix(page.Name(), ".md"); !ok || !ids[id] {
			t.Errorf("docs/findings/%s is the page of no finding", page.Name())
		}
	}
}

const (
	mostLines     = 400 // of a file
	mostFuncLines = 60  // of a function outside of tests, whose tables are long
)

// A source is one parsed Go file of this module.
type source struct {
	name  string
	test  bool
	lines int
	fset  *token.FileSet
	file  *ast.File
}

// sources parses all Go files of this module, not those of modules within it.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, err := os.Stat(filepath.Join(name, "go.mod"))
			if d.Name() == ".git" || d.Name() == "testdata" || name != "." && err == nil {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		s := source{name: name, test: strings.HasSuffix(name, "_test.go"), lines: bytes.Count(text, []byte("\n"))}
		s.fset = token.NewFileSet()
		s.file, err = parser.ParseFile(s.fset, name, text, parser.ParseComments)
		all = append(all, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestHouseRules(t *testing.T) {
	for _, s := range sources(t) {
		if s.lines > mostLines {
			t.Errorf("%s has %d lines, at most %d: perhaps it is two rooms in one", s.name, s.lines, mostLines)
		}
		if slices.Contains([]string{"util", "utils", "common", "helpers", "types"}, s.file.Name.Name) {
			t.Errorf("%s: package %s says nothing about what it hides", s.name, s.file.Name.Name)
		}
		for _, problem := range s.problems() {
			t.Error(problem)
		}
	}
}

// problems lists what a file does against the rules, each with its place.
func (s source) problems() []string {
	var found []string
	problem := func(at ast.Node, format string, args ...any) {
		found = append(found, fmt.Sprintf("%s: %s", s.fset.Position(at.Pos()), fmt.Sprintf(format, args...)))
	}
	inCmd := strings.HasPrefix(filepath.ToSlash(s.name), "cmd/")
	for _, c := range s.file.Comments {
		if strings.Contains(c.Text(), "TODO") || strings.Contains(c.Text(), "FIXME") {
			problem(c, "what is left to do belongs into an issue")
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			length := s.fset.Position(n.End()).Line - s.fset.Position(n.Pos()).Line + 1
			if !s.test && length > mostFuncLines {
				problem(n, "%s has %d lines, at most %d", n.Name.Name, length, mostFuncLines)
			}
			if n.Name.Name == "init" && n.Recv == nil {
				problem(n, "work in init happens to everyone who imports the package")
			}
		case *ast.SelectorExpr:
			x, _ := n.X.(*ast.Ident)
			if x == nil {
				break
			}
			name := x.Name + "." + n.Sel.Name
			switch {
			case s.test && strings.HasPrefix(n.Sel.Name, "Skip") && slices.Contains([]string{"t", "b", "f", "tb"}, x.Name):
				problem(n, "a test that is skipped passes with its fixture missing")
			case strings.HasPrefix(name, "log.Fatal"), name == "os.Exit" && !inCmd && !s.test:
				problem(n, "%s exits past every defer", name)
			case !s.test && !inCmd && slices.Contains([]string{"os.Getenv", "os.LookupEnv", "os.Environ"}, name):
				problem(n, "%s: only cmd reads the environment", name)
			}
		}
		return true
	})
	return found
}

// What docs/security.md names as proof is there: tests by name, and attacks by how their
// names begin.
func TestSecurityNamesItsTests(t *testing.T) {
	page, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	functions, attacks := map[string]bool{}, ""
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.test {
				functions[f.Name.Name] = true
			}
		}
		if strings.HasPrefix(s.name, "cmd/plugtool/attack") {
			text, err := os.ReadFile(s.name)
			if err != nil {
				t.Fatal(err)
			}
			attacks += string(text)
		}
	}
	for _, name := range regexp.MustCompile(`\b(Test|Fuzz)[A-Z]\w*`).FindAllString(string(page), -1) {
		if !functions[name] {
			t.Errorf("docs/security.md names %s, and there is no such test", name)
		}
	}
	for _, list := range regexp.MustCompile(`TestAttacks \(([^)]*)\)`).FindAllStringSubmatch(string(page), -1) {
		for _, name := range regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(list[1], -1) {
			part := strings.Trim(name[1], "… ")
			if !strings.Contains(attacks, part) {
				t.Errorf("docs/security.md names the attack %q, and no attack is called so", name[1])
			}
		}
	}
}
