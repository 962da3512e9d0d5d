package inspector

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// cacheEntry is one file that ld.so.cache has for a library's name.
type cacheEntry struct {
	path   uint32 // where its path is
	level  string // glibc-hwcaps folder that it lies in, "" for the plain one
	legacy bool   // for processors that only old releases of glibc tell apart
}

// libraryCache is ld.so.cache. Of hundreds of entries a process needs a few, so they are
// read when they are asked for.
type libraryCache struct {
	data    []byte // from the magic number on
	order   binary.ByteOrder
	entries int
	flags   uint32
	arm     bool // entries without the flag for the float convention count too
	levels  []string
}

const maxCache = 16 << 20 // bytes; a desktop's has 200 kB

// cacheFlags gives what an entry's flags must be in the target's processes, as
// _dl_cache_check_flags in glibc's sysdeps/*/dl-cache.h: FLAG_ELF_LIBC6 (3) and the
// machine's own.
func cacheFlags(t goelf.Target) uint32 {
	switch t.Machine {
	case 62: // FLAG_X8664_LIB64
		return 0x0303
	case 183: // FLAG_AARCH64_LIB64
		return 0x0a03
	case 22: // FLAG_S390_LIB64
		return 0x0403
	case 21: // FLAG_POWERPC_LIB64
		return 0x0503
	case 243: // FLAG_RISCV_FLOAT_ABI_DOUBLE
		return 0x1003
	case 40: // FLAG_ARM_LIBHF
		return 0x0903
	case 258: // FLAG_LARCH_FLOAT_ABI_DOUBLE
		return 0x1203
	}
	return 3
}

// readLibraryCache reads ld.so.cache in the format that glibc has written since 2.2
// and writes alone since 2.32 (sysdeps/generic/dl-cache.h, struct cache_file_new).
// What cannot be read is no entry.
func readLibraryCache(data []byte, t goelf.Target) libraryCache {
	const magic = "glibc-ld.so.cache1.1"
	c := libraryCache{order: t.Order, flags: cacheFlags(t), arm: t.Machine == 40}
	i := bytes.Index(data, []byte(magic)) // behind the old format, where there is that too
	if i < 0 || len(data)-i < cacheHeader {
		return libraryCache{}
	}
	c.data = data[i:]
	c.entries = int(min(uint64(c.order.Uint32(c.data[len(magic):])), uint64(len(c.data)-cacheHeader)/cacheEntrySize))
	c.levels = cacheLevels(c.data, c.order, func(off uint32) string { return string(c.str(off)) })
	return c
}

// Sizes in bytes of struct cache_file_new and struct file_entry_new.
const (
	cacheHeader    = 48
	cacheEntrySize = 24
)

func (c libraryCache) str(off uint32) []byte {
	if int64(off) >= int64(len(c.data)) {
		return nil
	}
	end := bytes.IndexByte(c.data[off:], 0)
	return c.data[off : int(off)+max(end, 0)]
}

// all yields the entries that count on the machine, in the file's order.
func (c libraryCache) all(yield func(name []byte, e cacheEntry) bool) {
	for i := range c.entries {
		e := c.data[cacheHeader+i*cacheEntrySize:]
		if flags := c.order.Uint32(e); flags != c.flags && (!c.arm || flags != 3) {
			continue
		}
		entry := cacheEntry{path: c.order.Uint32(e[8:])}
		// DL_CACHE_HWCAP_EXTENSION: the low half counts among the names in the
		// section cache_extension_tag_glibc_hwcaps.
		switch hwcap := c.order.Uint64(e[16:]); {
		case hwcap>>62 == 1:
			j := uint64(uint32(hwcap))
			if j >= uint64(len(c.levels)) {
				continue
			}
			entry.level = c.levels[j]
		case hwcap != 0:
			entry.legacy = true
		}
		name := c.str(c.order.Uint32(e[4:]))
		if len(name) > 0 && !yield(name, entry) {
			return
		}
	}
}

