package builder_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/trial"
)

// testSmallHost builds a plugin and a program that stands in for its host, and has that
// open the plugin, and one that the host refuses.
func (c hostCase) testSmallHost(t *testing.T) {
	b := newBench(t)
	c.setup(b)
	opts := b.options()
	if c.opts != nil {
		c.opts(b, &opts)
	}
	res, err := b.build(opts)
	if err != nil {
		t.Fatal(err)
	}
	host := b.open()
	plugins := []*inspector.Plugin{inspector.ReadPlugin(res.Output)}
	small, err := builder.BuildSmallHost(t.Context(), host, plugins, opts)
	if err != nil {
		t.Fatal(err)
	}
	if !small.Faithful() || len(small.Same) < 10 {
		t.Errorf("the small host is not like the host: %+v", small.Fidelity)
	}
	list, err := trial.Process{Command: []string{small.File}, Timeout: time.Minute, Dir: b.dir}.Open(t.Context(), []string{res.Output}, []string{"Run"})
	if err != nil {
		t.Fatal(err)
	}
	if h := list[0]; h.Outcome != trial.Loads || len(h.Symbols) != 1 || h.Symbols[0].Type != "func() string" {
		t.Errorf("%+v\n%+v", h, *h.Run)
	}
	if err := small.Close(); err != nil {
		t.Error(err)
	}
	b.noneLeft()
}

func TestSmallHost(t *testing.T) {
	for _, c := range hostCases {
		if slices.Contains(smallHostCases, c.name) {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.testSmallHost(t)
			})
		}
	}
}

// smallHostCases are those of every test run; the sweep does all.
var smallHostCases = []string{"build folder is gone", "plugin in the host's module"}

// TestSmallHostWithoutSource has no source but the plugin and the host.
func TestSmallHostWithoutSource(t *testing.T) {
	b := newBench(t)
	checkout("-trimpath")(b)
	res, err := b.build(b.options())
	if err != nil {
		t.Fatal(err)
	}
	opts := b.options()
	opts.Dir = t.TempDir()
	elsewhere := filepath.Join(opts.Dir, "plugin.so")
	b.run(b.dir, nil, "cp", res.Output, elsewhere)
	b.run(b.dir, nil, "cp", b.bin, filepath.Join(opts.Dir, "host"))
	b.bin = filepath.Join(opts.Dir, "host")
	small, err := builder.BuildSmallHost(t.Context(), b.open(), []*inspector.Plugin{inspector.ReadPlugin(elsewhere)}, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	want := []string{"example.com/host/api", "example.com/host/clib"}
	if !slices.Equal(small.Missing, want) || len(small.Differs)+len(small.Extra) > 0 || !slices.Contains(small.Same, "example.com/dep") {
		t.Errorf("%+v, want missing %v", small.Fidelity, want)
	}
}
