package watch

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A stamp tells one content of a file from another, as far as that shows without
// reading it.
type stamp struct {
	size int64
	time time.Time
}

// note adds a file, if it is there.
func (s snapshot) note(file string) {
	if info, err := os.Stat(file); err == nil && !info.IsDir() {
		s[file] = stamp{info.Size(), info.ModTime().UTC()}
	}
}

// mostFiles bounds a snapshot; the largest modules have a tenth of that.
const mostFiles = 200_000

// sources are the suffixes of files that the go command compiles (go/build).
var sources = []string{
	".go", ".c", ".cc", ".cpp", ".cxx", ".m", ".h", ".hh", ".hpp", ".hxx",
	".f", ".F", ".for", ".f90", ".s", ".S", ".sx", ".swig", ".swigcxx", ".syso",
}

var moduleFiles = []string{"go.mod", "go.sum", "go.work", "go.work.sum", "modules.txt"}

// walk adds the files below a folder that builds are made from. Top says that it was
// asked for, all that files of every kind may be embedded.
func (w *Watcher) walk(s snapshot, dir string, top, all bool) {
	w.listen(dir)
	entries, err := os.ReadDir(dir)
	if err != nil || !top && isModule(entries) {
		return // gone, or nobody's; what is another module is not built
	}
	all = all || w.embedsHere(dir, entries)
	for _, e := range entries {
		name := e.Name()
		file := filepath.Join(dir, name)
		switch {
		case strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || len(s) >= mostFiles:
		case e.IsDir():
			if name != "node_modules" {
				w.walk(s, file, false, all)
			}
		case strings.HasSuffix(name, "_test.go"):
		case all, slices.Contains(moduleFiles, name), slices.Contains(sources, filepath.Ext(name)):
			s.note(file)
		}
	}
}

func isModule(entries []fs.DirEntry) bool {
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == "go.mod" && !e.IsDir() })
}

// embedFact says whether a file has a go:embed line, as long as its stamp is that.
type embedFact struct {
	stamp
	embeds bool
}

// embedsHere says whether a folder's Go files embed others. Which ones is not
// looked at: they may be any in the folder or below.
func (w *Watcher) embedsHere(dir string, entries []fs.DirEntry) bool {
	any := false
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".go" || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue
		}
		file, now := filepath.Join(dir, e.Name()), stamp{info.Size(), info.ModTime().UTC()}
		fact, known := w.embeds[file]
		if !known || fact.stamp != now {
			fact = embedFact{now, hasEmbed(file)}
			w.embeds[file] = fact
		}
		any = any || fact.embeds
	}
	return any
}

// largestSource caps what is read of a Go file, in bytes.
const largestSource = 16 << 20

func hasEmbed(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, largestSource))
	return err == nil && bytes.Contains(text, []byte("//go:embed "))
}

func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
