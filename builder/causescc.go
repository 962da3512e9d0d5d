package builder

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// compilerRules know what the C compiler, cgo and pkg-config say.
var compilerRules = []rule{
	{lazily(`^cgo: C compiler "(.*)" not found: `), func(f *failure, _ spot, m []string) Cause { return f.noCompiler(m[1]) }},
	{lazily(`^cgo: exec (\S+): fork/exec .*: (.*)$`), func(f *failure, _ spot, m []string) Cause {
		return causef(CauseCompiler, "the C compiler %q cannot be run: %s", m[1], m[2]).todo(f.compilerPackages()...)
	}},
	{lazily(`^(?:(\S+): )?(?:.*: )?exec: "(.*?)": executable file not found in \$PATH$`), (*failure).noProgram},
	{lazily(`^-buildmode=plugin requires external \(cgo\) linking, but cgo is not enabled$`), func(f *failure, _ spot, _ []string) Cause {
		return causef(CauseCompiler, "plugins need cgo, and cgo is off").todo("export CGO_ENABLED=1").todo(f.compilerPackages()...)
	}},
	{lazily(`^(?:.*: )?fatal error: cannot execute ['‘]?([\w+.-]+)['’]?: `), (*failure).halfCompiler},
	{lazily(`^(\S+?):[0-9]+:[0-9]+: fatal error: '?([^':]+?)'?(?:: No such file or directory| file not found)$`), (*failure).noHeader},
	{lazily(`^\S*(?:gcc|clang|cc|cc1|as)\S*: (?:fatal )?error: (unrecognized command-line option|unrecognized argument in option|unknown argument:?|unsupported option|bad value) ['‘]?(\S+?)['’]?(?:[ ;,].*)?$`), (*failure).unknownOption},
	{lazily(`^(\S+): (?:invalid flag in (#cgo \S+|pkg-config --\S+|\S+): |malformed #cgo argument: )(\S+?)(?: \(see .*\))?$`), (*failure).refusedFlag},
	{lazily(`^Package '?([^',\s]+)'? was not found in the pkg-config search path`), (*failure).unknownPkgConfig},
	{lazily(`^Package '([^']+)',? (?:required by 'virtual:world', )?not found$`), (*failure).unknownPkgConfig},
	{lazily(`^(\S+\.go):[0-9]+:[0-9]+: could not determine (?:what|kind of name for) C\.(\w+)`), func(_ *failure, _ spot, m []string) Cause {
		return causef(CauseCSource, "no C code that %s includes declares %s", m[1], m[2])
	}},
	{lazily(`^\S+\.S:[0-9]+: Error: (?:no such instruction|unknown mnemonic|unrecognized opcode|operand size mismatch|bad instruction)`), func(f *failure, at spot, _ []string) Cause {
		if !strings.HasPrefix(at.pkg, "runtime/") {
			return Cause{}
		}
		return f.otherMachine()
	}},
}

