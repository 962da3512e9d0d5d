package isolate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Host is what the choice has to know of the host.
type Host struct {
	Module  string             // its main module
	Modules map[string]*Module // all modules in it, by path
	Linked  map[string]bool    // those of the plugin's packages that are in the host
}

// Wishes are reasons for what becomes of packages, by import path.
type Wishes struct {
	Named map[string]string // what exported symbols or the host's contract name, and who names it
	Share map[string]string // what cannot exist twice, and why
	Move  map[string]string // what cannot be shared because of what is moved, and why
}

// A Fate is what becomes of a package.
type Fate string

// The fates.
const (
	Moved  Fate = "moved"  // the plugin has a private copy
	Pinned Fate = "pinned" // the contract needs it: it is the host's, in the host's version
	Shared Fate = "shared" // it is the host's
	Left   Fate = "left"   // the host does not have it: it stays as it is
	Own    Fate = "own"    // of the plugin's own module
)

// A Decision is what becomes of some packages of a module, and why.
type Decision struct {
	Module   string   `json:"module"`
	Version  string   `json:"version,omitempty"` // in the plugin
	Host     string   `json:"host,omitempty"`    // the host's version, "" where it does not have the module
	Packages []string `json:"packages"`
	Why      string   `json:"why"`
}

// A Choice is what becomes of all packages of a plugin but the standard library's and
// its own.
type Choice struct {
	Moved  []Decision `json:"moved"`
	Pinned []Decision `json:"pinned"`
	Shared []Decision `json:"shared"`
	Left   []Decision `json:"left,omitempty"`

	// Unmatched are patterns of the rules that match no package of the plugin.
	Unmatched []string `json:"unmatched,omitempty"`

	// Align lists modules that the plugin has to take at the host's version, because
	// packages of them are not moved, and has at another.
	Align []string `json:"-"`

	fates map[string]Fate
}

// Fate says what becomes of a package; "" for the standard library's.
func (c *Choice) Fate(importPath string) Fate { return c.fates[importPath] }

// reason is why something becomes of a package.
type reason struct {
	why  string
	from string // the package that forces it, "" for none
}

type chooser struct {
	graph     *Graph
	host      Host
	rules     Rules
	wishes    Wishes
	packages  map[string]*Package // but for the standard library's
	importers map[string][]string
	roots     map[string]string // what is pinned for itself, and why
	forced    map[string]string // what is pinned for an internal package that it imports, and why
	pinned    map[string]reason
	moved     map[string]reason
}

// Choose says which packages are moved. It is a pure function. The set is closed under imports: what imports a moved package is moved,
// what a pinned one imports is pinned, and where a package would have to be both, it is
// pinned.
func Choose(graph *Graph, host Host, rules Rules, wishes Wishes) (*Choice, error) {
	c := &chooser{graph: graph, host: host, rules: rules, wishes: wishes, packages: map[string]*Package{}, importers: map[string][]string{}, roots: map[string]string{}, forced: map[string]string{}}
	for i := range graph.Packages {
		p := &graph.Packages[i]
		if p.Standard {
			continue
		}
		if p.Module == nil {
			return nil, &CannotError{p.ImportPath, "it belongs to no module", ""}
		}
		if strings.HasPrefix(p.ImportPath, graph.prefix()) {
			return nil, &CannotError{"", fmt.Sprintf("its module has a package %s already, where private copies are to lie", p.ImportPath), "rename the folder " + Folder}
		}
		c.packages[p.ImportPath] = p
		for _, i := range p.Imports {
			c.importers[i] = append(c.importers[i], p.ImportPath)
		}
	}
	main := c.packages[graph.Plugin]
	if main == nil || !main.own(graph) {
		return nil, &CannotError{"", fmt.Sprintf("its main package %s is not of the module %s that is built in", graph.Plugin, graph.Module), "build in the main package's own module"}
	}
	c.findRoots()
	for {
		c.pin()
		if !c.move() {
			choice := c.choice()
			choice.Unmatched = c.unmatched()
			return choice, nil
		}
	}
}

// unmatched lists patterns that match nothing: a slip of the pen, most likely.
func (c *chooser) unmatched() (list []string) {
	matchesNone := func(pattern string) bool {
		return !slices.ContainsFunc(c.sorted(), func(path string) bool { return matches(pattern, path) })
	}
	for _, pattern := range c.rules.Patterns {
		if matchesNone(pattern) {
			list = append(list, pattern)
		}
	}
	for _, pattern := range c.rules.Not {
		if matchesNone(pattern) {
			list = append(list, "!"+pattern)
		}
	}
	return list
}

// sorted lists the packages by path.
func (c *chooser) sorted() []string { return slices.Sorted(maps.Keys(c.packages)) }

// findRoots finds the contract, and what cannot exist twice.
func (c *chooser) findRoots() {
	for path := range c.packages {
		not := matching(c.rules.Not, path)
		switch linked := c.host.Linked[path]; {
		case path == c.graph.Plugin:
		case not != "":
			c.roots[path] = "!" + not
		case !linked:
		case c.packages[path].Module != nil && c.packages[path].Module.Path == c.host.Module: // no module that is nested in it
			c.roots[path] = "it is of the host's module"
		case c.wishes.Named[path] != "":
			c.roots[path] = "it is named by " + c.wishes.Named[path]
		case c.wishes.Share[path] != "":
			c.roots[path] = c.wishes.Share[path]
		}
	}
}

