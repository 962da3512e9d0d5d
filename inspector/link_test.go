package inspector_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// libPlugin is a plugin that calls foo of libfoo.so.1 in version FOO_2, and looks for
// that library in the folders l and m beside itself.
const libPlugin = "mkdir OUT.d && gcc -shared -fPIC -Wl,-soname,libfoo.so.1 -Wl,--version-script=libfoo/foo2.map -o OUT.d/libfoo.so libfoo/foo.c libfoo/foo2.c && " +
	"CGO_LDFLAGS='-LOUT.d -lfoo -Wl,-rpath,$ORIGIN/l:$ORIGIN/m' go build -trimpath -buildmode=plugin -o OUT ./needslib"

// otherPlugin is such a plugin under another path.
const otherPlugin = "mkdir OUT.d && gcc -shared -fPIC -Wl,-soname,libfoo.so.1 -Wl,--version-script=libfoo/foo2.map -o OUT.d/libfoo.so libfoo/foo.c libfoo/foo2.c && " +
	"CGO_LDFLAGS='-LOUT.d -lfoo' go build -trimpath -buildmode=plugin -o OUT needslib/main.go"

// fortifiedPlugin calls functions of glibc alone.
const fortifiedPlugin = "CGO_CFLAGS='-O2 -D_FORTIFY_SOURCE=2' go build -trimpath -buildmode=plugin -o OUT ./libs/fortified"

// libTools are the shell functions that a scene is set with.
const libTools = `
lib() { # DIR MAP SOURCES AND FLAGS
	mkdir -p $1; d=$1; map=$2; shift 2
	[ $map = - ] || set -- -Wl,--version-script=$map "$@"
	gcc -shared -fPIC -Wl,-soname,libfoo.so.1 -o $d/libfoo.so.1 "$@"
}
good() { lib $1 $LIBFOO/foo2.map $LIBFOO/foo.c $LIBFOO/foo2.c; }
clib() { o=$1; shift; gcc -shared -fPIC -o $o "$@"; } # a C library that stands for a plugin
`

// A scene is a folder with plugins and libraries, which a host that lies there opens.
type scene struct{ name, script, files string }

