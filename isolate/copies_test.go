package isolate_test

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/plugtool/plugtool/isolate"
)

// files is a disk with the files of an archive; their names are absolute.
type files map[string]string

func (f files) ReadFile(name string, most int64) ([]byte, error) {
	content, ok := f[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("read %s: %w", name, fs.ErrNotExist)
	case int64(len(content)) > most:
		return nil, fmt.Errorf("%s is too large", name)
	}
	return []byte(content), nil
}

func (f files) List(dir string) (names []string, err error) {
	for name := range f {
		if rel, err := filepath.Rel(dir, name); err == nil && filepath.IsLocal(rel) {
			names = append(names, strings.Split(rel, "/")[0])
		}
	}
	return names, nil
}

// read reads an archive: a file for each of the disk's below in/, and what Copy makes of
// them below out/. The comment has the graph.
func read(t *testing.T, name string) (*isolate.Graph, files, map[string]string) {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	g := graph(t, string(a.Comment))
	disk, want := files{}, map[string]string{}
	for _, f := range a.Files {
		if rel, ok := strings.CutPrefix(f.Name, "in/"); ok {
			disk["/"+rel] = string(f.Data)
		} else {
			want[strings.TrimPrefix(f.Name, "out/")] = string(f.Data)
		}
	}
	for i := range g.Packages {
		place(&g.Packages[i], disk)
	}
	return g, disk, want
}

// place says which of a disk's files are a package's, as go list would.
func place(p *isolate.Package, disk files) {
	p.Dir, p.Module.Dir, p.Module.GoVersion = "/"+p.ImportPath, "/"+p.Module.Path, "1.21"
	p.CgoFiles = nil
	for name, content := range disk {
		rel, err := filepath.Rel(p.Dir, name)
		switch {
		case err != nil || !filepath.IsLocal(rel):
		case strings.HasPrefix(rel, "static/"):
			p.EmbedFiles = append(p.EmbedFiles, rel)
		case strings.Contains(rel, "/"):
		case strings.HasSuffix(rel, ".go") && strings.Contains(content, `import "C"`):
			p.CgoFiles = append(p.CgoFiles, rel)
		case strings.HasSuffix(rel, ".go"):
			p.GoFiles = append(p.GoFiles, rel)
		case strings.HasSuffix(rel, ".s"):
			p.SFiles = append(p.SFiles, rel)
		case strings.HasSuffix(rel, ".h"):
			p.HFiles = append(p.HFiles, rel)
		case strings.HasSuffix(rel, ".c"):
			p.CFiles = append(p.CFiles, rel)
		}
	}
}

