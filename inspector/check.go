package inspector

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// process is a simulated host process, in which plugins are opened one after
// another: the state that plugin/plugin_dlopen.go and runtime/plugin.go keep,
// and the dynamic linker's global scope as far as package hashes go.
type process struct {
	options Options
	host    *Host
	scope   map[string]scoped  // hashes that earlier plugins define, of those that are in it
	mapping []*Plugin          // what is to be put behind scope when it is asked for
	modules []module           // the runtime's list, the host itself apart
	opened  map[string]*result // plugin.plugins, by real path
	mapped  []*Plugin          // what the dynamic linker has mapped, failed ones included
	cutBy   *Plugin            // the plugin behind which the runtime sees no more modules
	pulled  []*Plugin          // what the file that is being opened needs and are plugins
	down    string             // the file that took the process down
	states  map[string]*Plugin // what exists once per process, and whose private copy was first to set it up

	linkage   *linkage // nil where the machine says nothing about C libraries
	linkTried bool
}

// scoped is a package hash and the file whose definition the linker binds to.
type scoped struct {
	hash Hash
	file string
	from *Plugin
}

// module is a plugin in the runtime's list of modules.
type module struct {
	pluginPath, file string
	bad              bool // it was refused; the runtime leaves it in the list
	ready            bool // modulesinit has run with it in the list
	plug             *Plugin
}

// result is how an open of a file ended before.
type result struct {
	refusal string // "" where it loaded
	hangs   bool   // the open failed after the point where later ones wait for it
}

// Check says what plugin.Open does with each plugin, opened in this order in one
// process of the host, whose environment is taken as clean. The error is one of
// reading the host; what is wrong with a plugin is in its verdict.
func Check(host *Host, plugins []*Plugin) (*Verdict, error) {
	return Options{}.Check(host, plugins)
}

// Options say what a verdict is asked beyond the files. The zero value asks what
// happens on the running machine.
type Options struct {
	Costs bool // note what plugins that load cost in memory; it takes more reading

	// Contract is what the host asserts of each plugin's symbols, besides what its
	// descriptor says. What is not kept is a finding; the outcome stays Open's.
	Contract []Requirement
	// Sysroot is the folder that holds the file system of the machine on which the
	// host is to run, "" for the running machine. C libraries are looked for there.
	Sysroot string
	// MaxGlibc is the oldest release of glibc that the plugins are to load on, as in
	// 2.28; "" asks nothing. What needs a newer one is a finding, whatever the outcome.
	MaxGlibc string
}

// Check is the function Check with options.
func (o Options) Check(host *Host, plugins []*Plugin) (*Verdict, error) {
	p := o.newProcess(host)
	if err := guard(func() error { return o.checkSysroot(host) }); err != nil {
		return nil, err
	}
	b := host.Binary()
	defer p.close()
	v := &Verdict{Host: HostRef{File: b.File, GoVersion: b.GoVersion, Platform: b.Platform}, Plugins: []PluginVerdict{}}
	for _, plug := range plugins {
		pv, err := p.next(plug)
		if err != nil {
			return nil, err
		}
		v.Plugins = append(v.Plugins, pv)
	}
	return v, nil
}

func (o Options) newProcess(host *Host) *process {
	return &process{options: o, host: host, scope: make(map[string]scoped), opened: make(map[string]*result)}
}

// next opens the next plugin and notes what becomes of the process.
func (p *process) next(plug *Plugin) (pv PluginVerdict, err error) {
	err = guard(func() (err error) { pv, err = p.judge(plug); return err })
	pv.File = plug.File
	if pv.Findings == nil {
		pv.Findings = []Finding{}
	}
	for i := range pv.Findings {
		pv.Findings[i].Fix = p.withProfile(pv.Findings[i].Fix)
	}
	if pv.Outcome == Crashes {
		p.down = plug.File
	}
	return pv, err
}

// judge says what Open does, and what of the contract the plugin does not keep.
func (p *process) judge(plug *Plugin) (PluginVerdict, error) {
	pv, err := p.open(plug)
	if err != nil || p.down != "" {
		return pv, err
	}
	if f, ok := p.unknownLayout(plug); ok {
		pv.Findings = append(pv.Findings, f)
	}
	broken, err := p.contract(plug)
	pv.Findings = append(pv.Findings, broken...)
	pv.Findings = append(pv.Findings, p.beside(plug, pv.Outcome)...)
	return pv, err
}

// beside gives the findings that hold whatever becomes of the plugin.
func (p *process) beside(plug *Plugin, outcome Outcome) []Finding {
	list := p.options.tooNew(plug)
	if outcome == Loads {
		list = append(list, p.foreignLibc(plug)...)
		list = append(list, p.executableStack(plug)...)
	}
	return append(list, p.cannotStart()...)
}

func (p *process) close() {
	if p.linkage != nil {
		p.linkage.close()
	}
}

