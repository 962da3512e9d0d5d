package goelf

import (
	"debug/dwarf"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxDebugSection caps the size in bytes of a section of debug information, unpacked.
const maxDebugSection = 128 << 20

// ErrNoDebugInfo says that a file has no debug information, or more than is read.
var ErrNoDebugInfo = errors.New("no debug information")

// CompilerFlags says, by import path, with which flags the compiler made a package, as
// far as debug information keeps them: -B, -N, -l, -race and some more (cmd/compile
// dwarfgen.RecordFlags). Packages without any such flag have an empty list. The main
// package is called main.
func (im *Image) CompilerFlags() (flags map[string][]string, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, fault := r.(interface{ Addr() uintptr }); fault {
				panic(r) // of a file that became shorter, which the caller tells
			}
			flags, err = nil, fmt.Errorf("read debug information: %v", r)
		}
	}()
	f, err := elf.NewFile(im.file)
	if err != nil {
		return nil, err
	}
	found := false
	for _, s := range f.Sections {
		if !strings.HasPrefix(s.Name, ".debug_") && !strings.HasPrefix(s.Name, ".zdebug_") {
			continue
		}
		if s.Size > maxDebugSection || s.FileSize > maxDebugSection {
			return nil, ErrNoDebugInfo
		}
		found = true
	}
	if !found {
		return nil, ErrNoDebugInfo
	}
	data, err := f.DWARF()
	if err != nil {
		return nil, err
	}
	flags = make(map[string][]string)
	for r := data.Reader(); ; r.SkipChildren() {
		entry, err := r.Next()
		if err != nil || entry == nil {
			return flags, err
		}
		name, _ := entry.Val(dwarf.AttrName).(string)
		producer, _ := entry.Val(dwarf.AttrProducer).(string)
		words, ok := strings.CutPrefix(producer, "Go cmd/compile ")
		if entry.Tag != dwarf.TagCompileUnit || !ok || name == "" {
			continue
		}
		// The release, and from newer linkers its experiments, come before the flags.
		list := []string{}
		for _, word := range strings.Fields(words) {
			if strings.HasPrefix(word, "-") {
				list = append(list, word)
			}
		}
		flags[name] = list
	}
}

// ReadAt makes a file an io.ReaderAt.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= f.size {
		return 0, io.EOF
	}
	n := min(int64(len(p)), f.size-off)
	b, err := f.view(uint64(off), uint64(n))
	if err != nil {
		return 0, err
	}
	if copy(p, b); n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}
