package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
)

const locatedModule = `module example.com/plugin

go 1.26.0

toolchain go1.26.8

require (
	example.com/dep v1.0.0
	example.com/forked v1.0.0
)

replace example.com/forked => ../fork
`

// A finding is placed at the line of go.mod that decides about it, and at the
// plugin's file where the module is not at hand.
func TestLocations(t *testing.T) {
	root := t.TempDir()
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		root = resolved
	}
	for _, dir := range []string{".git", "plugins/hello", "elsewhere"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "plugins/hello/go.mod"), []byte(locatedModule), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(root, "plugins"))
	binary := &inspector.Binary{
		Main: inspector.Module{Path: "example.com/plugin"},
		Deps: []inspector.Module{{Path: "example.com/dep"}, {Path: "example.com/forked"}, {Path: "example.com/indirect"}},
	}
	files := []string{"hello/hello.so", "../elsewhere/hello.so", "/nowhere/hello.so", "hello/broken.so"}
	var plugins []*inspector.Plugin
	for _, file := range files {
		plugins = append(plugins, &inspector.Plugin{File: file, Binary: binary})
	}
	plugins[3].Binary = nil
	l := newLocator(plugins)
	for _, test := range []struct {
		file, id, pkg string
		want          report.Location
	}{
		{files[0], "PT401", "example.com/dep/sub", report.Location{File: "plugins/hello/go.mod", Line: 8}},
		{files[0], "PT401", "example.com/forked", report.Location{File: "plugins/hello/go.mod", Line: 12}},
		{files[0], "PT401", "example.com/indirect", report.Location{File: "plugins/hello/go.mod", Line: 1}},
		{files[0], "PT301", "runtime", report.Location{File: "plugins/hello/go.mod", Line: 5}},
		{files[0], "PT303", "runtime", report.Location{File: "plugins/hello/go.mod", Line: 1}},
		{files[0], "PT204", "", report.Location{File: "plugins/hello/hello.so"}},
		{files[0], "PT901", "", report.Location{File: "plugins/hello/hello.so"}},
		{files[1], "PT401", "example.com/dep", report.Location{File: "elsewhere/hello.so"}},
		{files[2], "PT401", "example.com/dep", report.Location{File: "/nowhere/hello.so"}},
		{files[3], "PT206", "", report.Location{File: "plugins/hello/broken.so"}},
	} {
		p := report.Plugin{PluginVerdict: inspector.PluginVerdict{File: test.file}}
		if got := l.where(p, inspector.Finding{ID: test.id, Package: test.pkg}); got != test.want {
			t.Errorf("%s of %s in %s: %+v, want %+v", test.id, test.pkg, test.file, got, test.want)
		}
	}
}
