package builder_test

import (
	"path/filepath"
	"testing"

	"golang.org/x/mod/module"

	"github.com/plugtool/plugtool/builder"
)

// ownProxy publishes modules that only the bench's plugin has, by path@version and
// file. The host's own modules still come from where they did.
func (b *bench) ownProxy(modules map[string]map[string]string) {
	b.t.Helper()
	proxy := filepath.Join(b.dir, "proxy")
	for name, files := range modules {
		tree := filepath.Join(b.dir, "published", name)
		for file, content := range files {
			b.write(filepath.Join(tree, file), content)
		}
		dir, version := filepath.Split(name)
		if err := publish(proxy, module.Version{Path: filepath.Clean(dir), Version: version}, tree); err != nil {
			b.t.Fatal(err)
		}
	}
	b.set("GOPROXY=file://"+proxy+",file://"+shared.proxy, "GOMODCACHE="+filepath.Join(b.dir, "mod"))
}

// apart are versions of a module that ask for more and more of example.com/dep, which
// hosts have at v1.1.0.
func apart(b *bench) {
	b.ownProxy(map[string]map[string]string{
		"example.com/dep/v1.3.0":  {"go.mod": "module example.com/dep\n\ngo 1.21\n", "dep.go": "package dep\n\nvar Calls int\n\nfunc Twice(n int) int { return n * 2 }\n\nfunc Thrice(n int) int { return n * 3 }\n", "sub/sub.go": "package sub\n\nconst Word = \"sub\"\n"},
		"example.com/high/v1.0.0": {"go.mod": "module example.com/high\n\ngo 1.21\n\nrequire example.com/dep v1.0.0\n", "high.go": "package high\n\nimport \"example.com/dep\"\n\nfunc Word() string { return \" low\"[:dep.Twice(2)] }\n"},
		"example.com/high/v1.1.0": {"go.mod": "module example.com/high\n\ngo 1.21\n\nrequire example.com/dep v1.2.0\n", "high.go": "package high\n\nimport \"example.com/dep\"\n\nfunc Word() string { return \" middle\"[:dep.Thrice(2)] }\n"},
		"example.com/high/v1.2.0": {"go.mod": "module example.com/high\n\ngo 1.21\n\nrequire example.com/dep v1.3.0\n", "high.go": "package high\n\nimport \"example.com/dep/sub\"\n\nfunc Word() string { return sub.Word }\n"},
		"example.com/high/v1.3.0": {"go.mod": "module example.com/high\n\ngo 1.99\n", "high.go": "package high\n\nfunc Word() string { return \"new\" }\n"},
		"example.com/over/v1.0.0": {"go.mod": "module example.com/over\n\ngo 1.21\n\nrequire example.com/high v1.1.0\n", "over.go": "package over\n\nimport \"example.com/high\"\n\nfunc Word() string { return high.Word() + \" over\" }\n"},
	})
}

// What the plugin alone has is taken as new as the host's modules, and its Go, allow.
func TestLoweredModules(t *testing.T) {
	for _, c := range []pluginCase{
		{name: "does not compile", says: "plain low", setup: asks("example.com/high v1.1.0", "example.com/dep v1.2.0"), check: warns("example.com/high v1.1.0", "v1.0.0")},
		{name: "imports a package that the host's version lacks", says: "plain low", setup: asks("example.com/high v1.2.0", "example.com/dep v1.3.0"), check: warns("example.com/high v1.2.0", "v1.0.0")},
		{name: "is of a newer Go", says: "plain low", setup: asks("example.com/high v1.3.0"), check: warns("example.com/high v1.3.0", "v1.0.0")},
		{name: "by way of another", says: "plain low over", setup: asks("example.com/over v1.0.0", "example.com/high v1.1.0", "example.com/dep v1.2.0"), check: warns("example.com/high v1.1.0", "v1.0.0")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}

// asks sets a plugin up whose go.mod requires those module versions, and which uses
// the first.
func asks(requirements ...string) func(*bench) {
	return func(b *bench) {
		b.small("")
		apart(b)
		used := filepath.Dir(requirements[0] + "/")
		used = used[:len(used)-len(" v1.0.0")]
		b.write(filepath.Join(b.plugin, "word.go"), "package main\n\nimport used \""+used+"\"\n\nfunc word() string { return used.Word() }\n")
		mod := apiMod
		for _, r := range requirements {
			mod += "\nrequire " + r + "\n"
		}
		b.write(filepath.Join(b.plugin, "go.mod"), mod)
	}
}

// What the plugin itself imports is not there, however old the rest is.
func TestLackingPackage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	asks("example.com/dep v1.3.0")(b)
	b.write(filepath.Join(b.plugin, "word.go"), "package main\n\nimport \"example.com/dep/sub\"\n\nfunc word() string { return sub.Word }\n")
	_, err := b.build(b.options())
	if !is[*builder.LackingError](err) {
		t.Fatalf("error is %T: %v", err, err)
	}
	want := "package example.com/dep/sub, which the plugin imports, is not in example.com/dep v1.1.0, which the host has; v1.3.0 has it"
	if err.Error() != want {
		t.Errorf("error is %q, want %q", err, want)
	}
}
