package goelf

import (
	"cmp"
	"errors"
	"fmt"
	"go/token"
	"slices"
)

// Export is an exported function or variable of a plugin's main package, as
// plugin.Lookup gives it: a variable of type T has the type *T.
type Export struct {
	Name string
	typ  uint64 // address of the abi.Type
}

// maxExports caps the symbols of a plugin. The largest generated plugins have
// a few thousand.
const maxExports = 1 << 16

// typesBefore gives how many words moduledata.types lies before moduledata.ptab
// (runtime/symtab.go of each release). For a release that is not known all are
// tried.
func typesBefore(minor int) []uint64 {
	switch {
	case minor >= 21 && minor <= 25:
		return []uint64{13}
	case minor == 26:
		return []uint64{14}
	case minor == 27:
		return []uint64{11}
	}
	return []uint64{11, 14, 13}
}

// exports reads moduledata.ptab, whose slice header is at an address: pairs of
// offsets from moduledata.types, of a name and of a type (runtime.ptabEntry). It
// gives the address of the field types too, 0 where it is not known.
func (im *Image) exports(ptab uint64, minor int) (list []Export, typesField uint64, err error) {
	w := im.WordSize()
	n, err := im.wordAt(ptab + w)
	if err != nil {
		return nil, 0, err
	}
	if n == 0 {
		if b := typesBefore(minor); len(b) == 1 {
			typesField = ptab - b[0]*w
		}
		return nil, typesField, nil
	}
	if n > maxExports {
		return nil, 0, fmt.Errorf("exported symbols: %d of them, at most %d are plausible", n, maxExports)
	}
	table, err := im.Pointer(ptab)
	if err != nil {
		return nil, 0, fmt.Errorf("exported symbols: %w", err)
	}
	entries, err := im.Bytes(table, n*8)
	if err != nil {
		return nil, 0, fmt.Errorf("exported symbols: %w", err)
	}
	var errs []error
	for _, before := range typesBefore(minor) {
		types, err := im.Pointer(ptab - before*w)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		list, err := im.readExports(entries, types)
		if err == nil {
			return list, ptab - before*w, nil
		}
		errs = append(errs, err)
	}
	return nil, 0, fmt.Errorf("exported symbols: %w", errors.Join(errs...))
}

func (im *Image) readExports(entries []byte, types uint64) ([]Export, error) {
	var list []Export
	for ; len(entries) >= 8; entries = entries[8:] {
		nameOff, typeOff := im.Order.Uint32(entries), im.Order.Uint32(entries[4:])
		name, err := im.typeName(types + uint64(nameOff))
		if err != nil {
			return nil, err
		}
		if !token.IsIdentifier(name.text) {
			return nil, fmt.Errorf("%q is no identifier", name.text)
		}
		d := &Types{im: im, base: types}
		if _, err := d.header(types + uint64(typeOff)); err != nil {
			return nil, fmt.Errorf("type of %s: %w", name.text, err)
		}
		list = append(list, Export{Name: name.text, typ: types + uint64(typeOff)})
	}
	slices.SortFunc(list, func(a, b Export) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}
