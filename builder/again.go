package builder

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// NotReproducibleError says that a plugin, built a second time in another folder, had
// other bytes.
type NotReproducibleError struct {
	Output   string
	Sections []string // of the file that differ
	Folders  []Folder // that it was known to depend on
}

func (e *NotReproducibleError) Error() string {
	differ := "other bytes"
	if len(e.Sections) > 0 {
		differ = "other bytes in " + strings.Join(e.Sections, ", ")
	}
	return fmt.Sprintf("%s is not reproducible: built again in another folder it has %s; nothing was written", e.Output, differ)
}

// Hints says what it depends on.
func (e *NotReproducibleError) Hints() []string {
	var hints []string
	for _, f := range e.Folders {
		hints = append(hints, fmt.Sprintf("it depends on %s: %s", f.Folder, f.Why))
	}
	return hints
}

// buildAgain builds a plugin a second time, from a copy of its source in another folder,
// with an empty build cache, another temporary folder, locale and time zone, and
// compares.
func (r *run) buildAgain(ctx context.Context, a *attempt) ([]byte, error) {
	dir, err := os.MkdirTemp(r.work.path, "again")
	if err != nil {
		return nil, err
	}
	c := r.copyOf(a.src, filepath.Join(dir, "a longer name than most folders have"))
	if err := c.copyAll(ctx); err != nil {
		return nil, fmt.Errorf("copy the source, to build it again: %w", err)
	}
	opts := r.opts
	opts.Dir, opts.Package = c.there(a.src.Dir), a.src.Package
	opts.Output = filepath.Join(dir, filepath.Base(r.opts.Output))
	opts.HostSrc, opts.PGO = absoluteIn(r.opts.Dir, opts.HostSrc), absoluteIn(r.opts.Dir, opts.PGO)
	opts.Seals, opts.Documents = nil, nil
	opts.Write, opts.Cache, opts.CheckReproducible = false, "", false
	for _, name := range []string{"tmp", "cache"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			return nil, err
		}
	}
	opts.Env = setEnv(opts.Env, "TMPDIR="+filepath.Join(dir, "tmp"), "GOTMPDIR=", "GOCACHE="+filepath.Join(dir, "cache"), "LC_ALL=C", "TZ=Pacific/Chatham")
	if work := a.src.Go.Work; filepath.IsAbs(work) {
		opts.Env = setEnv(opts.Env, "GOWORK="+c.there(work))
	}
	r.progress("building again in another folder, without a cache, to compare")
	res, err := Run(ctx, r.host, opts)
	if err != nil {
		return nil, fmt.Errorf("build again in another folder: %w", err)
	}
	return os.ReadFile(res.Output)
}

// checkReproducible builds a plugin again, and refuses it where it differs.
func (r *run) checkReproducible(ctx context.Context, a *attempt, known *Reproducible) error {
	again, err := r.buildAgain(ctx, a)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, a.data) {
		return &NotReproducibleError{Output: r.opts.Output, Sections: differingSections(a.data, again), Folders: known.Folders}
	}
	known.Checked = true
	return nil
}

