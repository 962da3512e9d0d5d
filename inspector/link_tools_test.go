//go:build linux && libraries

package inspector_test

import "testing"

// These tests need patchelf, musl-gcc and lld.

// muslScenes are of a host that was built with musl-gcc.
var muslScenes = []scene{
	{"musl plugin", "", "m.so"},
	{"glibc plugin", "", "plain.so m.so"},
	{"glibc plugin that was fortified", "", "f.so m.so"},
	{"missing library", "", "mp.so m.so"},
	{"library", "good l", "mp.so"},
	{"library without the version", "lib l $LIBFOO/foo.map $LIBFOO/foo.c", "mp.so"},
	{"library without the symbol", "lib l - $LIBFOO/foo2.c", "mp.so"},
	{"text first", "mkdir l; echo a text that is as long as a whole ELF header, sixty four bytes and more > l/libfoo.so.1; good m", "mp.so"},
	{"folder first", "mkdir -p l/libfoo.so.1; good m", "mp.so"},
	{"circular link first", "mkdir l; ln -s libfoo.so.1 l/libfoo.so.1; good m", "mp.so"},
	{"dangling link first", "mkdir l; ln -s nowhere l/libfoo.so.1; good m", "mp.so"},
	{"missing of a library", "clib libmore.so.1 $LIBS/more.c -Wl,-soname,libmore.so.1; lib l $LIBFOO/foo2.map $LIBS/needs_more.c $LIBFOO/foo2.c ./libmore.so.1", "mp.so"},
	{"undefined of a library", "lib l $LIBFOO/foo2.map $LIBS/needs_more.c $LIBFOO/foo2.c", "mp.so m.so"},
	{"runpath reaches on", "mkdir l; clib l/libmore.so.1 $LIBS/more.c -Wl,-soname,libmore.so.1; lib l $LIBFOO/foo2.map $LIBS/needs_more.c $LIBFOO/foo2.c l/libmore.so.1", "mp.so"},
	{"needed by another name in the process", "good l; cp mp.so q.so; patchelf --set-rpath /nowhere q.so", "mp.so q.so"},
	{"braces", "good x; patchelf --set-rpath '${ORIGIN}/x' mp.so", "mp.so"},
	{"LIB", "good x; patchelf --set-rpath '$LIB:$ORIGIN/x' mp.so", "mp.so"},
	{"static TLS", "lib l $LIBFOO/foo2.map -DBYTES=8 $LIBS/tls.c $LIBFOO/foo2.c", "mp.so m.so"},
	{"dynamic TLS", "lib l $LIBFOO/foo2.map -DBYTES=4000 -DMODEL='\"global-dynamic\"' $LIBS/tls.c $LIBFOO/foo2.c", "mp.so"},
	{"text, empty, folder, gone", "echo text > text.so; : > empty.so; mkdir folder.so", "text.so empty.so folder.so gone.so m.so"},
	{"long text", "yes text | head -c 5000 > text.so", "text.so m.so"},
	{"program", "cp $PROGRAM prog; cp $PIE pie", "prog m.so"},
	{"PIE", "cp $PROGRAM prog; cp $PIE pie", "pie"},
	{"cut", "head -c 2000000 m.so > cut.so", "cut.so"},
	{"not built with -trimpath", "cp $UNTRIM u.so", "u.so u.so m.so"},
	{"C library", "clib c.so $LIBS/more.c", "c.so"},
	{"C library of glibc by path", "clib c.so $LIBS/more.c; patchelf --add-needed /lib/x86_64-linux-gnu/libc.so.6 m.so", "m.so"},
	{"packed", "cp $RELR r.so", "r.so"},
	{"plugin path", "cp $PATHSO p.so", "p.so"},
	{"copy", "cp m.so n.so", "m.so n.so"},
}