var scenes = []scene{
	{"good", "good l", "p.so"},
	{"second folder", "mkdir l; good m", "p.so"},
	{"version without the symbol", "lib l $LIBS/swapped.map $LIBFOO/foo.c $LIBFOO/foo2.c", "p.so plain.so"},
	{"both versions", "lib l $LIBS/both.map $LIBS/both.c", "p.so"},
	{"no versions but others'", "lib l - $LIBS/uses_libc.c", "p.so"},
	{"no versions at all", "lib l - -nostdlib $LIBFOO/foo.c", "p.so"},
	{"weak reference of a library", "lib l $LIBFOO/foo2.map $LIBS/weak.c $LIBFOO/foo2.c", "p.so"},
	{"hidden reference", "lib l $LIBFOO/foo2.map $LIBS/hidden_ref.c $LIBFOO/foo2.c", "p.so"},
	{"ifunc", "lib l $LIBFOO/foo2.map $LIBS/ifunc.c $LIBFOO/foo2.c", "p.so"},

	{"unversioned reference to a hidden version", "lib l $LIBS/swapped.map $LIBS/hidden.c; clib c.so -Wl,--no-as-needed,--allow-shlib-undefined,--unresolved-symbols=ignore-all $LIBFOO/undefined.c l/libfoo.so.1 -Wl,-rpath,'$ORIGIN/l'", "c.so"},
	{"unversioned reference to two hidden versions", "lib l $LIBS/both.map $LIBS/hidden2.c; clib c.so -Wl,--no-as-needed,--allow-shlib-undefined,--unresolved-symbols=ignore-all $LIBFOO/undefined.c l/libfoo.so.1 -Wl,-rpath,'$ORIGIN/l'", "c.so"},
	{"unversioned reference to a version", "lib m - $LIBFOO/foo.c; clib c.so $LIBFOO/undefined.c m/libfoo.so.1 -Wl,-rpath,'$ORIGIN/m'; good m", "c.so"},

	{"text first", "mkdir l; echo a text that is as long as a whole ELF header, sixty four bytes and more > l/libfoo.so.1; good m", "p.so plain.so"},
	{"short first", "mkdir l; echo short > l/libfoo.so.1; good m", "p.so"},
	{"empty first", "mkdir l; : > l/libfoo.so.1; good m", "p.so"},
	{"folder first", "mkdir -p l/libfoo.so.1; good m", "p.so"},
	{"dangling link first", "mkdir l; ln -s nowhere l/libfoo.so.1; good m", "p.so"},
	{"circular link first", "mkdir l; ln -s libfoo.so.1 l/libfoo.so.1; good m", "p.so"},
	{"circular link only", "mkdir l; ln -s libfoo.so.1 l/libfoo.so.1", "p.so"},
	{"file in the folder's place", ": > l; good m", "p.so"},
	{"other class first", "good m; mkdir l; cp m/libfoo.so.1 l; printf '\\001' | dd of=l/libfoo.so.1 bs=1 seek=4 conv=notrunc", "p.so"},
	{"other class only", "good l; printf '\\001' | dd of=l/libfoo.so.1 bs=1 seek=4 conv=notrunc", "p.so"},
	{"other machine first", "good m; mkdir l; cp m/libfoo.so.1 l; printf '\\267' | dd of=l/libfoo.so.1 bs=1 seek=18 conv=notrunc", "p.so"},
	{"other machine only", "good l; printf '\\267' | dd of=l/libfoo.so.1 bs=1 seek=18 conv=notrunc", "p.so"},
	{"other byte order", "good l; printf '\\002' | dd of=l/libfoo.so.1 bs=1 seek=5 conv=notrunc", "p.so"},
	{"cut", "good l; truncate -s 9000 l/libfoo.so.1", "p.so"},
	{"program under the name", "mkdir l; echo 'int main(void){return 0;}' > m.c; gcc -o l/libfoo.so.1 m.c", "p.so"},
	{"program at a fixed address under the name", "mkdir l; echo 'int main(void){return 0;}' > m.c; gcc -no-pie -o l/libfoo.so.1 m.c", "p.so"},
	{"no sections", "good l; strip l/libfoo.so.1", "p.so"},

	{"missing of a library", "clib libmore.so.1 $LIBS/more.c -Wl,-soname,libmore.so.1; lib l $LIBFOO/foo2.map $LIBS/needs_more.c $LIBFOO/foo2.c ./libmore.so.1", "p.so"},
	{"undefined of a library", "lib l $LIBFOO/foo2.map $LIBS/needs_more.c $LIBFOO/foo2.c", "p.so plain.so"},
	{"library beside a library", "mkdir l; clib l/libmore.so.1 $LIBS/more.c -Wl,-soname,libmore.so.1; lib l $LIBFOO/foo2.map $LIBS/needs_more.c $LIBFOO/foo2.c l/libmore.so.1 -Wl,-rpath,'$ORIGIN'", "p.so"},
	{"rpath does not reach behind runpath", "mkdir l; clib l/libmore.so.1 $LIBS/more.c -Wl,-soname,libmore.so.1; lib l $LIBFOO/foo2.map $LIBS/needs_more.c $LIBFOO/foo2.c l/libmore.so.1", "p.so"},
	{"version of a library's library", "echo 'MORE_1 { global: more; };' > more.map; clib libmore.so.1 $LIBS/more.c -Wl,-soname,libmore.so.1,--version-script=more.map; lib l $LIBFOO/foo2.map $LIBS/needs_more.c $LIBFOO/foo2.c ./libmore.so.1 -Wl,-rpath,'$ORIGIN/..'; echo 'MORE_0 { global: more; };' > more.map; clib libmore.so.1 $LIBS/more.c -Wl,-soname,libmore.so.1,--version-script=more.map", "p.so"},

	{"for the processor", "good l; for v in 2 3 4; do mkdir -p l/glibc-hwcaps/x86-64-v$v; echo a text that is as long as a whole ELF header, sixty four bytes and more > l/glibc-hwcaps/x86-64-v$v/libfoo.so.1; done", "p.so"},
	{"for the processor alone", "good x; for v in 2 3 4; do mkdir -p l/glibc-hwcaps/x86-64-v$v; cp x/libfoo.so.1 l/glibc-hwcaps/x86-64-v$v; done", "p.so"},
	{"for another processor", "good x; mkdir -p l/glibc-hwcaps/x86-64-v9; cp x/libfoo.so.1 l/glibc-hwcaps/x86-64-v9", "p.so"},

	{"already in the process", "good l; cp $OTHER q.so", "p.so q.so"},
	{"not in the process", "good l; cp $OTHER q.so", "q.so p.so"},
	{"unloaded again", "good l; cp $OTHER q.so; clib d.so -Wl,--no-as-needed $LIBS/needs_more.c l/libfoo.so.1 -Wl,-rpath,'$ORIGIN/l'", "d.so q.so"},

	{"filter", "clib l.so $LIBS/more.c -Wl,-F,nothere.so.1", "l.so"},
	{"auxiliary", "good l; clib c.so $LIBFOO/undefined.c -Wl,-f,nothere.so.1", "c.so"},
	{"filter that is there", "good l; clib c.so $LIBFOO/undefined.c -Wl,-F,libfoo.so.1 -Wl,-rpath,'$ORIGIN/l'", "c.so"},

	{"static TLS that fits", "clib c.so -DBYTES=1500 $LIBS/tls.c", "c.so"},
	{"static TLS of a plugin's library", "lib l $LIBFOO/foo2.map -DBYTES=1500 $LIBS/tls.c $LIBFOO/foo2.c", "p.so"},
	{"too much static TLS", "lib l $LIBFOO/foo2.map -DBYTES=4000 $LIBS/tls.c $LIBFOO/foo2.c", "p.so plain.so"},
	{"dynamic TLS", "lib l $LIBFOO/foo2.map -DBYTES=4000 -DMODEL='\"global-dynamic\"' $LIBS/tls.c $LIBFOO/foo2.c", "p.so"},
	{"static TLS, aligned", "lib l $LIBFOO/foo2.map -DBYTES=64 -DALIGN=128 $LIBS/tls.c $LIBFOO/foo2.c", "p.so"},
	{"static TLS, several", "for n in 1 2 3 4 5 6; do clib c$n.so -Dblock=block_c$n -DBYTES=400 $LIBS/tls.c; done; clib d.so -Dblock=block_d -DBYTES=56 $LIBS/tls.c; clib e.so -Dblock=block_e -DBYTES=64 $LIBS/tls.c; clib f.so -Dblock=block_f -DBYTES=8 $LIBS/tls.c", "plain.so c1.so c2.so c3.so c4.so c5.so c6.so d.so e.so f.so"},
	{"static TLS, to the byte", "clib a.so -Dblock=block_a -DBYTES=1655 -DALIGN=1 $LIBS/tls.c; for n in 1 2 3 4 5 6 7 8; do clib b$n.so -Dblock=block_b$n -DBYTES=$((n*8)) -DALIGN=1 $LIBS/tls.c; done", "plain.so a.so b8.so b7.so b6.so b5.so b4.so b3.so b2.so b1.so"},
	{"static TLS, exactly", "for n in 1656 1664 1672 1680 1688 1696 1704 1712 1720 1728; do clib a$n.so -Dblock=block_a$n -DBYTES=$n $LIBS/tls.c; done", "plain.so a1728.so a1720.so a1712.so a1704.so a1696.so a1688.so a1680.so a1672.so a1664.so a1656.so"},
	{"static TLS, alignments", "for n in 64 32 16 8; do clib a$n.so -Dblock=block_a$n -DBYTES=100 -DALIGN=$n $LIBS/tls.c; clib b$n.so -Dblock=block_b$n -DBYTES=100 -DALIGN=$n $LIBS/tls.c; clib c$n.so -Dblock=block_c$n -DBYTES=100 -DALIGN=$n $LIBS/tls.c; clib d$n.so -Dblock=block_d$n -DBYTES=100 -DALIGN=$n $LIBS/tls.c; done", "plain.so a8.so a64.so b16.so b64.so c8.so c64.so a32.so b32.so d16.so d64.so c32.so d32.so b8.so a16.so c16.so"},
	{"static TLS of what failed is given back", "clib a.so -Dblock=block_a -DBYTES=1000 $LIBS/tls.c; clib b.so -Dblock=block_b -DBYTES=1000 -DUNDEFINED $LIBS/tls.c; clib c.so -Dblock=block_c -DBYTES=600 $LIBS/tls.c", "plain.so b.so a.so b.so c.so"},
	{"TLS descriptors", "for n in 1 2 3 4 5 6; do clib c$n.so -Dblock=block_c$n -DBYTES=200 -DMODEL='\"global-dynamic\"' -mtls-dialect=gnu2 $LIBS/tls.c; done; clib a.so -Dblock=block_a -DBYTES=1200 $LIBS/tls.c; clib b.so -Dblock=block_b -DBYTES=1000 $LIBS/tls.c", "plain.so c1.so c2.so c3.so c4.so c5.so c6.so a.so b.so"},
	{"executable stack", "lib l $LIBFOO/foo2.map $LIBFOO/foo.c $LIBFOO/foo2.c -Wl,-z,execstack", "p.so"},
	{"text relocations", "lib l $LIBFOO/foo2.map $LIBFOO/foo.c $LIBFOO/foo2.c $LIBS/textrel.s -Wl,-z,notext", "p.so"},
}

