package goelf

import (
	"errors"
	"fmt"
	"strings"

	"github.com/plugtool/plugtool/inspector/gotype"
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
	kindString: "string",
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

// What may be read of types: a hostile file could otherwise make a small graph of
// types into an endless text. The first two hold for one type, the others for all
// that are read of one file.
const (
	maxTypeNodes = 4096
	maxTypeDepth = 64
	maxAllNodes  = 1 << 18
	maxAllBytes  = 4 << 20 // of names
)

var errTypeSize = errors.New("the type is too large to be written out")

// Types reads the type descriptors of one file. It may not be used by several
// goroutines at once.
type Types struct {
	im    *Image
	base  uint64 // moduledata.types, which offsets are relative to
	minor int    // Go's minor release, 0 where it is not known

	left            int // nodes of the type that is being read
	nodes, nameSize int // of all so far
}

// PluginTypes begins to read the types of a plugin that a Go release built, 26 for
// 1.26, 0 where it is not known.
func (im *Image) PluginTypes(p *Plugin, minor int) (*Types, error) {
	if p.typesField == 0 {
		return nil, errors.New("where the types are is not known")
	}
	base, err := im.Pointer(p.typesField)
	if err != nil {
		return nil, fmt.Errorf("find the types: %w", err)
	}
	return &Types{im: im, base: base, minor: minor}, nil
}

// typesWord is the place of types in runtime.moduledata, in words: the same from Go
// 1.21 to 1.27 (runtime/symtab.go).
const typesWord = 37

// HostTypes begins to read the types of a host that exports its symbols.
func (im *Image) HostTypes(minor int) (*Types, error) {
	s, ok, err := im.Lookup("runtime.firstmoduledata")
	if err != nil {
		return nil, fmt.Errorf("find the types: %w", err)
	}
	if !ok {
		return nil, errors.New("find the types: it exports no runtime.firstmoduledata")
	}
	base, err := im.Pointer(s.Value + typesWord*im.WordSize())
	if err != nil {
		return nil, fmt.Errorf("find the types: %w", err)
	}
	return &Types{im: im, base: base, minor: minor}, nil
}

// Type reads the type of an export, as plugin.Lookup's result has it.
func (d *Types) Type(e Export) (*gotype.Type, error) {
	d.left = maxTypeNodes
	t, err := d.read(e.typ, 0)
	if err != nil {
		return nil, fmt.Errorf("type of %s: %w", e.Name, err)
	}
	return t, nil
}

// typeHeader is the part of internal/abi.Type that is needed.
type typeHeader struct {
	addr, body uint64 // body is what follows the abi.Type
	flags      uint8
	kind       uint8
	str        uint64 // address of the name
}

func (d *Types) header(addr uint64) (typeHeader, error) {
	// internal/abi.Type is two words, uint32, four bytes, two words, two int32.
	w := d.im.WordSize()
	b, err := d.im.Bytes(addr, 4*w+16)
	if err != nil {
		return typeHeader{}, fmt.Errorf("type at %#x: %w", addr, err)
	}
	h := typeHeader{addr: addr, body: addr + 4*w + 16, flags: b[2*w+4], kind: b[2*w+7] & 31}
	h.str = d.base + uint64(d.im.Order.Uint32(b[4*w+8:]))
	if h.kind == 0 || h.kind > kindUnsafe {
		return typeHeader{}, fmt.Errorf("type at %#x: kind %d does not exist", addr, h.kind)
	}
	return h, nil
}

// text is the type's string, which holds package names, not paths.
func (d *Types) text(h typeHeader) (string, error) {
	name, err := d.name(h.str)
	if err != nil || h.flags&flagExtraStar == 0 {
		return name.text, err
	}
	return strings.TrimPrefix(name.text, "*"), nil
}

// name reads a name, and counts what was read.
func (d *Types) name(addr uint64) (typeName, error) {
	n, err := d.im.typeName(addr)
	if d.nameSize += len(n.text) + len(n.tag); d.nameSize > maxAllBytes {
		return typeName{}, errTypeSize
	}
	return n, err
}

// read reads the type at an address.
func (d *Types) read(addr uint64, depth int) (*gotype.Type, error) {
	d.left--
	if d.nodes++; d.left < 0 || d.nodes > maxAllNodes || depth > maxTypeDepth {
		return nil, errTypeSize
	}
	h, err := d.header(addr)
	if err != nil {
		return nil, err
	}
	if h.flags&flagNamed != 0 {
		return d.named(h)
	}
	return d.literal(h, depth)
}

// literal reads what a type is made of; a defined type too, whose name it leaves out.
func (d *Types) literal(h typeHeader, depth int) (t *gotype.Type, err error) {
	w := d.im.WordSize()
	switch h.kind {
	case kindArray:
		t = &gotype.Type{Kind: gotype.Array}
		if t.Len, err = d.im.wordAt(h.body + 2*w); err != nil {
			return nil, err
		}
		t.Elem, err = d.pointed(h.body, depth)
	case kindSlice:
		t = &gotype.Type{Kind: gotype.Slice}
		t.Elem, err = d.pointed(h.body, depth)
	case kindPointer:
		t = &gotype.Type{Kind: gotype.Pointer}
		t.Elem, err = d.pointed(h.body, depth)
	case kindChan:
		var dir uint64
		if dir, err = d.im.wordAt(h.body + w); err != nil {
			return nil, err
		}
		t = &gotype.Type{Kind: gotype.Chan, Dir: gotype.Direction(dir & 3)}
		t.Elem, err = d.pointed(h.body, depth)
	case kindMap:
		t = &gotype.Type{Kind: gotype.Map}
		if t.Key, err = d.pointed(h.body, depth); err != nil {
			return nil, err
		}
		t.Elem, err = d.pointed(h.body+w, depth)
	case kindFunc:
		return d.signature(h, depth)
	case kindInterface:
		return d.iface(h, depth)
	case kindStruct:
		return d.structure(h, depth)
	case kindUnsafe:
		return &gotype.Type{Path: "unsafe", Name: "Pointer", Package: "unsafe"}, nil
	default:
		return &gotype.Type{Name: basicKinds[h.kind]}, nil
	}
	return t, err
}

// pointed reads the type that the word at an address points to.
func (d *Types) pointed(at uint64, depth int) (*gotype.Type, error) {
	p, err := d.im.Pointer(at)
	if err != nil {
		return nil, err
	}
	return d.read(p, depth+1)
}

// signature reads parameters and results. They follow the abi.FuncType, and the
// abi.UncommonType where there is one.
func (d *Types) signature(h typeHeader, depth int) (*gotype.Type, error) {
	b, err := d.im.Bytes(h.body, 4)
	if err != nil {
		return nil, err
	}
	in, out := uint64(d.im.Order.Uint16(b)), uint64(d.im.Order.Uint16(b[2:]))
	t := &gotype.Type{Kind: gotype.Func, Variadic: out&0x8000 != 0}
	out &= 0x7fff
	w := d.im.WordSize()
	list := h.body + w // two uint16, padded to a word
	if h.flags&flagUncommon != 0 {
		list += uncommonSize
	}
	for i := range in + out {
		u, err := d.pointed(list+i*w, depth)
		if err != nil {
			return nil, err
		}
		if i < in {
			t.Params = append(t.Params, u)
		} else {
			t.Results = append(t.Results, u)
		}
	}
	if t.Variadic && (in == 0 || t.Params[in-1].Kind != gotype.Slice) {
		return nil, fmt.Errorf("type at %#x: a variadic function without a slice", h.addr)
	}
	return t, nil
}

// slice gives address and length of the slice whose header is at an address.
func (d *Types) slice(at uint64) (list, n uint64, err error) {
	if n, err = d.im.wordAt(at + d.im.WordSize()); err != nil || n == 0 {
		return 0, 0, err
	}
	if n > maxTypeNodes {
		return 0, 0, errTypeSize
	}
	list, err = d.im.Pointer(at)
	return list, n, err
}

// packagePath reads the abi.Name that the word at an address points to: the package
// that the unexported members of an interface or struct belong to.
func (d *Types) packagePath(at uint64) (string, error) {
	p, err := d.im.Pointer(at)
	if err != nil || p == 0 {
		return "", err
	}
	n, err := d.name(p)
	return n.text, err
}

// structure reads a struct type: {PkgPath Name; Fields []StructField}, a field
// being {Name; Typ *Type; Offset uintptr}.
func (d *Types) structure(h typeHeader, depth int) (*gotype.Type, error) {
	w := d.im.WordSize()
	list, n, err := d.slice(h.body + w)
	if err != nil {
		return nil, err
	}
	pkg, err := d.packagePath(h.body)
	if err != nil {
		return nil, err
	}
	t := &gotype.Type{Kind: gotype.Struct, Fields: make([]gotype.Field, n)}
	for i := range t.Fields {
		if t.Fields[i], err = d.field(list+uint64(i)*3*w, pkg, depth); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (d *Types) field(addr uint64, pkg string, depth int) (gotype.Field, error) {
	at, err := d.im.Pointer(addr)
	if err != nil {
		return gotype.Field{}, err
	}
	name, err := d.name(at)
	if err != nil {
		return gotype.Field{}, err
	}
	f := gotype.Field{Name: name.text, Tag: name.tag, Embedded: name.embedded}
	if f.Path, err = d.pathOf(name, pkg); err != nil {
		return f, err
	}
	f.Type, err = d.pointed(addr+d.im.WordSize(), depth)
	return f, err
}
