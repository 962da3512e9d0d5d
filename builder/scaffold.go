package builder

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/plugtool/plugtool/inspector"
)

// where gives the folder in which the go command runs.
func (p *Plan) where() string {
	if p.scaffold != nil {
		return workMark + "/" + scaffoldName
	}
	return p.Dir
}

// folders lists the folders to make, each but once.
func (s *scaffold) folders() []string {
	list := slices.Clone(s.Folders)
	for name := range s.Links {
		list = append(list, path.Dir(name))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// make makes the scaffold in a folder.
func (s *scaffold) make(dir string) error {
	if s == nil {
		return nil
	}
	for _, name := range s.folders() {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(name)), 0o700); err != nil {
			return err
		}
	}
	for name, to := range s.Links {
		if err := os.Symlink(to, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	return nil
}

// commands gives what make does as commands of a shell in which $work is the temporary
// folder.
func (s *scaffold) commands() (list []string) {
	if s == nil {
		return nil
	}
	const dir = `"$work"/` + scaffoldName + "/"
	for _, name := range s.folders() {
		list = append(list, "mkdir -p "+dir+inspector.ShellQuote(name))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Links)) {
		list = append(list, "ln -s "+inspector.ShellQuote(s.Links[name])+" "+dir+inspector.ShellQuote(name))
	}
	return list
}
