package goelf

import (
	"bytes"
	"encoding/binary"
	"io"
)

// A LoadFault is why the dynamic linker would not map a file.
type LoadFault struct {
	// Text is the dynamic linker's message without the file's name before it,
	// as glibc 2.36 words it (elf/dl-load.c); releases differ in a few.
	Text string
	// Crash says that there is no message: touching the file's pages raises SIGBUS.
	Crash bool
	Kind  FaultKind
	// OtherMachine and OtherClass tell of files that the search for a library
	// passes over.
	OtherMachine, OtherClass bool
}

// A FaultKind tells apart what a user would do about a [LoadFault].
type FaultKind int

const (
	FaultHeader     FaultKind = iota // not a shared object, or a damaged one
	FaultPlatform                    // for another machine
	FaultTruncated                   // the file ends before its segments do
	FaultExecutable                  // a program, not a library
)

// pageSize4K is the page size of the machines where it is fixed, and of the usual
// kernels on the others.
const pageSize4K = 4096

// CheckLoad says what dlopen in a process on the target does with a file that
// holds data, before any symbol is looked at: nil where it maps it.
func CheckLoad(data []byte, t Target) *LoadFault {
	if f := CheckHeader(bytes.NewReader(data), int64(len(data)), t); f != nil {
		return f
	}
	im, err := NewBytes(data)
	if err != nil {
		// The program headers are whole, so it is PT_DYNAMIC that lies outside.
		if im, err = NewBytes(PadToPage(data)); err != nil {
			if f := sizesOf(data); f != nil {
				return f
			}
			return &LoadFault{Crash: true, Kind: FaultTruncated}
		}
	}
	return im.CheckSegments()
}

// CheckHeader makes the tests of open_verify in glibc's elf/dl-load.c, in their
// order, on a file of size bytes.
func CheckHeader(r io.ReaderAt, size int64, t Target) *LoadFault {
	header := func(text string) *LoadFault { return &LoadFault{Text: text, Kind: FaultHeader} }
	n := int64(64)
	if !t.Is64 {
		n = 52
	}
	if size < n {
		return header("file too short")
	}
	data := make([]byte, n)
	if _, err := r.ReadAt(data, 0); err != nil {
		return header("cannot read file data")
	}
	if f := checkIdent(data, t); f != nil {
		return f
	}
	o := t.Order
	if o.Uint32(data[20:]) != 1 {
		return header("ELF file version does not match current one")
	}
	if !t.matches(data) {
		return otherMachine()
	}
	typ := o.Uint16(data[16:])
	if typ != TypeDyn && typ != TypeExec {
		return header("only ET_DYN and ET_EXEC can be loaded")
	}
	phoff, phent, want := o.Uint64(data[32:40]), uint64(0), uint64(56)
	if t.Is64 {
		phent = uint64(o.Uint16(data[54:]))
	} else {
		phoff, phent, want = uint64(o.Uint32(data[28:])), uint64(o.Uint16(data[42:])), 32
	}
	if phent != want {
		return header("ELF file's phentsize not the expected size")
	}
	phnum := uint64(o.Uint16(data[n-8:]))
	if end := phoff + phnum*phent; phnum > 0 && (end > uint64(size) || end < phoff) {
		return header("cannot read file data")
	}
	return nil
}

func checkIdent(data []byte, t Target) *LoadFault {
	header := func(text string) *LoadFault { return &LoadFault{Text: text, Kind: FaultHeader} }
	class, class2 := byte(1), "ELFCLASS64"
	if t.Is64 {
		class, class2 = 2, "ELFCLASS32"
	}
	encoding, encodingName := byte(1), "little-endian"
	if t.Order == binary.ByteOrder(binary.BigEndian) {
		encoding, encodingName = 2, "big-endian"
	}
	switch {
	case string(data[:4]) != "\x7fELF":
		return header("invalid ELF header")
	case data[4] != class:
		return &LoadFault{Text: "wrong ELF class: " + class2, Kind: FaultPlatform, OtherClass: true}
	}
	text := ""
	switch {
	case data[5] != encoding:
		text = "ELF file data encoding not " + encodingName
	case data[6] != 1:
		text = "ELF file version ident does not match current one"
	case !t.validOSABI(data[7]):
		text = "ELF file OS ABI invalid"
	case !t.validABIVersion(data[7], data[8]):
		text = "ELF file ABI version invalid"
	case !bytes.Equal(data[9:16], make([]byte, 7)):
		text = "nonzero padding in e_ident"
	case t.Machine == machineARM && !t.validFloatABI(t.Order.Uint32(data[36:])):
		return otherMachine() // Debian counts it among the faults of e_ident
	default:
		return nil
	}
	// Debian and Ubuntu look at the machine before they say what is wrong with the
	// rest; glibc as released and Fedora's would give the text here.
	if !t.matches(data) {
		return otherMachine()
	}
	if data[5] != encoding {
		return &LoadFault{Text: text, Kind: FaultPlatform}
	}
	return header(text)
}