// toolScenes are scenes for which a linked file is changed, or linked by another linker.
var toolScenes = []scene{
	{"LIB", "d=$(ld.so --help 2>/dev/null | sed -n 's,^  /\\(lib[^ ]*\\) (system search path),\\1,p' | head -n 1); [ $d ] || d=$(/lib64/ld-linux-x86-64.so.2 --help | sed -n 's,^  /\\(lib[^ ]*\\) (system search path),\\1,p' | head -n 1); good $d; patchelf --set-rpath '$ORIGIN/$LIB' p.so", "p.so"},
	{"braces", "good x; patchelf --set-rpath '${ORIGIN}/x' p.so", "p.so"},
	{"unknown variable", "good 'l$NONE'; patchelf --set-rpath '$ORIGIN/l$NONE' p.so", "p.so"},
	{"token with a tail", "good 'l'; patchelf --set-rpath '$ORIGINAL/l' p.so", "p.so"},
	{"platform", "good pf-$(LD_SHOW_AUXV=1 /bin/true | sed -n 's/AT_PLATFORM: *//p'); cp -r pf-* pf-haswell; patchelf --set-rpath '$ORIGIN/pf-$PLATFORM' p.so", "p.so"},
	{"origin in needed", "good x; patchelf --replace-needed libfoo.so.1 '$ORIGIN/x/libfoo.so.1' p.so", "p.so"},
	{"needed by path", "good x; patchelf --replace-needed libfoo.so.1 $PWD/x/libfoo.so.1 p.so", "p.so"},
	{"needed by a path that is not there", "patchelf --replace-needed libfoo.so.1 $PWD/x/libfoo.so.1 p.so", "p.so"},
	{"needed under another name", "good x; cp x/libfoo.so.1 libbar.so.1; patchelf --set-rpath '$ORIGIN' --replace-needed libfoo.so.1 libbar.so.1 p.so", "p.so"},
	{"not needed any more", "patchelf --remove-needed libfoo.so.1 p.so", "p.so"},
	{"relative and trailing slashes", "good x; patchelf --set-rpath '$ORIGIN//x//:' p.so", "p.so"},
	{"dots", "mkdir y; good x; lib x $LIBFOO/foo.map $LIBFOO/foo.c; patchelf --set-rpath '$ORIGIN/y/../x' p.so", "p.so"},
	{"kept by a refused plugin", "good l; cp $OTHER q.so; cp $UNTRIM u.so; patchelf --add-needed libfoo.so.1 u.so; patchelf --set-rpath '$ORIGIN/l' u.so", "u.so q.so"},
	{"first of two", "good l; mkdir z; cp p.so z/p.so; lib z/l $LIBFOO/foo.map $LIBFOO/foo.c; cp $OTHER z/q.so; patchelf --set-rpath '$ORIGIN/l' z/q.so", "p.so z/q.so"},
	{"plugin as a library", "cp $PLAIN a.so; cp $OTHERGO b.so; patchelf --add-needed b.so a.so; patchelf --set-rpath '$ORIGIN' a.so", "a.so b.so"},
	{"plugin as a library, after itself", "cp $PLAIN a.so; cp $OTHERGO b.so; patchelf --add-needed b.so a.so; patchelf --set-rpath '$ORIGIN' a.so", "b.so a.so"},
	{"refused plugin with a good one as a library", "cp $UNTRIM a.so; cp $OTHERGO b.so; cp $DEP c.so; patchelf --add-needed b.so a.so; patchelf --set-rpath '$ORIGIN' a.so", "a.so c.so b.so"},
	{"refused plugin with a good one as a library, which is opened", "cp $UNTRIM a.so; cp $OTHERGO b.so; patchelf --add-needed b.so a.so; patchelf --set-rpath '$ORIGIN' a.so", "a.so b.so"},
	{"good plugin with a refused one as a library", "cp $OTHERGO a.so; cp $UNTRIM b.so; cp $DEP c.so; patchelf --add-needed b.so a.so; patchelf --set-rpath '$ORIGIN' a.so", "a.so c.so b.so"},
	{"C library with a plugin as a library", "cp $PLAIN b.so; clib a.so $LIBS/more.c; patchelf --add-needed b.so a.so; patchelf --set-rpath '$ORIGIN' a.so", "a.so b.so"},
	{"C library with a refused plugin as a library", "cp $UNTRIM b.so; clib a.so $LIBS/more.c; patchelf --add-needed b.so a.so; patchelf --set-rpath '$ORIGIN' a.so", "a.so b.so"},
	{"the same path as a library", "cp $PLAIN a.so; cp $PLAIN b.so; patchelf --add-needed b.so a.so; patchelf --set-rpath '$ORIGIN' a.so", "a.so"},
	{"packed without its version", "clib c.so $LIBS/packed.c -fuse-ld=lld -Wl,--pack-dyn-relocs=relr", "c.so"},
}

func TestLibrariesThatToolsChangedAreWhatHappens(t *testing.T) {
	t.Parallel()
	playScenes(t, "host", shop.file(t, "host"), toolScenes)
}

func TestMuslIsWhatHappens(t *testing.T) {
	t.Parallel()
	playScenes(t, "host-musl", shop.build(t, "host-musl", "CC=musl-gcc go build -trimpath -o OUT ./host"), muslScenes)
}
