package isolate

import (
	"fmt"
	"slices"
)

// Prove holds what an isolated plugin is built from against what was chosen: every copy
// from files of the same names as its original, importing the same, in the same language;
// every other package from the same module and version; and nothing else.
func Prove(before *Graph, choice *Choice, after []Package) error {
	there := map[string]*Package{}
	for i := range after {
		there[after[i].ImportPath] = &after[i]
	}
	n := names{}
	for _, p := range before.Packages {
		if choice.fates[p.ImportPath] == Moved {
			n[p.ImportPath] = before.prefix() + p.ImportPath
		}
	}
	for i := range before.Packages {
		p := &before.Packages[i]
		path := p.ImportPath
		if private := n[path]; private != "" {
			path = private
		}
		now := there[path]
		if now == nil {
			return &CannotError{p.ImportPath, "the isolated plugin does not import it", ""}
		}
		delete(there, path)
		if why := n.compare(p, now, choice.fates[p.ImportPath]); why != "" {
			return &CannotError{p.ImportPath, why, ""}
		}
	}
	for path, p := range there {
		if !p.Standard {
			return &CannotError{path, "only the isolated plugin imports it", ""}
		}
	}
	return nil
}

// compare says how a package differs from what it was, or its copy from it; "" for not.
func (n names) compare(was, is *Package, fate Fate) string {
	switch {
	case was.Standard != is.Standard:
		return "it would be of the standard library in one place and not in the other"
	case was.Standard:
		return ""
	}
	imports := slices.Clone(was.Imports)
	for i, path := range imports {
		if private := n[path]; private != "" {
			imports[i] = private
		}
	}
	slices.Sort(imports)
	theirs := slices.Sorted(slices.Values(is.Imports))
	if !slices.Equal(imports, theirs) {
		return differ("imports", imports, theirs)
	}
	if !slices.Equal(was.Files(), is.Files()) {
		return differ("files", was.Files(), is.Files())
	}
	if !slices.Equal(was.EmbedFiles, is.EmbedFiles) {
		return differ("embedded files", was.EmbedFiles, is.EmbedFiles)
	}
	if was.Name != is.Name {
		return differ("name", was.Name, is.Name)
	}
	if was.Module.GoVersion != is.Module.GoVersion {
		return differ("language", "go "+was.Module.GoVersion, "go "+is.Module.GoVersion)
	}
	if fate == Moved || fate == Own {
		return ""
	}
	if w, i := was.Module, is.Module; w.Path != i.Path || w.Version != i.Version || w.Dir != i.Dir {
		return differ("module", w.String()+" in "+w.Dir, i.String()+" in "+i.Dir)
	}
	return ""
}

func differ(what string, was, is any) string {
	return fmt.Sprintf("its %s would be %v, and were %v", what, is, was)
}

// Files lists a package's source files.
func (p *Package) Files() []string {
	return slices.Concat(p.GoFiles, p.CgoFiles, p.SFiles, p.HFiles, p.CFiles, p.CXXFiles, p.SysoFiles, p.MFiles, p.FFiles, p.SwigFiles, p.SwigCXXFiles)
}
