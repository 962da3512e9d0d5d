package builder_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"

	"github.com/plugtool/plugtool/builder"
)

// What does not compile in an isolated plugin is told by the author's own files, and where
// it is because a package could not have a private copy, that is told.
func TestIsolatedTellsWhatDoesNotCompile(t *testing.T) {
	t.Parallel()
	published := module.Version{Path: "example.com/one", Version: "v1.4.0"}
	tree := t.TempDir()
	unpack(t, "one", "v1.3.0", tree)
	if err := os.WriteFile(filepath.Join(tree, "new.go"), []byte("package one\n\n// New is new.\nfunc New() {}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := publish(shared.proxy, published, tree); err != nil {
		t.Fatal(err)
	}
	const newer = "package main\n\nimport \"example.com/one\"\n\nfunc init() { one.New() }\n"
	const pinned = "the host pins example.com/one to v1.0.0, which has no one.New; the plugin asks for v1.4.0; it has no private copy: !example.com/one"
	for _, c := range []struct {
		name, rules string
		flags       []string
		files       map[string]string
		want        []string
	}{
		{"rewritten, trimmed", "all", []string{"-trimpath"}, map[string]string{"new.go": newer + "\nvar _ = one.Newer\n"}, []string{"\n./new.go:7:13: undefined: one.Newer"}},
		{"rewritten, folders recorded", "all", nil, map[string]string{"new.go": newer + "\nvar _ = one.Newer\n"}, []string{"\n./new.go:7:13: undefined: one.Newer"}},
		{"as it is", "all", []string{"-trimpath"}, map[string]string{"lib/new.go": "package lib\n\nvar _ = newer\n"}, []string{"\nlib/new.go:3:9: undefined: newer"}},
		{"pinned", "all,!example.com/one", []string{"-trimpath"}, map[string]string{"new.go": newer}, []string{pinned, "\n./new.go:5:19: undefined: one.New"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newIsolated(t, "v1.0.0", "v1.2.0")
			b.goMod(b.plugin, "-require=example.com/one@v1.4.0")
			b.buildApp(c.flags...)
			for name, text := range c.files {
				b.write(filepath.Join(b.plugin, name), text)
			}
			b.sums(b.plugin)
			opts := b.options()
			opts.Isolate = c.rules
			_, err := b.build(opts)
			goErr, ok := errors.AsType[*builder.GoError](err)
			if !ok || slices.ContainsFunc(c.want, func(s string) bool { return !strings.Contains("\n"+goErr.Error(), s) }) {
				t.Errorf("it says\n%v\nwant in it %q", err, c.want)
			}
			b.noneLeft()
		})
	}
}
