// Package goelf reads what plugin.Open acts on from ELF files that the Go
// linker wrote: package hashes, module data, exported symbols and their types.
//
// It reads as the dynamic linker does, from the program headers and PT_DYNAMIC,
// never from section headers, so that stripped files and files without any
// section read the same. Every offset is checked before it is used: no input
// makes it panic, and what it allocates is bounded by the file's size.
package goelf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Values of the ELF header, from the ELF specification.
const (
	TypeExec = 2 // ET_EXEC
	TypeDyn  = 3 // ET_DYN

	segLoad    = 1 // PT_LOAD
	segDynamic = 2 // PT_DYNAMIC
	segInterp  = 3 // PT_INTERP
)

// maxDynamic caps the entries of PT_DYNAMIC; real files have about thirty.
const maxDynamic = 4096

// ErrNotELF is returned for a file that does not begin like an ELF file.
var ErrNotELF = errors.New("not an ELF file")

// Image is an ELF file seen as the dynamic linker sees it.
type Image struct {
	Is64    bool
	Order   binary.ByteOrder
	Machine uint16 // e_machine
	Type    uint16 // e_type: TypeExec, TypeDyn, …

	file  *file
	arch  arch
	flags uint32 // e_flags
	osabi byte   // EI_OSABI
	segs  []segment
	loads []segment        // those of type PT_LOAD, joined where nothing lies between them
	dyn   map[int64]uint64 // last value of each tag, the one that counts

	little                 bool         // Order is binary.LittleEndian
	symtab, strtab, strlen uint64       // DT_SYMTAB, DT_STRTAB and the bytes from there on, which every look-up needs
	need                   []dependency // DT_NEEDED and the like

	hash    memo[symbolTable]
	pointer pointerIndex

	needed       memo[[]string]
	dependencies memo[[]Dependency]
	references   memo[[]Reference]
	versionNeeds memo[[]VersionNeed]
	versionDefs  memo[[]VersionDef]
	versionTab   memo[*versionTable]
}

// dependency is a Dependency whose name is an offset into the string table.
type dependency struct {
	name uint64
	kind DependencyKind
}

type segment struct {
	typ, flags           uint32
	off, vaddr           uint64
	filesz, memsz, align uint64
}

// New reads the headers of the ELF file in r, which holds size bytes. What is
// not needed yet is not read. The error matches [ErrNotELF] where the file is
// something else.
func New(r io.ReaderAt, size int64) (*Image, error) {
	return newImage(&file{size: size, r: r})
}

// NewBytes is New for a file that is in memory.
func NewBytes(data []byte) (*Image, error) {
	return newImage(&file{size: int64(len(data)), data: data})
}

func newImage(f *file) (*Image, error) {
	im := &Image{file: f}
	id, err := f.view(0, 16)
	if err != nil {
		return nil, ErrNotELF
	}
	if err := im.readIdent(id); err != nil {
		return nil, err
	}
	if err := im.readHeader(); err != nil {
		return nil, err
	}
	if err := im.readDynamic(); err != nil {
		return nil, err
	}
	return im, nil
}

// readIdent reads the first 16 bytes.
func (im *Image) readIdent(id []byte) error {
	if len(id) < 16 || string(id[:4]) != "\x7fELF" {
		return ErrNotELF
	}
	im.osabi = id[7]
	switch id[4] {
	case 1:
	case 2:
		im.Is64 = true
	default:
		return fmt.Errorf("%w: class %d", ErrNotELF, id[4])
	}
	switch id[5] {
	case 1:
		im.Order, im.little = binary.LittleEndian, true
	case 2:
		im.Order = binary.BigEndian
	default:
		return fmt.Errorf("%w: data encoding %d", ErrNotELF, id[5])
	}
	return nil
}

func (im *Image) readHeader() error {
	n, phoffAt, flagsAt, phentAt, phent := uint64(64), 32, 48, 54, uint64(56)
	if !im.Is64 {
		n, phoffAt, flagsAt, phentAt, phent = 52, 28, 36, 42, 32
	}
	h, err := im.file.view(0, n)
	if err != nil {
		return fmt.Errorf("read ELF header: %w", err)
	}
	im.Type = im.Order.Uint16(h[16:])
	im.Machine = im.Order.Uint16(h[18:])
	im.flags = im.Order.Uint32(h[flagsAt:])
	im.arch = archOf(im.Machine, im.Is64, im.Order)
	phoff := im.word(h[phoffAt:])
	phnum := uint64(im.Order.Uint16(h[phentAt+2:]))
	if got := uint64(im.Order.Uint16(h[phentAt:])); phnum > 0 && got != phent {
		return fmt.Errorf("read program headers: entries of %d bytes, want %d", got, phent)
	}
	p, err := im.file.view(phoff, phnum*phent)
	if err != nil {
		return fmt.Errorf("read program headers: %w", err)
	}
	for i := uint64(0); i < phnum; i++ {
		im.segs = append(im.segs, im.segment(p[i*phent:]))
	}
	im.joinLoads()
	return nil
}

// joinLoads makes one of the loaded segments that follow each other in the file as in
// memory: patchelf lays a table across two of them.
func (im *Image) joinLoads() {
	for _, s := range im.segs {
		if s.typ != segLoad {
			continue
		}
		if n := len(im.loads); n > 0 {
			last := &im.loads[n-1]
			if last.filesz == last.memsz && last.vaddr+last.memsz == s.vaddr && last.off+last.filesz == s.off {
				last.filesz += s.filesz
				last.memsz += s.memsz
				continue
			}
		}
		im.loads = append(im.loads, s)
	}
}

