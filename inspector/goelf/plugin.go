package goelf

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Names of the linker's symbols, from cmd/link/internal/ld/symtab.go. The names
// hold raw import paths, not escaped ones.
const (
	hashPrefix  = "go:link.pkghash."
	bytesPrefix = "go:link.pkghashbytes."
)

// maxPath caps the length of an import path or plugin path in bytes.
const maxPath = 1 << 14

// PackageHash is a package and the eight bytes that were its hash at link time.
type PackageHash struct {
	Path string
	Hash [8]byte
}

// Plugin is what the runtime reads of a plugin's module data.
type Plugin struct {
	Path     string        // the plugin path, unique in a process
	Packages []PackageHash // in the order in which the runtime checks them
	Exports  []Export
	// ExportsErr says why Exports could not be read; the rest is sound.
	ExportsErr error

	// Moduledata is the address of the module data in the file, 0 where it is not known.
	Moduledata uint64

	typesField uint64 // address of moduledata.types, 0 where it is not known
}

// ErrNotPlugin is returned for a file without relocations against package
// hashes: to the runtime, that is no plugin.
var ErrNotPlugin = errors.New("no relocation against a Go package hash")

// PackageHash reads the hash that a host, or an earlier plugin, defines for a
// package: what the dynamic linker binds *runtimehash to.
func (im *Image) PackageHash(path string) (hash [8]byte, ok bool, err error) {
	s, ok, err := im.Lookup(hashPrefix + path)
	if err != nil || !ok {
		return hash, false, err
	}
	v, err := im.goString(s.Value, uint64(len(hash)))
	if err != nil {
		return hash, false, fmt.Errorf("hash of package %s: %w", path, err)
	}
	if copy(hash[:], v); len(v) != len(hash) {
		return hash, false, fmt.Errorf("hash of package %s: %d bytes, want %d", path, len(v), len(hash))
	}
	return hash, true, nil
}

// PackageHashes lists the hashes that the file defines, by package path. It
// reads the whole symbol table.
func (im *Image) PackageHashes() ([]PackageHash, error) {
	var list []PackageHash
	for s, err := range im.Symbols() {
		if err != nil {
			return nil, err
		}
		path, ok := strings.CutPrefix(s.Name, hashPrefix)
		if !ok || !s.Defined {
			continue
		}
		h, ok, err := im.PackageHash(path)
		if err != nil {
			return nil, err
		}
		if ok {
			list = append(list, PackageHash{path, h})
		}
	}
	slices.SortFunc(list, func(a, b PackageHash) int { return cmp.Compare(a.Path, b.Path) })
	return slices.Compact(list), nil
}

// ReadPlugin reads the plugin's module data. The Go minor release (as 26 in Go
// 1.26) decides where a field lies; 0 means that it is not known.
// The error matches [ErrNotPlugin] where the file has none.
func (im *Image) ReadPlugin(minor int) (*Plugin, error) {
	refs, err := im.hashRefs()
	if err != nil {
		return nil, err
	}
	if len(refs) == 0 {
		return nil, ErrNotPlugin
	}
	w := im.WordSize()
	// runtime.modulehash is {modulename, linktimehash string; runtimehash *string}.
	base := refs[0] - 4*w
	field, err := im.findSlice(base, uint64(len(refs)))
	if err != nil {
		return nil, err
	}
	p := &Plugin{}
	for i := range uint64(len(refs)) {
		if refs[i] != base+i*5*w+4*w {
			return nil, fmt.Errorf("package hashes at %#x: entry %d of %d is not where it belongs", base, i, len(refs))
		}
		h, err := im.moduleHash(base + i*5*w)
		if err != nil {
			return nil, err
		}
		p.Packages = append(p.Packages, h)
	}
	if p.Path, err = im.goString(field-2*w, maxPath); err != nil {
		return nil, fmt.Errorf("plugin path: %w", err)
	}
	p.Exports, p.typesField, p.ExportsErr = im.exports(field-5*w, minor)
	if p.typesField != 0 {
		p.Moduledata = p.typesField - 37*w // runtime/symtab.go, of every release up to 1.27
	}
	return p, nil
}

