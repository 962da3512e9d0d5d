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
			if !bytes.Contains(line, []byte("#cgo")) {
				continue
			}
			if bytes.Contains(line, []byte("${SRCDIR}")) {
				return &CannotError{p.ImportPath, fmt.Sprintf("its C code takes files from its own folder (#cgo … ${SRCDIR} in %s)", name), leave(p)}
			}
			if err := c.checkFolders(p, name, string(line), copied); err != nil {
				return err
			}
		}
	}
	for _, m := range includes().FindAllSubmatch(content, -1) {
		file := path.Clean(string(m[1]))
		if slices.Contains(copied, file) || path.IsAbs(file) {
			continue
		}
		if c.exists(p, file) {
			return &CannotError{p.ImportPath, fmt.Sprintf("its C code includes %s, which the go command does not copy with it (in %s)", file, name), leave(p)}
		}
	}
	return nil
}

// folderFlags are the compiler's and linker's that name a folder or file to look into.
var folderFlags = []string{"-isystem", "-iquote", "-idirafter", "-include", "-I", "-L"}

// checkFolders refuses a line of #cgo that names folders by paths from the package's own.
func (c *copier) checkFolders(p *Package, name, line string, copied []string) error {
	words := strings.Fields(line)
	for i, word := range words {
		n := slices.IndexFunc(folderFlags, func(flag string) bool { return strings.HasPrefix(word, flag) })
		if n < 0 {
			continue
		}
		flag, value := folderFlags[n], strings.TrimPrefix(word, folderFlags[n])
		if value == "" && i+1 < len(words) {
			value = words[i+1]
			flag += " "
		}
		file := path.Clean(strings.Trim(value, `"'`))
		if file != "." && !path.IsAbs(file) && !slices.Contains(copied, file) && c.exists(p, file) {
			return &CannotError{p.ImportPath, fmt.Sprintf("its C code takes files from %s, which the go command does not copy with it (#cgo … %s%s in %s)", file, flag, file, name), leave(p)}
		}
	}
	return nil
}

// exists says whether there is a file or folder at a path from a package's folder.
func (c *copier) exists(p *Package, file string) bool {
	dir, base := path.Split(path.Join(p.Dir, file))
	names, err := c.disk.List(path.Clean(dir))
	return err == nil && slices.Contains(names, base)
}

// leave says how a package is left to the host.
func leave(p *Package) string { return "leave it to the host: --isolate='…,!" + p.ImportPath + "'" }
