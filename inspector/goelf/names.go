package goelf

import "fmt"

// typeName is a decoded internal/abi.Name.
type typeName struct {
	text, tag string
	embedded  bool
	pathOff   uint32 // offset of the package's path, 0 for none
}

// typeName reads the internal/abi.Name at an address: a byte of flags, then
// length and bytes of name, of tag, and the offset of the package path.
func (im *Image) typeName(addr uint64) (typeName, error) {
	b, err := im.table(addr, maxName)
	if err != nil {
		return typeName{}, fmt.Errorf("name at %#x: %w", addr, err)
	}
	if len(b) == 0 {
		return typeName{}, fmt.Errorf("name at %#x: the segment ends", addr)
	}
	n := typeName{embedded: b[0]&nameEmbedded != 0}
	text, rest, ok := varintString(b[1:])
	if !ok {
		return typeName{}, fmt.Errorf("name at %#x: its length is not plausible", addr)
	}
	n.text = text
	if b[0]&nameHasTag != 0 {
		if n.tag, rest, ok = varintString(rest); !ok {
			return typeName{}, fmt.Errorf("name at %#x: the length of its tag is not plausible", addr)
		}
	}
	if b[0]&nameHasPath != 0 && len(rest) >= 4 {
		// Written by the linker in the target's byte order (R_ADDROFF).
		n.pathOff = im.Order.Uint32(rest)
	}
	return n, nil
}
