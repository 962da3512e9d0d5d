package inspector

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// What is told of a hostile plugin's thousands of modules and states.
const (
	copiesTold = 100
	statesTold = 8
)

// privateCopies notes which modules a plugin has private copies of, and what the host has
// of them.
func (p *process) privateCopies(plug *Plugin) (Finding, bool) {
	return copiesFinding(plug, p.host.Binary())
}

// CheckCopies notes of a plugin without a host which modules it has private copies of, and
// what those set up that exists once per process.
func CheckCopies(plug *Plugin) []Finding {
	f, ok := copiesFinding(plug, nil)
	if !ok {
		return nil
	}
	list := []Finding{f}
	r := plug.Binary.Isolated
	switch {
	case r == nil:
	case r.Damaged != "":
		list = append(list, damagedRecord(plug))
	case len(r.Process) > 0:
		f := sharedState.finding(fmt.Sprintf("private copies in %s set up %s of which a process has one", plug.File, counted(len(r.Process)+r.Left, "thing")))
		f.Severity = Note
		f.Detail = "as the build recorded; what becomes of them where a host sets them up too, --host HOST says"
		for i := range r.Process {
			f.tellState(i, &r.Process[i])
		}
		list = append(list, f)
		list = append(list, unknownStates(plug, Note)...)
	default:
		list = append(list, unknownStates(plug, Note)...)
	}
	return list
}

// unknownStates tells of packages of which the build did not find out all.
func unknownStates(plug *Plugin, severity Severity) []Finding {
	all := plug.Binary.Isolated.Unknown
	if len(all) == 0 {
		return nil
	}
	f := sharedState.finding(fmt.Sprintf("what private copies of %s in %s set up when they start is not known as a whole", counted(len(all), "package"), plug.File))
	f.Severity, f.Package, f.Packages = severity, all[0], all[:min(len(all), copiesTold)]
	f.Detail = "as the build recorded: it could not follow all of their source; plugtool test shows what they do"
	return []Finding{f}
}

// tellState adds the n-th state to those that a finding names.
func (f *Finding) tellState(n int, s *SharedState) {
	if len(f.Packages) < copiesTold && !slices.Contains(f.Packages, s.Package) {
		f.Packages = append(f.Packages, s.Package)
	}
	f.Package = f.Packages[0]
	switch {
	case n == 0:
		f.Plugin = s.subject()
	case n < statesTold:
		f.Plugin += ", " + s.subject()
	case n == statesTold:
		f.Plugin += ", …"
	}
}

