//go:build linux

package loader_test

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// docs/security.md says what is not defended. A limit that falls is to be told there.

// TestLibrariesAreNotSigned shows that a signature covers the plugin's file and not the C
// libraries that the dynamic linker finds for it.
func TestLibrariesAreNotSigned(t *testing.T) {
	dir := t.TempDir()
	library := func(source string) {
		t.Helper()
		file := write(t, dir, "c.c", []byte(source))
		if out, err := exec.Command("cc", "-shared", "-fPIC", "-Wl,-soname,libbeside.so", "-o", filepath.Join(dir, "libbeside.so"), file).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	library("int answer(void) { return 42; }\n")
	plugin := filepath.Join(dir, "p.so")
	build := exec.Command("go", "build", "-buildmode=plugin", "-o", plugin, "./testdata/beside")
	build.Env = append(build.Environ(), "CGO_LDFLAGS=-L"+dir+" -lbeside -Wl,-rpath,"+dir)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	key := newSigner(t)
	key.sign(t, plugin)
	library(`#include <stdio.h>
#include <stdlib.h>
__attribute__((constructor)) static void come(void) { FILE *f = fopen(getenv("LOADER_TEST_MARKER"), "a"); fputs("library\n", f); fclose(f); }
int answer(void) { return 43; }
`)
	lines, inits := run(t, "-key", key.file, "open="+plugin)
	if l := lines[0]; l.Error != "" || !slices.Equal(inits, []string{"library", "beside"}) {
		t.Errorf("error %q, inits %v; want that the other library's code ran", l.Error, inits)
	}
}

// TestInitRunsAtOpen shows that a plugin's code runs before anything is asked of it.
func TestInitRunsAtOpen(t *testing.T) {
	file := put(t, "twin.so", t.TempDir(), "p.so")
	key := newSigner(t)
	key.sign(t, file)
	if lines, inits := run(t, "-key", key.file, "open="+file); lines[0].Error != "" || !slices.Equal(inits, []string{"twingood"}) {
		t.Errorf("error %q, inits %v", lines[0].Error, inits)
	}
}
