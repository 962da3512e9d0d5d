package inspector_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plugtool/plugtool/inspector"
)

// workshop builds the hosts and plugins of testdata/verdict, each once a run, in a
// copy of that folder.
type workshop struct {
	dir  string // the copy
	bin  string
	mu   sync.Mutex
	made map[string]func() (string, error)
}

var shop *workshop

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "plugtool-inspector-test-")
	if err != nil {
		panic(err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		panic(err)
	}
	shop = &workshop{dir: filepath.Join(dir, "src"), bin: filepath.Join(dir, "bin"), made: make(map[string]func() (string, error))}
	if err := os.Mkdir(shop.bin, 0o755); err != nil {
		panic(err)
	}
	if err := os.CopyFS(shop.dir, os.DirFS("../testdata/verdict")); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// build runs a command line such as "GOTOOLCHAIN=go1.25.12 go build … -o OUT ./x" in
// the folder, OUT being the result's path, and gives that path.
func (s *workshop) build(t testing.TB, name, command string) string {
	t.Helper()
	s.mu.Lock()
	f, ok := s.made[name]
	if !ok {
		f = sync.OnceValues(func() (string, error) { return s.run(name, command) })
		s.made[name] = f
	}
	s.mu.Unlock()
	out, err := f()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *workshop) run(name, command string) (string, error) {
	out := filepath.Join(s.bin, name)
	cmd := exec.Command("sh", "-ec", strings.ReplaceAll(command, "OUT", out))
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off")
	if msg, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %v\n%s", command, err, msg)
	}
	return out, nil
}

// needsLib makes a plugin that needs libfoo.so.1, and the library that it is linked
// with, which has symbol versions.
const needsLib = "mkdir OUT.d && gcc -shared -fPIC -Wl,-soname,libfoo.so.1 -Wl,--version-script=libfoo/foo2.map -o OUT.d/libfoo.so libfoo/foo.c libfoo/foo2.c && " +
	"CGO_LDFLAGS='-LOUT.d -lfoo -Wl,-rpath,OUT.d' go build -trimpath -buildmode=plugin -o OUT ./needslib"

// libFoo makes that library alone.
const libFoo = "mkdir OUT.d && gcc -shared -fPIC -Wl,-soname,libfoo.so.1 -Wl,--version-script=libfoo/foo2.map -o OUT.d/libfoo.so.1 libfoo/foo.c libfoo/foo2.c"

