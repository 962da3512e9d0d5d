package gotype

import (
	"cmp"
	"errors"
	"fmt"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a type's text may be: longer or deeper ones are a mistake or an attack.
const (
	maxText  = 1 << 16 // bytes
	maxDepth = 64
)

// Parse reads a type as Type.String writes it. Parameters may have names, byte, rune
// and any stand for what they are, and an interface may embed error. The error
// says what was expected where.
func Parse(text string) (*Type, error) { return parse(text, false) }

// ParseLinked reads a type as the Go linker's symbols and the names of instantiated
// types have it: paths are escaped, local types numbered.
func ParseLinked(text string) (*Type, error) { return parse(text, true) }

func parse(text string, linked bool) (*Type, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("type of %d bytes: at most %d are read", len(text), maxText)
	}
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("type %q is not valid UTF-8", text)
	}
	p := &parser{text: text, linked: linked}
	t, err := p.typ()
	if err == nil && !p.done() {
		err = p.want("nothing more")
	}
	if err != nil {
		return nil, fmt.Errorf("type %q: %w", text, err)
	}
	return t, nil
}

type parser struct {
	text     string
	at       int
	depth    int
	linked   bool
	renaming bool // the name of an embedded field was given: any type may follow, since aliases name any
}

func (p *parser) rest() string { return p.text[p.at:] }

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) done() bool {
	p.space()
	return p.at == len(p.text)
}

// take steps over a token, if it comes next.
func (p *parser) take(s string) bool {
	p.space()
	if !strings.HasPrefix(p.rest(), s) {
		return false
	}
	p.at += len(s)
	return true
}

// peek says whether one of these bytes, or the end for 0, comes next.
func (p *parser) peek(set string) bool {
	if p.done() {
		return strings.IndexByte(set, 0) >= 0
	}
	return strings.IndexByte(set, p.text[p.at]) >= 0
}

func (p *parser) want(what string) error {
	if p.done() {
		return fmt.Errorf("it ends where %s is expected", what)
	}
	got := p.rest()
	if len(got) > 20 {
		got = got[:20] + "…"
	}
	return fmt.Errorf("%s is expected at %q", what, got)
}

func (p *parser) expect(s string) error {
	if !p.take(s) {
		return p.want(strconv.Quote(s))
	}
	return nil
}

// isPathRune says what a path or name may hold that stands without quotes.
func (p *parser) isPathRune(r rune) bool {
	return strings.ContainsRune("_./-~+", r) || unicode.IsLetter(r) || unicode.IsDigit(r) ||
		r == '·' || p.linked && r == '%'
}

// word reads the longest run of what paths and names hold: "" where none begins.
func (p *parser) word() string {
	p.space()
	if r, _ := utf8.DecodeRuneInString(p.rest()); r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
		return ""
	}
	end := strings.IndexFunc(p.rest(), func(r rune) bool { return !p.isPathRune(r) })
	if end < 0 {
		end = len(p.rest())
	}
	w := p.rest()[:end]
	if i := strings.Index(w, "..."); i >= 0 {
		w = w[:i]
	}
	p.at += len(w)
	return w
}

// typ reads one type.
func (p *parser) typ() (*Type, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, errors.New("it is nested too deeply")
	}
	defer func() { p.depth-- }()
	switch {
	case p.take("*"):
		elem, err := p.typ()
		return &Type{Kind: Pointer, Elem: elem}, err
	case p.take("("):
		t, err := p.typ()
		if err != nil {
			return nil, err
		}
		return t, p.expect(")")
	case p.take("["):
		return p.arrayOrSlice()
	case p.take("<-"):
		if p.word() != "chan" {
			return nil, p.want("chan")
		}
		elem, err := p.typ()
		return &Type{Kind: Chan, Dir: Receive, Elem: elem}, err
	case p.peek("\"`"):
		return p.quoted()
	}
	w := p.word()
	switch w {
	case "":
		return nil, p.want("a type")
	case "map":
		return p.mapping()
	case "chan":
		t := &Type{Kind: Chan, Dir: Both}
		if p.take("<-") {
			t.Dir = Send
		}
		var err error
		t.Elem, err = p.typ()
		return t, err
	case "func":
		return p.signature()
	case "interface":
		return p.iface()
	case "struct":
		return p.structure()
	}
	return p.named(w)
}

func (p *parser) arrayOrSlice() (*Type, error) {
	t := &Type{Kind: Slice}
	if !p.take("]") {
		t.Kind = Array
		n := p.word()
		var err error
		if t.Len, err = strconv.ParseUint(n, 0, 63); err != nil {
			return nil, fmt.Errorf("%q is no length of an array", n)
		}
		if err := p.expect("]"); err != nil {
			return nil, err
		}
	}
	var err error
	t.Elem, err = p.typ()
	return t, err
}