func (im *Image) segment(p []byte) segment {
	o := im.Order
	if im.Is64 {
		return segment{
			typ: o.Uint32(p), flags: o.Uint32(p[4:]), off: o.Uint64(p[8:]), vaddr: o.Uint64(p[16:]),
			filesz: o.Uint64(p[32:]), memsz: o.Uint64(p[40:]), align: o.Uint64(p[48:]),
		}
	}
	return segment{
		typ: o.Uint32(p), off: uint64(o.Uint32(p[4:])), vaddr: uint64(o.Uint32(p[8:])),
		filesz: uint64(o.Uint32(p[16:])), memsz: uint64(o.Uint32(p[20:])),
		flags: o.Uint32(p[24:]), align: uint64(o.Uint32(p[28:])),
	}
}

func (im *Image) readDynamic() error {
	im.dyn = make(map[int64]uint64)
	for _, s := range im.segs {
		if s.typ != segDynamic {
			continue
		}
		w := im.WordSize()
		n := min(s.memsz, maxDynamic*2*w)
		d, err := im.Bytes(s.vaddr, n)
		if err != nil {
			return fmt.Errorf("read PT_DYNAMIC: %w", err)
		}
		for ; uint64(len(d)) >= 2*w; d = d[2*w:] {
			tag, val := int64(im.word(d)), im.word(d[w:])
			if !im.Is64 {
				tag = int64(int32(tag))
			}
			if tag == 0 {
				break
			}
			switch tag {
			case dtNeeded:
				im.need = append(im.need, dependency{val, Needed})
			case dtFilter:
				im.need = append(im.need, dependency{val, Filter})
			case dtAuxiliary:
				im.need = append(im.need, dependency{val, Auxiliary})
			}
			im.dyn[tag] = val
		}
		im.symtab, im.strtab = im.dyn[dtSymTab], im.dyn[dtStrTab]
		im.strlen = im.behind(im.strtab) // DT_STRSZ is what no dynamic linker reads
		return nil
	}
	return nil
}

// behind gives how many bytes of the file's part of a segment there are from an address
// on.
func (im *Image) behind(addr uint64) uint64 {
	for _, s := range im.loads {
		if addr >= s.vaddr && addr-s.vaddr < s.filesz {
			return s.filesz - (addr - s.vaddr)
		}
	}
	return 0
}

// WordSize is the size of a pointer in bytes.
func (im *Image) WordSize() uint64 {
	if im.Is64 {
		return 8
	}
	return 4
}

// word reads one pointer-sized integer.
func (im *Image) word(b []byte) uint64 {
	switch {
	case im.Is64 && im.little:
		return binary.LittleEndian.Uint64(b) // through the interface it costs five times as much
	case im.Is64:
		return im.Order.Uint64(b)
	}
	return uint64(im.Order.Uint32(b))
}

// Bytes gives n bytes at a virtual address, as they are in the file: without
// relocations applied. What lies in a segment's memory but not in its file part
// (bss) reads as zeros. The slice must not be written to.
func (im *Image) Bytes(addr, n uint64) ([]byte, error) {
	for _, s := range im.loads {
		if addr < s.vaddr || addr-s.vaddr >= s.memsz || n > s.memsz-(addr-s.vaddr) {
			continue
		}
		at := addr - s.vaddr
		if at >= s.filesz {
			if n > 1<<16 {
				return nil, fmt.Errorf("%d bytes at address %#x: all of them are bss", n, addr)
			}
			return make([]byte, n), nil
		}
		if n <= s.filesz-at {
			return im.file.view(s.off+at, n)
		}
		head, err := im.file.view(s.off+at, s.filesz-at)
		if err != nil {
			return nil, err
		}
		if n > uint64(len(head))+1<<16 {
			return nil, fmt.Errorf("%d bytes at address %#x: most of them are bss", n, addr)
		}
		return append(head[:len(head):len(head)], make([]byte, n-uint64(len(head)))...), nil
	}
	return nil, fmt.Errorf("%d bytes at address %#x: no segment holds them", n, addr)
}

// table gives up to n bytes at an address in a slice that may be shorter where
// the segment's file part ends.
func (im *Image) table(addr, n uint64) ([]byte, error) {
	for _, s := range im.loads {
		if addr >= s.vaddr && addr-s.vaddr < s.filesz {
			at := addr - s.vaddr
			return im.file.view(s.off+at, min(n, s.filesz-at))
		}
	}
	return nil, fmt.Errorf("%d bytes at address %#x: no segment holds them", n, addr)
}

// cstring reads the zero-terminated string at an address; max is the most
// bytes that it may have.
func (im *Image) cstring(addr, max uint64) (string, error) {
	for n := uint64(64); ; n *= 4 {
		b, err := im.table(addr, min(n, max))
		if err != nil {
			return "", err
		}
		for i, c := range b {
			if c == 0 {
				return string(b[:i]), nil
			}
		}
		if uint64(len(b)) < n || n >= max {
			return "", fmt.Errorf("string at address %#x: no end within %d bytes", addr, len(b))
		}
	}
}

// Interpreter is the path in PT_INTERP, "" where there is none.
func (im *Image) Interpreter() string {
	for _, s := range im.segs {
		if s.typ != segInterp || s.filesz == 0 || s.filesz > 4096 {
			continue
		}
		if b, err := im.file.view(s.off, s.filesz); err == nil && b[len(b)-1] == 0 {
			return string(b[:len(b)-1])
		}
	}
	return ""
}

// Dynamic says whether the file has a dynamic section.
func (im *Image) Dynamic() bool { return len(im.dyn) > 0 }

// PIE says whether the file is marked as a position-independent executable.
func (im *Image) PIE() bool { return im.dyn[dtFlags1]&df1PIE != 0 }
