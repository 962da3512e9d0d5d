package inspector

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// hostRefuses judges hosts in which every open ends the same.
func (p *process) hostRefuses(plug *Plugin) (PluginVerdict, bool) {
	b := p.host.Binary()
	rebuild := rebuildHost(b)
	switch b.Loading {
	case LoadingStub:
		f := hostWithoutCgo.finding(fmt.Sprintf("%s was built with CGO_ENABLED=0, where Go has no plugins", b.File))
		f.Detail = "package plugin is then a stub whose Open always returns an error; the host has to be built with cgo, a C compiler at hand"
		f.Host, f.Fix = "CGO_ENABLED=0", []string{rebuild}
		return refuse("plugin: not implemented", f), true
	case LoadingNone:
		f := hostWithoutPlugins.finding(fmt.Sprintf("%s never loads plugins: it does not import package plugin", b.File))
		f.Detail = "the linker left package plugin out, so the program has no code that could open one"
		f.Host, f.Fix = "no package plugin", []string{`import "plugin" in the host's source and call plugin.Open`, rebuild}
		return refuse("", f), true
	}
	return PluginVerdict{}, false
}

// openAgain judges a file that was opened before under the same real path.
func (p *process) openAgain(plug *Plugin, prev *result) PluginVerdict {
	switch {
	case prev.hangs:
		f := opensForEver.finding(fmt.Sprintf("opening %s a second time waits for ever", plug.File))
		f.Detail = "the first open failed after the plugin's init had run, and later ones wait for it to finish"
		f.Fix = []string{"name " + ShellWord(plug.File) + " once"}
		return crash(f)
	case prev.refusal != "":
		f := previousFailure.finding(fmt.Sprintf("%s was refused before in the same process", plug.File))
		f.Detail = "Go remembers the failure by the file's real path"
		f.Fix = []string{p.buildCommand(plug)}
		return refuse(prev.refusal+" (previous failure)", f)
	}
	return PluginVerdict{Outcome: Loads}
}

// path gives the path by which the dynamic linker names a plugin: in a folder that
// stands for a machine, the one that it has there.
func (p *process) path(plug *Plugin) string {
	path, _ := target{p.options.Sysroot}.within(plug.Path)
	return path
}

func (p *process) unreadable(plug *Plugin) PluginVerdict {
	f := fileUnreadable.finding(fmt.Sprintf("%s cannot be read", plug.File))
	f.Detail = plug.Err.Error()
	if errors.Is(plug.Err, fs.ErrPermission) {
		f.Fix = []string{"chmod a+r " + ShellWord(plug.File)}
		if p.host.musl() {
			return refuse("Error loading shared library "+p.path(plug)+": Permission denied", f)
		}
		return refuse(p.path(plug)+": cannot open shared object file: Permission denied", f)
	}
	f.Fix = []string{p.buildCommand(plug)}
	info, err := os.Stat(plug.Path)
	if err != nil {
		return refuse("", f)
	}
	how, why := "cannot read file data", "Is a directory"
	switch {
	case info.IsDir():
	case info.Mode()&fs.ModeSocket != 0:
		how, why = "cannot open shared object file", "No such device or address"
	case info.Mode()&fs.ModeNamedPipe != 0:
		f.Detail = joinDetail(f.Detail, "opening a pipe waits until something writes to it, for ever where nothing does")
		return crash(f)
	default:
		return refuse("", f)
	}
	if p.host.musl() {
		return refuse("Error loading shared library "+p.path(plug)+": "+why, f)
	}
	return refuse(p.path(plug)+": "+how+": "+why, f)
}

// noNewModule judges a file that is no plugin to the runtime, or one that it has.
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
	return p.takenForLast(plug, f)
}

// packed judges a file that UPX packed and that was not unpacked for the verdict. What
// UPX unpacks again in its DT_INIT is read as if it had not been packed.
func (p *process) packed(plug *Plugin) PluginVerdict {
	f := fileNotLoadable.finding(fmt.Sprintf("%s is packed with UPX", plug.File))
	f.Detail = plug.packed.Error()
	f.Host, f.Plugin = "loads ELF shared objects", "a shared object whose contents are packed"
	f.Fix = []string{"upx -d " + ShellQuote(plug.File)}
	if errors.Is(plug.packed, goelf.ErrPackedTraps) {
		return crash(f)
	}
	return PluginVerdict{Outcome: Unknown, Findings: []Finding{f}}
}

