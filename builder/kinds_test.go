package builder_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/plugtool/plugtool/builder"
)

// installed is a trimmed host that is built once for all plugins that only read it.
var installed struct {
	once sync.Once
	bin  string
}

// sharedHost has the bench use the host that was installed once.
func sharedHost(b *bench) {
	b.t.Helper()
	installed.once.Do(func() {
		kept := b.bin
		b.bin = filepath.Join(filepath.Dir(shared.proxy), "installed", "host")
		b.mkdir(filepath.Dir(b.bin))
		b.installHost(nil, "-trimpath")
		installed.bin, b.bin = b.bin, kept
	})
	if b.bin = installed.bin; b.bin == "" {
		b.t.Fatal("the shared host was not built")
	}
}

// main writes the plugin's main.go: imports, one a line, and the body of Run.
func (b *bench) main(file, imports, rest string) {
	b.t.Helper()
	b.write(filepath.Join(b.plugin, file), "// Package main is a plugin.\npackage main\n\n"+imports+"\n\n"+rest)
}

const (
	apiImport = "import \"example.com/host/api\""
	apiRun    = "// Run is what the host calls.\nfunc Run() string { return api.Flavour + word() }\n"
	apiMod    = "module example.com/plugin\n\ngo 1.21\n\nrequire example.com/host v1.0.0\n"
)

// small makes the plugin one that shares only the host's API, with a word() of its own.
func (b *bench) small(word string) {
	b.t.Helper()
	sharedHost(b)
	b.main("main.go", apiImport, apiRun)
	if word != "" {
		b.write(filepath.Join(b.plugin, "word.go"), "package main\n\n"+word+"\n")
	}
	b.write(filepath.Join(b.plugin, "go.mod"), apiMod)
	b.sums(b.plugin)
}

// warns demands a warning that holds all the words.
func warns(words ...string) func(*bench, *builder.Result) {
	return func(b *bench, res *builder.Result) {
		b.t.Helper()
		if !slices.ContainsFunc(res.Warnings, func(w string) bool {
			return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(w, word) })
		}) {
			b.t.Errorf("no warning has %q: %q", words, res.Warnings)
		}
	}
}

