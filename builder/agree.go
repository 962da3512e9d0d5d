package builder

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// A wish is what one of many builds wants written into the plugin's module.
type wish struct {
	result  *Result
	changes []change
}

func (s *shared) wish(result *Result, changes []change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wishes = append(s.wishes, wish{result, changes})
}

// checkAgreement refuses to align a go.mod file with hosts that have one of its modules
// at different versions.
func (j *job) checkAgreement() error {
	if !j.opts.Write {
		return nil
	}
	type pin struct{ host, version string }
	pins := map[[2]string]pin{} // by go.mod file and module
	for _, p := range j.todo {
		if p == nil {
			continue
		}
		mod, err := modfile.Parse(p.src.ModFile.Name, p.src.ModFile.Content, nil)
		if err != nil {
			return err
		}
		for _, r := range mod.Require {
			version, ok := p.facts.pinned(r.Mod.Path)
			if !ok {
				continue
			}
			key, own := [2]string{p.src.ModFile.Name, r.Mod.Path}, pin{p.facts.Binary.File, version}
			if first, known := pins[key]; known && first.version != version {
				return disagreement(p.src.ModFile.Name, r.Mod.Path, first.host, first.version, own.host, own.version)
			}
			pins[key] = own
		}
	}
	return nil
}

func disagreement(file, mod, hostA, versionA, hostB, versionB string) error {
	return &UsageError{
		Reason: fmt.Sprintf("%s cannot be brought to all hosts' versions: %s has %s %s, %s has %s", file, hostA, mod, versionA, hostB, versionB),
		Hint:   "leave --write out, or build for one of them with it",
	}
}

// grant writes what the builds want written, where they agree.
func (s *shared) grant(ctx context.Context) error {
	var merged []change
	slices.SortFunc(s.wishes, func(a, b wish) int { return cmp.Compare(a.result.Output, b.result.Output) }) // not as they were done
	for _, w := range s.wishes {
		for _, c := range w.changes {
			i := slices.IndexFunc(merged, func(m change) bool { return m.Name == c.Name })
			if i < 0 {
				merged = append(merged, c)
				continue
			}
			if err := merged[i].join(c, w.result.Host.File); err != nil {
				return err
			}
		}
	}
	written, err := writeChanges(ctx, merged)
	for _, w := range s.wishes {
		for _, c := range w.changes {
			if slices.Contains(written, c.Name) {
				w.result.Written = append(w.result.Written, c.Name)
			}
		}
	}
	return err
}

// join adds to a change what another of the same file wants: the checksums and the
// requirements of both, since packages of one module need different ones.
func (c *change) join(other change, host string) error {
	switch {
	case other.to == nil || bytes.Equal(c.to, other.to):
		return nil
	case c.to == nil:
		c.to = other.to
		return nil
	case strings.HasSuffix(c.Name, ".sum"):
		c.to = sortedSums(withLines(c.to, string(other.to)))
		return nil
	}
	mine, err := modfile.Parse(c.Name, c.to, nil)
	if err != nil {
		return err
	}
	theirs, err := modfile.Parse(c.Name, other.to, nil)
	if err != nil {
		return err
	}
	for _, r := range theirs.Require {
		switch have := required(mine, r.Mod.Path); have {
		case r.Mod.Version:
		case "":
			mine.AddNewRequire(r.Mod.Path, r.Mod.Version, r.Indirect)
		default:
			return disagreement(c.Name, r.Mod.Path, "another build", have, "that for "+host, r.Mod.Version)
		}
	}
	for _, e := range theirs.Exclude {
		if err := mine.AddExclude(e.Mod.Path, e.Mod.Version); err != nil {
			return err
		}
	}
	for _, r := range theirs.Replace {
		if folder, fork := replacement(mine, "/", r.Old.Path, r.Old.Version); folder == "" && fork.Path == "" {
			if err := mine.AddReplace(r.Old.Path, r.Old.Version, r.New.Path, r.New.Version); err != nil {
				return err
			}
		}
	}
	mine.SortBlocks()
	mine.Cleanup()
	c.to = modfile.Format(mine.Syntax)
	return nil
}
