package builder_test

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/mod/module"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
)

const isolatedModules = "../testdata/isolated/modules.txtar"

// unpack writes one of the archive's folders, each file made for a version.
func unpack(t *testing.T, name, version, to string) {
	t.Helper()
	a, err := txtar.ParseFile(isolatedModules)
	if err != nil {
		t.Fatal(err)
	}
	made := strings.NewReplacer("VERSION", version, "v3MINOR", "v3"+strings.TrimPrefix(version, "v1"))
	for _, f := range a.Files {
		rel, ok := strings.CutPrefix(f.Name, name+"/")
		if !ok {
			continue
		}
		file := filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(made.Replace(string(f.Data))), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// isolatedProxy is published to once, by whoever needs it first.
var isolatedProxy sync.Once

// newIsolated makes a bench with a host and a plugin that ask for modules at versions.
func newIsolated(t *testing.T, host, plugin string) *bench {
	t.Helper()
	isolatedProxy.Do(func() {
		dir := t.TempDir()
		for _, version := range []string{"v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0"} {
			for name, path := range map[string]string{"one": "example.com/one", "two": "example.com/go-two.v2", "three": "example.com/three/v3", "contract": "example.com/contract", "native": "example.com/isonative"} {
				mod := module.Version{Path: path, Version: version}
				if name == "three" {
					mod.Version = "v3" + strings.TrimPrefix(version, "v1")
				}
				tree := filepath.Join(dir, version, name)
				unpack(t, name, version, tree)
				if err := publish(shared.proxy, mod, tree); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
	b := &bench{t: t, dir: t.TempDir()}
	base := newBench(t)
	b.env = base.env
	b.host, b.plugin, b.bin = filepath.Join(b.dir, "app"), filepath.Join(b.dir, "plug"), filepath.Join(b.dir, "bin", "app")
	unpack(t, "host", host, b.host)
	unpack(t, "plugin", plugin, b.plugin)
	b.mkdir(filepath.Dir(b.bin))
	b.sums(b.host)
	b.sums(b.plugin)
	return b
}

// buildApp builds the host.
func (b *bench) buildApp(flags ...string) {
	b.t.Helper()
	b.run(b.host, nil, "go", slices.Concat([]string{"build"}, flags, []string{"-o", b.bin, "."})...)
}

func ones(version string) string {
	return fmt.Sprintf("one %s %s v3%s-shared secret %s 42", version, version, strings.TrimPrefix(version, "v1"), version)
}

// said is what the host prints: its own version, what the plugin says, and that they
// share the contract's variable and nothing of one's.
func said(host, plugin, where string) string {
	return fmt.Sprintf("host: %s %d\nplugin: %s\nplugin: %s\nplugin: embedded in the plugin\nplugin: %d\nplugin: %s\nhost again: 1 1 app",
		ones(host), 2+minor(host), ones(plugin), ones(plugin)[:10], 7+minor(plugin), where)
}

// minor gives the minor version, which the modules' C code adds.
func minor(version string) int { return int(version[3] - '0') }

const privateOne = "example.com/isoplug/internal/isolated/example.com/one"

// A plugin whose versions are other than the host's keeps them, and both are there in
// one process.
func TestIsolated(t *testing.T) {
	for _, c := range []struct {
		name, rules string
		flags       []string
		where       func(cache, copies string) string
	}{
		{"trimmed", "auto", []string{"-trimpath"}, func(_, _ string) string { return privateOne + ".Panic " + privateOne + "@v1.2.0/one.go" }},
		{"trimmed, all", "all", []string{"-trimpath"}, func(_, _ string) string { return privateOne + ".Panic " + privateOne + "@v1.2.0/one.go" }},
		{"folders recorded", "all", nil, func(cache, copies string) string {
			return privateOne + ".Panic " + filepath.Join(cache, "isolated", copies, "internal", "isolated", "example.com", "one", "one.go")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newIsolated(t, "v1.0.0", "v1.2.0")
			b.buildApp(c.flags...)
			before := b.sourceOf(b.plugin)
			opts := b.options()
			opts.Isolate, opts.Cache = c.rules, filepath.Join(b.dir, "cache")
			asked := b.countGo()
			opts.Env = b.env
			res, err := b.build(opts)
			if err != nil {
				t.Fatal(err)
			}
			where := c.where(opts.Cache, res.Plan.Isolated.Copies)
			if got, want := b.load(res.Output), said("v1.0.0", "v1.2.0", where); got != want {
				t.Errorf("the host says\n%s\nwant\n%s", got, want)
			}
			if file, ok := strings.CutPrefix(where, privateOne+".Panic "+opts.Cache); ok { // debuggers find it
				if _, err := os.Stat(opts.Cache + file); err != nil {
					t.Error(err)
				}
			}
			if after := b.sourceOf(b.plugin); after != before {
				t.Errorf("the author's files changed:\n%s\nwere\n%s", after, before)
			}
			b.checkModules(res.Output)
			if _, err := os.Stat(filepath.Join(opts.Cache, "isolated", res.Plan.Isolated.Copies, "internal/isolated/example.com/one/LICENSE")); err != nil {
				t.Error(err)
			}
			asked()
			again, err := b.build(opts)
			if err != nil {
				t.Fatal(err)
			}
			if got := asked(); !slices.Equal(got, []string{"env", "build"}) || !again.Unchanged {
				t.Errorf("the second build ran go %v, unchanged: %t; want env and build, and an output that is up to date", got, again.Unchanged)
			}
			b.noneLeft()
		})
	}
}

// checkModules checks that build information names modules, versions and sums.
func (b *bench) checkModules(plugin string) {
	b.t.Helper()
	info, err := buildinfo.ReadFile(plugin)
	if err != nil {
		b.t.Fatal(err)
	}
	found := map[string]string{}
	for _, d := range info.Deps {
		text := d.Version
		if d.Replace != nil {
			if d.Replace.Sum == "" {
				b.t.Errorf("build information has no sum of %s", d.Path)
			}
			text += " => " + d.Replace.Path + " " + d.Replace.Version
		}
		found[strings.ReplaceAll(d.Path, "example.com/isoplug/internal/isolated/", "PRIVATE/")] = text
	}
	want := map[string]string{
		"example.com/contract":          "v1.0.0",
		"PRIVATE/example.com/one":       "v1.2.0 => example.com/one v1.2.0",
		"PRIVATE/example.com/go-two.v2": "v1.2.0 => example.com/go-two.v2 v1.2.0",
		"PRIVATE/example.com/three/v3":  "v3.2.0 => example.com/three/v3 v3.2.0",
		"PRIVATE/example.com/isonative": "v1.2.0 => example.com/isonative v1.2.0",
	}
	if len(found) != len(want) {
		b.t.Errorf("build information names %v", found)
	}
	for path, text := range want {
		if found[path] != text {
			b.t.Errorf("build information has %s at %q, want %q", path, found[path], text)
		}
	}
}

// One isolated plugin, built once, loads into releases of a host that differ in all of
// their modules' versions but the contract's.
func TestIsolatedLoadsIntoLaterReleases(t *testing.T) {
	t.Parallel()
	b := newIsolated(t, "v1.0.0", "v1.3.0")
	b.buildApp("-trimpath")
	opts := b.options()
	opts.Isolate = "all"
	res, err := b.build(opts)
	if err != nil {
		t.Fatal(err)
	}
	where := privateOne + ".Panic " + privateOne + "@v1.3.0/one.go"
	for _, release := range []string{"v1.0.0", "v1.1.0", "v1.2.0"} {
		unpack(t, "host", release, b.host)
		b.sums(b.host)
		b.buildApp("-trimpath")
		if got, want := b.load(res.Output), said(release, "v1.3.0", where); got != want {
			t.Errorf("release %s says\n%s\nwant\n%s", release, got, want)
		}
		host := b.open()
		data, err := os.ReadFile(res.Output)
		if err != nil {
			t.Fatal(err)
		}
		v, err := inspector.Check(host, []*inspector.Plugin{inspector.NewPlugin(res.Output, data)})
		if err != nil || v.Worst() != inspector.Loads {
			t.Errorf("the verdict on release %s: %v, %v", release, v, err)
		}
	}
}

// The plan's commands build the same, and so does a build in another folder without a cache.
func TestIsolatedIsReproducible(t *testing.T) {
	t.Parallel()
	b := newIsolated(t, "v1.0.0", "v1.2.0")
	b.buildApp("-trimpath")
	opts := b.options()
	opts.Isolate, opts.CheckReproducible, opts.Cache = "auto", true, filepath.Join(b.dir, "cache")
	res, err := b.build(opts)
	if err != nil {
		t.Fatal(err)
	}
	if !res.Reproducible.AnyFolder || !res.Reproducible.Checked {
		t.Errorf("reproducible: %+v", res.Reproducible)
	}
	opts.Output, opts.CheckReproducible = filepath.Join(b.dir, "script.so"), false
	plan, err := builder.Prepare(context.Background(), b.open(), opts)
	if err != nil {
		t.Fatal(err)
	}
	b.run(b.dir, nil, "sh", "-ec", strings.Join(plan.Commands(), "\n"))
	built, err := os.ReadFile(res.Output)
	if err != nil {
		t.Fatal(err)
	}
	if script, err := os.ReadFile(opts.Output); err != nil || !bytes.Equal(script, built) {
		t.Errorf("the plan's commands build something else (%v)", err)
	}
}

// A change of the plugin's own source, of a module in a folder or of the copies in the
// cache is never missed.
func TestIsolatedSeesChanges(t *testing.T) {
	t.Parallel()
	b := newIsolated(t, "v1.0.0", "v1.2.0")
	unpack(t, "one", "v1.2.0", filepath.Join(b.dir, "one"))
	b.goMod(b.plugin, "-replace=example.com/one=../one")
	b.sums(b.plugin)
	b.buildApp("-trimpath")
	opts := b.options()
	opts.Isolate, opts.Cache = "auto", filepath.Join(b.dir, "cache")
	says := func(step, want string) {
		t.Helper()
		res, err := b.build(opts)
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		if got := b.load(res.Output); !strings.Contains(got, want) {
			t.Errorf("%s: the host says\n%s\nwant %q in it", step, got, want)
		}
	}
	says("at first", "plugin: "+ones("v1.2.0"))
	b.write(filepath.Join(b.dir, "one", "static", "version.txt"), "v9\n")
	says("an embedded file changed", "secret v9 42")
	b.write(filepath.Join(b.dir, "one", "more.go"), "package one\n\nimport \"example.com/go-two.v2\"\n\nfunc init() { embedded = two.Version + \"-more\" }\n")
	says("a file more in a folder", "secret v1.2.0-more 42")
	b.write(filepath.Join(b.plugin, "lib", "more.go"), "package lib\n\nimport _ \"example.com/go-two.v2\"\n\nfunc init() { changed = \"changed   \" }\n")
	b.write(filepath.Join(b.plugin, "lib", "lib.go"), "package lib\n\nvar changed string\n\nfunc Version() string { return changed }\n")
	says("own files changed", "plugin: changed")
	copies, err := filepath.Glob(filepath.Join(opts.Cache, "isolated", "*", "internal/isolated/example.com/go-two.v2/two.go"))
	if err != nil || len(copies) == 0 {
		t.Fatalf("no copies (%v)", err)
	}
	for _, file := range copies {
		b.write(file, "package two\n\nconst Version = \"damaged\"\n")
	}
	says("a copy damaged", "one v1.2.0 v1.2.0 ")
}

// A module in a folder may have symbolic links, that lead elsewhere, and tests in a cycle
// with what they test. The copies are regular files in their own folder, of what the
// compiler would have read.
func TestIsolatedFromOddFolder(t *testing.T) {
	t.Parallel()
	b := newIsolated(t, "v1.0.0", "v1.2.0")
	one, away := filepath.Join(b.dir, "one"), filepath.Join(b.dir, "away")
	unpack(t, "one", "v1.2.0", one)
	b.goMod(b.plugin, "-replace=example.com/one=../one")
	b.sums(b.plugin)
	b.write(filepath.Join(away, "linked.go"), "package hidden\n\n// Version is the module's.\nconst Version = \"linked\"\n\nfunc secret() string { return \"secret\" }\n")
	b.write(filepath.Join(away, "more", "LICENSE"), "Not theirs.\n")
	for name, to := range map[string]string{"internal/hidden/hidden.go": "linked.go", "LICENSE": "more/LICENSE", "NOTICE": "more", "internal/more": "more", "COPYING": "gone"} {
		name = filepath.Join(one, name)
		if err := os.RemoveAll(name); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(away, to), name); err != nil {
			t.Fatal(err)
		}
	}
	b.buildApp("-trimpath")
	before, beside := b.sourceOf(away), b.sourceOf(one)
	opts := b.options()
	opts.Isolate, opts.Cache = "auto", filepath.Join(b.dir, "cache")
	res, err := b.build(opts)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.load(res.Output); !strings.Contains(got, "plugin: one linked v1.2.0") {
		t.Errorf("the host says\n%s", got)
	}
	if b.sourceOf(away) != before || b.sourceOf(one) != beside {
		t.Error("files were written beside the copies")
	}
	files := 0
	err = filepath.WalkDir(opts.Cache, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files++
		if !e.Type().IsRegular() || strings.HasSuffix(path, "_test.go") {
			t.Errorf("the copies have %s, %v", path, e.Type())
		}
		return nil
	})
	if err != nil || files == 0 {
		t.Errorf("%d files, %v", files, err)
	}
}

func TestIsolatedRefuses(t *testing.T) {
	t.Parallel()
	b := newIsolated(t, "v1.0.0", "v1.2.0")
	b.buildApp("-trimpath")
	for _, c := range []struct {
		name, want string
		usage      bool
		change     func(*bench, *builder.Options)
	}{
		{"rules", `"./x" is neither auto nor all nor a pattern`, true, func(_ *bench, o *builder.Options) { o.Isolate = "./x" }},
		{"write", "nothing to write to the plugin's own", true, func(_ *bench, o *builder.Options) { o.Write = true }},
		{"a workspace", "it is a member of the workspace", false, func(b *bench, o *builder.Options) {
			b.write(filepath.Join(b.dir, "work", "go.work"), "go 1.21\n\nuse ../plug\n")
			o.Env = append(slices.Clone(b.env), "GOWORK="+filepath.Join(b.dir, "work", "go.work"))
		}},
		{"the place is taken", "where private copies are to lie", false, func(b *bench, _ *builder.Options) { b.mkdir(filepath.Join(b.plugin, "internal", "isolated")) }},
	} {
		opts := b.options()
		opts.Isolate = "auto"
		c.change(b, &opts)
		_, err := b.build(opts)
		noFit, usage := errors.AsType[*builder.NoFitError](err)
		if _, isUsage := errors.AsType[*builder.UsageError](err); err == nil || !strings.Contains(err.Error(), c.want) || isUsage != c.usage || usage == c.usage {
			t.Errorf("%s: %v (%v), want %q", c.name, err, noFit, c.want)
		}
	}
}
