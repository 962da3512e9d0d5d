package inspector

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// library is a shared library that is mapped into the simulated process.
type library struct {
	path  string // as the dynamic linker names it
	image *goelf.Image
	file  *os.File
}

func (l *library) close() { l.file.Close() }

// libraries are the C libraries of the simulated process, as the running machine
// would provide them.
type libraries struct {
	dirs   []string          // default folders, in the order of search
	cache  map[string]string // of ld.so.cache: name → path
	target goelf.Target
	byName map[string]*library // by the names that others need them under
	list   []*library
	rpath  []string // the host's own DT_RPATH, which counts for all that have no DT_RUNPATH
}

// search says where a file's libraries are looked for before the default places.
type search struct {
	rpath      []string // DT_RPATH of the file and of those that needed it, nearest first
	runpath    []string
	hasRunpath bool // DT_RPATH then does not count
}

// searchOf gives the search of a file that was needed by one with another search.
func searchOf(im *goelf.Image, file string, parent search) search {
	s := search{runpath: expandOrigin(im.Runpath(), file)}
	s.hasRunpath = len(im.Runpath()) > 0
	s.rpath = append(expandOrigin(im.Rpath(), file), parent.rpath...)
	return s
}

// maxLibraries caps how many libraries one process has; real ones have dozens.
const maxLibraries = 512

// newLibraries gives the libraries of a host's process, or nil where the running
// machine is not one on which the host could start: it then says nothing about
// which libraries there will be.
func newLibraries(h *Host) *libraries {
	b := h.Binary()
	if b.Platform != runtime.GOOS+"/"+runtime.GOARCH || b.Interpreter == "" || len(b.Needed) == 0 {
		return nil
	}
	if strings.Contains(b.Interpreter, "musl") {
		return nil // it searches elsewhere and words its errors otherwise
	}
	if _, err := os.Stat(b.Interpreter); err != nil {
		return nil
	}
	l := &libraries{target: h.target, byName: make(map[string]*library), cache: readLibraryCache("/etc/ld.so.cache")}
	if triplet := debianTriplet[runtime.GOARCH]; triplet != "" {
		l.dirs = append(l.dirs, "/lib/"+triplet, "/usr/lib/"+triplet)
	}
	l.dirs = append(l.dirs, "/lib64", "/usr/lib64", "/lib", "/usr/lib")
	l.load(filepath.Base(b.Interpreter), search{runpath: []string{filepath.Dir(b.Interpreter)}})
	l.rpath = expandOrigin(h.rpath, b.File)
	if missing := l.loadAll(b.Needed, search{runpath: expandOrigin(h.runpath, b.File), hasRunpath: len(h.runpath) > 0}); missing != "" {
		l.closeFrom(0)
		return nil
	}
	return l
}

var debianTriplet = map[string]string{
	"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu", "386": "i386-linux-gnu", "arm": "arm-linux-gnueabihf",
	"riscv64": "riscv64-linux-gnu", "ppc64le": "powerpc64le-linux-gnu", "s390x": "s390x-linux-gnu",
}

func expandOrigin(dirs []string, file string) []string {
	var list []string
	origin := filepath.Dir(file)
	for _, d := range dirs {
		d = strings.ReplaceAll(strings.ReplaceAll(d, "${ORIGIN}", origin), "$ORIGIN", origin)
		if !strings.Contains(d, "$") && d != "" {
			list = append(list, d)
		}
	}
	return list
}

// loadAll maps libraries and what they need in turn, breadth first as
// _dl_map_object_deps in glibc's elf/dl-deps.c does. It gives the name of the first
// one that is not to be found.
func (l *libraries) loadAll(names []string, from search) (missing string) {
	type need struct {
		name string
		from search
	}
	var queue []need
	for _, n := range names {
		queue = append(queue, need{n, from})
	}
	for ; len(queue) > 0 && len(l.list) < maxLibraries; queue = queue[1:] {
		if l.byName[queue[0].name] != nil {
			continue
		}
		lib := l.load(queue[0].name, queue[0].from)
		if lib == nil {
			return queue[0].name
		}
		more, err := lib.image.Needed()
		if err != nil {
			continue
		}
		for _, n := range more {
			queue = append(queue, need{n, searchOf(lib.image, lib.path, queue[0].from)})
		}
	}
	return ""
}

// load finds a library by the rules of ld.so(8): a name with a slash is a path; else
// the folders that the file which needs it names, ld.so.cache, default folders.
// Files for other machines are passed over.
func (l *libraries) load(name string, from search) *library {
	var paths []string
	if strings.Contains(name, "/") {
		paths = []string{name}
	} else {
		var dirs []string
		if !from.hasRunpath {
			dirs = append(append(dirs, from.rpath...), l.rpath...)
		}
		for _, d := range append(dirs, from.runpath...) {
			paths = append(paths, filepath.Join(d, name))
		}
		if p := l.cache[name]; p != "" {
			paths = append(paths, p)
		}
		for _, d := range l.dirs {
			paths = append(paths, filepath.Join(d, name))
		}
	}
	for _, p := range paths {
		f, size, err := openRegular(p)
		if err != nil {
			continue
		}
		im, err := goelf.New(f, size)
		if err != nil || !l.target.Loads(im.Target()) || im.Type != goelf.TypeDyn {
			f.Close()
			continue
		}
		lib := &library{path: p, image: im, file: f}
		l.list = append(l.list, lib)
		l.byName[name] = lib
		if so := im.Soname(); so != "" && l.byName[so] == nil {
			l.byName[so] = lib
		}
		return lib
	}
	return nil
}

// closeFrom unmaps the libraries from index n on, as dlopen does when it fails.
func (l *libraries) closeFrom(n int) {
	for _, lib := range l.list[n:] {
		lib.close()
		for name, other := range l.byName {
			if other == lib {
				delete(l.byName, name)
			}
		}
	}
	l.list = l.list[:n]
}

// defines says whether one of the libraries defines a symbol. A library that cannot
// be read is given the benefit of the doubt.
func (l *libraries) defines(name string) bool {
	for _, lib := range l.list {
		if _, ok, err := lib.image.Lookup(name); ok || err != nil {
			return true
		}
	}
	return false
}

// readLibraryCache reads ld.so.cache in the format that glibc has written since 2.2
// and writes alone since 2.32 (elf/cache.c, struct cache_file_new). Entries for
// certain processors are left out; what cannot be read is no entry.
func readLibraryCache(file string) map[string]string {
	const (
		magic    = "glibc-ld.so.cache1.1"
		header   = 48
		entry    = 24
		maxBytes = 16 << 20
	)
	cache := make(map[string]string)
	data, err := os.ReadFile(file)
	if err != nil || len(data) > maxBytes {
		return cache
	}
	if i := bytes.Index(data, []byte(magic)); i > 0 {
		data = data[i:] // behind the old format
	} else if i < 0 {
		return cache
	}
	if len(data) < header {
		return cache
	}
	o := binary.NativeEndian
	n := int(o.Uint32(data[len(magic):]))
	str := func(off uint32) string {
		if int64(off) >= int64(len(data)) {
			return ""
		}
		end := bytes.IndexByte(data[off:], 0)
		return string(data[off : int(off)+max(end, 0)])
	}
	for i := 0; i < n && header+(i+1)*entry <= len(data); i++ {
		e := data[header+i*entry:]
		if o.Uint64(e[16:]) != 0 {
			continue
		}
		name, path := str(o.Uint32(e[4:])), str(o.Uint32(e[8:]))
		if _, dup := cache[name]; !dup && name != "" && strings.HasPrefix(path, "/") {
			cache[name] = path
		}
	}
	return cache
}
