package builder

import (
	"slices"

	"golang.org/x/mod/module"
)

// displace notes the modules that stand in the place of one of the host's: a package
// that moved between modules (google.golang.org/genproto/googleapis/rpc was split off
// google.golang.org/genproto) comes from one of them in the host and from the other in
// the plugin. Every version of the plugin's one that is in the graph is given up, and
// the host's is required. It says whether there was any.
func (r *run) displace(src *Source) (bool, error) {
	found := false
	for _, pkg := range src.Graph {
		m := pkg.Module
		if m == nil || m.Main || m.Version == "" || slices.Contains(src.Displaced, m.Path) {
			continue
		}
		owner := r.facts.moduleOf(pkg.ImportPath)
		if owner == nil || owner.Path == m.Path {
			continue
		}
		if _, pinned := r.facts.pinned(owner.Path); !pinned {
			continue
		}
		if _, there, err := r.host.Package(pkg.ImportPath); err != nil || !there {
			if err != nil {
				return found, err
			}
			continue // that package is not in the host, whosever it is
		}
		found = true
		src.Displaced = append(slices.Clone(src.Displaced), m.Path)
		src.raise(module.Version{Path: m.Path, Version: m.Version})
		if !slices.Contains(src.Missing, owner.Path) {
			src.Missing = append(slices.Clone(src.Missing), owner.Path)
		}
	}
	return found, nil
}
