package inspector

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// explainUndefined says where a symbol that nothing defines could come from, and who
// asks for it, as far as files tell.
func (l *linkage) explainUndefined(s *stop, d *dso, r goelf.Reference) {
	s.detail = "neither the host, nor a library, nor an earlier plugin defines it; a library is missing from the plugin's #cgo LDFLAGS, or is of another version"
	other := r
	other.Version = goelf.VersionRef{}
	switch lib := l.each(func(o *dso) bool { return r.Version.Name != "" && o.image != nil && o.find(other) }); {
	case lib != nil:
		s.detail = fmt.Sprintf("%s defines it, but not in version %s", lib.path, r.Version.Name)
	case l.musl != nil && d.needsGlibc():
		s.kind = otherLibc
		s.detail = "the plugin was built against glibc, and the host runs on musl, which lacks this function"
		s.host, s.plugin = "musl", "glibc: "+r.Name
		s.env = "CC=musl-gcc "
	default:
		if lib := l.m.provider(r.Name); lib != "" {
			s.detail = fmt.Sprintf("%s of %s defines it, and the plugin does not need that library", lib, l.m.called())
			s.fix = []string{"#cgo LDFLAGS: -l" + libraryFlag(lib)}
		} else {
			s.fix = []string{"add the library that defines " + r.Name + " to #cgo LDFLAGS"}
		}
	}
	if pkgs := cgoCallers(d, []string{r.Name}); len(pkgs) > 0 {
		s.detail += "; called from " + strings.Join(pkgs, ", ")
	}
}

// libraryFlag gives what -l takes for a library's file name.
func libraryFlag(name string) string {
	name, _, _ = strings.Cut(strings.TrimPrefix(path.Base(name), "lib"), ".so")
	return name
}

// needsGlibc says whether a file was linked against glibc.
func (d *dso) needsGlibc() bool {
	deps, err := d.dependencies()
	return err == nil && slices.ContainsFunc(deps, func(n goelf.Dependency) bool { return strings.HasPrefix(n.Name, "libc.so.") })
}

// maxProviders caps how many libraries are looked into for a symbol.
const maxProviders = 512

// provider gives a library of the machine's cache that defines a symbol, "" for none;
// those that glibc consists of come first.
func (m *machine) provider(symbol string) string {
	names := m.cache.names()
	rank := func(name string) int {
		return slices.IndexFunc([]string{"libm.so.", "libdl.so.", "librt.so.", "libpthread.so.", "libz.so."}, func(p string) bool { return strings.HasPrefix(name, p) })
	}
	slices.SortFunc(names, func(a, b string) int {
		if x, y := rank(a), rank(b); x != y {
			if x < 0 || y >= 0 && y < x {
				return 1
			}
			return -1
		}
		return strings.Compare(a, b)
	})
	for _, name := range names[:min(len(names), maxProviders)] {
		f, info, err := m.target.open(m.cache.find(name, m.levels))
		if err != nil {
			continue
		}
		found := false
		if goelf.CheckHeader(f, info.Size(), m.elf) == nil {
			if im, err := goelf.NewLibrary(f, info.Size()); err == nil {
				_, found, err = im.Find(symbol, goelf.VersionRef{}, true)
				found = found && err == nil
			}
		}
		f.Close()
		if found {
			return name
		}
	}
	return ""
}

// cgoCallers lists the Go packages of a plugin that call one of the C functions: cgo
// makes a function PACKAGE._Cfunc_NAME for each that Go code calls (cmd/cgo/out.go),
// whose symbol stripping leaves. Calls that C code makes leave no such trace.
func cgoCallers(d *dso, functions []string) []string {
	if d.plug == nil {
		return nil
	}
	var pkgs []string
	for s, err := range d.image.Symbols() {
		if err != nil {
			break
		}
		for _, mark := range []string{"._Cfunc_", "._C2func_", "._cgo_"} {
			pkg, rest, ok := strings.Cut(s.Name, mark)
			if mark == "._cgo_" {
				_, rest, ok = strings.Cut(rest, "_Cfunc_")
			}
			if ok && slices.Contains(functions, rest) {
				pkgs = append(pkgs, goelf.Unescape(pkg))
			}
		}
	}
	slices.Sort(pkgs)
	return slices.Compact(pkgs)
}
