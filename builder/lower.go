package builder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// maxLowered bounds how many modules that the host does not have are taken at older
// versions than the plugin asks for, so that they compile against the host's.
const maxLowered = 16

var (
	// needsNewer is what the go command says of a module whose go line is newer than it.
	needsNewer = lazily(`(\S+)@(v\S+?):? requires go >= \S+ \(running go `)
	// failedPackage heads the compiler's words on a package.
	failedPackage = lazily(`(?m)^# (\S+)`)
	// inFile is a place in a file, as the go command says it.
	inFile = lazily(`(?m)^(\S.*\.go):[0-9]+:[0-9]+: `)
)

// lower looks, after a build failed, for modules that only the plugin has and that do
// not go together with the host's versions, or its Go: a package that these lack is
// imported, something does not compile, or the go line is too new. It notes the newest
// older version of each whose go.mod asks for no more than the host has, and says
// whether trying again with that may help.
func (r *run) lower(ctx context.Context, src *Source, l Layout, err error) bool {
	if l.Vendor || ctx.Err() != nil || len(src.Lowered) >= maxLowered {
		return false
	}
	changed := false
	var suspects []module.Version
	if lacking, ok := errors.AsType[*LackingError](err); ok {
		suspects = lacking.Importers
	} else if goErr, ok := errors.AsType[*GoError](err); ok {
		for _, m := range needsNewer().FindAllStringSubmatch(goErr.Output, -1) {
			v := module.Version{Path: m[1], Version: m[2]}
			if want, ok := r.wanted(src, v.Path); ok && semver.Compare(v.Version, want) > 0 {
				changed = changed || !slices.Contains(src.Raised, v)
				src.Raised = slices.Clone(src.Raised)
				src.raise(v)
			} else if !ok {
				suspects = append(suspects, v)
			}
		}
		if strings.Contains(goErr.Output, "go: finding module for package ") {
			suspects = append(suspects, r.importers(src, goErr.Output)...)
		}
		if compileFailed(err) {
			suspects = append(suspects, r.failedModules(ctx, *src, l, goErr.Output)...)
		}
	}
	for _, m := range suspects {
		if v := r.fitting(ctx, src, m); v != "" {
			r.progress("%s %s asks for more than the host has; trying %s", m.Path, m.Version, v)
			if src.Lowered = maps.Clone(src.Lowered); src.Lowered == nil {
				src.Lowered = map[string]string{}
			}
			src.Lowered[m.Path], changed = v, true
		}
	}
	if changed {
		src.Incomplete, src.Graph, src.Resolved = true, nil, nil
	}
	return changed
}

// wanted gives the version that a module must have in the plugin's build: the host's,
// or that of a module which had to be lowered.
func (r *run) wanted(src *Source, path string) (version string, ok bool) {
	if v, ok := r.facts.pinned(path); ok {
		return v, true
	}
	v, ok := src.Lowered[path]
	return v, ok
}

// failedModules gives the modules, but for the plugin's own and the host's, that the
// packages are of which did not compile.
func (r *run) failedModules(ctx context.Context, src Source, l Layout, output string) []module.Version {
	own := modfile.ModulePath(src.ModFile.Content)
	failed := map[string]bool{}
	for _, m := range failedPackage().FindAllStringSubmatch(output, -1) {
		if m[1] != own && !strings.HasPrefix(m[1], own+"/") {
			failed[m[1]] = true
		}
	}
	if len(failed) == 0 || src.Graph == nil && r.resolve(ctx, &src, l) != nil {
		return nil
	}
	return r.foreign(src.Graph, func(pkg Package) bool { return failed[pkg.ImportPath] })
}

