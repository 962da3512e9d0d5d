package loader

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io/fs"
	"os"
	"strconv"
	"unsafe"
)

// loadedFiles gives the files that the dynamic linker has loaded into this process, in
// the order in which it did, as it keeps them for debuggers (struct r_debug of
// link.h). The program itself is not among them. It reads by way of /proc/self/mem, where
// an address that is none is an error; where anything is not as expected there are
// fewer files, or none.
func loadedFiles() []string {
	mem, err := os.Open("/proc/self/mem")
	if err != nil {
		return nil
	}
	defer mem.Close()
	m := memory{mem}
	debug := m.dynamic(uint64(elf.DT_DEBUG))
	if debug == 0 {
		return nil
	}
	const most = 4096 // a list that somebody changes meanwhile may lead nowhere
	var files []string
	for at, n := m.word(debug+word), 0; at != 0 && n < most; at, n = m.word(at+3*word), n+1 { // l_next
		if name := m.text(m.word(at + word)); name != "" { // l_name
			files = append(files, name)
		}
	}
	return files
}

const word = uint64(unsafe.Sizeof(uintptr(0)))

// memory is this process's.
type memory struct{ file *os.File }

// word reads a word, 0 where there is none.
func (m memory) word(at uint64) uint64 {
	b := make([]byte, word)
	if _, err := m.file.ReadAt(b, int64(at)); err != nil || at == 0 {
		return 0
	}
	return wordOf(b)
}

func wordOf(b []byte) uint64 {
	if word == 4 {
		return uint64(binary.NativeEndian.Uint32(b))
	}
	return binary.NativeEndian.Uint64(b)
}

// text reads a C string of up to a path's length.
func (m memory) text(at uint64) string {
	var text []byte
	for b := make([]byte, 64); at != 0 && len(text) < 4096; at += uint64(len(b)) {
		n, _ := m.file.ReadAt(b, int64(at)) // less at the end of what is mapped
		if end := bytes.IndexByte(b[:n], 0); end >= 0 {
			return string(append(text, b[:end]...))
		}
		if n < len(b) {
			return ""
		}
		text = append(text, b...)
	}
	return ""
}

// dynamic gives the value that the program's own dynamic section has for a tag.
func (m memory) dynamic(tag uint64) uint64 {
	auxv, err := os.ReadFile("/proc/self/auxv")
	if err != nil {
		return 0
	}
	aux := map[uint64]uint64{}
	for ; len(auxv) >= int(2*word); auxv = auxv[2*word:] {
		aux[wordOf(auxv)] = wordOf(auxv[word:])
	}
	const phdr, phent, phnum = 3, 4, 5 // AT_PHDR and so on, of elf.h
	headers := make([]byte, min(aux[phent]*aux[phnum], 1<<16))
	if _, err := m.file.ReadAt(headers, int64(aux[phdr])); err != nil || aux[phent] == 0 {
		return 0
	}
	address := 2 * word // where a program header has p_vaddr: at 8 or at 16
	var bias, section uint64
	for ; uint64(len(headers)) >= aux[phent]; headers = headers[aux[phent]:] {
		switch elf.ProgType(binary.NativeEndian.Uint32(headers)) {
		case elf.PT_PHDR:
			bias = aux[phdr] - wordOf(headers[address:])
		case elf.PT_DYNAMIC:
			section = wordOf(headers[address:])
		}
	}
	if section == 0 {
		return 0
	}
	for at, n := section+bias, 0; n < 1024; at, n = at+2*word, n+1 {
		switch m.word(at) {
		case tag:
			return m.word(at + word)
		case uint64(elf.DT_NULL):
			return 0
		}
	}
	return 0
}

// stillMapped says whether a file, found at a path, is the one that is mapped under that
// name: it may have been replaced since.
func stillMapped(file string, info fs.FileInfo) bool {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return false
	}
	for line := range bytes.Lines(maps) {
		// address perms offset device inode path
		fields := bytes.Fields(line)
		if len(fields) > 5 && bytes.HasSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte(" "+file)) {
			inode, err := strconv.ParseUint(string(fields[4]), 10, 64)
			return err == nil && inode == inodeOf(info)
		}
	}
	return false
}
