package builder

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// Compiler is the C compiler that compiles a plugin's C code, runtime/cgo's first of
// all, and links it.
type Compiler struct {
	CC  string   `json:"cc"`            // the go command's CC, as it reads it: words, some in quotes
	CXX string   `json:"cxx,omitempty"` // its CXX; "" for the user's own
	Env []string `json:"env,omitempty"` // what pkg-config has to be told
	Why string   `json:"why"`

	warnings []string
}

// settings gives the settings of the go command that the compiler needs.
func (c Compiler) settings() []string {
	var env []string
	if c.CC != "" {
		env = append(env, "CC="+c.CC)
	}
	if c.CXX != "" {
		env = append(env, "CXX="+c.CXX)
	}
	return append(env, c.Env...)
}

// The C libraries of Linux, as far as plugins know any.
const (
	glibc = "glibc"
	musl  = "musl"
)

// cTarget is what a C compiler has to make code for.
type cTarget struct {
	goarch    string
	softFloat bool   // arm: floating-point numbers are passed in the processor's general registers
	libc      string // glibc or musl
	native    bool   // this machine's own
}

// hostTarget says for what a host's plugins have to be compiled. Which C library
// a host runs on, and how it passes floating-point numbers, its interpreter says.
func hostTarget(b *inspector.Binary, env GoEnv) cTarget {
	t := cTarget{libc: glibc}
	_, t.goarch, _ = strings.Cut(b.Platform, "/")
	name := path.Base(b.Interpreter)
	if strings.HasPrefix(name, "ld-musl-") {
		t.libc = musl
	}
	if t.goarch == "arm" {
		t.softFloat = name == "ld-linux.so.3" || t.libc == musl && !strings.Contains(name, "hf")
	}
	t.native = env.HostOS == "linux" && env.HostArch == t.goarch
	return t
}

func (t cTarget) String() string { return t.machine() + " with " + t.libc }

// machine names the processor, and the calling convention where one has two.
func (t cTarget) machine() string {
	switch {
	case t.goarch != "arm":
		return t.goarch
	case t.softFloat:
		return "arm (soft-float)"
	}
	return "arm (hard-float)"
}

// cpus are the names that GNU's tools, and with them Debian's cross compilers, have
// for the processors, by GOARCH.
var cpus = map[string]string{
	"386": "i686", "amd64": "x86_64", "arm": "arm", "arm64": "aarch64", "loong64": "loongarch64",
	"ppc64le": "powerpc64le", "riscv64": "riscv64", "s390x": "s390x",
}

// abi is the end of a target's name: gnu, musl, and on arm gnueabihf and the like.
func (t cTarget) abi() string {
	abi := "gnu"
	if t.libc == musl {
		abi = "musl"
	}
	switch {
	case t.goarch != "arm":
		return abi
	case t.softFloat:
		return abi + "eabi"
	}
	return abi + "eabihf"
}

// triple is the target's name as Debian and clang write it, as in aarch64-linux-gnu.
func (t cTarget) triple() string { return cpus[t.goarch] + "-linux-" + t.abi() }

// triples are the names that cross compilers of this target begin with: Debian's and
// Fedora's, and those of crosstool-NG, buildroot, Yocto and Alpine.
func (t cTarget) triples() []string {
	cpu, abi := cpus[t.goarch], t.abi()
	list := []string{t.triple()}
	for _, vendor := range []string{"unknown", "buildroot", "none", "alpine"} {
		list = append(list, cpu+"-"+vendor+"-linux-"+abi)
	}
	if t.libc == glibc && t.goarch != "arm" {
		list = append(list, cpu+"-poky-linux")
	}
	return list
}

// zig is how zig names the target; a release of glibc stands behind it.
func (t cTarget) zig(maxGlibc string) string {
	cpu := cpus[t.goarch]
	if t.goarch == "386" {
		cpu = "x86"
	}
	name := cpu + "-linux-" + t.abi()
	if t.libc == glibc && maxGlibc != "" {
		name += "." + maxGlibc
	}
	return name
}

// candidate is a C compiler that may be on this machine.
type candidate struct {
	cc, cxx []string // words
	why     string
	link    bool // a look at its macros does not tell whether it can link
}

// oldReleases are those of gcc and clang that distributions ship under their number
// only, newest first.
var oldReleases = []string{"", "-20", "-19", "-18", "-17", "-16", "-15", "-14", "-13", "-12", "-11", "-10"}

// candidates lists the C compilers that make code for the target, the most usual
// first, where the user named none but a word such as gcc.
func (t cTarget) candidates(word, maxGlibc string) []candidate {
	var list []candidate
	one := func(cc, cxx, why string) {
		list = append(list, candidate{cc: []string{cc}, cxx: []string{cxx}, why: why})
	}
	if t.native {
		for _, cc := range []string{word, "gcc", "clang", "cc"} {
			if cc != "" && !slices.ContainsFunc(list, func(c candidate) bool { return c.cc[0] == cc }) {
				one(cc, cxxOf(cc), "this machine's own")
			}
		}
	}
	gcc := func() {
		why := "a cross compiler for " + t.triple()
		if t.native && t.libc == musl {
			why = "the host runs on musl"
			one("musl-gcc", "", why)
		}
		for _, triple := range t.triples() {
			for _, release := range oldReleases {
				one(triple+"-gcc"+release, triple+"-g++"+release, why)
			}
		}
	}
	clang := func() {
		for _, release := range oldReleases {
			target := "--target=" + t.triple()
			list = append(list, candidate{cc: []string{"clang" + release, target}, cxx: []string{"clang++" + release, target}, link: true, why: "clang has every target"})
		}
	}
	if word == "clang" && !t.native {
		clang()
		gcc()
	} else {
		gcc()
		if !t.native {
			clang()
		}
	}
	if t.goarch == "386" {
		list = append(list, candidate{cc: []string{"gcc", "-m32"}, cxx: []string{"g++", "-m32"}, link: true, why: "gcc has both of this machine's modes"})
	}
	return append(list, candidate{cc: []string{"zig", "cc", "-target", t.zig(maxGlibc)}, cxx: []string{"zig", "c++", "-target", t.zig(maxGlibc)}, why: "zig has every target"})
}

