package builder

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// Learned is what refused builds showed of a host whose build information is silent.
type Learned struct {
	LinkWords int        `json:",omitempty"` // words of CGO_LDFLAGS; 0 for unknown
	CoverMode string     `json:",omitempty"` // "" for what the go command takes by itself
	Gcflags   []Compiled `json:",omitempty"` // flags of the compiler that debug information keeps, the last that matches counts

	// Work has the folder that the host's compiler had the generated files of a package in.
	Work map[string]string `json:",omitempty"`
}

// Compiled says with which flags packages were compiled.
type Compiled struct {
	Pattern string
	Flags   []string
}

func (l Learned) empty() bool {
	return l.LinkWords == 0 && l.CoverMode == "" && l.Gcflags == nil && l.Work == nil
}

// learn finds out from a plugin that was refused what the host's build information does
// not say, and whether another try is worth it.
func (r *run) learn(ctx context.Context, src *Source, a *attempt) bool {
	if !a.differs() {
		return false
	}
	if src.Learned.Work == nil {
		if src.Learned.Work = r.workFolders(ctx, *src, a); src.Learned.Work != nil {
			return true
		}
	}
	if src.Learned.Gcflags == nil {
		if list := r.compiled(a); list != nil {
			r.progress("refused: %s; the host's debug information has other compiler flags than its build information", a.refusal())
			src.Learned.Gcflags = list
			return true
		}
	}
	if src.Learned.LinkWords == 0 {
		if n := r.linkWords(a); n > 0 {
			r.progress("refused: %s; its lines say that CGO_LDFLAGS had %d words", a.refusal(), n)
			src.Learned.LinkWords = n
			return true
		}
	}
	return r.nextCoverMode(src, a)
}

// recordedGcflags are the flags of the compiler that debug information keeps and a plugin
// takes over (cmd/compile dwarfgen.RecordFlags).
var recordedGcflags = []string{"B", "N", "l", "spectre", "dwarflocationlists", "dwarfbasentries"}

// compiled gives the flags with which the host's packages were compiled, where packages
// that differ had others than the plan gave them; nil where they do not show, or where
// they are those that build information says. Of -gcflags that were given more than
// once that keeps the last only (cmd/go/internal/load PerPackageFlag).
func (r *run) compiled(a *attempt) []Compiled {
	if r.facts.Binary.Setting("-gcflags") == "" && !r.facts.moduleless() {
		return nil
	}
	theirs, err := r.host.CompilerFlags()
	if err != nil || len(theirs) == 0 {
		return nil
	}
	p, err := newPlanner(r.facts.Host, a.src, r.opts)
	if err != nil {
		return nil
	}
	given := p.hostFlags(a.plan.Layout.HostFlags)
	standard, others := r.differing(a.verdict)
	if !slices.ContainsFunc(slices.Concat(standard, others), func(pkg string) bool {
		flags, ok := theirs[pkg]
		return ok && !slices.Equal(recordedOf(flags), recordedOf(gcflagsFor(given, pkg, slices.Contains(standard, pkg))))
	}) {
		return nil
	}
	return byFlags(theirs)
}

// recordedOf picks the flags that debug information keeps, in its order.
func recordedOf(flags []string) []string {
	list := []string{}
	for _, flag := range flags {
		if name, _, _ := splitFlag(flag); slices.Contains(recordedGcflags, name) && knownGcflag(flag) && !slices.Contains(list, flag) {
			list = append(list, flag)
		}
	}
	slices.Sort(list)
	return list
}

// byFlags makes a list of what most packages have, and what others have instead.
func byFlags(theirs map[string][]string) []Compiled {
	votes := map[string]int{}
	usual := ""
	for _, flags := range theirs {
		key := strings.Join(recordedOf(flags), " ")
		votes[key]++
		if votes[key] > votes[usual] || votes[key] == votes[usual] && key < usual {
			usual = key
		}
	}
	list := []Compiled{}
	if usual != "" {
		list = append(list, Compiled{"all", strings.Fields(usual)})
	}
	for _, pkg := range slices.Sorted(maps.Keys(theirs)) {
		// The main package is not shared, and a name that is none could be a flag.
		if flags := recordedOf(theirs[pkg]); pkg != "main" && patternPattern().MatchString(pkg) && strings.Join(flags, " ") != usual {
			list = append(list, Compiled{pkg, flags})
		}
	}
	return list
}

// learnedFlags gives the learned -gcflags, with those that debug information does not
// keep from the ones that are known otherwise.
func (p *planner) learnedFlags(known []pkgFlags) []pkgFlags {
	list := known
	for _, c := range p.src.Learned.Gcflags {
		pf := pkgFlags{pattern: c.Pattern, flags: slices.Clone(c.Flags)}
		for _, flag := range gcflagsFor(known, c.Pattern, !dotted(c.Pattern)) {
			if name, _, _ := splitFlag(flag); !slices.Contains(recordedGcflags, name) {
				pf.flags = append(pf.flags, flag)
			}
		}
		list = append(list, pf)
	}
	return list
}

// linkWords gives the number of words that the host's CGO_LDFLAGS had, from the lines
// of functions that cgo wrote in the host and in the refused plugin; 0 where it is the
// plugin's, or where nothing shows it.
func (r *run) linkWords(a *attempt) int {
	theirs, err := r.host.CgoLines()
	if err != nil || len(theirs) == 0 {
		return 0
	}
	ours, err := a.plugin.CgoLines()
	if err != nil {
		return 0
	}
	words, err := splitQuoted(a.cgoLDFlags())
	if err != nil {
		return 0
	}
	votes := map[int]int{}
	for name, line := range ours {
		if theirs[name] > 0 {
			votes[theirs[name]-line]++
		}
	}
	shift, most := 0, 0
	for n, count := range votes {
		if count > most || count == most && n == 0 {
			shift, most = n, count
		}
	}
	if n := len(words) + shift; shift != 0 && n > 0 && n <= maxLinkWords {
		return n
	}
	return 0
}

// cgoLDFlags gives the CGO_LDFLAGS of an attempt.
func (a *attempt) cgoLDFlags() string {
	if own := getEnv(a.plan.Env, "CGO_LDFLAGS"); own != "" {
		return own
	}
	return a.src.Go.LDFlags
}

// coverModes are the ways in which coverage counts, after the go command's own choice
// (go help build, -covermode). Build information does not say which one it was.
var coverModes = []string{"atomic", "count"}

// nextCoverMode has the next mode of coverage tried, where packages with counters are
// among those that were refused.
func (r *run) nextCoverMode(src *Source, a *attempt) bool {
	b := r.facts.Binary
	next := slices.Index(coverModes, src.Learned.CoverMode) + 1
	if b.Setting("-race") == "true" || next == len(coverModes) || !a.refusedAny(r.facts.Covered) {
		return false
	}
	src.Learned.CoverMode = coverModes[next]
	r.progress("refused: %s; trying -covermode=%s", a.refusal(), src.Learned.CoverMode)
	return true
}

// refusedAny says whether a package of the list is among those that differ.
func (a *attempt) refusedAny(list []string) bool {
	for _, p := range a.verdict.Plugins {
		for _, f := range p.Findings {
			for _, pkg := range append([]string{f.Package}, f.Packages...) {
				if pkg != "" && slices.Contains(list, pkg) {
					return true
				}
			}
		}
	}
	return false
}