// The hosts and plugins, by name, each with the command that makes it.
var recipes = map[string]string{
	"host":          "go build -trimpath -o OUT ./host",
	"host-untrim":   "go build -o OUT ./host",
	"host-cover":    "go build -trimpath -cover -coverpkg=fmt,./shared -o OUT ./host",
	"host-relr":     "go build -trimpath -buildmode=pie -ldflags=-extldflags=-Wl,-z,pack-relative-relocs -o OUT ./host",
	"host-sysv":     "go build -trimpath -ldflags=-extldflags=-Wl,--hash-style=sysv -o OUT ./host",
	"host-pie":      "go build -trimpath -buildmode=pie -o OUT ./host",
	"host-strip":    "go build -trimpath -ldflags='-s -w' -o OUT ./host && strip OUT",
	"host-race":     "go build -trimpath -race -o OUT ./host",
	"host-nocgo":    "CGO_ENABLED=0 go build -trimpath -o OUT ./host",
	"host-none":     "go build -trimpath -o OUT ./nohost",
	"host-internal": "go build -trimpath -ldflags=-linkmode=internal -o OUT ./host",
	"host-static":   "go build -trimpath -ldflags='-extldflags=-static' -o OUT ./host",
	"host-21":       "GOTOOLCHAIN=go1.21.13 go build -trimpath -o OUT ./host",
	"host-23":       "GOTOOLCHAIN=go1.23.12 go build -trimpath -o OUT ./host",
	"host-27":       "GOTOOLCHAIN=go1.27.1 go build -trimpath -o OUT ./host",
	"plain-21.so":   "GOTOOLCHAIN=go1.21.13 go build -trimpath -buildmode=plugin -o OUT ./plain",
	"plain-22.so":   "GOTOOLCHAIN=go1.22.12 go build -trimpath -buildmode=plugin -o OUT ./plain",
	"plain-23.so":   "GOTOOLCHAIN=go1.23.12 go build -trimpath -buildmode=plugin -o OUT ./plain",
	"plain-27.so":   "GOTOOLCHAIN=go1.27.1 go build -trimpath -buildmode=plugin -o OUT ./plain",
	"host-26.8":     "GOTOOLCHAIN=go1.26.8 go build -trimpath -o OUT ./host",
	"host-25":       "GOTOOLCHAIN=go1.25.12 go build -trimpath -o OUT ./host",

	"plain.so":         "go build -trimpath -buildmode=plugin -o OUT ./plain",
	"plain-untrim.so":  "go build -buildmode=plugin -o OUT ./plain",
	"plain-race.so":    "go build -trimpath -race -buildmode=plugin -o OUT ./plain",
	"host-ctrim":       "go build -gcflags=runtime/cgo=-trimpath=/away -o OUT ./host",
	"plain-ctrim.so":   "go build -gcflags=runtime/cgo=-trimpath=/away -buildmode=plugin -o OUT ./plain",
	"plain-N.so":       "go build -trimpath '-gcflags=all=-N -l' -buildmode=plugin -o OUT ./plain",
	"plain-mainN.so":   "go build -trimpath '-gcflags=-N -l' -buildmode=plugin -o OUT ./plain",
	"plain-tag.so":     "go build -trimpath -tags=changed -buildmode=plugin -o OUT ./plain",
	"plain-notag.so":   "go build -trimpath -tags=nothing -buildmode=plugin -o OUT ./plain",
	"plain-v3.so":      "GOAMD64=v3 go build -trimpath -buildmode=plugin -o OUT ./plain",
	"plain-path.so":    "go build -trimpath -ldflags=-pluginpath=elsewhere -buildmode=plugin -o OUT ./other",
	"plain-strip.so":   "go build -trimpath -ldflags='-s -w' -buildmode=plugin -o OUT ./plain && strip OUT",
	"plain-nosec.so":   "go build -trimpath -buildmode=plugin -o OUT ./plain && printf '\\0\\0\\0\\0\\0\\0\\0\\0' | dd of=OUT bs=1 seek=40 conv=notrunc && printf '\\0\\0\\0\\0\\0\\0' | dd of=OUT bs=1 seek=58 conv=notrunc",
	"plain-sym.so":     "go build -trimpath -ldflags=-extldflags=-Wl,-Bsymbolic -buildmode=plugin -o OUT ./plain",
	"plain-25.so":      "GOTOOLCHAIN=go1.25.12 go build -trimpath -buildmode=plugin -o OUT ./plain",
	"plain-24.so":      "GOTOOLCHAIN=go1.24.13 go build -trimpath -buildmode=plugin -o OUT ./plain",
	"plain-26.7.so":    "GOTOOLCHAIN=go1.26.7 go build -trimpath -buildmode=plugin -o OUT ./plain",
	"plain-asan.so":    "go build -trimpath -asan -buildmode=plugin -o OUT ./plain",
	"plain-relr.so":    "go build -trimpath -ldflags=-extldflags=-Wl,-z,pack-relative-relocs -buildmode=plugin -o OUT ./plain",
	"plain-sysv.so":    "go build -trimpath -ldflags=-extldflags=-Wl,--hash-style=sysv -buildmode=plugin -o OUT ./plain",
	"other.so":         "go build -trimpath -buildmode=plugin -o OUT ./other",
	"types.so":         "go build -trimpath -buildmode=plugin -o OUT ./types",
	"dep1.so":          "go build -trimpath -buildmode=plugin -o OUT ./usesdep",
	"dep2.so":          "go build -modfile=dep2.mod -trimpath -buildmode=plugin -o OUT ./usesdep2",
	"dep1-again.so":    "go build -trimpath -buildmode=plugin -o OUT ./usesdep2",
	"plain-relname.so": "go build -trimpath -buildmode=plugin -o OUT plain/main.go",

	"needs-lib.so":      needsLib + " && cp OUT.d/libfoo.so OUT.d/libfoo.so.1",
	"needs-gone.so":     needsLib + " && rm -r OUT.d",
	"needs-other.so":    needsLib + " && gcc -shared -fPIC -Wl,-soname,libfoo.so.1 -o OUT.d/libfoo.so.1 libfoo/foo2.c",
	"needs-version.so":  needsLib + " && gcc -shared -fPIC -Wl,-soname,libfoo.so.1 -Wl,--version-script=libfoo/foo.map -o OUT.d/libfoo.so.1 libfoo/foo.c",
	"needs-origin.so":   strings.ReplaceAll(needsLib, "rpath,OUT.d", "rpath,$ORIGIN/needs-origin.so.d") + " && cp OUT.d/libfoo.so OUT.d/libfoo.so.1",
	"needs-bare.so":     strings.ReplaceAll(needsLib, "-Wl,-rpath,OUT.d", "") + " && rm -r OUT.d",
	"needs-rpath.so":    strings.ReplaceAll(needsLib, "-Wl,-rpath", "-Wl,--disable-new-dtags,-rpath") + " && cp OUT.d/libfoo.so OUT.d/libfoo.so.1",
	"host-rpath":        libFoo + " && go build -trimpath -ldflags=-extldflags=-Wl,--disable-new-dtags,-rpath,OUT.d -o OUT ./host",
	"host-runpath":      libFoo + " && go build -trimpath -ldflags=-extldflags=-Wl,--enable-new-dtags,-rpath,OUT.d -o OUT ./host",
	"plain-nodlopen.so": "go build -trimpath -ldflags=-extldflags=-Wl,-z,nodlopen -buildmode=plugin -o OUT ./plain",
	"clib-undef.so":     "gcc -shared -fPIC -o OUT libfoo/undefined.c",

	"clib.so":    "gcc -shared -fPIC -o OUT clib/lib.c",
	"cshared.so": "go build -trimpath -buildmode=c-shared -o OUT ./nohost",
	"program":    "go build -trimpath -o OUT ./nohost",
	"pie":        "go build -trimpath -buildmode=pie -o OUT ./nohost",

	"text.so":    "echo 'this is a text, long enough to fill a whole ELF header of 64 bytes and then some' > OUT",
	"empty.so":   ": > OUT",
	"short.so":   "printf '\\177ELF' > OUT",
	"windows.so": "GOOS=windows CGO_ENABLED=0 go build -trimpath -o OUT ./nohost",
	"folder.so":  "mkdir OUT",
}

