//go:build platforms

package inspector_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// foreignScenes are played on every machine that there is an emulator for, with the
// cross compiler's folder as its file system.
var foreignScenes = []scene{
	{"good", "good l", "p.so plain.so"},
	{"missing", "", "p.so plain.so"},
	{"text first", "mkdir l; echo a text that is as long as a whole ELF header, sixty four bytes and more > l/libfoo.so.1; good m", "p.so"},
	{"version missing", "lib l $LIBFOO/foo.map $LIBFOO/foo.c", "p.so"},
	{"version without the symbol", "lib l $LIBS/swapped.map $LIBFOO/foo.c $LIBFOO/foo2.c", "p.so plain.so"},
	{"undefined of a library", "lib l $LIBFOO/foo2.map $LIBS/needs_more.c $LIBFOO/foo2.c", "p.so plain.so"},
	{"missing of a library", "clib libmore.so.1 $LIBS/more.c -Wl,-soname,libmore.so.1; lib l $LIBFOO/foo2.map $LIBS/needs_more.c $LIBFOO/foo2.c ./libmore.so.1", "p.so"},
	{"another machine's library", "mkdir l; cp $FOREIGN l/libfoo.so.1; good m", "p.so"},
	{"another machine's library only", "mkdir l; cp $FOREIGN l/libfoo.so.1", "p.so"},
	{"libm", "lib l $LIBFOO/foo2.map $LIBS/cosine.c $LIBFOO/foo2.c -lm", "p.so"},
	{"libm that is not needed", "lib l $LIBFOO/foo2.map $LIBS/cosine.c $LIBFOO/foo2.c", "p.so"},
	{"static TLS that fits", "lib l $LIBFOO/foo2.map -DBYTES=1400 $LIBS/tls.c $LIBFOO/foo2.c", "p.so"},
	{"too much static TLS", "lib l $LIBFOO/foo2.map -DBYTES=1900 $LIBS/tls.c $LIBFOO/foo2.c", "p.so plain.so"},
	{"static TLS, aligned", "lib l $LIBFOO/foo2.map -DBYTES=64 -DALIGN=256 $LIBS/tls.c $LIBFOO/foo2.c", "p.so"},
	{"dynamic TLS", "lib l $LIBFOO/foo2.map -DBYTES=4000 -DMODEL='\"global-dynamic\"' $LIBS/tls.c $LIBFOO/foo2.c", "p.so"},
}

func TestLibrariesElsewhere(t *testing.T) {
	t.Parallel()
	for _, m := range machines {
		if m.goarch == "386" {
			continue // its file system is this machine's, which has other libraries
		}
		t.Run(m.name(), func(t *testing.T) {
			t.Parallel()
			for _, s := range foreignScenes {
				t.Run(s.name, func(t *testing.T) {
					t.Parallel()
					m.play(t, s)
				})
			}
		})
	}
}

func (m machine) play(t *testing.T, s scene) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "scene")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-ec", "gcc() { "+m.triple+"-gcc \"$@\"; }\n"+libTools+"cp $P p.so; cp $PLAIN plain.so\n"+s.script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "P="+m.build(t, "lib-plugin.so", libPlugin), "PLAIN="+m.file(t, "plain.so"), "FOREIGN="+shop.file(t, "clib.so"),
		"LIBFOO="+filepath.Join(shop.dir, "libfoo"), "LIBS="+filepath.Join(shop.dir, "libs"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", s.script, err, out)
	}
	var files []string
	for _, f := range strings.Fields(s.files) {
		files = append(files, filepath.Join(dir, f))
	}
	host := m.file(t, "host")
	want := reallyRun(t, slices.Concat(m.run, []string{host}), files)
	for _, h := range []string{host, describe(t, host)} {
		v := verdictIn(t, inspector.Options{Sysroot: "/usr/" + m.triple}, h, files)
		for i, p := range v.Plugins {
			t.Logf("host %s: %s %q", filepath.Base(p.File), want[i].outcome, want[i].refusal)
			if p.Outcome != want[i].outcome || p.Refusal != want[i].refusal {
				t.Errorf("%s:\n verdict %s %q\n really  %s %q", p.File, p.Outcome, p.Refusal, want[i].outcome, want[i].refusal)
			}
		}
	}
}

// TestMuslElsewhere: musl does not look at a file's machine, only at its relocations.
func TestMuslElsewhere(t *testing.T) {
	t.Parallel()
	arm := machines[slices.IndexFunc(machines, func(m machine) bool { return m.goarch == "arm64" })]
	host := shop.build(t, "host-musl", "CC=musl-gcc go build -trimpath -o OUT ./host")
	files := []string{arm.file(t, "plain.so"), shop.file(t, "plain.so")}
	compareVerdict(t, host, files, reallyOpen(t, host, files))
}