func (p *parser) mapping() (*Type, error) {
	t := &Type{Kind: Map}
	err := p.expect("[")
	if err == nil {
		t.Key, err = p.typ()
	}
	if err == nil {
		err = p.expect("]")
	}
	if err == nil {
		t.Elem, err = p.typ()
	}
	return t, err
}

// quoted reads a type whose path stands in quotes.
func (p *parser) quoted() (*Type, error) {
	path, err := p.literal()
	if err != nil {
		return nil, err
	}
	if err := p.expect("."); err != nil {
		return nil, err
	}
	return p.instance(path, p.word())
}

func (p *parser) literal() (string, error) {
	q, err := strconv.QuotedPrefix(p.rest())
	if err != nil {
		return "", p.want("a string")
	}
	p.at += len(q)
	return strconv.Unquote(q)
}

// named makes a type of a word: a predeclared one, or a path and a name.
func (p *parser) named(w string) (*Type, error) {
	dot := strings.LastIndexByte(w, '.')
	if dot > 0 {
		path := w[:dot]
		if p.linked {
			path = Unescape(path)
		}
		return p.instance(path, w[dot+1:])
	}
	switch w {
	case "byte":
		w = "uint8"
	case "rune":
		w = "int32"
	case "any":
		return &Type{Kind: Interface}, nil
	}
	if !slices.Contains(predeclared, w) {
		return nil, fmt.Errorf("%q is no type of Go's own: write the import path of its package before it, as in example.com/host/api.%s", w, w)
	}
	return &Type{Name: w}, nil
}

var predeclared = []string{
	"bool", "string", "error", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr",
	"float32", "float64", "complex64", "complex128",
}

// instance reads the type arguments behind the name, if there are any.
func (p *parser) instance(path, name string) (*Type, error) {
	if path == "" || !isTypeName(name) {
		return nil, fmt.Errorf("%q is no name of a type in a package", path+"."+name)
	}
	t := &Type{Path: path, Name: name}
	if !strings.HasPrefix(p.rest(), "[") { // not after a space: see field
		return t, nil
	}
	p.at++
	for {
		arg, err := p.typ()
		if err != nil {
			return nil, err
		}
		t.Args = append(t.Args, arg)
		if p.take("]") {
			return t, nil
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
}

// isTypeName says whether a defined type may have this name; the compiler numbers
// those that functions define.
func isTypeName(name string) bool {
	parts := strings.Split(name, "·")
	for _, number := range parts[1:] {
		if number == "" || strings.Trim(number, "0123456789") != "" {
			return false
		}
	}
	return token.IsIdentifier(parts[0])
}

// iface reads what follows the word interface.
func (p *parser) iface() (*Type, error) {
	t := &Type{Kind: Interface}
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	for !p.take("}") {
		m, err := p.method()
		if err != nil {
			return nil, err
		}
		t.Methods = append(t.Methods, m)
		if p.take("}") {
			break
		}
		if err := p.expect(";"); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(t.Methods, func(a, b Method) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Path, b.Path))
	})
	for i := 1; i < len(t.Methods); i++ {
		if a, b := t.Methods[i-1], t.Methods[i]; a.Name == b.Name && a.Path == b.Path {
			return nil, fmt.Errorf("the interface has the method %s twice", b.Name)
		}
	}
	return t, nil
}

func (p *parser) method() (Method, error) {
	path, name, err := p.member()
	if err != nil {
		return Method{}, err
	}
	if !p.take("(") {
		if name == "error" && path == "" {
			return Method{Name: "Error", Type: &Type{Kind: Func, Results: []*Type{{Name: "string"}}}}, nil
		}
		return Method{}, fmt.Errorf("write out the methods of %s that the interface embeds", name)
	}
	p.at--
	sig, err := p.signature()
	if err == nil {
		err = checkMember(path, name)
	}
	return Method{path, name, sig}, err
}

// member reads the name of a field or method, an unexported one with its package.
func (p *parser) member() (path, name string, err error) {
	if p.peek("\"") {
		if path, err = p.literal(); err != nil {
			return "", "", err
		}
		if err := p.expect("."); err != nil {
			return "", "", err
		}
		return path, p.word(), nil
	}
	w := p.word()
	dot := strings.LastIndexByte(w, '.')
	if dot > 0 {
		path = w[:dot]
	}
	if p.linked {
		path = Unescape(path)
	}
	if name = w[dot+1:]; !token.IsIdentifier(name) {
		return "", "", p.want("a name")
	}
	return path, name, nil
}

// checkMember refuses an unexported name without a package: it would fit none.
func checkMember(path, name string) error {
	if !token.IsIdentifier(name) {
		return fmt.Errorf("%q is no name", name)
	}
	if exported := token.IsExported(name); exported != (path == "") {
		if exported {
			return fmt.Errorf("%s is exported, and so belongs to no package: write it without %s", name, path)
		}
		return fmt.Errorf("%s is not exported, and so belongs to a package: write its import path before it, as in example.com/host/api.%s", name, name)
	}
	return nil
}