// changed gives a file's bytes with a change, by its name.
func changed(data []byte, name string) []byte {
	data = bytes.Clone(data)
	switch name {
	case "start":
		return data[:200]
	case "cut": // within the last segment
		return data[:len(data)/2]
	case "tail": // behind the last segment: symbol table, sections
		return data[:len(data)-5000]
	case "class":
		data[4] = 1
	case "endian":
		data[5] = 2
	case "machine":
		data[18] = 183
	case "align": // of the first PT_LOAD
		data[64+48], data[64+49] = 1, 0
	case "osabi":
		data[7] = 9
	case "object":
		data[16] = 1
	case "core":
		data[16] = 4
	}
	return data
}

// file gives the path of a host or plugin: a recipe's name, "copy:NAME" for a copy,
// "link:NAME" for a hard link, "VARIANT:NAME" for changed bytes, "gone.so".
func (s *workshop) file(t testing.TB, name string) string {
	t.Helper()
	if name == "gone.so" {
		return filepath.Join(s.bin, name)
	}
	if file, below, ok := strings.Cut(name, "/"); ok {
		return s.file(t, file) + "/" + below
	}
	how, base, ok := strings.Cut(name, ":")
	if !ok {
		recipe := cmp.Or(recipes[name], companyRecipes[name])
		if recipe == "" {
			t.Fatalf("no recipe for %q", name)
		}
		return s.build(t, name, recipe)
	}
	return s.variant(t, how, s.file(t, base))
}

// variant gives the path of a file made from another one: its copy, hard link, or one
// with changed bytes.
func (s *workshop) variant(t testing.TB, how, from string) string {
	t.Helper()
	to := filepath.Join(s.bin, how+"-"+filepath.Base(from))
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := os.Stat(to); err == nil {
		return to
	}
	if how == "link" {
		if err := os.Link(from, to); err != nil {
			t.Fatal(err)
		}
		return to
	}
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, changed(data, how), 0o755); err != nil {
		t.Fatal(err)
	}
	return to
}

type opened struct {
	outcome inspector.Outcome
	refusal string
}

// reallyOpen runs the host and says what became of each plugin.
func reallyOpen(t *testing.T, host string, plugins []string) []opened {
	t.Helper()
	return reallyRun(t, []string{host}, plugins)
}

// reallyRun is reallyOpen for a host that a command line begins with, its
// emulator before it.
func reallyRun(t *testing.T, host, plugins []string) []opened {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, host[0], slices.Concat(host[1:], plugins)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	list := readOpened(stdout.String())
	if len(list) < len(plugins) {
		if err == nil {
			t.Fatalf("%s ended well after %d of %d plugins", host, len(list), len(plugins))
		}
		list = append(list, opened{inspector.Crashes, ""})
	}
	for len(list) < len(plugins) {
		list = append(list, opened{inspector.Unknown, ""})
	}
	return list
}

