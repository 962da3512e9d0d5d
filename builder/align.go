package builder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/version"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// alignedFiles are the go.mod files of a build, aligned with the host.
type alignedFiles struct {
	members  []alignedMember   // the plugin's module first
	replaced map[string]string // folders that the workspace replaces modules by
	stands   []standIn         // versions that members of the workspace stand for
	changed  bool
	warnings []string
}

// A standIn is a folder that stands for a version of a module.
type standIn struct {
	version module.Version
	dir     string
}

type alignedMember struct {
	dir     string
	name    string
	file    *modfile.File
	content []byte
	changed bool
}

// unpruned says that the go.mod file does not name all modules that the build
// needs.
func (m alignedMember) unpruned() bool {
	return m.file.Go == nil || version.Compare("go"+m.file.Go.Version, "go1.17") < 0
}

// goVersion gives the newest go line of the members.
func (a *alignedFiles) goVersion() string {
	newest := "1.18" // the first go command that knows workspaces
	for _, m := range a.members {
		if m.file.Go != nil && version.Compare("go"+m.file.Go.Version, "go"+newest) > 0 {
			newest = m.file.Go.Version
		}
	}
	return newest
}

// aligned computes the go.mod files of the build for a layout.
func (p *planner) aligned(l Layout) (*alignedFiles, error) {
	release, _ := goRelease(p.host.Binary.GoVersion)
	work := l.Name == Workspace || p.src.Work != nil
	al := &aligner{host: p.host, release: release, released: l.Released, raised: p.src.Raised, lowered: p.src.Lowered, use: map[string]string{}}
	out := &alignedFiles{replaced: map[string]string{}}
	members := p.ownMembers()
	folders := p.folders(l)
	for _, path := range slices.Sorted(maps.Keys(folders)) {
		dir := folders[path]
		switch {
		case !work:
			al.use[path] = dir
		case !p.isMember(path):
			out.replaced[path] = dir
		case !slices.ContainsFunc(members, func(m Member) bool {
			return m.Dir == dir || m.Dir == p.src.root() && modulePath(m.ModFile.Content) == path
		}):
			out.changed = true
			members = slices.DeleteFunc(members, func(m Member) bool { return modulePath(m.ModFile.Content) == path })
			members = append(members, Member{Dir: dir, ModFile: p.src.Folders[dir]})
			al.members = append(al.members, path)
		}
	}
	if l.Name == Workspace {
		members = append(members, p.workspaceMembers(members)...)
	}
	if p.src.Resolved != nil && !work {
		// That is a go.mod which was aligned before: what had to be changed in the
		// author's own is told all the same.
		if _, _, err := al.align(p.src.ModFile.Name, p.src.ModFile.Content, nil); err != nil {
			return nil, err
		}
		members[0].ModFile.Content = p.src.Resolved.ModFile
	}
	for i, m := range members {
		var extra []string
		if i == 0 {
			extra = append(append([]string{}, p.graphModules()...), p.src.Missing...)
		} else {
			al.raised = nil
		}
		content, changed, err := al.align(m.ModFile.Name, m.ModFile.Content, extra)
		if err != nil {
			return nil, err
		}
		file, err := modfile.Parse(m.ModFile.Name, content, nil)
		if err != nil {
			return nil, err
		}
		out.members = append(out.members, alignedMember{dir: m.Dir, name: m.ModFile.Name, file: file, content: content, changed: changed})
		out.changed = out.changed || changed
	}
	if v := p.newerWork(); v != "" {
		al.warn("%s asks for go %s, and the host has %s; built as %s", p.src.Work.File.Name, v, release, release)
	}
	out.warnings = append(al.warnings, p.missingWarnings(out)...)
	out.warnings = append(out.warnings, p.loweredWarnings()...)
	out.membersFor(al.members)
	return out, nil
}

// ownMembers gives the plugin's module, and the others of its workspace.
func (p *planner) ownMembers() []Member {
	members := []Member{{Dir: p.src.root(), ModFile: p.src.ModFile}}
	if p.src.Work != nil {
		for _, m := range p.src.Work.Members {
			if m.Dir != p.src.Dir {
				members = append(members, m)
			}
		}
	}
	return members
}

// membersFor has the versions at which modules require given members of the
// workspace come from the members' folders too: the go command reads their go.mod
// files, and nobody may have published them.
func (a *alignedFiles) membersFor(paths []string) {
	for _, given := range a.members {
		if given.file.Module == nil || !slices.Contains(paths, given.file.Module.Mod.Path) {
			continue
		}
		path := given.file.Module.Mod.Path
		for _, m := range a.members {
			if v := required(m.file, path); v != "" {
				a.stands = append(a.stands, standIn{module.Version{Path: path, Version: v}, given.dir})
			}
		}
	}
}

// folders gives the folders that were given or found for modules of the host's,
// by module.
func (p *planner) folders(l Layout) map[string]string {
	folders := map[string]string{}
	if !l.Released || required(p.modFile, p.host.Binary.Main.Path) == "" {
		maps.Copy(folders, p.src.Borrowed)
	}
	for path, dir := range p.src.Given {
		// What the host took from a module proxy comes from there in the end.
		if m := p.host.modules[path]; l.Released && m.Sum != "" && m.Replace == nil {
			continue
		}
		folders[path] = dir
	}
	return folders
}

// isMember says whether a module is to be a member of a workspace, where there
// is one: the host's own module and the members of its workspace, which are recorded
// without a version.
func (p *planner) isMember(path string) bool {
	m := p.host.modules[path]
	_, pinned := p.host.pinned(path)
	return !pinned && m.Replace == nil
}

