package builder_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A plugin that exports nothing loads and is of no use; the warning says so, and also
// when nothing changed.
func TestNothingExported(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	trimmedHost(b)
	main := filepath.Join(b.plugin, "main.go")
	b.write(main, "package main\n\nimport \"example.com/dep\"\n\nvar total, _ = 1, 2\n\ntype thing struct{}\n\nfunc (thing) Run() {}\n\nfunc run() int { return dep.Twice(total) }\n\nfunc init() { run() }\n")
	b.goMod(b.plugin, "-require=example.com/dep@v1.1.0")
	b.sums(b.plugin)
	const nothing = "the plugin exports nothing, so the host's Lookup finds nothing in it"
	for range 2 {
		res, err := b.build(b.options())
		if err != nil {
			t.Fatal(err)
		}
		if want := nothing + ": run, total would be exported with a capital letter"; !slices.Contains(res.Warnings, want) {
			t.Errorf("warnings %q, want %q", res.Warnings, want)
		}
	}
	b.write(main, "package main\n\nfunc Run() string { return \"\" }\n")
	res, err := b.build(b.options())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.Join(res.Warnings, "\n"), nothing) {
		t.Errorf("warnings %q", res.Warnings)
	}
}
