package inspector

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// ErrNotGo is matched by the error for a file that is no Go binary for a
// platform that plugtool covers.
var ErrNotGo = errors.New("not a Go binary that plugtool can read")

// Host is a host that plugins are checked against: a binary, which is mapped and of
// which no more is read than is asked for, or a descriptor. It may be used by several
// goroutines. A binary that shrinks meanwhile is an error of whoever reads it.
type Host struct {
	bin    Binary
	target goelf.Target

	image *goelf.Image // nil for a descriptor
	close func() error

	mu       sync.Mutex
	known    map[string]foundHash // what was looked up; everything, for a descriptor
	csymbols nameSums             // descriptor only
	covered  []string             // descriptor only
	strings  stringVars           // descriptor only
	folders  map[string]string    // read on demand, or from the descriptor

	contract []Requirement // what the descriptor says, or SetContract

	rpath, runpath []string // where the dynamic linker looks for the host's libraries
	tls            goelf.TLSSegment
	stackExec      bool // the program's stack is executable

	funcsOnce sync.Once
	allFuncs  []goelf.Func // read on demand
	funcsErr  error

	identity madeIdentity // read on demand

	machinesMu sync.Mutex
	machines   map[string]*machine // by sysroot
}

type foundHash struct {
	hash Hash
	ok   bool
}

// OpenHost opens a host's binary, or the descriptor that [Host.Descriptor] made
// of one. The caller closes it. The error matches [ErrNotGo] where the file is
// neither, and fs.ErrNotExist and the like where it cannot be read.
func OpenHost(file string) (*Host, error) {
	f, size, err := openRegular(file)
	if err != nil {
		return nil, fmt.Errorf("open host: %w", err)
	}
	defer f.Close()
	var start [1]byte
	if _, err := f.ReadAt(start[:], 0); err == nil && start[0] == '{' {
		return readDescriptor(file, f, size)
	}
	data, unmap, err := mapFile(f, size)
	if err != nil {
		return nil, fmt.Errorf("read host %s: %w", file, err)
	}
	var h *Host
	if err := guard(func() (err error) { h, err = newHost(file, data); return err }); err != nil {
		unmap()
		return nil, fmt.Errorf("read host %s: %w", file, err)
	}
	h.close = unmap
	return h, nil
}

// Prepare reads what each verdict with these options needs of a host, so that it can be
// done while the plugins are read.
func (o Options) Prepare(h *Host) { h.machine(o.Sysroot) }

// RunningHost opens the executable of this process as a host.
func RunningHost() (*Host, error) {
	name, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the running executable: %w", err)
	}
	file := name
	// On Linux the link reaches the file even after it was renamed or deleted.
	if _, err := os.Stat("/proc/self/exe"); err == nil {
		file = "/proc/self/exe"
	}
	h, err := OpenHost(file)
	if err == nil {
		h.bin.File = name
	}
	return h, err
}

// openRegular opens a file without waiting where it is a pipe, and refuses what is
// not a regular file.
func openRegular(file string) (*os.File, int64, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, 0, err
	}
	if info.IsDir() {
		return nil, 0, fmt.Errorf("%s is a folder, want a file", file)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is not a regular file (%s)", file, info.Mode().Type())
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, 0, err
	}
	if info, err = f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, 0, cmp.Or(err, fmt.Errorf("%s is not a regular file", file))
	}
	return f, info.Size(), nil
}

