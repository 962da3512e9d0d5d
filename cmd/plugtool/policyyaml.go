package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits on YAML, whose parser takes time that grows with the square of
// what a line holds and of how deep it nests: sixty kilobytes of brackets took it 14 s and
// gigabytes of memory. Larger policies can be written in JSON.
const (
	yamlLimit      = 128 << 10 // bytes
	yamlLine       = 8 << 10   // bytes of one line
	yamlDepth      = 64
	yamlStarts     = 8
	wholeNumberMax = 9 // digits
)

// yamlToJSON writes a YAML document as JSON, and says in which line stands what has a
// path such as plugins[0].threshold. It takes what has one meaning only: one document,
// no name twice, no anchors, aliases, merge keys and tags. What looks like a whole
// number, true, false or null is that; all else is text as it is written, so that a
// time and the version 1.10 need no quotes.
func yamlToJSON(file string, data []byte) ([]byte, map[string]int, error) {
	if err := checkYAML(file, data); err != nil {
		return nil, nil, err
	}
	if err := checkPlain(file, data); err != nil {
		return nil, nil, err
	}
	parsed, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, nil, configError(file, err)
	}
	w := yamlWriter{file: file, lines: map[string]int{}}
	switch {
	case len(parsed.Docs) > 1:
		return nil, nil, usagef("", "%s holds several documents, expected one policy", file)
	case len(parsed.Docs) == 0 || parsed.Docs[0].Body == nil:
		return nil, nil, usagef("docs/policy.md has an example", "%s holds nothing, expected a policy", file)
	}
	if err := w.value("", parsed.Docs[0].Body); err != nil {
		return nil, nil, err
	}
	return w.json.Bytes(), w.lines, nil
}

// checkYAML refuses what would take the parser long.
func checkYAML(file string, data []byte) error {
	if len(data) > yamlLimit {
		return usagef("a policy in JSON may have a megabyte", "%s has more than %d bytes", file, yamlLimit)
	}
	depth := 0
	for n, line := range bytes.Split(data, []byte("\n")) {
		if len(line) > yamlLine {
			return usagef("", "%s:%d: the line has more than %d bytes", file, n+1, yamlLine)
		}
		for _, c := range line {
			switch c {
			case '[', '{':
				depth++
			case ']', '}':
				depth = max(depth-1, 0)
			}
			if depth > yamlDepth {
				return usagef("", "%s:%d: nests deeper than %d levels", file, n+1, yamlDepth)
			}
		}
		start := line[:len(line)-len(bytes.TrimLeft(line, "-? \t"))] // "- - a" is a list in a list
		if bytes.Count(start, []byte("-"))+bytes.Count(start, []byte("?")) > yamlStarts {
			return usagef("", "%s:%d: nests deeper than %d levels in one line", file, n+1, yamlStarts)
		}
	}
	return nil
}

// checkPlain refuses characters that readers of YAML do not agree about. The parser drops
// tabs within words, so that re<tab>lease would be release here and another name elsewhere;
// some take U+0085 for the end of a line.
func checkPlain(file string, data []byte) error {
	if !utf8.Valid(data) {
		return usagef("", "%s is not valid UTF-8", file)
	}
	for n, line := range strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n") {
		odd := func(c rune) bool {
			return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' || c == '\ufeff' || c == utf8.RuneError
		}
		at := strings.IndexFunc(line, odd)
		if at < 0 {
			continue
		}
		c, _ := utf8.DecodeRuneInString(line[at:])
		column := utf8.RuneCountInString(line[:at]) + 1
		if c == '\t' {
			return usagef("spaces, or \\t in double quotes", "%s:%d:%d: a tab is not allowed in a policy", file, n+1, column)
		}
		return usagef("", "%s:%d:%d: the character %U is not allowed in a policy", file, n+1, column, c)
	}
	return nil
}

// A yamlWriter writes nodes as JSON.
type yamlWriter struct {
	file  string
	json  bytes.Buffer
	lines map[string]int // by path
}

