package inspector_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

const (
	ordOld = "mkdir OUT.d && gcc -shared -fPIC -Wl,-soname,libord.so.1 -Wl,--version-script=libord/old.map -o OUT.d/libord.so libord/old.c"
	ordNew = "mkdir OUT.d && gcc -shared -fPIC -Wl,-soname,libord.so.1 -Wl,--version-script=libord/new.map -o OUT.d/libord.so libord/new.c"
	ordRun = " && cp OUT.d/libord.so OUT.d/libord.so.1 && CGO_LDFLAGS='-LOUT.d -lord -Wl,-rpath,OUT.d' go build -trimpath -buildmode=plugin -o OUT "
)

// Plugins for lists in which the order counts.
var ordered = map[string]string{
	"ord-one-old.so":  ordOld + ordRun + "./ordone",                                                             // brings the old library
	"ord-one-new.so":  ordNew + ordRun + "./ordone",                                                             // brings the new one
	"ord-two.so":      ordNew + ordRun + "./ordtwo",                                                             // brings the new one, and needs it
	"ord-two-bare.so": ordNew + ordRun + "./ordtwo && rm -r OUT.d",                                              // needs it of another
	"both-bad.so":     "go build -modfile=dep2.mod -trimpath -tags=changed -buildmode=plugin -o OUT ./usesboth", // refused by the host
	"both.so":         "go build -trimpath -buildmode=plugin -o OUT ./usesboth",
	"file-mode.so":    "go build -trimpath -buildmode=plugin -o OUT ./usesdep/main.go",
	"file-mode-2.so":  "go build -trimpath -ldflags=-s -buildmode=plugin -o OUT ./usesdep/main.go",
	"file-mode-3.so":  "go build -trimpath -buildmode=plugin -o OUT ./other/main.go",
}

// orderedFile is shop.file with those plugins, and "symlink:NAME".
func orderedFile(t *testing.T, name string) string {
	t.Helper()
	if base, ok := strings.CutPrefix(name, "symlink:"); ok {
		link := filepath.Join(t.TempDir(), base)
		if err := os.Symlink(orderedFile(t, base), link); err != nil {
			t.Fatal(err)
		}
		return link
	}
	if recipe, ok := ordered[name]; ok {
		return shop.build(t, name, recipe)
	}
	return shop.file(t, name)
}

func orderedFiles(t *testing.T, list string) []string {
	var files []string
	for _, name := range strings.Fields(list) {
		files = append(files, orderedFile(t, name))
	}
	return files
}

// TestCompany loads lists for real in which what one plugin does decides on another.
func TestCompany(t *testing.T) {
	t.Parallel()
	lists := []string{
		// A plugin that the host refuses leaves its version of a package behind.
		"both-bad.so dep1.so dep2.so dep1-again.so both.so", "dep1.so both-bad.so both.so dep2.so",
		"dep2.so both-bad.so dep1.so", "both-bad.so both-bad.so dep2.so both-bad.so", "both.so dep2.so dep1-again.so dep2.so",
		"plain-untrim.so both-bad.so dep1.so plain.so plain-untrim.so",
		// Packages on the command line: the plugin path is made of their content.
		"file-mode.so file-mode-2.so file-mode-3.so", "file-mode.so dep1.so copy:plain.so", "file-mode-3.so copy:other.so other.so",
		// One file under several names.
		"plain.so symlink:plain.so plain.so", "symlink:plain-untrim.so plain-untrim.so symlink:plain-untrim.so",
		"plain.so plain-untrim.so link:plain-untrim.so", "plain-untrim.so plain.so link:plain-untrim.so", "plain.so link:plain.so symlink:plain.so",
		"dep2.so link:dep2.so dep1.so", "plain-untrim.so copy:plain-untrim.so plain.so",
		// What failed in one way fails in another.
		"clib-undef.so plain.so clib-undef.so", "text.so text.so plain.so", "gone.so gone.so", "plain.so clib.so link:plain.so clib.so",
		"plain.so plain-25.so plain.so", "dep1.so plain-21.so dep2.so",
		// A library that an earlier plugin brought.
		"ord-one-old.so ord-two.so", "ord-two.so ord-one-old.so", "ord-two-bare.so ord-two.so", "ord-one-new.so ord-two-bare.so ord-two.so",
		"ord-two-bare.so ord-one-old.so ord-two-bare.so", "ord-one-old.so ord-one-new.so ord-two-bare.so",
	}
	for _, list := range lists {
		t.Run(strings.ReplaceAll(list, " ", ","), func(t *testing.T) {
			t.Parallel()
			host, files := shop.file(t, "host"), orderedFiles(t, list)
			want := reallyOpen(t, host, files)
			compareVerdict(t, host, files, want)
			compareVerdict(t, describe(t, host), files, want)
		})
	}
}

// TestAnyOrder: the order that is found loads, and where none is, no order does.
func TestAnyOrder(t *testing.T) {
	t.Parallel()
	tests := []struct{ list, order string }{ // "" where there is none
		{"plain.so other.so dep1.so", "plain.so other.so dep1.so"},
		{"ord-one-old.so ord-two.so", "ord-two.so ord-one-old.so"},
		{"plain.so ord-one-old.so ord-two.so other.so", "plain.so other.so ord-two.so ord-one-old.so"},
		{"ord-two-bare.so ord-one-new.so plain.so", "plain.so ord-one-new.so ord-two-bare.so"},
		{"ord-two-bare.so ord-one-old.so", ""},
		{"dep1.so dep2.so", ""},
		{"plain.so copy:plain.so", ""},
		{"plain.so link:plain.so", ""},
		{"plain.so plain.so", "plain.so plain.so"},
		{"plain-untrim.so plain.so", ""},
		{"plain.so clib.so", ""},
	}
	for _, test := range tests {
		t.Run(strings.ReplaceAll(test.list, " ", ","), func(t *testing.T) {
			t.Parallel()
			file, files := shop.file(t, "host"), orderedFiles(t, test.list)
			host, err := inspector.OpenHost(file)
			if err != nil {
				t.Fatal(err)
			}
			defer host.Close()
			var plugins []*inspector.Plugin
			for _, f := range files {
				plugins = append(plugins, inspector.ReadPlugin(f))
			}
			o, err := inspector.Options{}.AnyOrder(host, plugins)
			if err != nil {
				t.Fatal(err)
			}
			var order, names []string
			for _, p := range o.Verdict.Plugins {
				order, names = append(order, p.File), append(names, filepath.Base(p.File))
			}
			if got := strings.Join(names, " "); o.Found && got != test.order || o.Found != (test.order != "") {
				t.Fatalf("found %t: %q, want %q", o.Found, got, test.order)
			}
			if o.Found {
				compareVerdict(t, file, order, reallyOpen(t, file, order))
				return
			}
			slices.Sort(files)
			for {
				really := reallyOpen(t, file, files)
				if !slices.ContainsFunc(really, func(o opened) bool { return o.outcome != inspector.Loads }) {
					t.Errorf("this order loads: %v", files)
				}
				if !nextPermutation(files) {
					break
				}
			}
		})
	}
}

// nextPermutation gives the lexically next order of a list, false after the last.
func nextPermutation(list []string) bool {
	i := len(list) - 2
	for i >= 0 && list[i] >= list[i+1] {
		i--
	}
	if i < 0 {
		return false
	}
	j := len(list) - 1
	for list[j] <= list[i] {
		j--
	}
	list[i], list[j] = list[j], list[i]
	slices.Reverse(list[i+1:])
	return true
}
