package builder

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"
)

// A Layout is a way of making the compiler record the host's paths.
type Layout struct {
	Name LayoutName `json:"name"`

	Vendor    bool `json:"vendor,omitempty"`    // from the plugin's vendor folder
	Released  bool `json:"released,omitempty"`  // shared modules from where the host took them, not from the plugin's folders
	HostFlags bool `json:"hostFlags,omitempty"` // the host's pattern-less -gcflags for its whole module
}

// LayoutName names the kinds of layout, from the most to the least supported.
type LayoutName string

// The kinds of layout.
const (
	Modules   LayoutName = "modules"   // what the go command does by itself gives the host's paths
	Workspace LayoutName = "workspace" // the host's modules as members of a workspace
	Rewritten LayoutName = "rewritten" // the compiler's -trimpath, package by package
)

// A moduleSource is where a module of the plugin's build comes from.
type moduleSource struct {
	path    string
	version string         // as required; "" for a member
	member  bool           // main module, or member of the workspace
	folder  string         // the folder it is taken from; "" for the module cache
	fork    module.Version // what replaces it, if a version does
}

// A mismatch is a module of both, recorded in the host from another path than
// the layout would give it.
type mismatch struct {
	moduleSource
	natural, recorded string
}

// layouts lists the layouts that may give the host's paths, likeliest and most
// supported first. There is always one.
func (p *planner) layouts() ([]Layout, error) {
	var list []Layout
	add := func(l Layout) {
		if !slices.Contains(list, l) {
			list = append(list, l)
		}
	}
	for _, released := range []bool{false, true} {
		if released && !p.hasOwnFolders() {
			continue
		}
		if err := p.layoutsFrom(released, add); err != nil {
			return nil, err
		}
	}
	if p.ownGcflags() {
		for _, l := range slices.Clone(list) {
			l.HostFlags = true
			add(l)
		}
	}
	return list, nil
}

func (p *planner) layoutsFrom(released bool, add func(Layout)) error {
	plain := Layout{Name: Modules, Released: released}
	aligned, err := p.aligned(plain)
	if err != nil {
		return err
	}
	vendor := p.src.Vendored && !aligned.changed && p.src.Work == nil && p.src.Isolated == nil
	if vendor {
		l := plain
		l.Vendor = true
		if len(p.mismatches(l, aligned)) == 0 {
			add(l)
		}
	}
	wrong := p.mismatches(plain, aligned)
	switch {
	case len(wrong) == 0:
		add(plain)
	case p.workspaceHelps(wrong):
		add(Layout{Name: Workspace, Released: released})
	}
	if len(wrong) > 0 || p.host.moduleless() {
		add(Layout{Name: Rewritten, Released: released})
	}
	if vendor {
		add(Layout{Name: Rewritten, Released: released, Vendor: true})
	}
	add(plain) // should what was inferred about the host's folders be wrong
	return nil
}

// workspaceHelps says whether all wrong paths come right when their modules are
// members of a workspace: a trimmed host records members without a version.
func (p *planner) workspaceHelps(wrong []mismatch) bool {
	if p.src.Work != nil || !p.settings.trimpath {
		return false
	}
	for _, m := range wrong {
		if m.folder == "" || m.recorded != m.path || p.src.Folders[m.folder].Content == nil {
			return false
		}
	}
	return true
}

// mismatches compares, module by module, the path that the go command would
// record with the one that the host's compiler recorded.
func (p *planner) mismatches(l Layout, a *alignedFiles) []mismatch {
	var wrong []mismatch
	for _, m := range p.moduleSources(a) {
		recorded := p.host.roots[m.path]
		if recorded == "" {
			continue
		}
		if natural := p.natural(l, m); natural != recorded {
			wrong = append(wrong, mismatch{m, natural, recorded})
		}
	}
	return wrong
}

// why says in a few words what speaks for a layout.
func (p *planner) why(l Layout, a *alignedFiles) string {
	if l.Name == Modules {
		return "what the go command does by itself gives the host's paths"
	}
	wrong := p.mismatches(Layout{Name: Modules, Vendor: l.Vendor, Released: l.Released}, a)
	if l.Name == Workspace {
		return "the host was built from folders of the modules that it shares with the plugin"
	}
	if len(wrong) == 0 {
		return "the other layouts were refused"
	}
	m := wrong[0]
	return fmt.Sprintf("%s was in %s for the host's compiler, and would be in %s for the plugin's", m.path, m.recorded, m.natural)
}

// moduleSources lists the modules that the aligned go.mod files name and the
// host has too.
func (p *planner) moduleSources(a *alignedFiles) []moduleSource {
	var list []moduleSource
	seen := map[string]bool{}
	add := func(m moduleSource) {
		if p.host.modules[m.path] != nil && !seen[m.path] {
			seen[m.path] = true
			list = append(list, m)
		}
	}
	for _, m := range a.members {
		if m.file.Module != nil {
			add(moduleSource{path: m.file.Module.Mod.Path, member: true, folder: m.dir})
		}
	}
	for _, m := range a.members {
		for _, r := range m.file.Require {
			folder, fork := replacement(m.file, m.dir, r.Mod.Path, r.Mod.Version)
			if dir := a.replaced[r.Mod.Path]; dir != "" {
				folder, fork = dir, module.Version{}
			}
			add(moduleSource{path: r.Mod.Path, version: r.Mod.Version, folder: folder, fork: fork})
		}
	}
	return list
}

