package inspector

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// process is a simulated host process, in which plugins are opened one after
// another: the state that plugin/plugin_dlopen.go and runtime/plugin.go keep,
// and the dynamic linker's global scope as far as package hashes go.
type process struct {
	host    *Host
	scope   map[string]scoped  // hashes that earlier plugins define and the host does not
	modules []module           // the runtime's list, the host itself apart
	opened  map[string]*result // plugin.plugins, by real path
	mapped  []*Plugin          // what the dynamic linker has mapped, failed ones included
	down    string             // the file that took the process down

	libs      *libraries // nil where the running machine says nothing about them
	libsTried bool
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
	p := &process{host: host, scope: make(map[string]scoped), opened: make(map[string]*result)}
	b := host.Binary()
	defer p.close()
	v := &Verdict{Host: HostRef{File: b.File, GoVersion: b.GoVersion, Platform: b.Platform}, Plugins: []PluginVerdict{}}
	for _, plug := range plugins {
		var pv PluginVerdict
		err := guard(func() (err error) { pv, err = p.open(plug); return err })
		if err != nil {
			return nil, err
		}
		pv.File = plug.File
		if pv.Findings == nil {
			pv.Findings = []Finding{}
		}
		if pv.Outcome == Crashes {
			p.down = plug.File
		}
		v.Plugins = append(v.Plugins, pv)
	}
	return v, nil
}

