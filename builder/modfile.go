package builder

import (
	"bytes"
	"fmt"
	"go/version"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// Pin is a module that the plugin must take at another version than it asks for.
type Pin struct {
	Module string `json:"module"`
	Plugin string `json:"plugin"` // the version that the plugin asks for
	Host   string `json:"host"`   // the version that the host has
}

// lowered says that the plugin gets an older version than it asks for.
func (p Pin) lowered() bool { return semver.Compare(p.Plugin, p.Host) > 0 }

// aligner rewrites go.mod files so that shared modules come at the host's version.
type aligner struct {
	host     *hostFacts
	release  string            // the host's Go release, as in go1.26.8
	released bool              // take shared modules from where the host took them, not from the plugin's folders
	use      map[string]string // folders for modules, by module
	members  []string          // modules that are members of the workspace, whatever replaces them
	raised   []module.Version
	lowered  map[string]string // versions of modules that the host does not have, by module
	warnings []string
}

// align rewrites one go.mod file; changed is false where it holds already.
// Extra are modules that the file does not require and the build needs.
func (a *aligner) align(file string, data []byte, extra []string) (out []byte, changed bool, err error) {
	f, err := modfile.Parse(file, data, nil)
	if err != nil {
		return nil, false, err
	}
	before := bytes.Clone(modfile.Format(f.Syntax))
	if err := a.lowerGo(f); err != nil {
		return nil, false, err
	}
	for _, path := range a.shared(f, extra) {
		if err := a.alignModule(f, path); err != nil {
			return nil, false, err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(a.lowered)) {
		if required(f, path) != "" || extra != nil { // extra is of the plugin's own module
			if err := f.AddRequire(path, a.lowered[path]); err != nil {
				return nil, false, err
			}
		}
	}
	if err := a.replaceFolders(f); err != nil {
		return nil, false, err
	}
	for _, v := range a.raised {
		if err := f.AddExclude(v.Path, v.Version); err != nil {
			return nil, false, err
		}
		if required(f, v.Path) == v.Version { // the go command would refuse to build
			if err := f.DropRequire(v.Path); err != nil {
				return nil, false, err
			}
		}
	}
	f.Cleanup()
	out = modfile.Format(f.Syntax)
	return out, !bytes.Equal(before, out), nil
}

// shared lists the modules that the go.mod file requires and the host pins.
func (a *aligner) shared(f *modfile.File, extra []string) []string {
	var paths []string
	for _, r := range f.Require {
		if _, ok := a.host.pinned(r.Mod.Path); ok {
			paths = append(paths, r.Mod.Path)
		}
	}
	for _, path := range extra {
		if _, ok := a.host.pinned(path); ok && !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// alignModule requires the host's version of a module, and the replacement that
// the host has for it.
func (a *aligner) alignModule(f *modfile.File, path string) error {
	if f.Module != nil && f.Module.Mod.Path == path {
		return nil
	}
	want, _ := a.host.pinned(path)
	if required(f, path) != want {
		if err := f.AddRequire(path, want); err != nil {
			return err
		}
	}
	for _, e := range slices.Clone(f.Exclude) {
		if e.Mod.Path == path && e.Mod.Version == want {
			a.warn("the plugin's go.mod excludes %s %s, which the host has; the exclusion is left out for this build", path, want)
			if err := f.DropExclude(path, want); err != nil {
				return err
			}
		}
	}
	return a.alignReplace(f, path, want)
}

// alignReplace sees to the replacement: the host's fork wins over what the
// plugin says; the plugin's own folder stays unless a.released.
func (a *aligner) alignReplace(f *modfile.File, path, want string) error {
	var own *modfile.Replace
	for _, r := range f.Replace {
		if r.Old.Path == path && (own == nil || r.Old.Version == want) {
			own = r
		}
	}
	hostReplace := a.host.modules[path].Replace
	if hostReplace != nil && isVersion(hostReplace.Version) {
		if own != nil && own.New.Path == hostReplace.Path && own.New.Version == hostReplace.Version && (own.Old.Version == "" || own.Old.Version == want) {
			return nil
		}
		if err := dropReplaces(f, path); err != nil {
			return err
		}
		return f.AddReplace(path, want, hostReplace.Path, hostReplace.Version)
	}
	if own == nil {
		return nil
	}
	if own.New.Version == "" && (!a.released || hostReplace != nil) {
		if own.Old.Version == "" || own.Old.Version == want {
			return nil
		}
		to := own.New.Path
		if err := dropReplaces(f, path); err != nil {
			return err
		}
		return f.AddReplace(path, "", to, "")
	}
	a.warn("the plugin's go.mod replaces %s by %s, and the host takes it at %s; the replacement is left out for this build", path, strings.TrimSpace(own.New.Path+" "+own.New.Version), want)
	return dropReplaces(f, path)
}

// replaceFolders makes modules come from the folders that were given for them.
// What replaces members of the workspace, or modules that its go.work replaces, is
// of no use.
func (a *aligner) replaceFolders(f *modfile.File) error {
	for _, path := range a.members {
		if err := dropReplaces(f, path); err != nil {
			return err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(a.use)) {
		if f.Module != nil && f.Module.Mod.Path == path {
			continue
		}
		if err := dropReplaces(f, path); err != nil {
			return err
		}
		if err := f.AddReplace(path, "", a.use[path], ""); err != nil {
			return err
		}
		if path == a.host.Binary.Main.Path && required(f, path) == "" {
			want, pinned := a.host.pinned(path)
			if !pinned {
				want = anyVersion(path)
			}
			if err := f.AddRequire(path, want); err != nil {
				return err
			}
		}
	}
	return nil
}

// anyVersion gives a version that a module of that path may have.
func anyVersion(path string) string {
	if _, major, ok := module.SplitPathVersion(path); ok && major != "" {
		return module.PathMajorPrefix(major) + ".0.0"
	}
	return "v0.0.0"
}

// lowerGo takes a go.mod back to the language of the host's Go, where it asks
// for a newer one, and leaves out the directives that the older go command does
// not know.
func (a *aligner) lowerGo(f *modfile.File) error {
	if f.Go == nil || !version.IsValid(a.release) || version.Compare("go"+f.Go.Version, a.release) <= 0 {
		return nil
	}
	const perIteration = "go1.22" // from here on a for loop's variables are new in each iteration
	if version.Compare(a.release, perIteration) < 0 {
		return &ToolchainError{Want: a.release, Have: "go" + f.Go.Version + " (the plugin's go.mod)",
			Reason: "before go1.22 loop variables mean something else, so this source cannot be built as the host's Go",
			Hint:   "lower the go line: go mod edit -go=" + strings.TrimPrefix(version.Lang(a.release), "go")}
	}
	a.warn("the plugin's go.mod asks for go %s, and the host has %s; built as %s", f.Go.Version, a.release, a.release)
	if err := f.AddGoStmt(strings.TrimPrefix(a.release, "go")); err != nil {
		return err
	}
	f.DropToolchainStmt()
	for _, g := range slices.Clone(f.Godebug) {
		if err := f.DropGodebug(g.Key); err != nil {
			return err
		}
	}
	for _, t := range slices.Clone(f.Tool) {
		if err := f.DropTool(t.Path); err != nil {
			return err
		}
	}
	for _, i := range slices.Clone(f.Ignore) {
		if err := f.DropIgnore(i.Path); err != nil {
			return err
		}
	}
	return nil
}

func (a *aligner) warn(format string, args ...any) {
	if msg := fmt.Sprintf(format, args...); !slices.Contains(a.warnings, msg) {
		a.warnings = append(a.warnings, msg)
	}
}

// required gives the version that a go.mod file requires of a module, "" if none.
func required(f *modfile.File, path string) string {
	for _, r := range f.Require {
		if r.Mod.Path == path {
			return r.Mod.Version
		}
	}
	return ""
}

func dropReplaces(f *modfile.File, path string) error {
	for _, r := range slices.Clone(f.Replace) {
		if r.Old.Path == path {
			if err := f.DropReplace(r.Old.Path, r.Old.Version); err != nil {
				return err
			}
		}
	}
	return nil
}

// replacement gives what a go.mod file replaces a module by: a folder
// (absolute, if it is not, relative to dir), or another module and version.
func replacement(f *modfile.File, dir, path, vers string) (folder string, mod module.Version) {
	var found *modfile.Replace
	for _, r := range f.Replace {
		if r.Old.Path == path && (r.Old.Version == vers || r.Old.Version == "" && found == nil) {
			found = r
		}
	}
	switch {
	case found == nil:
		return "", module.Version{}
	case found.New.Version != "":
		return "", found.New
	case filepath.IsAbs(found.New.Path):
		return filepath.Clean(found.New.Path), module.Version{}
	}
	return filepath.Join(dir, found.New.Path), module.Version{}
}
