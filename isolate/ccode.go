package isolate

import (
	"bytes"
	"fmt"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// includes are the files that C code takes or asks for, where it names them in quotes.
var includes = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^[ \t/*]*#[ \t]*(?:include|include_next|import|embed)[ \t]*"([^"\n]+)"|\b__has_(?:include|include_next|embed)[ \t]*\([ \t]*"([^"\n]+)"`)
})

// asks is C code that goes by whether there is a file whose name it does not spell out.
var asks = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\b__has_(?:include|include_next|embed)[ \t]*\([ \t]*[^<" \t]`)
})

// checkC refuses C code that takes files which a copy would not have beside it: the go
// command compiles C from a copy of the files that it knows of, in one folder. Without
// them most code does not compile; some compiles to something else.
func (c *copier) checkC(p *Package, name string, content []byte, copied []string) error {
	if strings.HasSuffix(name, ".go") {
		for line := range bytes.Lines(content) {
			if !bytes.Contains(line, []byte("#cgo")) {
				continue
			}
			if bytes.Contains(line, []byte("${SRCDIR}")) {
				return &CannotError{p.ImportPath, fmt.Sprintf("its C code takes files from its own folder (#cgo … ${SRCDIR} in %s)", name), leave(p)}
			}
			if flag := folderFlag(string(line)); flag != "" {
				return &CannotError{p.ImportPath, fmt.Sprintf("its C code takes files from other folders (#cgo … %s in %s)", flag, name), leave(p)}
			}
		}
	}
	for _, m := range includes().FindAllSubmatch(content, -1) {
		file := path.Clean(string(slices.Concat(m[1], m[2])))
		if slices.Contains(copied, file) || path.IsAbs(file) {
			continue
		}
		if c.exists(p, file) {
			return &CannotError{p.ImportPath, fmt.Sprintf("its C code includes %s, which the go command does not copy with it (in %s)", file, name), leave(p)}
		}
	}
	if asked := asks().Find(content); asked != nil {
		return &CannotError{p.ImportPath, fmt.Sprintf("its C code asks for a file that it does not name (%s… in %s)", asked, name), ""}
	}
	return nil
}

// folderFlag gives the first flag of a #cgo line that names a folder or file beside the
// package, which its copy lies elsewhere than; "" for none.
func folderFlag(line string) string {
	_, flags, _ := strings.Cut(line, ":")
	words := strings.Fields(flags)
	for i, w := range words {
		w = strings.Trim(w, `"'\`)
		for _, flag := range []string{"-isystem", "-iquote", "-idirafter", "-include", "-imacros", "-iprefix", "-iwithprefix", "--sysroot=", "-I", "-L", "-B", "-F"} {
			value, ok := strings.CutPrefix(w, flag)
			if !ok {
				continue
			}
			if value == "" && i+1 < len(words) {
				value = words[i+1]
			}
			value = strings.Trim(value, `"'=\`)
			if value != "" && path.Clean(value) != "." && !path.IsAbs(value) && !strings.HasPrefix(value, "$") && !strings.HasPrefix(value[1:], ":/") {
				return strings.TrimSpace(flag + " " + value)
			}
			break
		}
	}
	return ""
}

var (
	cgoLines   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^[ \t/*]*#cgo[ \t][^\n]*$`) })
	ownFolders = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[ \t](-I[ \t]*\./?)(?:[ \t\r]|$)`) })
	folders    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[ \t"'](?:-I|-i|-B|--sysroot)`) })
)

// withoutOwnFolder leaves a package's own folder out of what its #cgo lines have the C compiler
// look into. The go command would write its path, which is another in each build, and so
// compile the C code in each. It has that folder looked into without being told, but perhaps
// before or after others that the lines name: where there are such, they stay.
func (c *copier) withoutOwnFolder(p *Package, content []byte) (edits []Edit) {
	next := tokens(content)
	for t := next(); t.tok != token.EOF; t = next() {
		if t.tok != token.COMMENT {
			continue
		}
		for _, l := range cgoLines().FindAllStringIndex(t.lit, -1) {
			for at := l[0]; ; {
				m := ownFolders().FindStringSubmatchIndex(t.lit[at:l[1]])
				if m == nil {
					break
				}
				edits = append(edits, Edit{Offset: t.offset + at + m[2], Old: t.lit[at+m[2] : at+m[3]]})
				at += m[3]
			}
		}
	}
	if len(edits) > 0 && c.looksElsewhere(p) {
		return nil
	}
	return edits
}

// looksElsewhere says whether a package's #cgo lines name folders besides its own.
func (c *copier) looksElsewhere(p *Package) bool {
	return slices.ContainsFunc(p.CgoFiles, func(name string) bool {
		content, err := c.disk.ReadFile(filepath.Join(p.Dir, name), maxFile)
		return err != nil || slices.ContainsFunc(cgoLines().FindAll(content, -1), func(line []byte) bool {
			for ownFolders().Match(line) {
				line = ownFolders().ReplaceAll(line, []byte(" "))
			}
			return folders().Match(line) && !neverForPlugins(string(line))
		})
	})
}

// neverForPlugins says whether all conditions of a #cgo line name systems that have no plugins.
func neverForPlugins(line string) bool {
	before, _, _ := strings.Cut(line, ":")
	words := strings.Fields(before[strings.Index(before, "#cgo"):])
	conditions := words[1:max(1, len(words)-1)]
	return len(conditions) > 0 && !slices.ContainsFunc(conditions, func(c string) bool {
		return !slices.ContainsFunc(strings.Split(c, ","), func(tag string) bool {
			return slices.Contains([]string{"windows", "openbsd", "netbsd", "dragonfly", "solaris", "illumos", "aix", "js", "plan9", "wasip1"}, tag)
		})
	})
}

// exists says whether there is a file or folder at a path from a package's folder.
func (c *copier) exists(p *Package, file string) bool {
	dir, base := path.Split(path.Join(p.Dir, file))
	names, err := c.disk.List(path.Clean(dir))
	return err == nil && slices.Contains(names, base)
}

// leave says how a package is left to the host.
func leave(p *Package) string { return "leave it to the host: --isolate='…,!" + p.ImportPath + "'" }
