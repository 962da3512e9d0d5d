package builder_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plugtool/plugtool/builder"
)

// A pluginCase is a plugin in one of the ways in which authors keep theirs, for
// a host that was installed at a version.
type pluginCase struct {
	name  string
	setup func(*bench)
	opts  func(*bench, *builder.Options)
	says  string
	check func(*bench, *builder.Result)
}

// trimmedHost installs the host with -trimpath.
func trimmedHost(b *bench) { b.installHost(nil, "-trimpath") }

const otherMain = `package main

import (
	"strconv"

	"example.com/dep"
	"example.com/mid"

	"example.com/host/api"
)

var stamp = "unstamped"

func Run() string { return stamp + " " + strconv.Itoa(mid.Four(api.Add(dep.Twice(1)))) }
`

var pluginCases = []pluginCase{
	{
		name: "forced down",
		setup: func(b *bench) {
			trimmedHost(b)
			b.write(filepath.Join(b.plugin, "main.go"), otherMain)
			b.goMod(b.plugin, "-require=example.com/dep@v1.2.0", "-require=example.com/mid@v1.0.0")
			b.sums(b.plugin)
		},
		says: "unstamped 24",
		check: func(b *bench, res *builder.Result) {
			want := []builder.Pin{{Module: "example.com/dep", Plugin: "v1.2.0", Host: "v1.1.0"}}
			if diff := cmp.Diff(want, res.Plan.Pins); diff != "" {
				b.t.Errorf("pins (-want +got):\n%s", diff)
			}
			if !slices.ContainsFunc(res.Warnings, func(w string) bool { return strings.Contains(w, "forced down") }) {
				b.t.Errorf("no warning says that dep is forced down: %q", res.Warnings)
			}
		},
	},
	{
		name: "go.mod without indirect requirements",
		setup: func(b *bench) {
			trimmedHost(b)
			b.write(filepath.Join(b.plugin, "main.go"), strings.Replace(otherMain, `"example.com/dep"`, "", 1))
			b.write(filepath.Join(b.plugin, "main.go"), strings.NewReplacer(`"example.com/dep"`, "", "dep.Twice(1)", "2").Replace(otherMain))
			b.write(filepath.Join(b.plugin, "go.mod"), "module example.com/plugin\n\ngo 1.16\n\nrequire (\n\texample.com/host v1.0.0\n\texample.com/mid v1.0.0\n)\n")
			b.sums(b.plugin)
		},
		says: "unstamped 24",
	},
	{
		name: "vendor folder, versions differ",
		setup: func(b *bench) {
			trimmedHost(b)
			b.sums(b.plugin)
			b.goMod(b.plugin, "-require=example.com/dep@v1.0.0")
			b.sums(b.plugin)
			b.run(b.plugin, nil, "go", "mod", "vendor")
		},
	},
	{
		name: "vendor folder, module proxy out of reach",
		setup: func(b *bench) {
			b.installHost([]string{"GOMODCACHE=" + filepath.Join(b.dir, "hosts")})
			b.sums(b.plugin)
			b.run(b.plugin, nil, "go", "mod", "vendor")
			b.set("GOPROXY=off", "GOMODCACHE="+filepath.Join(b.dir, "empty"))
		},
	},
	{
		name: "module proxy out of reach",
		setup: func(b *bench) {
			trimmedHost(b)
			b.write(filepath.Join(b.plugin, "main.go"), otherMain)
			b.goMod(b.plugin, "-require=example.com/dep@v1.2.0", "-require=example.com/mid@v1.0.0")
			b.sums(b.plugin)
			b.set("GOPROXY=off", "GONOSUMDB=", "GOSUMDB=sum.golang.org")
		},
		says: "unstamped 24",
	},
	{
		name: "workspace of its own",
		setup: func(b *bench) {
			b.sums(b.host)
			b.goMod(b.plugin, "-require=example.com/dep@v1.2.0")
			b.run(b.dir, nil, "go", "work", "init", "./host", "./plugin")
			b.buildHost([]string{"GOWORK=off"}, "-trimpath")
			b.sums(b.plugin)
		},
	},
	{
		name: "workspace that it is not a member of",
		setup: func(b *bench) {
			trimmedHost(b)
			b.sums(b.host)
			b.sums(b.plugin)
			b.run(b.dir, nil, "go", "work", "init", "./host")
		},
	},
	{
		name: "tags and linker flags of its own",
		setup: func(b *bench) {
			trimmedHost(b)
			b.write(filepath.Join(b.plugin, "main.go"), "//go:build mine\n\n"+strings.NewReplacer(`"example.com/mid"`, "", "mid.Four", "").Replace(otherMain))
			b.run(b.plugin, []string{"GOFLAGS=-mod=mod -tags=mine"}, "go", "list", "-deps", ".")
		},
		opts: func(_ *bench, o *builder.Options) {
			o.Flags = []string{"-tags", "mine", "-ldflags=-X main.stamp=v7"}
		},
		says: "v7 6",
	},
	{
		name: "GOFLAGS that contradict",
		setup: func(b *bench) {
			b.installHost([]string{"GOFLAGS=-modcacherw"})
			published(b)
			b.set("GOFLAGS=-trimpath -race -gcflags=all=-N -modcacherw -buildvcs=false")
		},
		check: warns("GOFLAGS has -trimpath -race -gcflags=all=-N, and the host decides that"),
	},
	{
		name: "newer go line",
		setup: func(b *bench) {
			trimmedHost(b)
			b.goMod(b.plugin, "-go=1.26.99", "-godebug=default=go1.26")
			b.set("GOTOOLCHAIN=local")
			b.write(filepath.Join(b.plugin, "go.sum"), b.sumsOfPlugin())
		},
		check: func(b *bench, res *builder.Result) {
			if !slices.ContainsFunc(res.Warnings, func(w string) bool { return strings.Contains(w, "1.26.99") }) {
				b.t.Errorf("no warning names the go line: %q", res.Warnings)
			}
		},
	},
	{
		name: "package given by its folder, in another module",
		setup: func(b *bench) {
			trimmedHost(b)
			published(b)
		},
		opts: func(b *bench, o *builder.Options) {
			o.Dir, o.Package, o.Output = b.dir, "./plugin", "out/"
			b.mkdir(filepath.Join(b.dir, "out"))
		},
		check: func(b *bench, res *builder.Result) {
			if want := filepath.Join(b.dir, "out", "plugin.so"); res.Output != want {
				b.t.Errorf("output %s, want %s", res.Output, want)
			}
		},
	},
	{
		name: "host's source given",
		setup: func(b *bench) {
			b.sums(b.host)
			b.buildHost(nil, "-trimpath")
			published(b)
			if err := os.Rename(b.host, filepath.Join(b.dir, "clone")); err != nil {
				b.t.Fatal(err)
			}
		},
		opts: func(b *bench, o *builder.Options) { o.HostSrc = "../clone" },
	},
	{
		name:  "given by the host's source alone, published otherwise",
		setup: func(b *bench) { b.sums(b.host); b.buildHost(nil, "-trimpath"); published(b) },
	},
	{
		name: "GOFLAGS that would edit go.mod",
		setup: func(b *bench) {
			b.installHost(nil, "-trimpath")
			b.goMod(b.plugin, "-require=example.com/dep@v1.1.0")
			b.sums(b.plugin)
			b.goMod(b.plugin, "-droprequire=example.com/dep")
			b.set("GOFLAGS=-mod=mod -modcacherw -buildvcs=false")
		},
	},
	{
		name: "go.mod aligned for good",
		setup: func(b *bench) {
			trimmedHost(b)
			b.write(filepath.Join(b.plugin, "main.go"), otherMain)
			b.goMod(b.plugin, "-require=example.com/dep@v1.2.0", "-require=example.com/mid@v1.0.0")
			b.sums(b.plugin)
		},
		opts: func(_ *bench, o *builder.Options) { o.Write = true },
		says: "unstamped 24",
		check: func(b *bench, res *builder.Result) {
			if len(res.Written) == 0 {
				b.t.Error("nothing was written")
			}
			hand := filepath.Join(b.dir, "hand.so")
			b.run(b.plugin, nil, "go", "build", "-trimpath", "-buildmode=plugin", "-o", hand, ".")
			if got := b.load(hand); got != "loads: unstamped 24" {
				b.t.Errorf("built by hand afterwards, the host says %q", got)
			}
		},
	},
}

// sumsOfPlugin gives the go.sum that the plugin needs, whatever its go line says.
func (b *bench) sumsOfPlugin() string {
	b.t.Helper()
	dir := filepath.Join(b.dir, "sums")
	b.copy(filepath.Join(testBuild, "plugin"), dir)
	b.sums(dir)
	data, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(data)
}

func TestPlugins(t *testing.T) {
	for _, c := range pluginCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}

func (c pluginCase) test(t *testing.T) {
	b := newBench(t)
	c.setup(b)
	opts := b.options()
	if c.opts != nil {
		c.opts(b, &opts)
	}
	before := b.sourceOf(b.plugin) + b.sourceOf(b.dir)
	res, err := b.build(opts)
	if err != nil {
		t.Fatal(err)
	}
	says := c.says
	if says == "" {
		says = usual
	}
	if got := b.load(res.Output); got != "loads: "+says {
		t.Errorf("the host says %q, want %q", got, "loads: "+says)
	}
	if after := b.sourceOf(b.plugin) + b.sourceOf(b.dir); after != before && !opts.Write {
		t.Errorf("the author's files changed:\n%s\nwere\n%s", after, before)
	}
	if c.check != nil {
		c.check(b, res)
	}
	b.noneLeft()
}