// workspaceMembers finds the folders that the plugin takes modules of the host
// from, as further members of a workspace.
func (p *planner) workspaceMembers(have []Member) []Member {
	var list []Member
	for _, r := range p.modFile.Require {
		folder, _ := replacement(p.modFile, p.src.Dir, r.Mod.Path, r.Mod.Version)
		if folder == "" || p.host.roots[r.Mod.Path] != r.Mod.Path || p.src.Folders[folder].Content == nil {
			continue
		}
		if slices.ContainsFunc(have, func(m Member) bool { return m.Dir == folder || modulePath(m.ModFile.Content) == r.Mod.Path }) {
			continue
		}
		list = append(list, Member{Dir: folder, ModFile: p.src.Folders[folder]})
	}
	return list
}

// graphModules lists the modules, other than main ones, that the plugin is
// really built from.
func (p *planner) graphModules() []string {
	paths := map[string]bool{}
	for _, pkg := range p.src.Graph {
		if pkg.Module != nil && pkg.Module.Version != "" {
			paths[pkg.Module.Path] = true
		}
	}
	return slices.Sorted(maps.Keys(paths))
}

// pins lists the modules that the plugin gets at another version than its own
// requirements ask for.
func (p *planner) pins(a *alignedFiles) []Pin {
	pins := []Pin{}
	for _, r := range a.members[0].file.Require {
		own := p.asked(r.Mod.Path)
		if want, ok := p.host.pinned(r.Mod.Path); ok && own != "" && own != want {
			pins = append(pins, Pin{Module: r.Mod.Path, Plugin: own, Host: want})
		}
	}
	slices.SortFunc(pins, func(a, b Pin) int { return strings.Compare(a.Module, b.Module) })
	return pins
}

// modulePath gives the path that a go.mod file's module line names.
func modulePath(content []byte) string { return modfile.ModulePath(content) }

// sumLines writes go.sum lines for what the module cache holds of the pinned
// modules, where that is what the host was built from.
func (p *planner) sumLines(a *alignedFiles) string {
	var lines strings.Builder
	for _, r := range a.members[0].file.Require {
		mod, sum := p.host.sum(r.Mod.Path)
		cached, ok := p.src.Sums[mod]
		if !ok || sum == "" || cached.Zip != sum {
			continue
		}
		fmt.Fprintf(&lines, "%s %s %s\n%s %s/go.mod %s\n", mod.Path, mod.Version, cached.Zip, mod.Path, mod.Version, cached.GoMod)
	}
	return lines.String()
}

// workFile writes a go.work file over the members, with the replacements of the
// user's own made absolute.
func (p *planner) workFile(a *alignedFiles) ([]byte, error) {
	f := &modfile.WorkFile{Syntax: &modfile.FileSyntax{Name: "go.work"}}
	if err := f.AddGoStmt(a.goVersion()); err != nil {
		return nil, err
	}
	for _, m := range a.members {
		if err := f.AddUse(m.dir, ""); err != nil {
			return nil, err
		}
	}
	if p.src.Work != nil {
		own, err := modfile.ParseWork(p.src.Work.File.Name, p.src.Work.File.Content, nil)
		if err != nil {
			return nil, err
		}
		for _, r := range own.Replace {
			if a.replaced[r.Old.Path] != "" {
				continue
			}
			to := r.New.Path
			if r.New.Version == "" && !filepath.IsAbs(to) {
				to = filepath.Join(filepath.Dir(p.src.Work.File.Name), to)
			}
			if err := f.AddReplace(r.Old.Path, r.Old.Version, to, r.New.Version); err != nil {
				return nil, err
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(a.replaced)) {
		if err := f.AddReplace(path, "", a.replaced[path], ""); err != nil {
			return nil, err
		}
	}
	for _, s := range a.stands {
		if err := f.AddReplace(s.version.Path, s.version.Version, s.dir, ""); err != nil {
			return nil, err
		}
	}
	f.SortBlocks()
	f.Cleanup()
	return bytes.ReplaceAll(modfile.Format(f.Syntax), []byte(`\x00work\x00`), []byte(workMark)), nil
}

// newerWork gives the go line of the author's workspace where it asks for a newer Go
// than the host's, which refuses to build there; "" where it does not.
func (p *planner) newerWork() string {
	if p.src.Work == nil {
		return ""
	}
	f, err := modfile.ParseWork(p.src.Work.File.Name, p.src.Work.File.Content, nil)
	release, _ := goRelease(p.host.Binary.GoVersion)
	if err != nil || f.Go == nil || !version.IsValid(release) || version.Compare("go"+f.Go.Version, release) <= 0 {
		return ""
	}
	return f.Go.Version
}

// overlayFile writes the file that go build's -overlay reads.
func overlayFile(replace map[string]string) ([]byte, error) {
	data, err := json.MarshalIndent(struct{ Replace map[string]string }{replace}, "", "\t")
	if err != nil {
		return nil, err
	}
	// JSON writes the mark's zero bytes escaped.
	return bytes.ReplaceAll(data, []byte(`\u0000work\u0000`), []byte(workMark)), nil
}

// withLines appends lines that the content does not have yet.
func withLines(content []byte, lines string) []byte {
	have := map[string]bool{}
	for line := range strings.Lines(string(content)) {
		have[strings.TrimSpace(line)] = true
	}
	out := bytes.Clone(content)
	if len(out) > 0 && out[len(out)-1] != '\n' {
		out = append(out, '\n')
	}
	for line := range strings.Lines(lines) {
		if !have[strings.TrimSpace(line)] {
			out = append(out, line...)
		}
	}
	return out
}
