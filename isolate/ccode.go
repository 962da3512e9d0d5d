package isolate

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

var includes = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^[ \t/*]*#[ \t]*(?:include|import)[ \t]*"([^"\n]+)"`)
})

// checkC refuses C code that takes files which a copy would not have beside it: the go
// command compiles C from a copy of the files that it knows of, in one folder.
func (c *copier) checkC(p *Package, name string, content []byte, copied []string) error {
	if strings.HasSuffix(name, ".go") {
		for line := range bytes.Lines(content) {
			if bytes.Contains(line, []byte("#cgo")) && bytes.Contains(line, []byte("${SRCDIR}")) {
				return &CannotError{p.ImportPath, fmt.Sprintf("its C code takes files from its own folder (#cgo … ${SRCDIR} in %s)", name), ""}
			}
		}
	}
	for _, m := range includes().FindAllSubmatch(content, -1) {
		file := path.Clean(string(m[1]))
		if slices.Contains(copied, file) || path.IsAbs(file) {
			continue
		}
		dir, base := path.Split(file)
		names, err := c.disk.List(path.Join(p.Dir, dir))
		if err == nil && slices.Contains(names, base) {
			return &CannotError{p.ImportPath, fmt.Sprintf("its C code includes %s, which the go command does not copy with it (in %s)", file, name), ""}
		}
	}
	return nil
}
