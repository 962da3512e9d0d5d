package builder

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// checkTarget checks the options about the machine that the plugin is to load on, and
// makes a folder's path absolute.
func (o *Options) checkTarget() error {
	if o.MaxGlibc != "" && !inspector.ValidGlibc(o.MaxGlibc) {
		return &UsageError{Reason: fmt.Sprintf("glibc %q: want a release, as in 2.28", o.MaxGlibc)}
	}
	if o.Sysroot == "" {
		return nil
	}
	if !filepath.IsAbs(o.Sysroot) {
		o.Sysroot = filepath.Join(o.Dir, o.Sysroot)
	}
	o.Sysroot = filepath.Clean(o.Sysroot)
	if err := inspector.CheckSysroot(o.Sysroot); err != nil {
		return &UsageError{Reason: err.Error(), Hint: "a sysroot is the root of a machine's file system, such as an unpacked image"}
	}
	return nil
}

// verdict gives what a plugin is judged by besides the host.
func (o Options) verdict() inspector.Options {
	return inspector.Options{Contract: o.Contract, Sysroot: o.Sysroot, MaxGlibc: o.MaxGlibc}
}

// ccChooser finds the C compiler for a host's plugins.
type ccChooser struct {
	ccProber
	target cTarget
	host   *inspector.Binary
	goEnv  GoEnv
	opts   Options
	flags  []string // of the user's CGO_CPPFLAGS and CGO_CFLAGS
}

// findCompiler chooses the C compiler and checks, before anything is built, that it
// is there, that it makes code for the host's machine and C library, and that it
// has that library's headers. What the user chose by CC is taken or refused; only a
// word such as gcc, which many environments have, gives way to what fits.
func findCompiler(ctx context.Context, b *inspector.Binary, src *Source, opts Options) (Compiler, error) {
	cc, err := lookForCompiler(ctx, b, src, opts)
	if err != nil && ctx.Err() != nil { // whatever a compiler that was stopped seems to lack
		return Compiler{}, fmt.Errorf("looking for a C compiler: %w", ctx.Err())
	}
	return cc, err
}

func lookForCompiler(ctx context.Context, b *inspector.Binary, src *Source, opts Options) (Compiler, error) {
	c := &ccChooser{ccProber: ccProber{opts.Env, src.Dir}, target: hostTarget(b, src.Go), host: b, goEnv: src.Go, opts: opts}
	for _, setting := range []string{src.Go.CPPFlags, src.Go.CFlags} {
		words, err := splitQuoted(setting)
		if err != nil {
			return Compiler{}, &UsageError{Reason: fmt.Sprintf("CGO_CFLAGS or CGO_CPPFLAGS %q: %v", setting, err)}
		}
		c.flags = append(c.flags, words...)
	}
	words, err := splitQuoted(src.Go.CC)
	if err != nil || len(words) == 0 && strings.TrimSpace(src.Go.CC) != "" {
		return Compiler{}, &UsageError{Reason: fmt.Sprintf("CC=%q names no C compiler", src.Go.CC)}
	}
	if !isDefaultWord(src.Go.CC) {
		return c.given(ctx, words)
	}
	// The usual case costs no look at the compiler.
	if c.target.native && c.target.libc == glibc && opts.Sysroot == "" && opts.MaxGlibc == "" && b.Setting("-msan") != "true" &&
		runsHere(b.Interpreter) && len(words) > 0 && c.have(words[0]) {
		return Compiler{Why: "this machine's own"}, nil
	}
	return c.choose(ctx, strings.Join(words, ""))
}

// fault says what keeps a compiler from making plugins for the host: "" for nothing.
// Only the C library may be wrong and yet do, where libc says so.
func (c *ccChooser) fault(f cFacts) (reason string, libc bool) {
	switch {
	case !f.system:
		return fmt.Sprintf("does not compile for Linux, and %s is for %s", c.host.File, c.host.Platform), false
	case f.machine != c.target.machine():
		return fmt.Sprintf("makes code for %s, and %s is for %s", orUnknown(f.machine), c.host.File, c.machineOfHost()), false
	case f.missing != "":
		return fmt.Sprintf("makes code for %s and has no C library for it: %s", f.machine, f.missing), false
	case f.libc != c.target.libc:
		return fmt.Sprintf("compiles against %s, and %s runs on %s", f.libc, c.host.File, c.target.libc), true
	}
	return "", false
}

func (c *ccChooser) machineOfHost() string {
	if c.target.goarch == "arm" {
		return "linux/" + c.target.machine()
	}
	return c.host.Platform
}

func orUnknown(machine string) string {
	if machine == "" {
		return "a machine that has no Go plugins"
	}
	return machine
}

