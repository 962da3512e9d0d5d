package builder_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/builder"
)

// A hostCase is a host built in one of the ways in which hosts are built, and a
// plugin's source as its author would have it.
type hostCase struct {
	name  string
	setup func(*bench) // leaves the host at b.bin, and the plugin's module ready
	opts  func(*bench, *builder.Options)
	want  builder.LayoutName
	says  string // what the plugin's Run returns in the host; "" for the usual
}

// usual is what the plugin returns: it sees the variables of the host's own
// packages.
const usual = "plain 2,28,6"

// ownFolder has the plugin take the host's module from its folder.
func ownFolder(b *bench) {
	b.goMod(b.plugin, "-require=example.com/host@v0.0.0", "-replace=example.com/host=../host")
	b.sums(b.plugin)
}

// published has the plugin take the host's module from the module proxy.
func published(b *bench) { b.sums(b.plugin) }

// checkout builds the host from its folder and has the plugin take it from there.
func checkout(flags ...string) func(*bench) {
	return func(b *bench) {
		b.sums(b.host)
		b.buildHost(nil, flags...)
		ownFolder(b)
	}
}

// elsewhere builds the host in another folder, which is gone afterwards.
func elsewhere(env []string, flags ...string) func(*bench) {
	return func(b *bench) {
		there := filepath.Join(b.dir, "their src", "it's app")
		b.copy(b.host, there)
		kept := b.host
		b.host = there
		b.sums(b.host)
		b.buildHost(env, flags...)
		if err := os.RemoveAll(there); err != nil {
			b.t.Fatal(err)
		}
		b.host = kept
		b.sums(b.host)
		ownFolder(b)
	}
}

