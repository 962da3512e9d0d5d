package inspector

import (
	"cmp"
	"fmt"
)

// layout judges plugins whose module data the host's runtime misreads: it then
// does not get as far as comparing hashes. Where the field moduledata.next, the last
// one, lies elsewhere, the plugin's runtime.addmoduledata links it into nowhere: it never
// comes into the list that the host walks, and what is opened after it is linked behind
// it and does not either. Where the field lies in the same place and others do not,
// reading them ends the process.
func (p *process) layout(plug *Plugin) (PluginVerdict, bool) {
	host := p.host.Binary()
	a, b := classOf(host), classOf(plug.Binary)
	same, size := a == b, host.ModuledataSize == plug.Binary.ModuledataSize
	if a == 0 || b == 0 {
		same = size
	}
	if p.cutBy == nil && same {
		return PluginVerdict{}, false
	}
	var f Finding
	if p.cutBy != nil {
		f = otherLayout.finding(fmt.Sprintf("after %s was opened, no plugin loads in the process", p.cutBy.File))
		f.Detail = fmt.Sprintf("%s was built with %s, and its module data cut the list in which the host's runtime, of %s, looks for plugins",
			p.cutBy.File, releaseOf(p.cutBy), host.GoVersion)
		f.Host, f.Plugin = host.GoVersion, releaseOf(p.cutBy)
		f.Fix = []string{p.buildCommand(p.cutBy)}
	} else {
		f = otherLayout.finding(fmt.Sprintf("host was built with %s, plugin with %s", host.GoVersion, releaseOf(plug)))
		f.Detail = fmt.Sprintf("the host's runtime misreads the plugin's module data (%d bytes in the host, %d in the plugin) and does not get as far as comparing package hashes",
			host.ModuledataSize, plug.Binary.ModuledataSize)
		f.Host, f.Plugin = host.GoVersion, releaseOf(plug)
		f.Fix = []string{p.buildCommand(plug)}
		if size {
			f.Detail += "; it ends the process"
			return crash(f), true
		}
		p.cut(plug, a, b)
	}
	return p.takenForLast(plug, f), true
}

// cut follows the runtime.addmoduledata of a plugin of another layout, which writes its
// moduledata's address into what it takes for the last module's field next. In Go 1.21
// and 1.22, the field bad lies where 1.23 to 1.25 have next.
func (p *process) cut(plug *Plugin, host, plugin int) {
	p.cutBy = plug
	if last := len(p.modules) - 1; last >= 0 && host == 21 && plugin == 23 && readsAsTrue(plug) {
		p.modules[last].bad = true
	}
}

// readsAsTrue says what the runtime takes the address of a plugin's moduledata for when
// it reads its first byte as a bool.
func readsAsTrue(plug *Plugin) bool {
	switch plug.image.GOARCH() {
	case "s390x": // the byte is the address's highest
		return false
	case "arm64", "ppc64le": // compiled to a test of the lowest bit, and addresses are even
		return plug.mod.Moduledata&1 != 0
	}
	return byte(plug.mod.Moduledata) != 0 // which loading, page by page, leaves as it is
}

// takenForLast judges a file that adds no module to the runtime's list: the runtime
// then takes the last plugin there for the new one.
func (p *process) takenForLast(plug *Plugin, f Finding) PluginVerdict {
	last := len(p.modules) - 1
	if last < 0 || p.modules[last].bad {
		f.Detail = joinDetail(f.Detail, "opening it ends the process: fatal error: runtime: no plugin module data")
		return crash(f)
	}
	f.Detail = joinDetail(f.Detail, fmt.Sprintf("Go takes it for %s, which was opened before", p.modules[last].file))
	p.opened[plug.Path] = &result{refusal: "plugin already loaded"}
	return refuse("plugin already loaded", f)
}

// releaseOf says which Go a plugin was built with, as far as it says so itself.
func releaseOf(plug *Plugin) string {
	return cmp.Or(plug.Binary.GoVersion, "a release of Go that it does not name")
}
