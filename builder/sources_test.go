package builder_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/plugtool/plugtool/builder"
)

// unaware leaves a plugin whose go.mod requires the host's module, at a version
// that nobody published, and says nothing of where it is.
func unaware(b *bench) {
	ownFolder(b)
	b.goMod(b.plugin, "-dropreplace=example.com/host")
}

// away moves the folder dir/name to where no plugin finds it by itself.
func (b *bench) away(name string) string {
	to := filepath.Join(b.dir, "far", "away", filepath.Base(name))
	b.mkdir(filepath.Dir(to))
	if err := os.Rename(filepath.Join(b.dir, name), to); err != nil {
		b.t.Fatal(err)
	}
	return to
}

// theirDep puts a copy of example.com/dep at the host's version into a folder.
func (b *bench) theirDep(dir string) {
	b.copy(filepath.Join(testBuild, "modules/example.com/dep@v1.1.0"), dir)
}

// given has the host's source given.
func given(dir string) func(*bench, *builder.Options) {
	return func(b *bench, o *builder.Options) { o.HostSrc = filepath.Join(b.dir, dir) }
}

// monorepo builds the host in a workspace of two modules within one folder, and
// leaves the plugin knowing of neither.
func monorepo(flags ...string) func(*bench) {
	return func(b *bench) { monorepoOf(b, func() {}, flags...) }
}

// monorepoOf does what is asked for before the host is built.
func monorepoOf(b *bench, before func(), flags ...string) {
	mono := filepath.Join(b.dir, "mono")
	b.theirDep(filepath.Join(mono, "libs", "dep"))
	b.sums(b.host)
	unaware(b)
	b.copy(b.host, filepath.Join(mono, "app"))
	if err := os.RemoveAll(b.host); err != nil {
		b.t.Fatal(err)
	}
	b.host = filepath.Join(mono, "app")
	b.goMod(b.host, "-droprequire=example.com/dep")
	b.run(mono, nil, "go", "work", "init", "./app", "./libs/dep")
	before()
	b.buildHost(nil, flags...)
	b.goMod(b.plugin, "-droprequire=example.com/dep")
	b.away("mono")
}

var sourceCases = []hostCase{
	{name: "given module, trimmed", want: builder.Workspace, opts: given("far/away/host"), setup: func(b *bench) {
		checkout("-trimpath")(b)
		unaware(b)
		b.away("host")
	}},
	{name: "given module, untrimmed", want: builder.Rewritten, opts: given("far/away/host"), setup: func(b *bench) {
		checkout()(b)
		unaware(b)
		b.away("host")
	}},
	{name: "given module that the plugin does not require", want: builder.Rewritten, opts: given("far/away/host"), setup: func(b *bench) {
		checkout()(b)
		unaware(b)
		b.goMod(b.plugin, "-droprequire=example.com/host")
		b.away("host")
	}},
	{name: "given module that the plugin does not require, trimmed", want: builder.Workspace, opts: given("far/away/host"), setup: func(b *bench) {
		checkout("-trimpath")(b)
		unaware(b)
		b.goMod(b.plugin, "-droprequire=example.com/host")
		b.away("host")
	}},
	{name: "given folder within the module", want: builder.Workspace, opts: given("far/away/host/cmd/host"), setup: func(b *bench) {
		checkout("-trimpath")(b)
		unaware(b)
		b.away("host")
	}},
	{name: "given workspace, trimmed", want: builder.Workspace, opts: given("far/away/mono"), setup: monorepo("-trimpath")},
	{name: "given workspace, untrimmed", want: builder.Rewritten, opts: given("far/away/mono"), setup: monorepo()},
	{name: "given member of a workspace", want: builder.Workspace, opts: given("far/away/mono/app"), setup: monorepo("-trimpath")},
	{name: "given top of a clone without go.work", want: builder.Workspace, opts: given("far/away/mono"), setup: func(b *bench) {
		monorepo("-trimpath")(b)
		if err := os.Remove(filepath.Join(b.dir, "far/away/mono/go.work")); err != nil {
			b.t.Fatal(err)
		}
	}},
	{name: "given module, its replacements are followed, trimmed", want: builder.Workspace, opts: given("far/away/host"), setup: replacing("-trimpath")},
	{name: "given module, its replacements are followed, untrimmed", want: builder.Rewritten, opts: given("far/away/host"), setup: replacing()},
	{name: "given module, replacement is gone from its go.mod", want: builder.Workspace, opts: given("far/away/host"), setup: func(b *bench) {
		replacing("-trimpath")(b)
		b.goMod(filepath.Join(b.dir, "far/away/host"), "-dropreplace=example.com/dep")
	}},
	{name: "given module with a fork", want: builder.Workspace, opts: given("far/away/host"), setup: func(b *bench) {
		b.goMod(b.host, "-replace=example.com/dep=example.com/fork@v1.0.0")
		checkout("-trimpath")(b)
		unaware(b)
		b.away("host")
	}},
	{name: "given module, plugin has a workspace", want: builder.Modules, opts: given("far/away/host"), setup: func(b *bench) {
		checkout("-trimpath")(b)
		unaware(b)
		b.away("host")
		b.write(filepath.Join(b.dir, "extra", "go.mod"), "module example.com/extra\n\ngo 1.21\n")
		b.run(b.dir, nil, "go", "work", "init", "./plugin", "./extra")
	}},
	{name: "given module wins over the plugin's folder", want: builder.Workspace, opts: given("far/away/host"), setup: func(b *bench) {
		checkout("-trimpath")(b)
		b.copy(b.host, filepath.Join(b.dir, "far/away/host"))
		b.write(filepath.Join(b.host, "api", "new.go"), "package api\n\n// New is new.\nfunc New(n int) int { return n }\n")
	}},
	{name: "given clone of what was installed", want: builder.Modules, opts: given("far/away/host"), setup: func(b *bench) {
		b.installHost(nil, "-trimpath")
		b.sums(b.host)
		published(b)
		b.away("host")
	}},
	{name: "given clone that moved on since it was installed", want: builder.Modules, opts: given("far/away/host"), setup: func(b *bench) {
		b.installHost(nil, "-trimpath")
		b.write(filepath.Join(b.host, "api", "new.go"), "package api\n\n// New is new.\nfunc New(n int) int { return n }\n")
		b.sums(b.host)
		published(b)
		b.away("host")
	}},
	{name: "host beside the plugin", want: builder.Workspace, setup: func(b *bench) { checkout("-trimpath")(b); unaware(b) }},
	{name: "host where it was built", want: builder.Modules, setup: func(b *bench) {
		checkout()(b)
		unaware(b)
		b.copy(b.plugin, filepath.Join(b.dir, "far", "plugin"))
		b.plugin = filepath.Join(b.dir, "far", "plugin")
	}},
}

// replacing builds a host that takes a module from a folder within its own.
func replacing(flags ...string) func(*bench) {
	return func(b *bench) {
		b.theirDep(filepath.Join(b.host, "local", "dep"))
		b.goMod(b.host, "-require=example.com/dep@v0.0.0", "-replace=example.com/dep=./local/dep")
		checkout(flags...)(b)
		b.goMod(b.plugin, "-require=example.com/dep@v0.0.0", "-replace=example.com/dep=../host/local/dep")
		b.sums(b.plugin)
		b.goMod(b.plugin, "-dropreplace=example.com/dep", "-dropreplace=example.com/host")
		b.away("host")
	}
}

func TestSources(t *testing.T) {
	for _, c := range sourceCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}
