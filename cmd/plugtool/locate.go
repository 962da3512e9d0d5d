package main

import (
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/mod/modfile"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
)

const goModLimit = 1 << 20 // bytes

// A locator finds the places in the source tree to which findings belong.
type locator struct {
	plugins map[string]*inspector.Plugin // by the name that the report has
	root    func() string                // of the source tree, absolute
	modules map[string]*modfile.File     // by folder, as read; nil where there is none
}

func newLocator(plugins []*inspector.Plugin) *locator {
	l := &locator{plugins: map[string]*inspector.Plugin{}, root: sync.OnceValue(sourceRoot), modules: map[string]*modfile.File{}}
	for _, p := range plugins {
		l.plugins[p.File] = p
	}
	return l
}

// sourceRoot is the folder of the repository that holds the current one, or else
// the current one.
func sourceRoot() string {
	wd, err := os.Getwd()
	if err != nil {
		return ""
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return wd
		}
	}
}

// where gives the line of go.mod that decides about what was found, if the
// plugin's module is at hand: its sources are in the folder of the plugin, or the
// current one is. For what is found in the file itself, and otherwise, it is the
// plugin's file.
func (l *locator) where(p report.Plugin, f inspector.Finding) report.Location {
	file := report.Location{File: l.relative(p.File)}
	plug := l.plugins[p.File]
	if plug == nil || plug.Binary == nil || !strings.Contains("34568", f.ID[2:3]) {
		return file
	}
	for _, folder := range []string{filepath.Dir(p.File), "."} {
		abs, err := filepath.Abs(folder)
		if err != nil {
			continue
		}
		dir := moduleRoot(abs)
		mod := l.module(dir)
		if mod == nil || mod.Module == nil || mod.Module.Mod.Path != plug.Binary.Main.Path {
			continue
		}
		return report.Location{File: l.relative(filepath.Join(dir, "go.mod")), Line: lineOf(mod, plug.Binary, f)}
	}
	return file
}

// lineOf finds the line of a go.mod that a finding is about: that of the module
// that differs, or of the Go release, or else the module's own.
func lineOf(mod *modfile.File, b *inspector.Binary, f inspector.Finding) int {
	if strings.HasPrefix(f.ID, "PT30") && f.ID <= "PT302" {
		switch {
		case mod.Toolchain != nil:
			return mod.Toolchain.Syntax.Start.Line
		case mod.Go != nil:
			return mod.Go.Syntax.Start.Line
		}
	}
	if m := b.ModuleOf(f.Package); m != nil && f.Package != "" {
		for _, r := range mod.Replace {
			if r.Old.Path == m.Path {
				return r.Syntax.Start.Line
			}
		}
		for _, r := range mod.Require {
			if r.Mod.Path == m.Path {
				return r.Syntax.Start.Line
			}
		}
	}
	return mod.Module.Syntax.Start.Line
}

// module reads the go.mod of a folder; nil where there is none that can be read.
func (l *locator) module(dir string) *modfile.File {
	if dir == "" {
		return nil
	}
	if mod, ok := l.modules[dir]; ok {
		return mod
	}
	var mod *modfile.File
	if data, err := readRegular(filepath.Join(dir, "go.mod"), goModLimit); err == nil {
		if mod, err = modfile.Parse("go.mod", data, nil); err != nil { // of a later Go release perhaps
			mod, _ = modfile.ParseLax("go.mod", data, nil)
		}
	}
	l.modules[dir] = mod
	return mod
}

// relative names a file from the root of the source tree, with forward slashes;
// one outside of it keeps its absolute path.
func (l *locator) relative(file string) string {
	abs, err := filepath.Abs(file)
	if err != nil {
		return filepath.ToSlash(file)
	}
	rel, err := filepath.Rel(l.root(), abs)
	if err != nil || !filepath.IsLocal(rel) {
		return filepath.ToSlash(abs)
	}
	return filepath.ToSlash(rel)
}