// CheckSegments makes the tests of _dl_map_object_from_fd in glibc's
// elf/dl-load.c, in their order.
func (im *Image) CheckSegments() *LoadFault {
	loads, dynamic := 0, false
	cut := false
	for _, s := range im.segs {
		switch s.typ {
		case segDynamic:
			dynamic = s.filesz > 0
		case segLoad:
			loads++
			if (s.vaddr-s.off)&(pageSize4K-1) != 0 {
				return &LoadFault{Text: "ELF load command address/offset not page-aligned"}
			}
			// What follows the file's end in its last page reads as zeros; a page
			// wholly behind the end raises SIGBUS.
			end := s.off + s.filesz
			cut = cut || end < s.off || roundUp(end) > roundUp(uint64(im.file.size))
		}
	}
	switch {
	case loads == 0:
		return &LoadFault{Text: "object file has no loadable segments"}
	case im.Type == TypeExec:
		return &LoadFault{Text: "cannot dynamically load executable", Kind: FaultExecutable}
	case im.tooLarge() != nil:
		return im.tooLarge()
	case cut:
		return &LoadFault{Crash: true, Kind: FaultTruncated}
	case !dynamic:
		return &LoadFault{Text: "object file has no dynamic section"}
	case im.PIE():
		return &LoadFault{Text: "cannot dynamically load position-independent executable", Kind: FaultExecutable}
	case im.dyn[dtFlags1]&df1NoOpen != 0:
		return &LoadFault{Text: "shared object cannot be dlopen()ed"}
	}
	return nil
}

// Padded is a file as the kernel maps it: with zeros up to the end of its last page.
type Padded struct {
	io.ReaderAt
	Size int64 // of the file, in bytes
}

// ReadAt reads bytes behind the file's end as zeros; how far they go is for the
// caller to bound.
func (p Padded) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	if off < p.Size {
		n = int(min(int64(len(b)), p.Size-off))
		if n, err := p.ReaderAt.ReadAt(b[:n], off); err != nil && err != io.EOF {
			return n, err
		}
	}
	clear(b[n:])
	return len(b), nil
}

// NewLibrary is New for a library, which is seen as the kernel maps it.
func NewLibrary(r io.ReaderAt, size int64) (*Image, error) {
	return New(Padded{r, size}, int64(roundUp(uint64(size))))
}

// sizesOf judges a file whose dynamic section cannot be read by its program headers.
func sizesOf(data []byte) *LoadFault {
	im := &Image{file: &file{size: int64(len(data)), data: data}, Is64: data[4] == 2, Order: binary.LittleEndian, little: data[5] == 1}
	if data[5] == 2 {
		im.Order = binary.BigEndian
	}
	if err := im.readHeader(); err != nil {
		return nil
	}
	return im.tooLarge()
}

// tooLarge judges segments that no address space has room for (_dl_map_segments in
// glibc's elf/dl-map-segments.h).
func (im *Image) tooLarge() *LoadFault {
	most := uint64(1) << 46
	if !im.Is64 {
		most = 3 << 30
	}
	var first, last segment
	for _, s := range im.segs {
		if s.typ == segLoad {
			if last = s; first.typ == 0 {
				first = s
			}
		}
	}
	if end := last.vaddr + last.memsz; end-first.vaddr > most {
		return &LoadFault{Text: "failed to map segment from shared object"}
	}
	for _, s := range im.segs {
		if s.typ == segLoad && s.memsz > s.filesz && s.memsz-s.filesz > most {
			return &LoadFault{Text: "cannot map zero-fill pages"}
		}
	}
	return nil
}

func roundUp(n uint64) uint64 { return (n + pageSize4K - 1) &^ (pageSize4K - 1) }

// PadToPage gives the file's bytes as the kernel maps them: with zeros up to the
// end of the last page, so that a file cut within that page reads as it would
// when loaded.
func PadToPage(data []byte) []byte {
	n := roundUp(uint64(len(data))) - uint64(len(data))
	return append(data[:len(data):len(data)], make([]byte, n)...)
}

// CutInPage says whether a segment goes on behind the file's end.
func (im *Image) CutInPage() bool {
	for _, s := range im.segs {
		if s.typ == segLoad && s.off+s.filesz > uint64(im.file.size) {
			return true
		}
	}
	return false
}
