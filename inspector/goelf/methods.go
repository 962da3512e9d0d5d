package goelf

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"go/token"
	"strings"

	"github.com/plugtool/plugtool/inspector/gotype"
)

// uncommonSize is the size of internal/abi.UncommonType: PkgPath NameOff,
// Mcount, Xcount uint16, Moff, _ uint32.
const uncommonSize = 16

// pathOf is the package of a field or method: none if it is exported, else its own,
// or that of the type, which is then left out of the name.
func (d *Types) pathOf(n typeName, pkg string) (string, error) {
	if token.IsExported(n.text) {
		return "", nil
	}
	if n.pathOff == 0 {
		return pkg, nil
	}
	p, err := d.name(d.base + uint64(n.pathOff))
	return p.text, err
}

// iface reads an interface type: {PkgPath Name; Methods []Imethod}, a method
// being offsets of its name and type.
func (d *Types) iface(h typeHeader, depth int) (*gotype.Type, error) {
	w := d.im.WordSize()
	t := &gotype.Type{Kind: gotype.Interface}
	list, n, err := d.slice(h.body + w)
	if err != nil || n == 0 {
		return t, err
	}
	pkg, err := d.packagePath(h.body)
	if err != nil {
		return nil, err
	}
	b, err := d.im.Bytes(list, n*8)
	if err != nil {
		return nil, err
	}
	for ; len(b) >= 8; b = b[8:] {
		m, err := d.method(d.im.Order.Uint32(b), d.im.Order.Uint32(b[4:]), pkg, depth)
		if err != nil {
			return nil, err
		}
		t.Methods = append(t.Methods, m)
	}
	return t, nil
}

// method reads a method from the offsets of its name and of its function's type.
func (d *Types) method(nameOff, typeOff uint32, pkg string, depth int) (m gotype.Method, err error) {
	name, err := d.name(d.base + uint64(nameOff))
	if err != nil {
		return m, err
	}
	m.Name = name.text
	if m.Path, err = d.pathOf(name, pkg); err != nil {
		return m, err
	}
	if m.Type, err = d.read(d.base+uint64(typeOff), depth+1); err != nil {
		return m, err
	}
	if m.Type.Kind != gotype.Func {
		return m, fmt.Errorf("method %s is no function", m.Name)
	}
	return m, nil
}

// Methods reads the methods that an export's type has at run time, by name. Those
// that the linker found to be out of reach and removed are not among them.
func (d *Types) Methods(e Export) ([]gotype.Method, error) {
	h, err := d.header(e.typ)
	if err != nil {
		return nil, fmt.Errorf("type of %s: %w", e.Name, err)
	}
	at, ok := d.uncommon(h)
	if !ok {
		return nil, nil
	}
	b, err := d.im.Bytes(at, uncommonSize)
	if err != nil {
		return nil, fmt.Errorf("methods of %s: %w", e.Name, err)
	}
	o := d.im.Order
	pkg, err := d.pkgPath(at)
	if err != nil {
		return nil, fmt.Errorf("methods of %s: %w", e.Name, err)
	}
	// internal/abi.Method is four offsets: Name, Mtyp, Ifn, Tfn.
	if b, err = d.im.Bytes(at+uint64(o.Uint32(b[8:])), 16*uint64(o.Uint16(b[4:]))); err != nil {
		return nil, fmt.Errorf("methods of %s: %w", e.Name, err)
	}
	var list []gotype.Method
	for ; len(b) >= 16; b = b[16:] {
		typ := o.Uint32(b[4:])
		if typ == 0 || int32(typ) == -1 {
			continue // see runtime.resolveTypeOff
		}
		d.left = maxTypeNodes
		m, err := d.method(o.Uint32(b), typ, pkg, 0)
		if err != nil {
			return nil, fmt.Errorf("methods of %s: %w", e.Name, err)
		}
		list = append(list, m)
	}
	return list, nil
}

// uncommon finds the abi.UncommonType, which follows the fields of the type's kind.
func (d *Types) uncommon(h typeHeader) (uint64, bool) {
	if h.flags&flagUncommon == 0 {
		return 0, false
	}
	w := d.im.WordSize()
	if h.kind == kindMap {
		return h.body + d.mapSize(h), true
	}
	words := map[uint8]uint64{
		kindArray: 3, kindChan: 2, kindFunc: 1, kindInterface: 4,
		kindPointer: 1, kindSlice: 1, kindStruct: 4,
	}[h.kind]
	return h.body + words*w, true
}

// mapSize is the size of what abi.MapType adds to abi.Type. It has been that of
// buckets (up to Go 1.25), of Swiss tables (from 1.24) and of split groups (1.27).
// Where the release leaves a choice, the right one is where a path is that fits the
// type's string.
func (d *Types) mapSize(h typeHeader) uint64 {
	w := d.im.WordSize()
	buckets, swiss, split := 4*w+8, 8*w, 11*w
	sizes := []uint64{swiss, split, buckets}
	switch {
	case d.minor >= 21 && d.minor <= 23:
		return buckets
	case d.minor == 24 || d.minor == 25:
		sizes = []uint64{swiss, buckets}
	case d.minor == 26:
		return swiss
	case d.minor == 27:
		return split
	}
	text, _ := d.text(h)
	name := packageOf(text)
	for _, size := range sizes {
		path, err := d.pkgPath(h.body + size)
		if err == nil && plausiblePath(path) && (name == "main" || strings.Contains(path, name)) {
			return size
		}
	}
	return sizes[0]
}

