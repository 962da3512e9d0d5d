package inspector

import (
	"maps"
	"slices"
	"strings"
)

// cause is one reason for mismatches, and the packages that it explains.
type cause struct {
	kind                        FindingKind
	title, detail, host, plugin string
	fix                         func(p *process, plug *Plugin) []string // nil for building the plugin anew
	every                       bool                                    // it changes each package that it reaches by itself, not through others
	version                     bool                                    // fix requires another version or fork of a module
	packages                    []string
}

// explain finds the fewest causes that explain all mismatches. Settings and
// versions explain only; that the packages differ was decided by their hashes.
func (p *process) explain(plug *Plugin, mismatches []mismatch) []Finding {
	var own []mismatch
	earlier := make(map[*Plugin][]mismatch)
	var order []*Plugin
	for _, m := range mismatches {
		if m.earlier == nil {
			own = append(own, m)
			continue
		}
		if earlier[m.earlier] == nil {
			order = append(order, m.earlier)
		}
		earlier[m.earlier] = append(earlier[m.earlier], m)
	}
	var list []Finding
	if len(own) > 0 {
		x := newExplainer(hostSide(p.host), pluginSide("plugin", plug), own)
		for _, c := range x.explain(own) {
			list = append(list, p.findingOf(plug, c))
		}
	}
	for _, e := range order {
		list = append(list, p.disagreement(e, plug, earlier[e]))
	}
	return list
}

func (p *process) findingOf(plug *Plugin, c *cause) Finding {
	f := c.kind.finding(c.title)
	f.Detail, f.Host, f.Plugin = c.detail, c.host, c.plugin
	f.Package, f.Packages = c.packages[0], c.packages
	if c.fix == nil {
		f.Fix = []string{p.buildCommand(plug)}
		return f
	}
	f.Fix = c.fix(p, plug)
	return f
}

// side is one of two files that disagree in packages: the host, or an earlier
// plugin, and the plugin.
type side struct {
	name    string // as a message calls it
	binary  *Binary
	sources func() map[string]string // folders by package
	covered func() []string
	funcs   eachFunc

	modules map[string]*Module // what ModuleOf found
	folders map[string]string  // of modules, by path; nil until it is asked for
}

func hostSide(h *Host) *side {
	return &side{name: "host", binary: h.Binary(), funcs: h.funcs,
		sources: func() map[string]string { s, _ := h.Sources(); return s },
		covered: func() []string { c, _ := h.CoveredPackages(); return c }}
}

func pluginSide(name string, p *Plugin) *side {
	return &side{name: name, binary: p.Binary, funcs: p.funcs, sources: p.sources, covered: p.coveredPackages}
}

func (s *side) moduleOf(pkg string) *Module {
	m, ok := s.modules[pkg]
	if !ok {
		if s.modules == nil {
			s.modules = make(map[string]*Module)
		}
		m = s.binary.ModuleOf(pkg)
		s.modules[pkg] = m
	}
	return m
}

// explainer finds causes for packages in the order in which they were linked:
// dependencies come before those that need them.
type explainer struct {
	host, plugin *side
	mismatched   map[string]mismatch
	gathered     *evidence         // nil until it is asked for, which takes a while
	covered      map[string]bool   // on one side only; those that differ
	stores       map[[2]string]int // modules by the two module caches that they lie in

	global []*cause // settings that reach the standard library
	owners []owned
	causes []*cause
	named  map[string]bool // settings that a cause names
}

// owned is a package with its causes.
type owned struct {
	pkg    string
	std    bool
	causes []*cause
}

func newExplainer(host, plugin *side, mismatches []mismatch) *explainer {
	x := &explainer{host: host, plugin: plugin, mismatched: make(map[string]mismatch), named: make(map[string]bool)}
	for _, m := range mismatches {
		x.mismatched[m.pkg] = m
	}
	x.covered = make(map[string]bool)
	a, b := host.covered(), plugin.covered()
	for _, pkg := range slices.Concat(a, b) {
		if _, ok := x.mismatched[pkg]; ok && slices.Contains(a, pkg) != slices.Contains(b, pkg) {
			x.covered[pkg] = true
		}
	}
	x.global = x.globals()
	return x
}

// evidence gives what the functions of both files tell, read once.
func (x *explainer) evidence() *evidence {
	if x.gathered == nil {
		x.gathered = gather(x.host.funcs, x.plugin.funcs, x.mismatched)
	}
	return x.gathered
}

func (x *explainer) explain(mismatches []mismatch) []*cause {
	for _, m := range mismatches {
		x.assign(m.pkg)
	}
	if len(x.causes) > 0 {
		x.mention(x.causes[0])
	}
	return x.causes
}

