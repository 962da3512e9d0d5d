package goelf

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/plugtool/plugtool/inspector/gotype"
)

// ErrNoFileTable is returned where a file's function table cannot be reached
// through its dynamic symbols.
var ErrNoFileTable = errors.New("no table of functions and their files")

// funcTable is the part of runtime.moduledata that says in which file a function
// stands (runtime/symtab.go; the fields are the first ones in every release from
// 1.18 to 1.27).
type funcTable struct {
	names, cu, files, pc, funcs, index []byte

	gofunc uint64 // address of the functions' other tables; 0 where it is not known

	// What positions works with, kept from function to function.
	fileRuns, inlineRuns []run
	list                 []position
	fileNames            map[uint32]string // by their places in files

	budget int // how much of pc may still be decoded: functions may share tables, in a hostile file endlessly
}

// funcHeader is the size in bytes of runtime._func without its arrays.
const funcHeader = 44

// A Func is a function and where its source stood, both as the compiler recorded
// them.
type Func struct {
	Package string // import path
	Name    string // with the package's path, escaped as in symbol names
	File    string
	Line    int    // of the function's first token; 0 where it is not known
	In      string // the package of the function whose code it is part of: another one where it was inlined
}

// Funcs calls f with the functions of the file, until f returns false: each
// function that has code of its own, and the functions that were inlined into it.
// Functions of which not even that is left do not appear; others come often.
func (im *Image) Funcs(f func(Func) bool) error {
	s, ok, err := im.Lookup("runtime.firstmoduledata")
	if err != nil || !ok {
		return errors.Join(ErrNoFileTable, err)
	}
	return im.funcs(s.Value, f)
}

// PluginFuncs is Funcs for a plugin, whose module data has no name: it is found
// through the field types, the 38th word in every release from 1.21 to 1.27.
func (im *Image) PluginFuncs(p *Plugin, f func(Func) bool) error {
	if p.typesField == 0 {
		return ErrNoFileTable
	}
	return im.funcs(p.Moduledata, f)
}

// SourceFiles is Funcs for who wants packages and files alone.
func (im *Image) SourceFiles(f func(pkg, file string) bool) error {
	s, ok, err := im.Lookup("runtime.firstmoduledata")
	if err != nil || !ok {
		return errors.Join(ErrNoFileTable, err)
	}
	return im.sourceFiles(s.Value, f)
}

// PluginSourceFiles is PluginFuncs for who wants packages and files alone.
func (im *Image) PluginSourceFiles(p *Plugin, f func(pkg, file string) bool) error {
	if p.typesField == 0 {
		return ErrNoFileTable
	}
	return im.sourceFiles(p.Moduledata, f)
}

func (im *Image) funcs(moduledata uint64, f func(Func) bool) error {
	return im.eachPosition(moduledata, func(outer, name []byte, pos position) bool {
		fn := string(name)
		pkg := funcPackage(fn)
		return pkg == "" || f(Func{pkg, fn, pos.file, int(pos.line), funcPackage(string(outer))})
	})
}

func (im *Image) sourceFiles(moduledata uint64, f func(pkg, file string) bool) error {
	packages := map[string]string{} // by what stands before the dot in names
	return im.eachPosition(moduledata, func(_, name []byte, pos position) bool {
		prefix := packagePrefix(name)
		pkg, ok := packages[string(prefix)]
		if !ok {
			pkg = Unescape(string(prefix))
			packages[string(prefix)] = pkg
		}
		return pkg == "" || f(pkg, pos.file)
	})
}

