package builder

import (
	"slices"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// A container may build in its root folder, where the compiler's way of putting the
// parts of a path together would give two slashes.
func TestRewriteToTheRootFolder(t *testing.T) {
	r := Rewrite{Package: "example.com/app", From: "/home/me/app", To: "/", files: []string{"app.go", "c.go"}}
	want := []string{"/home/me/app/app.go=>/app.go", "/home/me/app/c.go=>/c.go"}
	if got := r.prefixes(); !slices.Equal(got, want) {
		t.Errorf("rewrites %q, want %q", got, want)
	}
	facts, err := Host{
		Binary: &inspector.Binary{
			Kind: inspector.KindHost, Platform: "linux/amd64", GoVersion: "go1.26.8", Path: "example.com/app/cmd/host",
			Main: inspector.Module{Path: "example.com/app", Version: "(devel)"},
		},
		Sources: map[string]string{"main": "/cmd/host", "example.com/app/api": "/api"},
	}.index()
	if err != nil {
		t.Fatal(err)
	}
	for pkg, want := range map[string]string{"example.com/app": "/", "example.com/app/api": "/api", "example.com/app/internal/state": "/internal/state"} {
		if got := facts.recorded(pkg); got != want {
			t.Errorf("recorded folder of %s is %q, want %q", pkg, got, want)
		}
	}
}

// What a host records of its C flags is copied only where it can do nothing but define.
func TestHostCflags(t *testing.T) {
	b := &inspector.Binary{Settings: []inspector.Setting{
		{Key: "CGO_CPPFLAGS", Value: "-DONE=1 -I/evil"},
		{Key: "CGO_CFLAGS", Value: "-O2 -fplugin=/evil.so -wrapper /evil -DTWO '-DX=$(evil)' -B/evil -include /evil.h -std=gnu11 -fshort-enums -specs=/evil @/evil"},
	}}
	words, dropped := hostCflags(b)
	if want := []string{"-DONE=1", "-DTWO", "-std=gnu11", "-fshort-enums"}; !slices.Equal(words, want) {
		t.Errorf("copied %q, want %q", words, want)
	}
	if want := []string{"-I/evil", "-DX=$(evil)", "-include"}; !slices.Equal(dropped, want) {
		t.Errorf("told of %q, want %q", dropped, want)
	}
}

// Hosts without modules: what they record of some packages tells of the others.
func TestFoldersWithoutModules(t *testing.T) {
	for _, c := range []struct {
		name    string
		gopath  bool
		sources map[string]string
		want    map[string]string
	}{
		{
			"a test binary, untrimmed", false,
			map[string]string{
				"runtime": "/usr/local/go/src/runtime", "example.com/app/api": "/src/api",
				"example.com/dep/sub": "/go/pkg/mod/example.com/dep@v1.1.0/sub",
			},
			map[string]string{
				"example.com/app/internal/state": "/src/internal/state", "example.com/app": "/src",
				"example.com/dep": "/go/pkg/mod/example.com/dep@v1.1.0", "example.org/other": "",
			},
		},
		{
			"a test binary, trimmed", false,
			map[string]string{"runtime": "runtime", "example.com/app/api": "example.com/app/api", "example.com/dep/sub": "example.com/dep@v1.1.0/sub"},
			map[string]string{"example.com/app/internal/state": "example.com/app/internal/state", "example.com/dep": "example.com/dep@v1.1.0", "example.com/contract": ""},
		},
		{
			"GOPATH mode", true,
			map[string]string{"runtime": "/usr/local/go/src/runtime", "example.com/app/api": "/home/me/go/src/example.com/app/api"},
			map[string]string{"example.com/dep": "/home/me/go/src/example.com/dep", "example.com/app": "/home/me/go/src/example.com/app"},
		},
		{
			"the root folder", false,
			map[string]string{"runtime": "/usr/local/go/src/runtime", "example.com/app/api": "/api"},
			map[string]string{"example.com/app/state": "/state", "example.com/app": "/"},
		},
	} {
		h := Host{
			Binary:  &inspector.Binary{Kind: inspector.KindHost, Platform: "linux/amd64", GoVersion: "go1.21.13"},
			Sources: c.sources,
		}
		if c.gopath {
			h.Binary.Settings = []inspector.Setting{{Key: "GOOS", Value: "linux"}}
		}
		h.addEvidence()
		facts, err := h.index()
		if err != nil {
			t.Fatal(err)
		}
		for pkg, want := range c.want {
			if got := facts.recorded(pkg); got != want {
				t.Errorf("%s: recorded folder of %s is %q, want %q", c.name, pkg, got, want)
			}
		}
	}
}
