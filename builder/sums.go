package builder

import (
	"os"
	"path/filepath"
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

// userFiles gives the plugin's own go.mod and go.sum as this build aligned them.
// Nil stands for a file that stays as it is.
func (a *attempt) userFiles(p *planner) (mod, sum []byte, err error) {
	if !a.plan.modMode && !a.plan.workMode {
		return nil, nil, nil
	}
	al := &aligner{host: p.host, raised: a.src.Raised}
	content := a.src.ModFile.Content
	if a.src.Resolved != nil && !lowered(a.plan, content) && a.src.HostDir == "" {
		content = a.src.Resolved.ModFile
	}
	mod, _, err = al.align(a.src.ModFile.Name, content, p.graphModules())
	if err != nil {
		return nil, nil, err
	}
	if a.plan.modMode {
		sum, err = os.ReadFile(filepath.Join(a.dir, "go.sum"))
		return mod, sum, err
	}
	files, err := p.aligned(a.plan.Layout)
	if err != nil {
		return nil, nil, err
	}
	return mod, withLines(a.src.SumFile.Content, p.sumLines(files)), nil
}

// lowered says whether the build took go.mod back to an older Go.
func lowered(plan *Plan, original []byte) bool {
	for _, f := range plan.files {
		if f.name == "go.mod" {
			return goLine(f.content) != goLine(original)
		}
	}
	return false
}

func goLine(content []byte) string {
	for line := range strings.Lines(string(content)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "go" {
			return f[1]
		}
	}
	return ""
}
