package goelf

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
)

// reloc is one relocation of the dynamic linker.
type reloc struct {
	addr   uint64
	typ    uint32
	sym    uint64 // index in the symbol table, 0 for none
	addend uint64 // of RELA; for REL and RELR it is the word in place
	inline bool   // the addend is in place
}

// eachReloc calls f for the relocations of DT_REL, DT_RELA, DT_RELR and
// DT_JMPREL until it returns false.
func (im *Image) eachReloc(f func(reloc) bool) error { return im.relocs(0, false, f) }

// eachUncounted is eachReloc without those that counted gives.
func (im *Image) eachUncounted(f func(reloc) bool) error {
	return im.relocs(uint64(len(im.counted())), false, f)
}

// eachPLT is eachReloc for DT_JMPREL alone.
func (im *Image) eachPLT(f func(reloc) bool) error { return im.relocs(0, true, f) }

// relocs calls f for the relocations but those in the first skip bytes of DT_RELA, or
// for those of DT_JMPREL only.
func (im *Image) relocs(skip uint64, onlyPLT bool, f func(reloc) bool) error {
	rela := im.dyn[dtPltRel] != dtRel
	tables := []struct {
		addr, size, skip uint64
		rela             bool
	}{
		{im.dyn[dtRela], im.dyn[dtRelaSz], skip, true},
		{im.dyn[dtRel], im.dyn[dtRelSz], 0, false},
		{im.dyn[dtJmpRel], im.dyn[dtPltRelSz], 0, rela},
	}
	for i, t := range tables {
		if t.addr == 0 || t.size == 0 || onlyPLT && i < 2 {
			continue
		}
		b, err := im.table(t.addr, t.size)
		if err != nil {
			return fmt.Errorf("relocations at %#x: %w", t.addr, err)
		}
		if !im.eachEntry(b[min(t.skip, uint64(len(b))):], t.rela, f) {
			return nil
		}
	}
	if im.dyn[dtRelr] == 0 || onlyPLT {
		return nil
	}
	return im.eachRelr(f)
}

func (im *Image) eachEntry(b []byte, rela bool, f func(reloc) bool) bool {
	if rela && im.Is64 && im.little {
		return eachRela64(b, f)
	}
	w := im.WordSize()
	n := 2 * w
	if rela {
		n = 3 * w
	}
	for ; uint64(len(b)) >= n; b = b[n:] {
		r := reloc{addr: im.word(b), inline: !rela}
		info := im.word(b[w:])
		if im.Is64 {
			r.sym, r.typ = info>>32, uint32(info)
		} else {
			r.sym, r.typ = info>>8, uint32(info)&0xff
		}
		if rela {
			r.addend = im.word(b[2*w:])
		}
		if !f(r) {
			return false
		}
	}
	return true
}

// eachRela64 is eachEntry for the files that nearly all are, of which a large plugin
// has a hundred thousand entries.
func eachRela64(b []byte, f func(reloc) bool) bool {
	o := binary.LittleEndian
	for ; len(b) >= 24; b = b[24:] {
		e := b[:24:24]
		info := o.Uint64(e[8:])
		if !f(reloc{addr: o.Uint64(e), sym: info >> 32, typ: uint32(info), addend: o.Uint64(e[16:])}) {
			return false
		}
	}
	return true
}

// eachRelr expands DT_RELR: an even word is an address to relocate, an odd one a
// bitmap of the words that follow (gABI, "Relative Relocation Table").
func (im *Image) eachRelr(f func(reloc) bool) error {
	b, err := im.table(im.dyn[dtRelr], im.dyn[dtRelrSz])
	if err != nil {
		return fmt.Errorf("DT_RELR: %w", err)
	}
	w := im.WordSize()
	next := uint64(0)
	for ; uint64(len(b)) >= w; b = b[w:] {
		v := im.word(b)
		if v&1 == 0 {
			if !f(reloc{addr: v, typ: im.arch.relative, inline: true}) {
				return nil
			}
			next = v + w
			continue
		}
		for i := uint64(0); i < w*8-1; i++ {
			if v>>(i+1)&1 != 0 && !f(reloc{addr: next + i*w, typ: im.arch.relative, inline: true}) {
				return nil
			}
		}
		next += (w*8 - 1) * w
	}
	return nil
}

// pointerIndex finds the relocation of a word. Nearly all words that are asked for have
// one of those that relative finds where it lies; the others are gathered when the first
// one is asked for that has not.
type pointerIndex struct {
	tableOnce sync.Once
	table     []byte // what counted gives

	once, rest sync.Once
	err        error
	relative   []relativeReloc // by address; those that DT_RELACOUNT does not count
	symbolic   []symbolicReloc // by address
}

type relativeReloc struct{ addr, value uint64 }

type symbolicReloc struct {
	addr, addend uint64
	sym          uint32
}