// importers gives the modules of the module cache, but for the host's, in whose files
// the go command found imports that nothing provides.
func (r *run) importers(src *Source, output string) []module.Version {
	var list []module.Version
	for _, m := range inFile().FindAllStringSubmatch(output, -1) {
		rel, err := filepath.Rel(src.Go.ModCache, within(src.Dir, m[1]))
		path, rest, found := strings.Cut(filepath.ToSlash(rel), "@")
		if err != nil || !found || !filepath.IsLocal(rel) {
			continue
		}
		escaped, _, _ := strings.Cut(rest, "/")
		version, versionErr := module.UnescapeVersion(escaped)
		path, err = module.UnescapePath(path)
		if v := (module.Version{Path: path, Version: version}); err == nil && versionErr == nil && r.facts.modules[path] == nil && !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

// foreign lists the modules of the packages for which is says so, as far as the host
// does not have them and they come from a module proxy.
func (r *run) foreign(graph []Package, is func(Package) bool) []module.Version {
	var list []module.Version
	for _, pkg := range graph {
		m := pkg.Module
		if m == nil || m.Main || m.Version == "" || m.Replace != nil || r.facts.modules[m.Path] != nil || !is(pkg) {
			continue
		}
		if v := (module.Version{Path: m.Path, Version: m.Version}); !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

// fitting finds the newest version of a module, older than the one given, whose go.mod
// asks for nothing above the host's versions; "" where the given one fits so far, or
// none does. Later versions are taken to ask for more than earlier ones.
func (r *run) fitting(ctx context.Context, src *Source, mod module.Version) string {
	dir, err := os.MkdirTemp(r.work.path, "versions")
	if err != nil || os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module versions\n\ngo 1.21\n"), 0o600) != nil {
		return ""
	}
	ask := func(args ...string) (answer struct {
		Versions []string
		GoMod    string
	}, err error) {
		c := goCommand{path: src.Go.Command, dir: dir, args: append([]string{"list", "-m", "-json"}, args...), env: setEnv(r.opts.Env,
			"GOWORK=off", "GOFLAGS=-mod=mod", "GO111MODULE=on", "GOTOOLCHAIN=local", "GOTMPDIR="+r.work.path, "TMPDIR="+r.work.path)}
		out, _, err := c.run(ctx, nil)
		if err == nil {
			err = json.Unmarshal(out, &answer)
		}
		return answer, err
	}
	fits := func(v string) bool {
		a, err := ask(mod.Path + "@" + v)
		if err != nil || a.GoMod == "" {
			return false
		}
		content, err := readRegular(a.GoMod)
		return err == nil && r.fitsHost(content)
	}
	if fits(mod.Version) {
		return ""
	}
	a, err := ask("-versions", mod.Path)
	if err != nil {
		return ""
	}
	older := slices.DeleteFunc(a.Versions, func(v string) bool {
		return semver.Compare(v, mod.Version) >= 0 || semver.Prerelease(v) != "" && semver.Prerelease(mod.Version) == ""
	})
	semver.Sort(older)
	low, high := 0, len(older) // older[:low] fit, older[high:] do not
	for low < high {
		if mid := (low + high) / 2; fits(older[mid]) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low == 0 {
		return ""
	}
	return older[low-1]
}

// fitsHost says whether a go.mod asks for nothing above the host's versions and Go.
func (r *run) fitsHost(content []byte) bool {
	f, err := modfile.ParseLax("go.mod", content, nil)
	if err != nil {
		return false
	}
	release, _ := goRelease(r.facts.Binary.GoVersion)
	if f.Go != nil && version.IsValid(release) && version.Compare("go"+f.Go.Version, release) > 0 {
		return false
	}
	return !slices.ContainsFunc(f.Require, func(req *modfile.Require) bool {
		want, ok := r.facts.pinned(req.Mod.Path)
		return ok && semver.Compare(req.Mod.Version, want) > 0
	})
}

// loweredWarnings says which modules had to be taken at older versions.
func (p *planner) loweredWarnings() []string {
	var list []string
	for _, path := range slices.Sorted(maps.Keys(p.src.Lowered)) {
		asked := required(p.modFile, path)
		if asked != "" {
			asked = " " + asked
		}
		list = append(list, fmt.Sprintf("%s%s does not go together with the modules or the Go of the host, which does not have it itself: taken at %s (go get %s@%s)", path, asked, p.src.Lowered[path], path, p.src.Lowered[path]))
	}
	return list
}
