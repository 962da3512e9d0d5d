package builder_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plugtool/plugtool/builder"
)

// requirementCases are plugins whose go.mod says more of the host's modules than
// that they are required.
var requirementCases = []pluginCase{
	{
		name: "GOFLAGS says vendor",
		setup: func(b *bench) {
			trimmedHost(b)
			b.goMod(b.plugin, "-require=example.com/dep@v1.1.0")
			b.sums(b.plugin)
			b.run(b.plugin, nil, "go", "mod", "vendor")
			b.set("GOFLAGS=-mod=vendor -modcacherw -buildvcs=false")
		},
	},
	{
		name: "GOFLAGS says vendor and versions that differ",
		setup: func(b *bench) {
			trimmedHost(b)
			b.goMod(b.plugin, "-require=example.com/dep@v1.2.0")
			b.sums(b.plugin)
			b.run(b.plugin, nil, "go", "mod", "vendor")
			b.set("GOFLAGS=-mod=vendor -modcacherw -buildvcs=false")
		},
	},
	{
		name: "GOFLAGS says mod and versions that differ",
		setup: func(b *bench) {
			trimmedHost(b)
			b.goMod(b.plugin, "-require=example.com/dep@v1.2.0")
			b.sums(b.plugin)
			b.set("GOFLAGS=-mod=mod -modcacherw -buildvcs=false")
		},
	},
	{
		name: "another fork than the host's",
		setup: func(b *bench) {
			trimmedHost(b)
			b.goMod(b.plugin, "-replace=example.com/dep=example.com/fork@v1.0.0")
			b.sums(b.plugin)
		},
		check: warns("the plugin's go.mod replaces example.com/dep by example.com/fork v1.0.0"),
	},
	{
		name: "a version where the host has a fork",
		setup: func(b *bench) {
			b.goMod(b.host, "-replace=example.com/dep=example.com/fork@v1.0.0")
			checkout("-trimpath")(b)
			b.goMod(b.plugin, "-require=example.com/dep@v1.2.0")
			b.sums(b.plugin)
		},
	},
	{
		name: "a fork under one version where the host has another version",
		setup: func(b *bench) {
			trimmedHost(b)
			b.goMod(b.plugin, "-require=example.com/dep@v1.2.0", "-replace=example.com/dep@v1.2.0=example.com/fork@v1.0.0")
			b.sums(b.plugin)
		},
	},
	{
		name: "exclude and retract",
		setup: func(b *bench) {
			trimmedHost(b)
			b.goMod(b.plugin, "-require=example.com/dep@v1.2.0", "-exclude=example.com/dep@v1.1.0", "-exclude=example.com/dep@v1.0.0", "-retract=v0.9.0")
			b.sums(b.plugin)
		},
		check: warns("excludes example.com/dep v1.1.0, which the host has"),
	},
	{
		name: "older go line than the host's module",
		setup: func(b *bench) {
			b.goMod(b.host, "-go=1.24")
			checkout("-trimpath")(b)
			b.run(b.plugin, nil, "sed", "-i", "s/^go .*/go 1.18/", "go.mod")
		},
	},
	{
		name: "newer go line than the host's module, and no go line",
		setup: func(b *bench) {
			b.run(b.host, nil, "sed", "-i", "s/^go .*/go 1.17/", "go.mod")
			checkout("-trimpath")(b)
			b.goMod(b.plugin, "-go=1.26")
		},
	},
	{
		name: "go 1.16 with an older version by way of others",
		setup: func(b *bench) {
			b.sums(b.host)
			b.buildHost(nil)
			ownFolder(b)
			b.run(b.plugin, nil, "sed", "-i", "s/^go .*/go 1.16/; /example.com.dep /d", "go.mod")
			b.sums(b.plugin)
		},
	},
	{
		name: "all shared modules are told where nothing differs",
		setup: func(b *bench) {
			trimmedHost(b)
			b.goMod(b.plugin, "-require=example.com/dep@v1.1.0")
			b.sums(b.plugin)
			b.set("GOMODCACHE=" + filepath.Join(b.dir, "fresh"))
		},
		check: func(b *bench, res *builder.Result) {
			var got []string
			for _, s := range res.Plan.Shared {
				got = append(got, s.Module+" "+s.Host)
			}
			if diff := cmp.Diff([]string{"example.com/Native v1.0.0", "example.com/dep v1.1.0", "example.com/host v1.0.0"}, got); diff != "" || len(res.Plan.Pins) > 0 {
				b.t.Errorf("pins %v, shared (-want +got):\n%s", res.Plan.Pins, diff)
			}
		},
	},
}

func TestRequirements(t *testing.T) {
	for _, c := range requirementCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}