// given checks the compiler that the user chose.
func (c *ccChooser) given(ctx context.Context, words []string) (Compiler, error) {
	if !c.have(words[0]) {
		e := c.refuse("")
		e.CC = words[0]
		return Compiler{}, e
	}
	out := Compiler{Why: "CC names it", CXX: c.cxxFor(words)}
	with, warning, err := c.withSysroot(ctx, words)
	if err != nil {
		return Compiler{}, err
	}
	if warning != "" {
		out.warnings = append(out.warnings, warning)
	}
	f, err := c.ask(ctx, words, append(c.flags, with...))
	if err != nil {
		return Compiler{}, c.refuse(fmt.Sprintf("CC=%q does not compile: %v", c.goEnv.CC, err))
	}
	switch reason, libc := c.fault(f); {
	case reason == "":
	case libc && c.target.libc == musl && f.libc == glibc:
		out.warnings = append(out.warnings, fmt.Sprintf("CC=%q %s: it is built with that all the same", c.goEnv.CC, reason))
	default:
		return Compiler{}, c.refuse(fmt.Sprintf("CC=%q %s", c.goEnv.CC, reason))
	}
	if !c.target.native && len(with) == 0 { // clang compiles for every machine, and links for those it has a linker for
		no, err := c.links(ctx, words, c.flags)
		if err != nil {
			return Compiler{}, err
		}
		if no != "" {
			return Compiler{}, c.refuse(fmt.Sprintf("CC=%q cannot link for %s: %s", c.goEnv.CC, f.machine, no))
		}
	}
	return c.finish(out, words, with)
}

// refuse says that the user's choice does not do, and what would.
func (c *ccChooser) refuse(reason string) *CompilerError {
	e := &CompilerError{CC: c.goEnv.CC, Platform: c.host.Platform, Reason: reason}
	for _, candidate := range c.target.candidates("", "") {
		// gcc and clang are on many machines without what it takes for another one.
		if c.have(candidate.cc[0]) && (!isDefaultWord(candidate.cc[0]) || c.target.native && c.target.libc == glibc) {
			e.Packages = append(e.Packages, fmt.Sprintf("unset CC, or set it to %s, which is on this machine", joinWords(candidate.cc)))
			break
		}
	}
	e.Packages = append(e.Packages, c.target.compilerPackages()...)
	return e
}

// choose finds a compiler where the user named none.
func (c *ccChooser) choose(ctx context.Context, word string) (Compiler, error) {
	var refused []string
	var second *Compiler // does, but not as asked
	for _, candidate := range c.target.candidates(word, c.opts.MaxGlibc) {
		if c.host.Setting("-msan") == "true" && !strings.HasPrefix(candidate.cc[0], "clang") {
			continue // cmd/go: -msan requires clang
		}
		if !c.have(candidate.cc[0]) {
			continue
		}
		out, reason, libc, err := c.try(ctx, candidate)
		if err != nil {
			return Compiler{}, err
		}
		switch {
		case reason == "":
			return out, nil
		case libc && second == nil:
			second = &out
		case !libc:
			refused = append(refused, strings.Join(candidate.cc, " ")+" "+reason)
		}
	}
	if second != nil {
		return *second, nil
	}
	e := &CompilerError{CC: c.first(word), Platform: c.host.Platform, Packages: c.target.compilerPackages()}
	if c.host.Setting("-msan") == "true" {
		e.CC, e.Packages = "clang", []string{"Debian and Ubuntu: apt-get install clang", "Alpine: apk add clang compiler-rt", "Fedora: dnf install clang"}
	}
	if len(refused) > 0 {
		e.Reason = strings.Join(refused, "; ")
	}
	return Compiler{}, e
}

// first names the compiler that is looked for before all others.
func (c *ccChooser) first(word string) string {
	if c.target.native && c.target.libc == glibc && word != "" {
		return word
	}
	if c.target.native && c.target.libc == musl {
		return "musl-gcc"
	}
	return c.target.triple() + "-gcc"
}

