package builder

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/isolate"
)

// A scaffold is a folder in which the plugin's module seems to lie with the private
// copies in it. A trimmed plugin records no folder, and build information has the same
// path for the copies whoever builds. It is part of a plan's temporary folder.
type scaffold struct {
	Folders []string          // of the plugin's own packages, by their paths in the module
	Files   map[string]string // that seem to lie there, and where they do
	Links   map[string]string // symbolic links: paths in the module, and where they lead
}

// scaffoldName is the scaffold's name in the temporary folder.
const scaffoldName = "module"

// result gives the plugin's source with the private copies: its go.mod requires them
// beside the modules that packages are still taken from.
func (i *isolating) result() (Source, error) {
	out := i.src
	pinned := map[string]string{}
	for _, list := range [][]isolate.Decision{i.choice.Pinned, i.choice.Shared, i.choice.Left} {
		for n, d := range list {
			if was := i.asked[d.Module]; was != d.Version && was != "" {
				pinned[d.Module], list[n].Version = was, was
			}
		}
	}
	out.Isolated = &Isolated{
		Rules: i.rules.String(), Prefix: i.module + "/" + isolate.Folder + "/", Choice: i.choice, Modules: i.copies.Modules, Process: i.process, Incomplete: i.incomplete,
		Files: len(i.copies.Files), Edited: i.copies.Edited, Copies: i.copies.Digest(),
		Details: IsolatedDetails{Asked: pinned, Own: i.copies.Own},
	}
	var unknown []string
	for _, p := range i.incomplete {
		unknown = append(unknown, p.Package)
	}
	var err error
	if out.Isolated.Details.Record, err = inspector.RecordIsolation(i.rules.String(), i.recorded, unknown); err != nil {
		return i.src, err
	}
	store := i.isolatedFolder(out.Isolated.Copies)
	if err := storeCopies(store, i.copies); err != nil {
		return i.src, fmt.Errorf("keep the private copies: %w", err)
	}
	if i.facts.Binary.Trimmed() {
		out.Isolated.Details.Scaffold = i.scaffold()
	}
	mod, err := i.goMod(store)
	if err != nil {
		return i.src, err
	}
	out.Isolated.Details.ModFile = mod
	if i.based.Resolved != nil {
		out.Isolated.Details.SumFile = i.based.Resolved.SumFile
	} else {
		out.Isolated.Details.SumFile = i.src.SumFile.Content
	}
	return out.inIsolation(store), nil
}

// inIsolation puts what an isolation changed into the facts of the source.
func (s Source) inIsolation(store string) Source {
	before := s
	d := &s.Isolated.Details
	d.from = &before
	s.ModFile.Content, s.SumFile.Content = d.ModFile, d.SumFile
	s.Overlay = maps.Clone(s.Overlay)
	if s.Overlay == nil {
		s.Overlay = map[string]string{}
	}
	top := s.Dir
	if d.Scaffold != nil {
		placed := *d.Scaffold
		placed.Links = maps.Clone(placed.Links)
		placed.Links[isolate.Folder] = filepath.Join(store, filepath.FromSlash(isolate.Folder))
		d.placed = &placed
		top = workMark + "/" + scaffoldName
		s.ModFile.Name = top + "/go.mod"
		for name, file := range placed.Files {
			s.Overlay[top+"/"+name] = file
		}
	}
	for n, name := range slices.Sorted(maps.Keys(d.Own)) {
		s.Overlay[filepath.Join(top, filepath.FromSlash(name))] = workMark + "/" + ownFile(n, name)
	}
	return s
}

// root gives the folder in which the go command finds the plugin's module.
func (s *Source) root() string {
	if s.Isolated != nil && s.Isolated.Details.placed != nil {
		return workMark + "/" + scaffoldName
	}
	return s.Dir
}

// original gives the source as it was before it was isolated.
func (s Source) original() Source {
	if s.Isolated != nil && s.Isolated.Details.from != nil {
		return *s.Isolated.Details.from
	}
	return s
}

// scaffold lists what of the plugin's own module is compiled.
func (i *isolating) scaffold() *scaffold {
	s := &scaffold{Files: map[string]string{}, Links: map[string]string{}}
	for _, p := range i.graph.Packages {
		if i.choice.Fate(p.ImportPath) != isolate.Own {
			continue
		}
		rel, err := filepath.Rel(p.Module.Dir, p.Dir)
		if err != nil {
			continue // Copy has refused it
		}
		rel = filepath.ToSlash(rel)
		s.Folders = append(s.Folders, rel)
		file := func(name string) string {
			name = filepath.Join(p.Dir, filepath.FromSlash(name))
			return cmp.Or(i.src.Overlay[name], name)
		}
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.EmbedFiles) {
			s.Files[path.Join(rel, name)] = file(name)
		}
		for _, name := range i.others(&p) {
			s.Links[path.Join(rel, name)] = file(name)
		}
	}
	slices.Sort(s.Folders)
	return s
}

// others lists what lies in a package's folder and is no Go source, nor holds packages
// of the plugin's: C code and assembly may include it.
func (i *isolating) others(p *isolate.Package) (names []string) {
	if len(p.Files()) == len(p.GoFiles) {
		return nil
	}
	names, err := overlaidDisk(nil).List(p.Dir)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(names, func(name string) bool {
		at := filepath.Join(p.Dir, name)
		return path.Ext(name) == ".go" || slices.Contains([]string{"go.mod", "go.sum", ".git", "vendor", "internal"}, name) ||
			slices.Contains(p.EmbedFiles, name) ||
			slices.ContainsFunc(i.graph.Packages, func(q isolate.Package) bool { return holds(at, q.Dir) })
	})
}

