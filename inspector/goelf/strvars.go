package goelf

import (
	"bytes"
	"fmt"
	"strings"
)

// LinkerString is a string variable that -ldflags=-X gave a value.
type LinkerString struct {
	Symbol  string // escaped import path, dot, name
	Package string // its import path
	Value   string
}

// Where -X names a variable that is linked in, the linker puts the value into a symbol
// of the variable's name and this suffix (cmd/link/internal/ld/data.go, addstrdata). It
// is among the dynamic symbols of plugins and of hosts that load some, which makes it
// the one trace of -X that -trimpath and strip leave.
const linkerStringSuffix = ".str"

const (
	maxLinkerStrings = 1 << 12 // names of one file that are looked at; build scripts set a handful
	maxLinkerString  = 1 << 20 // bytes of one value
)

// LinkerStrings lists the string variables to which the linker gave a value, in the
// order of the symbol names' table. The runtime's own are left out: the go command
// sets those.
func (im *Image) LinkerStrings() ([]LinkerString, error) {
	if im.dyn[dtStrTab] == 0 {
		return nil, nil
	}
	names, err := im.table(im.strtab, im.strlen)
	if err != nil {
		return nil, fmt.Errorf("symbol names: %w", err)
	}
	end := []byte(linkerStringSuffix + "\x00")
	var list []LinkerString
	at := 0
	for range maxLinkerStrings {
		i := bytes.Index(names[at:], end)
		if i < 0 {
			break
		}
		start := bytes.LastIndexByte(names[at:at+i], 0) + 1
		name := string(names[at+start : at+i])
		at += i + len(end)
		if len(name) > maxName || strings.HasPrefix(name, "runtime.") || !strings.Contains(name, ".") {
			continue
		}
		if _, ok, err := im.Lookup(name + linkerStringSuffix); err != nil {
			return nil, err
		} else if !ok {
			continue // the end of another symbol's name
		}
		if value, ok, err := im.StringVar(name); err == nil && ok {
			list = append(list, LinkerString{name, SymbolPackage(name), value})
		}
	}
	return list, nil
}

// SymbolPackage gives the import path in the name of a function's or variable's symbol,
// "" where there is none.
func SymbolPackage(symbol string) string { return funcPackage(symbol) }

// StringVar gives the value that a string variable has when the program starts, where
// the file defines a symbol of that name and of a string's size. Whether the variable
// really is a string is for the caller to know.
func (im *Image) StringVar(name string) (value string, ok bool, err error) {
	s, ok, err := im.Lookup(name)
	// The address sanitizer's red zone makes variables larger.
	if err != nil || !ok || s.Size < 2*im.WordSize() {
		return "", false, err
	}
	value, err = im.goString(s.Value, maxLinkerString)
	if err != nil {
		return "", false, fmt.Errorf("variable %s: %w", name, err)
	}
	return value, true, nil
}