// linkerRules know what linkers say: ld, gold, lld and mold.
var linkerRules = []rule{
	{lazily(`^\S*(?:ld|ld\.bfd|ld\.gold|mold)\S*: (?:error: |fatal: )?cannot find -l:?(\S+?)(?::.*)?$`), (*failure).noLibrary},
	{lazily(`^(?:\S*ld\.lld: error: unable to find library|\S*mold: (?:fatal|error): library not found:) (?:-l:?)?(\S+)$`), (*failure).noLibrary},
	{lazily(`^\S*(?:ld|ld\.bfd|ld\.gold|mold|ld\.lld)\S*: (?:error: |fatal: )?cannot (?:find|open) (\S*(?:crti|Scrt1|crt1|crtn|crtbegin\w*|crtend\w*)\.o)(?::.*)?$`), func(f *failure, _ spot, m []string) Cause {
		return causef(CauseLibrary, "the linker does not find %s, which the C compiler and the C library's development files bring", path.Base(m[1])).todo(f.compilerPackages()...)
	}},
	{lazily(`^(?:collect2: fatal error|.*): cannot find ['‘](?:real-)?(ld[\w.-]*)['’]$`), (*failure).noLinker},
	{lazily(`invalid linker name in (?:argument )?['‘]?-fuse-ld=(\S+?)['’]?$`), (*failure).noLinker},
	{lazily(`^(?:.*: )?(?:error: )?unable to execute command: Executable "(\S*ld\S*)" doesn't exist`), (*failure).noLinker},
	{lazily(`external linker must be gold \(issue`), (*failure).noLinker},
	{lazily(`^(?:.*: )?(\S+?\.(?:o|a|so)(?:\([^)]*\))?): relocation (R_\w+) against (undefined )?(?:hidden |protected )?symbol ['‘\x60](\S+?)['’] can ?not be used when making a (?:shared|PIE) object`), (*failure).notPIC},
	{lazily(`^\S*ld\.lld: error: relocation (R_\w+) cannot be used against (?:local symbol|symbol '(.*?)'); recompile with -fPIC$`), (*failure).notPICLLD},
	{lazily(`^(?:.*: )?(\S+): multiple definition of ['‘\x60](\S+?)['’]; (\S+?): first defined here$`), func(_ *failure, at spot, m []string) Cause {
		return duplicate(at, m[2], m[3], m[1])
	}},
	{lazily(`^\S*(?:ld\.lld|mold): error: duplicate symbol: (\S+)`), (*failure).duplicateLLD},
	{lazily(`: undefined reference to ['‘\x60](\S+?)['’]$`), func(f *failure, _ spot, m []string) Cause { return f.undefined(m[1]) }},
	{lazily(`^\S*(?:ld\.lld|mold): error: undefined (?:hidden |protected )?symbol: (\S+)$`), func(f *failure, _ spot, m []string) Cause { return f.undefined(m[1]) }},
	{lazily(`^\S+/link: \S+\.(\w+): (?:relocation target|missing symbol) (\S+) not defined$|^\S*: relocation target (\S+) not defined$`), func(f *failure, _ spot, m []string) Cause { return f.undefined(cmp.Or(m[2], m[3])) }},
	{lazily(`: (?:unrecognized relocation \(?\S+?\)?|unsupported reloc(?:ation)? type \S+|unknown relocation type \S+|unexpected reloc \S+) in section|: unsupported reloc [0-9]+ against|: unrecognized relocation \(0x`), (*failure).oldLinker},
	{lazily(`^\S*(?:ld|ld\.bfd|ld\.gold|ld\.lld|mold)(?:\.\w+)?: (?:error: |fatal: )?(?:unrecognized option|unknown argument|unknown command line option:?|unknown -z (?:option|value):?) ['‘\x60]?(\S+?)['’]?$`), (*failure).linkerOption},
	{lazily(`: (?:skipping )?incompatible (\S+) when searching for -l(\S+)$`), (*failure).otherLibrary},
	{lazily(`: (\S+): (?:file not recognized: file format not recognized|Relocations in generic ELF|error adding symbols: file in wrong format|is incompatible with \S+)`), (*failure).otherObject},
}

// cc names the C compiler that the go command runs.
func (f *failure) cc() string { return cmp.Or(f.setting("CC"), f.goEnv.CC, "gcc") }

func (f *failure) platform() string {
	if f.plan == nil {
		return f.goEnv.HostOS + "/" + f.goEnv.HostArch
	}
	return f.plan.Platform
}

// crossing says whether the plugin is for another machine than this one.
func (f *failure) crossing() bool {
	return f.plan != nil && f.goEnv.HostOS != "" && f.plan.Platform != f.goEnv.HostOS+"/"+f.goEnv.HostArch
}

func (f *failure) compilerPackages() []string { return f.target().compilerPackages() }

// target is what the C compiler was to make code for.
func (f *failure) target() cTarget {
	if f.plan != nil && f.plan.target.goarch != "" {
		return f.plan.target
	}
	_, goarch, _ := strings.Cut(f.platform(), "/")
	return cTarget{goarch: goarch, libc: glibc, native: !f.crossing()}
}

func (f *failure) noCompiler(name string) Cause {
	return causef(CauseCompiler, "building a plugin for %s needs a C compiler, and %q is not to be found", f.platform(), name).todo(f.compilerPackages()...)
}

