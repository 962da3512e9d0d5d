package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/plugtool/plugtool/inspector"
)

// A Policy says which findings count. The zero value lets every error count.
type Policy struct {
	FailOn  inspector.Severity // the mildest that fails; "" is Error
	Ignores []Ignore
	Known   *Baseline // nil: everything is new
	Today   time.Time // decides whether an ignore has ended
}

// FailNever as a threshold lets no finding fail. What does not load fails all
// the same.
const FailNever inspector.Severity = "never"

// Thresholds are the values of Policy.FailOn, the strictest last.
var Thresholds = []inspector.Severity{FailNever, inspector.Error, inspector.Warning, inspector.Note}

// reaches says whether a severity is at or above the threshold.
func (p *Policy) reaches(s inspector.Severity) bool {
	threshold := p.FailOn
	if threshold == "" {
		threshold = inspector.Error
	}
	return slices.Index(Thresholds, s) <= slices.Index(Thresholds, threshold)
}

// An Ignore makes findings of plugins that load count no longer, for a reason
// and for a time.
type Ignore struct {
	ID      string    // as in PT801
	Package string    // "" for any; an import path, or PATH/... for those below it as well
	Plugin  string    // "" for any; a file's name, or a pattern as of path.Match
	Reason  string    // for people
	Until   time.Time // the last day on which it holds
	Origin  string    // where it stands, for messages about it
}

// A Suppression says why a finding does not count.
type Suppression struct {
	By     string `json:"by"` // ByIgnore or ByBaseline
	Reason string `json:"reason,omitempty"`
	Until  string `json:"until,omitempty"` // the last day, as in 2027-01-31
}

// What suppresses a finding.
const (
	ByIgnore   = "ignore"
	ByBaseline = "baseline"
)

// suppress says why a finding does not count; nil where it does.
func (p *Policy) suppress(plug Plugin, f Finding) *Suppression {
	if !isSignature(f.ID) && p.Known.has(f.Fingerprint) {
		return &Suppression{By: ByBaseline}
	}
	for _, i := range p.Ignores {
		if i.matches(plug, f.Finding) && !i.ended(p.Today) && ignorable(plug, f.Finding) {
			return &Suppression{By: ByIgnore, Reason: i.Reason, Until: i.Until.Format(time.DateOnly)}
		}
	}
	return nil
}

// ignorable says whether an ignore may hide a finding: not the reason for which
// a plugin does not load, and no signature. An ignore makes neither good, and it
// stands in a file that may come from the plugin's author.
func ignorable(p Plugin, f inspector.Finding) bool {
	return !isSignature(f.ID) && (f.Severity != inspector.Error || p.Outcome == inspector.Loads)
}

func (i *Ignore) ended(today time.Time) bool {
	return today.Format(time.DateOnly) > i.Until.Format(time.DateOnly)
}

// matches says whether the entry is about a finding. Where the finding covers
// several packages, the entry has to cover all of them: otherwise it would hide
// what is found in another package later.
func (i *Ignore) matches(p Plugin, f inspector.Finding) bool {
	if i.ID != f.ID || !i.about(p) {
		return false
	}
	if i.Package == "" {
		return true
	}
	packages := packagesOf(f)
	return len(packages) > 0 && !slices.ContainsFunc(packages, func(pkg string) bool { return !i.covers(pkg) })
}

func (i *Ignore) about(p Plugin) bool {
	if i.Plugin == "" {
		return true
	}
	file := filepath.ToSlash(p.File)
	for _, name := range []string{file, path.Base(file)} {
		if ok, err := path.Match(i.Plugin, name); err == nil && ok {
			return true
		}
	}
	return false
}

func (i *Ignore) covers(pkg string) bool {
	root, below := strings.CutSuffix(i.Package, "/...")
	return pkg == root || below && strings.HasPrefix(pkg, root+"/")
}

func packagesOf(f inspector.Finding) []string {
	if len(f.Packages) == 0 && f.Package != "" {
		return []string{f.Package}
	}
	return f.Packages
}

// Complaints says which ignores want a person's attention: those that have
// ended, that hide nothing any more, or that cannot hide what they name.
func (r *Report) Complaints() []string {
	var list []string
	for _, i := range r.Policy.Ignores {
		matched, hidden, judged := 0, 0, i.Plugin == ""
		r.any(func(host *inspector.HostRef, p Plugin) bool {
			judged = judged || i.about(p)
			for _, f := range r.findings(host, p) {
				if i.matches(p, f.Finding) {
					matched++
					if ignorable(p, f.Finding) {
						hidden++
					}
				}
			}
			return false
		})
		what := fmt.Sprintf("%s: the entry that ignores %s", i.Origin, i.ID)
		until := i.Until.Format(time.DateOnly)
		switch {
		case !judged:
		case matched == 0:
			list = append(list, what+" matches nothing that was found; remove it")
		case i.ended(r.Policy.Today):
			list = append(list, fmt.Sprintf("%s ended on %s, so that it counts again; its reason was: %s", what, until, i.Reason))
		case hidden == 0:
			list = append(list, what+" hides nothing: the plugin does not load, which nothing can make good but its fix")
		}
	}
	return list
}

// Ignored counts the findings that ignores suppress.
func (r *Report) Ignored() int {
	n := 0
	r.any(func(host *inspector.HostRef, p Plugin) bool {
		for _, f := range r.findings(host, p) {
			if f.Suppressed != nil && f.Suppressed.By == ByIgnore {
				n++
			}
		}
		return false
	})
	return n
}

// fingerprint tells findings apart from run to run: by their id, the names of
// host and plugin, and what they are about. Titles and places are no part of
// it, since they change with releases of plugtool and with edits; the values of
// both sides are not where the next version would be the same trouble. Of
// equal ones, the second has a number; seen counts them.
func fingerprint(host *inspector.HostRef, p Plugin, f inspector.Finding, seen map[string]int) string {
	parts := []string{"plugtool/1", f.ID, "", cleanPath(p.File)}
	if host != nil {
		parts[2] = cleanPath(host.File)
	}
	switch {
	case strings.HasPrefix(f.ID, "PT3"): // every package differs; what counts is which setting it is
		setting, _, _ := strings.Cut(strings.TrimPrefix(f.Host, "no "), "=")
		if f.ID == "PT304" {
			parts = append(parts, setting)
		}
	case strings.HasPrefix(f.ID, "PT4"), strings.HasPrefix(f.ID, "PT5"), strings.HasPrefix(f.ID, "PT8"):
		if packages := packagesOf(f); len(packages) > 0 {
			parts = append(parts, slices.Min(packages))
		}
	case !isSignature(f.ID):
		parts = append(parts, packagesOf(f)...)
		parts = append(parts, f.Host, f.Plugin)
	}
	key := strings.Join(parts, "\x00")
	seen[key]++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", key, seen[key]))
	return hex.EncodeToString(sum[:16])
}

func cleanPath(file string) string { return path.Clean(filepath.ToSlash(file)) }
