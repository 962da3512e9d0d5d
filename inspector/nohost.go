package inspector

import (
	"errors"
	"fmt"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// NotHostError is the error for a file that was read, and that is surely no program
// into which Go plugins could be loaded: one of another system, a library, a C program.
// It matches [ErrNotGo]; so do the errors for files that could not be read far enough
// to say.
type NotHostError struct {
	Reason string // a sentence without a subject's name: it is a windows/amd64 program, …
}

func (e *NotHostError) Error() string { return ErrNotGo.Error() + ": " + e.Reason }

// Is says that the error is of the kind of ErrNotGo.
func (e *NotHostError) Is(target error) bool { return target == ErrNotGo }

// notProgram words the error for a library.
func notProgram(b *Binary) error {
	what := "a shared library"
	if b.Setting("-buildmode") == "plugin" {
		what = "a shared library, a Go plugin itself"
	}
	return &NotHostError{"it is " + what + ", want the program that loads plugins"}
}

// notGoProgram words the error for an ELF file without the build information of Go: it
// is a host all the same, if an odd one, where it exports package hashes.
func notGoProgram(im *goelf.Image, b *Binary, why error) error {
	unknown := fmt.Errorf("%w: %w", ErrNotGo, why)
	if !errors.Is(why, goelf.ErrNoBuildInfo) {
		return unknown
	}
	if _, ok, err := im.Lookup("go:link.pkghash.runtime"); ok || err != nil {
		return unknown
	}
	for _, lib := range b.Needed {
		if strings.HasPrefix(lib, "libgo.so") {
			return &NotHostError{"it was built with gccgo, which has no plugins"}
		}
	}
	return &NotHostError{why.Error() + " and no symbols for plugins to bind to: it is no program of Go's own toolchain (gc)"}
}

// Hopeless says what becomes of every plugin, whatever it is, in a host in which none
// loads: ok is false for all other hosts. File is the name that the plugin goes by.
func (h *Host) Hopeless(file string) (v PluginVerdict, ok bool) {
	p, plug := &process{host: h}, &Plugin{File: file, Path: file}
	v, ok = p.hostRefuses(plug)
	if !ok && h.bin.Loading == LoadingStatic {
		v, ok = p.hostNotDynamic(plug), true
	}
	v.File = file
	return v, ok
}
