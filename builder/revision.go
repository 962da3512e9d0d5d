package builder

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"

	"github.com/plugtool/plugtool/inspector"
)

// A Checkout is a clone that holds modules of the host's, and how it compares with
// the revision that the host was built from.
type Checkout struct {
	Folder   string   `json:"folder"`           // the top of its working tree
	Head     string   `json:"head,omitempty"`   // the revision that is checked out; "" where that is not known
	Revision string   `json:"revision"`         // the host's
	Modified bool     `json:"modified"`         // the host was built with uncommitted changes
	Taken    []string `json:"taken"`            // files that were taken from Revision, or left out as it has none of them; paths from Folder
	Reason   string   `json:"reason,omitempty"` // why none could be taken
}

// keptFor is how long files of a revision that no build used stay in the cache.
const keptFor = 30 * 24 * time.Hour

// hostRevision gives the revision of the host's own module that its build
// information records, and whether there were uncommitted changes.
func hostRevision(b *inspector.Binary) (revision string, modified bool) {
	if b.Setting("vcs") != "git" {
		return "", false
	}
	if revision = b.Setting("vcs.revision"); !revisionPattern().MatchString(revision) {
		return "", false
	}
	return revision, b.Setting("vcs.modified") == "true"
}

// told says in a sentence what was taken from the revision.
func (c *Checkout) told(module string) string {
	state := "has changes over"
	if c.Head != c.Revision {
		state = "is at revision " + shortRevision(c.Head) + ", not at"
	}
	const most = 5
	files := strings.Join(c.Taken[:min(most, len(c.Taken))], ", ")
	if more := len(c.Taken) - most; more > 0 {
		files += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("the clone %s %s %s, which the host was built from: %s is built as it was there (%s)", c.Folder, state, shortRevision(c.Revision), module, files)
}

// shortRevision abbreviates a revision for people.
func shortRevision(id string) string {
	const digits = 12
	if id == "" {
		return "(unknown)"
	}
	return id[:min(digits, len(id))]
}

// findCheckout finds the clone that holds the host's own module.
func (s *Source) findCheckout(f *hostFacts) {
	main := f.Binary.Main.Path
	revision, modified := hostRevision(f.Binary)
	if dir := s.moduleFolder(f, main); revision != "" && main != "" && dir != "" {
		if repo := findRepository(dir); repo != nil {
			s.Checkout = &Checkout{Folder: repo.top, Head: repo.head, Revision: revision, Modified: modified, Taken: []string{}}
		}
	}
}

// moved says that the clone is known to be at another revision than the host's.
func (c *Checkout) moved() bool { return c != nil && c.Head != c.Revision && !c.Modified }

// taken says whether files were taken from the revision.
func (c *Checkout) taken() bool { return c != nil && len(c.Taken) > 0 }

// atRevision has the host's modules that lie in the clone compiled as they were in
// the host's revision, where they differ from it: the files that differ are put
// over those in the working tree, which stays as it is. It gives false where
// nothing differs, or the revision cannot be had.
func (r *run) atRevision(ctx context.Context, src *Source) (bool, error) {
	c := *src.Checkout
	repo := findRepository(c.Folder)
	if repo == nil {
		return false, nil
	}
	dir, err := os.MkdirTemp(r.work.path, "git")
	if err != nil {
		return false, err
	}
	o := &overlaid{run: r, src: src, top: c.Folder, wanted: map[string]string{}, gone: map[string]bool{}}
	err = o.read(ctx, repo, dir, c.Revision)
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil: // the source at hand may do yet
		c.Reason = err.Error()
		src.Checkout = &c
		return false, nil
	case len(o.wanted)+len(o.gone) == 0:
		return false, nil
	}
	c.Taken = o.names()
	src.Checkout = &c
	return true, src.findProfile(r.facts, r.opts)
}

