package once_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plugtool/plugtool/isolate/once"
)

// source writes a package of one file.
func source(t *testing.T, path, text string) once.Package {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.go"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return once.Package{ImportPath: path, Dir: dir, GoFiles: []string{"x.go"}}
}

// Source that no compiler would take ends neither the analysis nor the process: what is
// understood is told, and that something is not.
func TestBrokenSource(t *testing.T) {
	for name, text := range map[string]string{
		"syntax":         "package x\nfunc init() { go func( }\n",
		"types":          "package x\nvar a int = \"b\"\nvar c = d()\n",
		"missing import": "package x\nimport \"example.com/nowhere\"\nfunc init() { nowhere.Do(nowhere.X{}.Y...) }\n",
		"no package":     "func init() {}\n",
		"empty":          "",
		"binary":         "\x7fELF\x00\x00",
		"recursive type": "package x\ntype T struct{ T }\nvar t T\nfunc (t T) m() { t.m() }\nfunc init() { t.m() }\n",
		"recursive var":  "package x\nvar a, b = b, a\nvar s = s + \"x\"\nfunc f(x string) { f(x + \"y\") }\nfunc init() { f(s) }\n",
		"deep":           "package x\nvar x = " + strings.Repeat("(", 200000) + "1" + strings.Repeat(")", 200000) + "\n",
		"wrong builtin":  "package x\nfunc init() { delete(); append(); panic(); make()() }\n",
	} {
		t.Run(name, func(t *testing.T) {
			facts, err := once.Analyze(t.Context(), []once.Package{source(t, "example.com/x", text)}, once.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(facts.Incomplete) != 1 || facts.Incomplete[0].Package != "example.com/x" {
				t.Errorf("it is not told that the package is not understood: %+v", facts)
			}
		})
	}
}

// Calls that double at every step are followed once, and closures, which cannot be, up to
// a limit that is told.
func TestManyCalls(t *testing.T) {
	var plain, closures strings.Builder
	plain.WriteString("package x\nimport \"os\"\nfunc init() { f0() }\n")
	closures.WriteString("package x\nfunc init() { f0(func() {}) }\n")
	const deep = 60
	for i := range deep {
		fmt.Fprintf(&plain, "func f%d() { f%d(); f%d() }\n", i, i+1, i+1)
		fmt.Fprintf(&closures, "func f%d(g func()) { f%d(func() { g() }); f%d(func() { g() }) }\n", i, i+1, i+1)
	}
	fmt.Fprintf(&plain, "func f%d() { os.Setenv(\"DEEP\", \"\") }\n", deep)
	fmt.Fprintf(&closures, "func f%d(g func()) { g() }\n", deep)
	packages := append(list(t, ".", "os"), source(t, "example.com/x", plain.String()), source(t, "example.com/y", closures.String()))
	facts, err := once.Analyze(t.Context(), packages, once.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(facts.Findings) != 1 || facts.Findings[0].Key != "DEEP" || len(facts.Findings[0].Chain) != deep+3 {
		t.Errorf("found is %+v", facts.Findings)
	}
	if len(facts.Incomplete) != 1 || facts.Incomplete[0].Package != "example.com/y" {
		t.Errorf("incomplete are %+v", facts.Incomplete)
	}
}

func TestUnreadable(t *testing.T) {
	good := source(t, "example.com/x", "package x\n")
	gone, folder := good, good
	gone.GoFiles = []string{"gone.go"}
	folder.GoFiles = []string{"."}
	a := source(t, "example.com/a", "package a\nimport \"example.com/b\"\n")
	b := source(t, "example.com/b", "package b\nimport \"example.com/a\"\n")
	for name, c := range map[string]struct {
		packages []once.Package
		opts     once.Options
		want     string
	}{
		"file is gone": {[]once.Package{gone}, once.Options{}, "cannot read package example.com/x"},
		"folder":       {[]once.Package{folder}, once.Options{}, "is no regular file"},
		"twice":        {[]once.Package{good, good}, once.Options{}, "package example.com/x is given twice"},
		"cycle":        {[]once.Package{a, b}, once.Options{}, "imports itself"},
		"architecture": {[]once.Package{good}, once.Options{GOARCH: "pdp11"}, `architecture "pdp11"`},
	} {
		if _, err := once.Analyze(t.Context(), c.packages, c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := once.Analyze(cancelled, []once.Package{good}, once.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, it says %v", err)
	}
}

// A result is kept by the content of the files.
func TestCache(t *testing.T) {
	opts := once.Options{Cache: filepath.Join(t.TempDir(), "cache"), Go: "go1.26.8"}
	std := list(t, ".", "os")
	pkg := source(t, "example.com/x", "package x\nimport \"os\"\nfunc init() { os.Setenv(\"A\", \"\") }\n")
	run := func() *once.Facts {
		t.Helper()
		facts, err := once.Analyze(t.Context(), append(std[:len(std):len(std)], pkg), opts)
		if err != nil {
			t.Fatal(err)
		}
		return facts
	}
	first := run()
	kept, err := filepath.Glob(filepath.Join(opts.Cache, "*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept are %v, %v", kept, err)
	}
	if diff := cmp.Diff(first, run()); diff != "" {
		t.Errorf("the second run says (-first +second):\n%s", diff)
	}
	if err := os.WriteFile(kept[0], []byte(`{"findings":[{"key":"FROM CACHE"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run(); got.Findings[0].Key != "FROM CACHE" {
		t.Errorf("the cache is not read: %+v", got)
	}
	file := filepath.Join(pkg.Dir, "x.go")
	if err := os.WriteFile(file, []byte("package x\nimport \"os\"\nfunc init() { os.Setenv(\"B\", \"\") }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := run(); got.Findings[0].Key != "B" {
		t.Errorf("changed source is answered from the cache: %+v", got)
	}
	if err := os.WriteFile(kept[0], []byte(`{"findi`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("package x\nimport \"os\"\nfunc init() { os.Setenv(\"A\", \"\") }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, run()); diff != "" {
		t.Errorf("after a damaged cache (-first +now):\n%s", diff)
	}
}

// Generated code of protocol buffers registers its file; the registry has to move along.
func TestGenerated(t *testing.T) {
	const pkg, registry = "github.com/in-toto/attestation/go/v1", "google.golang.org/protobuf/reflect/protoregistry"
	facts := analyze(t, list(t, ".", pkg))
	var files []string
	for _, f := range facts.Findings {
		if f.Registry == "protobuf registry" && f.Owner == registry && f.Consequence == once.Panics {
			files = append(files, f.Key)
		}
	}
	want := []string{
		"in_toto_attestation/v1/resource_descriptor.proto", "in_toto_attestation/v1/statement.proto", "google/protobuf/struct.proto",
	}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	host := once.Host{Packages: map[string]string{pkg: "v1.1.0"}}
	for _, c := range []struct {
		moved map[string]bool
		want  int
	}{{set(pkg), 2}, {set(pkg, registry), 0}} {
		decisions, err := once.Decide(facts, host, once.Policy{Moved: c.moved, Prefix: "p"})
		if err != nil {
			t.Fatal(err)
		}
		if len(decisions) != c.want {
			t.Errorf("with %v moved, decided is %v", c.moved, told(decisions))
		}
		for _, d := range decisions {
			if d.Action != once.Move {
				t.Errorf("decided is %s: %s", d.Action, d.Reason)
			}
		}
	}
}