// kindCases are plugins as their authors really have them.
var kindCases = []pluginCase{
	{
		name: "main package in a folder of the module, given by its path",
		setup: func(b *bench) {
			b.small("")
			b.write(filepath.Join(b.plugin, "cmd", "plug", "main.go"), "package main\n\nimport (\n\t\"example.com/host/api\"\n\t\"example.com/plugin/internal/words\"\n)\n\nfunc Run() string { return api.Flavour + words.One }\n")
			b.write(filepath.Join(b.plugin, "internal", "words", "words.go"), "package words\n\nconst One = \" one\"\n")
			b.run(b.plugin, nil, "rm", "main.go")
		},
		opts: func(_ *bench, o *builder.Options) { o.Package = "./cmd/plug" },
		says: "plain one",
	},
	{
		name: "main package in internal, given by its import path",
		setup: func(b *bench) {
			b.small("")
			b.write(filepath.Join(b.plugin, "internal", "plug", "main.go"), "package main\n\nimport \"example.com/host/api\"\n\nfunc Run() string { return api.Flavour }\n")
		},
		opts: func(_ *bench, o *builder.Options) { o.Package = "example.com/plugin/internal/plug" },
		says: "plain",
	},
	{
		name: "one file",
		setup: func(b *bench) {
			b.small("")
			b.write(filepath.Join(b.plugin, "sub", "alone.go"), "package main\n\nimport \"example.com/host/api\"\n\nfunc Run() string { return api.Flavour + \" alone\" }\n")
		},
		opts: func(_ *bench, o *builder.Options) { o.Package = "sub/alone.go" },
		says: "plain alone",
	},
	{
		name: "package of a required module",
		setup: func(b *bench) {
			b.small("func word() string { return \" mine\" }")
			b.goMod(b.plugin, "-module=example.com/other")
			b.mkdir(filepath.Join(b.dir, "user"))
			b.write(filepath.Join(b.dir, "user", "go.mod"), "module example.com/user\n\ngo 1.21\n\nrequire example.com/other v0.0.0\n\nreplace example.com/other => ../plugin\n")
			b.write(filepath.Join(b.dir, "user", "user.go"), "package user\n\nimport _ \"example.com/host/api\"\n")
			b.run(filepath.Join(b.dir, "user"), []string{"GOFLAGS=-mod=mod -modcacherw"}, "go", "list", "-deps", "example.com/other", ".")
		},
		opts: func(b *bench, o *builder.Options) {
			o.Package, o.Dir = "example.com/other", filepath.Join(b.dir, "user")
		},
		says: "plain mine",
	},
	{
		name: "C files, C flags and libraries",
		setup: func(b *bench) {
			b.small("// #cgo CFLAGS: -DADD=2 -I${SRCDIR}/include\n// #cgo LDFLAGS: -lm\n// #include <math.h>\n// #include \"calc.h\"\nimport \"C\"\n\nimport \"strconv\"\n\nfunc word() string { return strconv.Itoa(int(C.calc(C.int(C.floor(3.5))))) }")
			b.write(filepath.Join(b.plugin, "calc.c"), "#include \"calc.h\"\nint calc(int n) { return n + ADD; }\n")
			b.write(filepath.Join(b.plugin, "include", "calc.h"), "int calc(int);\n")
		},
		says: "plain5",
	},
	{
		name: "pkg-config",
		setup: func(b *bench) {
			b.small("// #cgo pkg-config: mine\n// #include <math.h>\nimport \"C\"\n\nimport \"strconv\"\n\nfunc word() string { return strconv.Itoa(int(C.floor(C.double(C.MINE)))) }")
			b.write(filepath.Join(b.dir, "pc"), "#!/bin/sh\ncase \"$*\" in *--cflags*) echo -DMINE=4.5;; *--libs*) echo -lm;; esac\n")
			b.run(b.dir, nil, "chmod", "+x", "pc")
			b.set("PKG_CONFIG=" + filepath.Join(b.dir, "pc"))
		},
		says: "plain4",
	},
	{
		name: "assembly, embedded and generated files, build constraints",
		setup: func(b *bench) {
			b.small("import _ \"embed\"\n\n//go:generate echo never\n\n//go:embed data/word.txt\nvar text string\n\nfunc seven() int\n\nfunc word() string { return text + string(rune('0'+seven())) + where }")
			b.write(filepath.Join(b.plugin, "data", "word.txt"), " embedded")
			b.write(filepath.Join(b.plugin, "seven_"+goarch+".s"), sevenAssembly)
			b.write(filepath.Join(b.plugin, "where_linux.go"), "package main\n\nconst where = \" linux\"\n")
			b.write(filepath.Join(b.plugin, "where_other.go"), "//go:build !linux || race || ignore\n\npackage main\n\nconst where = \" other\"\n")
		},
		says: "plain embedded7 linux",
	},
	{
		name: "no go.sum",
		setup: func(b *bench) {
			sharedHost(b)
			b.run(b.plugin, nil, "rm", "-f", "go.sum")
			b.goMod(b.plugin, "-require=example.com/dep@v1.1.0")
		},
	},
	{
		name: "no requirements",
		setup: func(b *bench) {
			sharedHost(b)
			b.write(filepath.Join(b.plugin, "go.mod"), "module example.com/plugin\n\ngo 1.21\n")
		},
	},
	{
		name: "requirements that the author has not tidied",
		setup: func(b *bench) {
			sharedHost(b)
			b.write(filepath.Join(b.plugin, "go.mod"), "module example.com/plugin\n\ngo 1.21\n\nrequire example.com/host v1.0.0\n")
		},
	},
	{
		name: "a folder in the place of a module of its own",
		setup: func(b *bench) {
			b.small("")
			b.write(filepath.Join(b.plugin, "word.go"), "package main\n\nimport \"example.com/own\"\n\nfunc word() string { return own.Word }\n")
			b.write(filepath.Join(b.dir, "own", "go.mod"), "module example.com/own\n\ngo 1.21\n\nrequire example.com/dep v1.2.0\n")
			b.write(filepath.Join(b.dir, "own", "own.go"), "package own\n\nimport \"example.com/dep\"\n\nvar Word = string(rune('0' + dep.Twice(2)))\n")
			b.goMod(b.plugin, "-require=example.com/own@v0.0.0", "-replace=example.com/own=../own")
			b.sums(b.plugin)
		},
		says: "plain4",
	},
	{
		name: "profile, godebug and toolchain lines of its own",
		setup: func(b *bench) {
			b.small("func word() string { return \"\" }")
			data, err := os.ReadFile(filepath.Join(testBuild, "cpu.pgo"))
			if err != nil {
				b.t.Fatal(err)
			}
			b.write(filepath.Join(b.plugin, "default.pgo"), string(data))
			b.goMod(b.plugin, "-toolchain=go1.99.1", "-godebug=http2client=0")
		},
		says: "plain",
	},
	{
		name: "older go line",
		setup: func(b *bench) {
			b.small("func word() string { var fs []func() int; for i := 0; i < 3; i++ { fs = append(fs, func() int { return i }) }; return string(rune('0' + fs[0]())) }")
			b.goMod(b.plugin, "-go=1.12")
		},
		says: "plain3", // one variable for all iterations, as go 1.12 has it
	},
	{
		name: "no go line",
		setup: func(b *bench) {
			b.small("func word() string { return \"\" }")
			b.write(filepath.Join(b.plugin, "go.mod"), "module example.com/plugin\n\nrequire example.com/host v1.0.0\n")
		},
		says: "plain",
	},
	{
		name: "newer go line",
		setup: func(b *bench) {
			b.small("func word() string { return \"\" }")
			b.write(filepath.Join(b.plugin, "go.mod"), strings.Replace(apiMod, "go 1.21", "go 1.99\n\ntoolchain go1.99.3", 1))
		},
		says:  "plain",
		check: warns("1.99", "go1.26"),
	},
	{
		name: "workspace with a newer go line",
		setup: func(b *bench) {
			b.small("func word() string { return \"\" }")
			b.write(filepath.Join(b.dir, "go.work"), "go 1.99\n\ntoolchain go1.99.3\n\nuse ./plugin\n")
		},
		says:  "plain",
		check: warns("1.99", "go1.26"),
	},
	{
		name: "settings of go env -w",
		setup: func(b *bench) {
			b.small("func word() string { return mine }")
			b.write(filepath.Join(b.plugin, "mine.go"), "//go:build mine\n\npackage main\n\nconst mine = \" mine\"\n")
			b.write(filepath.Join(b.dir, "goenv"), "GOFLAGS=-race -tags=mine -mod=mod\nCGO_ENABLED=0\nGOARCH=arm64\nGOEXPERIMENT=nogreenteagc\nGO111MODULE=off\nGOAMD64=v3\n")
			b.env = slices.DeleteFunc(b.env, func(s string) bool { return strings.HasPrefix(s, "GOFLAGS=") })
			b.set("GOENV=" + filepath.Join(b.dir, "goenv"))
		},
		says:  "plain mine",
		check: warns("-race"),
	},
	{
		name: "cgo turned off, GOPATH mode, another platform in the environment",
		setup: func(b *bench) {
			b.small("func word() string { return \"\" }")
			b.set("CGO_ENABLED=0", "GO111MODULE=off", "GOOS=windows", "GOARCH=arm64", "GOAMD64=v4", "GOFLAGS=-mod=vendor -trimpath=false -buildvcs=false")
		},
		says:  "plain",
		check: warns("CGO_ENABLED=0"),
	},
	{
		name: "folders with odd names",
		setup: func(b *bench) {
			b.small("func word() string { return \" odd\" }")
			odd := filepath.Join(b.dir, "it's a ünïcode; dir=>x,%d $HOME")
			if err := os.Rename(b.plugin, odd); err != nil {
				b.t.Fatal(err)
			}
			b.plugin = odd
			tmp := filepath.Join(b.dir, `tmp "quoted" dir`)
			b.mkdir(tmp)
			b.set("TMPDIR=" + tmp)
			b.goMod(b.plugin, "-require=example.com/dep@v1.2.0")
		},
		opts: func(b *bench, o *builder.Options) { o.Output = filepath.Join(b.plugin, "out put.so") },
		says: "plain odd",
	},
	{
		name: "linked folder",
		setup: func(b *bench) {
			b.small("func word() string { return \" linked\" }")
			if err := os.Symlink(b.plugin, filepath.Join(b.dir, "link")); err != nil {
				b.t.Fatal(err)
			}
			b.plugin = filepath.Join(b.dir, "link")
		},
		says: "plain linked",
	},
	{
		name: "folder that cannot be written",
		setup: func(b *bench) {
			b.small("func word() string { return \"\" }")
			b.goMod(b.plugin, "-require=example.com/dep@v1.2.0")
			b.run(b.plugin, nil, "chmod", "a-w", ".", "go.mod", "go.sum")
			b.t.Cleanup(func() { b.run(b.plugin, nil, "chmod", "u+w", ".") })
		},
		says: "plain",
	},
	{
		name: "workspace of several modules, one of them shared by its plugins alone",
		setup: func(b *bench) {
			b.small("")
			b.write(filepath.Join(b.plugin, "word.go"), "package main\n\nimport \"example.com/lib\"\n\nfunc word() string { return lib.Word() }\n")
			b.write(filepath.Join(b.dir, "lib", "go.mod"), "module example.com/lib\n\ngo 1.21\n\nrequire example.com/dep v1.2.0\n")
			b.write(filepath.Join(b.dir, "lib", "lib.go"), "package lib\n\nimport \"example.com/dep\"\n\nfunc Word() string { return string(rune('0' + dep.Twice(3))) }\n")
			b.write(filepath.Join(b.dir, "go.work"), "go 1.21\n\nuse (\n\t./lib\n\t./plugin\n)\n")
			b.run(filepath.Join(b.dir, "lib"), []string{"GOWORK=off"}, "go", "mod", "tidy")
		},
		says: "plain6",
	},
	{
		name: "linker and assembler flags, odd but harmless ones, after the package",
		setup: func(b *bench) {
			b.small("var version = \"none\"\n\nfunc word() string { return version }")
		},
		opts: func(_ *bench, o *builder.Options) {
			o.Flags = []string{"-ldflags=-X 'main.version= a b' -s -w", "-a=false", "-v", "-x", "-p", "1", "-buildvcs=false", "-asmflags=-S=0", "-gcflags", "-N -l", "--tags", "one two,three"}
		},
		says: "plain a b",
	},
}

func TestKindsOfPlugins(t *testing.T) {
	for _, c := range kindCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}