var hostCases = []hostCase{
	{name: "checkout trimmed", setup: checkout("-trimpath"), want: builder.Workspace},
	{name: "checkout untrimmed", setup: checkout(), want: builder.Modules},
	{name: "build folder is gone", setup: elsewhere(nil), want: builder.Rewritten},
	{name: "built from files by name, build folder is gone", want: builder.Rewritten, setup: func(b *bench) {
		there := filepath.Join(b.dir, "there")
		b.copy(b.host, there)
		b.sums(there)
		b.run(there, nil, "go", "build", "-o", b.bin, "cmd/host/main.go")
		if err := os.RemoveAll(there); err != nil {
			b.t.Fatal(err)
		}
		b.sums(b.host)
		ownFolder(b)
	}},
	{name: "installed trimmed", want: builder.Modules, setup: func(b *bench) {
		b.installHost(nil, "-trimpath")
		published(b)
	}},
	{name: "installed untrimmed", want: builder.Modules, setup: func(b *bench) {
		b.installHost(nil)
		published(b)
	}},
	{name: "other module cache", want: builder.Rewritten, setup: func(b *bench) {
		b.installHost([]string{"GOMODCACHE=" + filepath.Join(b.dir, "other", "mod")})
		published(b)
	}},
	{name: "installed trimmed, plugin has the folder", want: builder.Modules, setup: func(b *bench) {
		b.installHost(nil, "-trimpath")
		b.sums(b.host)
		b.goMod(b.plugin, "-replace=example.com/host=../host")
		b.goMod(b.plugin, "-require=example.com/host@v0.9.0")
		b.sums(b.plugin)
	}},
	{name: "workspace trimmed", want: builder.Rewritten, setup: workspaceHost("-trimpath")},
	{name: "workspace untrimmed", want: builder.Rewritten, setup: workspaceHost()},
	{name: "vendored trimmed", want: builder.Workspace, setup: vendoredHost("-trimpath")},
	{name: "vendored untrimmed", want: builder.Rewritten, setup: vendoredHost()},
	{name: "forked dependency", want: builder.Workspace, setup: func(b *bench) {
		b.goMod(b.host, "-replace=example.com/dep=example.com/fork@v1.0.0")
		checkout("-trimpath")(b)
	}},
	{name: "dependency from a folder", want: builder.Modules, setup: func(b *bench) {
		b.copy(filepath.Join(testBuild, "modules/example.com/dep@v1.1.0"), filepath.Join(b.dir, "theirs"))
		b.goMod(b.host, "-replace=example.com/dep=../theirs")
		checkout()(b)
	}},
	{name: "workspace trimmed, plugin has the folders", want: builder.Workspace, setup: func(b *bench) {
		workspaceHost("-trimpath")(b)
		b.goMod(b.plugin, "-require=example.com/dep@v0.0.0", "-replace=example.com/dep=../there/dep")
		b.sums(b.plugin)
	}},
	{name: "dependency from a folder that only the host's go.mod names", want: builder.Rewritten, setup: func(b *bench) {
		b.copy(filepath.Join(testBuild, "modules/example.com/dep@v1.1.0"), filepath.Join(b.host, "local", "dep"))
		b.goMod(b.host, "-require=example.com/dep@v0.0.0", "-replace=example.com/dep=./local/dep")
		elsewhere(nil)(b)
		b.goMod(b.plugin, "-replace=example.com/dep=../host/local/dep")
		b.sums(b.plugin)
		b.goMod(b.plugin, "-dropreplace=example.com/dep")
	}},
	{name: "workspace, plugin's own dependencies ask for more", want: builder.Workspace, says: "unstamped 24", setup: func(b *bench) {
		b.sums(b.host)
		b.buildHost(nil, "-trimpath")
		b.write(filepath.Join(b.plugin, "main.go"), otherMain)
		b.goMod(b.plugin, "-require=example.com/mid@v1.0.0")
		ownFolder(b)
	}},
	{name: "cgo turned off, and other settings of the user's", want: builder.Workspace, setup: func(b *bench) {
		checkout("-trimpath")(b)
		b.set("CGO_ENABLED=0", "GOAMD64=v4", "GOARCH=arm64", "GOOS=windows", "GOARM64=v9.0")
	}},
	{name: "cryptographic module", setup: cryptoHost("GOFIPS140=v1.0.0"), want: builder.Modules},
	{name: "no cryptographic module, but the user has one", want: builder.Modules, setup: func(b *bench) {
		cryptoHost()(b)
		b.set("GOFIPS140=v1.0.0")
	}},
	{name: "counters that are atomic", setup: checkout("-cover", "-covermode=atomic", "-coverpkg=example.com/host/api,example.com/host/clib"), want: builder.Modules},
	{name: "flags of the linker and assembler", setup: checkout("-ldflags=-checklinkname=0 -linkmode=external -w", "-asmflags=example.com/...=-D=X"), want: builder.Modules},
	{name: "race", setup: checkout("-race", "-trimpath"), want: builder.Workspace},
	{name: "tags", setup: checkout("-tags=special,other", "-trimpath"), want: builder.Workspace, says: "special 2,28,6"},
	{name: "gcflags for all", setup: checkout("-gcflags=all=-N -l", "-trimpath"), want: builder.Workspace},
	{name: "gcflags for one package", setup: elsewhere(nil, "-gcflags=example.com/host/api=-l"), want: builder.Rewritten},
	{name: "gcflags for the host's packages", setup: checkout("-gcflags=./...=-l"), want: builder.Modules},
	{name: "cover", setup: elsewhere(nil, "-cover"), want: builder.Rewritten},
	{name: "cover of a dependency", setup: checkout("-cover", "-coverpkg=example.com/dep,example.com/host/clib"), want: builder.Modules},
	{name: "position independent", setup: checkout("-buildmode=pie", "-trimpath"), want: builder.Workspace},
	{name: "linked stripped", setup: checkout("-ldflags=-s -w"), want: builder.Modules},
	{name: "stripped", want: builder.Rewritten, setup: func(b *bench) {
		elsewhere(nil)(b)
		b.run(b.dir, nil, "strip", b.bin)
	}},
	{name: "newer processor level", want: builder.Workspace, setup: func(b *bench) {
		b.sums(b.host)
		b.buildHost([]string{"GOAMD64=v3"}, "-trimpath")
		ownFolder(b)
	}},
	{name: "experiment", want: builder.Workspace, setup: func(b *bench) {
		b.sums(b.host)
		b.buildHost([]string{"GOEXPERIMENT=nogreenteagc"}, "-trimpath")
		ownFolder(b)
	}},
	{name: "profile guided", want: builder.Workspace, setup: func(b *bench) {
		b.profile()
		checkout("-trimpath")(b)
	}},
	{name: "plugin in the host's module", want: builder.Modules, setup: func(b *bench) {
		inHost(b)
		b.buildHost(nil, "-trimpath")
	}},
	{name: "plugin in the host's module, host installed", want: builder.Rewritten, setup: func(b *bench) {
		inHost(b)
		b.installHost(nil, "-trimpath")
	}},
}

