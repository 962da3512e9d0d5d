package builder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/isolate"
	process "github.com/plugtool/plugtool/isolate/once"
)

// ProcessState is something that exists once per process, that a package with a private
// copy sets up when it starts, and what becomes of it.
type ProcessState struct {
	Package     string              `json:"package"`
	Registry    string              `json:"registry"`
	Key         string              `json:"key,omitempty"`
	Consequence process.Consequence `json:"consequence"` // of doing so twice
	Action      process.Action      `json:"action"`
	Reason      string              `json:"reason"`
}

// recordedStates is what the plugin records of decisions: what does not depend on the
// host, so that verify judges by the host that it is given.
func recordedStates(decisions []process.Decision) []inspector.SharedState {
	var list []inspector.SharedState
	for _, d := range decisions {
		f := d.Finding
		if f.Consequence == process.Harmless {
			continue
		}
		list = append(list, inspector.SharedState{
			Package: f.Package, Registry: f.Registry, Key: f.Key,
			Consequence: string(f.Consequence), Seen: d.Seen, With: d.With[1:], Apart: d.Action == process.Rename,
		})
	}
	return list
}

// maxOnceRounds bounds how often the choice is made again because of what exists once.
// Each round moves or shares one package at least.
const maxOnceRounds = 20

// chooseOnce chooses, and chooses again where something that exists once per process has
// to be moved as well or shared, until nothing that is moved would break another's.
func (i *isolating) chooseOnce(ctx context.Context) error {
	for range maxOnceRounds {
		if err := i.choose(ctx); err != nil {
			return err
		}
		decisions, err := i.decideOnce(ctx)
		if err != nil {
			return err
		}
		again, err := i.follow(decisions)
		if err != nil {
			return err
		}
		if again {
			continue
		}
		edits, err := process.Edits(decisions)
		if err != nil {
			return i.cannotIsolate(err.Error(), "")
		}
		i.edits = map[string][]isolate.Edit{}
		for _, e := range edits {
			i.edits[e.File] = append(i.edits[e.File], isolate.Edit{Offset: e.Offset, Old: e.Old, New: e.New})
		}
		i.process, i.recorded = processStates(decisions), recordedStates(decisions)
		return nil
	}
	return i.cannotIsolate(fmt.Sprintf("after %d rounds there is more and more that exists once per process", maxOnceRounds), "")
}

// decideOnce finds what moved packages set up that exists once per process.
func (i *isolating) decideOnce(ctx context.Context) ([]process.Decision, error) {
	host := process.Host{Packages: map[string]string{}}
	policy := process.Policy{Moved: map[string]bool{}, Own: map[string]bool{}, Prefix: keyPrefix(i.module), Share: i.share}
	var packages []process.Package
	for _, p := range i.graph.Packages {
		switch i.choice.Fate(p.ImportPath) {
		case isolate.Moved:
			policy.Moved[p.ImportPath] = true
		case isolate.Own:
			policy.Own[p.ImportPath] = true
		}
		if i.linked[p.ImportPath] {
			version := ""
			if m := i.facts.moduleOf(p.ImportPath); m != nil {
				version = m.Version
			}
			host.Packages[p.ImportPath] = version
		}
		packages = append(packages, process.Package{
			ImportPath: p.ImportPath, Dir: p.Dir, Name: p.Name, Standard: p.Standard,
			GoFiles: i.overlaid(p.Dir, p.GoFiles), CgoFiles: i.overlaid(p.Dir, p.CgoFiles),
			CFiles: p.CFiles, CXXFiles: p.CXXFiles, MFiles: p.MFiles, FFiles: p.FFiles, SFiles: p.SFiles, ImportMap: p.ImportMap,
		})
	}
	opts := process.Options{GOARCH: i.goarch(), Go: i.facts.Binary.GoVersion}
	if i.opts.Cache != "" {
		opts.Cache = filepath.Join(i.opts.Cache, "once")
	}
	i.progress("looking for what exists once per process")
	facts, err := process.Analyze(ctx, packages, opts)
	if err != nil {
		return nil, fmt.Errorf("look for what exists once per process: %w", err)
	}
	i.incomplete = slices.DeleteFunc(facts.Incomplete, func(p process.Incomplete) bool { return !policy.Moved[p.Package] })
	if err := i.addHost(&host, facts, policy); err != nil {
		return nil, err
	}
	return process.Decide(facts, host, policy)
}