// named reads a defined type. Its string holds the package's name, so the path is
// taken from the abi.UncommonType.
func (d *Types) named(h typeHeader) (*gotype.Type, error) {
	s, err := d.text(h)
	if err != nil {
		return nil, err
	}
	at, ok := d.uncommon(h)
	if !ok {
		return predeclared(h, s)
	}
	path, err := d.pkgPath(at)
	if err != nil {
		return nil, err
	}
	pkg := packageOf(s)
	if path == "" || pkg == "" {
		return predeclared(h, s)
	}
	// The name may go on with type arguments, which the linker's form is made for.
	t, err := gotype.ParseLinked("x." + s[len(pkg)+1:])
	if err != nil {
		t = &gotype.Type{Name: s[len(pkg)+1:]}
	}
	t.Path, t.Package = path, pkg
	return t, nil
}

func predeclared(h typeHeader, s string) (*gotype.Type, error) {
	if s == "error" || int(h.kind) < len(basicKinds) && basicKinds[h.kind] == s && s != "" {
		return &gotype.Type{Name: s}, nil
	}
	if h.kind == kindUnsafe {
		return &gotype.Type{Path: "unsafe", Name: "Pointer", Package: "unsafe"}, nil
	}
	return nil, fmt.Errorf("type at %#x: %q has a name and no package", h.addr, s)
}

func (d *Types) pkgPath(at uint64) (string, error) {
	b, err := d.im.Bytes(at, 4)
	if err != nil {
		return "", err
	}
	off := d.im.Order.Uint32(b)
	if off == 0 {
		return "", nil
	}
	n, err := d.name(d.base + uint64(off))
	return n.text, err
}

func plausiblePath(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return s != ""
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

// Found is a type that a file has.
type Found struct {
	Made *gotype.Type // what it is made of
	Text string       // as Go's own messages write it
	// PkgPath is the package that the runtime would name, "" for most unnamed types
	// (runtime/error.go and runtime/type.go, rtype.pkgpath).
	PkgPath string
}

// Find looks a type up by its symbol, which hosts and plugins export. It reports
// whether the file has the type.
func (d *Types) Find(t *gotype.Type) (*Found, bool, error) {
	for _, name := range symbolNames(t.Linked()) {
		s, ok, err := d.im.Lookup(name)
		if err != nil {
			return nil, false, err
		}
		if !ok || s.Value == 0 {
			continue
		}
		d.left = maxTypeNodes
		if found, err := d.read(s.Value, 0); err != nil || !gotype.Equal(found, t) {
			continue // six bytes of a digest name it, so it may be another
		}
		f, err := d.found(s.Value)
		return f, err == nil, err
	}
	return nil, false, nil
}

// Export tells more of an export's type.
func (d *Types) Export(e Export) (*Found, error) {
	f, err := d.found(e.typ)
	if err != nil {
		return nil, fmt.Errorf("type of %s: %w", e.Name, err)
	}
	return f, nil
}

// Pointee is what the type that an export points to is made of.
func (d *Types) Pointee(e Export) (*gotype.Type, error) {
	h, err := d.header(e.typ)
	if err == nil && h.kind != kindPointer {
		err = fmt.Errorf("kind %d is no pointer", h.kind)
	}
	var p uint64
	if err == nil {
		p, err = d.im.Pointer(h.body)
	}
	if err == nil {
		h, err = d.header(p)
	}
	if err != nil {
		return nil, fmt.Errorf("type of %s: %w", e.Name, err)
	}
	d.left = maxTypeNodes
	return d.literal(h, 0)
}

func (d *Types) found(addr uint64) (*Found, error) {
	h, err := d.header(addr)
	if err != nil {
		return nil, err
	}
	f := new(Found)
	if f.Text, err = d.text(h); err != nil {
		return nil, err
	}
	switch at, ok := d.uncommon(h); {
	case ok:
		f.PkgPath, err = d.pkgPath(at)
	case h.kind == kindStruct || h.kind == kindInterface:
		f.PkgPath, err = d.packagePath(h.body)
	}
	if err != nil {
		return nil, err
	}
	d.left = maxTypeNodes
	f.Made, err = d.literal(h, 0)
	return f, err
}

// symbolNames gives the names that a type's symbol may have. Of a program that can use
// plugins the linker shortens them to the start of a digest, which each release has
// made in its own way (cmd/link/internal/ld.typeSymbolMangle, cmd/internal/notsha256
// up to Go 1.23, cmd/internal/hash since).
func symbolNames(linked string) []string {
	const prefix = "type:"
	if len(prefix+linked) <= 14 || strings.HasPrefix(linked, "runtime.") {
		return []string{prefix + linked}
	}
	sum := sha256.Sum256([]byte(linked))
	short := func(b []byte) string { return prefix + base64.StdEncoding.EncodeToString(b[:6]) }
	flipped := func(first byte) []byte { return append([]byte{sum[0] ^ first}, sum[1:6]...) }
	inverse := make([]byte, 6)
	for i := range inverse {
		inverse[i] = ^sum[i]
	}
	return []string{short(flipped(0xff)), short(flipped(1)), short(sum[4:10]), short(inverse)}
}
