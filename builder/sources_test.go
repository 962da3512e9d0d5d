package builder_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/module"

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
	{name: "given workspace that replaces a module", want: builder.Workspace, opts: given("far/away/mono"), setup: func(b *bench) {
		monorepoOf(b, func() {
			mono := filepath.Join(b.dir, "mono")
			b.goMod(b.host, "-require=example.com/dep@v1.1.0")
			b.run(mono, nil, "go", "work", "edit", "-dropuse=./libs/dep", "-replace=example.com/dep=./libs/dep")
			b.write(filepath.Join(mono, "libs", "dep", "more.go"), "package dep\n\n// More is not in what was published.\nfunc More() {}\n")
		}, "-trimpath")
		b.goMod(b.plugin, "-require=example.com/dep@v1.1.0")
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
	{name: "host from a folder whose module was published too", want: builder.Rewritten, setup: func(b *bench) {
		checkout("-trimpath")(b)
		unaware(b)
		b.goMod(b.plugin, "-droprequire=example.com/host")
		b.away("host")
	}},
	{name: "other source beside the plugin, the host's was published", want: builder.Rewritten, setup: func(b *bench) {
		b.sums(b.host)
		b.buildHost(nil, "-trimpath")
		published(b)
		b.write(filepath.Join(b.host, "api", "new.go"), "package api\n\n// New is new.\nfunc New(n int) int { return n }\n")
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

// otherProxy has the plugin's author work with a module proxy that serves other
// content of example.com/dep v1.1.0 than the host's author got.
func otherProxy(b *bench) {
	b.t.Helper()
	proxy := filepath.Join(b.dir, "proxy")
	b.copy(shared.proxy, proxy)
	tree := filepath.Join(b.dir, "evil")
	b.theirDep(tree)
	b.write(filepath.Join(tree, "more.go"), "package dep\n\nfunc init() { println(\"evil\") }\n")
	if err := publish(proxy, module.Version{Path: "example.com/dep", Version: "v1.1.0"}, tree); err != nil {
		b.t.Fatal(err)
	}
	b.set("GOPROXY=file://"+proxy, "GOMODCACHE="+filepath.Join(b.dir, "fresh"), "GONOSUMDB=*", "GONOSUMCHECK=1", "GOFLAGS=-modcacherw -buildvcs=false")
	for _, dir := range []string{b.plugin, b.host} {
		_ = os.Remove(filepath.Join(dir, "go.sum"))
	}
}

var sourceFailures = []failureCase{
	{
		name:  "proxy with other content installed host",
		setup: func(b *bench) { trimmedHost(b); published(b); otherProxy(b) },
		want:  is[*builder.SumError], says: []string{"example.com/dep@v1.1.0", "host has h1:", "the module proxy or the module cache gave has h1:", "--host-src DIR"},
	},
	{
		name: "proxy with other content host from a checkout",
		setup: func(b *bench) {
			checkout("-trimpath")(b)
			otherProxy(b)
		},
		want: is[*builder.SumError], says: []string{"example.com/dep@v1.1.0", "host has h1:", "the module proxy or the module cache gave has h1:"},
	},
	{
		name: "module cache with other content in a workspace",
		setup: func(b *bench) {
			checkout("-trimpath")(b)
			otherProxy(b)
			b.sums(b.plugin)
			b.sums(b.host)
			b.run(b.dir, nil, "go", "work", "init", "./host", "./plugin")
		},
		want: is[*builder.SumError], says: []string{"example.com/dep@v1.1.0", "host has h1:", "plugin's go.sum has h1:"},
	},
	{
		name: "host's module that nobody knows",
		setup: func(b *bench) {
			checkout("-trimpath")(b)
			unaware(b)
			b.away("host")
		},
		want: is[*builder.GoError], says: []string{"the source of example.com/host is not at hand", "--host-src DIR", "-replace=example.com/host=DIR"},
	},
	{
		name: "host from a folder whose module was published otherwise",
		setup: func(b *bench) {
			b.write(filepath.Join(b.host, "api", "new.go"), "package api\n\n// New is new.\nfunc New(n int) int { return n }\n")
			checkout("-trimpath")(b)
			unaware(b)
			b.goMod(b.plugin, "-droprequire=example.com/host")
			b.away("host")
		},
		want: is[*builder.NoFitError], says: []string{"example.com/host v1.0.0, which the plugin takes from a module proxy, is not what the host was built from", "--host-src DIR"},
	},
	{
		name: "host's private module that cannot be fetched",
		setup: func(b *bench) {
			b.installHost(nil, "-trimpath")
			published(b)
			b.set("GOPROXY=off", "GOMODCACHE="+filepath.Join(b.dir, "empty"))
		},
		want: is[*builder.GoError], says: []string{"example.com/host v1.0.0, the host's own module, is not on this machine", "--host-src DIR"},
	},
	{
		name:  "folder that holds no module of the host's",
		setup: func(b *bench) { trimmedHost(b); published(b); b.mkdir(filepath.Join(b.dir, "x", "y")) },
		opts:  given("x"),
		want:  is[*builder.UsageError], says: []string{"holds no module", "which host ", "was not built from", "example.com/host"},
	},
	{
		name:  "host source that is a file",
		setup: func(b *bench) { trimmedHost(b); published(b) },
		opts:  given("plugin/go.mod"),
		want:  is[*builder.UsageError], says: []string{"not a folder"},
	},
}

// profileFailures are hosts that were built with a profile which is not to be had.
var profileFailures = []failureCase{
	{
		name: "profile that is not at hand",
		setup: func(b *bench) {
			b.profile()
			checkout("-trimpath")(b)
			b.run(b.host, nil, "rm", "cmd/host/default.pgo")
		},
		want: is[*builder.NoFitError], says: []string{"the host was built with the profile default.pgo, which is not at hand", "--pgo FILE"},
	},
	{
		name: "recorded profile is a folder, a link or no profile",
		setup: func(b *bench) {
			b.profile()
			checkout()(b)
			profile := filepath.Join(b.host, "cmd", "host", "default.pgo")
			b.run(b.host, nil, "mv", profile, filepath.Join(b.dir, "kept.pgo"))
			b.run(b.host, nil, "ln", "-s", "../../../kept.pgo", profile)
		},
		want: is[*builder.NoFitError], says: []string{"default.pgo, which is not at hand"},
	},
	{
		name:  "given profile that is not there",
		setup: func(b *bench) { trimmedHost(b); published(b) },
		opts:  func(b *bench, o *builder.Options) { o.PGO = "no.pgo" },
		want:  is[*builder.UsageError], says: []string{"profile no.pgo"},
	},
	{
		name:  "given profile that never ends",
		setup: func(b *bench) { trimmedHost(b); published(b) },
		opts:  func(b *bench, o *builder.Options) { o.PGO = "/dev/zero" },
		want:  is[*builder.UsageError], says: []string{"profile /dev/zero: not a regular file"},
	},
}

var profileCases = []hostCase{
	{name: "profile given", want: builder.Workspace, setup: func(b *bench) {
		b.profile()
		checkout("-trimpath")(b)
		b.run(b.host, nil, "mv", "cmd/host/default.pgo", "../kept.pgo")
	}, opts: func(b *bench, o *builder.Options) { o.PGO = "../kept.pgo" }},
	{name: "profile with a name of its own at the top of the module", want: builder.Workspace, setup: func(b *bench) {
		b.profile()
		b.run(b.host, nil, "mv", "cmd/host/default.pgo", "cpu.pprof")
		checkout("-trimpath", "-pgo=cpu.pprof")(b)
	}},
	{name: "profile where the host recorded it", want: builder.Modules, setup: func(b *bench) {
		b.profile()
		b.run(b.host, nil, "mv", "cmd/host/default.pgo", "../cpu.pprof")
		checkout("-pgo=../cpu.pprof")(b)
	}},
	{name: "profile beside the given source", want: builder.Workspace, opts: given("far/away/host"), setup: func(b *bench) {
		b.profile()
		checkout("-trimpath")(b)
		unaware(b)
		b.away("host")
	}},
}

func TestProfiles(t *testing.T) {
	for _, c := range profileCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
	for _, c := range profileFailures {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}

func TestSourceFailures(t *testing.T) {
	for _, c := range sourceFailures {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}