func (p *process) close() {
	if p.libs != nil {
		p.libs.closeFrom(0)
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
	if errors.Is(plug.Err, fs.ErrNotExist) || plug.Path == "" {
		f := fileMissing.finding(fmt.Sprintf("there is no file %s", plug.File))
		f.Fix = []string{p.buildCommand(plug)}
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
	return p.lastModuleInit(plug)
}

func refuse(text string, f ...Finding) PluginVerdict {
	return PluginVerdict{Outcome: Refused, Refusal: text, Findings: f}
}

func crash(f ...Finding) PluginVerdict { return PluginVerdict{Outcome: Crashes, Findings: f} }

// hostRefuses judges hosts in which every open ends the same.
func (p *process) hostRefuses(plug *Plugin) (PluginVerdict, bool) {
	b := p.host.Binary()
	rebuild := "CGO_ENABLED=1 go build -trimpath " + shellQuote(orDot(b.Path))
	switch b.Loading {
	case LoadingStub:
		f := hostWithoutCgo.finding(fmt.Sprintf("%s was built with CGO_ENABLED=0, where Go has no plugins", b.File))
		f.Detail = "package plugin is then a stub whose Open always returns an error; the host has to be built with cgo, a C compiler at hand"
		f.Host, f.Fix = "CGO_ENABLED=0", []string{rebuild}
		return refuse("plugin: not implemented", f), true
	case LoadingNone:
		f := hostWithoutPlugins.finding(fmt.Sprintf("%s never loads plugins: it does not import package plugin", b.File))
		f.Detail = "the linker left package plugin out, so the program has no code that could open one"
		f.Host, f.Fix = "no package plugin", []string{`import "plugin" in the host and call plugin.Open, then ` + rebuild}
		return refuse("", f), true
	}
	return PluginVerdict{}, false
}

func orDot(path string) string {
	if path == "" || path == "command-line-arguments" {
		return "."
	}
	return path
}

// openAgain judges a file that was opened before under the same real path.
func (p *process) openAgain(plug *Plugin, prev *result) PluginVerdict {
	switch {
	case prev.hangs:
		f := opensForEver.finding(fmt.Sprintf("opening %s a second time waits for ever", plug.File))
		f.Detail = "the first open failed after the plugin's init had run, and later ones wait for it to finish"
		f.Fix = []string{"name " + shellQuote(plug.File) + " once"}
		return crash(f)
	case prev.refusal != "":
		f := previousFailure.finding(fmt.Sprintf("%s was refused before in the same process", plug.File))
		f.Detail = "Go remembers the failure by the file's real path"
		f.Fix = []string{p.buildCommand(plug)}
		return refuse(prev.refusal+" (previous failure)", f)
	}
	return PluginVerdict{Outcome: Loads}
}

func (p *process) unreadable(plug *Plugin) PluginVerdict {
	f := fileUnreadable.finding(fmt.Sprintf("%s cannot be read", plug.File))
	f.Detail = plug.Err.Error()
	if errors.Is(plug.Err, fs.ErrPermission) {
		f.Fix = []string{"chmod a+r " + shellQuote(plug.File)}
		return refuse(plug.Path+": cannot open shared object file: Permission denied", f)
	}
	f.Fix = []string{p.buildCommand(plug)}
	if info, err := os.Stat(plug.Path); err == nil && info.IsDir() {
		return refuse(plug.Path+": cannot read file data: Is a directory", f)
	}
	return refuse("", f)
}

// dlopen judges what the dynamic linker does with the file.
func (p *process) dlopen(plug *Plugin) (PluginVerdict, bool) {
	fault := goelf.CheckLoad(plug.data, p.host.target)
	if fault == nil {
		return PluginVerdict{}, false
	}
	var f Finding
	switch fault.Kind {
	case goelf.FaultTruncated:
		f = fileTruncated.finding(fmt.Sprintf("%s is cut off: its segments go on behind its end", plug.File))
		f.Plugin = fmt.Sprintf("%d bytes", len(plug.data))
		f.Detail = "opening it raises SIGBUS, which ends the process"
	case goelf.FaultExecutable:
		f = fileExecutable.finding(fmt.Sprintf("%s is a program, not a plugin", plug.File))
		f.Host, f.Plugin = "loads -buildmode=plugin", "an executable"
	case goelf.FaultPlatform:
		f = otherPlatform.finding(fmt.Sprintf("%s is for another platform", plug.File))
		f.Host, f.Plugin = p.host.Binary().Platform, platformOf(plug)
	default:
		f = fileNotLoadable.finding(fmt.Sprintf("%s is not a shared object that can be loaded", plug.File))
		f.Host, f.Plugin = "loads ELF shared objects", describe(plug)
	}
	f.Fix = []string{p.buildCommand(plug)}
	if fault.Crash {
		return crash(f), true
	}
	return refuse(plug.Path+": "+fault.Text, f), true
}

func platformOf(plug *Plugin) string {
	if plug.image != nil && plug.image.GOARCH() != "" {
		return "linux/" + plug.image.GOARCH()
	}
	return "a machine that Go has no plugins on"
}

func describe(plug *Plugin) string {
	switch {
	case len(plug.data) == 0:
		return "an empty file"
	case plug.image == nil && len(plug.data) >= 4 && string(plug.data[:4]) == "\x7fELF":
		return fmt.Sprintf("a damaged ELF file of %d bytes", len(plug.data))
	case len(plug.data) > 1 && string(plug.data[:2]) == "MZ":
		return "a Windows file"
	case plug.image == nil:
		return fmt.Sprintf("%d bytes that do not begin like an ELF file", len(plug.data))
	}
	return "a damaged ELF file"
}

// lastModuleInit follows runtime.plugin_lastmoduleinit. By then the dynamic linker
// has mapped the file and its symbols are in the global scope, whatever follows.
func (p *process) lastModuleInit(plug *Plugin) (PluginVerdict, error) {
	if p.alreadyMapped(plug) || plug.mod == nil {
		return p.noNewModule(plug), nil
	}
	p.mapped = append(p.mapped, plug)
	if p.host.Binary().Loading == LoadingStatic {
		return p.hostNotDynamic(plug), nil
	}
	if v, done := p.layout(plug); done {
		return v, nil
	}
	for _, m := range p.modules {
		if !m.bad && m.pluginPath == plug.mod.Path {
			return p.refuseModule(plug, "plugin already loaded", p.samePath(plug, m)), nil
		}
	}
	mismatches, err := p.compare(plug)
	if err != nil {
		return PluginVerdict{}, err
	}
	p.export(plug)
	if len(mismatches) > 0 {
		text := "plugin was built with a different version of package " + mismatches[0].pkg
		return p.refuseModule(plug, text, p.explain(plug, mismatches)...), nil
	}
	p.modules = append(p.modules, module{pluginPath: plug.mod.Path, file: plug.File})
	p.opened[plug.Path] = &result{}
	if v, done := p.missingSymbols(plug); done {
		return v, nil
	}
	return PluginVerdict{Outcome: Loads, Findings: p.sameHashes(plug)}, nil
}

// refuseModule notes a plugin that the runtime refused: it stays in the list of
// modules, and its symbols in the scope.
func (p *process) refuseModule(plug *Plugin, text string, f ...Finding) PluginVerdict {
	p.export(plug)
	p.modules = append(p.modules, module{pluginPath: plug.mod.Path, file: plug.File, bad: true})
	p.opened[plug.Path] = &result{refusal: text}
	return refuse(text, f...)
}

// export puts the plugin's package hashes behind those that are in scope.
func (p *process) export(plug *Plugin) {
	for _, pkg := range plug.mod.Packages {
		if _, ok := p.scope[pkg.Path]; !ok {
			p.scope[pkg.Path] = scoped{pkg.Hash, plug.File, plug}
		}
	}
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

// noNewModule judges a file that adds no module to the runtime's list: the runtime
// then takes the last plugin there for the new one.
func (p *process) noNewModule(plug *Plugin) PluginVerdict {
	f := fileNotPlugin.finding(fmt.Sprintf("%s is a shared library, but no Go plugin", plug.File))
	f.Host, f.Plugin = "loads -buildmode=plugin", "no package hashes for the runtime to compare"
	switch {
	case plug.mod != nil:
		f = samePluginPath.finding(fmt.Sprintf("%s is a file that was opened under another name", plug.File))
	case plug.Binary != nil && plug.Binary.Setting("-buildmode") == "plugin":
		f.Plugin = "a plugin linked with -Bsymbolic"
		f.Detail = "its references to package hashes are bound to itself, so the host never sees it"
	case plug.Binary != nil:
		f.Plugin = "-buildmode=" + plug.Binary.Setting("-buildmode")
	}
	f.Fix = []string{p.buildCommand(plug)}
	last := len(p.modules) - 1
	if last < 0 || p.modules[last].bad {
		f.Detail = joinDetail(f.Detail, "opening it ends the process: fatal error: runtime: no plugin module data")
		return crash(f)
	}
	f.Detail = joinDetail(f.Detail, fmt.Sprintf("Go takes it for %s, which was opened before", p.modules[last].file))
	p.opened[plug.Path] = &result{refusal: "plugin already loaded"}
	return refuse("plugin already loaded", f)
}

func joinDetail(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

func (p *process) hostNotDynamic(plug *Plugin) PluginVerdict {
	b := p.host.Binary()
	f := hostNotDynamic.finding(fmt.Sprintf("%s imports package plugin, but was linked statically or internally", b.File))
	f.Detail = "it exports no Go symbols to bind to; opening a plugin ends the process: fatal error: runtime: no plugin module data; build it without -ldflags=-linkmode=internal and -extldflags=-static"
	f.Host = "no dynamic symbol go:link.pkghash.plugin"
	f.Fix = []string{"CGO_ENABLED=1 go build -trimpath " + shellQuote(orDot(b.Path))}
	return crash(f)
}

// missingSymbols judges exported names that dlsym does not find, as after
// -ldflags=-pluginpath: the plugin's init has then run.
func (p *process) missingSymbols(plug *Plugin) (PluginVerdict, bool) {
	var missing []string
	for _, e := range plug.mod.Exports {
		if _, ok, err := plug.image.Lookup(plug.mod.Path + "." + e.Name); err == nil && !ok {
			missing = append(missing, e.Name)
		}
	}
	if len(missing) == 0 {
		return PluginVerdict{}, false
	}
	p.opened[plug.Path].hangs = true
	full := plug.mod.Path + "." + missing[0]
	f := symbolNotExported.finding(fmt.Sprintf("%s says that it exports %s, but has no symbol %s", plug.File, missing[0], full))
	f.Detail = "this is what -ldflags=-pluginpath leads to; the plugin's init runs before Open fails, and another Open of it waits for ever"
	f.Host, f.Plugin = "looks up "+full, "no such symbol"
	f.Fix = []string{p.buildCommand(plug)}
	if len(missing) > 1 {
		return refuse("", f), true // which one comes first is random
	}
	return refuse(fmt.Sprintf("could not find symbol %s: %s: undefined symbol: %s", missing[0], plug.Path, full), f), true
}

func (p *process) samePath(plug *Plugin, m module) Finding {
	f := samePluginPath.finding(fmt.Sprintf("%s and %s have the same plugin path", m.file, plug.File))
	f.Detail = "a process opens one plugin of each path; the path is the import path of the plugin's main package"
	f.Host, f.Plugin = m.file+": "+m.pluginPath, plug.File+": "+plug.mod.Path
	f.Fix = []string{"move " + shellQuote(filepath.Base(plug.File)) + "'s main package to an import path of its own (another module line in its go.mod, or another folder)", p.buildCommand(plug)}
	return f
}
