package builder

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/module"

	"github.com/plugtool/plugtool/inspector"
)

const someSum = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// plainHost is a trimmed host that was installed at a version.
func plainHost() Host {
	return Host{Binary: &inspector.Binary{
		File: "hostbin", Kind: inspector.KindHost, Platform: "linux/amd64", GoVersion: "go1.26.8",
		Path: "example.com/host/cmd/host",
		Main: inspector.Module{Path: "example.com/host", Version: "v1.0.0", Sum: someSum},
		Deps: []inspector.Module{
			{Path: "example.com/dep", Version: "v1.1.0", Sum: someSum},
			{Path: "example.com/other/v2", Version: "v2.3.0", Sum: someSum},
		},
		Settings: []inspector.Setting{
			{Key: "-trimpath", Value: "true"}, {Key: "CGO_ENABLED", Value: "1"},
			{Key: "GOARCH", Value: "amd64"}, {Key: "GOOS", Value: "linux"}, {Key: "GOAMD64", Value: "v1"},
		},
	}}
}

// plainSource is a plugin that asks for an older dep.
func plainSource() Source {
	return Source{
		Dir: "/work/plugin", Package: ".", Path: "example.com/plugin",
		ModFile: File{"/work/plugin/go.mod", []byte("module example.com/plugin\n\ngo 1.24\n\nrequire (\n\texample.com/dep v1.0.0\n\texample.com/host v1.0.0\n)\n")},
		SumFile: File{"/work/plugin/go.sum", []byte("example.com/dep v1.0.0 " + someSum + "\n")},
		Go: GoEnv{LDFlags: "-O2 -g", Command: "/usr/local/go/bin/go", Version: "go1.26.8", Root: "/usr/local/go", ModCache: "/home/u/go/pkg/mod",
			Toolchain: "local", HostOS: "linux", HostArch: "amd64", CC: "gcc"},
	}
}

func set(h *Host, key, value string) {
	h.Binary.Settings = append(slices.DeleteFunc(slices.Clone(h.Binary.Settings), func(s inspector.Setting) bool { return s.Key == key }),
		inspector.Setting{Key: key, Value: value})
}

// Whatever a host records, the plan runs no program of its choosing, names no
// flag of its making and no file of its wish; or there is no plan.
func TestHostileHosts(t *testing.T) {
	for name, spoil := range map[string]func(*Host){
		"newline in a module's path":     func(h *Host) { h.Binary.Deps[0].Path = "example.com/dep\nreplace x => y" },
		"module path that is an option":  func(h *Host) { h.Binary.Deps[0].Path = "-toolexec=/bin/evil" },
		"module path that leads upwards": func(h *Host) { h.Binary.Deps[0].Path = "example.com/../../etc" },
		"module path with a space":       func(h *Host) { h.Binary.Deps[0].Path = "example.com/d ep" },
		"empty module path":              func(h *Host) { h.Binary.Deps[0].Path = "" },
		"version that is none":           func(h *Host) { h.Binary.Deps[0].Version = "latest" },
		"version with a newline":         func(h *Host) { h.Binary.Deps[0].Version = "v1.0.0\nexclude x v1.0.0" },
		"version that is not canonical":  func(h *Host) { h.Binary.Deps[0].Version = "v1.1" },
		"version of another major":       func(h *Host) { h.Binary.Deps[1].Version = "v3.0.0" },
		"version with build metadata":    func(h *Host) { h.Binary.Deps[0].Version = "v1.0.0+evil" },
		"sum that is none":               func(h *Host) { h.Binary.Deps[0].Sum = "h1:x\nexample.com/evil v1.0.0 h1:y" },
		"main module that is an option":  func(h *Host) { h.Binary.Main.Path = "-C" },
		"main version with a newline": func(h *Host) {
			h.Binary.Main.Sum, h.Binary.Main.Version = "", "v1.0.0\nx"
		},
		"main package that is an option": func(h *Host) { h.Binary.Path = "-exec" },
		"replacement that is an option": func(h *Host) {
			h.Binary.Deps[0].Replace = &inspector.Module{Path: "-x", Version: "v1.0.0", Sum: someSum}
		},
		"replacement with a newline": func(h *Host) {
			h.Binary.Deps[0].Replace = &inspector.Module{Path: "../dep\nreplace a => b"}
		},
		"replacement of a replacement": func(h *Host) {
			h.Binary.Deps[0].Replace = &inspector.Module{Path: "example.com/a", Version: "v1.0.0",
				Replace: &inspector.Module{Path: "example.com/b", Version: "v1.0.0"}}
		},
		"tag that is an option":        func(h *Host) { set(h, "-tags", "a,-toolexec=evil") },
		"tag with a space":             func(h *Host) { set(h, "-tags", "a b") },
		"level with an option":         func(h *Host) { set(h, "GOAMD64", "v1 -toolexec=evil") },
		"gcflags without a value":      func(h *Host) { set(h, "-gcflags", "all") },
		"gcflags with a newline":       func(h *Host) { set(h, "-gcflags", "-N\n-l") },
		"gcflags with an odd pattern":  func(h *Host) { set(h, "-gcflags", "x y=-N") },
		"gcflags with an open quote":   func(h *Host) { set(h, "-gcflags", "all=-N '-l") },
		"experiment that is an option": func(h *Host) { h.Binary.GoVersion = "go1.26.8 X:-evil" },
		"release that is an option":    func(h *Host) { h.Binary.GoVersion = "-evil" },
		"release that is a path":       func(h *Host) { h.Binary.GoVersion = "../../tmp/evil" },
		"platform that is a path":      func(h *Host) { h.Binary.Platform = "linux/../evil" },
		"another compiler":             func(h *Host) { set(h, "-compiler", "gccgo") },
		"covered package as an option": func(h *Host) { set(h, "-cover", "true"); h.Covered = []string{"-toolexec"} },
	} {
		t.Run(name, func(t *testing.T) {
			h := plainHost()
			spoil(&h)
			plan, err := NewPlan(h, plainSource(), Options{Toolexec: []string{"plugtool", "toolexec"}})
			if err == nil {
				t.Errorf("there is a plan: %q", plan.Commands())
			}
		})
	}
}

