package builder

import (
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
			return &SumError{Module: mod.String(), Host: sum, Plugin: own}
		}
	}
	return nil
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