func joinDetail(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

func (p *process) hostNotDynamic(plug *Plugin) PluginVerdict {
	b := p.host.Binary()
	f := hostNotDynamic.finding(fmt.Sprintf("%s imports package plugin, but was linked statically or internally", b.File))
	f.Detail = "it exports no Go symbols to bind to; opening a plugin ends the process: fatal error: runtime: no plugin module data; build it without -ldflags=-linkmode=internal and -extldflags=-static"
	f.Host = "no dynamic symbol go:link.pkghash.plugin"
	f.Fix = []string{rebuildHost(b)}
	return crash(f)
}

// missingSymbols judges exported names that dlsym does not find, as after
// -ldflags=-pluginpath: the plugin's init has then run.
func (p *process) missingSymbols(opened, plug *Plugin) (PluginVerdict, bool) {
	var missing []string
	for _, e := range plug.mod.Exports {
		if _, ok, err := plug.image.Lookup(plug.mod.Path + "." + e.Name); err == nil && !ok {
			missing = append(missing, e.Name)
		}
	}
	if len(missing) == 0 {
		return PluginVerdict{}, false
	}
	p.opened[opened.Path].hangs = true
	full := plug.mod.Path + "." + missing[0]
	f := symbolNotExported.finding(fmt.Sprintf("%s says that it exports %s, but has no symbol %s", plug.File, missing[0], full))
	f.Detail = "this is what -ldflags=-pluginpath leads to; the plugin's init runs before Open fails, and another Open of it waits for ever"
	f.Host, f.Plugin = "looks up "+full, "no such symbol"
	f.Fix = []string{p.buildCommand(plug)}
	if len(missing) > 1 {
		return refuse("", f), true // which one comes first is random
	}
	if p.host.musl() {
		return refuse(fmt.Sprintf("could not find symbol %s: Symbol not found: %s", missing[0], full), f), true
	}
	return refuse(fmt.Sprintf("could not find symbol %s: %s: undefined symbol: %s", missing[0], p.path(opened), full), f), true
}

func (p *process) samePath(plug *Plugin, m module) Finding {
	f := samePluginPath.finding(fmt.Sprintf("%s and %s have the same plugin path", m.file, plug.File))
	f.Detail = "a process opens one plugin of each path; the path is the import path of the plugin's main package"
	f.Host, f.Plugin = m.file+": "+m.pluginPath, plug.File+": "+plug.mod.Path
	f.Fix = []string{"move " + ShellWord(filepath.Base(plug.File)) + "'s main package to an import path of its own (another module line in its go.mod, or another folder)"}
	f.Fix = append(f.Fix, p.buildFix(plug)...)
	return f
}

// dlopen judges what the dynamic linker does with the file.
func (p *process) dlopen(plug *Plugin) (PluginVerdict, bool) {
	fault := goelf.CheckLoad(plug.data, p.host.target)
	text := p.path(plug) + ": "
	if fault != nil {
		text += fault.Text
	}
	if p.host.musl() {
		text, fault = muslFile(plug, p.path(plug), fault)
	}
	if fault == nil {
		return PluginVerdict{}, false
	}
	host, platform := p.host.Binary().Platform, platformOf(plug)
	elsewhere := fault.Kind == goelf.FaultPlatform || fault.Kind == goelf.FaultHeader && platform != "" && platform != host
	var f Finding
	switch {
	case elsewhere:
		f = otherPlatform.finding(fmt.Sprintf("%s is for another platform", plug.File))
		f.Host, f.Plugin = host, cmp.Or(platform, describe(plug))
		if plug.image != nil && platform == host && p.host.target != plug.image.Target() {
			a, b := p.host.target.Convention(), plug.image.Target().Convention()
			f.Host, f.Plugin = host+" "+a, platform+" "+b
			f.Detail = "both are for one kind of machine, but pass floating-point numbers otherwise; the dynamic linker passes over such files as if they were not there"
		}
	case fault.Kind == goelf.FaultTruncated:
		f = fileTruncated.finding(fmt.Sprintf("%s is cut off: its segments go on behind its end", plug.File))
		f.Plugin = fmt.Sprintf("%d bytes", len(plug.data))
		f.Detail = "opening it raises SIGBUS, which ends the process"
	case fault.Kind == goelf.FaultExecutable:
		f = fileExecutable.finding(fmt.Sprintf("%s is a program, not a plugin", plug.File))
		f.Host, f.Plugin = "loads -buildmode=plugin", "an executable"
	default:
		f = fileNotLoadable.finding(fmt.Sprintf("%s is not a shared object that can be loaded", plug.File))
		f.Host, f.Plugin = "loads ELF shared objects", describe(plug)
	}
	f.Fix = []string{p.buildCommand(plug)}
	if fault.Crash {
		return crash(f), true
	}
	return refuse(text, f), true
}