// Settings that would run programs or touch files are left out without ado.
func TestIgnoredSettings(t *testing.T) {
	want, err := NewPlan(plainHost(), plainSource(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{
		"-toolexec": "/bin/evil", "-ldflags": "-extld=/bin/evil -X a=b", "-asmflags": "-o /etc/passwd",
		"CGO_CFLAGS": "-fplugin=/tmp/evil.so", "CGO_LDFLAGS": "-Wl,@/tmp/evil -fuse-ld=/tmp/evil", "CC": "/bin/evil",
		"-overlay": "/tmp/evil.json", "GOFLAGS": "-toolexec=evil", "GOPROXY": "http://evil",
		"-buildmode": "evil", "-pkgdir": "/tmp",
		"-gcflags": "all=-cpuprofile=/etc/passwd -linkobj /tmp/x -importcfg=/tmp/y -asmhdr=z -embedcfg=/etc/shadow -d=dumpinlfuncprops=/tmp/x",
	} {
		t.Run(key, func(t *testing.T) {
			h := plainHost()
			set(&h, key, value)
			got, err := NewPlan(h, plainSource(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Commands(), got.Commands()); diff != "" {
				t.Errorf("%s=%s changed the commands:\n%s", key, value, diff)
			}
		})
	}
}

// A recorded folder that would be more than one rewrite, or more than a path,
// makes no plan.
func TestHostileFolders(t *testing.T) {
	for _, dir := range []string{
		"/src/a;/etc=>x", "/src/a=>b", "/src/a\n-toolexec=evil", "/src/../../etc", "/src//dep", "/src/'\"", "/src/\x00",
	} {
		h := plainHost()
		set(&h, "-trimpath", "false")
		h.Sources = map[string]string{"example.com/dep": dir}
		src := plainSource()
		src.Graph = []Package{{ImportPath: "example.com/dep", Dir: "/home/u/go/pkg/mod/example.com/dep@v1.1.0", Name: "dep",
			Module: &ListedModule{Path: "example.com/dep", Version: "v1.1.0"}}}
		p, err := newPlanner(h, src, Options{Toolexec: []string{"plugtool"}})
		if err != nil {
			t.Fatal(err)
		}
		if plan, err := p.plan(Layout{Name: Rewritten}); err == nil {
			t.Errorf("folder %q gave %q", dir, plan.Flags)
		}
	}
}

func TestPins(t *testing.T) {
	plan, err := NewPlan(plainHost(), plainSource(), Options{Output: "/out/p.so"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Pin{{"example.com/dep", "v1.0.0", "v1.1.0"}}, plan.Pins); diff != "" {
		t.Errorf("pins (-want +got):\n%s", diff)
	}
	if plan.Layout.Name != Modules {
		t.Errorf("layout %s, want %s", plan.Layout.Name, Modules)
	}
	wantMod := "module example.com/plugin\n\ngo 1.24\n\nrequire (\n\texample.com/dep v1.1.0\n\texample.com/host v1.0.0\n)\n"
	if got := string(plan.files[0].content); got != wantMod {
		t.Errorf("go.mod is\n%s", got)
	}
}

func TestAlign(t *testing.T) {
	withFork := plainHost()
	withFork.Binary.Deps[0].Replace = &inspector.Module{Path: "example.com/fork", Version: "v1.5.0", Sum: someSum}
	const head = "module example.com/plugin\n\ngo 1.24\n\n"
	for _, c := range []struct {
		name     string
		host     Host
		released bool
		in, want string
	}{
		{"nothing shared", plainHost(), false, "require example.com/x v1.0.0\n", "require example.com/x v1.0.0\n"},
		{"right already", plainHost(), false, "require example.com/dep v1.1.0\n", "require example.com/dep v1.1.0\n"},
		{"down", plainHost(), false, "require example.com/dep v1.9.0 // indirect\n", "require example.com/dep v1.1.0 // indirect\n"},
		{"excluded", plainHost(), false, "require example.com/dep v1.2.0\n\nexclude example.com/dep v1.1.0\n", "require example.com/dep v1.1.0\n"},
		{"the host's fork", withFork, false, "require example.com/dep v1.1.0\n", "require example.com/dep v1.1.0\n\nreplace example.com/dep v1.1.0 => example.com/fork v1.5.0\n"},
		{"another fork", plainHost(), false, "require example.com/dep v1.1.0\n\nreplace example.com/dep => example.com/mine v1.0.0\n", "require example.com/dep v1.1.0\n"},
		{"own folder", plainHost(), false, "require example.com/dep v1.0.0\n\nreplace example.com/dep v1.0.0 => ../dep\n", "require example.com/dep v1.1.0\n\nreplace example.com/dep => ../dep\n"},
		{"own folder, released", plainHost(), true, "require example.com/dep v1.0.0\n\nreplace example.com/dep => ../dep\n", "require example.com/dep v1.1.0\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := c.host.index()
			if err != nil {
				t.Fatal(err)
			}
			a := &aligner{host: f, release: "go1.26.8", released: c.released}
			got, changed, err := a.align("go.mod", []byte(head+c.in), nil)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != head+c.want || changed != (c.in != c.want) {
				t.Errorf("changed %v, got\n%s\nwant\n%s", changed, got, head+c.want)
			}
		})
	}
}

func TestLowerGo(t *testing.T) {
	h := plainHost()
	f, err := h.index()
	if err != nil {
		t.Fatal(err)
	}
	const mod = "module m\n\ngo 1.26.3\n\ntoolchain go1.26.9\n\ngodebug default=go1.26\n\ntool example.com/x\n\nignore ./y\n"
	a := &aligner{host: f, release: "go1.24.13"}
	got, _, err := a.align("go.mod", []byte(mod), nil)
	if want := "module m\n\ngo 1.24.13\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if len(a.warnings) != 1 || !strings.Contains(a.warnings[0], "1.26.3") || !strings.Contains(a.warnings[0], "go1.24.13") {
		t.Errorf("warnings %q, want one with both versions", a.warnings)
	}
	a = &aligner{host: f, release: "go1.21.13"}
	if _, _, err := a.align("go.mod", []byte(mod), nil); err == nil {
		t.Error("loop variables changed their meaning silently")
	}
}

func TestToolchains(t *testing.T) {
	sdks := []SDK{{"/home/u/sdk/go1.25.12", "go1.25.12"}, {"/opt/odd", "go1.25.12-odd"}}
	for _, c := range []struct {
		name, host, have, setting, option string
		want                              string // command and GOTOOLCHAIN; "" for an error
	}{
		{"the same", "go1.26.8", "go1.26.8", "local", "", "go local"},
		{"the same, experiments", "go1.26.8 X:nodwarf5", "go1.26.8", "local", "", "go local"},
		{"the same, experiments newly written", "go1.26.8-X:nodwarf5", "go1.26.8", "local", "", "go local"},
		{"the same development version", "devel go1.28-abc", "devel go1.28-abc", "local", "", "go local"},
		{"found", "go1.25.12", "go1.26.8", "local", "", "/home/u/sdk/go1.25.12/bin/go local"},
		{"forbidden", "go1.24.1", "go1.26.8", "local", "", ""},
		{"forbidden by a name", "go1.24.1", "go1.26.8", "go1.26.8", "", ""},
		{"allowed by the user's setting", "go1.24.1", "go1.26.8", "auto", "", "go go1.24.1"},
		{"allowed by a minimum", "go1.24.1", "go1.26.8", "go1.26.8+auto", "", "go go1.24.1"},
		{"from the PATH only", "go1.24.1", "go1.26.8", "path", "", ""},
		{"allowed for this run", "go1.24.1", "go1.26.8", "local", "auto", "go go1.24.1"},
		{"a release candidate", "go1.27rc1", "go1.26.8", "auto", "", "go go1.27rc1"},
		{"a distribution's own", "go1.24.4 (Red Hat 1.24.4-1.el9)", "go1.26.8", "auto", "", ""},
		{"a development version", "devel go1.28-abc", "go1.26.8", "auto", "auto", ""},
		{"too old", "go1.20.3", "go1.26.8", "auto", "", ""},
		{"given", "go1.25.3", "go1.26.8", "local", "/opt/odd/", "/opt/odd/bin/go local"},
		{"given, of another minor release", "go1.26.3", "go1.26.8", "local", "/home/u/sdk/go1.25.12", ""},
		{"given, but none", "go1.26.3", "go1.26.8", "local", "/nowhere", ""},
		{"no such option", "go1.26.3", "go1.26.8", "local", "newest", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tool, err := chooseToolchain(c.host, GoEnv{Command: "go", Version: c.have, Toolchain: c.setting}, sdks, c.option)
			got := tool.Command + " " + tool.Select
			if err != nil {
				got = ""
			}
			if got != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

// Downloading is named where it would help.
func TestToolchainHint(t *testing.T) {
	_, err := chooseToolchain("go1.24.1", GoEnv{Version: "go1.26.8", Toolchain: "local"}, nil, "")
	e, ok := errors.AsType[*ToolchainError](err)
	if !ok || !strings.Contains(strings.Join(e.Hints(), ""), "--toolchain auto") {
		t.Errorf("error is %v", err)
	}
	for _, want := range []string{"go1.24.1", "go1.26.8", "GOTOOLCHAIN=local"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %s", err, want)
		}
	}
}

func TestInferRoots(t *testing.T) {
	h := plainHost()
	h.Binary.Settings = nil
	h.Binary.Main = inspector.Module{Path: "example.com/host", Version: "(devel)"}
	h.Binary.Deps = []inspector.Module{
		{Path: "example.com/Big", Version: "v1.0.0", Sum: someSum},
		{Path: "example.com/dep", Version: "v1.1.0", Sum: someSum},
		{Path: "example.com/folder", Version: "v0.0.0", Replace: &inspector.Module{Path: "../folder", Version: "(devel)"}},
		{Path: "example.com/forked", Version: "v1.0.0", Replace: &inspector.Module{Path: "example.com/fork", Version: "v2.0.0+incompatible", Sum: someSum}},
	}
	h.Sources = map[string]string{
		"main": "/src/app/cmd/host", "example.com/Big/sub": "/go/pkg/mod/example.com/!big@v1.0.0/sub",
		"example.com/host/clib": ".", "example.com/dep": "example.com/dep@v1.1.0",
	}
	f, err := h.index()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"example.com/host": "/src/app", "example.com/Big": "/go/pkg/mod/example.com/!big@v1.0.0",
		"example.com/dep": "/go/pkg/mod/example.com/dep@v1.1.0", "example.com/folder": "/src/folder",
		"example.com/forked": "/go/pkg/mod/example.com/fork@v2.0.0+incompatible",
	}
	if diff := cmp.Diff(want, f.roots); diff != "" {
		t.Errorf("roots (-want +got):\n%s", diff)
	}
	if got, want := f.recorded("example.com/host/clib"), "/src/app/clib"; got != want {
		t.Errorf("recorded folder %s, want %s", got, want)
	}
}

func TestSumLines(t *testing.T) {
	src := plainSource()
	mod := module.Version{Path: "example.com/dep", Version: "v1.1.0"}
	const other = "h1:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB="
	for sum, want := range map[string]bool{someSum: true, other: false} {
		src.Sums = map[module.Version]Sums{mod: {Zip: sum, GoMod: other}}
		plan, err := NewPlan(plainHost(), src, Options{})
		if err != nil {
			t.Fatal(err)
		}
		line := "example.com/dep v1.1.0/go.mod " + other
		if got := strings.Contains(string(plan.files[1].content), line); got != want {
			t.Errorf("with the sum %s in the module cache go.sum has the line: %v, want %v", sum, got, want)
		}
	}
}

// As JSON a plan names the temporary folder in a way that people can read.
func TestPlanJSON(t *testing.T) {
	plan, err := NewPlan(plainHost(), plainSource(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(plan)
	if err != nil || !strings.Contains(string(data), `"-modfile=$work/go.mod"`) {
		t.Errorf("%s, %v", data, err)
	}
}

// A revision is a name that git gives, and nothing else: never an option.
func TestHostileRevisions(t *testing.T) {
	for _, revision := range []string{
		"", "HEAD", "-x", "--upload-pack=/bin/evil", "--output=/etc/passwd", "main", "../../x", "e70c0b6c", "E70C0B6C0D79FFEE0D79FFEE0D79FFEE0D79FFEE",
		"e70c0b6c0d79ffee0d79ffee0d79ffee0d79ffee\n--exec=evil", "e70c0b6c0d79ffee0d79ffee0d79ffee0d79ffee:path", "e70c0b6c0d79ffee0d79ffee0d79ffee0d79ffee ",
	} {
		h := plainHost()
		set(&h, "vcs", "git")
		set(&h, "vcs.revision", revision)
		if got, _ := hostRevision(h.Binary); got != "" {
			t.Errorf("revision %q is taken for one", revision)
		}
		if _, err := (&repository{}).openTree(t.Context(), nil, t.TempDir(), revision); err == nil || !strings.Contains(err.Error(), "is no name that git gives") {
			t.Errorf("revision %q is given to git: %v", revision, err)
		}
	}
	h := plainHost()
	set(&h, "vcs", "hg")
	set(&h, "vcs.revision", "e70c0b6c0d79ffee0d79ffee0d79ffee0d79ffee")
	if got, _ := hostRevision(h.Binary); got != "" {
		t.Errorf("Mercurial's revision is taken for git's: %s", got)
	}
}

// A clone's own files are read with bounds, and lead to no other file than git's.
func TestHostileRepositories(t *testing.T) {
	top := t.TempDir()
	git := filepath.Join(top, ".git")
	for name, content := range map[string]string{
		"options": "ref: --exec=evil\n", "outside": "ref: ../../../../etc/passwd\n", "no name": "e70c\n", "empty": "", "long": strings.Repeat("a", 1000),
	} {
		if err := os.MkdirAll(filepath.Join(git, "objects"), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(git, "HEAD"), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if repo := findRepository(top); repo == nil || repo.head != "" {
			t.Errorf("%s: found %+v, want one at no revision", name, repo)
		}
	}
	for _, content := range []string{"gitdir: /dev/zero\n", "gitdir: \n", "gitdir: nowhere\n", "evil\n", "gitdir: a\x00b\n"} {
		if err := os.RemoveAll(git); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(git, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if repo := openRepository(top, false); repo != nil {
			t.Errorf("%q leads to %+v", content, repo)
		}
	}
}
