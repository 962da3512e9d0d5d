package goelf

import "fmt"

// VersionNeed is a symbol version that the file demands of a library.
type VersionNeed struct {
	Library string // as in libc.so.6
	Version string // as in GLIBC_2.34
	Weak    bool   // the dynamic linker only warns where it is missing

	index uint16 // what DT_VERSYM has for symbols of this version
}

// maxVersions caps the entries of DT_VERNEED; real files have a few dozen.
const maxVersions = 4096

// symbolVersion gives the version that an undefined symbol wants, "" for any.
func (im *Image) symbolVersion(sym uint64, needs []VersionNeed) string {
	if im.dyn[dtVerSym] == 0 {
		return ""
	}
	b, err := im.table(im.dyn[dtVerSym]+2*sym, 2)
	if err != nil || len(b) < 2 {
		return ""
	}
	for _, n := range needs {
		if n.index == im.Order.Uint16(b)&0x7fff {
			return n.Version
		}
	}
	return ""
}

// VersionNeeds lists DT_VERNEED in its order.
func (im *Image) VersionNeeds() ([]VersionNeed, error) {
	return im.versionNeeds.get(im.readVersionNeeds)
}

func (im *Image) readVersionNeeds() ([]VersionNeed, error) {
	var needs []VersionNeed
	addr := im.dyn[dtVerNeed]
	for i := uint64(0); addr != 0 && i < min(im.dyn[dtVerNum], maxVersions); i++ {
		b, err := im.table(addr, 16)
		if err != nil || len(b) < 16 {
			return nil, fmt.Errorf("DT_VERNEED: no entry at %#x: %v", addr, err)
		}
		lib, err := im.str(uint64(im.Order.Uint32(b[4:])))
		if err != nil {
			return nil, fmt.Errorf("DT_VERNEED: %w", err)
		}
		aux := addr + uint64(im.Order.Uint32(b[8:]))
		for n := im.Order.Uint16(b[2:]); n > 0 && len(needs) < maxVersions; n-- {
			a, err := im.table(aux, 16)
			if err != nil || len(a) < 16 {
				return nil, fmt.Errorf("DT_VERNEED: no version at %#x: %v", aux, err)
			}
			v, err := im.str(uint64(im.Order.Uint32(a[8:])))
			if err != nil {
				return nil, fmt.Errorf("DT_VERNEED: %w", err)
			}
			needs = append(needs, VersionNeed{lib, v, im.Order.Uint16(a[4:])&2 != 0, im.Order.Uint16(a[6:])})
			next := im.Order.Uint32(a[12:])
			if next == 0 {
				break
			}
			aux += uint64(next)
		}
		next := im.Order.Uint32(b[12:])
		if next == 0 {
			break
		}
		addr += uint64(next)
	}
	return needs, nil
}
