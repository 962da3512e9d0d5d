package builder

import (
	"maps"
	"path/filepath"
	"slices"

	"golang.org/x/mod/modfile"
)

// Watched says from which folders and files on this machine the plugin is built, other
// than the module cache and the Go installation: its module, those of its workspace, and
// what replaces modules, with the host's own source where that is taken from folders. Both
// lists are sorted.
func (s Source) Watched() (folders, files []string) {
	all := map[string]bool{s.Dir: true}
	replaced := func(replace []*modfile.Replace, dir string) {
		for _, r := range replace {
			if r.New.Version == "" {
				all[within(dir, r.New.Path)] = true
			}
		}
	}
	files = append(files, s.ModFile.Name, s.SumFile.Name)
	if f, err := modfile.Parse(s.ModFile.Name, s.ModFile.Content, nil); err == nil {
		replaced(f.Replace, s.Dir)
	}
	if s.Work != nil {
		files = append(files, s.Work.File.Name, s.Work.File.Name+".sum")
		for _, m := range s.Work.Members {
			all[m.Dir] = true
		}
		if f, err := modfile.ParseWork(s.Work.File.Name, s.Work.File.Content, nil); err == nil {
			replaced(f.Replace, filepath.Dir(s.Work.File.Name))
		}
	}
	for _, from := range []map[string]string{s.Given, s.Borrowed} {
		for _, dir := range from {
			all[dir] = true
		}
	}
	delete(all, "")
	slices.Sort(files)
	return slices.Sorted(maps.Keys(all)), slices.Compact(files)
}