// addHost adds what else is known of the host: which packages it has that register
// what others do too, though the plugin has none of them, and what those packages do that
// both share.
func (i *isolating) addHost(host *process.Host, facts *process.Facts, policy process.Policy) error {
	for _, pkg := range process.Registrants() {
		_, there, err := i.host.Package(pkg)
		if err != nil {
			return err
		}
		if _, known := host.Packages[pkg]; there && !known {
			host.Packages[pkg] = ""
			if m := i.facts.moduleOf(pkg); m != nil {
				host.Packages[pkg] = m.Version
			}
		}
	}
	host.Facts = &process.Facts{}
	for _, f := range facts.Findings {
		if i.linked[f.Package] && !policy.Moved[f.Package] {
			host.Facts.Findings = append(host.Facts.Findings, f)
		}
	}
	return nil
}

// overlaid names files as they are read: by what an overlay puts in their place.
func (i *isolating) overlaid(dir string, files []string) []string {
	out := slices.Clone(files)
	for n, name := range out {
		if by := i.src.Overlay[filepath.Join(dir, name)]; by != "" {
			out[n] = by
		}
	}
	return out
}

func (i *isolating) goarch() string {
	_, arch, _ := strings.Cut(i.facts.Binary.Platform, "/")
	return arch
}

// keyPrefix makes the names of one plugin's registrations its own: the last element of
// its module's path for people, and a hash of the whole.
func keyPrefix(mod string) string {
	letters := func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}
	last := strings.Map(letters, mod[strings.LastIndexByte(mod, '/')+1:])
	sum := sha256.Sum256([]byte(mod))
	return last[:min(len(last), 40)] + "-" + hex.EncodeToString(sum[:4])
}

// share says whether a package can be the host's: at the host's version it is.
func (i *isolating) share(pkg string) (ok bool, why string) {
	if !i.linked[pkg] {
		return false, "the host does not have it"
	}
	return true, ""
}

// follow notes what has to be moved as well or shared, and says whether the choice has
// to be made again.
func (i *isolating) follow(decisions []process.Decision) (again bool, err error) {
	for _, d := range decisions {
		list, pkg := i.wishes.Share, d.Finding.Package
		switch d.Action {
		case process.Move:
			list, pkg = i.wishes.Move, d.Finding.Owner
		case process.Share:
		case process.Refuse:
			return false, i.cannotIsolate(d.Reason, "")
		default:
			continue
		}
		if list[pkg] != "" { // it was wished before, and could not be
			return false, i.cannotIsolate(d.Reason, "")
		}
		list[pkg], again = d.Reason, true
	}
	return again, nil
}

// warnings says what of an isolation may not be what the plugin's author expects.
func (i *Isolated) warnings() (list []string) {
	if i == nil {
		return nil
	}
	for _, pattern := range i.Unmatched {
		list = append(list, fmt.Sprintf("--isolate has %s, and no package that the plugin is built from is called so", pattern))
	}
	for _, d := range i.Pinned {
		if asked := i.asked(d.Module); asked != "" {
			list = append(list, fmt.Sprintf("%s is the host's %s, and the plugin asks for %s: %s", d.Packages[0], d.Host, asked, d.Why))
		}
	}
	for _, s := range i.Process {
		if s.Action == process.Warn {
			list = append(list, s.Reason)
		}
	}
	for _, p := range i.Incomplete {
		list = append(list, fmt.Sprintf("what %s sets up when it starts is not known as a whole: %s", p.Package, p.Reason))
	}
	return list
}

// processStates tells what people have to know of.
func processStates(decisions []process.Decision) []ProcessState {
	list := []ProcessState{}
	for _, d := range decisions {
		if d.Action == process.Keep {
			continue
		}
		f := d.Finding
		list = append(list, ProcessState{Package: f.Package, Registry: f.Registry, Key: f.Key, Consequence: f.Consequence, Action: d.Action, Reason: d.Reason})
	}
	return list
}
