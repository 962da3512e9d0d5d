package isolate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const (
	maxFile  = 64 << 20  // bytes of one file; the largest generated ones have ten million
	maxTotal = 768 << 20 // bytes of all copies
)

// Disk is how the originals are read.
type Disk interface {
	// ReadFile gives a regular file's content, an error where it has more bytes than most.
	ReadFile(name string, most int64) ([]byte, error)
	// List names the files of a folder.
	List(dir string) ([]string, error)
}

// Copies are the files that take the place of others, or are added, in the plugin's module.
type Copies struct {
	// Files of the copies, by their paths from the folder of the plugin's module, slashes
	// between.
	Files map[string][]byte
	// Own are files of the plugin's own module with their imports rewritten, by such paths.
	Own map[string][]byte
	// Licences of the moved modules, by such paths. They accompany the copies and are
	// not compiled.
	Licences map[string][]byte
	Modules  []CopiedModule
	Edited   int // files of the copies whose content is not the original's
}

// A CopiedModule is a module of which there are private copies.
type CopiedModule struct {
	Path    string `json:"path"`
	Version string `json:"version,omitempty"`
	Replace string `json:"replace,omitempty"` // what stands for it: path and version, or a folder
	Private string `json:"private"`           // the path of the module that holds the copies
	As      string `json:"as"`                // its version
}