// names lists the libraries that the cache has, each once.
func (c libraryCache) names() []string {
	seen := make(map[string]bool)
	for name := range c.all {
		seen[string(name)] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// cacheLevels reads the names of the glibc-hwcaps folders that the cache knows
// (cache_extension_load in sysdeps/generic/dl-cache.h).
func cacheLevels(data []byte, o binary.ByteOrder, str func(uint32) string) []string {
	const magic, hwcaps = 0xeaa42174, 1 // cache_extension_magic, cache_extension_tag_glibc_hwcaps
	at := int64(o.Uint32(data[32:]))    // extension_offset
	if at == 0 || at+8 > int64(len(data)) || o.Uint32(data[at:]) != magic {
		return nil
	}
	var levels []string
	for i := int64(0); i < int64(o.Uint32(data[at+4:])) && at+8+(i+1)*16 <= int64(len(data)); i++ {
		s := data[at+8+i*16:]
		off, size := int64(o.Uint32(s[8:])), int64(o.Uint32(s[12:]))
		if o.Uint32(s) != hwcaps || off+size > int64(len(data)) {
			continue
		}
		for j := int64(0); j+4 <= size; j += 4 {
			levels = append(levels, str(o.Uint32(data[off+j:])))
		}
		break // there is one such section; a hostile file has a million that overlap
	}
	return levels
}

// find gives the file that the cache has for a library, as search_cache in glibc's
// elf/dl-cache.c: the one for the best of the processor's levels, else the plain one.
// The levels are asked for where they matter.
func (c libraryCache) find(name string, levels func() []string) string {
	best, rank, plain := "", -1, ""
	for n, e := range c.all {
		if string(n) != name {
			continue
		}
		file := string(c.str(e.path))
		if !strings.HasPrefix(file, "/") {
			continue
		}
		switch {
		case e.level != "":
			if i := slices.Index(levels(), e.level); i >= 0 && (rank < 0 || i < rank) {
				best, rank = file, i
			}
		case plain == "" && !e.legacy:
			plain = file
		}
	}
	return cmp.Or(best, plain)
}

// cacheFolders lists the folders that ldconfig would put into the cache: those of
// ld.so.conf, with what it includes.
func cacheFolders(t target, file string) []string {
	return foldersIn(t, file, make(map[string]bool))
}

// foldersIn reads each file once, so that files that include each other end.
func foldersIn(t target, file string, seen map[string]bool) []string {
	const most, maxFiles = 1 << 20, 1000
	if seen[file] || len(seen) == maxFiles {
		return nil
	}
	seen[file] = true
	data, err := t.read(file, most)
	if err != nil {
		return nil
	}
	var dirs []string
	for line := range strings.Lines(string(data)) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(strings.ReplaceAll(line, ",", " "))
		switch {
		case len(fields) == 0 || fields[0] == "hwcap":
		case fields[0] == "include":
			for _, pattern := range fields[1:] {
				if !path.IsAbs(pattern) {
					pattern = path.Join(path.Dir(file), pattern)
				}
				for _, included := range t.glob(pattern) {
					dirs = append(dirs, foldersIn(t, included, seen)...)
				}
			}
		default:
			for _, d := range fields {
				if strings.HasPrefix(d, "/") {
					dirs = append(dirs, strings.TrimRight(d, "/"))
				}
			}
		}
	}
	return dirs
}

// glob gives the target's files that a pattern matches whose folder is plain, as in
// /etc/ld.so.conf.d/*.conf, in name order.
func (t target) glob(pattern string) []string {
	dir, err := t.locate(path.Dir(pattern))
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var files []string
	for _, e := range entries {
		if ok, err := filepath.Match(path.Base(pattern), e.Name()); ok && err == nil {
			files = append(files, path.Join(path.Dir(pattern), e.Name()))
		}
	}
	return files
}
