//go:build platforms

package builder_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
)

// A board is a machine that hosts are cross-built for, and that an emulator plays.
type board struct {
	name   string
	env    []string // how its hosts are built
	triple string   // of Debian's cross compiler
	run    []string // what a host's command line begins with
}

func newBoard(name, triple, qemu string, env ...string) board {
	return board{name, append([]string{"CGO_ENABLED=1", "CC=" + triple + "-gcc", "CXX=" + triple + "-g++"}, env...), triple, []string{qemu, "-L", "/usr/" + triple}}
}

var boards = []board{
	newBoard("arm64", "aarch64-linux-gnu", "qemu-aarch64", "GOARCH=arm64"),
	newBoard("s390x", "s390x-linux-gnu", "qemu-s390x", "GOARCH=s390x"),
	newBoard("riscv64", "riscv64-linux-gnu", "qemu-riscv64", "GOARCH=riscv64"),
	newBoard("ppc64le", "powerpc64le-linux-gnu", "qemu-ppc64le", "GOARCH=ppc64le"),
	newBoard("arm", "arm-linux-gnueabihf", "qemu-arm", "GOARCH=arm", "GOARM=7"),
	newBoard("armel", "arm-linux-gnueabi", "qemu-arm", "GOARCH=arm", "GOARM=5"),
	{"386", []string{"CGO_ENABLED=1", "CC=i686-linux-gnu-gcc", "GOARCH=386"}, "i686-linux-gnu",
		[]string{"env", "LD_LIBRARY_PATH=/usr/i686-linux-gnu/lib", "/usr/i686-linux-gnu/lib/ld-linux.so.2"}},
}

// load is bench.load in the emulator.
func (m board) load(b *bench, plugin string) string {
	b.t.Helper()
	return strings.TrimSpace(b.run(b.dir, nil, m.run[0], append(m.run[1:len(m.run):len(m.run)], b.bin, plugin)...))
}

// checkLoads builds the plugin for the host and for its descriptor, and opens both.
func (m board) checkLoads(b *bench, opts builder.Options) *builder.Result {
	b.t.Helper()
	res, err := b.build(opts)
	if err != nil {
		b.t.Fatal(err)
	}
	if got := m.load(b, res.Output); got != "loads: "+usual {
		b.t.Errorf("the host says %q", got)
	}
	data, err := b.open().Descriptor()
	if err != nil {
		b.t.Fatal(err)
	}
	bin := b.bin
	defer func() { b.bin = bin }()
	b.bin = filepath.Join(b.dir, "host.json")
	b.write(b.bin, string(data))
	opts.Output = filepath.Join(b.dir, "described.so")
	described, err := b.build(opts)
	if err != nil {
		b.t.Fatalf("from the descriptor: %v", err)
	}
	b.bin = bin
	if got := m.load(b, described.Output); got != "loads: "+usual {
		b.t.Errorf("of what was built from the descriptor the host says %q", got)
	}
	return res
}

// TestPlatformHosts: hosts of other machines get plugins that load there, without a
// setting of the user's.
func TestPlatformHosts(t *testing.T) {
	t.Parallel()
	for _, m := range boards {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.sums(b.host)
			b.buildHost(m.env, "-trimpath")
			ownFolder(b)
			res := m.checkLoads(b, b.options())
			if cc := res.Plan.Compiler.CC; cc != m.triple+"-gcc" {
				t.Errorf("C compiler %q (%s), want %s-gcc", cc, res.Plan.Compiler.Why, m.triple)
			}
			b.noneLeft()
		})
	}
}