// Digest names the copies by the content of their files and licences.
func (c *Copies) Digest() string {
	h := sha256.New()
	for _, files := range []map[string][]byte{c.Files, c.Licences} {
		for _, name := range slices.Sorted(maps.Keys(files)) {
			fmt.Fprintf(h, "%q %x\n", name, sha256.Sum256(files[name]))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// An Edit replaces a piece of an original: Old, which begins at Offset.
type Edit struct {
	Offset   int // in bytes
	Old, New string
}

type copier struct {
	graph *Graph
	disk  Disk
	edits map[string][]Edit
	made  map[string]bool // files of which the edits were made
	names names
	out   *Copies
	left  int64 // bytes that may yet be copied
}

// Copy makes the private copies of the packages that are moved, and the files of the
// plugin's own module that import them with their imports rewritten. Edits are further
// changes, by the originals' files.
func Copy(graph *Graph, choice *Choice, disk Disk, edits map[string][]Edit) (*Copies, error) {
	c := &copier{graph: graph, disk: disk, edits: edits, made: map[string]bool{}, names: names{}, left: maxTotal, out: &Copies{Files: map[string][]byte{}, Own: map[string][]byte{}, Licences: map[string][]byte{}, Modules: []CopiedModule{}}}
	for _, p := range graph.Packages {
		if choice.fates[p.ImportPath] == Moved {
			c.names[p.ImportPath] = graph.prefix() + p.ImportPath
		}
	}
	modules := map[string]*Module{}
	for i := range graph.Packages {
		p := &graph.Packages[i]
		var err error
		switch choice.fates[p.ImportPath] {
		case Moved:
			modules[p.Module.Path] = p.Module
			err = c.move(p)
		case Own:
			err = c.edit(p)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(modules)) {
		if err := c.module(modules[path]); err != nil {
			return nil, err
		}
	}
	if err := c.allMade(); err != nil {
		return nil, err
	}
	return c.out, c.collisions()
}

// allMade refuses where an edit was asked for in a file that is neither copied nor the
// plugin's own.
func (c *copier) allMade() error {
	for _, file := range slices.Sorted(maps.Keys(c.edits)) {
		if !c.made[file] {
			return &CannotError{"", fmt.Sprintf("%s would have to change, and is not copied", file), ""}
		}
	}
	return nil
}

// move copies a package.
func (c *copier) move(p *Package) error {
	if why := unmovable(p); why != "" {
		return &CannotError{p.ImportPath, why, leave(p)}
	}
	dir := privateFolder(p.ImportPath)
	files := slices.Concat(p.GoFiles, p.CgoFiles, p.SFiles, p.HFiles, p.CFiles, p.CXXFiles)
	for _, name := range files {
		if !plain(name) {
			return &CannotError{p.ImportPath, fmt.Sprintf("it has a file named %q", name), ""}
		}
		content, err := c.read(p, name)
		if err != nil {
			return err
		}
		if p.hasC() {
			if err := c.checkC(p, name, content, files); err != nil {
				return err
			}
		}
		if c.out.Files[path.Join(dir, name)], err = c.rewritten(p, name, content); err != nil {
			return err
		}
	}
	for _, name := range p.EmbedFiles {
		if !fs.ValidPath(name) || name == "go.mod" && p.ImportPath == p.Module.Path {
			return &CannotError{p.ImportPath, fmt.Sprintf("it embeds %q", name), ""}
		}
		at := path.Join(dir, name)
		if c.out.Files[at] != nil {
			if strings.HasSuffix(name, ".go") || path.Ext(name) == ".s" {
				return &CannotError{p.ImportPath, fmt.Sprintf("it embeds its own source, %s, which the copy changes", name), ""}
			}
			continue
		}
		content, err := c.read(p, name)
		if err != nil {
			return err
		}
		c.out.Files[at] = content
	}
	return nil
}

// unmovable says what in a package the copies cannot carry, "" for nothing.
func unmovable(p *Package) string {
	for _, kind := range []struct {
		files []string
		what  string
	}{
		{p.SysoFiles, "compiled object files"}, {p.SwigFiles, "SWIG files"}, {p.SwigCXXFiles, "SWIG files"},
		{p.MFiles, "Objective-C files"}, {p.FFiles, "Fortran files"},
	} {
		if len(kind.files) > 0 {
			return fmt.Sprintf("it has %s (%s)", kind.what, kind.files[0])
		}
	}
	return ""
}

// plain says whether a name is that of a file in a package's own folder.
func plain(name string) bool { return fs.ValidPath(name) && name != "." && path.Base(name) == name }

// edit rewrites those files of one of the plugin's own packages that name moved ones.
func (c *copier) edit(p *Package) error {
	dir, err := filepath.Rel(p.Module.Dir, p.Dir)
	if err != nil || !filepath.IsLocal(dir) {
		return &CannotError{p.ImportPath, fmt.Sprintf("its folder %s is not within the module's, %s", p.Dir, p.Module.Dir), ""}
	}
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.SFiles) {
		if !plain(name) {
			return &CannotError{p.ImportPath, fmt.Sprintf("it has a file named %q", name), ""}
		}
		content, err := c.read(p, name)
		if err != nil {
			return err
		}
		now, err := c.rewritten(p, name, content)
		if err != nil {
			return err
		}
		if !bytes.Equal(now, content) {
			c.out.Own[path.Join(filepath.ToSlash(dir), name)] = now
		}
	}
	return nil
}

func (c *copier) read(p *Package, name string) ([]byte, error) {
	content, err := c.disk.ReadFile(filepath.Join(p.Dir, filepath.FromSlash(name)), maxFile)
	if err != nil {
		return nil, &CannotError{p.ImportPath, err.Error(), ""}
	}
	if c.left -= int64(len(content)); c.left < 0 {
		return nil, &CannotError{"", fmt.Sprintf("what would have to be copied has more than %d bytes", maxTotal), "name what has to be moved: --isolate=PATTERN"}
	}
	return content, nil
}

// rewritten gives a source file as it is in the plugin, and holds it against the original
// with no more than the edits that were asked for.
func (c *copier) rewritten(p *Package, name string, original []byte) (now []byte, err error) {
	file := filepath.Join(p.Dir, name)
	c.made[file] = true
	edits := c.edits[file]
	if slices.Contains(p.CgoFiles, name) {
		edits = slices.Concat(edits, c.withoutOwnFolder(p, original))
	}
	content, err := edited(original, edits)
	if err != nil {
		return nil, &CannotError{p.ImportPath, fmt.Sprintf("%s: %v", name, err), ""}
	}
	switch path.Ext(name) {
	case ".go":
		if now, err = c.names.goFile(name, content); err == nil && !bytes.Equal(now, content) {
			err = c.names.sameGo(name, content, now)
		}
	case ".s", ".h":
		now, err = c.names.asmFile(name, content)
	default:
		now = content
	}
	if err != nil {
		return nil, &CannotError{p.ImportPath, err.Error(), ""}
	}
	if !bytes.Equal(now, original) && !p.own(c.graph) {
		c.out.Edited++
	}
	return now, nil
}

// edited makes the edits that were asked for.
func edited(content []byte, edits []Edit) ([]byte, error) {
	var list []edit
	at := 0
	for _, e := range slices.SortedFunc(slices.Values(edits), func(a, b Edit) int { return a.Offset - b.Offset }) {
		if e.Offset < at || e.Offset > len(content) || !bytes.HasPrefix(content[e.Offset:], []byte(e.Old)) {
			return nil, fmt.Errorf("at byte %d there is no %q to be replaced", e.Offset, e.Old)
		}
		at = e.Offset + len(e.Old)
		list = append(list, edit{e.Offset, at, e.New})
	}
	if len(list) == 0 {
		return content, nil
	}
	return apply(content, list), nil
}

// module adds the go.mod of a module's private copies, which says the language of its
// files, and its licences.
func (c *copier) module(m *Module) error {
	private := c.graph.prefix() + m.Path
	version, err := privateVersion(private, m.Version)
	if err != nil {
		return &CannotError{m.Path, err.Error(), ""}
	}
	mod := "module " + private + "\n"
	if m.GoVersion != "" {
		mod += "\ngo " + m.GoVersion + "\n"
	}
	dir := privateFolder(m.Path)
	c.out.Files[path.Join(dir, "go.mod")] = []byte(mod)
	copied := CopiedModule{Path: m.Path, Version: m.Version, Private: private, As: version}
	if m.Replace != nil {
		copied.Replace = strings.TrimSpace(m.Replace.Path + " " + m.Replace.Version)
	}
	c.out.Modules = append(c.out.Modules, copied)
	names, err := c.disk.List(m.Dir)
	if err != nil {
		return &CannotError{m.Path, err.Error(), ""}
	}
	for _, name := range names {
		if !isLicence(name) || !plain(name) {
			continue
		}
		content, err := c.disk.ReadFile(filepath.Join(m.Dir, name), maxFile)
		if err == nil { // a folder of that name has none
			c.out.Licences[path.Join(dir, name)] = content
		}
	}
	return nil
}

// isLicence says whether a module's file is one that has to accompany its copies.
func isLicence(name string) bool {
	upper := strings.ToUpper(name)
	return slices.ContainsFunc([]string{"LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "PATENTS", "AUTHORS"}, func(word string) bool {
		rest, ok := strings.CutPrefix(upper, word)
		return ok && (rest == "" || strings.ContainsRune(".-_", rune(rest[0])))
	})
}

// collisions refuses copies of which one's file is another's folder.
func (c *copier) collisions() error {
	for name := range c.out.Files {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if c.out.Files[dir] != nil {
				return &CannotError{"", fmt.Sprintf("%s would be a file and a folder", dir), ""}
			}
		}
	}
	return nil
}
