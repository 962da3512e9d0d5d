package inspector_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/inspector/goelf"
)

func TestInspectPlugin(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plain.so", "plain-strip.so", "plain-nosec.so", "plain-21.so", "plain-23.so", "plain-25.so", "plain-27.so", "plain-relr.so", "plain-sysv.so", "tail:plain.so"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := inspector.Inspect(shop.file(t, name))
			if err != nil {
				t.Fatal(err)
			}
			if b.Kind != inspector.KindPlugin || b.PluginPath != "example.com/verdict/plain" || b.Platform != "linux/amd64" {
				t.Errorf("it is a %s %q for %s", b.Kind, b.PluginPath, b.Platform)
			}
			want := []inspector.Symbol{{Name: "Greet", Type: "func(string) string"}, {Name: "Limit", Type: "*int"}}
			if len(b.Symbols) != 2 || b.Symbols[0] != want[0] || b.Symbols[1] != want[1] {
				t.Errorf("symbols are %v, want %v", b.Symbols, want)
			}
			if len(b.Packages) < 40 || !slices.ContainsFunc(b.Packages, func(p inspector.Package) bool { return p.Path == "example.com/verdict/plain" }) {
				t.Errorf("%d packages: %v", len(b.Packages), b.Packages)
			}
			if b.Main.Path != "example.com/verdict" || b.Setting("-buildmode") != "plugin" || !strings.HasPrefix(b.GoVersion, "go1.2") {
				t.Errorf("build information is %+v %v %s", b.Main, b.Settings, b.GoVersion)
			}
			if len(b.Needed) == 0 || b.Needed[0] != "libc.so.6" || b.Glibc == "" || b.ModuledataSize == 0 || len(b.SHA256) != 64 {
				t.Errorf("needs %v, glibc %q, moduledata %d, sha256 %q", b.Needed, b.Glibc, b.ModuledataSize, b.SHA256)
			}
		})
	}
}

