package inspector

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// An Order is what [Options.AnyOrder] says of a list of plugins.
type Order struct {
	Found   bool // all plugins load in the order of the verdict
	Verdict *Verdict
	Index   []int // for each plugin of the verdict its place in the list that was asked about
}

// maxOrderOpens caps the simulated opens of one search. Only plugins that bring C
// libraries make it branch, see extend.
const maxOrderOpens = 20_000

// AnyOrder finds an order in which the host loads all plugins in one process, or proves
// that there is none; the verdict is then that of the order given, with a finding for
// each plugin that no order mends. The order given is kept where it works.
//
// In an order that works no plugin is refused, so nothing of a refused one is in the
// way: the hashes in scope are the host's and those of plugins that loaded. What is
// left to decide falls apart.
//
// (1) What only the plugin and the host decide (file, platform, layout, the hashes of
// packages that the host has) is the same in every order: a plugin that is refused for
// that as the first one never loads.
//
// (2) What two plugins decide is symmetric: the same plugin path, the same file under two
// names, different hashes of a package that the host lacks. Whichever is second is
// refused, in any company, so one such pair proves that there is no order. Without such
// a pair no plugin is refused for another's packages: the scope holds, for every
// package, the one hash that all of them have.
//
// (3) C libraries do depend on the order: a library that one plugin found is there for
// later ones, for better (they need not find it) or worse (it is another version of it).
// There, orders are searched.
func (o Options) AnyOrder(host *Host, plugins []*Plugin) (*Order, error) {
	given, err := o.Check(host, plugins)
	if err != nil {
		return nil, err
	}
	order := &Order{Verdict: given, Index: indexes(len(plugins))}
	if order.Found = allLoad(given); order.Found {
		return order, nil
	}
	s := &orderSearch{options: o, host: host, plugins: plugins, findings: make(map[int][]Finding)}
	rest, err := s.alone()
	if err != nil {
		return nil, err
	}
	if err := s.pairs(rest); err != nil {
		return nil, err
	}
	if len(s.findings) == 0 {
		return s.settle(order, rest)
	}
	if err := s.without(rest); err != nil {
		return nil, err
	}
	for i, f := range s.findings {
		pv := &given.Plugins[i]
		pv.Findings = append(pv.Findings, f...)
	}
	return order, nil
}

// settle searches an order of plugins of which neither one alone nor a pair is in the
// way.
func (s *orderSearch) settle(order *Order, rest []int) (*Order, error) {
	s.tried = make(map[string]bool)
	found, err := s.extend(nil, rest)
	if err != nil {
		return nil, err
	}
	if found != nil {
		var list []*Plugin
		for _, i := range found {
			list = append(list, s.plugins[i])
		}
		v, err := s.options.Check(s.host, list)
		return &Order{Found: true, Verdict: v, Index: found}, err
	}
	for i, pv := range order.Verdict.Plugins {
		if pv.Outcome == Loads {
			continue
		}
		f := noOrder.finding(fmt.Sprintf("there is no order in which all %d plugins load", len(s.plugins)))
		f.Detail = "every order was tried that their C libraries leave open"
		if s.opens >= maxOrderOpens {
			f.Title = fmt.Sprintf("no order was found in which all %d plugins load", len(s.plugins))
			f.Detail = fmt.Sprintf("the search gave up after %d opens", s.opens)
		}
		f.Plugin = s.plugins[i].File + " is refused in the order given: " + pv.Refusal
		order.Verdict.Plugins[i].Findings = append(order.Verdict.Plugins[i].Findings, f)
	}
	return order, nil
}

