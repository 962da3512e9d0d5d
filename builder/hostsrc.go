package builder

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// Bounds on the search for modules below a folder that is no module itself: the
// top of a clone that holds several.
const (
	maxSearchDepth   = 6
	maxSearchFolders = 20_000
	maxSiblings      = 500
)

// readFolders finds the folders that modules of the host's may come from, and
// reads their go.mod files.
func (s *Source) readFolders(f *hostFacts, opts Options) error {
	s.Folders, s.Given, s.Borrowed = map[string]File{}, map[string]string{}, map[string]string{}
	own, err := modfile.Parse(s.ModFile.Name, s.ModFile.Content, nil)
	if err != nil {
		return err
	}
	if opts.HostSrc != "" {
		if err := s.readHostSrc(f, opts); err != nil {
			return err
		}
	}
	for _, r := range own.Replace {
		folder, _ := replacement(own, s.Dir, r.Old.Path, r.Old.Version)
		if folder == "" || f.modules[r.Old.Path] == nil {
			continue
		}
		name := filepath.Join(folder, "go.mod")
		content, err := readOptional(name)
		if err != nil {
			return err
		}
		s.Folders[folder] = File{name, content}
	}
	s.borrowFolders(f, own, opts)
	return nil
}

// readHostSrc finds the host's modules in the folder that the user gave: a
// module, a workspace, a folder within one of these, or the top of a clone.
func (s *Source) readHostSrc(f *hostFacts, opts Options) error {
	dir := opts.HostSrc
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(opts.Dir, dir)
	}
	dir = filepath.Clean(dir)
	if fi, err := os.Stat(dir); err != nil || !fi.IsDir() {
		if err == nil {
			err = fmt.Errorf("not a folder")
		}
		return &UsageError{Reason: fmt.Sprintf("host source %s: %v", opts.HostSrc, err)}
	}
	if err := s.give(f, dir, true); err != nil {
		return err
	}
	if work := findUp(dir, "go.work"); work != "" && len(s.Given) == 0 {
		for _, use := range workspaceFolders(work) {
			if err := s.give(f, use, false); err != nil {
				return err
			}
		}
	}
	if mod := findUp(dir, "go.mod"); mod != "" && len(s.Given) == 0 {
		if err := s.give(f, filepath.Dir(mod), true); err != nil {
			return err
		}
	}
	if len(s.Given) == 0 {
		for _, found := range modulesBelow(dir) {
			if err := s.give(f, found, false); err != nil {
				return err
			}
		}
	}
	if len(s.Given) > 0 {
		return nil
	}
	what := "holds no module"
	if mod := findUp(dir, "go.mod"); mod != "" {
		if content, err := readRegular(mod); err == nil {
			what = fmt.Sprintf("is module %q", modfile.ModulePath(content))
		}
	}
	return &UsageError{
		Reason: fmt.Sprintf("host source %s %s, which host %s was not built from", opts.HostSrc, what, f.Binary.File),
		Hint:   fmt.Sprintf("the host's own module is %s: give the folder of its go.mod, or of a go.work or clone that holds it", f.Binary.Main.Path),
	}
}

// give takes a folder's module for the host's, if the host has one of that path.
// Unless the user named that very module, one that the host took from a module
// proxy still comes from there, where its content is checked.
func (s *Source) give(f *hostFacts, dir string, named bool) error {
	name := filepath.Join(dir, "go.mod")
	content, err := readOptional(name)
	if err != nil {
		return &UsageError{Reason: fmt.Sprintf("host source %s: %v", dir, err)}
	}
	mod := modfile.ModulePath(content)
	if m := f.modules[mod]; m == nil || mod == "" || s.Given[mod] != "" || !named && m.Sum != "" {
		return nil
	}
	s.Folders[dir] = File{name, content}
	s.Given[mod] = dir
	return nil
}

// workspaceFolders gives the folders of a workspace's modules. A go.work file
// that cannot be read names none.
func workspaceFolders(file string) []string {
	content, err := readOptional(file)
	if err != nil {
		return nil
	}
	f, err := modfile.ParseWork(file, content, nil)
	if err != nil {
		return nil
	}
	var dirs []string
	for _, use := range f.Use {
		dirs = append(dirs, within(filepath.Dir(file), use.Path))
	}
	return dirs
}

// within makes a path absolute that is meant relative to a folder.
func within(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// modulesBelow finds the folders with a go.mod below a folder, nearest first as
// far as names go. Folders that the go command does not look into are passed over.
func modulesBelow(top string) []string {
	var found []string
	seen := 0
	_ = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil
		}
		rel, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		seen++
		if seen > maxSearchFolders {
			return fs.SkipAll
		}
		if path != top && (passedOver(d.Name()) || strings.Count(rel, string(filepath.Separator)) >= maxSearchDepth) {
			return fs.SkipDir
		}
		if fi, err := os.Lstat(filepath.Join(path, "go.mod")); err == nil && fi.Mode().IsRegular() {
			found = append(found, path)
		}
		return nil
	})
	return found
}

// passedOver says whether a folder of that name holds no packages of the module
// around it.
func passedOver(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || slices.Contains([]string{"vendor", "testdata", "node_modules"}, name)
}

