package builder

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"path"
	"strconv"
	"strings"
)

// A reference is a place in C code that refers to a symbol from outside.
type reference struct {
	symbol   string
	file     string // the source file, as the C compiler names it: minus.c
	function string // "" where the object does not say
}

// references lists which of the symbols the ELF objects of an archive refer to. An
// archive of a Go package has one for each C file (cmd/go's pack), besides Go's own.
func references(archive []byte, symbols map[string]bool) []reference {
	var list []reference
	for _, m := range members(archive) {
		if bytes.HasPrefix(m.data, []byte(elf.ELFMAG)) {
			list = append(list, objectReferences(m, symbols)...)
		}
	}
	return list
}

// member is a file in an archive.
type member struct {
	name string
	data []byte
}

// members reads an archive of ar's (ar(5)); what is no archive, or is cut off, has those
// that it has.
func members(archive []byte) []member {
	const header = 60
	rest, ok := bytes.CutPrefix(archive, []byte("!<arch>\n"))
	var list []member
	for ok && len(rest) >= header {
		size, err := strconv.ParseInt(strings.TrimSpace(string(rest[48:58])), 10, 64)
		if err != nil || size < 0 || size > int64(len(rest)-header) {
			break
		}
		list = append(list, member{strings.TrimRight(string(rest[:16]), " /"), rest[header : header+size]})
		rest = rest[min(int64(len(rest)), header+size+size%2):]
	}
	return list
}

// objectReferences lists which of the symbols an object refers to, and from where.
func objectReferences(m member, symbols map[string]bool) []reference {
	f, err := elf.NewFile(bytes.NewReader(m.data))
	if err != nil {
		return nil
	}
	all, err := f.Symbols()
	if err != nil {
		return nil
	}
	wanted := map[int]bool{} // the symbols' numbers; 0 is the one that Symbols leaves out
	source := m.name
	for i, s := range all {
		switch {
		case elf.ST_TYPE(s.Info) == elf.STT_FILE && s.Name != "":
			source = path.Base(s.Name)
		case s.Section == elf.SHN_UNDEF && symbols[s.Name]:
			wanted[i+1] = true
		}
	}
	var list []reference
	seen := map[reference]bool{}
	add := func(r reference) {
		if !seen[r] {
			seen[r] = true
			list = append(list, r)
		}
	}
	for _, s := range f.Sections {
		if len(wanted) == 0 || s.Type != elf.SHT_RELA && s.Type != elf.SHT_REL || s.Info >= uint32(len(f.Sections)) {
			continue
		}
		for _, r := range relocations(f, s) {
			if wanted[r.symbol] {
				add(reference{all[r.symbol-1].Name, source, functionAt(all, elf.SectionIndex(s.Info), r.offset)})
			}
		}
	}
	for i := range wanted { // without a relocation that could be read
		name := all[i-1].Name
		found := false
		for _, r := range list {
			found = found || r.symbol == name
		}
		if !found {
			add(reference{symbol: name, file: source})
		}
	}
	return list
}

type relocation struct {
	offset uint64
	symbol int
}

// relocations reads a section of them (Elf64_Rela and its kin in elf.h).
func relocations(f *elf.File, s *elf.Section) []relocation {
	data, err := s.Data()
	if err != nil {
		return nil
	}
	word, addend := 8, s.Type == elf.SHT_RELA
	if f.Class == elf.ELFCLASS32 {
		word = 4
	}
	size := 2 * word
	if addend {
		size += word
	}
	var list []relocation
	for ; len(data) >= size; data = data[size:] {
		if word == 4 {
			list = append(list, relocation{uint64(f.ByteOrder.Uint32(data)), int(f.ByteOrder.Uint32(data[4:]) >> 8)})
			continue
		}
		list = append(list, relocation{f.ByteOrder.Uint64(data), int(symbolOf(f.ByteOrder, data[8:]))})
	}
	return list
}

func symbolOf(order binary.ByteOrder, info []byte) uint64 { return order.Uint64(info) >> 32 }

// functionAt names the function that covers an offset of a section.
func functionAt(all []elf.Symbol, section elf.SectionIndex, offset uint64) string {
	for _, s := range all {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Section == section && offset >= s.Value && offset < s.Value+s.Size {
			return s.Name
		}
	}
	return ""
}

// String says where a reference is, as its author knows the place: cgo puts each
// C.name that Go code calls into a function of its own (cmd/cgo/out.go).
func (r reference) String() string {
	if file, ok := strings.CutSuffix(r.file, ".cgo2.c"); ok {
		if _, name, ok := strings.Cut(r.function, "_Cfunc_"); ok {
			return fmt.Sprintf("C.%s in %s.go", name, file)
		}
		return file + ".go"
	}
	if r.function == "" {
		return r.file
	}
	return fmt.Sprintf("function %s in %s", r.function, r.file)
}