// differingSections names the sections that two ELF files do not share.
func differingSections(a, b []byte) []string {
	sections := func(data []byte) map[string]string {
		all := map[string]string{}
		f, err := elf.NewFile(bytes.NewReader(data))
		if err != nil {
			return all
		}
		for _, s := range f.Sections {
			if content, err := s.Data(); err == nil && s.Type != elf.SHT_NOBITS {
				all[s.Name] = string(content)
			}
		}
		return all
	}
	of, other := sections(a), sections(b)
	var names []string
	for name, content := range of {
		if other[name] != content {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// absoluteIn makes a path absolute; an empty one stays empty.
func absoluteIn(dir, path string) string {
	if path == "" {
		return ""
	}
	return within(dir, path)
}

// A sourceCopy is a copy of a plugin's module, and of what it takes from folders beside
// it, in which all lies as it did.
type sourceCopy struct {
	folders []string // to copy
	files   []string // single files to copy
	links   []string // to make links to
	skip    []string // not to copy
	top     string   // the folder that holds all of that
	to      string   // what stands for top
}

// copyOf lists what a copy of the source consists of. What go.mod takes from an
// absolute path stays where it is: the path is recorded.
func (r *run) copyOf(src Source, to string) *sourceCopy {
	src = src.original()
	c := &sourceCopy{to: to, folders: []string{src.Dir}, skip: append(r.opts.files(), r.work.path)}
	modules := []Member{{Dir: src.Dir, ModFile: src.ModFile}}
	if src.ModFile.Name != "" && filepath.Dir(src.ModFile.Name) != src.Dir { // -modfile in GOFLAGS
		c.files = append(c.files, src.ModFile.Name, src.SumFile.Name)
	}
	if w := src.Work; w != nil {
		c.files = append(c.files, w.File.Name, w.File.Name+".sum")
		modules = append(modules, w.Members...)
		if f, err := modfile.ParseWork(w.File.Name, w.File.Content, nil); err == nil {
			c.addReplaced(filepath.Dir(w.File.Name), f.Replace)
		}
	}
	for _, m := range modules {
		c.folders = append(c.folders, m.Dir)
		if f, err := modfile.Parse(m.ModFile.Name, m.ModFile.Content, nil); err == nil {
			c.addReplaced(m.Dir, f.Replace)
		}
	}
	if src.Checkout != nil {
		c.links = append(c.links, filepath.Join(src.Checkout.Folder, ".git"))
	}
	slices.Sort(c.folders)
	c.folders = slices.Compact(c.folders)
	c.top = c.folders[0]
	for _, path := range slices.Concat(c.folders, c.files, c.links) {
		for !holds(c.top, path) {
			c.top = filepath.Dir(c.top)
		}
	}
	return c
}

func (c *sourceCopy) addReplaced(dir string, list []*modfile.Replace) {
	for _, r := range list {
		if r.New.Version == "" && !filepath.IsAbs(r.New.Path) {
			c.folders = append(c.folders, filepath.Join(dir, filepath.FromSlash(r.New.Path)))
		}
	}
}

// holds says whether a path is a folder or lies below it.
func holds(folder, path string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && (rel == "." || filepath.IsLocal(rel))
}

// there gives what stands for a path in the copy: itself, if it was not copied.
func (c *sourceCopy) there(path string) string {
	if !holds(c.top, path) {
		return path
	}
	rel, err := filepath.Rel(c.top, path)
	if err != nil {
		return path
	}
	return filepath.Join(c.to, rel)
}

func (c *sourceCopy) copyAll(ctx context.Context) error {
	for i, dir := range c.folders {
		if i > 0 && slices.ContainsFunc(c.folders[:i], func(above string) bool { return holds(above, dir) }) {
			continue // copied with the folder that it lies in
		}
		if err := c.copyFolder(ctx, dir); err != nil {
			return err
		}
	}
	for _, file := range c.files {
		if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
			continue // there need not be a go.work.sum
		}
		if err := copyFile(file, c.there(file), 0o644); err != nil {
			return err
		}
	}
	for _, link := range c.links {
		if err := os.MkdirAll(filepath.Dir(c.there(link)), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(link, c.there(link)); err != nil {
			return err
		}
	}
	return nil
}

// copyFolder copies a folder without repositories, which may be large, and without what
// builds write.
func (c *sourceCopy) copyFolder(ctx context.Context, dir string) error {
	repositories := []string{".git", ".hg", ".svn", ".bzr", ".fslckout"}
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case slices.Contains(repositories, d.Name()), slices.Contains(c.skip, path):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return os.MkdirAll(c.there(path), 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(to, c.there(path))
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return copyFile(path, c.there(path), info.Mode().Perm())
	})
}

// copyFile copies a regular file and makes the folder that it goes to.
func copyFile(from, to string, perm fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return copyTo(to, io.Reader(in), perm)
}