// read compares all of the host's modules with a revision, and puts the files that
// differ into the source's facts.
func (o *overlaid) read(ctx context.Context, repo *repository, dir, revision string) (err error) {
	if o.tree, err = repo.openTree(ctx, o.run.opts.Env, dir, revision); err != nil {
		return err
	}
	for _, mod := range slices.Sorted(maps.Keys(o.run.facts.modules)) {
		if err := o.compare(ctx, mod); err != nil {
			return err
		}
	}
	if len(o.wanted)+len(o.gone) == 0 {
		return nil
	}
	return o.apply(ctx)
}

// overlaid compares folders of the host's modules with a revision.
type overlaid struct {
	run    *run
	src    *Source
	tree   *gitTree
	top    string
	wanted map[string]string // file, as a path from the top, to the name of its content
	gone   map[string]bool   // files that the revision does not have
}

// names lists all files that differ.
func (o *overlaid) names() []string {
	return slices.Sorted(func(yield func(string) bool) {
		for name := range o.wanted {
			if !yield(name) {
				return
			}
		}
		for name := range o.gone {
			if !yield(name) {
				return
			}
		}
	})
}

// compare notes what differs in the folder of one module, if that lies in the
// clone and the host did not take it from a module proxy.
func (o *overlaid) compare(ctx context.Context, mod string) error {
	f := o.run.facts
	if m := f.modules[mod]; m.Sum != "" || m.Replace != nil && m.Replace.Sum != "" {
		return nil
	}
	dir := o.src.moduleFolder(f, mod)
	rel, err := filepath.Rel(o.top, dir)
	if dir == "" || err != nil || !filepath.IsLocal(rel) {
		return nil
	}
	rel = filepath.ToSlash(rel)
	theirs, err := o.tree.files(ctx, rel)
	if err != nil {
		return err
	}
	if theirs[path.Join(rel, "go.mod")] == "" {
		return nil // it was elsewhere in that revision
	}
	own := dir == o.src.Dir
	keep := func(folder string) bool { // the plugin's own, as its author has it
		pkg := path.Join(mod, folder)
		return own && pkg != f.Binary.Path && !o.run.has(pkg)
	}
	for name, id := range theirs {
		sub := strings.TrimPrefix(strings.TrimPrefix(name, rel), "/")
		if rel == "." {
			sub = name
		}
		folder := path.Dir(sub)
		if ignored(sub) || nested(theirs, rel, folder) || keep(folder) || own && sub == "go.mod" {
			continue
		}
		if content, err := readOptional(filepath.Join(dir, filepath.FromSlash(sub))); err != nil || content == nil || blobID(content, len(id)) != id {
			o.wanted[name] = id
		}
	}
	folders := packageFolders(theirs) // a package that the revision lacks is left as it is
	for _, sub := range filesOf(dir) {
		if name := path.Join(rel, sub); theirs[name] == "" && isSource(sub) && folders[path.Dir(name)] && !keep(path.Dir(sub)) {
			o.gone[name] = true
		}
	}
	return nil
}

// has says whether the host has a package.
func (r *run) has(pkg string) bool {
	_, ok, err := r.host.Package(pkg)
	return ok && err == nil
}

