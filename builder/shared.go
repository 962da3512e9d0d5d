package builder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// Shared is a module that host and plugin have in common: the plugin gets it as the
// host has it, or it would not load.
type Shared struct {
	Module  string   `json:"module"`
	Host    string   `json:"host"`              // the version that the host has, "" where it was built from a folder
	Replace string   `json:"replace,omitempty"` // the fork or folder that the host has in its place
	Plugin  string   `json:"plugin"`            // the version that the plugin's requirements ask for, "" if they name none
	Newer   []string `json:"newer"`             // newer versions that are known and that the plugin may not use, the newest last
}

// maxVersions bounds how many newer versions of a module are told: the newest ones.
const maxVersions = 50

// sharedModules lists the modules, of those that the plugin's packages come from,
// that the host has too.
func (r *run) sharedModules(src Source, modules []string) []Shared {
	list := []Shared{}
	asked := map[string]string{}
	if p, err := newPlanner(r.facts.Host, src, r.opts); err == nil {
		for _, m := range modules {
			asked[m] = p.asked(m)
		}
	}
	slices.Sort(modules)
	for _, path := range slices.Compact(modules) {
		m := r.facts.modules[path]
		if m == nil {
			continue
		}
		s := Shared{Module: path, Plugin: asked[path], Newer: []string{}}
		if v, ok := r.facts.pinned(path); ok {
			s.Host = v
		}
		if re := m.Replace; re != nil {
			s.Replace = strings.TrimSpace(re.Path + " " + versionOrNone(re.Version))
		}
		list = append(list, s)
	}
	return list
}

func versionOrNone(v string) string {
	if isVersion(v) {
		return v
	}
	return ""
}

// asked gives the version of a module of the host's that the plugin's own
// requirements reach, "" if they name none.
func (p *planner) asked(path string) string {
	own := required(p.modFile, path)
	if asked := p.src.Isolated.asked(path); asked != "" {
		own = asked
	}
	want, ok := p.host.pinned(path)
	if !ok {
		return own
	}
	for _, v := range p.src.Raised {
		if v.Path == path && semver.Compare(v.Version, want) > 0 && semver.Compare(v.Version, own) > 0 {
			own = v.Version
		}
	}
	return own
}

// builtModules lists the modules that a plugin was really built from.
func builtModules(a *attempt) []string {
	bin := a.plugin.Binary
	if bin == nil {
		return nil
	}
	list := []string{bin.Main.Path}
	for _, m := range bin.Deps {
		list = append(list, m.Path)
	}
	return list
}

// addNewer adds the newer versions that are known: to the module proxy, if the user
// asks for that, else to the module cache, which says what was looked at before.
func (r *run) addNewer(ctx context.Context, src Source, list []Shared) (warnings []string, err error) {
	known := map[string][]string{}
	if r.opts.Newer {
		if known, warnings, err = r.askVersions(ctx, src, list); err != nil {
			return nil, err
		}
	} else {
		for _, s := range list {
			known[s.Module] = cachedVersions(src.Go.ModCache, s.Module)
		}
	}
	for i, s := range list {
		list[i].Newer = newer(s.Host, append(known[s.Module], s.Plugin))
	}
	return warnings, nil
}

// newer picks and sorts the versions above one: releases, and others only where that
// is none itself.
func newer(than string, versions []string) []string {
	list := []string{}
	for _, v := range versions {
		switch {
		case than == "" || !isVersion(v) || module.CanonicalVersion(v) != v || semver.Compare(v, than) <= 0:
		case module.IsPseudoVersion(v) && !module.IsPseudoVersion(than):
		case semver.Prerelease(v) != "" && semver.Prerelease(than) == "":
		case semver.Build(v) != semver.Build(than): // +incompatible
		default:
			list = append(list, v)
		}
	}
	semver.Sort(list)
	list = slices.Compact(list)
	return list[max(0, len(list)-maxVersions):]
}

// cachedVersions gives the versions of a module that the module cache knows of.
func cachedVersions(cache, path string) []string {
	escaped, err := module.EscapePath(path)
	if err != nil {
		return nil
	}
	dir := filepath.Join(cache, "cache", "download", filepath.FromSlash(escaped), "@v")
	data, _ := readOptional(filepath.Join(dir, "list"))
	list := strings.Fields(string(data))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return list
	}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".mod"); ok {
			if v, err := module.UnescapeVersion(name); err == nil {
				list = append(list, v)
			}
		}
	}
	return list
}

// askVersions asks the module proxy, by the user's settings, which versions there
// are. What it does not say of a module is a warning.
func (r *run) askVersions(ctx context.Context, src Source, list []Shared) (known map[string][]string, warnings []string, err error) {
	known = map[string][]string{}
	args := []string{"list", "-m", "-e", "-versions", "-json=Path,Versions,Error"}
	for _, s := range list {
		if s.Host != "" {
			args = append(args, s.Module)
		}
	}
	if len(list) == 0 || args[len(args)-1][0] == '-' {
		return known, nil, nil
	}
	c := goCommand{path: src.Go.Command, dir: r.work.path, args: args,
		env: setEnv(r.opts.Env, "GOFLAGS=-mod=mod", "GOWORK=off", "GO111MODULE=on", "GOTMPDIR="+r.work.path, "TMPDIR="+r.work.path)}
	out, _, err := c.run(ctx, r.opts.Progress)
	if err != nil {
		return nil, nil, err
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var m struct {
			Path     string
			Versions []string
			Error    *struct{ Err string }
		}
		if err := dec.Decode(&m); errors.Is(err, io.EOF) {
			return known, warnings, nil
		} else if err != nil {
			return nil, nil, fmt.Errorf("read what go list printed: %w", err)
		}
		if m.Error != nil {
			warnings = append(warnings, fmt.Sprintf("which versions of %s there are is not known: %s", m.Path, m.Error.Err))
		}
		known[m.Path] = m.Versions
	}
}

// report adds to a plan what it shares with the host.
func (r *run) report(ctx context.Context, src Source, plan *Plan, modules []string) error {
	plan.Shared = r.sharedModules(src, modules)
	warnings, err := r.addNewer(ctx, src, plan.Shared)
	if err != nil && ctx.Err() == nil {
		warnings, err = append(warnings, fmt.Sprintf("which newer versions there are is not known: %v", err)), nil
	}
	plan.Warnings = append(plan.Warnings, warnings...)
	return err
}