func indexes(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func allLoad(v *Verdict) bool {
	return !slices.ContainsFunc(v.Plugins, func(p PluginVerdict) bool { return p.Outcome != Loads })
}

// orderSearch is the search for an order of plugins, which it knows by their index.
type orderSearch struct {
	options  Options
	host     *Host
	plugins  []*Plugin
	findings map[int][]Finding // why a plugin loads in no order
	tried    map[string]bool   // states from which no order goes on
	opens    int
}

// alone opens each plugin as the first one, and gives those that load, or are refused
// for C libraries that an earlier plugin might bring.
func (s *orderSearch) alone() ([]int, error) {
	var rest []int
	for i, plug := range s.plugins {
		v, err := s.options.Check(s.host, []*Plugin{plug})
		if err != nil {
			return nil, err
		}
		pv := v.Plugins[0]
		if pv.Outcome == Loads || len(pv.Findings) > 0 && strings.HasPrefix(pv.Findings[0].ID, "PT7") {
			rest = append(rest, i)
			continue
		}
		f := noOrder.finding(fmt.Sprintf("%s loads in no order", plug.File))
		f.Detail = "it does not load even as the first one"
		if pv.Refusal != "" {
			f.Detail += ": " + pv.Refusal
		}
		if len(pv.Findings) > 0 {
			cause := pv.Findings[0]
			f.Detail += " (" + cause.ID + ": " + cause.Title + ")"
			f.Package, f.Host, f.Plugin, f.Fix = cause.Package, cause.Host, cause.Plugin, cause.Fix
		}
		s.findings[i] = []Finding{f}
	}
	return rest, nil
}

// pairs looks for two plugins that never load together.
func (s *orderSearch) pairs(rest []int) error {
	for n, j := range rest {
		for _, i := range rest[:n] {
			f, ok, err := s.conflict(s.plugins[i], s.plugins[j])
			if err != nil {
				return err
			}
			if ok {
				s.findings[j] = append(s.findings[j], f)
				break // one reason is enough
			}
		}
	}
	return nil
}

// conflict says why two plugins never load together, if so.
func (s *orderSearch) conflict(a, b *Plugin) (Finding, bool, error) {
	if a.Path == b.Path || a.mod == nil || b.mod == nil {
		return Finding{}, false, nil // opened again, it is the plugin that is open already
	}
	p := process{options: s.options, host: s.host}
	f := noOrder.finding(fmt.Sprintf("%s and %s load together in no order", a.File, b.File))
	f.Fix = []string{p.buildCommand(b)}
	if a.info != nil && b.info != nil && os.SameFile(a.info, b.info) {
		f.Detail = "they are one file under two names, and Go refuses whichever is second: plugin already loaded"
		f.Host, f.Plugin = a.File, b.File
		f.Fix = []string{"name one of the two"}
		return f, true, nil
	}
	if a.mod.Path == b.mod.Path {
		f.Detail = "they have the same plugin path, and Go refuses whichever is second: plugin already loaded"
		f.Host, f.Plugin = a.File+": "+a.mod.Path, b.File+": "+b.mod.Path
		f.Fix = p.samePath(b, module{pluginPath: a.mod.Path, file: a.File}).Fix
		return f, true, nil
	}
	own := make(map[string]Hash, len(a.mod.Packages))
	for _, pkg := range a.mod.Packages {
		own[pkg.Path] = pkg.Hash
	}
	for _, pkg := range b.mod.Packages {
		hash, ok := own[pkg.Path]
		if !ok || hash == Hash(pkg.Hash) {
			continue
		}
		if _, ok, err := s.host.Package(pkg.Path); err != nil || ok {
			return Finding{}, false, err // then alone has judged it
		}
		f.Detail = fmt.Sprintf("the host does not have package %s, and they have it with different hashes, so Go refuses whichever is second", pkg.Path)
		f.Package = pkg.Path
		f.Host, f.Plugin = a.File+": hash "+hash.String(), b.File+": hash "+Hash(pkg.Hash).String()
		if x, y := a.Binary.ModuleOf(pkg.Path), b.Binary.ModuleOf(pkg.Path); x != nil && y != nil && versionOf(x) != versionOf(y) {
			f.Host, f.Plugin = fmt.Sprintf("%s: %s %s", a.File, x.Path, versionOf(x)), fmt.Sprintf("%s: %s %s", b.File, y.Path, versionOf(y))
			if effective(x).Sum != "" && x.Replace == nil {
				f.Fix = append([]string{"go get " + ShellWord(x.Path+"@"+x.Version)}, f.Fix...)
			}
		}
		return f, true, nil
	}
	return Finding{}, false, nil
}

// without says whether the other plugins load where some never do.
func (s *orderSearch) without(rest []int) error {
	rest = slices.DeleteFunc(slices.Clone(rest), func(i int) bool { return s.findings[i] != nil })
	if len(rest) == 0 {
		return nil
	}
	others := &orderSearch{options: s.options, host: s.host, plugins: s.plugins, tried: make(map[string]bool)}
	order, err := others.extend(nil, rest)
	if err != nil || order == nil {
		return err
	}
	names := make([]string, len(order))
	for n, i := range order {
		names[n] = s.plugins[i].File
	}
	for _, list := range s.findings {
		for n := range list {
			list[n].Detail += "; the others load in this order: " + strings.Join(names, ", ")
			if len(s.findings) > 1 {
				list[n].Detail = strings.Replace(list[n].Detail, "the others load", fmt.Sprintf("without this and %d more the others load", len(s.findings)-1), 1)
			}
		}
	}
	return nil
}

// extend continues an order in which all load so far, and gives the whole, nil where
// there is none.
//
// A plugin that loads now and brings no C library can be taken at once: put to this
// place in any order that works, it loads, it changes no library, and what it adds for
// the later ones are definitions of symbols, of which none can have too many. So the
// search branches only where plugins bring libraries. From the same plugins with the
// same libraries it goes on the same way, and is not tried twice.
func (s *orderSearch) extend(prefix, rest []int) ([]int, error) {
	p, err := s.replay(prefix)
	if err != nil {
		return nil, err
	}
	defer func() { p.close() }()
	var bring []int // load now and bring libraries
	for taken := true; taken; {
		taken, bring = false, nil
		var left []int
		for _, i := range rest {
			before := p.libraryCount()
			ok, err := s.loads(p, i)
			if err != nil {
				return nil, err
			}
			if ok && p.libraryCount() == before {
				prefix = append(slices.Clone(prefix), i)
				taken = true
				continue
			}
			left = append(left, i)
			if ok {
				bring = append(bring, i)
			}
			p.close()
			if p, err = s.replay(prefix); err != nil {
				return nil, err
			}
		}
		rest = left
		taken = taken && len(rest) > 0 // what was refused may load now
	}
	if len(rest) == 0 {
		return prefix, nil
	}
	state := p.libraryState() + "\n" + fmt.Sprint(slices.Sorted(slices.Values(prefix)))
	if s.tried[state] || s.opens >= maxOrderOpens {
		return nil, nil
	}
	s.tried[state] = true
	for _, i := range bring {
		others := slices.DeleteFunc(slices.Clone(rest), func(j int) bool { return j == i })
		order, err := s.extend(append(slices.Clone(prefix), i), others)
		if err != nil || order != nil {
			return order, err
		}
	}
	return nil, nil
}

// replay opens plugins that are known to load in this order.
func (s *orderSearch) replay(prefix []int) (*process, error) {
	p := s.options.newProcess(s.host)
	p.startLibraries()
	for _, i := range prefix {
		if _, err := s.loads(p, i); err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

func (s *orderSearch) loads(p *process, i int) (bool, error) {
	s.opens++
	pv, err := p.next(s.plugins[i])
	return pv.Outcome == Loads, err
}

// libraryCount counts the C libraries that are mapped.
func (p *process) libraryCount() int {
	if p.linkage == nil {
		return 0
	}
	n := 0
	for _, d := range p.linkage.loaded {
		if d.plug == nil {
			n++
		}
	}
	return n
}

// libraryState tells processes apart in which other C libraries are mapped.
func (p *process) libraryState() string {
	if p.linkage == nil {
		return ""
	}
	var names []string
	for _, d := range p.linkage.loaded {
		if d.plug != nil {
			continue
		}
		names = append(names, strings.Join(d.names, " ")+"="+d.path)
	}
	slices.Sort(names)
	return fmt.Sprint(strings.Join(names, "\n"), p.linkage.tls)
}