// setScenes prepares a scene's folder and gives its host and plugins.
func setScene(t *testing.T, host string, s scene) (files []string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "scene")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	src := shop.dir
	plugin := shop.build(t, "lib-plugin.so", libPlugin)
	prepare := "cp $P p.so; cp $PLAIN plain.so\n"
	if host == "host-musl" {
		prepare += "cp $M m.so; cp $MP mp.so; cp $F f.so\n"
	}
	cmd := exec.Command("sh", "-ec", libTools+prepare+s.script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "P="+plugin, "PLAIN="+shop.file(t, "plain.so"), "OTHER="+shop.build(t, "other-lib-plugin.so", otherPlugin),
		"OTHERGO="+shop.file(t, "other.so"), "UNTRIM="+shop.file(t, "plain-untrim.so"), "DEP="+shop.file(t, "dep1.so"),
		"PROGRAM="+shop.file(t, "program"), "PIE="+shop.file(t, "pie"), "RELR="+shop.file(t, "plain-relr.so"), "PATHSO="+shop.file(t, "plain-path.so"),
		"F="+shop.build(t, "lib-plugin-fortified.so", fortifiedPlugin),
		"LIBFOO="+filepath.Join(src, "libfoo"), "LIBS="+filepath.Join(src, "libs"))
	if host == "host-musl" {
		cmd.Env = append(cmd.Env,
			"M="+shop.build(t, "plain-musl.so", "CC=musl-gcc go build -trimpath -buildmode=plugin -o OUT ./plain"),
			"MP="+shop.build(t, "lib-plugin-musl.so", strings.Replace(libPlugin, "CGO_LDFLAGS", "CC=musl-gcc CGO_LDFLAGS", 1)))
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", s.script, err, out)
	}
	for _, f := range strings.Fields(s.files) {
		files = append(files, filepath.Join(dir, f))
	}
	return files
}

