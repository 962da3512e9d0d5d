package once_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/isolate/once"
)

const loadModule = "example.com/load/"

// workshop builds a host that links the packages in dep, and plugins with copies of them.
type workshop struct {
	t    *testing.T
	dir  string
	host string
}

func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	w := &workshop{t: t, dir: t.TempDir()}
	if err := os.CopyFS(w.dir, os.DirFS("testdata/load")); err != nil {
		t.Fatal(err)
	}
	w.host = filepath.Join(w.dir, "hostbin")
	w.run("go", "build", "-o", w.host, "./host")
	return w
}

func (w *workshop) run(name string, args ...string) string {
	w.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = w.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return string(out)
}

// decide analyses a plugin that is to have its own copy of a package.
func (w *workshop) decide(dep string) []once.Decision {
	w.t.Helper()
	pkg, own := loadModule+"dep/"+dep, loadModule+"plug/"+dep
	decisions, err := once.Decide(
		analyze(w.t, list(w.t, w.dir, "./plug/"+dep)),
		once.Host{Packages: map[string]string{pkg: "v1.0.0"}},
		once.Policy{
			Moved: map[string]bool{pkg: true}, Own: map[string]bool{own: true}, Prefix: "mine",
			Share: func(string) (bool, string) { return false, "the plugin needs v2.0.0" },
		},
	)
	if err != nil {
		w.t.Fatal(err)
	}
	return decisions
}

// load builds the plugin with a second version of the package under a path of its own,
// and tells what the host says.
func (w *workshop) load(dep string, edits []once.Edit) string {
	w.t.Helper()
	undo := w.apply(edits)
	defer undo()
	for _, part := range []string{"dep", "plug"} {
		from, to := filepath.Join(w.dir, part, dep), filepath.Join(w.dir, "private", part, dep)
		if err := os.RemoveAll(to); err != nil {
			w.t.Fatal(err)
		}
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			w.t.Fatal(err)
		}
	}
	private := filepath.Join(w.dir, "private")
	second := strings.NewReplacer(`"v1"`, `"v2"`, "VERSION 1", "VERSION 2", loadModule+"dep/", loadModule+"private/dep/")
	for _, pattern := range []string{"*/*/*.go", "*/*/*.c"} {
		files, err := filepath.Glob(filepath.Join(private, pattern))
		if err != nil {
			w.t.Fatal(err)
		}
		for _, file := range files {
			w.rewrite(file, second.Replace)
		}
	}
	so := filepath.Join(w.t.TempDir(), dep+".so")
	w.run("go", "build", "-buildmode=plugin", "-o", so, "./private/plug/"+dep)
	return w.run(w.host, so)
}

func (w *workshop) rewrite(file string, change func(string) string) {
	w.t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(change(string(text))), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// apply edits files; what it gives puts them back.
func (w *workshop) apply(edits []once.Edit) (undo func()) {
	w.t.Helper()
	before := map[string]string{}
	for i := len(edits) - 1; i >= 0; i-- { // from the end, so that offsets stay true
		e := edits[i]
		w.rewrite(e.File, func(text string) string {
			if _, ok := before[e.File]; !ok {
				before[e.File] = text
			}
			if !strings.HasPrefix(text[e.Offset:], e.Old) {
				w.t.Fatalf("%s has no %q at %d", e.File, e.Old, e.Offset)
			}
			return text[:e.Offset] + e.New + text[e.Offset+len(e.Old):]
		})
	}
	return func() {
		for file, text := range before {
			w.rewrite(file, func(string) string { return text })
		}
	}
}

// TestLoaded has plugins with second copies of packages loaded: what happens without a
// decision is why there are any, and with its edits both copies work.
func TestLoaded(t *testing.T) {
	w := newWorkshop(t)
	const all = "host: v1 v1 v1 v1 v1\n"
	for _, c := range []struct{ dep, without string }{
		{"muxdep", "panic: /debug/requests is already registered. You may have two independent copies"},
		{"expdep", "panic: Reuse of exported var name: expdep_version"},
		{"sqldep", "panic: sql: Register called twice for driver sqldep/v1"},
		{"cdep", "v1"}, // no panic, and the host's C code
	} {
		t.Run(c.dep, func(t *testing.T) {
			w := &workshop{t, w.dir, w.host}
			if got := w.load(c.dep, nil); !strings.Contains(got, "plugin: "+c.without+"\n") || !strings.HasSuffix(got, all) {
				t.Errorf("without a decision the host says %q", got)
			}
			decisions := w.decide(c.dep)
			for _, d := range decisions {
				if d.Action != once.Rename || !d.Collides {
					t.Errorf("%s is decided as %s: %s", d.Finding.Subject(), d.Action, d.Reason)
				}
			}
			edits, err := once.Edits(decisions)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := w.load(c.dep, edits), "plugin: v2\n"+all; got != want {
				t.Errorf("with edits %v the host says %q, want %q", edits, got, want)
			}
		})
	}
}

// What cannot be renamed is refused before it panics.
func TestRefused(t *testing.T) {
	w := newWorkshop(t)
	if got := w.load("rootsdep", nil); !strings.Contains(got, "plugin: panic: SetFallbackRoots has already been called") {
		t.Errorf("without a decision the host says %q", got)
	}
	decisions := w.decide("rootsdep")
	if len(decisions) != 1 || decisions[0].Action != once.Refuse {
		t.Fatalf("decided is %+v", decisions)
	}
	const want = "example.com/load/dep/rootsdep registers crypto/x509 fallback roots; the host has a copy of example.com/load/dep/rootsdep v1.0.0: " +
		"SetFallbackRoots has already been called; by example.com/load/dep/rootsdep.init (roots.go:9) → crypto/x509.SetFallbackRoots (roots.go:9); " +
		"it cannot be renamed: others find it by that key; it cannot be shared with the host: the plugin needs v2.0.0"
	if decisions[0].Reason != want {
		t.Errorf("the reason is %q", decisions[0].Reason)
	}
}
