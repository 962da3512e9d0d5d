package inspector

import (
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// tlsBudget is the static thread-local block of a process, which is given its size
// when the process starts: what libraries that are opened later want of it has to fit
// into a surplus. Sizes are bytes.
type tlsBudget struct {
	known    bool
	below    bool // blocks lie below the thread pointer (TLS_TCB_AT_TP)
	size     uint64
	used     uint64
	align    uint64
	optional uint64 // what TLS descriptors may still take
}

const (
	tlsSurplus  = 1664 // with default tunables (elf/dl-tls.c, LEGACY_TLS)
	tlsOptional = 512  // OPTIONAL_TLS
	tcbAlign    = 64
)

// newTLSBudget lays out the blocks of the files that a process begins with, as
// _dl_determine_tlsoffset in glibc's elf/dl-tls.c does.
func newTLSBudget(platform string, files []*dso) tlsBudget {
	goarch := strings.TrimPrefix(platform, "linux/")
	b := tlsBudget{known: true, align: tcbAlign, optional: tlsOptional}
	b.below = slices.Contains([]string{"amd64", "386", "s390x"}, goarch)
	if !b.below {
		b.used = 16 // TLS_TCB_SIZE
	}
	for _, d := range files {
		t := d.tls()
		if t.Size == 0 || t.Align == 0 {
			continue
		}
		b.align = max(b.align, t.Align)
		if b.below {
			first := -t.First & (t.Align - 1)
			b.used = roundTo(b.used+t.Size-first, t.Align) + first
		} else {
			b.used = roundTo(b.used-min(b.used, t.First), t.Align) + t.First + t.Size
		}
	}
	b.size = roundTo(b.used+tlsSurplus, b.align)
	return b
}

func roundTo(n, align uint64) uint64 { return (n + align - 1) / align * align }

// tls gives the file's thread-local block; a host's descriptor keeps its.
func (d *dso) tls() goelf.TLSSegment {
	if d.image == nil {
		return d.host.tls
	}
	return d.image.TLS()
}

// place gives a block its part of the surplus, as _dl_try_allocate_static_tls in
// glibc's elf/dl-reloc.c does, and says whether it fits.
func (b *tlsBudget) place(t goelf.TLSSegment, optional bool) bool {
	if !b.known || t.Align == 0 {
		return true
	}
	if t.Align > b.align {
		return false
	}
	var offset, used uint64
	if b.below {
		free, block := b.size-b.used, t.Size+t.First
		if free < block || block < t.Size {
			return false
		}
		n := (free - block) / t.Align
		offset = b.used + free - n*t.Align - t.First
		used = offset
	} else {
		offset = roundTo(b.used-min(b.used, t.First), t.Align) + t.First
		used = offset + t.Size
		if used > b.size || used < offset {
			return false
		}
	}
	if optional {
		if used-b.used > b.optional {
			return false
		}
		b.optional -= used - b.used
	}
	b.used = used
	return true
}