// cxxOf gives the C++ compiler that belongs to a C compiler, "" where its name does
// not tell.
func cxxOf(cc string) string {
	dir, name := path.Split(cc)
	for _, pair := range [][2]string{{"clang", "clang++"}, {"gcc", "g++"}} {
		if before, after, ok := strings.Cut(name, pair[0]); ok && !strings.HasPrefix(name, "musl-") {
			return dir + before + pair[1] + after
		}
	}
	if name == "cc" {
		return dir + "c++"
	}
	return ""
}

// cxxWords gives the C++ compiler for a C compiler of several words: ccache gcc -m32,
// zig cc -target X.
func cxxWords(cc []string) []string {
	words := slices.Clone(cc)
	for i, word := range words {
		if strings.HasPrefix(word, "-") {
			break
		}
		if i > 0 && path.Base(words[0]) == "zig" && word == "cc" {
			words[i] = "c++"
			return words
		}
		if cxx := cxxOf(word); cxx != "" {
			words[i] = cxx
			return words
		}
	}
	return nil
}

// compilerPackages says how to get a C compiler for the target.
func (t cTarget) compilerPackages() []string {
	zig := fmt.Sprintf("any system: install zig, or set CC='zig cc -target %s'", t.zig(""))
	switch {
	case t.libc == musl && t.native:
		return []string{"Debian and Ubuntu: apt-get install musl-tools", "Alpine: apk add gcc musl-dev", zig}
	case t.libc == musl:
		return []string{fmt.Sprintf("set CC to a cross compiler for %s, as in CC='zig cc -target %s'", t.triple(), t.zig(""))}
	case t.native:
		return []string{
			"Debian and Ubuntu: apt-get install gcc libc6-dev",
			"Alpine: apk add gcc musl-dev",
			"Fedora: dnf install gcc glibc-devel",
		}
	}
	debian := strings.ReplaceAll(t.triple(), "_", "-")
	return []string{
		fmt.Sprintf("Debian and Ubuntu: apt-get install gcc-%s libc6-dev-%s-cross", debian, t.debianArch()),
		fmt.Sprintf("Fedora: dnf install gcc-%s (it has no C library for the target: give one by --sysroot)", t.triple()),
		zig,
	}
}

// cxxPackages says how to get a C++ compiler for the target.
func (t cTarget) cxxPackages() []string {
	switch {
	case t.native && t.libc == glibc:
		return packageOf("g++", "g++", "gcc-c++")
	case t.libc == musl:
		return []string{fmt.Sprintf("set CXX to one for %s, as in CXX='zig c++ -target %s'", t.triple(), t.zig(""))}
	}
	return []string{
		"Debian and Ubuntu: apt-get install g++-" + strings.ReplaceAll(t.triple(), "_", "-"),
		"Fedora: dnf install gcc-c++-" + t.triple(),
		fmt.Sprintf("any system: install zig, and set CC='zig cc -target %s' and CXX='zig c++ -target %[1]s'", t.zig("")),
	}
}

// debianArch gives Debian's name for the machine.
func (t cTarget) debianArch() string {
	switch {
	case t.goarch == "386":
		return "i386"
	case t.goarch == "arm" && t.softFloat:
		return "armel"
	case t.goarch == "arm":
		return "armhf"
	case t.goarch == "ppc64le":
		return "ppc64el"
	}
	return t.goarch
}

// isDefaultWord says whether CC is a word that names no particular compiler, which
// the go command has by default and which stands in many environments.
func isDefaultWord(cc string) bool {
	return slices.Contains([]string{"", "gcc", "clang", "cc"}, strings.TrimSpace(cc))
}

// pkgConfig gives the settings by which pkg-config finds the libraries of another
// machine, and not this one's. What the user set stays.
func (t cTarget) pkgConfig(sysroot string, env []string, have func(string) bool) []string {
	for _, key := range []string{"PKG_CONFIG", "PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_SYSROOT_DIR"} {
		if getEnv(env, key) != "" {
			return nil
		}
	}
	triple := t.triple()
	if t.goarch == "386" {
		triple = "i386-linux-" + t.abi() // the folder's name, if not the compiler's
	}
	if sysroot == "" {
		if t.native {
			return nil
		}
		for _, name := range []string{t.triple() + "-pkg-config", triple + "-pkg-config"} {
			if have(name) {
				return []string{"PKG_CONFIG=" + name}
			}
		}
		return []string{"PKG_CONFIG_LIBDIR=" + strings.Join([]string{
			"/usr/lib/" + triple + "/pkgconfig", "/usr/" + t.triple() + "/lib/pkgconfig", "/usr/share/pkgconfig"}, ":")}
	}
	var dirs []string
	for _, dir := range []string{"usr/lib/" + triple, "usr/lib64", "usr/lib", "usr/share", "lib"} {
		dirs = append(dirs, path.Join(sysroot, dir, "pkgconfig"))
	}
	return []string{"PKG_CONFIG_SYSROOT_DIR=" + sysroot, "PKG_CONFIG_LIBDIR=" + strings.Join(dirs, ":")}
}