func newHost(file string, data []byte) (*Host, error) {
	size := int64(len(data))
	data, err := goelf.Unpack(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w; unpack it with upx -d", ErrNotGo, err)
	}
	im, err := goelf.NewBytes(data)
	if errors.Is(err, goelf.ErrNotELF) && !bytes.HasPrefix(data, []byte("\x7fELF")) {
		return nil, foreignHost(data)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotGo, err)
	}
	h := &Host{image: im, known: make(map[string]foundHash), rpath: im.Rpath(), runpath: im.Runpath(), tls: im.TLS(), stackExec: im.ExecutableStack()}
	h.bin = Binary{File: file, Size: size, Kind: KindExecutable}
	if err := readFacts(im, &h.bin); err != nil {
		return nil, err
	}
	if im.Type == goelf.TypeDyn && im.Interpreter() == "" && !im.PIE() && h.bin.Setting("-buildmode") != "pie" {
		return nil, notProgram(&h.bin)
	}
	var ok bool
	if h.target, ok = targetOf(h.bin.Platform, h.bin.Interpreter); !ok {
		return nil, &NotHostError{notCovered(h.bin.Platform)}
	}
	if h.bin.Interpreter == "" {
		h.target = im.Target()
	}
	if h.bin.Loading, err = loading(im, &h.bin); err != nil {
		return nil, err
	}
	if h.bin.Loading == LoadingWorks {
		h.bin.Kind = KindHost
	}
	return h, nil
}

// readFacts fills in what program and dynamic headers and the build information
// say.
func readFacts(im *goelf.Image, b *Binary) error {
	version, modinfo, verr := im.BuildInfo()
	if strings.ContainsFunc(version, unicode.IsControl) {
		return fmt.Errorf("%w: its Go version is %q", ErrNotGo, version)
	}
	b.GoVersion = version
	readBuildInfo(modinfo, b)
	b.Platform = systemOf(im, b.Setting("GOOS")) + "/" + machineName(im)
	b.Interpreter = im.Interpreter()
	b.PIE = im.PIE()
	var err error
	if b.Needed, err = im.Needed(); err != nil {
		return fmt.Errorf("%w: %w", ErrNotGo, err)
	}
	if needs, err := im.VersionNeeds(); err == nil {
		b.Glibc = newestGlibc(needs)
	}
	b.ModuledataSize = im.ModuledataSize()
	if verr != nil {
		return notGoProgram(im, b, verr)
	}
	return nil
}

// readBuildInfo fills in modules and settings. Information that does not parse is
// left out: the verdict does not rest on it.
func readBuildInfo(modinfo string, b *Binary) {
	info, err := debug.ParseBuildInfo(modinfo)
	if err != nil {
		return
	}
	b.Path = info.Path
	b.Main = *moduleOf(&info.Main)
	for _, d := range info.Deps {
		b.Deps = append(b.Deps, *moduleOf(d))
	}
	for _, s := range info.Settings {
		b.Settings = append(b.Settings, Setting{s.Key, s.Value})
	}
	b.indexDeps()
}

func moduleOf(m *debug.Module) *Module {
	n := &Module{Path: m.Path, Version: m.Version, Sum: m.Sum}
	if m.Replace != nil {
		n.Replace = moduleOf(m.Replace)
	}
	return n
}

func newestGlibc(needs []goelf.VersionNeed) string {
	newest := ""
	for _, n := range needs {
		v, ok := strings.CutPrefix(n.Version, "GLIBC_")
		if ok && v != "PRIVATE" && (newest == "" || compareDotted(v, newest) > 0) {
			newest = v
		}
	}
	return newest
}

// compareDotted compares versions such as 2.4 and 2.34 number by number.
func compareDotted(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, ".")
		y, b, _ = strings.Cut(b, ".")
		if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
			return c
		}
	}
	return 0
}

// loading finds out what plugin.Open does in an executable. Where package plugin
// is linked in with cgo, the Go linker exports all Go symbols, those of the
// package hashes among them (cmd/link/internal/ld/lib.go, DynlinkingGo and
// canUsePlugins).
func loading(im *goelf.Image, b *Binary) (Loading, error) {
	_, ok, err := im.Lookup("go:link.pkghash.plugin")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNotGo, err)
	}
	if ok {
		return LoadingWorks, nil
	}
	linked, err := im.Contains([]byte("\x00plugin.Open\x00"))
	switch {
	case err != nil:
		return "", err
	case !linked:
		return LoadingNone, nil
	case b.Setting("CGO_ENABLED") == "0":
		return LoadingStub, nil
	}
	return LoadingStatic, nil
}