// TestVerdictIsWhatHappens loads each list for real and compares it with the
// verdict, from the host's binary and from its descriptor.
func TestVerdictIsWhatHappens(t *testing.T) {
	t.Parallel()
	cases := []string{
		"host: plain.so other.so dep1.so",
		"host: plain-untrim.so", "host-untrim: plain-untrim.so", "host-untrim: plain.so",
		"host: plain-race.so", "host-race: plain-race.so other.so", "host-race: plain.so",
		"host: plain-N.so", "host: plain-mainN.so", "host: plain-tag.so", "host: plain-notag.so", "host: plain-v3.so",
		"host: plain-strip.so", "host: plain-nosec.so", "host: plain-relr.so", "host: plain-sysv.so", "host: plain-relname.so",
		"host-sysv: plain.so plain-untrim.so", "host-relr: plain-relr.so plain-untrim.so", "host-pie: plain.so other.so", "host-strip: plain.so", "host-pie: plain-untrim.so",
		"host: plain-25.so", "host-26.8: plain-26.7.so", "host-25: plain-25.so", "host-25: plain-24.so", "host-25: plain.so",
		"host-21: plain-21.so", "host-21: plain-22.so", "host-21: plain-23.so", "host-21: plain.so",
		"host-23: plain-23.so", "host-23: plain-24.so", "host-23: plain-25.so", "host-23: plain-22.so",
		"host-27: plain-27.so", "host-27: plain.so", "host-27: plain-21.so",
		"host: plain-21.so", "host: plain-23.so", "host: plain-27.so",
		"host-cover: plain.so", "host: plain-sym.so", "host: plain.so plain-sym.so", "host: plain-path.so", "host: plain-asan.so",
		"host: clib.so", "host: plain.so clib.so clib.so", "host: plain.so plain-untrim.so clib.so", "host: clib.so plain.so",
		"host: cshared.so", "host: program", "host: pie", "host: windows.so",
		"host: text.so short.so empty.so gone.so folder.so start:plain.so plain.so", "host: cut:plain.so plain.so", "host: tail:plain.so",
		"host: class:plain.so endian:plain.so machine:plain.so osabi:plain.so plain.so",
		"host: plain.so plain.so", "host: plain.so copy:plain.so copy:plain.so", "host: plain.so link:plain.so",
		"host: plain-untrim.so plain-untrim.so plain.so", "host: plain-tag.so link:plain-tag.so",
		"host: dep1.so dep2.so", "host: dep2.so dep1.so dep1-again.so", "host: dep1.so dep1-again.so",
		"host: needs-lib.so other.so", "host: needs-gone.so needs-lib.so", "host: needs-other.so needs-other.so", "host: needs-version.so plain.so",
		"host: needs-bare.so", "host-rpath: needs-bare.so", "host-runpath: needs-bare.so", "host: needs-rpath.so", "host: plain-nodlopen.so", "host: align:plain.so",
		"host: needs-origin.so", "host: needs-lib.so needs-gone.so", "host: clib-undef.so needs-lib.so clib-undef.so",
		"host-nocgo: plain.so gone.so text.so", "host-internal: plain.so", "host-internal: text.so gone.so plain.so other.so",
		"host-static: gone.so plain.so",
	}
	loadAndCompare(t, cases)
}

func loadAndCompare(t *testing.T, cases []string) {
	for _, c := range cases {
		t.Run(strings.ReplaceAll(c, " ", ","), func(t *testing.T) {
			t.Parallel()
			name, rest, _ := strings.Cut(c, ": ")
			host := shop.file(t, name)
			var files []string
			for _, f := range strings.Fields(rest) {
				files = append(files, shop.file(t, f))
			}
			want := reallyOpen(t, host, files)
			compareVerdict(t, host, files, want)
			compareVerdict(t, describe(t, host), files, want)
		})
	}
}

// TestHostWithoutPlugins: such a host opens nothing, so there is nothing to run.
func TestHostWithoutPlugins(t *testing.T) {
	t.Parallel()
	v := verdict(t, shop.file(t, "host-none"), []string{shop.file(t, "plain.so")})
	p := v.Plugins[0]
	if p.Outcome != inspector.Refused || p.Refusal != "" || p.Findings[0].ID != "PT102" {
		t.Errorf("verdict is %+v, want refused without a text, for PT102", p)
	}
}
