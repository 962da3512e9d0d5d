package builder

import (
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

func TestHostTarget(t *testing.T) {
	for _, c := range []struct{ platform, interpreter, triple, zig, machine string }{
		{"linux/amd64", "/lib64/ld-linux-x86-64.so.2", "x86_64-linux-gnu", "x86_64-linux-gnu.2.28", "amd64"},
		{"linux/amd64", "/lib/ld-musl-x86_64.so.1", "x86_64-linux-musl", "x86_64-linux-musl", "amd64"},
		{"linux/arm64", "/lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu", "aarch64-linux-gnu.2.28", "arm64"},
		{"linux/arm", "/lib/ld-linux-armhf.so.3", "arm-linux-gnueabihf", "arm-linux-gnueabihf.2.28", "arm (hard-float)"},
		{"linux/arm", "/lib/ld-linux.so.3", "arm-linux-gnueabi", "arm-linux-gnueabi.2.28", "arm (soft-float)"},
		{"linux/arm", "/lib/ld-musl-armhf.so.1", "arm-linux-musleabihf", "arm-linux-musleabihf", "arm (hard-float)"},
		{"linux/arm", "/lib/ld-musl-arm.so.1", "arm-linux-musleabi", "arm-linux-musleabi", "arm (soft-float)"},
		{"linux/386", "/lib/ld-linux.so.2", "i686-linux-gnu", "x86-linux-gnu.2.28", "386"},
		{"linux/ppc64le", "/lib64/ld64.so.2", "powerpc64le-linux-gnu", "powerpc64le-linux-gnu.2.28", "ppc64le"},
	} {
		got := hostTarget(&inspector.Binary{Platform: c.platform, Interpreter: c.interpreter}, GoEnv{HostOS: "linux", HostArch: "amd64"})
		if got.triple() != c.triple || got.zig("2.28") != c.zig || got.machine() != c.machine || got.native != (c.platform == "linux/amd64") {
			t.Errorf("%s with %s: %s, %s, %s, native %t", c.platform, c.interpreter, got.triple(), got.zig("2.28"), got.machine(), got.native)
		}
	}
}

// The usual names come first, and what the user's word asks for before others.
func TestCompilerCandidates(t *testing.T) {
	for _, c := range []struct {
		target cTarget
		word   string
		want   []string // in this order, others between them
	}{
		{cTarget{goarch: "amd64", libc: glibc, native: true}, "gcc", []string{"gcc", "clang", "cc", "x86_64-linux-gnu-gcc", "zig cc -target x86_64-linux-gnu"}},
		{cTarget{goarch: "amd64", libc: glibc, native: true}, "clang", []string{"clang", "gcc", "cc"}},
		{cTarget{goarch: "amd64", libc: musl, native: true}, "gcc", []string{"gcc", "musl-gcc", "x86_64-linux-musl-gcc", "zig cc -target x86_64-linux-musl"}},
		{cTarget{goarch: "arm64", libc: glibc}, "gcc", []string{"aarch64-linux-gnu-gcc", "aarch64-linux-gnu-gcc-12", "aarch64-unknown-linux-gnu-gcc", "clang --target=aarch64-linux-gnu", "zig cc -target aarch64-linux-gnu"}},
		{cTarget{goarch: "arm64", libc: glibc}, "clang", []string{"clang --target=aarch64-linux-gnu", "aarch64-linux-gnu-gcc"}},
		{cTarget{goarch: "arm64", libc: musl}, "gcc", []string{"aarch64-linux-musl-gcc", "zig cc -target aarch64-linux-musl"}},
		{cTarget{goarch: "386", libc: glibc}, "gcc", []string{"i686-linux-gnu-gcc", "gcc -m32", "zig cc -target x86-linux-gnu"}},
	} {
		var names []string
		for _, candidate := range c.target.candidates(c.word, "") {
			names = append(names, joinWords(candidate.cc))
		}
		last := -1
		for _, want := range c.want {
			i := slices.Index(names, want)
			if i <= last {
				t.Errorf("%v with CC=%s: %s is number %d, after one at %d, of %s", c.target, c.word, want, i, last, strings.Join(names, ", "))
			}
			last = i
		}
		if !c.target.native && (slices.Contains(names, "gcc") || slices.Contains(names, "musl-gcc")) {
			t.Errorf("%v: this machine's compiler is among %s", c.target, strings.Join(names, ", "))
		}
	}
}

func TestReadMacros(t *testing.T) {
	for _, c := range []struct{ macros, machine, libc, version string }{
		{"__x86_64__ 1,__linux__ 1,__GLIBC__ 2,__GLIBC_MINOR__ 36", "amd64", glibc, "2.36"},
		{"__x86_64__ 1,__linux__ 1", "amd64", musl, ""},
		{"__x86_64__ 1,__ILP32__ 1,__linux__ 1", "x32", musl, ""},
		{"__aarch64__ 1,__linux__ 1,__GLIBC__ 2,__GLIBC_MINOR__ 17", "arm64", glibc, "2.17"},
		{"__arm__ 1,__ARM_PCS_VFP 1,__linux__ 1", "arm (hard-float)", musl, ""},
		{"__arm__ 1,__linux__ 1", "arm (soft-float)", musl, ""},
		{"__powerpc64__ 1,__LITTLE_ENDIAN__ 1,__linux__ 1", "ppc64le", musl, ""},
		{"__powerpc64__ 1,__linux__ 1", "ppc64", musl, ""},
		{"__riscv 1,__riscv_xlen 64,__linux__ 1", "riscv64", musl, ""},
		{"__riscv 1,__riscv_xlen 32,__linux__ 1", "", musl, ""},
		{"__x86_64__ 1,__linux__ 1,__UCLIBC__ 1,__GLIBC__ 2,__GLIBC_MINOR__ 2", "amd64", "uClibc", ""},
		{"__mips64 1,__linux__ 1", "", musl, ""},
	} {
		text := "#define " + strings.ReplaceAll(c.macros, ",", "\n#define ") + "\n"
		f := readMacros(text)
		if f.machine != c.machine || f.libc != c.libc || f.version != c.version || !f.system {
			t.Errorf("%s: %+v", c.macros, f)
		}
	}
	if f := readMacros("#define __x86_64__ 1\n#define _WIN32 1\n"); f.system {
		t.Error("a compiler for Windows is one for Linux")
	}
}

func TestCXX(t *testing.T) {
	for cc, want := range map[string]string{
		"aarch64-linux-gnu-gcc": "aarch64-linux-gnu-g++", "aarch64-linux-gnu-gcc-12": "aarch64-linux-gnu-g++-12",
		"/opt/x/bin/arm-gcc -mfpu=neon": "/opt/x/bin/arm-g++ -mfpu=neon", "clang-16 --target=x": "clang++-16 --target=x",
		"ccache gcc -m32": "ccache g++ -m32", "zig cc -target x": "zig c++ -target x", "musl-gcc": "", "tcc": "",
	} {
		if got := joinWords(cxxWords(strings.Fields(cc))); got != want {
			t.Errorf("C++ for %s: %q, want %q", cc, got, want)
		}
	}
}

func TestNewerGlibc(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"2.36", "2.28", true}, {"2.9", "2.28", false}, {"2.28", "2.28", false}, {"2.2.5", "2.2", true}, {"3.0", "2.99", true}} {
		if newerGlibc(c.a, c.b) != c.want {
			t.Errorf("%s newer than %s: %t", c.a, c.b, !c.want)
		}
	}
}
