package main

// programs are what is built, by name.
var programs = map[string]program{
	"host":     {folder: "app", pkg: "./cmd/host"},
	"none":     {folder: "app", pkg: "./cmd/none"},
	"tested":   {folder: "app", pkg: "./hosted"},
	"selftest": {folder: "app", pkg: "./api"},

	"plain": {folder: "plug", pkg: "./plain", plugin: true}, "other": {folder: "plug", pkg: "./other", plugin: true},
	"bare": {folder: "plug", pkg: "./bare", plugin: true}, "api": {folder: "plug", pkg: "./api", plugin: true},
	"lib": {folder: "plug", pkg: "./lib", plugin: true}, "sub": {folder: "plug", pkg: "./sub", plugin: true},
	"only": {folder: "plug", pkg: "./only", plugin: true}, "only2": {folder: "plug", pkg: "./only2", plugin: true},
	"opener": {folder: "plug", pkg: "./opener", plugin: true}, "extra": {folder: "plug", pkg: "./extra", plugin: true},
	"panics": {folder: "plug", pkg: "./panics", plugin: true}, "exits": {folder: "plug", pkg: "./exits", plugin: true},
	"goes": {folder: "plug", pkg: "./goes", plugin: true}, "cgo": {folder: "plug", pkg: "./cgo", plugin: true},
	"cxx": {folder: "plug", pkg: "./cxx", plugin: true}, "asm": {folder: "plug", pkg: "./asm", plugin: true},
	"generic": {folder: "plug", pkg: "./generic", plugin: true}, "export": {folder: "plug", pkg: "./export", plugin: true},
	"embeds": {folder: "plug", pkg: "./embeds", plugin: true}, "dotted.v2": {folder: "plug", pkg: "./dotted.v2", plugin: true},

	"clib":    {shell: "gcc -shared -fPIC -o OUT clib.c"},
	"text":    {shell: "echo 'a text that is long enough to fill a whole ELF header of 64 bytes, and then some' > OUT"},
	"empty":   {shell: ": > OUT"},
	"magic":   {shell: "printf '\\177ELF' > OUT"},
	"zeros":   {shell: "head -c 4096 /dev/zero > OUT"},
	"script":  {shell: "printf '#!/bin/sh\\nexit 0\\n%64s\\n' x > OUT && chmod +x OUT"},
	"folder":  {shell: "mkdir OUT"},
	"gone":    {shell: "true"},
	"fifo":    {shell: "mkfifo OUT"},
	"object":  {shell: "gcc -c -o OUT clib.c"},
	"archive": {shell: "gcc -c -o OUT.o clib.c && ar rc OUT OUT.o"},
	"dangles": {shell: "ln -s nowhere OUT"},
}

