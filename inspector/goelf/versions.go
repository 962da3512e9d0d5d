package goelf

import "fmt"

// VersionNeed is a symbol version that the file demands of a library.
type VersionNeed struct {
	Library string // as in libc.so.6
	Version string // as in GLIBC_2.34
	Weak    bool   // the dynamic linker only warns where it is missing

	index  uint16 // what DT_VERSYM has for symbols of this version
	hidden bool
}

// VersionDef is a symbol version that the file, a library, defines.
type VersionDef struct {
	Name string
	Base bool // the file's own name, which no symbol asks for

	index uint16
}

// maxVersions caps the entries of DT_VERNEED and DT_VERDEF; libc has some fifty.
const maxVersions = 4096

// VersionNeeds lists DT_VERNEED in its order.
func (im *Image) VersionNeeds() ([]VersionNeed, error) {
	return im.versionNeeds.get(im.readVersionNeeds)
}

func (im *Image) readVersionNeeds() ([]VersionNeed, error) {
	var needs []VersionNeed
	addr := im.dyn[dtVerNeed]
	for i := uint64(0); addr != 0 && i < min(im.dyn[dtVerNum], maxVersions); i++ {
		b, err := im.table(addr, 16)
		if err != nil || len(b) < 16 {
			return nil, fmt.Errorf("DT_VERNEED: no entry at %#x: %v", addr, err)
		}
		lib, err := im.str(uint64(im.Order.Uint32(b[4:])))
		if err != nil {
			return nil, fmt.Errorf("DT_VERNEED: %w", err)
		}
		aux := addr + uint64(im.Order.Uint32(b[8:]))
		for n := im.Order.Uint16(b[2:]); n > 0 && len(needs) < maxVersions; n-- {
			a, err := im.table(aux, 16)
			if err != nil || len(a) < 16 {
				return nil, fmt.Errorf("DT_VERNEED: no version at %#x: %v", aux, err)
			}
			v, err := im.str(uint64(im.Order.Uint32(a[8:])))
			if err != nil {
				return nil, fmt.Errorf("DT_VERNEED: %w", err)
			}
			other := im.Order.Uint16(a[6:])
			needs = append(needs, VersionNeed{lib, v, im.Order.Uint16(a[4:])&2 != 0, other & versionMask, other&versionHidden != 0})
			next := im.Order.Uint32(a[12:])
			if next == 0 {
				break
			}
			aux += uint64(next)
		}
		next := im.Order.Uint32(b[12:])
		if next == 0 {
			break
		}
		addr += uint64(next)
	}
	return needs, nil
}

// VersionDefs lists DT_VERDEF in its order.
func (im *Image) VersionDefs() ([]VersionDef, error) {
	return im.versionDefs.get(im.readVersionDefs)
}

func (im *Image) readVersionDefs() ([]VersionDef, error) {
	var defs []VersionDef
	addr := im.dyn[dtVerDef]
	for i := uint64(0); addr != 0 && i < min(im.dyn[dtVerDefNum], maxVersions); i++ {
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
		const base = 1 // VER_FLG_BASE
		defs = append(defs, VersionDef{name, im.Order.Uint16(b[2:])&base != 0, im.Order.Uint16(b[4:]) & versionMask})
		next := im.Order.Uint32(b[16:])
		if next == 0 {
			break
		}
		addr += uint64(next)
	}
	return defs, nil
}

const (
	versionMask   = 0x7fff
	versionHidden = 0x8000 // of a DT_VERSYM entry: not the symbol's default version
)

// versionTable is l_versions of glibc's struct link_map: what the numbers in
// DT_VERSYM mean.
type versionTable struct {
	byIndex map[uint16]VersionRef
	any     bool // whether symbols of this file have versions at all
	err     error
}

// VersionRef is the version that a reference to a symbol asks for. The zero value
// asks for none.
type VersionRef struct {
	Name   string // as in GLIBC_2.34
	File   string // the library that was to have it when the file was linked
	Hidden bool   // a definition without a version will not do
}

// versions follows _dl_check_map_versions in glibc's elf/dl-version.c.
func (im *Image) versions() *versionTable {
	t, err := im.versionTab.get(im.readVersions)
	if err != nil {
		return &versionTable{err: err}
	}
	return t
}

