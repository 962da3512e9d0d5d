package inspector_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

var upgraded = map[string]string{
	"host-tag":  "go build -trimpath -tags=changed -o OUT ./host",
	"host-26.7": "GOTOOLCHAIN=go1.26.7 go build -trimpath -o OUT ./host",
}

func upgradedFile(t *testing.T, name string) string {
	t.Helper()
	if recipe, ok := upgraded[name]; ok {
		return shop.build(t, name, recipe)
	}
	return shop.file(t, name)
}

func diffHosts(t *testing.T, older, newer string, plugins ...string) *inspector.HostDiff {
	t.Helper()
	var hosts [2]*inspector.Host
	for i, file := range []string{older, newer} {
		h, err := inspector.OpenHost(file)
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		hosts[i] = h
	}
	var list []*inspector.Plugin
	for _, p := range plugins {
		list = append(list, inspector.ReadPlugin(p))
	}
	d, err := inspector.Options{}.Diff(hosts[0], hosts[1], list)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDiff: what is said of all plugins holds for those that are really loaded.
func TestDiff(t *testing.T) {
	t.Parallel()
	tests := []struct {
		older, newer string
		breaks       inspector.Breaks
		cause        string // of changed packages
		changed      string // a package that did
	}{
		{"host", "host-pie", inspector.BreaksNone, "", ""},
		{"host", "host-strip", inspector.BreaksNone, "", ""},
		{"host", "host-untrim", inspector.BreaksAll, "PT303", "runtime"},
		{"host-untrim", "host", inspector.BreaksAll, "PT303", "runtime"},
		{"host", "host-tag", inspector.BreaksSome, "PT304", "example.com/verdict/shared"},
		{"host", "host-race", inspector.BreaksAll, "", "runtime"},
		{"host-25", "host-26.8", inspector.BreaksAll, "PT301", "runtime"},
		{"host-23", "host-25", inspector.BreaksAll, "PT301", "runtime"},
		{"host-26.7", "host-26.8", inspector.BreaksNone, "", ""},
		{"host", "host-nocgo", inspector.BreaksAll, "", ""},
		{"host", "host-internal", inspector.BreaksAll, "", ""},
		{"host-nocgo", "host", inspector.BreaksNone, "", ""},
	}
	for _, test := range tests {
		t.Run(test.older+","+test.newer, func(t *testing.T) {
			t.Parallel()
			older, newer := upgradedFile(t, test.older), upgradedFile(t, test.newer)
			var plugins []string
			for _, name := range []string{"plain.so", "plain-untrim.so", "plain-25.so", "plain-23.so", "other.so", "dep1.so"} {
				plugins = append(plugins, shop.file(t, name))
			}
			d := diffHosts(t, older, newer, plugins...)
			if d.Breaks != test.breaks || d.Reason == "" {
				t.Errorf("breaks %s, want %s: %s", d.Breaks, test.breaks, d.Reason)
			}
			if test.changed != "" && !slices.Contains(d.Changed, test.changed) {
				t.Errorf("changed are %v, want %s among them", d.Changed, test.changed)
			}
			if test.cause != "" && (len(d.Causes) != 1 || d.Causes[0].ID != test.cause || !strings.Contains(d.Causes[0].Title, "the new host")) {
				t.Errorf("causes are %+v, want %s alone", d.Causes, test.cause)
			}
			broken := 0
			for _, p := range d.Plugins {
				before, after := reallyOpen(t, older, []string{p.File})[0], reallyOpen(t, newer, []string{p.File})[0]
				if before.outcome != p.Old.Outcome || after.outcome != p.New.Outcome || before.refusal != p.Old.Refusal || after.refusal != p.New.Refusal {
					t.Errorf("%s: verdicts %+v and %+v, really %v and %v", filepath.Base(p.File), p.Old, p.New, before, after)
				}
				if before.outcome != inspector.Loads {
					continue
				}
				if breaks := after.outcome != inspector.Loads; breaks != p.Breaks() || test.breaks == inspector.BreaksAll && !breaks || test.breaks == inspector.BreaksNone && breaks {
					t.Errorf("%s breaks: %t, said to: %t, and %s of all", filepath.Base(p.File), breaks, p.Breaks(), test.breaks)
				} else if breaks {
					broken++
				}
			}
			if test.breaks == inspector.BreaksSome && broken == 0 {
				t.Error("no plugin breaks")
			}
			// Descriptors say the same.
			e := diffHosts(t, describe(t, older), describe(t, newer))
			if e.Breaks != d.Breaks || !slices.Equal(e.Changed, d.Changed) || !slices.Equal(e.Gone, d.Gone) || !slices.Equal(e.Added, d.Added) || len(e.Causes) != len(d.Causes) {
				t.Errorf("the descriptors differ otherwise: %s %v, want %s %v", e.Breaks, e.Changed, d.Breaks, d.Changed)
			}
		})
	}
}

// TestEveryPlugin: what an upgrade says of every plugin is true of an empty one.
func TestEveryPlugin(t *testing.T) {
	t.Parallel()
	for _, v := range []string{"go1.21.13", "go1.22.12", "go1.23.12", "go1.24.13", "go1.25.12", "go1.26.8", "go1.27.1"} {
		t.Run(v, func(t *testing.T) {
			t.Parallel()
			b, err := inspector.Inspect(shop.build(t, "empty-"+v+".so", "GOTOOLCHAIN="+v+" go build -trimpath -buildmode=plugin -o OUT ./empty"))
			if err != nil {
				t.Fatal(err)
			}
			has := make(map[string]bool)
			for _, p := range b.Packages {
				has[p.Path] = true
			}
			// Of the packages that there are in this release's standard library.
			for _, pkg := range inspector.InEveryPlugin(v) {
				if !has[pkg] && inStandardLibrary(t, v, pkg) {
					t.Errorf("an empty plugin does not have %s", pkg)
				}
			}
		})
	}
}

func inStandardLibrary(t *testing.T, version, pkg string) bool {
	t.Helper()
	cmd := exec.Command("go", "list", pkg)
	cmd.Dir = shop.dir
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN="+version, "GOFLAGS=-buildvcs=false")
	return cmd.Run() == nil
}