// natural gives the path that the go command has the compiler record for a
// module's root; cmd/go (*Action).trimpath is the model.
func (p *planner) natural(l Layout, m moduleSource) string {
	switch {
	case p.settings.trimpath && m.member:
		return m.path
	case p.settings.trimpath:
		return m.path + "@" + m.version
	case m.member:
		return m.folder
	case l.Vendor:
		return filepath.Join(p.src.Dir, "vendor", filepath.FromSlash(m.path))
	case m.folder != "":
		return m.folder
	case m.fork.Path != "":
		return p.cacheFolder(m.fork)
	}
	return p.cacheFolder(module.Version{Path: m.path, Version: m.version})
}

// cacheFolder gives a module version's folder in the module cache.
func (p *planner) cacheFolder(m module.Version) string {
	return filepath.Join(p.src.Go.ModCache, filepath.FromSlash(storedAs(m)))
}

// hasOwnFolders says whether the plugin takes a module from a folder of its own
// that the host took from a module proxy.
func (p *planner) hasOwnFolders() bool {
	if p.src.Work != nil || p.modFile == nil {
		return false
	}
	if main := p.host.Binary.Main.Path; p.src.Borrowed[main] != "" && required(p.modFile, main) != "" {
		return true // it was found beside, and may be published too
	}
	for path := range p.src.Given {
		if m := p.host.modules[path]; m.Sum != "" && m.Replace == nil {
			return true
		}
	}
	for _, r := range p.modFile.Replace {
		if m := p.host.modules[r.Old.Path]; r.New.Version == "" && m != nil && m.Sum != "" && m.Replace == nil {
			return true
		}
	}
	return false
}

// A Rewrite is a package whose recorded folder is rewritten.
type Rewrite struct {
	Package string `json:"package"`
	From    string `json:"from"` // the folder it is compiled from
	To      string `json:"to"`   // the folder that the host recorded

	// Overlay is the folder that files of the host's revision come from, "" for none.
	Overlay string `json:"overlay,omitempty"`

	files []string // of the package
}

// prefixes gives the rewrites as the compiler's -trimpath has them.
func (r Rewrite) prefixes() (list []string) {
	for _, from := range []string{r.From, r.Overlay} {
		switch {
		case from == "":
		case r.To != "/":
			list = append(list, from+"=>"+r.To)
		default:
			// The compiler puts what follows the folder behind the new one, slash and
			// all (cmd/internal/objabi applyRewrite).
			for _, file := range r.files {
				list = append(list, path.Join(from, file)+"=>/"+file)
			}
		}
	}
	return list
}

// rewrites lists what has to be rewritten, from the packages that the plugin is
// really built from; special says that some of them have generated files, whose
// paths need the wrapper around the compiler.
func (p *planner) rewrites() (list []Rewrite, special bool, err error) {
	for _, pkg := range p.src.Graph {
		if pkg.Standard || pkg.Module == nil || pkg.Name == "main" || p.host.modules[pkg.Module.Path] == nil && !p.host.moduleless() {
			continue
		}
		to := p.host.recorded(pkg.ImportPath)
		if to == "" || to == p.naturalPackage(pkg) && !p.host.moduleless() {
			continue
		}
		if err := checkRecorded(to); err != nil {
			return nil, false, hostileError(p.host.Binary, err)
		}
		if err := checkRecorded(pkg.Dir); err != nil {
			return nil, false, err
		}
		overlay, err := p.overlayFolder(pkg.Dir)
		if err != nil {
			return nil, false, err
		}
		list = append(list, Rewrite{Package: pkg.ImportPath, From: pkg.Dir, To: to, Overlay: overlay, files: slices.Concat(pkg.GoFiles, pkg.CgoFiles)})
		special = special || len(pkg.CgoFiles) > 0 || p.covers(pkg.ImportPath)
	}
	return list, special, nil
}

// overlayFolder gives the folder from which files take the place of some in a
// package's folder; "" for none.
func (p *planner) overlayFolder(dir string) (string, error) {
	for file, by := range p.src.Overlay {
		if by != "" && filepath.Dir(file) == dir {
			return filepath.Dir(by), checkRecorded(filepath.Dir(by))
		}
	}
	return "", nil
}

// covers says whether a package gets coverage counters.
func (p *planner) covers(pkg string) bool {
	return slices.ContainsFunc(p.settings.covered, func(pattern string) bool { return matchPattern(pattern, pkg, false) })
}

// naturalPackage is natural for a package that go list told of.
func (p *planner) naturalPackage(pkg Package) string {
	switch {
	case !p.settings.trimpath:
		return pkg.Dir
	case pkg.Module.Version == "":
		return pkg.ImportPath
	}
	return path.Join(pkg.Module.Path+"@"+pkg.Module.Version, strings.TrimPrefix(pkg.ImportPath, pkg.Module.Path))
}
