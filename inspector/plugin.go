package inspector

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"

	"github.com/plugtool/plugtool/inspector/goelf"
	"github.com/plugtool/plugtool/inspector/gotype"
)

// maxPlugin caps the size in bytes of a file that is read as a plugin.
const maxPlugin = 2 << 30

// Plugin is one plugin file as Check sees it. What is wrong with the file is kept
// for the verdict.
type Plugin struct {
	File   string  // as the caller named it
	Path   string  // the real path, which plugin.Open resolves; "" where there is none
	Data   []byte  // the file's bytes, read once; nil after MapPlugin
	Binary *Binary // nil where it is no Go binary; without Symbols
	Err    error   // why the file could not be read; matches fs.ErrNotExist and the like

	data   []byte // Data, or the mapped bytes
	unmap  func() error
	info   fs.FileInfo
	packed error // what stands in the way of reading a file that UPX packed
	image  *goelf.Image
	mod    *goelf.Plugin

	digest func() [sha256.Size]byte

	foldersOnce sync.Once
	folders     map[string]string
	stringsOnce sync.Once
	strings     []goelf.LinkerString
}

// ReadPlugin reads a plugin's bytes, once. It does not fail: what is wrong is in
// Err, or becomes the verdict.
func ReadPlugin(file string) *Plugin {
	return openPlugin(file, func(f *os.File, size int64) ([]byte, func() error, error) {
		data := make([]byte, size)
		n, err := io.ReadFull(f, data)
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			err = nil // it became shorter: what is left is what is judged
		}
		return data[:n], nil, err
	})
}

// ReadSignedPlugin is ReadPlugin for a plugin whose signature is to be verified: its
// SHA-256, which takes longer than all else, is made on another processor while the
// file is read and its facts are taken. [Plugin.Digest] waits for it.
func ReadSignedPlugin(file string) *Plugin {
	var hash hashing
	p := openPlugin(file, func(f *os.File, size int64) ([]byte, func() error, error) {
		data, err := hash.read(f, size)
		return data, nil, err
	})
	if p.Err == nil {
		p.digest = hash.sum
	}
	return p
}

// MapPlugin is ReadPlugin for a verdict alone: the file is mapped, and the parts that
// count are read from there, which for a large plugin takes a fraction of the time. The
// bytes are not safe from whoever may write to the file, so nothing may rest on them
// but the verdict; Data stays nil. A file that shrinks meanwhile becomes an error of
// Check. The caller closes the plugin.
func MapPlugin(file string) *Plugin {
	p := openPlugin(file, mapFile)
	p.Data = nil
	if p.unmap != nil {
		_ = guard(func() error { p.linkerStrings(); return nil })
		// What the verdict needs is read by now; what explains it comes back on demand.
		// So of two hundred plugins the facts are in memory and not the files.
		forget(p.data)
	}
	return p
}

// Close unmaps what MapPlugin mapped. The plugin must not be used afterwards.
func (p *Plugin) Close() error {
	if p.unmap == nil {
		return nil
	}
	unmap := p.unmap
	p.unmap, p.image = nil, nil
	return unmap()
}

// openPlugin opens a plugin's file and takes its facts of the bytes that get gives.
func openPlugin(file string, get func(*os.File, int64) ([]byte, func() error, error)) *Plugin {
	bad := func(real string, err error) *Plugin {
		return &Plugin{File: file, Path: real, Err: fmt.Errorf("read plugin: %w", err)}
	}
	real, err := filepath.Abs(file)
	if err != nil {
		return bad("", err)
	}
	if real, err = filepath.EvalSymlinks(real); err != nil {
		return bad("", err)
	}
	f, size, err := openRegular(file)
	if err != nil {
		return bad(real, err)
	}
	defer f.Close()
	if size > maxPlugin {
		return bad(real, fmt.Errorf("%s has %d bytes, at most %d are read", file, size, int64(maxPlugin)))
	}
	info, err := f.Stat()
	if err != nil {
		return bad(real, err)
	}
	data, unmap, err := get(f, size)
	if err != nil {
		return bad(real, err)
	}
	p := new(Plugin)
	if err := guard(func() error { p = NewPlugin(file, data); return nil }); err != nil {
		p = bad(real, err)
	}
	p.Path, p.info, p.unmap = real, info, unmap
	return p
}

// guard turns a fault on mapped memory, which a file that shrank leaves behind, into
// an error.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r := recover()
		if fault, ok := r.(interface {
			error
			Addr() uintptr
		}); ok {
			err = fmt.Errorf("a file became shorter while it was read: %w", fault)
		} else if r != nil {
			panic(r)
		}
	}()
	return f()
}

// NewPlugin is ReadPlugin for bytes in memory. The file is the name that
// plugin.Open would be given; the bytes must not change afterwards.
func NewPlugin(file string, data []byte) *Plugin {
	p := &Plugin{File: file, Path: file, Data: data, data: data}
	p.digest = sync.OnceValue(func() [sha256.Size]byte { return sha256.Sum256(p.Data) })
	if abs, err := filepath.Abs(file); err == nil {
		p.Path = abs
	}
	whole := data
	if data, p.packed = goelf.Unpack(data); p.packed != nil {
		data = whole
	}
	im, err := goelf.NewBytes(data)
	if errors.Is(err, goelf.ErrNotELF) {
		return p // as it is with zeros behind it, which would cost a copy
	}
	if err != nil || im.CutInPage() {
		if im, err = goelf.NewBytes(goelf.PadToPage(data)); err != nil {
			return p
		}
	}
	p.image = im
	p.readLinks()
	b := &Binary{File: file, Kind: KindLibrary, Size: int64(len(whole))}
	if err := readFacts(im, b); err != nil && b.GoVersion == "" && im.GOARCH() == "" {
		return p
	}
	if im.Interpreter() != "" || im.Type == goelf.TypeExec {
		b.Kind = KindExecutable
	}
	if b.GoVersion != "" {
		p.Binary = b
	}
	mod, err := im.ReadPlugin(minorOf(b.GoVersion))
	if err != nil {
		return p
	}
	p.mod, p.Binary = mod, b
	b.Kind, b.PluginPath = KindPlugin, mod.Path
	b.takeIsolation()
	for _, h := range mod.Packages {
		b.Packages = append(b.Packages, Package{h.Path, h.Hash})
	}
	return p
}

