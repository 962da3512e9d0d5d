package builder

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/plugtool/plugtool/inspector"
)

// hostFacts is a host that was checked, indexed by module.
type hostFacts struct {
	Host
	modules map[string]*inspector.Module
	roots   map[string]string // module path -> recorded folder of its root

	prefixes map[string]string // of a host without modules: recorded folder, by the beginning of import paths
}

// index checks the host and indexes it.
func (h Host) index() (*hostFacts, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	f := &hostFacts{Host: h, modules: map[string]*inspector.Module{}, roots: map[string]string{}}
	if h.Binary.Main.Path != "" {
		f.modules[h.Binary.Main.Path] = &h.Binary.Main
	}
	for i := range h.Binary.Deps {
		f.modules[h.Binary.Deps[i].Path] = &h.Binary.Deps[i]
	}
	for _, pkg := range slices.Sorted(maps.Keys(h.Sources)) {
		dir := f.folder(pkg)
		if pkg == "main" {
			pkg = h.Binary.Path
		}
		m := f.moduleOf(pkg)
		if m == nil || dir == "" || f.roots[m.Path] != "" {
			continue
		}
		if root, ok := strings.CutSuffix(dir, strings.TrimPrefix(pkg, m.Path)); ok {
			f.roots[m.Path] = cmp.Or(root, "/") // containers build in the root folder, too
		}
	}
	f.inferRoots()
	if f.moduleless() {
		f.inferPrefixes()
	}
	return f, nil
}

// folder gives the folder that is recorded for a package itself. A package with
// cgo may have left only generated files, which lie in no folder, and a
// descriptor of an untrimmed host what is not known.
func (f *hostFacts) folder(pkg string) string {
	dir := f.Sources[pkg]
	if dir == "." || !f.Binary.Trimmed() && !path.IsAbs(dir) {
		return ""
	}
	return dir
}

// inferRoots says where the modules lay of which no function is left in the
// host, so that its table of files does not name them: small packages are often
// inlined away altogether.
func (f *hostFacts) inferRoots() {
	cache, vendor := f.stores()
	for _, p := range slices.Sorted(maps.Keys(f.modules)) {
		m := f.modules[p]
		if f.roots[p] != "" {
			continue
		}
		if f.Binary.Trimmed() {
			f.roots[p] = p
			if v, ok := f.pinned(p); ok {
				f.roots[p] += "@" + v
			}
			continue
		}
		f.roots[p] = f.inferFolder(m, cache, vendor)
	}
}

// inferFolder infers where a module of an untrimmed host lay.
func (f *hostFacts) inferFolder(m *inspector.Module, cache, vendor string) string {
	main := f.roots[f.Binary.Main.Path]
	mod := module.Version{Path: m.Path, Version: m.Version}
	sum := m.Sum
	if r := m.Replace; r != nil {
		if !isVersion(r.Version) {
			if path.IsAbs(r.Path) {
				return path.Clean(r.Path)
			}
			if main == "" {
				return ""
			}
			return path.Join(main, r.Path)
		}
		mod, sum = module.Version{Path: r.Path, Version: r.Version}, r.Sum
	}
	switch stored := storedAs(mod); {
	case vendor != "":
		return vendor + m.Path
	case sum == "" && isVersion(m.Version) && main != "" && m.Path != f.Binary.Main.Path:
		return path.Join(main, "vendor", m.Path) // vendored modules have no sums
	case cache != "" && stored != "":
		return cache + stored
	}
	return ""
}

// stores gives the module cache and the vendor folder, each with a slash at its
// end, that the recorded folders of an untrimmed host show; "" for none.
func (f *hostFacts) stores() (cache, vendor string) {
	for _, p := range slices.Sorted(maps.Keys(f.roots)) {
		m := f.modules[p]
		mod := module.Version{Path: m.Path, Version: m.Version}
		if r := m.Replace; r != nil {
			mod = module.Version{Path: r.Path, Version: r.Version}
		}
		if stored := storedAs(mod); stored != "" && cache == "" {
			if base, ok := strings.CutSuffix(f.roots[p], "/"+stored); ok {
				cache = base + "/"
			}
		}
		if base, ok := strings.CutSuffix(f.roots[p], "/vendor/"+p); ok && vendor == "" {
			vendor = base + "/vendor/"
		}
	}
	return cache, vendor
}

// storedAs gives the folder of a module version within a module cache, "" for
// what is no module version.
func storedAs(mod module.Version) string {
	if !isVersion(mod.Version) {
		return ""
	}
	escapedPath, err := module.EscapePath(mod.Path)
	if err != nil {
		return ""
	}
	version, err := module.EscapeVersion(mod.Version)
	if err != nil {
		return ""
	}
	return escapedPath + "@" + version
}

// moduleOf finds the host's module that holds the package: the one with the
// longest matching path; nil for the standard library.
func (f *hostFacts) moduleOf(pkg string) *inspector.Module {
	for p := pkg; p != "." && p != "/"; p = path.Dir(p) {
		if m := f.modules[p]; m != nil {
			return m
		}
	}
	return nil
}

// pinned gives the version at which a plugin must take the module, and ok false
// where the host has none: not its module, or one without a version.
func (f *hostFacts) pinned(path string) (version string, ok bool) {
	m := f.modules[path]
	if m == nil || !isVersion(m.Version) {
		return "", false
	}
	// A tagged checkout says a version too, but has no sum: its packages are
	// recorded without a version, and the version need not be published.
	if path == f.Binary.Main.Path && m.Sum == "" {
		return "", false
	}
	return m.Version, true
}

// sum gives the h1: sum of what the host was built from, with the module and
// version that it belongs to: the replacement's, where there is one.
func (f *hostFacts) sum(path string) (module.Version, string) {
	m := f.modules[path]
	if m == nil {
		return module.Version{}, ""
	}
	if m.Replace != nil {
		m = m.Replace
	}
	return module.Version{Path: m.Path, Version: m.Version}, m.Sum
}

// sums gives the h1: sums of what the host was built from, by PATH@VERSION.
func (f *hostFacts) sums() map[string]string {
	all := map[string]string{}
	for p := range f.modules {
		if m, sum := f.sum(p); sum != "" {
			all[m.String()] = sum
		}
	}
	return all
}

// recorded gives the folder that the host's compiler recorded for a package,
// inferred from the package's module where the package itself left no trace,
// and "" where that left none either.
func (f *hostFacts) recorded(pkg string) string {
	if f.moduleless() {
		return f.withoutModules(pkg)
	}
	if dir := f.folder(pkg); dir != "" {
		return dir
	}
	m := f.moduleOf(pkg)
	if m == nil || f.roots[m.Path] == "" {
		return ""
	}
	return path.Join(f.roots[m.Path], strings.TrimPrefix(pkg, m.Path))
}
