package inspector

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// link judges what the dynamic linker does once the file itself is mapped: it maps
// the libraries that the plugin needs, compares symbol versions, and binds symbols,
// in this order. Nothing is said where the running machine is not one that the host
// could start on.
func (p *process) link(plug *Plugin) (PluginVerdict, bool) {
	p.startLibraries()
	needed, err := plug.image.Needed()
	if p.libs == nil || err != nil {
		return PluginVerdict{}, false
	}
	before := len(p.libs.list)
	v, done := p.bind(plug, needed)
	if done {
		p.libs.closeFrom(before) // a failed dlopen unmaps what it mapped
	}
	return v, done
}

// startLibraries maps what the host itself needs.
func (p *process) startLibraries() {
	if !p.libsTried {
		p.libsTried = true
		p.libs = newLibraries(p.host)
	}
}

func (p *process) bind(plug *Plugin, needed []string) (PluginVerdict, bool) {
	if missing := p.libs.loadAll(needed, searchOf(plug.image, plug.Path, search{})); missing != "" {
		f := libraryMissing.finding(fmt.Sprintf("%s needs %s, which this machine does not have", plug.File, missing))
		f.Detail = "looked for in ld.so.cache, the default folders, and those that the plugin names in DT_RUNPATH"
		f.Host, f.Plugin = "no "+missing, "needs "+missing
		f.Fix = []string{"install the package that provides " + missing + " (apt-file search " + ShellWord(missing) + ", dnf provides " + ShellWord("*/"+missing) + ")"}
		return refuse(missing+": cannot open shared object file: No such file or directory", f), true
	}
	if v, done := p.versions(plug); done {
		return v, done
	}
	undefined, err := plug.image.UndefinedSymbols()
	if err != nil {
		return PluginVerdict{}, false
	}
	for _, s := range undefined {
		name := s.Name
		if p.libs.defines(name) || p.defines(name) {
			continue
		}
		text := fmt.Sprintf("%s: undefined symbol: %s", plug.Path, name)
		if s.Version != "" {
			text += ", version " + s.Version
		}
		f := symbolUndefined.finding(fmt.Sprintf("%s needs the C symbol %s, which nothing defines", plug.File, name))
		f.Detail = "neither the host, nor a library, nor an earlier plugin defines it; a library is missing from the plugin's #cgo LDFLAGS, or is of another version"
		f.Host, f.Plugin = "does not define "+name, "needs "+name
		f.Fix = []string{"add the library that defines " + name + " to #cgo LDFLAGS", p.buildCommand(plug)}
		return refuse(text, f), true
	}
	return PluginVerdict{}, false
}

// versions compares symbol versions as _dl_check_map_versions in glibc's
// elf/dl-version.c does.
func (p *process) versions(plug *Plugin) (PluginVerdict, bool) {
	needs, err := plug.image.VersionNeeds()
	if err != nil {
		return PluginVerdict{}, false
	}
	// glibc has packed relocations since 2.36 and wants files that use them to say so.
	const abi = "GLIBC_ABI_DT_RELR"
	if plug.image.PacksRelocs() && len(needs) > 0 && !slices.ContainsFunc(needs, func(n goelf.VersionNeed) bool { return n.Version == abi }) {
		f := libraryVersion.finding(fmt.Sprintf("%s has packed relocations and does not ask for %s", plug.File, abi))
		f.Detail = "the linker wrote DT_RELR without the version that glibc demands with it; lld's --pack-dyn-relocs=relr does that"
		f.Host, f.Plugin = "wants "+abi, "DT_RELR without it"
		f.Fix = []string{p.buildCommand(plug)}
		return refuse(plug.Path+": DT_RELR without "+abi+" dependency", f), true
	}
	for _, n := range needs {
		lib := p.libs.byName[n.Library]
		if lib == nil || n.Weak {
			continue
		}
		defined, err := lib.image.DefinesVersions()
		if err != nil || defined == nil || defined[n.Version] {
			continue // a library without versions only earns a warning
		}
		f := libraryVersion.finding(fmt.Sprintf("%s needs %s of %s, which this machine's lacks", plug.File, n.Version, n.Library))
		f.Host, f.Plugin = newestVersion(defined, n), n.Version
		f.Detail = "the plugin was built on a machine with a newer " + n.Library + "; build it on one that is as old as the oldest it has to load on"
		f.Fix = []string{p.buildCommand(plug)}
		return refuse(fmt.Sprintf("%s: version `%s' not found (required by %s)", lib.path, n.Version, plug.Path), f), true
	}
	return PluginVerdict{}, false
}

// newestVersion gives the newest version of the family that is asked for, as in
// GLIBC_2.36.
func newestVersion(defined map[string]bool, n goelf.VersionNeed) string {
	family, _, _ := strings.Cut(n.Version, "_")
	newest := ""
	for v := range defined {
		rest, ok := strings.CutPrefix(v, family+"_")
		if ok && rest != "PRIVATE" && (newest == "" || compareDotted(rest, newest) > 0) {
			newest = rest
		}
	}
	if newest == "" {
		return "none of that family"
	}
	return "up to " + family + "_" + newest
}

// defines says whether the host or a mapped plugin defines a symbol.
func (p *process) defines(name string) bool {
	if p.host.definesC(name) {
		return true
	}
	return slices.ContainsFunc(p.mapped, func(m *Plugin) bool {
		_, ok, err := m.image.Lookup(name)
		return ok || err != nil
	})
}
