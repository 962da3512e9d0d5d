package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plugtool/plugtool/inspector"
)

func binary(packages int) *inspector.Binary {
	b := &inspector.Binary{
		File: "greet.so", Kind: inspector.KindPlugin, Platform: "linux/amd64",
		SHA256: strings.Repeat("ab", 32), Size: 123456,
		GoVersion: "go1.26.8", Path: "example.com/greet",
		Main:       inspector.Module{Path: "example.com/greet", Version: "(devel)"},
		Deps:       []inspector.Module{{Path: "example.com/contract", Version: "v1.0.0", Sum: "h1:abc=", Replace: &inspector.Module{Path: "./contract"}}},
		Settings:   []inspector.Setting{{Key: "-buildmode", Value: "plugin"}, {Key: "GOAMD64", Value: "v1"}},
		PluginPath: "example.com/greet",
		Symbols:    []inspector.Symbol{{Name: "Greet", Type: "func(string) string"}, {Name: "V", Type: "*int"}},
		Needed:     []string{"libc.so.6"}, Glibc: "2.34", ModuledataSize: 592,
	}
	for i := range packages {
		b.Packages = append(b.Packages, inspector.Package{Path: "p" + string(rune('a'+i)), Hash: inspector.Hash{byte(i)}})
	}
	return b
}

func TestWriteInspectText(t *testing.T) {
	const facts = `greet.so
  kind          plugin
  platform      linux/amd64
  size          123456 bytes
  sha256        abababababababababababababababababababababababababababababababab
  go            go1.26.8
  main package  example.com/greet
  plugin path   example.com/greet
  C libraries   libc.so.6
  glibc         2.34 or newer
  moduledata    592 bytes

build settings
  -buildmode  plugin
  GOAMD64     v1

modules
  main  example.com/greet     (devel)
        example.com/contract  v1.0.0   h1:abc=
    =>  ./contract

exported symbols (2)
  Greet  func(string) string
  V      *int

declarations, to paste
  func Greet(string) string
  var V int
`
	for _, test := range []struct {
		name  string
		in    *inspector.Binary
		style Style
		want  string
	}{
		{"no packages", binary(0), Style{}, facts},
		{"few packages", binary(2), Style{}, facts + "\npackage hashes (2)\n  0000000000000000  pa\n  0100000000000000  pb\n"},
		{"nothing known", &inspector.Binary{File: "x", Kind: inspector.KindLibrary}, Style{}, "x\n  kind  library\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b strings.Builder
			if err := WriteInspectText(&b, test.in, test.style); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, b.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWriteInspectTextPackages(t *testing.T) {
	for _, test := range []struct {
		style Style
		lines int
		more  bool
	}{
		{Style{}, hashesShown, true},
		{Style{Verbose: true}, 20, false},
	} {
		var b strings.Builder
		if err := WriteInspectText(&b, binary(20), test.style); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), "00000000000000  p"); n != test.lines {
			t.Errorf("%+v: %d hashes, want %d", test.style, n, test.lines)
		}
		if more := strings.Contains(b.String(), "… and 8 more (--packages lists them)"); more != test.more {
			t.Errorf("%+v: says that there are more: %v, want %v\n%s", test.style, more, test.more, b.String())
		}
	}
}

func TestWriteInspectJSON(t *testing.T) {
	for _, b := range []*inspector.Binary{binary(3), {File: "x", Kind: inspector.KindLibrary}} {
		var out bytes.Buffer
		if err := WriteInspectJSON(&out, b); err != nil {
			t.Fatal(err)
		}
		validate(t, out.Bytes())
		if !strings.HasPrefix(out.String(), "{\n  \"schema\": \"plugtool.inspect/v1\",\n  \"file\": ") {
			t.Errorf("the schema does not come first:\n%s", out.String())
		}
	}
}
