package inspector

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// maxPlugin caps the size in bytes of a file that is read as a plugin.
const maxPlugin = 2 << 30

// Plugin is one plugin file as Check sees it. What is wrong with the file is kept
// for the verdict.
type Plugin struct {
	File   string  // as the caller named it
	Path   string  // the real path, which plugin.Open resolves; "" where there is none
	Data   []byte  // the file's bytes, read once
	Binary *Binary // nil where it is no Go binary; without Symbols
	Err    error   // why the file could not be read; matches fs.ErrNotExist and the like

	info  fs.FileInfo
	image *goelf.Image
	mod   *goelf.Plugin

	foldersOnce sync.Once
	folders     map[string]string
}

// ReadPlugin reads a plugin's bytes, once. It does not fail: what is wrong is in
// Err, or becomes the verdict.
func ReadPlugin(file string) *Plugin {
	real, data, info, err := readFile(file)
	if err != nil {
		return &Plugin{File: file, Path: real, Err: fmt.Errorf("read plugin: %w", err)}
	}
	p := NewPlugin(file, data)
	p.Path, p.info = real, info
	return p
}

func readFile(file string) (real string, data []byte, info fs.FileInfo, err error) {
	if real, err = filepath.Abs(file); err != nil {
		return "", nil, nil, err
	}
	resolved, err := filepath.EvalSymlinks(real)
	if err != nil {
		return "", nil, nil, err
	}
	real = resolved
	f, size, err := openRegular(file)
	if err != nil {
		return real, nil, nil, err
	}
	defer f.Close()
	if size > maxPlugin {
		return real, nil, nil, fmt.Errorf("%s has %d bytes, at most %d are read", file, size, int64(maxPlugin))
	}
	if info, err = f.Stat(); err != nil {
		return real, nil, nil, err
	}
	data = make([]byte, size)
	n, err := io.ReadFull(f, data)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return real, nil, nil, err
	}
	return real, data[:n], info, nil
}

// NewPlugin is ReadPlugin for bytes in memory. The file is the name that
// plugin.Open would be given; the bytes must not change afterwards.
func NewPlugin(file string, data []byte) *Plugin {
	p := &Plugin{File: file, Path: file, Data: data}
	if abs, err := filepath.Abs(file); err == nil {
		p.Path = abs
	}
	im, err := goelf.NewBytes(data)
	if err != nil || im.CutInPage() {
		if im, err = goelf.NewBytes(goelf.PadToPage(data)); err != nil {
			return p
		}
	}
	p.image = im
	b := &Binary{File: file, Kind: KindLibrary, Size: int64(len(data))}
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
	for _, h := range mod.Packages {
		b.Packages = append(b.Packages, Package{h.Path, h.Hash})
	}
	return p
}

// Symbols gives the names and types of what the plugin exports, by name. The error
// says which type could not be read.
func (p *Plugin) Symbols() ([]Symbol, error) {
	if p.mod == nil {
		return nil, nil
	}
	if p.mod.ExportsErr != nil {
		return nil, fmt.Errorf("read plugin %s: %w", p.File, p.mod.ExportsErr)
	}
	var list []Symbol
	for _, e := range p.mod.Exports {
		text, err := p.image.ExportType(p.mod, e)
		if err != nil {
			return nil, fmt.Errorf("read plugin %s: %w", p.File, err)
		}
		list = append(list, Symbol{e.Name, text})
	}
	return list, nil
}

// SHA256 is the digest of the plugin's bytes in hexadecimal digits.
func (p *Plugin) SHA256() string {
	sum := sha256.Sum256(p.Data)
	return hex.EncodeToString(sum[:])
}

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

// minorOf gives the minor release of a Go version, 26 for go1.26.8; 0 where the
// version names no release.
func minorOf(version string) int {
	s, ok := strings.CutPrefix(version, "go1.")
	if !ok {
		return 0
	}
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(s[:end])
	if err != nil {
		return 0
	}
	return n
}

// Inspect reads everything there is to tell of a host or plugin.
func Inspect(file string) (*Binary, error) {
	f, size, err := openRegular(file)
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	defer f.Close()
	var b *Binary
	if h, herr := newHost(file, f, size); herr == nil {
		b = h.Binary()
		if b.Packages, err = h.Packages(); err != nil {
			return nil, err
		}
	} else if b, err = inspectLibrary(file, herr); err != nil {
		return nil, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, size)); err != nil {
		return nil, fmt.Errorf("inspect %s: %w", file, err)
	}
	b.SHA256, b.Size = hex.EncodeToString(sum.Sum(nil)), size
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
	var err error
	p.Binary.Symbols, err = p.Symbols()
	return p.Binary, err
}
