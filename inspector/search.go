package inspector

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// located is a file that the search for a library ended at.
type located struct {
	candidate
	file *os.File
	info fs.FileInfo
}

// search is one search for a library: what was seen on the way decides the message
// where none is found.
type search struct {
	m          *machine
	otherClass bool
	last       syscall.Errno
	fault      string // the message of a file that ends the search
}

// try opens a file and looks at its header, as open_verify in glibc's elf/dl-load.c:
// nil where the search goes on, or where fault says that it does not.
func (s *search) try(p candidate) *located {
	t := s.m.target
	if p.outer {
		t = target{}
	}
	f, info, err := t.open(p.path)
	if err != nil {
		s.last = errno(err)
		if s.last == syscall.EISDIR {
			s.fault = p.path + ": cannot read file data: " + describeErrno(s.last)
		}
		return nil
	}
	fault := goelf.CheckHeader(f, info.Size(), s.m.elf)
	if fault == nil {
		return &located{candidate: p, file: f, info: info}
	}
	f.Close()
	switch {
	case fault.OtherMachine, fault.OtherClass:
		s.otherClass = s.otherClass || fault.OtherClass
		s.last = syscall.ENOENT
	default:
		s.fault = p.path + ": " + fault.Text
	}
	return nil
}

// folders tries a library in each folder of a list, and there first in those for the
// processor's levels (open_path in glibc's elf/dl-load.c).
func (s *search) folders(dirs []candidate, name string) *located {
	var seen []string
	for _, d := range dirs {
		if d.path != "" { // the empty folder is the current one
			d.path = strings.TrimRight(d.path, "/") + "/"
		}
		if slices.Contains(seen, d.path) {
			continue
		}
		seen = append(seen, d.path)
		subs := make([]string, 0, len(s.m.levels())+1)
		for _, level := range s.m.levels() {
			subs = append(subs, "glibc-hwcaps/"+level+"/")
		}
		for _, sub := range append(subs, "") {
			if found := s.try(candidate{d.path + sub + name, d.outer}); found != nil || s.fault != "" {
				return found
			}
			if s.last != syscall.ENOENT && s.last != syscall.EACCES && s.last != syscall.ENOTDIR {
				return nil // open_path gives up on the list, not on the search
			}
		}
	}
	return nil
}

// find looks for a library as _dl_map_object in glibc's elf/dl-load.c does. The text
// is the message where there is none.
func (m *machine) find(name string, by *dso) (*located, string) {
	s := &search{m: m, last: syscall.ENOENT}
	found := s.run(name, by)
	switch {
	case found != nil:
		return found, ""
	case s.fault != "":
		return nil, s.fault
	case s.otherClass && m.elf.Is64:
		return nil, name + ": wrong ELF class: ELFCLASS32"
	case s.otherClass:
		return nil, name + ": wrong ELF class: ELFCLASS64"
	}
	return nil, name + ": cannot open shared object file: " + describeErrno(s.last)
}

func (s *search) run(name string, by *dso) *located {
	if strings.Contains(name, "/") {
		return s.try(s.m.expand(name, by))
	}
	stages := []func() *located{}
	if len(by.runpath()) == 0 {
		program := false
		for d := by; d != nil; d = d.parent {
			program = program || d.host != nil
			stages = append(stages, func() *located { return s.folders(s.m.expandAll(d.rpath(), d), name) })
		}
		if !program {
			d := s.m.program
			stages = append(stages, func() *located { return s.folders(s.m.expandAll(d.rpath(), d), name) })
		}
	}
	stages = append(stages, func() *located { return s.folders(s.m.expandAll(by.runpath(), by), name) })
	noDefault := by.image != nil && by.image.NoDefaultFolders()
	stages = append(stages, func() *located {
		p := s.m.cache.find(name, s.m.levels)
		if p == "" || noDefault && slices.Contains(s.m.systemDirs(), filepath.Dir(p)) {
			return nil
		}
		return s.try(candidate{path: p})
	})
	if !noDefault {
		stages = append(stages, func() *located { return s.folders(s.m.defaultDirs(), name) })
	}
	for _, stage := range stages {
		if found := stage(); found != nil || s.fault != "" {
			return found
		}
	}
	return nil
}

func (m *machine) expandAll(dirs []string, d *dso) []candidate {
	var list []candidate
	for _, dir := range dirs {
		p := m.expand(dir, d)
		if dir != "" && p.path == "" {
			continue
		}
		// What a file of the running machine names relative to the working folder is there.
		p.outer = p.outer || d.outer && !filepath.IsAbs(p.path)
		list = append(list, p)
	}
	return list
}

func (m *machine) defaultDirs() []candidate {
	var list []candidate
	for _, d := range append(slices.Clone(m.configured), m.systemDirs()...) {
		list = append(list, candidate{path: d})
	}
	return list
}

// isMissing says whether a message is that of a library that is not there.
func isMissing(text string) bool {
	return strings.HasSuffix(text, ": cannot open shared object file: No such file or directory")
}

// sameInode says whether two files are one, as glibc's _dl_file_id_match_p.
func sameInode(a, b fs.FileInfo) bool { return a != nil && b != nil && os.SameFile(a, b) }

// absolute gives a path that does not depend on links or the working folder, as
// /proc/self/exe would name it.
func absolute(file string) string {
	abs, err := filepath.Abs(file)
	if err != nil {
		return file
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real
	} else if !errors.Is(err, fs.ErrNotExist) {
		return abs
	}
	return abs
}
