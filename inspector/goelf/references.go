package goelf

import (
	"fmt"
	"slices"
)

// A RefKind says what a relocation wants of the symbol that it refers to.
type RefKind uint8

const (
	RefData      RefKind = iota // its address
	RefCall                     // the address of a definition, for a call or a dynamic thread-local variable
	RefStaticTLS                // its place in the static thread-local block
	RefTLSDesc                  // a descriptor of a thread-local variable
	RefUnknown                  // the dynamic linker does not know the relocation's type
	RefWild                     // the place to write to lies outside of what the file may write
)

// A Reference is something in a file's relocations at which the dynamic linker
// could stop.
type Reference struct {
	Kind    RefKind
	Name    string // of the symbol; "" where there is none
	Version VersionRef
	Weak    bool   // it may stay unresolved
	Local   bool   // it is bound to the file itself
	PLT     bool   // it stands in DT_JMPREL
	Type    uint32 // of the relocation
}

// relocTypes are a machine's relocation types as elf_machine_rela in glibc's
// sysdeps/*/dl-machine.h tells them apart.
type relocTypes struct {
	call, staticTLS []uint32
	tlsDesc         uint32
	known           []uint32 // nil where it is not known which ones there are
}

var relocsOf = map[string]relocTypes{
	"amd64":   {[]uint32{7, 16, 17}, []uint32{18}, 36, []uint32{0, 1, 2, 5, 6, 7, 8, 10, 16, 17, 18, 32, 33, 36, 37, 38}},
	"386":     {[]uint32{7, 35, 36}, []uint32{14, 37}, 41, []uint32{0, 1, 2, 5, 6, 7, 8, 14, 35, 36, 37, 38, 41, 42}},
	"arm64":   {[]uint32{1026, 1028, 1029}, []uint32{1030}, 1031, []uint32{0, 257, 1024, 1025, 1026, 1027, 1028, 1029, 1030, 1031, 1032}},
	"arm":     {[]uint32{22, 17, 18}, []uint32{19}, 13, nil},
	"riscv64": {[]uint32{5, 7, 9}, []uint32{11}, 12, nil},
	"ppc64le": {[]uint32{21, 68, 78}, []uint32{73}, 0, nil},
	"ppc64":   {[]uint32{21, 68, 78}, []uint32{73}, 0, nil},
	"s390x":   {[]uint32{11, 54, 55}, []uint32{56}, 0, nil},
	"loong64": {[]uint32{5, 7, 9}, []uint32{11}, 0, nil},
}

// KnowsRelocation says whether the dynamic linker of a process on the target knows a
// relocation's type.
func (t Target) KnowsRelocation(typ uint32) bool {
	known := relocsOf[archOf(t.Machine, t.Is64, t.Order).goarch].known
	return known == nil || slices.Contains(known, typ)
}

func (t relocTypes) kind(typ uint32) RefKind {
	switch {
	case slices.Contains(t.call, typ):
		return RefCall
	case slices.Contains(t.staticTLS, typ):
		return RefStaticTLS
	case t.tlsDesc != 0 && typ == t.tlsDesc:
		return RefTLSDesc
	case t.known != nil && !slices.Contains(t.known, typ):
		return RefUnknown
	}
	return RefData
}

// References lists, each once, what the file's relocations need from other files,
// what they need of thread-local storage, and the first that is damaged: those of
// DT_JMPREL last, as glibc meets them. What the file defines itself is left out, and
// so are weak references but to thread-local variables: none of these can fail.
func (im *Image) References() ([]Reference, error) {
	return im.references.get(im.readReferences)
}

func (im *Image) readReferences() ([]Reference, error) {
	symbols, err := im.table(im.symtab, uint64(im.file.size))
	if err != nil {
		return nil, fmt.Errorf("symbol table: %w", err)
	}
	g := &gatherer{im: im, symbols: symbols, size: im.symSize(), types: relocsOf[im.arch.goarch], seen: make(map[gathered]bool)}
	g.low, g.high = im.writable()
	g.lost = im.dyn[dtGnuHash] == 0 && im.dyn[dtHash] == 0
	g.plt = true
	if err := im.eachPLT(g.add); err != nil {
		return nil, err
	}
	calls := g.list
	g.plt, g.list = false, nil
	// eachUncounted ends with DT_JMPREL, whose symbols were met by then.
	if err := im.eachUncounted(g.add); err != nil {
		return nil, err
	}
	return append(g.list, calls...), g.err
}

// gatherer gathers references.
type gatherer struct {
	im        *Image
	symbols   []byte
	size      uint64 // of a symbol
	types     relocTypes
	low, high uint64 // where relocations may write
	plt       bool
	lost      bool // the file has no hash table, so that nothing is found in it
	seen      map[gathered]bool
	list      []Reference
	err       error

	lastType uint32 // and what it is: most relocations have the type of the one before
	lastKind RefKind
}

type gathered struct {
	sym  uint64
	kind RefKind
}

// add notes one relocation; false ends the gathering.
func (g *gatherer) add(r reloc) bool {
	if r.addr < g.low || r.addr >= g.high {
		if r.typ == 0 {
			return true
		}
		g.list = append(g.list, Reference{Kind: RefWild, Type: r.typ, PLT: g.plt})
		return false // the process ends here
	}
	if r.typ != g.lastType {
		g.lastType, g.lastKind = r.typ, g.types.kind(r.typ)
	}
	kind := g.lastKind
	at := r.sym * g.size
	if at+g.size > uint64(len(g.symbols)) || r.sym == 0 && kind < RefStaticTLS {
		return true
	}
	// Nearly all are defined, which their section index alone tells.
	section := at + g.size - 2
	if g.im.Is64 {
		section = at + 6
	}
	if kind < RefStaticTLS && !g.lost && g.symbols[section]|g.symbols[section+1] != 0 {
		return true
	}
	s := g.im.decodeSymbol(g.symbols[at:])
	if kind < RefStaticTLS && (s.info>>4 == bindWeak || s.local()) {
		return true
	}
	k := gathered{r.sym, kind}
	if g.seen[k] {
		return true
	}
	g.seen[k] = true
	ref := Reference{Kind: kind, Weak: s.info>>4 == bindWeak, Local: r.sym == 0 || s.local(), PLT: g.plt, Type: r.typ}
	if r.sym != 0 {
		if ref.Name, g.err = g.im.symbolName(s); g.err != nil {
			return false
		}
		ref.Version = g.im.versionOf(r.sym)
	}
	g.list = append(g.list, ref)
	return kind != RefUnknown
}

// writable gives the addresses between which relocations may write: those of the
// writable segments, or, where the file asks for that, of all.
func (im *Image) writable() (low, high uint64) {
	const write, dfTextRel = 2, 4 // PF_W, DF_TEXTREL
	_, text := im.dyn[dtTextRel]
	text = text || im.dyn[dtFlags]&dfTextRel != 0
	low = ^uint64(0)
	for _, s := range im.segs {
		if s.typ == segLoad && (text || s.flags&write != 0) {
			low, high = min(low, s.vaddr), max(high, roundUp(s.vaddr+s.memsz))
		}
	}
	return low, high
}