// Close closes the host's file.
func (h *Host) Close() error {
	h.machinesMu.Lock()
	defer h.machinesMu.Unlock()
	for dir, m := range h.machines {
		m.close()
		delete(h.machines, dir)
	}
	if h.close == nil {
		return nil
	}
	return h.close()
}

// Binary gives the host's facts without Packages. The caller must not change it.
func (h *Host) Binary() *Binary { return &h.bin }

// Package gives the hash that a package has in the host, and whether the host has
// the package at all. The error is one of reading the host's file.
func (h *Host) Package(pkg string) (Hash, bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f, ok := h.known[pkg]; ok || h.image == nil {
		return f.hash, f.ok, nil
	}
	var hash Hash
	var ok bool
	err := guard(func() (err error) { hash, ok, err = h.image.PackageHash(pkg); return err })
	if err != nil {
		return Hash{}, false, fmt.Errorf("read host %s: %w", h.bin.File, err)
	}
	h.known[pkg] = foundHash{hash, ok}
	return hash, ok, nil
}

// Packages lists all packages that the host exports, by path. Of a binary it
// reads the whole symbol table.
func (h *Host) Packages() ([]Package, error) {
	var list []Package
	if h.image == nil {
		for p, f := range h.known {
			list = append(list, Package{p, f.hash})
		}
		slices.SortFunc(list, func(a, b Package) int { return cmp.Compare(a.Path, b.Path) })
		return list, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var hashes []goelf.PackageHash
	err := guard(func() (err error) { hashes, err = h.image.PackageHashes(); return err })
	if err != nil {
		return nil, fmt.Errorf("read host %s: %w", h.bin.File, err)
	}
	for _, p := range hashes {
		list = append(list, Package{p.Path, p.Hash})
	}
	return list, nil
}

// Sources says in which folder each package's files were when the host was built,
// as the compiler recorded it: a folder of the file system, or, in a trimmed host,
// a path that begins with the module's path and version. Packages of which no
// function is left in the host, not even an inlined one, do not appear.
func (h *Host) Sources() (map[string]string, error) {
	if h.image == nil {
		return h.folders, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.folders == nil {
		var folders map[string]string
		err := guard(func() (err error) { folders, err = foldersOf(h.image.SourceFiles); return err })
		if err != nil && !errors.Is(err, goelf.ErrNoFileTable) {
			return nil, fmt.Errorf("read host %s: %w", h.bin.File, err)
		}
		h.folders = folders
	}
	return h.folders, nil
}

// funcs is goelf.Image.Funcs, read once, since each of many plugins may ask for what a
// large host takes a tenth of a second to read; a descriptor has none.
func (h *Host) funcs(f func(goelf.Func) bool) error {
	if h.image == nil {
		return nil
	}
	h.funcsOnce.Do(func() {
		h.funcsErr = guard(func() error {
			return h.image.Funcs(func(fn goelf.Func) bool {
				h.allFuncs = append(h.allFuncs, fn)
				return true
			})
		})
	})
	for _, fn := range h.allFuncs {
		if !f(fn) {
			break
		}
	}
	return h.funcsErr
}

// foldersOf gives each package the folder that most of its functions name: a
// function that begins with inlined code names another package's.
func foldersOf(each func(func(pkg, file string) bool) error) (map[string]string, error) {
	type vote struct{ pkg, folder string }
	votes := make(map[vote]int)
	seen := make(map[string]string) // recorded file → folder
	err := each(func(pkg, file string) bool {
		folder, ok := seen[file]
		if !ok {
			folder = path.Dir(file)
			seen[file] = folder
		}
		if folder == "." {
			return true // a file that cgo made
		}
		votes[vote{pkg, folder}]++
		return true
	})
	folders := make(map[string]string)
	for v, n := range votes {
		other, ok := folders[v.pkg]
		m := votes[vote{v.pkg, other}]
		if !ok || n > m || n == m && v.folder < other {
			folders[v.pkg] = v.folder
		}
	}
	return folders, err
}
