package builder

import (
	"slices"
	"strings"

	"golang.org/x/mod/module"
)

// checkSums refuses a module of the host's version with other content than the
// host was built from. The go command has compared what go.sum says with what
// it compiles.
func (r *run) checkSums(src Source, plan *Plan) error {
	content := src.SumFile.Content
	for _, f := range plan.files {
		if f.name == "go.sum" {
			content = f.content
		}
	}
	have := parseSums(content)
	for path := range r.facts.modules {
		mod, sum := r.facts.sum(path)
		if own := have[mod]; sum != "" && own != "" && own != sum {
			return &SumError{Module: mod.String(), Host: sum, Plugin: own, Fetched: parseSums(src.SumFile.Content)[mod] == ""}
		}
	}
	return nil
}

// checkBuilt refuses a plugin that was built from other content than the host under
// the same version of a module, going by what its build information says: a
// workspace's checksums stand in several files, and some are only just added.
func (r *run) checkBuilt(a *attempt) error {
	bin := a.plugin.Binary
	if bin == nil {
		return nil
	}
	for _, m := range bin.Deps {
		mod, sum := r.facts.sum(m.Path)
		if m.Replace != nil {
			m = *m.Replace
		}
		if m.Sum != "" && sum != "" && m.Sum != sum && mod.Path == m.Path && mod.Version == m.Version {
			return &SumError{Module: mod.String(), Host: sum, Plugin: m.Sum, Fetched: parseSums(a.src.SumFile.Content)[mod] == ""}
		}
	}
	return nil
}

// sortedSums brings the lines of a go.sum file into the go command's order
// (cmd/go/internal/modfetch, WriteGoSum), which does not depend on who added which first. A
// file with lines that are none stays as it is, for the go command to say so.
func sortedSums(content []byte) []byte {
	lines := map[module.Version][]string{}
	var mods []module.Version
	for line := range strings.Lines(string(content)) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if len(f) != 3 {
			return content
		}
		mod := module.Version{Path: f[0], Version: f[1]}
		if lines[mod] == nil {
			mods = append(mods, mod)
		}
		lines[mod] = append(lines[mod], strings.Join(f, " ")+"\n")
	}
	module.Sort(mods)
	var out strings.Builder
	for _, mod := range mods {
		slices.Sort(lines[mod])
		for _, line := range slices.Compact(lines[mod]) {
			out.WriteString(line)
		}
	}
	return []byte(out.String())
}

// parseSums reads the h1: sums of modules' content from a go.sum file.
func parseSums(content []byte) map[module.Version]string {
	sums := map[module.Version]string{}
	for line := range strings.Lines(string(content)) {
		f := strings.Fields(line)
		if len(f) == 3 && strings.HasPrefix(f[2], "h1:") && !strings.HasSuffix(f[1], "/go.mod") {
			sums[module.Version{Path: f[0], Version: f[1]}] = f[2]
		}
	}
	return sums
}
