package builder_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
)

// What is built with rewritten paths never comes out of the build cache for a build
// without them, nor the other way round; with the wrapper around the compiler, which
// packages with cgo need, and without it.
func TestBuildCacheStaysRight(t *testing.T) {
	for _, c := range []struct{ name, main, says string }{
		{"wrapper", "", usual},
		{"no wrapper", strings.NewReplacer(`"example.com/mid"`, "", "mid.Four", "").Replace(otherMain), "unstamped 6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			elsewhere(nil)(b)
			if c.main != "" {
				b.write(filepath.Join(b.plugin, "main.go"), c.main)
			}
			// Natural builds come first, so that the rewritten ones find them, and later,
			// where they find the rewritten ones.
			b.natural("before")
			res, err := b.build(b.options())
			if err != nil {
				t.Fatal(err)
			}
			if res.Plan.Layout.Name != builder.Rewritten {
				t.Fatalf("layout %s, want %s", res.Plan.Layout.Name, builder.Rewritten)
			}
			wrapped := strings.Contains(strings.Join(res.Plan.Flags, " "), "-toolexec=")
			if want := c.main == ""; wrapped != want {
				t.Errorf("wrapper used: %v, want %v", wrapped, want)
			}
			if got := b.load(res.Output); got != "loads: "+c.says {
				t.Errorf("the host says %q", got)
			}
			b.natural("after")
			// Nothing is left of the natural builds: those of this folder were never
			// compiled before the rewritten ones.
			moved := filepath.Join(b.dir, "moved")
			if err := os.Rename(b.host, moved); err != nil {
				t.Fatal(err)
			}
			b.host = moved
			b.goMod(b.plugin, "-replace=example.com/host=../moved")
			opts := b.options()
			opts.Output = filepath.Join(b.dir, "again.so")
			if res, err = b.build(opts); err != nil {
				t.Fatal(err)
			}
			if got := b.load(res.Output); got != "loads: "+c.says {
				t.Errorf("from another folder, the host says %q", got)
			}
			b.natural("first rewritten")
		})
	}
}

// natural builds the host by hand and sees that its packages have the paths of the
// folder that they were compiled in.
func (b *bench) natural(when string) {
	b.t.Helper()
	bin := filepath.Join(b.dir, "natural")
	b.run(b.host, nil, "go", "build", "-o", bin, "./cmd/host")
	h, err := inspector.OpenHost(bin)
	if err != nil {
		b.t.Fatal(err)
	}
	defer h.Close()
	sources, err := h.Sources()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, pkg := range []string{"api", "clib"} {
		if got, want := sources["example.com/host/"+pkg], filepath.Join(b.host, pkg); got != want {
			b.t.Errorf("%s: package %s was compiled in %q, want %q", when, pkg, got, want)
		}
	}
}
