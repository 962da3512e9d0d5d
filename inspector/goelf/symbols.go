package goelf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// Tags of PT_DYNAMIC, from the ELF specification and GNU's additions.
const (
	dtNeeded    = 1
	dtPltRelSz  = 2
	dtHash      = 4
	dtStrTab    = 5
	dtSymTab    = 6
	dtRela      = 7
	dtRelaSz    = 8
	dtSoname    = 14
	dtRpath     = 15
	dtRel       = 17
	dtRelSz     = 18
	dtPltRel    = 20
	dtJmpRel    = 23
	dtRunpath   = 29
	dtRelrSz    = 35
	dtRelr      = 36
	dtGnuHash   = 0x6ffffef5
	dtRelaCount = 0x6ffffff9
	dtFlags     = 30
	dtTextRel   = 22
	dtBindNow   = 24
	dtInit      = 12
	dtRelaEnt   = 9
	dtRelEnt    = 19
	dtRelrEnt   = 37
	dtAuxiliary = 0x7ffffffd
	dtFilter    = 0x7fffffff
	dtFlags1    = 0x6ffffffb
	dtVerSym    = 0x6ffffff0
	dtVerDef    = 0x6ffffffc
	dtVerDefNum = 0x6ffffffd
	dtVerNeed   = 0x6ffffffe
	dtVerNum    = 0x6fffffff

	df1NoDefLib = 0x00000800 // DF_1_NODEFLIB
	df1NoOpen   = 0x00000040 // DF_1_NOOPEN
	df1PIE      = 0x08000000 // DF_1_PIE
)

// maxChain caps the symbols that one look-up visits. In honest tables a chain
// has a handful; a hostile one could make every look-up walk the file.
const maxChain = 1 << 14

// maxName caps the length of a symbol's name in bytes. Names of instantiated
// generic functions run to a few kilobytes.
const maxName = 1 << 16

// Symbol is an entry of the dynamic symbol table.
type Symbol struct {
	Name    string
	Value   uint64 // virtual address
	Size    uint64 // bytes
	Defined bool   // whether other files can bind to it here
	Weak    bool
	Version string // that the file's own symbol has; of [Image.Symbols] only
}

type rawSymbol struct {
	name        uint32
	info, other uint8
	shndx       uint16
	value, size uint64
}

const (
	bindLocal = 0
	bindWeak  = 2
	typeTLS   = 6
)

// defined says, as do_lookup_x in glibc's elf/dl-lookup.c does, whether a
// reference may bind to the symbol.
func (s rawSymbol) defined() bool {
	if s.shndx == 0 || s.info>>4 == bindLocal {
		return false
	}
	return s.value != 0 || s.info&15 == typeTLS || s.shndx == 0xfff1
}

func (im *Image) symSize() uint64 {
	if im.Is64 {
		return 24
	}
	return 16
}

func (im *Image) rawSymbol(i uint64) (rawSymbol, error) {
	addr := im.symtab
	if addr == 0 || i >= 1<<32 {
		return rawSymbol{}, fmt.Errorf("symbol %d: there is no such symbol", i)
	}
	b, err := im.table(addr+i*im.symSize(), im.symSize())
	if err != nil {
		return rawSymbol{}, fmt.Errorf("symbol %d: %w", i, err)
	}
	if uint64(len(b)) < im.symSize() {
		return rawSymbol{}, fmt.Errorf("symbol %d: the table ends before it", i)
	}
	return im.decodeSymbol(b), nil
}

func (im *Image) decodeSymbol(b []byte) rawSymbol {
	if im.Is64 && im.little {
		o := binary.LittleEndian
		return rawSymbol{o.Uint32(b), b[4], b[5], o.Uint16(b[6:]), o.Uint64(b[8:]), o.Uint64(b[16:])}
	}
	o := im.Order
	if im.Is64 {
		return rawSymbol{o.Uint32(b), b[4], b[5], o.Uint16(b[6:]), o.Uint64(b[8:]), o.Uint64(b[16:])}
	}
	return rawSymbol{o.Uint32(b), b[12], b[13], o.Uint16(b[14:]), uint64(o.Uint32(b[4:])), uint64(o.Uint32(b[8:]))}
}

func (im *Image) symbolName(s rawSymbol) (string, error) { return im.str(uint64(s.name)) }