// try looks at one candidate. Acceptable says that it does where nothing better is
// there; out is then what to build with.
func (c *ccChooser) try(ctx context.Context, candidate candidate) (out Compiler, reason string, acceptable bool, err error) {
	if cc := strings.TrimSpace(getEnv(c.opts.Env, "CC")); cc != "" && !c.target.native {
		candidate.why += fmt.Sprintf("; CC=%s is this machine's own", cc)
	}
	out = Compiler{Why: candidate.why, CXX: joinWords(candidate.cxx)}
	with, warning, err := c.withSysroot(ctx, candidate.cc)
	if err != nil {
		return out, "", false, err
	}
	if warning != "" {
		out.warnings = append(out.warnings, warning)
	}
	f, err := c.ask(ctx, candidate.cc, append(c.flags, with...))
	if err != nil {
		if ctx.Err() != nil {
			return out, "", false, ctx.Err()
		}
		return out, "does not compile: " + err.Error(), false, nil
	}
	reason, acceptable = c.fault(f)
	acceptable = acceptable && c.target.libc == musl && f.libc == glibc
	if acceptable {
		out.warnings = append(out.warnings, fmt.Sprintf("%s runs on musl, and no C compiler for musl is on this machine (%s): %s compiles against glibc",
			c.host.File, c.target.compilerPackages()[0], strings.Join(candidate.cc, " ")))
	}
	if reason == "" && candidate.link {
		no, err := c.links(ctx, candidate.cc, append(c.flags, with...))
		if err != nil {
			return out, "", false, err
		}
		if no != "" {
			return out, "cannot link for " + f.machine + ": " + no, false, nil
		}
	}
	if reason == "" && c.opts.MaxGlibc != "" && f.version != "" && newerGlibc(f.version, c.opts.MaxGlibc) {
		reason, acceptable = "is for glibc "+f.version, true
	}
	if reason != "" && !acceptable {
		return out, reason, false, nil
	}
	out, err = c.finish(out, candidate.cc, with)
	return out, reason, acceptable, err
}

// withSysroot gives the flag that hands the sysroot to the compiler. A folder that
// holds libraries to run with and none to link with is the verdict's alone.
func (c *ccChooser) withSysroot(ctx context.Context, cc []string) (flags []string, warning string, err error) {
	if c.opts.Sysroot == "" {
		return nil, "", nil
	}
	flags = []string{"--sysroot=" + c.opts.Sysroot}
	if f, err := c.ask(ctx, cc, append(c.flags, flags...)); err == nil && f.missing == "" {
		no, err := c.links(ctx, cc, append(c.flags, flags...))
		if err != nil {
			return nil, "", err
		}
		if no == "" {
			return flags, "", nil
		}
	}
	if ctx.Err() != nil {
		return nil, "", ctx.Err()
	}
	return nil, fmt.Sprintf("sysroot %s has nothing to compile and link with for %s: the verdict looks at its libraries, and what %s has by itself is built with", c.opts.Sysroot, c.target.triple(), strings.Join(cc, " ")), nil
}

// finish writes down what the go command is to be told.
func (c *ccChooser) finish(out Compiler, words, with []string) (Compiler, error) {
	all := append(append([]string{}, words...), with...)
	if joined := joinWords(all); joined != strings.TrimSpace(c.goEnv.CC) {
		out.CC = joined
	}
	if len(with) > 0 && out.CXX == "" {
		if cxx, err := splitQuoted(c.goEnv.CXX); err == nil && len(cxx) > 0 {
			out.CXX = joinWords(cxx)
		}
	}
	if out.CXX != "" && len(with) > 0 {
		out.CXX += " " + joinWords(with)
	}
	if !isDefaultCXX(c.goEnv.CXX) && len(with) == 0 {
		out.CXX = "" // the user's own, which knows its target
	}
	out.Env = c.target.pkgConfig(c.opts.Sysroot, c.opts.Env, c.have)
	return out, nil
}

// cxxFor gives the C++ compiler that goes with the user's C compiler, where the user
// named none and it is on this machine; for this machine's own code any does.
func (c *ccChooser) cxxFor(cc []string) string {
	if !isDefaultCXX(c.goEnv.CXX) {
		return c.goEnv.CXX
	}
	words := cxxWords(cc)
	if c.target.native && c.opts.Sysroot == "" || len(words) == 0 || !c.have(words[0]) {
		return ""
	}
	return joinWords(words)
}

func isDefaultCXX(cxx string) bool {
	switch strings.TrimSpace(cxx) {
	case "", "g++", "clang++", "c++":
		return true
	}
	return false
}

// joinWords writes words as splitQuoted reads them. Words with both kinds of quotes,
// which the go command cannot be given, are left to its error.
func joinWords(words []string) string {
	quoted := make([]string, 0, len(words))
	for _, word := range words {
		if word == "" {
			continue
		}
		if q, err := quoteWord(word); err == nil {
			word = q
		}
		quoted = append(quoted, word)
	}
	return strings.Join(quoted, " ")
}

// newerGlibc compares two releases of glibc, as in 2.36.
func newerGlibc(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		if m, n := numberAt(x, i), numberAt(y, i); m != n {
			return m > n
		}
	}
	return false
}

func numberAt(list []string, i int) int {
	if i >= len(list) {
		return 0
	}
	n, err := strconv.Atoi(list[i])
	if err != nil {
		return 0
	}
	return n
}
