package builder

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// incomplete is what the go command says where go.mod or go.sum lack something that
// go mod tidy would add (cmd/go/internal/modload: import.go, init.go).
var incomplete = lazily(`missing go\.sum entry|no required module provides package|updates to go\.(mod|sum) needed|is not in your go\.mod file|to match imports`)

// complete notes what the plugin's go.mod and go.sum lack, going by the go command's
// words, and says whether trying again with that in a temporary go.mod may help. A
// module that go.mod does not require is taken at the host's version.
func (s *Source) complete(f *hostFacts, l Layout, err error) bool {
	goErr, ok := errors.AsType[*GoError](err)
	if !ok || l.Vendor || !incomplete().MatchString(goErr.Output) || s.unnamed(f, err) {
		return false
	}
	missing := slices.Clone(s.Missing)
	for _, m := range noModule().FindAllStringSubmatch(goErr.Output, -1) {
		if owner := f.moduleOf(m[1]); owner != nil && !slices.Contains(missing, owner.Path) {
			missing = append(missing, owner.Path)
		}
	}
	if s.Incomplete && len(missing) == len(s.Missing) {
		return false
	}
	s.Incomplete, s.Missing = true, missing
	return true
}

// unnamed says whether the plugin's own files import a package of a module that
// neither its go.mod nor the host names. The go command would take the newest version
// of whatever has such a package; the author has to name it.
func (s *Source) unnamed(f *hostFacts, err error) bool {
	goErr, ok := errors.AsType[*GoError](err)
	if !ok {
		return false
	}
	for line := range strings.Lines(goErr.Output) {
		m := noModule().FindStringSubmatch(line)
		if m == nil || f.moduleOf(m[1]) != nil {
			continue
		}
		file, _, _ := strings.Cut(line, ":")
		if !filepath.IsAbs(file) {
			file = filepath.Join(s.Dir, file)
		}
		if rel, err := filepath.Rel(s.Dir, file); err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}

// missingWarnings says which modules the plugin got without requiring them.
func (p *planner) missingWarnings(a *alignedFiles) []string {
	var list []string
	for _, path := range p.src.Missing {
		if v := required(a.members[0].file, path); v != "" {
			list = append(list, fmt.Sprintf("the plugin imports %s and its go.mod does not require it; taken at the host's version: go get %s@%s", path, path, v))
		}
	}
	return list
}