// goMod writes the isolated plugin's go.mod.
func (i *isolating) goMod(store string) ([]byte, error) {
	content := i.src.ModFile.Content
	if i.based.Resolved != nil {
		content = i.based.Resolved.ModFile
	}
	f, err := modfile.Parse(i.src.ModFile.Name, content, nil)
	if err != nil {
		return nil, err
	}
	keep := map[string]string{}
	for _, p := range i.graph.Packages {
		if fate := i.choice.Fate(p.ImportPath); fate != isolate.Moved && fate != isolate.Own && p.Module != nil {
			keep[p.Module.Path] = p.Module.Version
		}
	}
	if err := i.keepModules(f, keep); err != nil {
		return nil, err
	}
	for _, t := range slices.Clone(f.Tool) {
		if err := f.DropTool(t.Path); err != nil {
			return nil, err
		}
	}
	in := filepath.ToSlash(store)
	if i.facts.Binary.Trimmed() {
		in = "."
	}
	for _, m := range i.copies.Modules {
		if err := f.AddRequire(m.Private, m.As); err != nil {
			return nil, err
		}
		if err := f.AddReplace(m.Private, "", in+"/"+isolate.Folder+"/"+m.Path, ""); err != nil {
			return nil, err
		}
	}
	f.Cleanup()
	return modfile.Format(f.Syntax), nil
}

// keepModules leaves only those modules in a go.mod that packages are taken from, and
// names folders by absolute paths, since the module seems to lie elsewhere.
func (i *isolating) keepModules(f *modfile.File, keep map[string]string) error {
	for _, r := range slices.Clone(f.Require) {
		if _, ok := keep[r.Mod.Path]; !ok {
			if err := f.DropRequire(r.Mod.Path); err != nil {
				return err
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(keep)) {
		if version := keep[path]; version != "" {
			if err := f.AddRequire(path, version); err != nil {
				return err
			}
		}
	}
	for _, r := range slices.Clone(f.Replace) {
		_, kept := keep[r.Old.Path]
		var err error
		switch {
		case !kept:
			err = f.DropReplace(r.Old.Path, r.Old.Version)
		case r.New.Version == "" && !filepath.IsAbs(r.New.Path):
			err = f.AddReplace(r.Old.Path, r.Old.Version, filepath.Join(i.src.Dir, r.New.Path), "")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// prove asks the go command what the isolated plugin is built from, and holds that
// against what was chosen.
func (i *isolating) prove(ctx context.Context, out Source) (Source, error) {
	s, l := out, Layout{Name: Modules}
	if err := i.resolve(ctx, &s, l); err != nil {
		return out, fmt.Errorf("ask what the isolated plugin is built from: %w", err)
	}
	packages, err := i.listWhole(ctx, s, l)
	if err != nil {
		return out, err
	}
	if err := isolate.Prove(i.graph, i.choice, packages); err != nil {
		return out, err
	}
	if s.Resolved != nil { // completed
		d := &out.Isolated.Details
		d.ModFile, d.SumFile = s.Resolved.ModFile, s.Resolved.SumFile
		out.ModFile.Content, out.SumFile.Content = d.ModFile, d.SumFile
	}
	return out, nil
}

// addIsolation adds to a plan what an isolation needs in the temporary folder, and the
// wrapper that has build information name what the copies are of.
func (p *planner) addIsolation(plan *Plan) error {
	if p.src.Isolated == nil {
		return nil
	}
	d := p.src.Isolated.Details
	if plan.scaffold = d.placed; plan.scaffold != nil {
		plan.files = append(plan.files, tempFile{scaffoldName + "/go.mod", d.ModFile})
	}
	for n, name := range slices.Sorted(maps.Keys(d.Own)) {
		plan.files = append(plan.files, tempFile{ownFile(n, name), d.Own[name]})
	}
	records, err := p.src.Isolated.records(d.SumFile)
	plan.files = append(plan.files, tempFile{copiesName, records})
	return err
}

// records says for the linker's wrapper which modules the copies are of.
func (i *Isolated) records(sums []byte) ([]byte, error) {
	known := map[module.Version]string{}
	for line := range bytes.Lines(sums) {
		if f := strings.Fields(string(line)); len(f) == 3 {
			known[module.Version{Path: f[0], Version: f[1]}] = f[2]
		}
	}
	var list []inspector.Module
	for _, m := range i.Modules {
		of := inspector.Module{Path: m.Path, Version: m.Version}
		if m.Replace != "" {
			of.Path, of.Version, _ = strings.Cut(m.Replace, " ")
		}
		if of.Version == "" {
			of.Version = "(devel)"
		}
		of.Sum = known[module.Version{Path: of.Path, Version: of.Version}]
		list = append(list, inspector.Module{Path: m.Private, Version: m.As, Replace: &of})
	}
	return encodeCopies(copiesRecord{list, i.Details.Record})
}

// overlaidDisk reads originals as the go command does: files that an overlay puts over
// others in their place.
type overlaidDisk map[string]string

// ReadFile gives a regular file's content.
func (o overlaidDisk) ReadFile(name string, most int64) ([]byte, error) {
	if by, ok := o[name]; ok {
		name = by
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", name)
	case info.Size() > most:
		return nil, fmt.Errorf("%s has %d bytes, and at most %d are copied", name, info.Size(), most)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// List names what lies in a folder.
func (o overlaidDisk) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}