// cryptoHost builds a host that shares the crypto packages with its plugin.
func cryptoHost(env ...string) func(*bench) {
	return func(b *bench) {
		const source = "package main\n\nimport \"crypto/sha256\"\n\n// Sum sums.\nvar Sum = sha256.Sum256([]byte(\"x\"))\n"
		b.write(filepath.Join(b.host, "cmd", "host", "sum.go"), source)
		b.write(filepath.Join(b.plugin, "sum.go"), source)
		b.sums(b.host)
		b.buildHost(env)
		ownFolder(b)
	}
}

// inHost moves the plugin's package into the host's module.
func inHost(b *bench) {
	main := filepath.Join(b.host, "plugins", "hello", "main.go")
	b.mkdir(filepath.Dir(main))
	if err := os.Rename(filepath.Join(b.plugin, "main.go"), main); err != nil {
		b.t.Fatal(err)
	}
	b.sums(b.host)
	b.plugin = filepath.Dir(main)
}

// vendoredHost builds the host from a vendor folder.
func vendoredHost(flags ...string) func(*bench) {
	return func(b *bench) {
		b.sums(b.host)
		b.run(b.host, nil, "go", "mod", "vendor")
		b.buildHost(nil, flags...)
		if err := os.RemoveAll(filepath.Join(b.host, "vendor")); err != nil {
			b.t.Fatal(err)
		}
		ownFolder(b)
	}
}

// workspaceHost builds the host in a workspace with one of its dependencies.
func workspaceHost(flags ...string) func(*bench) {
	return func(b *bench) {
		dep := filepath.Join(b.dir, "there", "dep")
		b.copy(filepath.Join(testBuild, "modules/example.com/dep@v1.1.0"), dep)
		b.copy(b.host, filepath.Join(b.dir, "there", "host"))
		kept := b.host
		b.host = filepath.Join(b.dir, "there", "host")
		b.sums(b.host)
		b.run(filepath.Dir(dep), nil, "go", "work", "init", "./dep", "./host")
		b.buildHost(nil, flags...)
		b.host = kept
		b.sums(b.host)
		ownFolder(b)
	}
}

// profile gives the host's main package a CPU profile, which changes how packages
// of the standard library are compiled.
func (b *bench) profile() {
	b.t.Helper()
	data, err := os.ReadFile(filepath.Join(testBuild, "cpu.pgo"))
	if err != nil {
		b.t.Fatal(err)
	}
	b.write(filepath.Join(b.host, "cmd", "host", "default.pgo"), string(data))
}

func TestHosts(t *testing.T) {
	for _, c := range hostCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}

func (c hostCase) test(t *testing.T) {
	b := newBench(t)
	c.setup(b)
	opts := b.options()
	if c.opts != nil {
		c.opts(b, &opts)
	}
	before := b.sourceOf(b.plugin)
	res, err := b.build(opts)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if c.want != "" && res.Plan.Layout.Name != c.want {
		t.Errorf("layout %s, want %s", res.Plan.Layout.Name, c.want)
	}
	says := c.says
	if says == "" {
		says = usual
	}
	got := b.load(res.Output)
	if want := "loads: " + says; !strings.HasSuffix(got, want) {
		t.Errorf("the host says %q, want %q", got, want)
	}
	if after := b.sourceOf(b.plugin); after != before {
		t.Errorf("the plugin's files changed:\n%s\nwere\n%s", after, before)
	}
	b.noneLeft()
}

// sourceOf gives the go.mod and go.sum of a folder, where there are any.
func (b *bench) sourceOf(dir string) string {
	var all strings.Builder
	for _, name := range []string{"go.mod", "go.sum", "go.work", "go.work.sum"} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			all.Write(data)
		}
	}
	return all.String()
}
