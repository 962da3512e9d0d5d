package inspector

import (
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector/goelf"
)

func TestNeedsNewer(t *testing.T) {
	t.Parallel()
	tests := []struct {
		arch, host, plugin string
		want               bool
	}{
		{"amd64", "v1", "v3", true}, {"amd64", "v3", "v1", false}, {"amd64", "v3", "v3", false},
		{"amd64", "", "v3", false}, {"amd64", "v1", "", false}, {"amd64", "v1", "v9", false}, {"amd64", "v9", "v4", false},
		{"386", "softfloat", "sse2", true}, {"386", "sse2", "softfloat", false},
		{"arm", "6,hardfloat", "7,hardfloat", true}, {"arm", "7", "7,softfloat", false}, {"arm", "7", "5", false},
		{"arm64", "v8.0", "v8.1", true}, {"arm64", "v8.0", "v8.0,lse", true}, {"arm64", "v8.1", "v8.0,lse", false},
		{"arm64", "v9.0", "v8.5", false}, {"arm64", "v9.0", "v8.6", true}, {"arm64", "v8.5", "v9.0", false},
		{"arm64", "v8.0,lse", "v8.0,lse,crypto", true}, {"arm64", "v8.0", "v7.9", false}, {"arm64", "x", "v9.5", false},
		{"ppc64le", "power8", "power10", true}, {"ppc64le", "power9", "power8", false},
		{"riscv64", "rva20u64", "rva22u64", true}, {"riscv64", "rva23u64", "rva22u64", false},
	}
	for _, test := range tests {
		_, levels := architectureLevels(test.arch)
		if got := needsNewer(levels, test.host, test.plugin); got != test.want {
			t.Errorf("%s: host %q, plugin %q: %t, want %t", test.arch, test.host, test.plugin, got, test.want)
		}
	}
}

// TestOtherSource: what is said of a module whose packages agree in their hashes.
func TestOtherSource(t *testing.T) {
	t.Parallel()
	const m = "example.com/m"
	released := func(version, sum string) *Binary {
		return &Binary{Main: Module{Path: "example.com/x"}, Deps: []Module{{Path: m, Version: version, Sum: sum}}}
	}
	folder := &Binary{Main: Module{Path: "example.com/x"}, Deps: []Module{{Path: m, Version: "v1.0.0", Replace: &Module{Path: "../m", Version: "(devel)"}}}}
	checkout := func(revision, modified string) *Binary {
		return &Binary{Main: Module{Path: m, Version: "(devel)"}, Settings: []Setting{{"vcs.revision", revision}, {"vcs.modified", modified}}}
	}
	tests := []struct {
		name         string
		host, plugin *Binary
		want         string // "" for nothing
	}{
		{"same release", released("v1.0.0", "h1:a"), released("v1.0.0", "h1:a"), ""},
		{"another release", released("v1.0.0", "h1:a"), released("v1.1.0", "h1:b"), "warning: host has example.com/m v1.0.0, plugin has v1.1.0"},
		{"same version, other bytes", released("v1.0.0", "h1:a"), released("v1.0.0", "h1:b"), "warning: host and plugin have example.com/m v1.0.0 with different checksums"},
		{"replaced by a folder", released("v1.0.0", "h1:a"), folder, "note: host has example.com/m v1.0.0 as released, plugin has v1.0.0 => ../m from a folder"},
		{"both replaced", folder, folder, ""},
		{"same revision", checkout("aaa", "false"), checkout("aaa", "false"), ""},
		{"both with changes", checkout("aaa", "true"), checkout("aaa", "true"), ""},
		{"another revision", checkout("aaa", "false"), checkout("bbb", "true"), "note: host was built from revision aaa of example.com/m, plugin from bbb with uncommitted changes"},
		{"no revision", checkout("", ""), checkout("bbb", "false"), ""},
		{"no such module", &Binary{}, released("v1.0.0", "h1:a"), ""},
	}
	for _, test := range tests {
		host := &Host{bin: *test.host, known: map[string]foundHash{m + "/p": {ok: true}, m + "/q": {ok: true}}}
		plugin := &Plugin{File: "p.so", Binary: test.plugin, mod: &goelf.Plugin{Packages: []goelf.PackageHash{{Path: "fmt"}, {Path: m}, {Path: m + "/p"}, {Path: m + "/q"}}}}
		got := ""
		for _, f := range (&process{host: host}).sameHashes(plugin) {
			got += string(f.Severity) + ": " + f.Title
			if strings.Join(f.Packages, " ") != m+"/p "+m+"/q" || f.Host == f.Plugin {
				t.Errorf("%s: finding is %+v", test.name, f)
			}
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestGoPatch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		host, plugin string
		want         bool
	}{
		{"go1.26.8", "go1.26.7", true}, {"go1.26.7", "go1.26.8", true}, {"go1.26.8", "go1.26.8", false}, {"go1.26.8", "", false},
		{"go1.26.8 X:nodwarf5", "go1.26.8", false}, {"go1.26.8 X:nodwarf5", "go1.26.7", true},
	} {
		p := &process{host: &Host{bin: Binary{GoVersion: test.host}}}
		if _, got := p.goPatch(&Plugin{File: "p.so", Binary: &Binary{GoVersion: test.plugin}}); got != test.want {
			t.Errorf("host %q, plugin %q: %t, want %t", test.host, test.plugin, got, test.want)
		}
	}
}
