package goelf

import (
	"fmt"
	"strings"
)

// Soname is DT_SONAME, "" where there is none.
func (im *Image) Soname() string {
	off, ok := im.dyn[dtSoname]
	if !ok {
		return ""
	}
	s, err := im.str(off)
	if err != nil {
		return ""
	}
	return s
}

// Runpath lists the folders of DT_RUNPATH, in which the file wants its own libraries
// to be looked for. Variables such as $ORIGIN are not expanded.
func (im *Image) Runpath() []string { return im.folders(dtRunpath) }

// Rpath lists the folders of DT_RPATH, in which the file wants its libraries, and
// theirs in turn, to be looked for. It does not count where there is a DT_RUNPATH.
func (im *Image) Rpath() []string {
	if _, ok := im.dyn[dtRunpath]; ok {
		return nil
	}
	return im.folders(dtRpath)
}

func (im *Image) folders(tag int64) []string {
	off, ok := im.dyn[tag]
	if !ok {
		return nil
	}
	s, err := im.str(off)
	if err != nil || s == "" {
		return nil
	}
	return strings.Split(s, ":")
}

// PacksRelocs says whether the file has DT_RELR.
func (im *Image) PacksRelocs() bool { return im.dyn[dtRelr] != 0 }

// UndefinedSymbol is a symbol that a file needs from another one.
type UndefinedSymbol struct {
	Name    string
	Version string // "" where any will do
}

// UndefinedSymbols lists the symbols that the file's relocations need from other
// files, each once, in the order in which the dynamic linker meets them. Weak ones,
// which may stay unresolved, are left out.
func (im *Image) UndefinedSymbols() ([]UndefinedSymbol, error) {
	return im.undefined.get(im.readUndefined)
}

func (im *Image) readUndefined() ([]UndefinedSymbol, error) {
	needs, err := im.VersionNeeds()
	if err != nil {
		return nil, err
	}
	symbols, err := im.table(im.dyn[dtSymTab], uint64(im.file.size))
	if err != nil {
		return nil, fmt.Errorf("symbol table: %w", err)
	}
	var list []UndefinedSymbol
	var bad error
	seen := make(map[uint64]bool)
	err = im.eachUncounted(func(r reloc) bool {
		at := r.sym * im.symSize()
		if r.sym == 0 || at+im.symSize() > uint64(len(symbols)) {
			return true
		}
		// Nearly all are defined, which their section index alone tells.
		if i := at + im.symSize() - 2; !im.Is64 && symbols[i]|symbols[i+1] != 0 || im.Is64 && symbols[at+6]|symbols[at+7] != 0 {
			return true
		}
		s := im.decodeSymbol(symbols[at:])
		if s.info>>4 == bindWeak || s.info>>4 == bindLocal || seen[r.sym] {
			return true
		}
		seen[r.sym] = true
		name, err := im.symbolName(s)
		if err != nil {
			bad = err
			return false
		}
		list = append(list, UndefinedSymbol{name, im.symbolVersion(r.sym, needs)})
		return true
	})
	if err == nil {
		err = bad
	}
	return list, err
}

// DefinesVersions says whether the file, a library, defines symbol versions at all,
// and which (DT_VERDEF).
func (im *Image) DefinesVersions() (map[string]bool, error) {
	return im.versionDefs.get(im.readVersionDefs)
}

func (im *Image) readVersionDefs() (map[string]bool, error) {
	addr := im.dyn[dtVerDef]
	if addr == 0 {
		return nil, nil
	}
	versions := make(map[string]bool)
	for i := uint64(0); i < min(im.dyn[dtVerDefNum], maxVersions); i++ {
		b, err := im.table(addr, 20)
		if err != nil || len(b) < 20 {
			return nil, fmt.Errorf("DT_VERDEF: no entry at %#x: %v", addr, err)
		}
		// The first name of a definition is its own, the others are its parents.
		a, err := im.table(addr+uint64(im.Order.Uint32(b[12:])), 8)
		if err != nil || len(a) < 8 {
			return nil, fmt.Errorf("DT_VERDEF: no name at %#x: %v", addr, err)
		}
		name, err := im.str(uint64(im.Order.Uint32(a)))
		if err != nil {
			return nil, fmt.Errorf("DT_VERDEF: %w", err)
		}
		versions[name] = true
		next := im.Order.Uint32(b[16:])
		if next == 0 {
			break
		}
		addr += uint64(next)
	}
	return versions, nil
}
