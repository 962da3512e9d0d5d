package inspector

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// dso is a file in the simulated process: the program, a library or a plugin. It is
// struct link_map of glibc as far as a load can fail on it.
type dso struct {
	path  string   // as messages name it; "" for the program
	names []string // under which others needed it, its SONAME once that was asked for
	image *goelf.Image
	info  fs.FileInfo  // nil for the program
	file  *os.File     // of a library that is read bit by bit
	unmap func() error // of a library that is mapped
	host  *Host        // of the program
	plug  *Plugin      // of a Go plugin
	outer bool         // it lies on the running machine, though the target is a folder

	parent *dso // that needed it first
	deps   []*dso
	mapped bool // deps is known

	startup bool // it was there before the first plugin
	inTLS   bool // its thread-local block is part of the static one
}

func (d *dso) close() {
	if d.file != nil {
		d.file.Close()
	}
	if d.unmap != nil {
		_ = d.unmap()
	}
	if d.plug != nil && d.parent != nil {
		d.plug.Close()
	}
}

// read takes a library's image from its file, which it maps: of libc alone dozens of
// pages are looked at. A file that was cut within its last page is read instead, with
// zeros behind its end, as the kernel would map it.
func (d *dso) read(f *os.File) error {
	data, unmap, err := mapFile(f, d.info.Size())
	if err == nil {
		if d.image, err = goelf.NewBytes(data); err == nil && !d.image.CutInPage() {
			f.Close()
			d.unmap = unmap
			return nil
		}
		_ = unmap()
	}
	d.file = f
	d.image, err = goelf.NewLibrary(f, d.info.Size())
	return err
}

// name gives the name by which messages call the file.
func (d *dso) name() string {
	if d.path == "" && d.host != nil {
		return d.host.Binary().File
	}
	return d.path
}

// called names the file in a finding, as the caller named it.
func (d *dso) called() string {
	if d.plug != nil && d.parent == nil {
		return d.plug.File
	}
	return d.name()
}

// origin is what $ORIGIN stands for in the file.
func (d *dso) origin() string { return filepath.Dir(d.path) }

// isNamed says whether a file that is needed under a name is this one.
func (d *dso) isNamed(name string) bool {
	return d.path == name && name != "" || slices.Contains(d.names, name)
}

// find says whether the file has a definition for a reference of another one. A
// file that cannot be read is given the benefit of the doubt.
func (d *dso) find(r goelf.Reference) bool {
	if d.image == nil {
		return d.host.definesC(r.Name, r.Version.Name)
	}
	_, ok, err := d.image.Find(r.Name, r.Version, r.Kind != goelf.RefData)
	return ok || err != nil
}

// hasVersions says whether symbols of the file have versions.
func (d *dso) hasVersions() bool { return d.image == nil || d.image.HasVersions() }

// rpath and runpath are the folders that the file names, variables unexpanded.
func (d *dso) rpath() []string {
	if d.host != nil {
		return d.host.rpath
	}
	return d.image.Rpath()
}

func (d *dso) runpath() []string {
	if d.host != nil {
		return d.host.runpath
	}
	return d.image.Runpath()
}

// dependencies lists what the file wants loaded.
func (d *dso) dependencies() ([]goelf.Dependency, error) {
	if d.image != nil {
		return d.image.Dependencies()
	}
	var list []goelf.Dependency
	for _, n := range d.host.Binary().Needed {
		list = append(list, goelf.Dependency{Name: n})
	}
	return list, nil
}

// candidate is a path to try, and whether it is one of the running machine although the
// target is a folder.
type candidate struct {
	path  string
	outer bool
}

// expand replaces $ORIGIN, $LIB and $PLATFORM, with or without braces, as
// _dl_dst_substitute in glibc's elf/dl-load.c does. A name that merely begins like
// one of them stays as it is.
func (m *machine) expand(s string, d *dso) candidate {
	p := candidate{outer: false}
	if !strings.Contains(s, "$") {
		p.path = s
		return p
	}
	var out strings.Builder
	for s != "" {
		before, after, ok := strings.Cut(s, "$")
		out.WriteString(before)
		if !ok {
			break
		}
		token, rest := dynamicToken(after)
		switch token {
		case "ORIGIN":
			out.WriteString(d.origin())
			p.outer = p.outer || d.outer
		case "LIB":
			out.WriteString(strings.TrimPrefix(m.systemDirs()[0], "/"))
		case "PLATFORM":
			out.WriteString(m.processor().platform)
		default:
			out.WriteByte('$')
			rest = after
		}
		s = rest
	}
	p.path = out.String()
	return p
}

// dynamicToken splits what follows a $ into the name of a variable and the rest, as
// _dl_dst_count does.
func dynamicToken(s string) (token, rest string) {
	if inner, ok := strings.CutPrefix(s, "{"); ok {
		if token, rest, ok = strings.Cut(inner, "}"); ok {
			return token, rest
		}
		return "", s
	}
	i := 0
	for i < len(s) && (s[i] == '_' || s[i] >= 'A' && s[i] <= 'Z' || s[i] >= 'a' && s[i] <= 'z' || s[i] >= '0' && s[i] <= '9') {
		i++
	}
	return s[:i], s[i:]
}