// ignored says whether the go command never looks at a module's file.
func ignored(sub string) bool {
	parts := strings.Split(sub, "/")
	name := parts[len(parts)-1]
	return slices.ContainsFunc(parts[:len(parts)-1], passedOver) || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

// nested says whether a folder belongs to a module within the module.
func nested(files map[string]string, module, folder string) bool {
	for ; folder != "."; folder = path.Dir(folder) {
		if files[path.Join(module, folder, "go.mod")] != "" {
			return true
		}
	}
	return false
}

// packageFolders gives the folders in which a revision has Go files.
func packageFolders(files map[string]string) map[string]bool {
	folders := map[string]bool{}
	for name := range files {
		if strings.HasSuffix(name, ".go") {
			folders[path.Dir(name)] = true
		}
	}
	return folders
}

var sourceExtensions = []string{".go", ".s", ".S", ".sx", ".c", ".cc", ".cpp", ".cxx", ".m", ".h", ".hh", ".hpp", ".hxx", ".f", ".F", ".for", ".f90", ".swig", ".swigcxx", ".syso"}

// isSource says whether the go command compiles a file because it is there.
func isSource(name string) bool { return slices.Contains(sourceExtensions, path.Ext(name)) }

// filesOf lists the files of a module's folder that the go command may look at.
func filesOf(dir string) []string {
	var list []string
	_ = filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil || rel == "." {
			return err
		}
		if d.IsDir() {
			if _, err := os.Lstat(filepath.Join(file, "go.mod")); err == nil || passedOver(d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if sub := filepath.ToSlash(rel); !ignored(sub) {
			list = append(list, sub)
		}
		return nil
	})
	return list
}

// apply puts the revision's files over those of the working tree, in the source's
// facts.
func (o *overlaid) apply(ctx context.Context) error {
	ids := slices.Compact(slices.Sorted(maps.Values(o.wanted)))
	var contents map[string][]byte
	if len(ids) > 0 {
		var err error
		if contents, err = o.tree.contents(ctx, ids); err != nil {
			return err
		}
	}
	store := o.run.revisionFolder(o.tree.revision)
	overlay := maps.Clone(o.src.Overlay)
	if overlay == nil {
		overlay = map[string]string{}
	}
	for name := range o.gone {
		overlay[filepath.Join(o.top, filepath.FromSlash(name))] = ""
	}
	mods := map[string][]byte{}
	for name, id := range o.wanted {
		at := filepath.Join(store, filepath.FromSlash(name))
		if err := keep(at, contents[id]); err != nil {
			return err
		}
		file := filepath.Join(o.top, filepath.FromSlash(name))
		if overlay[file] = at; path.Base(name) == "go.mod" {
			mods[file] = contents[id]
		}
	}
	o.src.Overlay = overlay
	o.replaceMods(mods)
	return nil
}

// replaceMods has the facts hold the revision's go.mod files.
func (o *overlaid) replaceMods(mods map[string][]byte) {
	folders := maps.Clone(o.src.Folders)
	for dir, file := range folders {
		if content, ok := mods[file.Name]; ok && modfile.ModulePath(content) != "" {
			folders[dir] = File{file.Name, content}
		}
	}
	o.src.Folders = folders
	if o.src.Work == nil {
		return
	}
	work := *o.src.Work
	work.Members = slices.Clone(work.Members)
	for i, m := range work.Members {
		if content, ok := mods[m.ModFile.Name]; ok && m.Dir != o.src.Dir {
			work.Members[i].ModFile.Content = content
		}
	}
	o.src.Work = &work
}

// revisionFolder gives the folder for files of a revision. It stays after the
// build, so that the next one finds the same paths, and with them the go command's
// cache; where the user has no folder for caches, it goes with the build's.
func (r *run) revisionFolder(revision string) string {
	if r.opts.Cache == "" {
		return filepath.Join(r.work.path, "revision", revision)
	}
	base := filepath.Join(r.opts.Cache, "revisions")
	dir := filepath.Join(base, revision)
	now := time.Now()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return filepath.Join(r.work.path, "revision", revision)
	}
	_ = os.Chtimes(dir, now, now)
	entries, err := os.ReadDir(base)
	if err != nil {
		return dir
	}
	for _, e := range entries {
		if fi, err := e.Info(); err == nil && fi.IsDir() && revisionPattern().MatchString(e.Name()) && now.Sub(fi.ModTime()) > keptFor {
			_ = os.RemoveAll(filepath.Join(base, e.Name()))
		}
	}
	return dir
}

// keep writes a file of a revision, unless it is there already.
func keep(file string, content []byte) error {
	if have, err := readOptional(file); err == nil && have != nil && bytes.Equal(have, content) {
		return nil
	}
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new")
	if err != nil {
		return err
	}
	if _, err = f.Write(content); err == nil {
		err = f.Chmod(0o400)
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("keep a file of a revision: %w", err)
	}
	return nil
}
