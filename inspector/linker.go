package inspector

import (
	"slices"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// linkage is the dynamic linker's state in one simulated process.
type linkage struct {
	m        *machine
	starting bool // the program itself is being started

	loaded []*dso // beyond those that the process began with, in order
	global []*dso // those of loaded that all later ones see
	alias  map[string]*dso
	tls    tlsBudget
	musl   *muslLinker
}

// stop is why the dynamic linker gives up: with a message, or by taking the process
// down.
type stop struct {
	text string // "" for a crash
	finding
}

// finding is what a stop tells of besides its message.
type finding struct {
	kind                        FindingKind
	title, detail, host, plugin string
	fix                         []string
	env                         string // what the command that builds the plugin anew has before it
}

// maxLibraries caps how many files one process has; real ones have dozens.
const maxLibraries = 512

func (m *machine) newLinkage() *linkage {
	l := &linkage{m: m, tls: m.tls}
	if m.musl {
		l.musl = &muslLinker{self: m.linker}
	}
	return l
}

func (l *linkage) close() { l.unmapFrom(0) }

// unmapFrom unmaps the files from index n on, as a dlopen that fails does.
func (l *linkage) unmapFrom(n int) {
	for _, d := range l.loaded[n:] {
		d.close()
		for name, other := range l.alias {
			if other == d {
				delete(l.alias, name)
			}
		}
	}
	l.loaded = l.loaded[:n]
}

// each calls f for all files of the process in the order in which they were loaded,
// until it says that one is what is looked for.
func (l *linkage) each(f func(*dso) bool) *dso {
	for _, list := range [][]*dso{l.m.loaded, l.loaded} {
		for _, d := range list {
			if f(d) {
				return d
			}
		}
	}
	return nil
}

// named gives the file that has a name in the process already: it was asked for under
// that name before, or the name is its SONAME (_dl_map_object in glibc's elf/dl-load.c).
func (l *linkage) named(name string) *dso {
	if d := l.alias[name]; d != nil {
		return d
	}
	return l.each(func(d *dso) bool {
		if d.isNamed(name) {
			return true
		}
		if d.image == nil || d.image.Soname() != name {
			return false
		}
		l.addName(d, name)
		return true
	})
}

func (l *linkage) addName(d *dso, name string) {
	if l.starting || !d.startup {
		d.names = append(d.names, name)
		return
	}
	if l.alias == nil {
		l.alias = make(map[string]*dso)
	}
	l.alias[name] = d
}

// hasName says whether the linker knows a file under a name.
func (l *linkage) hasName(d *dso, name string) bool { return d.isNamed(name) || l.alias[name] == d }

// mapObject maps the library that a file needs under a name.
func (l *linkage) mapObject(name string, by *dso) (*dso, *stop) {
	if d := l.named(name); d != nil {
		return d, nil
	}
	found, text := l.m.find(name, by)
	if found == nil {
		return nil, l.notFound(name, text, by)
	}
	if d := l.each(func(d *dso) bool { return sameInode(d.info, found.info) }); d != nil {
		found.file.Close()
		l.addName(d, name)
		return d, nil
	}
	d := &dso{path: found.path, names: []string{name}, info: found.info, outer: found.outer, parent: by}
	if err := d.read(found.file); err != nil {
		d.close()
		return nil, l.badLibrary(d, name, &goelf.LoadFault{Crash: true})
	}
	fault := d.image.CheckSegments()
	if fault == nil {
		fault = d.image.CheckDynamic()
	}
	if fault != nil {
		d.close()
		return nil, l.badLibrary(d, name, fault)
	}
	if s := l.stack(d, name); s != nil {
		d.close()
		return nil, s
	}
	if _, ok, err := d.image.Lookup("go:link.pkghash.runtime"); ok && err == nil {
		l.takePlugin(d)
	}
	l.add(d)
	return d, nil
}

func (l *linkage) add(d *dso) {
	if l.starting {
		l.m.loaded = append(l.m.loaded, d)
	} else {
		l.loaded = append(l.loaded, d)
	}
}

// takePlugin reads a library that is a Go plugin as one.
func (l *linkage) takePlugin(d *dso) {
	real := d.path
	if !d.outer {
		var err error
		if real, err = l.m.target.locate(d.path); err != nil {
			return
		}
	}
	p := MapPlugin(real)
	if p.Err != nil || p.mod == nil {
		p.Close()
		return
	}
	d.plug, d.image = p, p.image
}

// mapDependencies maps what a file needs, and what that needs in turn, breadth first
// (_dl_map_object_deps in glibc's elf/dl-deps.c). It gives the file's list of search:
// itself, and all of these.
func (l *linkage) mapDependencies(root *dso) ([]*dso, *stop) {
	list := []*dso{root}
	for i := 0; i < len(list) && len(list) < maxLibraries; i++ {
		d := list[i]
		if d.mapped {
			for _, dep := range d.deps {
				if !slices.Contains(list, dep) {
					list = append(list, dep)
				}
			}
			continue
		}
		deps, err := d.dependencies()
		if err != nil {
			return list, nil // what cannot be read cannot be judged
		}
		at := i
		for _, dep := range deps {
			name := dep.Name
			if p := l.m.expand(name, d); p.path != "" {
				name = p.path
			}
			o, stop := l.mapObject(name, d)
			if stop != nil && dep.Kind == goelf.Auxiliary {
				continue
			}
			if stop != nil {
				return list, stop
			}
			d.deps = append(d.deps, o)
			switch {
			case slices.Contains(list, o):
			case dep.Kind == goelf.Needed:
				list = append(list, o)
			default: // a filter's file comes before the one that names it
				list = slices.Insert(list, at, o)
				at++
			}
		}
		d.mapped = true
		i = at
		if at > i {
			i-- // the filters' own dependencies are still to be mapped
		}
	}
	return list, nil
}

// checkVersions compares the symbol versions that files ask for with what there is
// (_dl_check_map_versions in glibc's elf/dl-version.c).
func (l *linkage) checkVersions(list []*dso) *stop {
	for _, d := range list {
		if d.image == nil || d.startup && !l.starting {
			continue
		}
		needs, err := d.image.VersionNeeds()
		if err != nil {
			continue
		}
		for _, n := range needs {
			if s := l.checkVersion(d, n); s != nil {
				return s
			}
		}
		if d.image.LacksVersionTable() {
			return l.badPlugin(d, &goelf.LoadFault{Crash: true, Text: "it names symbol versions and has no DT_VERSYM: SIGSEGV"})
		}
		if s := l.checkPacked(d, needs); s != nil {
			return s
		}
	}
	return nil
}

func (l *linkage) checkVersion(d *dso, n goelf.VersionNeed) *stop {
	lib := l.each(func(o *dso) bool { return l.hasName(o, n.Library) })
	if lib == nil {
		return l.neededNot(d, n)
	}
	if n.Weak || lib.image == nil {
		return nil
	}
	defs, err := lib.image.VersionDefs()
	if err != nil || len(defs) == 0 || slices.ContainsFunc(defs, func(v goelf.VersionDef) bool { return v.Name == n.Version }) {
		return nil // a library without versions only earns a warning
	}
	return l.versionMissing(d, lib, n, defs)
}

// dependenciesFirst orders files so that each comes behind what it needs, as
// _dl_sort_maps_dfs in glibc's elf/dl-sort-maps.c: they are relocated and started so.
func dependenciesFirst(list []*dso) []*dso {
	var order []*dso
	visited := make(map[*dso]bool)
	var visit func(d *dso)
	visit = func(d *dso) {
		if visited[d] {
			return
		}
		visited[d] = true
		for _, dep := range d.deps {
			visit(dep)
		}
		if slices.Contains(list, d) {
			order = append(order, d)
		}
	}
	for _, d := range slices.Backward(list) {
		visit(d)
	}
	return order
}

// open maps a plugin that has passed the tests of its header and segments, and gives
// the files that are new with it, in the order in which they are started.
func (l *linkage) open(plug *Plugin) ([]*dso, *stop) {
	before, tls := len(l.loaded), l.tls
	root := &dso{image: plug.image, info: plug.info, plug: plug}
	root.path, root.outer = l.m.target.within(plug.Path)
	root.names = []string{root.path}
	l.loaded = append(l.loaded, root)
	order, s := l.link(root)
	if s != nil {
		l.unmapFrom(before)
		l.tls = tls
		return nil, s
	}
	return order, nil
}

func (l *linkage) link(root *dso) ([]*dso, *stop) {
	if l.musl != nil {
		return l.musl.link(l, root)
	}
	if fault := root.image.CheckDynamic(); fault != nil {
		return nil, l.badPlugin(root, fault)
	}
	if s := l.stack(root, root.path); s != nil {
		return nil, s
	}
	list, s := l.mapDependencies(root)
	if s != nil {
		return nil, s
	}
	if s := l.checkVersions(list); s != nil {
		return nil, s
	}
	var fresh []*dso
	for _, d := range dependenciesFirst(list) {
		if d.startup || slices.Contains(l.global, d) {
			continue
		}
		if s := l.relocate(d, list); s != nil {
			return nil, s
		}
		fresh = append(fresh, d)
	}
	for _, d := range fresh {
		if fault := d.image.CheckInit(); fault != nil {
			return nil, l.badPlugin(d, fault)
		}
	}
	for _, d := range list {
		if !d.startup && !slices.Contains(l.global, d) {
			l.global = append(l.global, d)
		}
	}
	return fresh, nil
}
