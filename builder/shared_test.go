package builder_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plugtool/plugtool/builder"
)

// deepPlugin needs example.com/dep at v1.2.0 by way of mid alone, and the host
// has v1.1.0.
func deepPlugin(b *bench, goLine string) {
	b.write(filepath.Join(b.plugin, "main.go"), strings.NewReplacer(`"example.com/dep"`, "", "dep.Twice(1)", "2").Replace(otherMain))
	b.write(filepath.Join(b.plugin, "go.mod"), "module example.com/plugin\n\ngo "+goLine+"\n\nrequire (\n\texample.com/host v1.0.0\n\texample.com/mid v1.0.0\n)\n")
	b.sums(b.plugin)
}

// What the plugin asks for by way of others counts too, and what it gets instead is
// told.
func TestForcedDownIndirectly(t *testing.T) {
	for _, goLine := range []string{"1.16", "1.24"} {
		t.Run(goLine, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			trimmedHost(b)
			deepPlugin(b, goLine)
			res, err := b.build(b.options())
			if err != nil {
				t.Fatal(err)
			}
			if got := b.load(res.Output); got != "loads: unstamped 24" {
				t.Errorf("the host says %q", got)
			}
			want := []builder.Pin{{Module: "example.com/dep", Plugin: "v1.2.0", Host: "v1.1.0"}}
			if diff := cmp.Diff(want, res.Plan.Pins); diff != "" {
				t.Errorf("pins (-want +got):\n%s", diff)
			}
			if !slices.ContainsFunc(res.Warnings, func(w string) bool {
				return strings.Contains(w, "example.com/dep is forced down: plugin wants v1.2.0, host has v1.1.0")
			}) {
				t.Errorf("no warning says what is forced down: %q", res.Warnings)
			}
			wantShared := []builder.Shared{
				{Module: "example.com/dep", Host: "v1.1.0", Plugin: "v1.2.0", Newer: []string{"v1.2.0"}},
				{Module: "example.com/host", Host: "v1.0.0", Plugin: "v1.0.0", Newer: []string{}},
			}
			if diff := cmp.Diff(wantShared, res.Plan.Shared); diff != "" {
				t.Errorf("shared (-want +got):\n%s", diff)
			}
		})
	}
}

// All modules in common are told, not only those that differ: those that were really
// linked, and in a plan those that would be.
func TestShared(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.goMod(b.host, "-replace=example.com/dep=example.com/fork@v1.0.0")
	checkout("-trimpath")(b)
	b.set("GOMODCACHE=" + filepath.Join(b.dir, "fresh")) // nothing was looked at there
	want := []builder.Shared{
		{Module: "example.com/Native", Host: "v1.0.0", Plugin: "v1.0.0", Newer: []string{}},
		{Module: "example.com/dep", Host: "v1.1.0", Replace: "example.com/fork v1.0.0", Plugin: "v1.1.0", Newer: []string{}},
		{Module: "example.com/host", Plugin: "v0.0.0", Newer: []string{}},
	}
	opts := b.options()
	res, err := b.build(opts)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, res.Plan.Shared); diff != "" {
		t.Errorf("built (-want +got):\n%s", diff)
	}
	opts.Newer = true
	want[1].Newer = []string{"v1.2.0"}
	plan, err := builder.Prepare(context.Background(), b.open(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, plan.Shared); diff != "" {
		t.Errorf("planned, and the proxy asked (-want +got):\n%s", diff)
	}
	b.set("GOPROXY=off")
	opts.Env = b.env
	plan, err = builder.Prepare(context.Background(), b.open(), opts)
	if err != nil || !slices.ContainsFunc(plan.Warnings, func(w string) bool {
		return strings.Contains(w, "which versions of example.com/dep there are is not known")
	}) {
		t.Errorf("no warning that nothing was asked: %v, %v", plan, err)
	}
}
