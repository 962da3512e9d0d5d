package goelf

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Kinds of internal/abi.Type, in the order of internal/abi/type.go.
const (
	kindArray     = 17
	kindChan      = 18
	kindFunc      = 19
	kindInterface = 20
	kindMap       = 21
	kindPointer   = 22
	kindSlice     = 23
	kindString    = 24
	kindStruct    = 25
	kindUnsafe    = 26
)

var basicKinds = [...]string{
	1: "bool", "int", "int8", "int16", "int32", "int64",
	"uint", "uint8", "uint16", "uint32", "uint64", "uintptr",
	"float32", "float64", "complex64", "complex128",
	kindString: "string", kindUnsafe: "unsafe.Pointer",
}

// Flags of internal/abi.TFlag, and of the first byte of internal/abi.Name.
const (
	flagUncommon  = 1 << 0
	flagExtraStar = 1 << 1
	flagNamed     = 1 << 2

	nameHasTag   = 1 << 1
	nameHasPath  = 1 << 2
	nameEmbedded = 1 << 3
)

// maxTypeNodes and maxTypeDepth bound the text of one type. A hostile file could
// otherwise make a small graph of types into an endless text.
const (
	maxTypeNodes = 4096
	maxTypeDepth = 64
)

var errTypeSize = errors.New("the type is too large to be written out")

// typeReader writes types as Go source with whole import paths.
type typeReader struct {
	im     *Image
	types  uint64 // moduledata.types, which offsets are relative to
	budget int
}

// typeHeader is the part of internal/abi.Type that is needed.
type typeHeader struct {
	addr, body uint64 // body is what follows the abi.Type
	flags      uint8
	kind       uint8
	str        uint64 // address of the name
}

func (d *typeReader) header(addr uint64) (typeHeader, error) {
	// internal/abi.Type is two words, uint32, four bytes, two words, two int32.
	w := d.im.WordSize()
	b, err := d.im.Bytes(addr, 4*w+16)
	if err != nil {
		return typeHeader{}, fmt.Errorf("type at %#x: %w", addr, err)
	}
	h := typeHeader{addr: addr, body: addr + 4*w + 16, flags: b[2*w+4], kind: b[2*w+7] & 31}
	h.str = d.types + uint64(d.im.Order.Uint32(b[4*w+8:]))
	if h.kind == 0 || h.kind > kindUnsafe {
		return typeHeader{}, fmt.Errorf("type at %#x: kind %d does not exist", addr, h.kind)
	}
	return h, nil
}

// read writes the type at an address.
func (d *typeReader) read(addr uint64, depth int) (string, error) {
	if d.budget--; d.budget < 0 || depth > maxTypeDepth {
		return "", errTypeSize
	}
	h, err := d.header(addr)
	if err != nil {
		return "", err
	}
	if h.flags&flagNamed != 0 {
		return d.named(h)
	}
	switch h.kind {
	case kindArray:
		n, err := d.im.wordAt(h.body + 2*d.im.WordSize())
		if err != nil {
			return "", err
		}
		return d.elem(h, 0, "["+strconv.FormatUint(n, 10)+"]", depth)
	case kindSlice:
		return d.elem(h, 0, "[]", depth)
	case kindPointer:
		return d.elem(h, 0, "*", depth)
	case kindChan:
		return d.channel(h, depth)
	case kindMap:
		key, err := d.elem(h, 0, "map[", depth)
		if err != nil {
			return "", err
		}
		return d.elem(h, 1, key+"]", depth)
	case kindFunc:
		s, err := d.signature(h, depth)
		return "func" + s, err
	case kindInterface:
		return d.iface(h, depth)
	case kindStruct:
		return d.structure(h, depth)
	}
	return basicKinds[h.kind], nil
}