func copyAll(t *testing.T, g *isolate.Graph, disk isolate.Disk) (*isolate.Copies, *isolate.Choice, error) {
	t.Helper()
	choice, err := isolate.Choose(g, isolate.Host{Module: "example.com/host"}, isolate.Rules{All: true}, isolate.Wishes{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := isolate.Copy(g, choice, disk, nil)
	return c, choice, err
}

// TestCopy has archives with what is on disk and what becomes of it.
func TestCopy(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives (%v)", err)
	}
	for _, name := range archives {
		t.Run(filepath.Base(name), func(t *testing.T) {
			g, disk, want := read(t, filepath.Base(name))
			c, _, err := copyAll(t, g, disk)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, m := range []map[string][]byte{c.Files, c.Own, c.Licences} {
				for name, content := range m {
					got[name] = string(content)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for name, content := range got {
				original := "/" + strings.TrimPrefix(name, "internal/isolated/")
				if was, ok := disk[original]; ok && strings.Count(was, "\n") != strings.Count(content, "\n") {
					t.Errorf("%s has other lines than its original", name)
				}
			}
		})
	}
}

// cgo gives the package a.org/x C code, and a folder sub with a header beside it.
func cgo(preamble string) func(*isolate.Graph, files) {
	return func(g *isolate.Graph, f files) {
		g.Packages[1].GoFiles, g.Packages[1].CgoFiles = nil, []string{"x.go"}
		f["/a.org/x/x.go"] = "package x\n\n/*\n" + preamble + "\n*/\nimport \"C\"\n"
		f["/a.org/x/sub/impl.h"] = "\n"
	}
}

// C code that finds all it needs is copied.
func TestCopyC(t *testing.T) {
	for _, preamble := range []string{
		"#include <stdio.h>", "#if __has_include(<stdio.h>)\n#endif", "#include \"gone.h\"", "#cgo CFLAGS: -I. -I/usr/include -I\"c:/include\" -DX=\"y\" -Wall\n#cgo LDFLAGS: -lm -L/usr/lib", "#cgo pkg-config: x",
	} {
		g, disk := graph(t, "example.com/p .: a.org/x\na.org/x@v1.0.0 .:"), files{"/example.com/p/main.go": "package main\nimport _ \"a.org/x\"\n"}
		for i := range g.Packages {
			place(&g.Packages[i], disk)
		}
		cgo(preamble)(g, disk)
		if _, _, err := copyAll(t, g, disk); err != nil {
			t.Errorf("%s: %v", preamble, err)
		}
	}
}

// What the compiler reads as a linkname directive is one here, however odd it is, and
// nothing else is.
func TestCopyOddFiles(t *testing.T) {
	const own = "package x\n\nimport _ \"unsafe\"\n\n"
	const private = "example.com/p/internal/isolated/a.org/x"
	for _, c := range []struct{ name, file, original, want string }{
		{"carriage returns for spaces", "x.go", own + "//go:linkname v\ra.org/x.V\nvar v int\n", own + "//go:linkname v\r" + private + ".V\nvar v int\n"},
		{"more of them", "x.go", own + "//go:linkname \rv \r a.org/x.V \r\r\nvar v int\n", own + "//go:linkname \rv \r " + private + ".V \r\r\nvar v int\n"},
		{"at the ends of lines", "x.go", "package x\r\n\r\nimport _ \"unsafe\"\r\n\r\n//go:linkname v a.org/x.V\r\nvar v int\r\n", "package x\r\n\r\nimport _ \"unsafe\"\r\n\r\n//go:linkname v " + private + ".V\r\nvar v int\r\n"},
		{"within the word", "x.go", own + "//go:link\rname v a.org/x.V\nvar v int\n//go:linkname only\n", own + "//go:link\rname v a.org/x.V\nvar v int\n//go:linkname only\n"},
		{"in another comment", "x.go", own + "/*\n//go:linkname v a.org/x.V\n*/\nvar v = `\n//go:linkname v a.org/x.V\n`\n", own + "/*\n//go:linkname v a.org/x.V\n*/\nvar v = `\n//go:linkname v a.org/x.V\n`\n"},
		{"with a tab", "x.go", own + "//go:linkname\tv a.org/x.V\nvar v int\n", own + "//go:linkname\tv a.org/x.V\nvar v int\n"},
		{"behind a byte order mark", "x.go", "\ufeffpackage x\n\nimport _ \"unsafe\"\n\n//go:linkname v a.org/x.V\nvar v int\n", "\ufeffpackage x\n\nimport _ \"unsafe\"\n\n//go:linkname v " + private + ".V\nvar v int\n"},
		{"other lines", "x.go", own + "//line /etc/passwd:1\n//go:linkname v a.org/x.V\nvar v int\n", own + "//line /etc/passwd:1\n//go:linkname v " + private + ".V\nvar v int\n"},
		{"escaped paths", "x.go", "package x\n\nimport _ \"a\\x2eorg/\\u0079\"\n", "package x\n\nimport _ \"example.com/p/internal/isolated/a.org/y\"\n"},
		{"raw paths with carriage returns", "x.go", "package x\n\nimport _ `a.org\r/y`\n", "package x\n\nimport _ \"example.com/p/internal/isolated/a.org/y\"\n"},
		{"dots for names", "x.go", "package x; import (. \"a.org/y\"; z \"a.org/y\"); var _ = Y + z.Y\n", "package x; import (. \"example.com/p/internal/isolated/a.org/y\"; z \"example.com/p/internal/isolated/a.org/y\"); var _ = Y + z.Y\n"},
		{"assembly behind a byte order mark", "x.s", "\ufeffTEXT a·org∕x·F(SB),0,$0\n", "\ufeffTEXT example·com∕p∕internal∕isolated∕a·org∕x·F(SB),0,$0\n"},
		{"assembly in comments and strings", "x.s", "// a·org∕x·F\n/* a·org∕x·F */ DATA ·s(SB)/8, $\"a·org∕x·F\"\n", "// a·org∕x·F\n/* a·org∕x·F */ DATA ·s(SB)/8, $\"a·org∕x·F\"\n"},
		{"assembly with bytes that are none", "x.s", "// \xff\x00\nTEXT a·org∕x·F(SB),0,$0\n", "// \xff\x00\nTEXT example·com∕p∕internal∕isolated∕a·org∕x·F(SB),0,$0\n"},
	} {
		g := graph(t, "example.com/p .: a.org/x\na.org/x@v1.0.0 .: a.org/y\na.org/y@v1.0.0 .:")
		disk := files{"/example.com/p/main.go": "package main\nimport _ \"a.org/x\"\n", "/a.org/x/base.go": "package x\n", "/a.org/y/y.go": "package y\n", "/a.org/x/" + c.file: c.original}
		for i := range g.Packages {
			place(&g.Packages[i], disk)
		}
		copies, _, err := copyAll(t, g, disk)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := string(copies.Files["internal/isolated/a.org/x/"+c.file]); got != c.want {
			t.Errorf("%s: the copy is\n%q\nwant\n%q", c.name, got, c.want)
		}
	}
}

func TestCopyRefuses(t *testing.T) {
	const usual = "example.com/p .: a.org/x\na.org/x@v1.0.0 .:"
	base := files{"/example.com/p/main.go": "package main\nimport _ \"a.org/x\"\n", "/a.org/x/x.go": "package x\n"}
	for _, c := range []struct {
		name   string
		change func(*isolate.Graph, files)
		want   string
	}{
		{"names that lead elsewhere", func(g *isolate.Graph, _ files) { g.Packages[1].GoFiles = []string{"../x.go"} }, `a file named "../x.go"`},
		{"the folder's own name", func(g *isolate.Graph, _ files) { g.Packages[1].HFiles = []string{".."} }, `a file named ".."`},
		{"embedded files outside", func(g *isolate.Graph, _ files) { g.Packages[1].EmbedFiles = []string{"a/../../b"} }, `embeds "a/../../b"`},
		{"an embedded go.mod", func(g *isolate.Graph, _ files) { g.Packages[1].EmbedFiles = []string{"go.mod"} }, `embeds "go.mod"`},
		{"embedded source", func(g *isolate.Graph, _ files) { g.Packages[1].EmbedFiles = []string{"x.go"} }, "embeds its own source"},
		{"no Go", func(_ *isolate.Graph, f files) { f["/a.org/x/x.go"] = "package" }, "x.go:1"},
		{"object files", func(g *isolate.Graph, _ files) { g.Packages[1].SysoFiles = []string{"x.syso"} }, "compiled object files (x.syso)"},
		{"SWIG", func(g *isolate.Graph, _ files) { g.Packages[1].SwigFiles = []string{"x.swig"} }, "SWIG files (x.swig)"},
		{"a missing file", func(_ *isolate.Graph, f files) { delete(f, "/a.org/x/x.go") }, "file does not exist"},
		{"a huge file", func(_ *isolate.Graph, f files) { f["/a.org/x/x.go"] = "package x\n" + strings.Repeat(" ", 65<<20) }, "too large"},
		{
			"C code that takes other files", func(g *isolate.Graph, f files) {
				g.Packages[1].GoFiles, g.Packages[1].CgoFiles = nil, []string{"x.go"}
				f["/a.org/x/x.go"] = "package x\n\n// #include \"sub/impl.h\"\nimport \"C\"\n"
				f["/a.org/x/sub/impl.h"] = "\n"
			}, "includes sub/impl.h",
		},
		{
			"C code with its folder", func(g *isolate.Graph, f files) {
				g.Packages[1].GoFiles, g.Packages[1].CgoFiles = nil, []string{"x.go"}
				f["/a.org/x/x.go"] = "package x\n\n// #cgo LDFLAGS: ${SRCDIR}/libx.a\nimport \"C\"\n"
			}, "${SRCDIR}",
		},
		{"C code that asks for other files", cgo("#if __has_include(\"sub/impl.h\")\n#define A 1\n#endif"), "includes sub/impl.h"},
		{"C code that asks for what it does not name", cgo("#define H \"sub/impl.h\"\n#if __has_include(H)\n#define A 1\n#endif"), "asks for a file that it does not name"},
		{"C code that embeds other files", cgo("const char a[] = {\n#embed \"sub/impl.h\"\n};"), "includes sub/impl.h"},
		{"C code with a folder beside it", cgo("#cgo CFLAGS: -O2 -I../include"), "takes files from other folders (#cgo … -I ../include in x.go)"},
		{"C code with a folder below it", cgo("#cgo linux CFLAGS: -I sub"), "(#cgo … -I sub in x.go)"},
		{"C code with a file before it", cgo("#cgo CFLAGS: -include sub/impl.h"), "(#cgo … -include sub/impl.h in x.go)"},
		{"C code with a library beside it", cgo("#cgo LDFLAGS: -L../lib -lx"), "(#cgo … -L ../lib in x.go)"},
		{
			"C code with folders of its own", func(g *isolate.Graph, f files) {
				g.Packages[1].GoFiles, g.Packages[1].CgoFiles = nil, []string{"x.go"}
				f["/a.org/x/x.go"] = "package x\n\n// #cgo linux CFLAGS: -I. -O2 -Iinclude\n// #include <x/api.h>\nimport \"C\"\n"
				f["/a.org/x/include/x/api.h"] = "\n"
			}, "takes files from other folders (#cgo … -I include in x.go)",
		},
		{
			"C code with folders beside its own", func(g *isolate.Graph, f files) {
				g.Packages[1].GoFiles, g.Packages[1].CgoFiles = nil, []string{"x.go"}
				f["/a.org/x/x.go"] = "package x\n\n/*\n#cgo CFLAGS: -isystem \"../c\"\n*/\nimport \"C\"\n"
				f["/a.org/c/api.h"] = "\n"
			}, "takes files from other folders (#cgo … -isystem ../c in x.go)",
		},
		{
			"a file where a folder is", func(g *isolate.Graph, f files) {
				*g = *graph(t, usual+"\na.org/x/y/z@v1.0.0 .:")
				f["/a.org/x/y/z/z.go"] = "package z\n"
				for i := range g.Packages {
					place(&g.Packages[i], f)
				}
				g.Packages[1].EmbedFiles = []string{"y"}
				f["/a.org/x/y"] = "data"
			}, "would be a file and a folder",
		},
		{
			"assembly that cannot name the copy", func(g *isolate.Graph, f files) {
				*g = *graph(t, "example.com/my-plugin .: a.org/x\na.org/x@v1.0.0 .:")
				g.Plugin, g.Module = "example.com/my-plugin", "example.com/my-plugin"
				g.Packages[0].Module.Main = true
				f["/example.com/my-plugin/main.go"] = f["/example.com/p/main.go"]
				f["/a.org/x/x.s"] = "TEXT a·org∕x·F(SB),0,$0\n"
				for i := range g.Packages {
					place(&g.Packages[i], f)
				}
			}, "cannot write the path of its private copy",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, disk := graph(t, usual), files{}
			for name, content := range base {
				disk[name] = content
			}
			for i := range g.Packages {
				place(&g.Packages[i], disk)
			}
			c.change(g, disk)
			_, _, err := copyAll(t, g, disk)
			if _, ok := errors.AsType[*isolate.CannotError](err); !ok || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// Edits are made before imports are rewritten, only where the originals are as expected.
func TestCopyEdits(t *testing.T) {
	_, disk, _ := read(t, "usual.txtar")
	at := strings.Index(disk["/a.org/x/v2/internal/in/in.go"], `"v"`)
	for _, c := range []struct {
		file string
		edit isolate.Edit
		want string // in the copy, or the error
	}{
		{"/a.org/x/v2/internal/in/in.go", isolate.Edit{Offset: at, Old: `"v"`, New: `"other"`}, `const V = "other"`},
		{"/a.org/x/v2/internal/in/in.go", isolate.Edit{Offset: at - 1, Old: `"v"`, New: `"other"`}, "there is no"},
		{"/a.org/x/v2/internal/in/in.go", isolate.Edit{Offset: 1 << 20, Old: `"v"`, New: `"other"`}, "at byte 1048576 there is no"},
		{"/a.org/x/v2/internal/in/gone.go", isolate.Edit{}, "would have to change, and is not copied"},
	} {
		g, disk, _ := read(t, "usual.txtar")
		choice, err := isolate.Choose(g, isolate.Host{Module: "example.com/host"}, isolate.Rules{All: true}, isolate.Wishes{})
		if err != nil {
			t.Fatal(err)
		}
		copies, err := isolate.Copy(g, choice, disk, map[string][]isolate.Edit{c.file: {c.edit}})
		got := fmt.Sprint(err)
		if err == nil {
			got = string(copies.Files["internal/isolated"+c.file])
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%v in %s: %s, want %q", c.edit, c.file, got, c.want)
		}
	}
}

// after gives what go list would say of the isolated plugin.
func after(g *isolate.Graph, c *isolate.Choice) []isolate.Package {
	const prefix = "example.com/p/internal/isolated/"
	var list []isolate.Package
	for _, p := range g.Packages {
		m := *p.Module
		imports := []string{}
		for _, i := range p.Imports {
			if c.Fate(i) == isolate.Moved {
				i = prefix + i
			}
			imports = append(imports, i)
		}
		if c.Fate(p.ImportPath) == isolate.Moved {
			p.ImportPath, m.Path = prefix+p.ImportPath, prefix+m.Path
		}
		p.Imports, p.Module = imports, &m
		list = append(list, p)
	}
	return list
}

func TestProve(t *testing.T) {
	g, disk, _ := read(t, "usual.txtar")
	_, choice, err := copyAll(t, g, disk)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(list []isolate.Package) []isolate.Package
		want   string
	}{
		{"as chosen", func(list []isolate.Package) []isolate.Package { return list }, ""},
		{"one less", func(list []isolate.Package) []isolate.Package { return list[1:] }, "does not import it"},
		{"one more", func(list []isolate.Package) []isolate.Package {
			return append(list, isolate.Package{ImportPath: "b.org/more", Module: &isolate.Module{}})
		}, "only the isolated plugin imports it"},
		{"a file more", func(list []isolate.Package) []isolate.Package {
			list[1].GoFiles = append(list[1].GoFiles[:len(list[1].GoFiles):len(list[1].GoFiles)], "zz.go")
			return list
		}, "its files would be"},
		{"an import", func(list []isolate.Package) []isolate.Package { list[1].Imports = nil; return list }, "its imports would be"},
		{"another language", func(list []isolate.Package) []isolate.Package { list[1].Module.GoVersion = "1.26"; return list }, "its language would be go 1.26"},
		{"another name", func(list []isolate.Package) []isolate.Package { list[1].Name = "other"; return list }, "its name would be other"},
		{"embedded files", func(list []isolate.Package) []isolate.Package { list[1].EmbedFiles = []string{"x"}; return list }, "its embedded files would be"},
	} {
		err := isolate.Prove(g, choice, c.change(after(g, choice)))
		if got := fmt.Sprint(err); c.want == "" && err != nil || !strings.Contains(got, c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// -I. in #cgo lines would become the path of a folder that is another in each build.
func TestCopyLeavesOutTheOwnFolder(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"// #cgo CFLAGS: -O2 -I. -g\nimport \"C\"\n", "// #cgo CFLAGS: -O2  -g\nimport \"C\"\n"},
		{"/*\n#cgo linux CFLAGS: -I./\n#cgo LDFLAGS: -lm\n-I.\n*/\nimport \"C\"\n", "/*\n#cgo linux CFLAGS: \n#cgo LDFLAGS: -lm\n-I.\n*/\nimport \"C\"\n"},
		{"// #cgo CFLAGS: -I . -I. -I.\nimport \"C\"\n", "// #cgo CFLAGS:   \nimport \"C\"\n"},
		{"// #cgo CFLAGS: -I.\n// #cgo openbsd,amd64 windows CFLAGS: -I/usr/x\nimport \"C\"\n", "// #cgo CFLAGS: \n// #cgo openbsd,amd64 windows CFLAGS: -I/usr/x\nimport \"C\"\n"},
		{"// #cgo CFLAGS: -I.\n// #cgo windows linux CFLAGS: -I/usr/x\nimport \"C\"\n", ""},
		{"// #cgo CFLAGS: -I. -I/usr/include/x\nimport \"C\"\n", ""},
		{"// #cgo CFLAGS: -DX-I.\nimport \"C\"\n", ""},
		{"import \"C\"\n\nvar _ = `\n#cgo CFLAGS: -I.\n`\n", ""},
	} {
		if c.want == "" {
			c.want = c.source
		}
		g := graph(t, "example.com/p .: a.org/x\na.org/x@v1.0.0 .:")
		disk := files{"/example.com/p/main.go": "package main\n\nimport _ \"a.org/x\"\n", "/a.org/x/x.go": "package x\n\n" + c.source}
		for i := range g.Packages {
			place(&g.Packages[i], disk)
		}
		copies, _, err := copyAll(t, g, disk)
		if err != nil {
			t.Fatalf("%q: %v", c.source, err)
		}
		if got, want := string(copies.Files["internal/isolated/a.org/x/x.go"]), "package x\n\n"+c.want; got != want {
			t.Errorf("the copy is\n%q\nwant\n%q", got, want)
		}
	}
}