// Counterparts lists packages that a plugin does not share with its host, and which the
// host may have all the same: those of which the plugin has private copies, and those that
// are known to set up the same, once per process.
func (p *Plugin) Counterparts() []string {
	if p.Binary == nil || p.Binary.PrivatePrefix() == "" {
		return nil
	}
	var list []string
	for _, pkg := range p.Binary.Packages {
		if original, ok := strings.CutPrefix(pkg.Path, p.Binary.PrivatePrefix()); ok {
			list = append(list, original)
		}
	}
	if p.Binary.Isolated != nil {
		for _, s := range p.Binary.Isolated.Process {
			list = append(list, s.With...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// copiesFinding words the note about private copies; host is nil where there is none.
func copiesFinding(plug *Plugin, host *Binary) (Finding, bool) {
	if plug.Binary == nil {
		return Finding{}, false
	}
	var other, same, alone []string
	differ := 0
	for _, m := range plug.Binary.Deps {
		if !plug.Binary.PrivateCopy(m) {
			continue
		}
		original := strings.TrimPrefix(m.Path, plug.Binary.PrivatePrefix())
		own := copiedVersion(m.Replace, original)
		what, theirs := fmt.Sprintf("%s %s", original, own), (*Module)(nil)
		if host != nil {
			theirs = host.Dep(original)
		}
		switch {
		case theirs == nil:
			alone = append(alone, what)
		case m.Replace.Sum != "" && copiedVersion(effective(theirs), original) == own:
			same = append(same, what)
		default:
			other = append(other, fmt.Sprintf("private copy of %s, the host has %s", what, versionOf(theirs)))
			if m.Replace.Sum != "" && effective(theirs).Sum != "" { // a folder may hold anything
				differ++
			}
		}
	}
	copies := len(other) + len(same) + len(alone)
	if copies == 0 {
		return Finding{}, false
	}
	f := privateCopies.finding(fmt.Sprintf("%s has private copies of packages of %s", plug.File, counted(copies, "module")))
	if differ > 0 {
		f.Title += fmt.Sprintf(", of which the host has %d at other versions", differ)
	}
	f.Severity = Note
	f.Plugin = counted(copies, "module") + ", as the build recorded"
	if i := plug.Binary.Isolated; i != nil && i.Damaged == "" {
		f.Plugin = fmt.Sprintf("%s by --isolate=%s, as the build recorded", counted(copies, "module"), i.Rules)
	}
	f.Detail = strings.Join(slices.Concat(some(other, ""), some(same, "as the host has them: "), some(alone, aloneWords(host))), "; ")
	return f, true
}

func aloneWords(host *Binary) string {
	if host == nil {
		return ""
	}
	return "which the host does not have: "
}

// some joins a list, of which it names no more than anybody reads.
func some(list []string, before string) []string {
	if len(list) == 0 {
		return nil
	}
	rest := ""
	if len(list) > copiesTold {
		list, rest = list[:copiesTold], fmt.Sprintf(" and %d more", len(list)-copiesTold)
	}
	sep := ", "
	if before == "" {
		sep = "; "
	}
	return []string{before + strings.Join(list, sep) + rest}
}

// copiedVersion says what was copied of a module: the version, and the path of what stands
// for the original where that is another.
func copiedVersion(m *Module, original string) string {
	if m.Path == original {
		return cmp.Or(m.Version, "(devel)")
	}
	return "=> " + strings.TrimSpace(m.Path+" "+m.Version)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// doneTwice warns of what a plugin's private copies set up, by its own record, that exists
// once per process and that the host or an earlier plugin sets up too: one finding for
// each kind of thing.
func (p *process) doneTwice(plug *Plugin) []Finding {
	r := plug.Binary.Isolated
	if r == nil {
		return nil
	}
	if r.Damaged != "" {
		f := damagedRecord(plug)
		f.Severity = Warning
		return []Finding{f}
	}
	var list []Finding
	kinds := map[string]int{} // registry and consequence → index in list
	told := map[int]int{}     // index → how many states
	for i := range r.Process {
		s := &r.Process[i]
		who := p.doesToo(plug, s)
		if who == "" {
			continue
		}
		kind := s.Registry + "\x00" + s.Consequence
		at, known := kinds[kind]
		if !known {
			at = len(list)
			kinds[kind] = at
			list = append(list, twice(s, who))
		}
		list[at].tellState(told[at], s)
		told[at]++
	}
	for i := range list {
		list[i].Fix = p.shareFix(plug, &list[i])
	}
	p.noteStates(plug)
	return append(list, unknownStates(plug, Warning)...)
}

func damagedRecord(plug *Plugin) Finding {
	f := sharedState.finding(fmt.Sprintf("what %s records of its isolation cannot be read", plug.File))
	f.Severity = Note
	f.Detail = "so nothing is known of what its private copies set up that exists once per process: " + plug.Binary.Isolated.Damaged
	return f
}

// twice words one warning, which others of its kind may join.
func twice(s *SharedState, who string) Finding {
	f := sharedState.finding(fmt.Sprintf("%s: %s; %s", s.subject(), s.Seen, who))
	f.Severity, f.Host = Warning, strings.TrimPrefix(who, hostHas)
	f.Detail = "as the build recorded; the plugin loads all the same"
	if s.Consequence == statePanics {
		f.Detail = "as the build recorded; where both really do so, opening the plugin panics, and every later open of it waits for ever"
	}
	return f
}

// shareFix builds the plugin with the host's packages in place of the private copies that
// a warning is about, where the host has them.
func (p *process) shareFix(plug *Plugin, f *Finding) []string {
	rules := plug.Binary.Isolated.Rules
	for _, pkg := range f.Packages {
		if _, ok, err := p.host.Package(pkg); err != nil || !ok {
			return nil
		}
		rules += ",!" + pkg
	}
	b, isolated := *plug.Binary, *plug.Binary.Isolated
	b.Isolated, isolated.Rules = &isolated, rules
	return []string{p.buildCommand(&Plugin{File: plug.File, Binary: &b, mod: plug.mod})}
}

// hostHas begins the words for a host that has the very package.
const hostHas = "the host has a copy of "

// doesToo says who in the process sets up the same, "" where nobody is known to.
func (p *process) doesToo(plug *Plugin, s *SharedState) string {
	if s.Apart {
		return ""
	}
	for _, pkg := range append([]string{s.Package}, s.With...) {
		if _, ok, err := p.host.Package(pkg); err != nil || !ok {
			continue
		}
		if pkg != s.Package {
			return fmt.Sprintf("the host's %s does so too", pkg)
		}
		version := ""
		if m := p.host.Binary().ModuleOf(pkg); m != nil && m.Version != "" {
			version = " " + m.Version
		}
		return hostHas + pkg + version
	}
	// Plugins of one module share their private copies.
	if first := p.states[s.id()]; first != nil && first.Binary.Main.Path != plug.Binary.Main.Path {
		return fmt.Sprintf("%s has a private copy of %s too", first.File, s.Package)
	}
	return ""
}

// noteStates keeps in mind who set up what first.
func (p *process) noteStates(plug *Plugin) {
	for i := range plug.Binary.Isolated.Process {
		s := &plug.Binary.Isolated.Process[i]
		if p.states == nil {
			p.states = map[string]*Plugin{}
		}
		if !s.Apart && p.states[s.id()] == nil {
			p.states[s.id()] = plug
		}
	}
}

// id tells one package's states apart.
func (s *SharedState) id() string { return s.Registry + "\x00" + s.Key + "\x00" + s.Package }