// borrowFolders finds folders for the host's modules that come from no module
// proxy and that neither the user nor the plugin gives one for.
func (s *Source) borrowFolders(f *hostFacts, own *modfile.File, opts Options) {
	main := f.Binary.Main.Path
	_, published := f.pinned(main)
	dir := s.moduleFolder(f, main)
	if dir == "" && main != "" && !published && !s.knows(own, main) && s.mentions(own, main) {
		if dir = s.guessMain(f, opts); dir != "" {
			s.Borrowed[main] = dir
		}
	}
	if dir == "" || dir == s.Dir && s.Work != nil {
		return
	}
	search := newFolderSearch(s, dir)
	for _, path := range slices.Sorted(maps.Keys(f.modules)) {
		m := f.modules[path]
		if path == main || m.Replace != nil && isVersion(m.Replace.Version) || m.Replace == nil && isVersion(m.Version) {
			continue
		}
		if s.Given[path] != "" || s.knows(own, path) {
			continue
		}
		recorded := ""
		if m.Replace != nil {
			recorded = m.Replace.Path
		}
		if folder, file := search.find(path, m.Version, recorded); folder != "" {
			s.Borrowed[path] = folder
			s.Folders[folder] = file
		}
	}
}

// knows says whether the plugin itself says where a module comes from.
func (s *Source) knows(own *modfile.File, path string) bool {
	if own.Module != nil && own.Module.Mod.Path == path {
		return true
	}
	if slices.ContainsFunc(own.Replace, func(r *modfile.Replace) bool { return r.Old.Path == path }) {
		return true
	}
	if s.Work == nil {
		return false
	}
	if slices.ContainsFunc(s.Work.Members, func(m Member) bool { return modfile.ModulePath(m.ModFile.Content) == path }) {
		return true
	}
	work, err := modfile.ParseWork(s.Work.File.Name, s.Work.File.Content, nil)
	return err == nil && slices.ContainsFunc(work.Replace, func(r *modfile.Replace) bool { return r.Old.Path == path })
}

// guessMain looks for the host's own module where nobody said where it is: where
// an untrimmed host was compiled, around the host's file, and beside the plugin.
func (s *Source) guessMain(f *hostFacts, opts Options) string {
	var candidates []string
	if root := f.roots[f.Binary.Main.Path]; filepath.IsAbs(root) && checkFolder(root) == nil {
		candidates = append(candidates, filepath.Clean(root))
	}
	if mod := findUp(filepath.Dir(within(opts.Dir, f.Binary.File)), "go.mod"); mod != "" {
		candidates = append(candidates, filepath.Dir(mod))
	}
	parent := filepath.Dir(s.Dir)
	if entries, err := os.ReadDir(parent); err == nil && len(entries) <= maxSiblings {
		for _, e := range entries {
			candidates = append(candidates, filepath.Join(parent, e.Name()))
		}
	}
	for _, dir := range candidates {
		if file, ok := readModuleAt(dir, f.Binary.Main.Path); ok {
			s.Folders[dir] = file
			return dir
		}
	}
	return ""
}

// readModuleAt reads a folder's go.mod, if it is that of the module.
func readModuleAt(dir, path string) (File, bool) {
	name := filepath.Join(dir, "go.mod")
	content, err := readOptional(name)
	if err != nil || content == nil || modfile.ModulePath(content) != path {
		return File{}, false
	}
	return File{name, content}, true
}

// folderSearch finds the folders of modules that a host took from folders, as
// its own module, whose source is at hand, names them.
type folderSearch struct {
	dir     string        // the host's module
	mod     *modfile.File // its go.mod; nil if it cannot be read
	work    *modfile.WorkFile
	workDir string
}

func newFolderSearch(s *Source, dir string) *folderSearch {
	fs := &folderSearch{dir: dir}
	name := filepath.Join(dir, "go.mod")
	file, ok := s.Folders[dir]
	if !ok {
		file.Content, _ = readOptional(name)
	}
	if f, err := modfile.Parse(name, file.Content, nil); err == nil {
		fs.mod = f
	}
	if name := findUp(dir, "go.work"); name != "" {
		content, err := readOptional(name)
		if err != nil {
			return fs
		}
		if f, err := modfile.ParseWork(name, content, nil); err == nil {
			fs.work, fs.workDir = f, filepath.Dir(name)
		}
	}
	return fs
}

// find gives the folder of a module, and its go.mod. Recorded is the folder that
// the host's build information names, "" for a member of a workspace.
func (fs *folderSearch) find(path, version, recorded string) (string, File) {
	var candidates []string
	if fs.mod != nil {
		if folder, _ := replacement(fs.mod, fs.dir, path, version); folder != "" {
			candidates = append(candidates, folder)
		}
	}
	if fs.work != nil {
		for _, r := range fs.work.Replace {
			if r.Old.Path == path && r.New.Version == "" {
				candidates = append(candidates, within(fs.workDir, r.New.Path))
			}
		}
		for _, use := range fs.work.Use {
			candidates = append(candidates, within(fs.workDir, use.Path))
		}
	}
	// The replacement may have been taken out of the go.mod since.
	if recorded != "" && checkFolder(recorded) == nil {
		candidates = append(candidates, within(fs.dir, recorded))
		if fs.work != nil {
			candidates = append(candidates, within(fs.workDir, recorded))
		}
	}
	for _, dir := range candidates {
		if file, ok := readModuleAt(dir, path); ok {
			return dir, file
		}
	}
	return "", File{}
}