// platformCases are builds for an arm64 host by users with settings of their own.
var platformCases = []struct {
	name  string
	flags []string // of the host's build
	setup func(*bench)
	opts  func(*builder.Options)
	cc    string // "" for the user's
	warns string
}{
	{name: "untrimmed", cc: "aarch64-linux-gnu-gcc"},
	{name: "the user says gcc", flags: []string{"-trimpath"}, setup: func(b *bench) { b.set("CC=gcc", "CXX=g++", "GOARCH=s390x") }, cc: "aarch64-linux-gnu-gcc"},
	{name: "the user says clang", flags: []string{"-trimpath"}, setup: func(b *bench) { b.set("CC=clang") }, cc: "clang --target=aarch64-linux-gnu"},
	{name: "words of the user's", flags: []string{"-trimpath"}, setup: func(b *bench) { b.set("CC=clang --target=aarch64-linux-gnu -O1") }},
	{name: "C++", flags: []string{"-trimpath"}, cc: "aarch64-linux-gnu-gcc", setup: func(b *bench) {
		b.write(filepath.Join(b.plugin, "plus.go"), "package main\n\n// int plus(void);\nimport \"C\"\n\n// Plus counts.\nfunc Plus() int { return int(C.plus()) }\n")
		b.write(filepath.Join(b.plugin, "plus.cc"), "#include <string>\n\nextern \"C\" int plus() { return std::to_string(12345).size(); }\n")
	}},
	{name: "sysroot to run with", flags: []string{"-trimpath"}, cc: "aarch64-linux-gnu-gcc", warns: "nothing to compile and link with",
		opts: func(o *builder.Options) { o.Sysroot = "/usr/aarch64-linux-gnu" }},
}

func TestPlatformUsers(t *testing.T) {
	t.Parallel()
	m := boards[0]
	for _, c := range platformCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.sums(b.host)
			b.buildHost(m.env, c.flags...)
			ownFolder(b)
			if c.setup != nil {
				c.setup(b)
			}
			opts := b.options()
			if c.opts != nil {
				c.opts(&opts)
			}
			res := m.checkLoads(b, opts)
			if cc := res.Plan.Compiler.CC; cc != c.cc {
				t.Errorf("C compiler %q (%s), want %q", cc, res.Plan.Compiler.Why, c.cc)
			}
			if c.warns != "" && !slices.ContainsFunc(res.Warnings, func(w string) bool { return strings.Contains(w, c.warns) }) {
				t.Errorf("no warning says %q: %q", c.warns, res.Warnings)
			}
		})
	}
}

// TestPlatformRace: instrumented hosts get instrumented plugins; the emulators do not
// have the address space that it takes to run them.
func TestPlatformRace(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.sums(b.host)
	b.buildHost(boards[0].env, "-trimpath", "-race")
	ownFolder(b)
	res, err := b.build(b.options())
	if err != nil || res.Verdict.Worst() != inspector.Loads || !slices.Contains(res.Plan.Flags, "-race") {
		t.Errorf("%v: %+v", err, res)
	}
}

// TestPlatformCompilers: a compiler that does not do is told before anything is built.
func TestPlatformCompilers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.sums(b.host)
	b.buildHost(boards[0].env, "-trimpath")
	ownFolder(b)
	bare := filepath.Join(b.dir, "bare")
	b.mkdir(bare)
	for _, tool := range []string{"go", "gcc"} {
		if err := os.Symlink(strings.TrimSpace(b.run(b.dir, nil, "which", tool)), filepath.Join(bare, tool)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		env  string
		want []string
	}{
		{"CC=s390x-linux-gnu-gcc", []string{`CC="s390x-linux-gnu-gcc" makes code for s390x, and`, "is for linux/arm64", "unset CC, or set it to aarch64-linux-gnu-gcc", "apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross"}},
		{"CC=/usr/bin/gcc", []string{`CC="/usr/bin/gcc" makes code for amd64`}},
		{"CC=clang --target=aarch64-linux-musl --sysroot=/nowhere", []string{"cannot link for arm64"}},
		{"PATH=" + bare, []string{`"aarch64-linux-gnu-gcc" is not to be found`, "apt-get install gcc-aarch64-linux-gnu", "zig cc -target aarch64-linux-gnu"}},
	} {
		t.Run(c.env, func(t *testing.T) {
			opts := b.options()
			opts.Env = append(slices.Clone(opts.Env), c.env)
			_, err := b.build(opts)
			if !is[*builder.CompilerError](err) {
				t.Fatalf("error is %v", err)
			}
			text := err.Error() + "\n" + strings.Join(err.(*builder.CompilerError).Hints(), "\n")
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("it does not say %q:\n%s", want, text)
				}
			}
		})
	}
}
