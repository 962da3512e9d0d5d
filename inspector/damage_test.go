package inspector_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// damaged is a plugin in which one thing is changed.
type damaged struct {
	name string
	what func(t *testing.T, f *elf.File, data []byte)
}

// setTag writes another value behind a tag of the dynamic section.
func setTag(tag elf.DynTag, value uint64) func(*testing.T, *elf.File, []byte) {
	return func(t *testing.T, f *elf.File, data []byte) {
		at := tagAt(t, f, data, tag)
		binary.LittleEndian.PutUint64(data[at+8:], value)
	}
}

// dropTag turns a tag into one that says nothing.
func dropTag(tag elf.DynTag) func(*testing.T, *elf.File, []byte) {
	return func(t *testing.T, f *elf.File, data []byte) {
		binary.LittleEndian.PutUint64(data[tagAt(t, f, data, tag):], 0x6ffffef0)
	}
}

func tagAt(t *testing.T, f *elf.File, data []byte, tag elf.DynTag) uint64 {
	t.Helper()
	s := f.Section(".dynamic")
	for at := s.Offset; at < s.Offset+s.Size; at += 16 {
		if elf.DynTag(binary.LittleEndian.Uint64(data[at:])) == tag {
			return at
		}
	}
	t.Fatalf("there is no %v", tag)
	return 0
}

// setHeader writes into the program header of a type: field is the offset within it.
func setHeader(typ elf.ProgType, field int, value uint64) func(*testing.T, *elf.File, []byte) {
	return func(t *testing.T, f *elf.File, data []byte) {
		for i, p := range f.Progs {
			if p.Type == typ {
				binary.LittleEndian.PutUint64(data[64+56*i+field:], value)
				return
			}
		}
		t.Fatalf("there is no %v", typ)
	}
}

// setReloc writes the type of the first relocation with a symbol.
func setReloc(section string, info func(uint64) uint64, addr uint64) func(*testing.T, *elf.File, []byte) {
	return func(t *testing.T, f *elf.File, data []byte) {
		s := f.Section(section)
		for at := s.Offset; at < s.Offset+s.Size; at += 24 {
			if v := binary.LittleEndian.Uint64(data[at+8:]); v>>32 != 0 {
				binary.LittleEndian.PutUint64(data[at+8:], info(v))
				if addr != 0 {
					binary.LittleEndian.PutUint64(data[at:], addr)
				}
				return
			}
		}
	}
}

func keep(v uint64) uint64 { return v }

var damages = []damaged{
	{"RELAENT", setTag(elf.DT_RELAENT, 16)},
	{"no RELAENT", dropTag(elf.DT_RELAENT)},
	{"PLTREL", setTag(elf.DT_PLTREL, 3)},
	{"PLTREL of the other kind", setTag(elf.DT_PLTREL, 17)},
	{"INIT outside", setTag(elf.DT_INIT, 0x10)},
	{"INIT far outside", setTag(elf.DT_INIT, 0x7000000000)},
	{"no STRTAB", dropTag(elf.DT_STRTAB)},
	{"no SYMTAB", dropTag(elf.DT_SYMTAB)},
	{"STRSZ", setTag(elf.DT_STRSZ, 1<<40)},
	{"small STRSZ", setTag(elf.DT_STRSZ, 16)},
	{"no STRSZ", dropTag(elf.DT_STRSZ)},
	{"SYMENT", setTag(elf.DT_SYMENT, 7)},
	{"no VERSYM", dropTag(elf.DT_VERSYM)},
	{"no GNU_HASH", dropTag(elf.DT_GNU_HASH)},
	{"NEEDED", setTag(elf.DT_NEEDED, 1)},
	{"large bss", setHeader(elf.PT_LOAD, 40, 1<<47)},
	{"RELRO behind the end", setHeader(elf.PT_GNU_RELRO, 40, 1<<40)},
	{"RELRO far away", setHeader(elf.PT_GNU_RELRO, 16, 0x100000000000)},
	{"RELRO of nothing", setHeader(elf.PT_GNU_RELRO, 40, 0)},
	{"large TLS", setHeader(elf.PT_TLS, 40, 1<<20)},
	{"TLS alignment", setHeader(elf.PT_TLS, 48, 4096)},
	{"executable stack", setHeader(elf.PT_GNU_STACK, 0, uint64(elf.PT_GNU_STACK)|7<<32)},
	{"no stack header", setHeader(elf.PT_GNU_STACK, 0, 0x6474e5ff)},
	{"unknown relocation", setReloc(".rela.dyn", func(v uint64) uint64 { return v&^0xffffffff | 99 }, 0)},
	{"unknown relocation of a large type", setReloc(".rela.dyn", func(v uint64) uint64 { return v&^0xffffffff | 0x12345 }, 0)},
	{"unknown PLT relocation", setReloc(".rela.plt", func(v uint64) uint64 { return v&^0xffffffff | 99 }, 0)},
	{"relocation of nothing", setReloc(".rela.dyn", func(uint64) uint64 { return 0 }, 0)},
	{"relocation outside", setReloc(".rela.dyn", keep, 0x7000000000)},
	{"relocation of code", setReloc(".rela.dyn", keep, 0x40)},
	{"no dynamic section", setHeader(elf.PT_DYNAMIC, 32, 0)},
	{"type", func(_ *testing.T, _ *elf.File, data []byte) { data[16] = 1 }},
	{"no program headers", func(_ *testing.T, _ *elf.File, data []byte) { data[56] = 0 }},
	{"program headers outside", func(_ *testing.T, _ *elf.File, data []byte) { data[36] = 1 }},
	{"size of program headers", func(_ *testing.T, _ *elf.File, data []byte) { data[54] = 32 }},
	{"version", func(_ *testing.T, _ *elf.File, data []byte) { data[20] = 2 }},
	{"header flags", func(_ *testing.T, _ *elf.File, data []byte) { data[48] = 0xff }},
	{"entry", func(_ *testing.T, _ *elf.File, data []byte) { data[24] = 0xff }},
}

// TestDamageIsWhatHappens changes one field of a plugin at a time and really opens the
// result.
func TestDamageIsWhatHappens(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(shop.file(t, "plain.so"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	host, good := shop.file(t, "host"), shop.file(t, "other.so")
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			bad := bytes.Clone(data)
			d.what(t, f, bad)
			file := filepath.Join(t.TempDir(), "bad.so")
			if err := os.WriteFile(file, bad, 0o755); err != nil {
				t.Fatal(err)
			}
			files := []string{file, good}
			compareVerdict(t, host, files, reallyOpen(t, host, files))
		})
	}
}
