//go:build linux && libraries

package builder_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/builder"
)

// libraryCases are hosts on musl, and hosts of other compilers and linkers: these tests
// need musl-gcc, clang, lld and mold.
var libraryCases = []struct {
	name  string
	env   []string // of the host's build
	flags []string
	user  []string // the plugin's author's settings
	cc    string   // "" for the user's
}{
	{name: "musl", env: []string{"CC=musl-gcc"}, flags: []string{"-trimpath"}, cc: "musl-gcc"},
	{name: "musl, untrimmed, the user says gcc", env: []string{"CC=musl-gcc"}, user: []string{"CC=gcc"}, cc: "musl-gcc"},
	{name: "musl, the user's own compiler is of glibc", env: []string{"CC=musl-gcc"}, flags: []string{"-trimpath"}, user: []string{"CC=/usr/bin/gcc"}},
	{name: "clang", env: []string{"CC=clang"}},
	{name: "clang for both", env: []string{"CC=clang"}, flags: []string{"-trimpath"}, user: []string{"CC=clang"}},
	{name: "lld", flags: []string{"-trimpath", "-ldflags=-extldflags=-fuse-ld=lld"}},
	{name: "mold", flags: []string{"-ldflags=-extldflags=-fuse-ld=mold"}},
	{name: "gold", flags: []string{"-ldflags=-extldflags=-fuse-ld=gold"}},
}

func TestLibrariesOfHosts(t *testing.T) {
	t.Parallel()
	for _, c := range libraryCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.sums(b.host)
			b.buildHost(c.env, c.flags...)
			ownFolder(b)
			b.set(c.user...)
			res, err := b.build(b.options())
			if err != nil {
				t.Fatal(err)
			}
			if got := b.load(res.Output); got != "loads: "+usual {
				t.Errorf("the host says %q", got)
			}
			if got := res.Plan.Compiler.CC; got != c.cc {
				t.Errorf("C compiler %q (%s), want %q", got, res.Plan.Compiler.Why, c.cc)
			}
			if c.cc == "" && strings.HasPrefix(c.name, "musl") && !strings.Contains(strings.Join(res.Warnings, "\n"), "runs on musl") {
				t.Errorf("no warning of glibc: %q", res.Warnings)
			}
		})
	}
}

// TestLibrariesOfNoMusl: what musl does not have is a refusal that names who calls it.
func TestLibrariesOfNoMusl(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.sums(b.host)
	b.buildHost([]string{"CC=musl-gcc"}, "-trimpath")
	ownFolder(b)
	b.write(filepath.Join(b.plugin, "print.go"), "package main\n\n// void print(void);\nimport \"C\"\n\n// Print prints.\nfunc Print() { C.print() }\n")
	b.write(filepath.Join(b.plugin, "print.c"), "#include <stdio.h>\n\nint __fprintf_chk(FILE *, int, const char *, ...);\nvoid print(void) { __fprintf_chk(stderr, 1, \"%d\", 1); }\n")
	b.set("CC=/usr/bin/gcc")
	_, err := b.build(b.options())
	if !is[*builder.NoFitError](err) || !strings.Contains(err.Error(), "__fprintf_chk is called from example.com/plugin (function print in print.c)") {
		t.Errorf("error is %v", err)
	}
}

// TestLibrariesOfSysroots: a folder that holds a machine's headers and libraries is
// compiled and linked with.
func TestLibrariesOfSysroots(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.sums(b.host)
	b.buildHost(nil, "-trimpath")
	ownFolder(b)
	root := filepath.Join(b.dir, "a sysroot")
	b.mkdir(filepath.Join(root, "lib64"))
	b.mkdir(filepath.Join(root, "usr"))
	for _, copied := range [][]string{
		{"sh", "-c", `cp -L /lib64/ld-linux-x86-64.so.2 "$0/lib64/"`, root},
		{"ln", "-s", "/usr/include", filepath.Join(root, "usr", "include")},
		{"sh", "-c", `mkdir -p "$0/lib/x86_64-linux-gnu" "$0/usr/lib/x86_64-linux-gnu"; cd /usr/lib/x86_64-linux-gnu
			cp -L libc.so.6 libm.so.6 libpthread.so.0 libdl.so.2 libmvec.so.1 "$0/lib/x86_64-linux-gnu/"; cp -L *crt*.o libc.so libc_nonshared.a libpthread.a libdl.a libm.so libresolv.so "$0/usr/lib/x86_64-linux-gnu/"`, root},
	} {
		b.run(b.dir, nil, copied[0], copied[1:]...)
	}
	opts := b.options()
	opts.Sysroot = root
	res, err := b.build(opts)
	if err != nil {
		t.Fatal(err)
	}
	if got := res.Plan.Compiler.CC; got != "gcc '--sysroot="+root+"'" {
		t.Errorf("C compiler %s", got)
	}
	if got := b.load(res.Output); got != "loads: "+usual {
		t.Errorf("the host says %q", got)
	}

	// Without headers it is the verdict's alone, and a libc that is not there refuses.
	if err := os.Remove(filepath.Join(root, "usr", "include")); err != nil {
		t.Fatal(err)
	}
	res, err = b.build(opts)
	if err != nil || res.Plan.Compiler.CC != "" || !strings.Contains(strings.Join(res.Warnings, "\n"), "nothing to compile and link with") {
		t.Errorf("%v: %+v", err, res)
	}
}