// str reads the string at an offset of the dynamic string table.
func (im *Image) str(off uint64) (string, error) {
	if off >= im.strlen {
		return "", fmt.Errorf("string %#x: the table has %d bytes", off, im.strlen)
	}
	return im.cstring(im.strtab+off, min(maxName, im.strlen-off))
}

// nameIs says whether the string at an offset is want, reading no more of it
// than that takes.
func (im *Image) nameIs(off uint64, want string) bool {
	b, err := im.table(im.strtab+off, uint64(len(want))+1)
	return err == nil && len(b) == len(want)+1 && b[len(want)] == 0 && string(b[:len(want)]) == want
}

func (im *Image) symbol(s rawSymbol, name string) Symbol {
	return Symbol{Name: name, Value: s.value, Size: s.size, Defined: s.defined(), Weak: s.info>>4 == bindWeak}
}

// Lookup finds the definition of a dynamic symbol as the dynamic linker does,
// through DT_GNU_HASH or else DT_HASH, so that its cost does not grow with the
// length of the table. The error is one of reading; a symbol that is not
// defined is reported by the bool.
func (im *Image) Lookup(name string) (Symbol, bool, error) {
	h, err := im.hashTable()
	if err != nil || h == nil {
		return Symbol{}, false, err
	}
	i, found, err := h.lookup(im, name, func(_ uint64, s rawSymbol) bool { return s.defined() })
	if err != nil || !found {
		return Symbol{}, false, err
	}
	s, err := im.rawSymbol(i)
	if err != nil {
		return Symbol{}, false, err
	}
	return im.symbol(s, name), true, nil
}

// Symbols yields all dynamic symbols, undefined ones too. It stops at the first
// error.
func (im *Image) Symbols() iter.Seq2[Symbol, error] {
	return func(yield func(Symbol, error) bool) {
		n, err := im.symbolCount()
		if err != nil {
			yield(Symbol{}, err)
			return
		}
		if n == 0 {
			return
		}
		tab, err := im.table(im.dyn[dtSymTab], n*im.symSize())
		if err != nil {
			yield(Symbol{}, fmt.Errorf("symbol table: %w", err))
			return
		}
		versions := im.versions()
		strs, err := im.table(im.strtab, im.strlen)
		if err != nil {
			yield(Symbol{}, fmt.Errorf("symbol names: %w", err))
			return
		}
		for i := uint64(1); i < n && uint64(len(tab)) >= (i+1)*im.symSize(); i++ {
			s := im.decodeSymbol(tab[i*im.symSize():])
			name, err := stringAt(strs, uint64(s.name))
			if err != nil {
				yield(Symbol{}, fmt.Errorf("symbol %d: %w", i, err))
				return
			}
			symbol := im.symbol(s, name)
			if versions.any {
				symbol.Version = im.versionOf(i).Name
			}
			if !yield(symbol, nil) {
				return
			}
		}
	}
}

var errNoEnd = errors.New("its name has no end")

func stringAt(b []byte, off uint64) (string, error) {
	name, err := bytesAt(b, off)
	return string(name), err
}

// bytesAt is stringAt without a copy.
func bytesAt(b []byte, off uint64) ([]byte, error) {
	if off >= uint64(len(b)) {
		return nil, fmt.Errorf("name at %#x of %d bytes", off, len(b))
	}
	b = b[off:]
	if end := bytes.IndexByte(b[:min(len(b), maxName)], 0); end >= 0 {
		return b[:end], nil
	}
	return nil, errNoEnd
}

// symbolCount finds the length of the symbol table, which ELF says nowhere: it
// is the number of chains of DT_HASH, or one past the highest symbol that
// DT_GNU_HASH reaches.
func (im *Image) symbolCount() (uint64, error) {
	h, err := im.hashTable()
	if err != nil || h == nil {
		return 0, err
	}
	return h.count(im)
}

// Needed lists the libraries of DT_NEEDED in their order.
func (im *Image) Needed() ([]string, error) { return im.needed.get(im.readNeeded) }

func (im *Image) readNeeded() ([]string, error) {
	var names []string
	for _, n := range im.need {
		if n.kind != Needed {
			continue
		}
		s, err := im.str(n.name)
		if err != nil {
			return nil, fmt.Errorf("DT_NEEDED: %w", err)
		}
		names = append(names, s)
	}
	return names, nil
}