func TestInspectHost(t *testing.T) {
	t.Parallel()
	for name, loading := range map[string]inspector.Loading{
		"host": inspector.LoadingWorks, "host-pie": inspector.LoadingWorks, "host-nocgo": inspector.LoadingStub,
		"host-none": inspector.LoadingNone, "host-internal": inspector.LoadingStatic, "host-static": inspector.LoadingStatic,
	} {
		b, err := inspector.Inspect(shop.file(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if b.Loading != loading || (loading == inspector.LoadingWorks) != (len(b.Packages) > 40) {
			t.Errorf("%s: loading %q and %d packages, want %q", name, b.Loading, len(b.Packages), loading)
		}
	}
}

func TestCoveredPackages(t *testing.T) {
	t.Parallel()
	for _, host := range []string{shop.file(t, "host-cover"), describe(t, shop.file(t, "host-cover"))} {
		h, err := inspector.OpenHost(host)
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		got, err := h.CoveredPackages()
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"example.com/verdict/shared", "fmt"}; !slices.Equal(got, want) {
			t.Errorf("covered packages are %v, want %v", got, want)
		}
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"host": "example.com/verdict/shared", "host-pie": "example.com/verdict/shared", "host-untrim": filepath.Join(shop.dir, "shared"),
		"host-21": "example.com/verdict/shared", "host-23": "example.com/verdict/shared", "host-27": "example.com/verdict/shared",
	} {
		h, err := inspector.OpenHost(shop.file(t, name))
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		s, err := h.Sources()
		if err != nil {
			t.Fatal(err)
		}
		// All of package shared is inlined in the host's main.
		if got := s["example.com/verdict/shared"]; got != want {
			t.Errorf("%s: package shared is in %q, want %q", name, got, want)
		}
		if got := s["fmt"]; filepath.Base(got) != "fmt" {
			t.Errorf("%s: fmt is in %q", name, got)
		}
	}
}

// The names that the function tables give are whole ones: each stands between zeroes.
func TestFuncNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"host", "host-pie", "host-untrim", "host-21", "host-23", "host-27"} {
		data, err := os.ReadFile(shop.file(t, name))
		if err != nil {
			t.Fatal(err)
		}
		im, err := goelf.NewBytes(data)
		if err != nil {
			t.Fatal(err)
		}
		whole := make(map[string]bool)
		for s := range bytes.SplitSeq(data, []byte{0}) {
			whole[string(s)] = true
		}
		err = im.Funcs(func(f goelf.Func) bool {
			if !whole[f.Name] {
				t.Errorf("%s: %q in %s is no function's name", name, f.Name, f.File)
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenHostErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good, err := os.ReadFile(describe(t, shop.file(t, "host")))
	if err != nil {
		t.Fatal(err)
	}
	text := string(good)
	tests := []struct{ name, file, want string }{
		{"gone", filepath.Join(dir, "gone"), "no such file"},
		{"folder", dir, "is a folder"},
		{"text", write("text", "hello"), "want an ELF file"},
		{"empty", write("empty", ""), "it is empty"},
		{"windows", shop.file(t, "windows.so"), "a windows/amd64 program, and Go has no plugins on windows"},
		{"script", write("script", "#!/bin/sh\n"), "it is a script"},
		{"C program", "/bin/sh", "no Go build information"},
		{"plugin", shop.file(t, "plain.so"), "shared library"},
		{"schema", write("schema", strings.Replace(text, "plugtool.host/v1", "plugtool.host/v9", 1)), `its schema is "plugtool.host/v9"`},
		{"field", write("field", strings.Replace(text, `{"schema"`, `{"x":1,"schema"`, 1)), `unknown field "x"`},
		{"next version", write("next", strings.Replace(text, `"plugtool.host/v1"`, `"plugtool.host/v2","news":1`, 1)), `its schema is "plugtool.host/v2", want "plugtool.host/v1": a plugtool of another version wrote it`},
		{"no schema", write("noschema", "{}"), `its schema is ""`},
		{"name twice", write("name", strings.Replace(text, `{"schema"`, `{"file":"x","schema"`, 1)), `the name "file" twice`},
		{"name in capitals", write("capitals", strings.Replace(text, `{"schema"`, `{"File":"x","schema"`, 1)), `the name "file" twice`},
		{"nested", write("nested", `{"schema":"plugtool.host/v1","main":`+strings.Repeat(`{"replace":`, 100)+"null"+strings.Repeat("}", 101)), "nested deeper"},
		{"symbols", write("symbols", strings.Replace(text, `"cSymbols":"`, `"cSymbols":"AAAA`, 1)), "cSymbols is not base64"},
		{"string variables", write("strings", strings.Replace(text, `"packages":[`, `"stringVariables":"AAAA","packages":[`, 1)), "stringVariables is not base64"},
		{"libraries", write("libraries", strings.Replace(text, `"needed":[`, `"needed":[`+strings.Repeat(`"x",`, 1000), 1)), "1001 libraries"},
		{"large", write("large", strings.Replace(text, `{`, "{"+strings.Repeat(" ", 5<<20), 1)), "bytes, at most"},
		{"trailing", write("trailing", text+"{}"), "after top-level value"},
		{"cut", write("cut", text[:len(text)/2]), "unexpected end of JSON"},
		{"hash", write("hash", strings.Replace(text, `"hash":"`, `"hash":"zz`, 1)), "16 hexadecimal digits"},
		{"platform", write("platform", strings.Replace(text, "linux/amd64", "plan9/amd64", 1)), "does not cover"},
		{"twice", write("twice", strings.Replace(text, `"packages":[`, `"packages":[{"path":"fmt","hash":"0000000000000000"},`, 1)), "is there twice"},
	}
	for _, test := range tests {
		h, err := inspector.OpenHost(test.file)
		if err == nil {
			h.Close()
			t.Errorf("%s: no error, want %q", test.name, test.want)
			continue
		}
		if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error is %q, want one line with %q", test.name, err, test.want)
		}
	}
	if _, err := inspector.OpenHost(filepath.Join(dir, "gone")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error for a missing file is %v, want fs.ErrNotExist", err)
	}
}

// TestShrinkingPlugin: a mapped plugin that becomes shorter gives an error as well,
// where reading the lost pages would raise SIGBUS.
func TestShrinkingPlugin(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(shop.file(t, "plain.so"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "plain.so")
	if err := os.WriteFile(file, data, 0o755); err != nil {
		t.Fatal(err)
	}
	h, err := inspector.OpenHost(shop.file(t, "host"))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	p := inspector.MapPlugin(file)
	defer p.Close()
	if p.Err != nil {
		t.Fatal(p.Err)
	}
	if err := os.Truncate(file, 4096); err != nil {
		t.Fatal(err)
	}
	if _, err := inspector.Check(h, []*inspector.Plugin{p}); err == nil || !strings.Contains(err.Error(), "became shorter") {
		t.Errorf("error is %v, want one that says that the file became shorter", err)
	}
}

// TestShrinkingHost: a host that becomes shorter while it is read gives an error.
func TestShrinkingHost(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(shop.file(t, "host"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "host")
	if err := os.WriteFile(file, data, 0o755); err != nil {
		t.Fatal(err)
	}
	h, err := inspector.OpenHost(file)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := os.Truncate(file, 4096); err != nil {
		t.Fatal(err)
	}
	if _, err := inspector.Check(h, []*inspector.Plugin{inspector.ReadPlugin(shop.file(t, "plain.so"))}); err == nil {
		t.Error("no error for a host that was cut to a page")
	}
}