// elem writes the type that the i-th word after the header points to.
func (d *typeReader) elem(h typeHeader, i uint64, prefix string, depth int) (string, error) {
	p, err := d.im.Pointer(h.body + i*d.im.WordSize())
	if err != nil {
		return "", err
	}
	s, err := d.read(p, depth+1)
	return prefix + s, err
}

func (d *typeReader) channel(h typeHeader, depth int) (string, error) {
	dir, err := d.im.wordAt(h.body + d.im.WordSize())
	if err != nil {
		return "", err
	}
	elem, err := d.elem(h, 0, "", depth)
	switch dir {
	case 1:
		return "<-chan " + elem, err
	case 2:
		return "chan<- " + elem, err
	}
	if strings.HasPrefix(elem, "<-") {
		elem = "(" + elem + ")"
	}
	return "chan " + elem, err
}

// signature writes parameters and results. They follow the abi.FuncType, and the
// abi.UncommonType where there is one.
func (d *typeReader) signature(h typeHeader, depth int) (string, error) {
	b, err := d.im.Bytes(h.body, 4)
	if err != nil {
		return "", err
	}
	in, out := uint64(d.im.Order.Uint16(b)), uint64(d.im.Order.Uint16(b[2:]))
	variadic := out&0x8000 != 0
	out &= 0x7fff
	w := d.im.WordSize()
	list := h.body + w // two uint16, padded to a word
	if h.flags&flagUncommon != 0 {
		list += uncommonSize
	}
	types := make([]string, 0, min(in+out, maxTypeNodes))
	for i := range in + out {
		p, err := d.im.Pointer(list + i*w)
		if err != nil {
			return "", err
		}
		s, err := d.read(p, depth+1)
		if err != nil {
			return "", err
		}
		if variadic && i == in-1 {
			s = "..." + strings.TrimPrefix(s, "[]")
		}
		types = append(types, s)
	}
	s := "(" + strings.Join(types[:in], ", ") + ")"
	switch out {
	case 0:
		return s, nil
	case 1:
		return s + " " + types[in], nil
	}
	return s + " (" + strings.Join(types[in:], ", ") + ")", nil
}

// iface writes an interface type: {PkgPath Name; Methods []Imethod}, a method
// being offsets of its name and type.
func (d *typeReader) iface(h typeHeader, depth int) (string, error) {
	w := d.im.WordSize()
	n, err := d.im.wordAt(h.body + 2*w)
	if err != nil {
		return "", err
	}
	if n == 0 {
		return "interface {}", nil
	}
	if n > maxTypeNodes {
		return "", errTypeSize
	}
	list, err := d.im.Pointer(h.body + w)
	if err != nil {
		return "", err
	}
	b, err := d.im.Bytes(list, n*8)
	if err != nil {
		return "", err
	}
	methods := make([]string, n)
	for i := range methods {
		name, err := d.im.typeName(d.types + uint64(d.im.Order.Uint32(b[i*8:])))
		if err != nil {
			return "", err
		}
		m, err := d.header(d.types + uint64(d.im.Order.Uint32(b[i*8+4:])))
		if err != nil {
			return "", err
		}
		if d.budget--; d.budget < 0 || m.kind != kindFunc {
			return "", errTypeSize
		}
		sig, err := d.signature(m, depth+1)
		if err != nil {
			return "", err
		}
		methods[i] = d.qualify(name) + sig
	}
	return "interface { " + strings.Join(methods, "; ") + " }", nil
}

// structure writes a struct type: {PkgPath Name; Fields []StructField}, a field
// being {Name; Typ *Type; Offset uintptr}.
func (d *typeReader) structure(h typeHeader, depth int) (string, error) {
	w := d.im.WordSize()
	n, err := d.im.wordAt(h.body + 2*w)
	if err != nil {
		return "", err
	}
	if n == 0 {
		return "struct {}", nil
	}
	if n > maxTypeNodes {
		return "", errTypeSize
	}
	list, err := d.im.Pointer(h.body + w)
	if err != nil {
		return "", err
	}
	fields := make([]string, n)
	for i := range fields {
		if fields[i], err = d.field(list+uint64(i)*3*w, depth); err != nil {
			return "", err
		}
	}
	return "struct { " + strings.Join(fields, "; ") + " }", nil
}