// readLinks reads what the dynamic linker looks at in every plugin. The image keeps it,
// errors too.
func (p *Plugin) readLinks() {
	_, _ = p.image.Needed()
	_, _ = p.image.VersionNeeds()
	_, _ = p.image.References()
	_, _ = p.image.Dependencies()
}

// Silent says that the plugin exports nothing, as far as its exports can be read.
func (p *Plugin) Silent() bool {
	return p.mod == nil || p.mod.ExportsErr == nil && len(p.mod.Exports) == 0
}

// Symbols gives the names and types of what the plugin exports, by name. The error
// says which type could not be read.
func (p *Plugin) Symbols() ([]Symbol, error) {
	list, _, err := p.symbols()
	return list, err
}

// symbols gives the types in both forms.
func (p *Plugin) symbols() (list []Symbol, exact []*gotype.Type, err error) {
	if p.mod == nil {
		return nil, nil, nil
	}
	if p.mod.ExportsErr != nil {
		return nil, nil, fmt.Errorf("read plugin %s: %w", p.File, p.mod.ExportsErr)
	}
	if len(p.mod.Exports) == 0 {
		return nil, nil, nil
	}
	types, err := p.types()
	if err != nil {
		return nil, nil, err
	}
	for _, e := range p.mod.Exports {
		t, err := types.Type(e)
		if err != nil {
			return nil, nil, fmt.Errorf("read plugin %s: %w", p.File, err)
		}
		list, exact = append(list, Symbol{e.Name, t.String()}), append(exact, t)
	}
	return list, exact, nil
}

func (p *Plugin) types() (*goelf.Types, error) {
	types, err := p.image.PluginTypes(p.mod, minorOf(p.Binary.GoVersion))
	if err != nil {
		return nil, fmt.Errorf("read plugin %s: %w", p.File, err)
	}
	return types, nil
}

// SHA256 is the digest of the plugin's bytes in hexadecimal digits.
func (p *Plugin) SHA256() string {
	sum := p.Digest()
	return hex.EncodeToString(sum[:])
}

// Digest is the SHA-256 of the plugin's bytes, made once. A plugin that could not be
// read has that of no bytes.
func (p *Plugin) Digest() [sha256.Size]byte {
	if p.digest == nil {
		return sha256.Sum256(nil)
	}
	return p.digest()
}

// Sources says in which folder each package's files were when the plugin was built, as
// [Host.Sources] does of a host; nil where the file does not say.
func (p *Plugin) Sources() map[string]string { return p.sources() }

// sources is Host.Sources for a plugin; what cannot be read is left out, since it
// only explains.
func (p *Plugin) sources() map[string]string {
	if p.mod == nil {
		return nil
	}
	p.foldersOnce.Do(func() {
		p.folders, _ = foldersOf(func(f func(pkg, file string) bool) error {
			return p.image.PluginSourceFiles(p.mod, f)
		})
	})
	return p.folders
}

// funcs is goelf.Image.PluginFuncs.
func (p *Plugin) funcs(f func(goelf.Func) bool) error {
	if p.mod == nil {
		return nil
	}
	return p.image.PluginFuncs(p.mod, f)
}

// Inspect reads everything there is to tell of a host, its descriptor, or a plugin.
func Inspect(file string) (*Binary, error) {
	f, size, err := openRegular(file)
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	defer f.Close()
	var start [1]byte
	if _, err := f.ReadAt(start[:], 0); err == nil && start[0] == '{' {
		return inspectDescriptor(file, f, size)
	}
	data, unmap, err := mapFile(f, size)
	if err != nil {
		return nil, fmt.Errorf("inspect %s: %w", file, err)
	}
	defer unmap()
	var b *Binary
	err = guard(func() (err error) { b, err = inspect(file, data); return err })
	return b, err
}

// inspectDescriptor tells of a host what its descriptor does.
func inspectDescriptor(file string, r io.ReaderAt, size int64) (*Binary, error) {
	h, err := readDescriptor(file, r, size)
	if err != nil {
		return nil, err
	}
	b := h.Binary()
	b.Packages, err = h.Packages()
	return b, err
}

func inspect(file string, data []byte) (*Binary, error) {
	h, err := newHost(file, data)
	if err != nil {
		return inspectLibrary(file, err)
	}
	b := h.Binary()
	if b.Packages, err = h.Packages(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	b.SHA256 = hex.EncodeToString(sum[:])
	return b, nil
}

func inspectLibrary(file string, herr error) (*Binary, error) {
	p := ReadPlugin(file)
	switch {
	case p.Err != nil:
		return nil, p.Err
	case p.Binary == nil:
		return nil, fmt.Errorf("inspect %s: %w", file, herr)
	}
	p.Binary.SHA256 = p.SHA256()
	list, exact, err := p.symbols()
	p.Binary.Symbols, p.Binary.PackageNames = list, make(map[string]string)
	for _, t := range exact {
		for u := range t.Packages() {
			if u.Package != "" {
				p.Binary.PackageNames[u.Path] = u.Package
			}
		}
	}
	return p.Binary, err
}