func (w *yamlWriter) errorf(n ast.Node, format string, args ...any) error {
	at := &token.Position{}
	if t := n.GetToken(); t != nil && t.Position != nil {
		at = t.Position
	}
	return usagef("", "%s:%d:%d: %s", w.file, at.Line, at.Column, fmt.Sprintf(format, args...))
}

func (w *yamlWriter) text(s string) {
	quoted, err := json.Marshal(s)
	if err != nil { // no text has one
		panic(err)
	}
	w.json.Write(quoted)
}

var wholeNumber = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`) })

func (w *yamlWriter) value(at string, n ast.Node) error {
	switch n := n.(type) {
	case *ast.MappingNode:
		return w.object(at, n, n.Values)
	case *ast.MappingValueNode:
		return w.object(at, n, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		return w.list(at, n)
	case *ast.StringNode:
		w.text(n.Value)
	case *ast.LiteralNode:
		w.text(n.Value.Value)
	case *ast.NullNode:
		w.json.WriteString("null")
	case *ast.BoolNode:
		fmt.Fprint(&w.json, n.Value)
	case *ast.IntegerNode:
		if s := n.Token.Value; wholeNumber().MatchString(s) && len(s) <= wholeNumberMax {
			w.json.WriteString(s)
		} else {
			w.text(s)
		}
	case *ast.FloatNode:
		w.text(n.Token.Value)
	case *ast.InfinityNode:
		w.text(n.Token.Value)
	case *ast.NanNode:
		w.text(n.Token.Value)
	default:
		return w.refuse(n)
	}
	return nil
}

// refuse says what there is that a policy has no use for.
func (w *yamlWriter) refuse(n ast.Node) error {
	switch n.(type) {
	case *ast.AnchorNode:
		return w.errorf(n, "an anchor (&) is not allowed in a policy: what is meant has to stand where it is meant")
	case *ast.AliasNode:
		return w.errorf(n, "an alias (*) is not allowed in a policy; a text that begins with * needs quotes")
	case *ast.MergeKeyNode:
		return w.errorf(n, "a merge key (<<) is not allowed in a policy: what is meant has to stand where it is meant")
	case *ast.TagNode:
		return w.errorf(n, "a tag (!) is not allowed in a policy; a text that begins with ! needs quotes")
	case *ast.DirectiveNode:
		return w.errorf(n, "a directive (%%) is not allowed in a policy")
	}
	return w.errorf(n, "%s is not expected in a policy", n.Type())
}

func (w *yamlWriter) object(at string, n ast.Node, values []*ast.MappingValueNode) error {
	w.json.WriteByte('{')
	seen := map[string]bool{}
	for i, v := range values {
		if i > 0 {
			w.json.WriteByte(',')
		}
		name, err := w.name(v.Key)
		if err != nil {
			return err
		}
		if seen[name] {
			return w.errorf(v.Key, "the name %q comes twice", name)
		}
		seen[name] = true
		inner := strings.TrimPrefix(at+"."+name, ".")
		w.lines[inner] = v.Key.GetToken().Position.Line
		w.text(name)
		w.json.WriteByte(':')
		if err := w.value(inner, v.Value); err != nil {
			return err
		}
	}
	w.json.WriteByte('}')
	return nil
}

// name gives the name that a key stands for, as it is written.
func (w *yamlWriter) name(key ast.MapKeyNode) (string, error) {
	switch k := key.(type) {
	case *ast.StringNode:
		return k.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
		return k.GetToken().Value, nil
	}
	return "", w.refuse(key)
}

func (w *yamlWriter) list(at string, n *ast.SequenceNode) error {
	w.json.WriteByte('[')
	for i, v := range n.Values {
		if i > 0 {
			w.json.WriteByte(',')
		}
		inner := fmt.Sprintf("%s[%d]", at, i)
		if t := first(v); t != nil {
			w.lines[inner] = t.Position.Line
		}
		if err := w.value(inner, v); err != nil {
			return err
		}
	}
	w.json.WriteByte(']')
	return nil
}

// first gives the token with which a value begins: a mapping's own is a colon.
func first(n ast.Node) *token.Token {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		return m.Values[0].Key.GetToken()
	}
	return n.GetToken()
}