// modifiers are the dimensions of a build, by name.
var modifiers = map[string]modifier{
	// How the compiler is called.
	"untrim": {untrimmed: true}, "race": {flags: "-race"}, "asan": {flags: "-asan"}, "msan": {flags: "-msan", env: "CC=clang"},
	"tag": {flags: "-tags=changed"}, "notag": {flags: "-tags=nothing"},
	"N": {gcflags: "all=-N -l"}, "l": {gcflags: "all=-l"}, "checkptr": {gcflags: "all=-d=checkptr"},
	"Nmain": {gcflags: "-N -l"}, "Napi": {gcflags: "example.com/app/api=-N -l"}, "Nfmt": {gcflags: "fmt=-N -l"},
	"pgo": {flags: "-pgo=PROFILE"}, "nopgo": {flags: "-pgo=off"},
	"cover": {flags: "-cover"}, "coverapi": {flags: "-cover -coverpkg=example.com/app/api"}, "coverfmt": {flags: "-cover -coverpkg=fmt"},
	"atomic": {flags: "-covermode=atomic"},
	"v2":     {env: "GOAMD64=v2"}, "v3": {env: "GOAMD64=v3"}, "fips": {env: "GOFIPS140=latest"}, "fips1": {env: "GOFIPS140=v1.0.0"},
	"boring": {env: "GOEXPERIMENT=boringcrypto"}, "greentea": {env: "GOEXPERIMENT=greenteagc"}, "nogreentea": {env: "GOEXPERIMENT=nogreenteagc"},
	"jsonv2": {env: "GOEXPERIMENT=jsonv2"}, "synctest": {env: "GOEXPERIMENT=synctest"}, "noswiss": {env: "GOEXPERIMENT=noswissmap"},
	"loopvar": {env: "GOEXPERIMENT=loopvar"}, "rangefunc": {env: "GOEXPERIMENT=rangefunc"}, "aliases": {env: "GOEXPERIMENT=aliastypeparams"},
	"arenas": {env: "GOEXPERIMENT=arenas"}, "noregabi": {env: "GOEXPERIMENT=noregabi"}, "fieldtrack": {env: "GOEXPERIMENT=fieldtrack"},
	"nocgo": {env: "CGO_ENABLED=0"}, "O0": {env: "CGO_CFLAGS=-O0 -g3"}, "godebug": {env: "GODEBUG=madvdontneed=1"},
	"patched": {patched: true},

	// How the linker is called.
	"pie": {flags: "-buildmode=pie"}, "cshared": {flags: "-buildmode=c-shared"}, "exe": {flags: "-buildmode=exe"},
	"external": {ldflags: "-linkmode=external"}, "internal": {ldflags: "-linkmode=internal"},
	"static": {ldflags: "-linkmode=external -extldflags=-static"}, "now": {ldflags: "-extldflags=-Wl,-z,now"},
	"symbolic": {ldflags: "-extldflags=-Wl,-Bsymbolic"}, "relr": {ldflags: "-extldflags=-Wl,-z,pack-relative-relocs"},
	"sysv": {ldflags: "-extldflags=-Wl,--hash-style=sysv"}, "gc": {ldflags: "-extldflags=-Wl,--gc-sections"},
	"nodelete": {ldflags: "-extldflags=-Wl,-z,nodelete"}, "separate": {ldflags: "-extldflags=-Wl,-z,noseparate-code"},
	"symfuncs": {ldflags: "-extldflags=-Wl,-Bsymbolic-functions"}, "asneeded": {ldflags: "-extldflags=-Wl,--as-needed"},
	"sw": {ldflags: "-s -w"}, "X": {ldflags: "-X example.com/lib.version=1"}, "buildid": {ldflags: "-buildid="},
	"pluginpath": {ldflags: "-pluginpath=elsewhere"},

	// What the sources are.
	"work":     {prepare: "printf 'go 1.21\\n\\nuse (\\n\\t./app\\n\\t./plug\\n)\\n' > go.work", env: "GOWORK="},
	"replaced": {prepare: "cd plug && go mod edit -replace=example.com/app=../app"},
	"vendored": {prepare: "for d in app plug; do (cd $d && go mod vendor); done", flags: "-mod=vendor"},
	"lib11":    {prepare: "for d in app plug; do (cd $d && go mod edit -require=example.com/lib@v1.1.0); done"},
	"lib12":    {prepare: "for d in app plug; do (cd $d && go mod edit -require=example.com/lib@v1.2.0); done"},
	"only11":   {prepare: "cd plug && go mod edit -require=example.com/only@v1.1.0"},
	"only12":   {prepare: "cd plug && go mod edit -require=example.com/only@v1.2.0"},
	"forked":   {prepare: "for d in app plug; do (cd $d && go mod edit -replace=example.com/lib=example.com/fork@v1.0.0); done"},
	"folder":   {prepare: "for d in app plug; do (cd $d && go mod edit -replace=example.com/lib=../modules/example.com/lib@v1.0.0); done"},
	"goline":   {prepare: "for d in app plug; do (cd $d && go mod edit -go=1.22); done; if [ -e go.work ]; then go work edit -go=1.22; fi"},
	"private":  {prepare: "sed -i s/level/depth/ app/api/api.go"},
	"comment":  {prepare: "sed -i '1i // A comment.' app/api/api.go"},
	"trailing": {prepare: "echo '// A comment at the end.' >> app/api/api.go"},
	"inlined":  {prepare: "sed -i 's/hello /good day /' app/api/api.go"},
	"body":     {prepare: "sed -i 's/n++/n += 1/' app/api/api.go"},
	"added":    {prepare: "echo 'func added() {}' >> app/api/api.go"},
	"value":    {prepare: "sed -i 's/var Sink string/var Sink = \"x\"/' app/api/api.go"},

	// What is built.
	"installed": {verb: "install", target: "example.com/app/cmd/host@v1.0.0"},
	"test":      {verb: "test"},
	"files":     {target: "PKG/main.go"},

	// What is done to the file.
	"strip": {shell: "strip -o OUT IN"}, "stripdebug": {shell: "strip -g -o OUT IN"}, "debugonly": {shell: "objcopy --only-keep-debug IN OUT"},
	"nosections": {shell: "cp IN OUT && printf '\\0\\0\\0\\0\\0\\0\\0\\0' | dd of=OUT bs=1 seek=40 conv=notrunc && printf '\\0\\0\\0\\0\\0\\0' | dd of=OUT bs=1 seek=58 conv=notrunc"},
	"compress":   {shell: "objcopy --compress-debug-sections IN OUT"}, "gzip": {shell: "gzip -c IN > OUT"},
	"copy": {shell: "cp IN OUT"}, "copy2": {shell: "cp IN OUT"}, "hardlink": {shell: "ln IN OUT"}, "symlink": {shell: "ln -s IN OUT"}, "symlink2": {shell: "ln -s IN OUT"},
	"start": {shell: "head -c 200 IN > OUT"}, "header": {shell: "head -c 64 IN > OUT"}, "half": {shell: "head -c $(($(stat -c %s IN) / 2)) IN > OUT"},
	"tail": {shell: "head -c -5000 IN > OUT"}, "byte": {shell: "head -c -1 IN > OUT"}, "page": {shell: "head -c 4096 IN > OUT"}, "longer": {shell: "cp IN OUT && echo more >> OUT"},
	"class": {shell: "cp IN OUT && printf '\\1' | dd of=OUT bs=1 seek=4 conv=notrunc"}, "machine": {shell: "cp IN OUT && printf '\\267' | dd of=OUT bs=1 seek=18 conv=notrunc"},
	"unreadable": {shell: "cp IN OUT && chmod 0 OUT"}, "noexec": {shell: "cp IN OUT && chmod 444 OUT"}, "setuid": {shell: "cp IN OUT && chmod 4755 OUT"},
	"nosuffix": {shell: "cp IN OUT", file: "plugin"}, "spaces": {shell: "cp IN OUT", file: "my plugin .so"}, "newline": {shell: "cp IN OUT", file: "a\nb.so"},
	"quotes": {shell: "cp IN OUT", file: `it's "q" %s $HOME.so`}, "unicode": {shell: "cp IN OUT", file: "größe-日本.so"}, "dash": {shell: "cp IN OUT", file: "-x.so"},
	"soso": {shell: "cp IN OUT", file: "a.so.so"}, "dotso": {shell: "cp IN OUT", file: ".so"}, "latin1": {shell: "cp IN OUT", file: "gr\xf6\xdfe.so"},
	"longname": {shell: "cp IN OUT", file: "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.so"},
}