// TestLibrariesAreWhatHappens sets each scene, opens its plugins for real, and compares
// that with the verdict from the host's binary and from its descriptor.
func TestLibrariesAreWhatHappens(t *testing.T) {
	t.Parallel()
	playScenes(t, "host", shop.file(t, "host"), scenes)
}

func playScenes(t *testing.T, name, host string, scenes []scene) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			files := setScene(t, name, s)
			want := reallyOpen(t, host, files)
			compareVerdict(t, host, files, want)
			compareVerdict(t, describe(t, host), files, want)
		})
	}
}

// readOpened reads what the host printed.
func readOpened(output string) []opened {
	var list []opened
	for line := range strings.Lines(output) {
		line = strings.TrimSuffix(line, "\n")
		if line == "loads" {
			list = append(list, opened{inspector.Loads, ""})
		} else if text, ok := strings.CutPrefix(line, "refused\t"); ok {
			if _, rest, ok := strings.Cut(text, `"): `); ok {
				text = rest // without plugin.Open("NAME"):
			}
			list = append(list, opened{inspector.Refused, text})
		}
	}
	return list
}

func verdictIn(t *testing.T, o inspector.Options, host string, files []string) *inspector.Verdict {
	t.Helper()
	h, err := inspector.OpenHost(host)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	var plugins []*inspector.Plugin
	for _, f := range files {
		p := inspector.MapPlugin(f)
		defer p.Close()
		plugins = append(plugins, p)
	}
	v, err := o.Check(h, plugins)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