func (f *failure) otherMachine() Cause {
	return causef(CauseCompiler, "the C compiler %q does not build for %s", f.cc(), f.platform()).todo(f.compilerPackages()...)
}

// noProgram speaks of what a package's own cgo directives need besides a C compiler.
func (f *failure) noProgram(at spot, m []string) Cause {
	pkg, name := cmp.Or(at.pkg, m[1]), m[2]
	switch base := path.Base(name); {
	case base == "git" || base == "hg" || base == "svn" || base == "bzr" || base == "fossil":
		return causef(CausePrivate, "a module comes straight from its repository, and %s is not in PATH", base).todo(
			packageOf(base, base, base)...)
	case strings.Contains(base, "pkg-config") || strings.Contains(base, "pkgconf") || name == f.setting("PKG_CONFIG"):
		return causef(CausePkgConfig, "package %s asks pkg-config for its flags, and %q is not in PATH", pkg, name).todo(
			packageOf("pkg-config", "pkgconf", "pkgconf-pkg-config")...)
	case name == f.setting("CXX") || strings.Contains(base, "++"):
		return causef(CauseCompiler, "package %s has C++ files, and the C++ compiler %q is not in PATH", pkg, name).todo(f.target().cxxPackages()...)
	case strings.Contains(base, "fortran") || name == f.setting("FC"):
		return causef(CauseCompiler, "package %s has Fortran files, and the compiler %q is not in PATH", pkg, name).todo(
			packageOf("gfortran", "gfortran", "gcc-gfortran")...)
	case name == f.cc():
		return f.noCompiler(name)
	}
	return Cause{}
}

// packageOf says how distributions' packages are installed.
func packageOf(debian, alpine, fedora string) []string {
	return []string{
		"Debian and Ubuntu: apt-get install " + debian,
		"Alpine: apk add " + alpine,
		"Fedora: dnf install " + fedora,
	}
}

func (f *failure) halfCompiler(_ spot, m []string) Cause {
	c := causef(CauseCompiler, "the C compiler %q is installed in part: it does not find its own %s", f.cc(), m[1])
	switch m[1] {
	case "as":
		return c.todo(packageOf("binutils", "binutils", "binutils")...)
	case "cc1plus":
		return c.todo(packageOf("g++", "g++", "gcc-c++")...)
	}
	return c.todo(f.compilerPackages()...)
}

// libcHeaders are headers of the C library and the compiler itself.
var libcHeaders = lazily(`^(?:(?:sys|bits|gnu|asm|asm-generic|linux|arpa|net|netinet)/.*|(?:stdlib|stdio|stddef|stdint|stdarg|stdbool|string|strings|errno|pthread|unistd|features|stdc-predef|signal|assert|ctype|dlfcn|fcntl|limits|locale|malloc|math|memory|poll|sched|setjmp|time|wchar|inttypes)\.h)$`)

func (f *failure) noHeader(at spot, m []string) Cause {
	header := m[2]
	if libcHeaders().MatchString(header) {
		return causef(CauseHeader, "the C compiler %q does not find %s: the C library's headers are not installed", f.cc(), header).todo(f.compilerPackages()...)
	}
	return causef(CauseHeader, "package %s includes %s, and no folder that the C compiler looks into has it", cmp.Or(at.pkg, m[1]), header).todo(
		"Debian and Ubuntu, the package that brings it: apt-get install apt-file && apt-file update && apt-file search "+quoted("/"+header),
		"or name its folder: export CGO_CFLAGS=-I/folder")
}

func (f *failure) unknownOption(at spot, m []string) Cause {
	option := m[2]
	switch name, isLinker := strings.CutPrefix(option, "-fuse-ld="); {
	case isLinker:
		return f.noLinker(at, []string{"", name})
	case strings.HasPrefix(at.pkg, "runtime/"):
		return f.otherMachine()
	}
	return causef(CauseCompiler, "the C compiler %q does not know %s, which package %s gives it", f.cc(), option, cmp.Or(at.pkg, "the build")).todo(
		"what may say so: env | grep -e CGO_ -e LDFLAGS; go env CGO_CFLAGS CGO_LDFLAGS GOFLAGS")
}

