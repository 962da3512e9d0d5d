package inspector

import "fmt"

// warnings judges a plugin that loads: what then goes wrong without a word from Go.
func (p *process) warnings(plug *Plugin) []Finding {
	return p.sameHashes(plug)
}

// sameHashes warns of packages that agree in their hash although they come from
// other releases of their module: the plugin runs its own code on the host's
// variables.
func (p *process) sameHashes(plug *Plugin) []Finding {
	var list []Finding
	seen := make(map[string]bool)
	for _, pkg := range plug.mod.Packages {
		own, host := plug.Binary.ModuleOf(pkg.Path), p.host.Binary().ModuleOf(pkg.Path)
		if own == nil || host == nil || seen[own.Path] {
			continue
		}
		seen[own.Path] = true
		if a, b := effective(host), effective(own); a.Sum == "" || b.Sum == "" || a.Sum == b.Sum {
			continue
		}
		if _, ok, err := p.host.Package(pkg.Path); err != nil || !ok {
			seen[own.Path] = false
			continue
		}
		f := sameHashOtherModule.finding(fmt.Sprintf("host has %s %s, plugin has %s", own.Path, versionOf(host), versionOf(own)))
		f.Severity = Warning
		f.Detail = "the package hashes agree, so it loads; the plugin then runs its own code of these packages on variables that it shares with the host"
		f.Package, f.Host, f.Plugin = pkg.Path, versionOf(host), versionOf(own)
		f.Fix = []string{p.buildCommand(plug)}
		list = append(list, f)
	}
	return list
}

// effective is the module whose files were compiled.
func effective(m *Module) *Module {
	if m.Replace != nil {
		return m.Replace
	}
	return m
}

// versionOf says which module it is in a message's few words.
func versionOf(m *Module) string {
	v := m.Version
	if v == "" {
		v = "(devel)"
	}
	if m.Replace != nil {
		v += " => " + m.Replace.Path
		if m.Replace.Version != "" && m.Replace.Version != "(devel)" {
			v += " " + m.Replace.Version
		}
	}
	return v
}
