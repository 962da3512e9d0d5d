package builder

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// noFit says that nothing loads, and why as far as the source and the profile at
// hand explain it: they are the two things that no build information gives back.
func (t *tries) noFit(ctx context.Context) *NoFitError {
	r, src, a := t.run, t.src, t.refused
	e := &NoFitError{Host: r.host.Binary().File, Reason: a.refusal(), Verdict: a.verdict}
	standard, others := r.differing(a.verdict)
	if why, fix := t.otherProfile(standard); why != "" {
		e.Reason, e.Fix = e.Reason+": "+why, fix
		return e
	}
	if !a.differs() {
		return r.explainNeeds(ctx, a, e)
	}
	for _, pkg := range others {
		if why, fix := r.otherSource(ctx, src, a, pkg); why != "" {
			e.Reason, e.Fix = e.Reason+": "+why, fix
			return e
		}
	}
	return e
}

// differing lists the packages that the verdict found to differ, whether for their
// source or for a setting: those of the standard library, and the others.
func (r *run) differing(v *inspector.Verdict) (standard, others []string) {
	for _, p := range v.Plugins {
		for _, f := range p.Findings {
			if f.Severity != inspector.Error || !strings.HasPrefix(f.ID, "PT4") && !strings.HasPrefix(f.ID, "PT3") {
				continue
			}
			list := f.Packages
			if len(list) == 0 && f.Package != "" {
				list = []string{f.Package}
			}
			for _, pkg := range list {
				if r.facts.standard(pkg) {
					standard = append(standard, pkg)
				} else {
					others = append(others, pkg)
				}
			}
		}
	}
	return standard, others
}

// otherSource explains a package that differs by the folder that its module is
// taken from: "" if it comes from a module proxy.
func (r *run) otherSource(ctx context.Context, src Source, a *attempt, pkg string) (why string, fix []string) {
	m := r.facts.moduleOf(pkg)
	if m == nil {
		return "", nil // a host without modules, whose source nobody knows
	}
	dir := src.moduleFolder(r.facts, m.Path)
	_, pinned := r.facts.pinned(m.Path)
	if pinned && m.Replace == nil && src.Given[m.Path] == "" {
		return "", nil
	}
	revision, modified := hostRevision(r.host.Binary())
	theirs := "records no revision"
	if revision != "" {
		theirs = "is of revision " + revision
		if modified {
			theirs += " with uncommitted changes"
		}
	}
	if dir == "" {
		return fmt.Sprintf("%s %s, which the plugin takes from a module proxy, is not what the host was built from: the host was built from a folder and %s", m.Path, a.versionOf(m.Path), theirs),
			[]string{"give the folder of that source, a workspace or a clone that holds it: --host-src DIR"}
	}
	checkout := inspector.ShellQuote(dir)
	what := fmt.Sprintf("the source of %s in %s is not what the host was built from", pkg, dir)
	repo := findRepository(dir)
	switch {
	case repo == nil && revision != "":
		fix = []string{fmt.Sprintf("check revision %s of %s out and give its folder: --host-src DIR", revision, m.Path)}
		return fmt.Sprintf("%s: the host %s, and the folder is in no git clone", what, theirs), fix
	case revision == "":
		fix = []string{"give the folder of what the host was built from: --host-src DIR (a host that is built in a clone with -buildvcs=true says its revision)"}
		return fmt.Sprintf("%s: the host %s, and the folder is %s", what, theirs, r.state(ctx, src, repo)), fix
	}
	c := src.Checkout
	if c == nil || c.Folder != repo.top {
		return fmt.Sprintf("%s: the host %s, and the folder is %s", what, theirs, r.state(ctx, src, repo)), nil
	}
	why = fmt.Sprintf("%s: the host %s, and the folder is %s", what, theirs, r.state(ctx, src, repo))
	switch {
	case modified:
		return why + ", and without the changes it does not fit either", []string{"give the folder with the changes that the host was built with: --host-src DIR"}
	case c.Reason != "":
		why += "; revision " + shortRevision(revision) + " cannot be had: " + c.Reason
		fix = []string{"git -C " + checkout + " fetch --all --tags"}
	case len(c.Taken) > 0:
		return why + "; its revision " + shortRevision(revision) + " does not fit either", nil
	}
	return why, append(fix, "git -C "+checkout+" checkout "+revision)
}

// versionOf gives the version at which the plugin was built with a module.
func (a *attempt) versionOf(path string) string {
	if bin := a.plugin.Binary; bin != nil {
		if m := bin.Dep(path); m != nil {
			return m.Version
		}
	}
	return ""
}

// state says in words at which revision a clone is, and whether the host's modules
// in it were changed since.
func (r *run) state(ctx context.Context, src Source, repo *repository) string {
	if repo == nil {
		return "in no git clone"
	}
	if repo.head == "" {
		return "at an unknown revision"
	}
	state := "at revision " + repo.head
	dir, err := os.MkdirTemp(r.work.path, "git")
	if err != nil {
		return state
	}
	tree, err := repo.openTree(ctx, r.opts.Env, dir, repo.head)
	if err != nil {
		return state
	}
	o := &overlaid{run: r, src: &src, tree: tree, top: repo.top, wanted: map[string]string{}, gone: map[string]bool{}}
	for mod := range r.facts.modules {
		if o.compare(ctx, mod) != nil {
			return state
		}
	}
	if changed := o.names(); len(changed) > 0 {
		slices.Sort(changed)
		state += fmt.Sprintf(" with uncommitted changes (%s)", changed[0])
	}
	return state
}