// Pointer gives the pointer that the word at a virtual address holds once
// loaded, the file bound to its own symbols and its base address zero.
func (im *Image) Pointer(addr uint64) (uint64, error) {
	if im.Type != TypeDyn {
		return im.wordAt(addr)
	}
	if v, ok := im.relative(addr); ok {
		return v, nil
	}
	ix := &im.pointer
	ix.once.Do(im.indexRelative)
	if ix.err != nil {
		return 0, ix.err
	}
	if i, ok := slices.BinarySearchFunc(ix.relative, addr, func(r relativeReloc, a uint64) int { return cmp.Compare(r.addr, a) }); ok {
		return ix.relative[i].value, nil
	}
	ix.rest.Do(im.indexSymbolic)
	if i, ok := slices.BinarySearchFunc(ix.symbolic, addr, func(r symbolicReloc, a uint64) int { return cmp.Compare(r.addr, a) }); ok {
		s, err := im.rawSymbol(uint64(ix.symbolic[i].sym))
		return s.value + ix.symbolic[i].addend, err
	}
	return im.wordAt(addr)
}

// counted gives the relocations of DT_RELA that DT_RELACOUNT counts: glibc takes them
// for relative ones whatever their type says (elf/do-rel.h), and linkers write them
// first and sorted by address.
func (im *Image) counted() []byte {
	n := im.dyn[dtRelaCount] * 3 * im.WordSize()
	if im.dyn[dtRela] == 0 || im.dyn[dtRelaCount] > uint64(im.file.size) || n > im.dyn[dtRelaSz] {
		return nil
	}
	b, err := im.table(im.dyn[dtRela], n)
	if err != nil || uint64(len(b)) < n {
		return nil
	}
	return b
}

// relative looks a relative relocation up where it lies in the file. In a table that
// is not sorted it may miss some; indexRelative has them all.
func (im *Image) relative(addr uint64) (uint64, bool) {
	im.pointer.tableOnce.Do(func() { im.pointer.table = im.counted() })
	b, w := im.pointer.table, im.WordSize()
	lo, hi := uint64(0), uint64(len(b))/(3*w)
	for lo < hi {
		mid := (lo + hi) / 2
		e := b[mid*3*w:]
		switch a := im.word(e); {
		case a == addr:
			return im.word(e[2*w:]), true
		case a < addr:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return 0, false
}

func (im *Image) indexRelative() {
	ix := &im.pointer
	ix.err = errFault // stays where a mapped file shrank
	each := im.eachUncounted
	if !im.sorted(im.counted()) {
		each = im.eachReloc
	}
	ix.err = im.eachPointer(each, im.arch.relative, func(r reloc) {
		ix.relative = append(ix.relative, relativeReloc{r.addr, r.addend})
	})
	slices.SortFunc(ix.relative, func(a, b relativeReloc) int { return cmp.Compare(a.addr, b.addr) })
}

// sorted says whether relative finds everything in a table.
func (im *Image) sorted(b []byte) bool {
	last, w := uint64(0), im.WordSize()
	for ; uint64(len(b)) >= 3*w; b = b[3*w:] {
		addr := im.word(b)
		if addr < last {
			return false
		}
		last = addr
	}
	return true
}

func (im *Image) indexSymbolic() {
	ix := &im.pointer
	// An error would have been the first pass's as well.
	_ = im.eachPointer(im.eachUncounted, im.arch.abs, func(r reloc) {
		ix.symbolic = append(ix.symbolic, symbolicReloc{r.addr, r.addend, uint32(r.sym)})
	})
	slices.SortFunc(ix.symbolic, func(a, b symbolicReloc) int { return cmp.Compare(a.addr, b.addr) })
}

// eachPointer calls f for the relocations of one type, addends in place read.
func (im *Image) eachPointer(each func(func(reloc) bool) error, typ uint32, f func(reloc)) error {
	return each(func(r reloc) bool {
		if r.typ == typ {
			if r.inline {
				// A word that cannot be read is an error of whoever asks for it.
				r.addend, _ = im.wordAt(r.addr)
			}
			f(r)
		}
		return true
	})
}

// wordAt reads the word at a virtual address, no relocation applied.
func (im *Image) wordAt(addr uint64) (uint64, error) {
	b, err := im.Bytes(addr, im.WordSize())
	if err != nil {
		return 0, err
	}
	return im.word(b), nil
}

// goString reads a Go string whose header is at a virtual address.
func (im *Image) goString(addr, max uint64) (string, error) {
	n, err := im.wordAt(addr + im.WordSize())
	if err != nil {
		return "", err
	}
	if n == 0 {
		return "", nil
	}
	if n > max {
		return "", fmt.Errorf("string at %#x: %d bytes long, at most %d are plausible", addr, n, max)
	}
	p, err := im.Pointer(addr)
	if err != nil {
		return "", err
	}
	b, err := im.Bytes(p, n)
	if err != nil {
		return "", err
	}
	return string(b), nil
}
