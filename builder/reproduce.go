package builder

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// noVCS keeps the state of the plugin's repository out of its bytes: a copy of the
// source without its repository, or beside an untracked file such as the last build's
// output, would give others. It stands in the provenance instead. A repository of
// another user's would also end the build (git: dubious ownership).
const noVCS = "-buildvcs=false"

// lastGcflags gives one more -gcflags argument, to stand behind those that rewrite
// folders. Of several arguments the go command records the last in the plugin
// (cmd/go/internal/load, PerPackageFlag.set), and the others name folders of this
// machine. It is for the packages named on the command line, the plugin's main package
// alone, which has the same flags without it.
func (p *planner) lastGcflags(list []pkgFlags) (string, error) {
	return pkgFlags{flags: gcflagsFor(list, p.src.Path, false)}.argument()
}

// Reproducible says on what a plugin's bytes depend besides its source, the host, and
// the programs that build. Where that is nothing, whoever builds gets the same bytes.
type Reproducible struct {
	AnyFolder bool     `json:"anyFolder"` // nothing of the kind is in the plugin
	Folders   []Folder `json:"folders"`   // which have to be the same
	Checked   bool     `json:"checked"`   // built a second time, in another folder, it was the same
}

// String says it in a line.
func (r *Reproducible) String() string {
	if r.Checked {
		return "the same bytes when built again in another folder, without a cache"
	}
	if r.AnyFolder {
		return "the same bytes in any folder and for any user"
	}
	var folders []string
	for _, f := range r.Folders {
		folders = append(folders, f.Folder)
	}
	return "the same bytes where these folders are the same: " + strings.Join(folders, ", ")
}

// A Folder is one of this machine that a plugin's bytes depend on.
type Folder struct {
	Folder string `json:"folder"`
	Why    string `json:"why"`
}

// reproducible finds out what a plugin that was built depends on. The go command
// records folders where it is not told -trimpath, which the host decides; build
// information holds absolute paths that the user gave.
func (r *run) reproducible(a *attempt, bin *inspector.Binary) *Reproducible {
	out := &Reproducible{Folders: []Folder{}}
	add := func(folder, why string, args ...any) {
		if folder != "" && !slices.ContainsFunc(out.Folders, func(f Folder) bool { return f.Folder == folder }) {
			out.Folders = append(out.Folders, Folder{folder, fmt.Sprintf(why, args...)})
		}
	}
	if !r.facts.Binary.Trimmed() {
		const why = "the host was built without -trimpath, so that the plugin records where %s"
		add(a.src.Dir, why, "its own packages lie")
		add(a.src.Go.Root, why, "the standard library lies")
		for _, m := range bin.Deps {
			switch {
			case r.facts.modules[m.Path] != nil: // recorded where the host had it
			case isVersion(m.Version) && m.Replace == nil || m.Replace != nil && isVersion(m.Replace.Version):
				add(a.src.Go.ModCache, why, "modules such as "+m.Path+" lie")
			default:
				add((&Built{src: a.src}).moduleDir(m), why, m.Path+" lies")
			}
		}
	}
	for _, m := range bin.Deps {
		if m.Replace != nil && filepath.IsAbs(m.Replace.Path) {
			add(m.Replace.Path, "build information names it as the replacement of %s", m.Path)
		}
	}
	b := &Built{src: a.src, opts: r.opts}
	for _, s := range bin.Settings {
		for _, own := range b.ownFolders() {
			if replaceFolder(s.Value, own[0], "") != s.Value {
				add(own[0], "the setting %s in build information names it", s.Key)
			}
		}
	}
	if bin.Setting("vcs.revision") != "" {
		add(a.src.Dir, "-buildvcs records the state of its repository")
	}
	out.AnyFolder = len(out.Folders) == 0
	return out
}