// hashRefs gives the sorted addresses of words that bind to package hashes.
func (im *Image) hashRefs() ([]uint64, error) {
	if im.dyn[dtSymTab] == 0 {
		return nil, nil
	}
	symbols, err := im.table(im.dyn[dtSymTab], uint64(im.file.size))
	if err != nil {
		return nil, fmt.Errorf("symbol table: %w", err)
	}
	names, err := im.table(im.strtab, im.strlen)
	if err != nil {
		return nil, fmt.Errorf("symbol names: %w", err)
	}
	var refs []uint64
	var bad error
	err = im.eachUncounted(func(r reloc) bool {
		if r.typ != im.arch.abs || r.sym == 0 || im.arch.abs == 0 {
			return true
		}
		// A plugin has tens of thousands of these, so the tables are looked up once.
		at := r.sym * im.symSize()
		if at+im.symSize() > uint64(len(symbols)) {
			bad = fmt.Errorf("relocation at %#x: there is no symbol %d", r.addr, r.sym)
			return false
		}
		name := uint64(im.Order.Uint32(symbols[at:])) // the first field in both classes
		if name < uint64(len(names)) && bytes.HasPrefix(names[name:], []byte(hashPrefix)) {
			refs = append(refs, r.addr)
		}
		return true
	})
	if err = cmp.Or(err, bad); err != nil {
		return nil, err
	}
	slices.Sort(refs)
	return refs, nil
}

// findSlice finds the field of the module data that is a slice of n elements
// beginning at base.
func (im *Image) findSlice(base, n uint64) (uint64, error) {
	w := im.WordSize()
	var field uint64
	isField := func(at uint64) bool {
		length, err1 := im.wordAt(at + w)
		capacity, err2 := im.wordAt(at + 2*w)
		if err1 == nil && err2 == nil && length == n && capacity == n {
			field = at
		}
		return field != 0
	}
	counted := im.counted()
	for b := counted; uint64(len(b)) >= 3*w; b = b[3*w:] {
		if im.word(b[2*w:]) == base && isField(im.word(b)) {
			return field, nil
		}
	}
	err := im.eachUncounted(func(r reloc) bool {
		if r.typ != im.arch.relative {
			return true
		}
		if r.inline {
			v, err := im.wordAt(r.addr)
			if err != nil {
				return true
			}
			r.addend = v
		}
		return r.addend != base || !isField(r.addr)
	})
	if err != nil {
		return 0, err
	}
	if field == 0 {
		return 0, fmt.Errorf("module data: no slice of %d package hashes at %#x", n, base)
	}
	return field, nil
}

func (im *Image) moduleHash(addr uint64) (PackageHash, error) {
	w := im.WordSize()
	name, err := im.goString(addr, maxPath)
	if err != nil {
		return PackageHash{}, fmt.Errorf("package hash at %#x: name: %w", addr, err)
	}
	h := PackageHash{Path: name}
	link, err := im.goString(addr+2*w, uint64(len(h.Hash)))
	if err != nil {
		return PackageHash{}, fmt.Errorf("hash of package %s: %w", name, err)
	}
	if copy(h.Hash[:], link); len(link) != len(h.Hash) {
		return PackageHash{}, fmt.Errorf("hash of package %s: %d bytes, want %d", name, len(link), len(h.Hash))
	}
	return h, nil
}

// ModuledataSize is the size in bytes of runtime.moduledata in the file, 0 where
// it is not known.
func (im *Image) ModuledataSize() uint64 {
	s, ok, err := im.Lookup("runtime.firstmoduledata")
	if err != nil || !ok {
		return 0
	}
	return s.Size
}