// pin finds what the roots import.
func (c *chooser) pin() {
	c.pinned = map[string]reason{}
	for _, roots := range []map[string]string{c.roots, c.forced} {
		var queue []string
		for _, path := range slices.Sorted(maps.Keys(roots)) {
			if !c.isPinned(path) {
				c.pinned[path] = reason{why: roots[path]}
				queue = append(queue, path)
			}
		}
		for len(queue) > 0 {
			path := queue[0]
			queue = queue[1:]
			for _, i := range c.packages[path].Imports {
				if !c.isPinned(i) && c.packages[i] != nil {
					c.pinned[i] = reason{from: path}
					queue = append(queue, i)
				}
			}
		}
	}
}

// chain says how a pinned package is reached from what is pinned for itself.
func (c *chooser) chain(path string) string {
	r := c.pinned[path]
	if r.from == "" {
		return r.why
	}
	steps := []string{path}
	for r.from != "" {
		path = r.from
		steps = append(steps, path)
		r = c.pinned[path]
	}
	slices.Reverse(steps)
	return strings.Join(steps, " imports ") + ", and of " + path + ": " + r.why
}

// stays says whether a package is of the plugin's own module and not in the host: its
// imports are rewritten where it lies.
func (c *chooser) stays(path string) bool {
	return path == c.graph.Plugin || c.packages[path].own(c.graph) && !c.host.Linked[path]
}

// move finds what is moved. It says whether something else had to be pinned for it.
func (c *chooser) move() (again bool) {
	c.moved = map[string]reason{}
	var queue []string
	add := func(path string, r reason) {
		if _, done := c.moved[path]; done || c.packages[path] == nil || c.stays(path) || c.isPinned(path) {
			return
		}
		c.moved[path] = r
		queue = append(queue, path)
	}
	for _, path := range c.sorted() {
		if why := c.wants(path); why != "" {
			add(path, reason{why: why})
		}
	}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		for _, importer := range c.importers[path] {
			add(importer, reason{why: "it imports " + path + ", which is moved"})
		}
		for _, i := range c.packages[path].Imports {
			if !internal(i) || c.packages[i] == nil || c.packages[i].own(c.graph) && c.stays(i) {
				continue
			}
			if c.isPinned(i) {
				c.forced[path] = "it imports the internal package " + i + ", and " + c.chain(i)
				again = true
				continue
			}
			add(i, reason{why: "it is internal, and " + path + " is moved"})
		}
	}
	return again
}

func (c *chooser) isPinned(path string) bool {
	_, ok := c.pinned[path]
	return ok
}

// wants says why a package should be moved for itself, "" where nothing speaks for it.
func (c *chooser) wants(path string) string {
	if c.stays(path) || c.packages[path].Module.Path == c.host.Module && c.wishes.Move[path] == "" {
		return ""
	}
	switch pattern := matching(c.rules.Patterns, path); {
	case c.wishes.Move[path] != "":
		return c.wishes.Move[path]
	case c.rules.All:
		return "all but the contract is moved"
	case pattern != "":
		return "it matches " + pattern
	case c.rules.Auto:
		return c.differs(path)
	}
	return ""
}

// differs says how a package's module differs from the host's, "" where it does not, or
// the host does not have it.
func (c *chooser) differs(path string) string {
	m := c.packages[path].Module
	theirs := c.host.Modules[m.Path]
	switch {
	case theirs == nil && c.host.Linked[path]:
		return "the host has it from another module"
	case theirs == nil, same(m, theirs):
		return ""
	case m.Version == theirs.Version && m.Version != "":
		return "the host has " + theirs.String()
	case theirs.Version == "":
		return "the host has it from a folder"
	}
	return "the host has " + theirs.Version
}

// same says whether two modules of one path are known to have the same content.
func same(a, b *Module) bool {
	if a.MayChange() || b.MayChange() || a.Version != b.Version {
		return false
	}
	if a.Replace == nil || b.Replace == nil {
		return a.Replace == b.Replace
	}
	return a.Replace.Path == b.Replace.Path && a.Replace.Version == b.Replace.Version
}

// choice puts the decisions into words.
func (c *chooser) choice() *Choice {
	out := &Choice{Moved: []Decision{}, Pinned: []Decision{}, Shared: []Decision{}, fates: map[string]Fate{}}
	align := map[string]bool{}
	for _, path := range c.sorted() {
		p := c.packages[path]
		why, fate, list := "", Own, (*[]Decision)(nil)
		switch {
		case c.stays(path):
		case c.isPinned(path):
			why, fate, list = c.chain(path), Pinned, &out.Pinned
		case c.moved[path].why != "":
			why, fate, list = c.moved[path].why, Moved, &out.Moved
		case c.host.Linked[path]:
			why, fate, list = "the host has the same", Shared, &out.Shared
		default:
			why, fate, list = "the host does not have it", Left, &out.Left
		}
		out.fates[path] = fate
		if list == nil {
			continue
		}
		theirs := c.host.Modules[p.Module.Path]
		if fate != Moved && theirs != nil && theirs.Version != p.Module.Version {
			align[p.Module.Path] = true
		}
		*list = decide(*list, p, theirs, why)
	}
	out.Align = slices.Sorted(maps.Keys(align))
	return out
}

// decide adds a package to the decision that fits it.
func decide(list []Decision, p *Package, theirs *Module, why string) []Decision {
	d := Decision{Module: p.Module.Path, Version: p.Module.Version, Why: why, Packages: []string{p.ImportPath}}
	if theirs != nil {
		d.Host = theirs.Version
	}
	for i, have := range list {
		if have.Module == d.Module && have.Why == why {
			list[i].Packages = append(list[i].Packages, p.ImportPath)
			return list
		}
	}
	return append(list, d)
}