// eachPosition calls f, until it returns false, with where each function's code comes
// from: outer is the name of the function that has the code, name that of the one
// that the code is of.
func (im *Image) eachPosition(moduledata uint64, f func(outer, name []byte, pos position) bool) error {
	t, err := im.funcTable(moduledata)
	if err != nil {
		return err
	}
	o := im.Order
	// The last entry marks the end of the text. It has no function: what stands in
	// that place are the first bytes of what follows (runtime.moduledataverify1).
	for ; len(t.index) >= 16; t.index = t.index[8:] {
		off := uint64(o.Uint32(t.index[4:]))
		if off+funcHeader > uint64(len(t.funcs)) {
			continue
		}
		fn := t.funcs[off:]
		own := o.Uint32(fn[4:])
		outer, err := bytesAt(t.names, uint64(own))
		if err != nil {
			return fmt.Errorf("function table: %w", err)
		}
		for _, pos := range im.positions(t, fn) {
			name := outer
			if pos.name != own {
				if name, err = bytesAt(t.names, uint64(pos.name)); err != nil {
					continue
				}
			}
			if !f(outer, name, pos) {
				return nil
			}
		}
	}
	return nil
}

// fileAt gives a file by its number within a compilation unit.
func (im *Image) fileAt(t *funcTable, cuOffset uint32, n int64) (string, bool) {
	at := (uint64(cuOffset) + uint64(n)) * 4
	if n < 0 || at+4 > uint64(len(t.cu)) || at+4 < at {
		return "", false
	}
	off := im.Order.Uint32(t.cu[at:])
	if off == 1<<32-1 {
		return "", false
	}
	s, ok := t.fileNames[off]
	if !ok {
		s, _ = stringAt(t.files, uint64(off))
		t.fileNames[off] = s
	}
	return s, s != "<autogenerated>" && s != ""
}

func (im *Image) funcTable(moduledata uint64) (*funcTable, error) {
	w := im.WordSize()
	t := funcTable{fileNames: map[uint32]string{}}
	// pcHeader is the first word; slices of bytes, and of uint32 and functab,
	// follow, three words each.
	fields := []struct {
		to   *[]byte
		size uint64
	}{{&t.names, 1}, {&t.cu, 4}, {&t.files, 1}, {&t.pc, 1}, {&t.funcs, 1}, {&t.index, 8}}
	for i, field := range fields {
		at := moduledata + w + uint64(i)*3*w
		p, err := im.Pointer(at)
		if err != nil {
			return nil, fmt.Errorf("function table: %w", err)
		}
		n, err := im.wordAt(at + w)
		if err != nil || n > uint64(im.file.size)/field.size {
			return nil, fmt.Errorf("function table: %w: field %d has %d elements", ErrNoFileTable, i, n)
		}
		if *field.to, err = im.Bytes(p, n*field.size); err != nil {
			return nil, fmt.Errorf("function table: %w", err)
		}
	}
	// Without it functions that were inlined go by the name of what holds them.
	t.budget = 16 * len(t.pc)
	t.gofunc, _ = im.Pointer(moduledata + im.gofuncField()*w)
	return &t, nil
}

// gofuncField gives the word of runtime.moduledata that holds gofunc, the address
// of what funcdata offsets count from: the 41st up to Go 1.26, the 44th since.
func (im *Image) gofuncField() uint64 {
	version, _, err := im.BuildInfo()
	for _, old := range []string{"go1.21", "go1.22", "go1.23", "go1.24", "go1.25", "go1.26"} {
		if err == nil && strings.HasPrefix(version, old) {
			return 40
		}
	}
	return 43
}

// funcPackage gives the package of a function's name, unescaped as
// cmd/internal/objabi.PathToPrefix escaped it.
func funcPackage(name string) string {
	return Unescape(string(packagePrefix([]byte(name))))
}

// packagePrefix gives what stands in a function's name before the first dot after
// the last slash, type arguments apart: its package, escaped.
func packagePrefix(name []byte) []byte {
	if i := bytes.IndexAny(name, "[("); i >= 0 {
		name = name[:i]
	}
	slash := bytes.LastIndexByte(name, '/') + 1
	dot := bytes.IndexByte(name[slash:], '.')
	if dot <= 0 || bytes.HasPrefix(name, []byte("type:")) || bytes.HasPrefix(name, []byte("go:")) {
		return nil
	}
	return name[:slash+dot]
}

// Unescape undoes the escaping of import paths in symbol names: %2e for a dot in
// the last element, and the like (cmd/internal/objabi.PathToPrefix).
func Unescape(s string) string { return gotype.Unescape(s) }
