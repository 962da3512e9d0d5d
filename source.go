// Package plugtool carries the source of what a plugin host imports, so that a
// plugtool which was not released can put it into what it scaffolds; see
// docs/scaffold-dependencies.md.
package plugtool

import (
	"embed"
	"io/fs"
	"strings"
)

// Path is the path of plugtool's own module.
const Path = "github.com/plugtool/plugtool"

//go:embed go.mod LICENSE loader/*.go inspector/*.go inspector/goelf/*.go inspector/gotype/*.go signer/bundle/*.go signer/policy/*.go
var files embed.FS

// GoMod gives plugtool's own go.mod.
func GoMod() []byte { return mustRead("go.mod") }

// License gives the licence that the source is under.
func License() []byte { return mustRead("LICENSE") }

// HostSource gives package loader and the packages that it imports, without
// their tests: slash-separated paths in the module, and contents. Beyond them
// it needs the standard library only.
func HostSource() map[string][]byte {
	source := make(map[string][]byte)
	// Walking an embed.FS from its root cannot fail: it is part of the program.
	_ = fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			source[path] = mustRead(path)
		}
		return err
	})
	return source
}

// mustRead reads an embedded file that is known to be there.
func mustRead(path string) []byte {
	data, err := files.ReadFile(path)
	if err != nil {
		panic(err) // the program was built without its own files
	}
	return data
}