// open follows plugin.open.
func (p *process) open(plug *Plugin) (PluginVerdict, error) {
	if p.down != "" {
		f := afterCrash.finding(fmt.Sprintf("not judged: opening %s takes the process down", p.down))
		f.Severity = Note
		return PluginVerdict{Outcome: Unknown, Findings: []Finding{f}}, nil
	}
	if v, done := p.hostRefuses(plug); done {
		return v, nil
	}
	if errors.Is(plug.Err, fs.ErrNotExist) || errors.Is(plug.Err, syscall.ENOTDIR) || plug.Path == "" {
		f := fileMissing.finding(fmt.Sprintf("there is no file %s", plug.File))
		f.Fix = p.buildFix(plug)
		return refuse("realpath failed", f), nil
	}
	if prev := p.opened[plug.Path]; prev != nil {
		return p.openAgain(plug, prev), nil
	}
	if plug.Err != nil {
		return p.unreadable(plug), nil
	}
	if v, done := p.dlopen(plug); done {
		return v, nil
	}
	if !p.alreadyMapped(plug) {
		if v, done := p.link(plug); done {
			return v, nil
		}
		if v, done := p.sanitizers(plug); done {
			return v, nil
		}
	}
	if plug.packed != nil {
		return p.packed(plug), nil
	}
	return p.lastModuleInit(plug)
}

func refuse(text string, f ...Finding) PluginVerdict {
	return PluginVerdict{Outcome: Refused, Refusal: text, Findings: f}
}

func crash(f ...Finding) PluginVerdict { return PluginVerdict{Outcome: Crashes, Findings: f} }

// lastModuleInit follows runtime.plugin_lastmoduleinit. By then the dynamic linker
// has mapped the file and its symbols are in the global scope, whatever follows.
func (p *process) lastModuleInit(opened *Plugin) (PluginVerdict, error) {
	plug := p.newModule(opened)
	if plug == nil {
		return p.noNewModule(opened), nil
	}
	if p.host.Binary().Loading == LoadingStatic {
		return p.hostNotDynamic(plug), nil
	}
	own := p.modules[len(p.modules)-1]
	p.modules = p.modules[:len(p.modules)-1] // a module of another layout may not get into the list
	if v, done := p.layout(plug); done {
		return v, nil
	}
	p.modules = append(p.modules, own)
	for _, m := range p.modules {
		if m.ready && !m.bad && m.pluginPath == plug.mod.Path {
			return p.refuseModule(opened, plug, "plugin already loaded", p.samePath(plug, m)), nil
		}
	}
	mismatches, err := p.compare(plug)
	if err != nil {
		return PluginVerdict{}, err
	}
	if len(mismatches) > 0 {
		text := "plugin was built with a different version of package " + mismatches[0].pkg
		return p.refuseModule(opened, plug, text, p.explain(plug, mismatches)...), nil
	}
	p.export(opened, plug)
	p.opened[opened.Path] = &result{}
	for i := range p.modules { // modulesinit
		p.modules[i].ready = !p.modules[i].bad
	}
	if v, done := p.missingSymbols(opened, plug); done {
		return v, nil
	}
	return PluginVerdict{Outcome: Loads, Findings: p.warnings(plug)}, nil
}

// refuseModule notes a plugin that the runtime refused: it stays in the list of
// modules, and its symbols in the scope.
func (p *process) refuseModule(opened, plug *Plugin, text string, f ...Finding) PluginVerdict {
	p.export(opened, plug)
	p.modules[len(p.modules)-1].bad = true
	p.opened[opened.Path] = &result{refusal: text}
	return refuse(text, f...)
}

// export puts the package hashes of the plugins that came with one open behind those
// that are in scope: those of the opened file first, as in its list of search.
func (p *process) export(opened, plug *Plugin) {
	for _, from := range append([]*Plugin{opened, plug}, p.pulled...) {
		if from.mod != nil {
			p.mapping = append(p.mapping, from)
		}
	}
	p.pulled = nil
}

// inScope finds the definition that the earlier plugins have of a package's hash.
func (p *process) inScope(pkg string) (scoped, bool) {
	for _, from := range p.mapping {
		for _, pkg := range from.mod.Packages {
			if _, ok := p.scope[pkg.Path]; !ok {
				p.scope[pkg.Path] = scoped{pkg.Hash, from.File, from}
			}
		}
	}
	p.mapping = nil
	s, ok := p.scope[pkg]
	return s, ok
}

// pull notes a Go plugin that came as a library of the file that is opened.
func (p *process) pull(plug *Plugin) {
	p.pulled = append(p.pulled, plug)
	p.addModule(plug)
}

func (p *process) addModule(plug *Plugin) {
	p.mapped = append(p.mapped, plug)
	p.modules = append(p.modules, module{pluginPath: plug.mod.Path, file: plug.File, plug: plug})
}

// newModule adds the opened file's module to the runtime's list and gives the plugin
// whose module the runtime then takes for the new one: the last of the list, unless it
// is marked bad or known; nil where it finds none.
func (p *process) newModule(opened *Plugin) *Plugin {
	if opened.mod != nil && !p.alreadyMapped(opened) {
		p.addModule(opened)
	}
	if n := len(p.modules); n > 0 && !p.modules[n-1].bad && !p.modules[n-1].ready {
		return p.modules[n-1].plug
	}
	return nil
}

// alreadyMapped says whether the dynamic linker takes the file for one that it has
// mapped: the same inode under another path.
func (p *process) alreadyMapped(plug *Plugin) bool {
	for _, m := range p.mapped {
		if m.info != nil && plug.info != nil && os.SameFile(m.info, plug.info) {
			return true
		}
	}
	return false
}