func (im *Image) readVersions() (*versionTable, error) {
	needs, err := im.VersionNeeds()
	if err != nil {
		return nil, err
	}
	defs, err := im.VersionDefs()
	if err != nil {
		return nil, err
	}
	t := &versionTable{byIndex: make(map[uint16]VersionRef), any: len(needs)+len(defs) > 0 && im.dyn[dtVerSym] != 0}
	for _, n := range needs {
		t.byIndex[n.index] = VersionRef{n.Version, n.Library, n.hidden}
	}
	for _, d := range defs {
		if !d.Base {
			t.byIndex[d.index] = VersionRef{Name: d.Name}
		}
	}
	return t, nil
}

// versionIndex is a symbol's entry in DT_VERSYM.
func (im *Image) versionIndex(sym uint64) (uint16, error) {
	b, err := im.table(im.dyn[dtVerSym]+2*sym, 2)
	if err != nil || len(b) < 2 {
		return 0, fmt.Errorf("DT_VERSYM: no entry %d: %v", sym, err)
	}
	return im.Order.Uint16(b), nil
}

// versionOf gives the version that the file's own symbol has or asks for.
func (im *Image) versionOf(sym uint64) VersionRef {
	t := im.versions()
	if t.err != nil || !t.any {
		return VersionRef{}
	}
	i, err := im.versionIndex(sym)
	if err != nil {
		return VersionRef{}
	}
	return t.byIndex[i&versionMask]
}

// HasVersions says whether the file's symbols have versions.
func (im *Image) HasVersions() bool { return im.versions().any }

// Find finds the definition that a reference from another file binds to in this
// one, as check_match and do_lookup_x in glibc's elf/dl-lookup.c do. With call, the
// address that a program gives to a function of a library is no definition.
func (im *Image) Find(name string, want VersionRef, call bool) (Symbol, bool, error) {
	h, err := im.hashTable()
	if err != nil || h == nil {
		return Symbol{}, false, err
	}
	t := im.versions()
	if t.err != nil {
		return Symbol{}, false, t.err
	}
	var only uint64 // for references without a version, the one that is not hidden
	candidates := 0
	i, found, err := h.lookup(im, name, func(i uint64, s rawSymbol) bool {
		if !s.matches(call) {
			return false
		}
		if !t.any {
			return true
		}
		index, verr := im.versionIndex(i)
		if verr != nil {
			return false
		}
		if want.Name == "" {
			if index&versionMask < 3 {
				return true
			}
			if index&versionHidden == 0 {
				if candidates == 0 {
					only = i
				}
				candidates++
			}
			return false
		}
		has := t.byIndex[index&versionMask]
		return has.Name == want.Name || !want.Hidden && has.Name == "" && index&versionHidden == 0
	})
	if err != nil {
		return Symbol{}, false, err
	}
	if !found {
		if candidates != 1 {
			return Symbol{}, false, nil
		}
		i = only
	}
	s, err := im.rawSymbol(i)
	if err != nil {
		return Symbol{}, false, err
	}
	const global, unique = 1, 10
	bind := s.info >> 4
	if s.local() || bind != global && bind != bindWeak && bind != unique {
		return Symbol{}, false, nil
	}
	return im.symbol(s, name), true, nil
}

// matches makes the tests of check_match that do not depend on versions.
func (s rawSymbol) matches(call bool) bool {
	const abs = 0xfff1
	typ := s.info & 15
	if s.value == 0 && s.shndx != abs && typ != typeTLS || call && s.shndx == 0 {
		return false
	}
	const allowed = 1<<0 | 1<<1 | 1<<2 | 1<<5 | 1<<6 | 1<<10 // NOTYPE, OBJECT, FUNC, COMMON, TLS, GNU_IFUNC
	return allowed>>typ&1 != 0
}

// local says whether the symbol's visibility binds it to its own file.
func (s rawSymbol) local() bool {
	const internal, hidden = 1, 2
	v := s.other & 3
	return s.info>>4 == bindLocal || v == internal || v == hidden
}
