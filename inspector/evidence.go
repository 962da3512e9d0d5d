package inspector

import (
	"path"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// evidence is what the tables of functions in both files tell about packages whose
// hashes differ: where each function stood in the source, and whose code became part
// of whose.
type evidence struct {
	host, plugin map[string]functions       // by package
	inlines      map[string]map[string]bool // package → those whose functions were inlined into its own
}

// functions are a package's functions by name, with where they begin.
type functions map[string]place

// place is a line of a file, which goes without its folder.
type place struct {
	file string
	line int
}

// moved is a function that does not begin at the same place on both sides.
type moved struct {
	name         string
	host, plugin place
}

// eachFunc calls a function with the functions of one side.
type eachFunc func(func(goelf.Func) bool) error

// gather reads the functions of the packages that differ.
func gather(host, plugin eachFunc, pkgs map[string]mismatch) *evidence {
	e := &evidence{inlines: make(map[string]map[string]bool)}
	e.host = e.read(pkgs, host)
	e.plugin = e.read(pkgs, plugin)
	return e
}

// read is given the error of a file that does not read in the middle of its table
// with what came before it: all of this explains only.
func (e *evidence) read(pkgs map[string]mismatch, each eachFunc) map[string]functions {
	all := make(map[string]functions)
	_ = each(func(f goelf.Func) bool {
		if _, ok := pkgs[f.Package]; !ok {
			return true
		}
		if f.In != f.Package {
			if e.inlines[f.In] == nil {
				e.inlines[f.In] = make(map[string]bool)
			}
			e.inlines[f.In][f.Package] = true
		}
		if f.Line <= 0 || !named(f.Name) {
			return true
		}
		if all[f.Package] == nil {
			all[f.Package] = make(functions)
		}
		if _, ok := all[f.Package][f.Name]; !ok {
			all[f.Package][f.Name] = place{path.Base(f.File), f.Line}
		}
		return true
	})
	return all
}

// named says whether a function has its name from the source: those that the
// compiler makes (closures, wrappers, initialisers) are numbered, and the number
// may depend on what was inlined.
func named(name string) bool {
	last := name[strings.LastIndexByte(name, '/')+1:]
	return !strings.Contains(last, ".func") && !strings.Contains(last, ".gowrap") && !strings.Contains(last, "..") &&
		!strings.HasSuffix(last, "-fm") && !strings.Contains(last, ".init") && !strings.Contains(last, ".deferwrap")
}

// moves lists the functions of a package that both sides have, at different places,
// in the order of the host's files.
func (e *evidence) moves(pkg string) []moved {
	var list []moved
	for name, a := range e.host[pkg] {
		if b, ok := e.plugin[pkg][name]; ok && a != b {
			list = append(list, moved{name, a, b})
		}
	}
	slices.SortFunc(list, func(a, b moved) int {
		if c := strings.Compare(a.host.file, b.host.file); c != 0 {
			return c
		}
		if c := a.host.line - b.host.line; c != 0 {
			return c
		}
		return strings.Compare(a.name, b.name)
	})
	return list
}

// sameFile keeps the functions that moved within their file: there the source was
// changed. Files that cgo makes are left out, since each release makes them anew.
func sameFile(list []moved) []moved {
	return slices.DeleteFunc(slices.Clone(list), func(m moved) bool {
		return m.host.file != m.plugin.file || strings.HasPrefix(m.host.file, "_cgo_")
	})
}

// otherFile keeps the functions that stand in another file: other build constraints
// hold there.
func otherFile(list []moved) []moved {
	return slices.DeleteFunc(slices.Clone(list), func(m moved) bool { return m.host.file == m.plugin.file })
}

// onlyThere says whether a package has functions from a file that is named after a
// tag on one side only.
func (e *evidence) onlyThere(pkg, tag string) bool {
	tag = strings.ToLower(tag)
	has := func(all functions) bool {
		for _, p := range all {
			for part := range strings.SplitSeq(strings.ToLower(strings.TrimSuffix(p.file, ".go")), "_") {
				if part == tag {
					return true
				}
			}
		}
		return false
	}
	return has(e.host[pkg]) != has(e.plugin[pkg])
}

// testFile names a test's file where a package was compiled together with its tests.
func testFile(all functions) string {
	file := ""
	for _, p := range all {
		if strings.HasSuffix(p.file, "_test.go") && (file == "" || p.file < file) {
			file = p.file
		}
	}
	return file
}
