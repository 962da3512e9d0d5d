package builder_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/builder"
)

// countGo puts a go command before the others that notes what it is asked, and gives
// a function that tells what that was since it was called last.
func (b *bench) countGo() func() []string {
	b.t.Helper()
	real, err := exec.LookPath("go")
	if err != nil {
		b.t.Fatal(err)
	}
	log := filepath.Join(b.dir, "asked")
	b.write(filepath.Join(b.dir, "counting", "go"), fmt.Sprintf("#!/bin/sh\necho \"$1\" >>'%s'\nexec '%s' \"$@\"\n", log, real))
	if err := os.Chmod(filepath.Join(b.dir, "counting", "go"), 0o755); err != nil {
		b.t.Fatal(err)
	}
	b.set("PATH=" + filepath.Join(b.dir, "counting") + string(filepath.ListSeparator) + os.Getenv("PATH"))
	return func() []string {
		data, _ := os.ReadFile(log)
		_ = os.Remove(log)
		return strings.Fields(string(data))
	}
}

// A build that had to ask the go command or to try more than one layout is not made
// to do so again.
func TestMemo(t *testing.T) {
	cases := []string{"build folder is gone", "workspace trimmed", "vendored untrimmed", "plugin in the host's module, host installed",
		"installed trimmed, plugin has the folder", "gcflags for one package"}
	for _, name := range cases {
		i := slices.IndexFunc(hostCases, func(c hostCase) bool { return c.name == name })
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			hostCases[i].setup(b)
			asked := b.countGo()
			opts := b.options()
			opts.Cache = filepath.Join(b.dir, "cache")
			first, err := b.build(opts)
			if err != nil {
				t.Fatal(err)
			}
			asked()
			second, err := b.build(opts)
			if err != nil {
				t.Fatal(err)
			}
			if got := asked(); !slices.Equal(got, []string{"env", "build"}) || !second.Unchanged {
				t.Errorf("the second build ran go %v, unchanged: %t; want env and build, and an output that is up to date", got, second.Unchanged)
			}
			if first.Plan.Layout != second.Plan.Layout {
				t.Errorf("layout %v, then %v", first.Plan.Layout, second.Plan.Layout)
			}
			if got := b.load(second.Output); !strings.HasSuffix(got, "loads: "+usual) {
				t.Errorf("the host says %q", got)
			}
		})
	}
}

// What is remembered holds only where the plugin still is built from the same.
func TestMemoIsProved(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	elsewhere(nil)(b)
	opts := b.options()
	opts.Cache = filepath.Join(b.dir, "cache")
	main, err := os.ReadFile(filepath.Join(b.plugin, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	b.write(filepath.Join(b.plugin, "main.go"), `package main

import "example.com/dep"

func Run() string { if dep.Twice(1) == 2 { return "little" }; return "" }
`)
	rewrites := func(res *builder.Result, err error) int {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return len(res.Plan.Rewrites)
	}
	little := rewrites(b.build(opts))
	b.write(filepath.Join(b.plugin, "main.go"), string(main))
	if all := rewrites(b.build(opts)); all <= little {
		t.Errorf("%d packages rewritten for more imports, %d before", all, little)
	}
	if got := b.load(opts.Output); !strings.HasSuffix(got, "loads: "+usual) {
		t.Errorf("the host says %q", got)
	}
	b.write(filepath.Join(b.plugin, "main.go"), `package main

import "example.com/dep"

func Run() string { if dep.Twice(1) == 2 { return "little" }; return "" }
`)
	if again := rewrites(b.build(opts)); again != little {
		t.Errorf("%d packages rewritten, want the %d of a build that remembers nothing", again, little)
	}
	files, err := filepath.Glob(filepath.Join(opts.Cache, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files are kept (%v), want 1", len(files), err)
	}
	for _, damage := range []string{"", "{", "null", `{"Layout":{"name":"modules"}}`, `{"Layout":{"name":"x"},"Graph":[{"ImportPath":"-o","Dir":"a=>b"}]}`} {
		b.write(files[0], damage)
		if again := rewrites(b.build(opts)); again != little {
			t.Errorf("with a kept file %q: %d packages rewritten, want %d", damage, again, little)
		}
	}
}