func (d *typeReader) field(addr uint64, depth int) (string, error) {
	at, err := d.im.Pointer(addr)
	if err != nil {
		return "", err
	}
	name, err := d.im.typeName(at)
	if err != nil {
		return "", err
	}
	p, err := d.im.Pointer(addr + d.im.WordSize())
	if err != nil {
		return "", err
	}
	s, err := d.read(p, depth+1)
	if err != nil {
		return "", err
	}
	if !name.embedded {
		s = d.qualify(name) + " " + s
	}
	if name.tag != "" {
		s += " " + strconv.Quote(name.tag)
	}
	return s, nil
}

// qualify gives an unexported name with its package, which is part of its
// identity.
func (d *typeReader) qualify(n typeName) string {
	if n.pathOff == 0 {
		return n.text
	}
	p, err := d.im.typeName(d.types + uint64(n.pathOff))
	if err != nil || p.text == "" {
		return n.text
	}
	return p.text + "." + n.text
}

// uncommonSize is the size of internal/abi.UncommonType: PkgPath NameOff,
// Mcount, Xcount uint16, Moff, _ uint32.
const uncommonSize = 16

// named writes a defined type. Its string holds the package's name, so the path
// is taken from the abi.UncommonType that follows the kind's own fields.
func (d *typeReader) named(h typeHeader) (string, error) {
	name, err := d.im.typeName(h.str)
	if err != nil {
		return "", err
	}
	s := name.text
	if h.flags&flagExtraStar != 0 {
		s = strings.TrimPrefix(s, "*")
	}
	if h.flags&flagUncommon == 0 {
		return s, nil // predeclared, as in string or error
	}
	words := map[uint8]uint64{
		kindArray: 3, kindChan: 2, kindFunc: 1, kindInterface: 4,
		kindPointer: 1, kindSlice: 1, kindStruct: 4,
	}[h.kind]
	at := h.body + words*d.im.WordSize()
	if h.kind == kindMap {
		return d.namedMap(h, s)
	}
	path, err := d.pkgPath(at)
	if err != nil {
		return "", err
	}
	return replacePackage(s, path), nil
}

func (d *typeReader) pkgPath(at uint64) (string, error) {
	b, err := d.im.Bytes(at, 4)
	if err != nil {
		return "", err
	}
	off := d.im.Order.Uint32(b)
	if off == 0 {
		return "", nil
	}
	n, err := d.im.typeName(d.types + uint64(off))
	return n.text, err
}

// namedMap writes a defined map type. abi.MapType has had three sizes: that of
// buckets (up to Go 1.25), of Swiss tables (from 1.24) and of split groups
// (1.27). The right one is where a path is that fits the package's name.
func (d *typeReader) namedMap(h typeHeader, s string) (string, error) {
	w := d.im.WordSize()
	name := packageOf(s)
	for _, size := range []uint64{8 * w, 10 * w, 4*w + 8} {
		path, err := d.pkgPath(h.body + size)
		if err == nil && name != "" && plausiblePath(path) && (name == "main" || strings.Contains(path, name)) {
			return replacePackage(s, path), nil
		}
	}
	return s, nil
}

func plausiblePath(s string) bool {
	if s == "" {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// packageOf gives the package name in a type's string, up to the first dot that
// is not within type arguments.
func packageOf(s string) string {
	for i, c := range []byte(s) {
		switch c {
		case '.':
			return s[:i]
		case '[', '(', '{', ' ':
			return ""
		}
	}
	return ""
}

func replacePackage(s, path string) string {
	if p := packageOf(s); p != "" && path != "" {
		return path + s[len(p):]
	}
	return s
}
