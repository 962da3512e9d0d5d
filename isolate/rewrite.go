package isolate

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// An edit replaces some bytes of a file.
type edit struct {
	from, to int // byte offsets
	text     string
}

// apply makes edits, which do not overlap.
func apply(content []byte, edits []edit) []byte {
	slices.SortFunc(edits, func(a, b edit) int { return a.from - b.from })
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		out.Write(content[at:e.from])
		out.WriteString(e.text)
		at = e.to
	}
	out.Write(content[at:])
	return out.Bytes()
}

// names says how packages are named within the plugin.
type names map[string]string // private import paths, by the true ones

// linkname is the directive that names a symbol of another package.
const linkname = "//go:linkname "

// goFile rewrites a Go file: the paths in import declarations, and what linkname
// directives name. All else keeps its bytes and its line. A file that names no moved
// package comes back as it was.
func (n names) goFile(name string, content []byte) ([]byte, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, content, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	offset := func(pos token.Pos) int { return fset.File(f.Pos()).Offset(pos) } // whatever //line says
	var edits []edit
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		if private := n[path]; private != "" {
			edits = append(edits, edit{offset(spec.Path.Pos()), offset(spec.Path.End()), strconv.Quote(private)})
		}
	}
	if bytes.Contains(content, []byte(linkname)) {
		edits = append(edits, n.linknames(content)...)
	}
	return apply(content, edits), nil
}

// linknames finds what linkname directives name. They are read off the file's bytes, as the
// compiler does: go/scanner takes carriage returns out of comments, which are spaces there.
func (n names) linknames(content []byte) []edit {
	var edits []edit
	next := tokens(content)
	for t := next(); t.tok != token.EOF; t = next() {
		rest, ok := strings.CutPrefix(t.lit, linkname)
		if !ok || t.tok != token.COMMENT {
			continue
		}
		words := strings.Fields(rest)
		if len(words) != 2 {
			continue
		}
		if private := n.symbol(words[1]); private != words[1] {
			at := t.offset + strings.LastIndex(t.lit, words[1])
			edits = append(edits, edit{at, at + len(words[1]), private})
		}
	}
	return edits
}

// rawComment gives the bytes of the comment that text begins with.
func rawComment(text []byte) string {
	end := []byte("\n")
	if bytes.HasPrefix(text, []byte("/*")) {
		end = []byte("*/")
	}
	comment, _, _ := bytes.Cut(text, end)
	return string(comment)
}

// symbol gives the name of a symbol in a private copy: PATH.NAME, where PATH may be
// written as the linker does, with its last element's dots escaped.
func (n names) symbol(name string) string {
	slash := strings.LastIndexByte(name, '/') + 1
	if paren := strings.IndexByte(name, '('); paren >= 0 && paren < slash {
		slash = strings.LastIndexByte(name[:paren], '/') + 1 // a type argument's
	}
	for dot := slash; dot < len(name); dot++ {
		if name[dot] != '.' {
			continue
		}
		if private := n[name[:dot]]; private != "" {
			return linkerPath(private) + name[dot:]
		}
		if private := n[unescaped(name[:dot])]; private != "" {
			return linkerPath(private) + name[dot:]
		}
	}
	return name
}

// linkerPath writes a path as symbols have it (cmd/internal/objabi PathToPrefix).
func linkerPath(path string) string {
	slash := strings.LastIndexByte(path, '/')
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c == '.' && i > slash || c == '%' || c == '"' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02x", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unescaped undoes linkerPath; what it cannot have written comes back as it was.
func unescaped(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			b.WriteByte(path[i])
			continue
		}
		if i+2 >= len(path) {
			return path
		}
		c, err := strconv.ParseUint(path[i+1:i+3], 16, 8)
		if err != nil {
			return path
		}
		b.WriteByte(byte(c))
		i += 2
	}
	return b.String()
}