func (f *failure) refusedFlag(_ spot, m []string) Cause {
	word := strings.ReplaceAll(strings.ReplaceAll(m[3], `\`, `\\`), ".", `\.`)
	kind := "CFLAGS"
	switch {
	case strings.Contains(m[2], "LDFLAGS"), strings.Contains(m[2], "--libs"):
		kind = "LDFLAGS"
	case strings.Contains(m[2], "CXXFLAGS"):
		kind = "CXXFLAGS"
	}
	return causef(CauseCSource, "package %s gives the C compiler %s by %s, which the go command allows nobody unasked: such flags can run programs", m[1], m[3], cmp.Or(m[2], "#cgo")).todo(
		fmt.Sprintf("where you trust that package: export CGO_%s_ALLOW=%s", kind, quoted(word)))
}

func (f *failure) unknownPkgConfig(at spot, m []string) Cause {
	return causef(CausePkgConfig, "package %s asks pkg-config for %s, and pkg-config does not know it", cmp.Or(at.pkg, "of the plugin"), m[1]).todo(
		"Debian and Ubuntu, the package that brings it: apt-get install apt-file && apt-file update && apt-file search "+quoted("/"+m[1]+".pc"),
		"or name its folder: export PKG_CONFIG_PATH=/folder")
}

func (f *failure) noLibrary(_ spot, m []string) Cause {
	lib := strings.TrimSuffix(m[1], ":")
	if slices.Contains([]string{"c", "m", "pthread", "dl", "rt", "gcc", "gcc_s", "gcc_eh", "resolv"}, lib) {
		return causef(CauseLibrary, "the linker does not find the C library itself (-l%s): its development files are not installed", lib).todo(f.compilerPackages()...)
	}
	c := causef(CauseLibrary, "the linker does not find the C library %s (lib%s.so or lib%s.a), which -l%s asks for", lib, lib, lib, lib).todo(
		"Debian and Ubuntu, the package that brings it: apt-get install apt-file && apt-file update && apt-file search "+quoted("/lib"+lib+".so"),
		"or name its folder: export CGO_LDFLAGS=-L/folder")
	c.name = lib
	return c
}

func (f *failure) noLinker(at spot, m []string) Cause {
	name := ""
	if len(m) > 1 {
		name = strings.TrimPrefix(m[1], "ld.")
	}
	asked := strings.Join(at.lines[:min(len(at.lines), 2)], "\n") + f.output
	if name == "" || name == "ld" {
		switch {
		case strings.Contains(asked, "must be gold"), strings.Contains(asked, "-fuse-ld=gold"):
			name = "gold"
		case strings.Contains(asked, "-fuse-ld=lld"):
			name = "lld"
		case strings.Contains(asked, "-fuse-ld=mold"):
			name = "mold"
		default:
			name = "ld"
		}
	}
	switch path.Base(name) {
	case "ld", "bfd":
		return causef(CauseLinker, "the C compiler %q finds no linker (ld)", f.cc()).todo(packageOf("binutils", "binutils", "binutils")...)
	case "gold":
		return causef(CauseLinker, "the linker gold is asked for, and the C compiler %q does not find it", f.cc()).todo(packageOf("binutils-gold", "binutils-gold", "binutils-gold")...)
	case "lld", "mold":
		return causef(CauseLinker, "the linker %s is asked for, and the C compiler %q does not find it", name, f.cc()).todo(packageOf(name, name, name)...)
	}
	return causef(CauseLinker, "the linker %s is asked for by -fuse-ld, and the C compiler %q knows none of that name", name, f.cc()).todo(
		"what may say so: env | grep LDFLAGS; go env CGO_LDFLAGS GOFLAGS")
}

// notPIC tells C code that is no position independent code from a symbol that is not
// there at all, of which ld says the same.
func (f *failure) notPIC(_ spot, m []string) Cause {
	file, undefined, symbol := m[1], m[3] != "", m[4]
	if undefined {
		return f.undefined(symbol)
	}
	return notPICCause(file, symbol, m[2])
}

func notPICCause(file, symbol, relocation string) Cause {
	if strings.Contains(file, "/go-link-") && strings.HasSuffix(file, ".o") {
		file = "an object of the plugin's C code"
	}
	file = path.Base(file)
	return causef(CauseCSource, "%s was not compiled for shared objects, and a plugin is one (%s against %s)", file, relocation, symbol).todo(
		"compile it anew with -fPIC: make clean && make CFLAGS=-fPIC, or cmake -DCMAKE_POSITION_INDEPENDENT_CODE=ON",
		"or link the shared library in its place")
}

func (f *failure) notPICLLD(at spot, m []string) Cause {
	file := "an object"
	for _, line := range at.lines[1:min(len(at.lines), 4)] {
		if where, ok := strings.CutPrefix(line, ">>> defined in "); ok {
			file = strings.TrimSpace(where)
		}
	}
	return notPICCause(file, m[2], m[1])
}

func duplicate(at spot, symbol, first, second string) Cause {
	return causef(CauseCSource, "the C symbol %s is defined twice: in %s and in %s", symbol, path.Base(first), path.Base(second)).todo(
		"make it static where only one file uses it, or leave one of the two out of package " + cmp.Or(at.pkg, "of the plugin"))
}

func (f *failure) duplicateLLD(at spot, m []string) Cause {
	var files []string
	for _, line := range at.lines[1:min(len(at.lines), 8)] {
		if where, ok := strings.CutPrefix(line, ">>> defined at "); ok {
			files = append(files, strings.TrimSpace(where))
		}
	}
	if len(files) < 2 {
		return Cause{}
	}
	return duplicate(at, m[1], files[0], files[1])
}

// undefined speaks of a symbol that nothing defines: of C, or a Go function that
// only exists elsewhere.
func (f *failure) undefined(symbol string) Cause {
	if dot := strings.LastIndexByte(symbol, '.'); dot > 0 {
		pkg, name := symbol[:dot], symbol[dot+1:]
		if f.isStandard(pkg) {
			return causef(CauseStandard, "the plugin is linked by name (go:linkname or assembly) to %s.%s, which package %s of the host's Go %s does not have", pkg, name, pkg, f.hostGo())
		}
		return causef(CauseCSource, "function %s of package %s has no body: neither Go nor assembly defines it for %s", name, pkg, f.platform())
	}
	return causef(CauseCSource, "the C code uses %s, and nothing that is linked defines it", symbol).todo(
		"name the library that has it in the package: // #cgo LDFLAGS: -lNAME", "or: export CGO_LDFLAGS=-lNAME")
}

func (f *failure) oldLinker(spot, []string) Cause {
	return causef(CauseLinker, "the linker is older than what compiled the objects: it does not know their relocations").todo(
		"Debian and Ubuntu: apt-get install binutils", "or another linker: apt-get install lld && export CGO_LDFLAGS=-fuse-ld=lld")
}

func (f *failure) linkerOption(_ spot, m []string) Cause {
	return causef(CauseLinker, "the linker does not know the option %s: either it is too old, or a flag is wrong", m[1]).todo(
		"what may say so: env | grep LDFLAGS; go env CGO_LDFLAGS GOFLAGS", "a newer linker: apt-get install binutils")
}

func (f *failure) otherLibrary(_ spot, m []string) Cause {
	return causef(CauseLibrary, "%s, which -l%s found, is not for %s", m[1], m[2], f.platform())
}

func (f *failure) otherObject(_ spot, m []string) Cause {
	return causef(CauseLibrary, "%s is not for %s", m[1], f.platform())
}

// blameCompiler blames the C compiler where nothing else is known and Go's own C code
// is what failed: that is the same everywhere.
func (f *failure) blameCompiler() []Cause {
	for line := range strings.Lines(f.output) {
		if m := packageLine().FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil && m[1] == "runtime/cgo" {
			c := f.otherMachine()
			c.Text += fmt.Sprintf(": it fails on Go's own C code (package %s)", m[1])
			return []Cause{c.todo("plugtool doctor says what works here")}
		}
	}
	return nil
}
