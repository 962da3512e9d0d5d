package builder_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/plugtool/plugtool/builder"
)

// silentCases are hosts whose build information does not say something that counts.
var silentCases = []hostCase{
	{name: "GOPATH mode", want: builder.Rewritten, setup: func(b *bench) { gopathHost(b); ownFolder(b) }},
	{name: "GOPATH mode, trimmed", want: builder.Rewritten, setup: func(b *bench) { gopathHost(b, "-trimpath"); ownFolder(b) }},
	{name: "another mode of coverage", want: builder.Modules, setup: checkout("-cover", "-covermode=atomic", "-coverpkg=./...")},
	{name: "more words of CGO_LDFLAGS, trimmed", want: builder.Workspace, setup: func(b *bench) {
		b.sums(b.host)
		b.buildHost([]string{"CGO_LDFLAGS=-Wl,--as-needed -Wl,-O1 -g"}, "-trimpath")
		ownFolder(b)
	}},
	{name: "fewer words of CGO_LDFLAGS", want: builder.Modules, setup: func(b *bench) {
		b.sums(b.host)
		b.buildHost([]string{"CGO_LDFLAGS=-Wl,--as-needed"})
		ownFolder(b)
	}},
	{name: "-gcflags given twice", want: builder.Modules, setup: checkout("-gcflags=example.com/dep=-N", "-gcflags=example.com/host/api=-N -l")},
	{name: "the go command's work folder", want: builder.Modules, setup: func(b *bench) {
		// For no others, which would all have to be compiled; the cache has none for this folder.
		checkout("-gcflags=plugin=-trimpath="+b.dir, "-gcflags=runtime/cgo=-trimpath="+b.dir)(b)
	}},
	{name: "a name that CGO_CFLAGS define", want: builder.Modules, setup: func(b *bench) {
		b.write(filepath.Join(b.host, "clib", "more.go"), "package clib\n\nimport \"C\"\n\n// More is what the C compiler is told.\nfunc More() int { return C.MORE }\n")
		b.sums(b.host)
		b.buildHost([]string{"CGO_CFLAGS=-O2 -g -DMORE=7"})
		b.set("CGO_CFLAGS=-O2 -g -DMORE=7")
		ownFolder(b)
		b.env = b.env[:len(b.env)-1]
	}},
}

// gopathHost builds the host in GOPATH mode.
func gopathHost(b *bench, flags ...string) {
	b.sums(b.host)
	b.run(b.host, nil, "go", "mod", "vendor")
	src := filepath.Join(b.dir, "gopath", "src")
	b.copy(filepath.Join(b.host, "vendor"), src)
	if err := os.RemoveAll(filepath.Join(b.host, "vendor")); err != nil {
		b.t.Fatal(err)
	}
	there := filepath.Join(src, "example.com", "host")
	b.copy(b.host, there)
	args := append([]string{"build"}, flags...)
	b.run(there, []string{"GO111MODULE=off", "GOFLAGS=", "GOPATH=" + filepath.Join(b.dir, "gopath")}, "go", append(args, "-o", b.bin, "./cmd/host")...)
	if err := os.RemoveAll(there); err != nil {
		b.t.Fatal(err)
	}
}

func TestSilentHosts(t *testing.T) {
	for _, c := range silentCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}
