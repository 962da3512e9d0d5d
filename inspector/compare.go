package inspector

import (
	"fmt"
	"strings"
)

// mismatch is a package whose hash in the plugin is not the one it binds to.
type mismatch struct {
	pkg           string
	bound, plugin Hash
	file          string  // whose definition it binds to, where that is not the host
	earlier       *Plugin // the same
}

// compare makes the comparison of runtime.plugin_lastmoduleinit for every package
// of the plugin, in the runtime's order. A reference to a hash binds to the host's
// definition, else to that of the first plugin that was mapped with the package,
// else to the plugin's own, which always agrees.
func (p *process) compare(plug *Plugin) ([]mismatch, error) {
	var list []mismatch
	for _, pkg := range plug.mod.Packages {
		h, ok, err := p.host.Package(pkg.Path)
		if err != nil {
			return nil, err
		}
		m := mismatch{pkg: pkg.Path, bound: h, plugin: pkg.Hash}
		if !ok {
			s, ok := p.inScope(pkg.Path)
			if !ok {
				continue
			}
			m.bound, m.file, m.earlier = s.hash, s.file, s.from
		}
		if m.bound != m.plugin {
			list = append(list, m)
		}
	}
	return list, nil
}

// sanitizers judges plugins that bring the address sanitizer's runtime, which
// looks at the process before the plugin's own code does.
func (p *process) sanitizers(plug *Plugin) (PluginVerdict, bool) {
	needed, err := plug.image.Needed()
	if err != nil || !hasAsan(needed) {
		return PluginVerdict{}, false
	}
	host := p.host.Binary()
	f := sanitizerMissing.finding(fmt.Sprintf("%s was built with -asan", plug.File))
	f.Plugin = "-asan"
	if !hasAsan(host.Needed) {
		f.Host = "no address sanitizer"
		f.Detail = "the address sanitizer ends the process: ASan runtime does not come first in initial library list"
		f.Fix = []string{p.buildCommand(plug)}
		return crash(f), true
	}
	f.Host = "-asan"
	f.Detail = "host and plugin define the same globals, which the address sanitizer takes for an odr-violation and ends the process, unless ASAN_OPTIONS=detect_odr_violation=0 is set"
	f.Fix = []string{"export ASAN_OPTIONS=detect_odr_violation=0"}
	return crash(f), true
}

func hasAsan(needed []string) bool {
	for _, n := range needed {
		if strings.HasPrefix(n, "libasan.so") {
			return true
		}
	}
	return false
}