// assign finds the causes of one package's mismatch: what its own module, folder or
// source says; else what reaches every package, or the standard library; else what
// explains a package that this one was linked after and may need; else what is left.
func (x *explainer) assign(pkg string) {
	std := x.isStandard(pkg)
	causes := x.own(pkg, std)
	if len(causes) == 0 {
		causes = slices.DeleteFunc(slices.Clone(x.global), func(c *cause) bool { return !std && !c.every })
	}
	if len(causes) == 0 {
		causes = x.inherited(pkg, std)
	}
	if len(causes) == 0 {
		causes = x.global
	}
	if len(causes) == 0 {
		causes = []*cause{x.rest(pkg, std)}
	}
	o := owned{pkg: pkg, std: std}
	for _, c := range causes {
		o.causes = append(o.causes, x.add(c, pkg))
	}
	x.owners = append(x.owners, o)
}

// isStandard says whether a package is one of the standard library. A module's
// path need not have a dot, but then the module is in the build information.
func (x *explainer) isStandard(pkg string) bool {
	first, _, _ := strings.Cut(pkg, "/")
	return x.host.moduleOf(pkg) == nil && x.plugin.moduleOf(pkg) == nil && !strings.Contains(first, ".")
}

// inherited finds the causes of a package that differs only because its export
// data holds what it uses of other packages: those of the package whose functions
// were inlined into it, or else of the nearest that was linked before it.
func (x *explainer) inherited(pkg string, std bool) []*cause {
	var nearest []*cause
	for _, o := range slices.Backward(x.owners) {
		if std && !o.std || !x.mayNeed(pkg, o.pkg) {
			continue
		}
		if len(x.causes) == 1 {
			return o.causes
		}
		if x.evidence().inlines[pkg][o.pkg] {
			return o.causes
		}
		if nearest == nil {
			nearest = o.causes
		}
	}
	return nearest
}

// mayNeed says whether a package may import another one that was linked before it: a
// published module does not import the main module, nor members of its workspace that
// are not published.
func (x *explainer) mayNeed(pkg, other string) bool {
	h, m := x.host.moduleOf(pkg), x.host.moduleOf(other)
	if h == nil || m == nil || x.host.originOf(h).folder() {
		return true
	}
	switch x.host.originOf(m) {
	case checkout:
		return false
	case workspace: // unless it stands for a published one, as the other side has it
		n := x.plugin.moduleOf(other)
		return n != nil && !x.plugin.originOf(n).folder()
	}
	return true
}

// add files a package under a cause, or under an equal one that is there.
func (x *explainer) add(c *cause, pkg string) *cause {
	for _, other := range x.causes {
		if other == c || other.kind == c.kind && other.title == c.title {
			other.packages = append(other.packages, pkg)
			return other
		}
	}
	c.packages = []string{pkg}
	x.causes = append(x.causes, c)
	return c
}

// own finds the causes that a package has by itself.
func (x *explainer) own(pkg string, std bool) []*cause {
	var list []*cause
	add := func(c *cause) bool {
		if c != nil {
			list = append(list, c)
		}
		return c != nil
	}
	otherModule := false
	if !std {
		h, m := x.host.moduleOf(pkg), x.plugin.moduleOf(pkg)
		otherModule = add(x.moduleCause(pkg, h, m))
		if !otherModule {
			add(x.folderCause(pkg, h, m))
		}
	}
	if x.covered[pkg] {
		add(x.coverCause())
	}
	add(x.patternFlags(pkg, std))
	add(x.tagsByName(pkg, std))
	add(x.testCause(pkg))
	if !otherModule {
		add(x.sourceCause(pkg, std))
	}
	return list
}

// disagreement explains mismatches with a plugin that was opened before: packages
// that the host does not have.
func (p *process) disagreement(first, plug *Plugin, mismatches []mismatch) Finding {
	x := newExplainer(pluginSide(first.File, first), pluginSide(plug.File, plug), mismatches)
	causes := x.explain(mismatches)
	f := pluginsDisagree.finding(causes[0].title)
	f.Detail = "the host does not have these packages, so the first plugin's are the ones that later ones must match"
	var refused bool
	for _, m := range p.modules {
		refused = refused || m.file == first.File && m.bad
	}
	if refused {
		f.Detail += ", even though it was refused: mend that one first, or leave it out"
	}
	for _, c := range causes[1:] {
		f.Detail = joinDetail(f.Detail, c.title)
	}
	f.Package, f.Host, f.Plugin = mismatches[0].pkg, first.File+": "+causes[0].host, plug.File+": "+causes[0].plugin
	for _, m := range mismatches {
		f.Packages = append(f.Packages, m.pkg)
	}
	f.Fix = p.agreeingFix(first, plug, causes, refused)
	return f
}

// keys gives a map's keys in order.
func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
