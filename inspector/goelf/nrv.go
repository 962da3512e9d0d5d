package goelf

import (
	"encoding/binary"
	"errors"
)

// The methods of UPX, as it numbers them (conf.h); the bits come in little-endian words
// of 32.
const (
	nrv2b      = 2
	nrv2d      = 5
	nrv2e      = 8
	lzmaMethod = 14
)

var errPackedData = errors.New("the packed data is damaged")

// nrv unpacks what the UCL library packed (its n2b_d.c, n2d_d.c, n2e_d.c).
type nrv struct {
	method byte
	src    []byte
	at     int
	bits   uint32
	n      uint // of bits that are left
	bad    bool
}

func (d *nrv) bit() uint32 {
	if d.n == 0 {
		if d.at+4 > len(d.src) {
			d.bad = true
			return 1 // ends every loop
		}
		d.bits, d.n = binary.LittleEndian.Uint32(d.src[d.at:]), 32
		d.at += 4
	}
	d.n--
	return d.bits >> d.n & 1
}

func (d *nrv) byte() byte {
	if d.at >= len(d.src) {
		d.bad = true
		return 0
	}
	d.at++
	return d.src[d.at-1]
}

// unpack fills out up to its capacity.
func (d *nrv) unpack(out []byte) ([]byte, error) {
	last := uint32(1)
	for {
		for d.bit() == 1 {
			if len(out) == cap(out) || d.bad {
				return nil, errPackedData
			}
			out = append(out, d.byte())
		}
		off, short, end := d.offset(&last)
		if end {
			return out, nil
		}
		n := d.length(off, short)
		if d.bad || uint64(off) > uint64(len(out)) || uint64(n) > uint64(cap(out)-len(out)) {
			return nil, errPackedData
		}
		for range n {
			out = append(out, out[len(out)-int(off)])
		}
	}
}

// offset reads how far back a match lies. 2D and 2E keep a bit of its length there.
func (d *nrv) offset(last *uint32) (off, short uint32, end bool) {
	off = 1
	for !d.bad && off < 1<<24 {
		off = off*2 + d.bit()
		if d.bit() == 1 {
			break
		}
		if d.method != nrv2b {
			off = (off-1)*2 + d.bit()
		}
	}
	if off == 2 {
		if d.method != nrv2b {
			short = d.bit()
		}
		return *last, short, false
	}
	off = (off-3)<<8 + uint32(d.byte())
	if off == 0xffffffff {
		return 0, 0, !d.bad
	}
	if d.method != nrv2b {
		short = (off ^ 0xffffffff) & 1
		off >>= 1
	}
	*last = off + 1
	return off + 1, short, false
}

// length reads how long a match is.
func (d *nrv) length(off, n uint32) uint32 {
	far := uint32(0x500)
	if d.method == nrv2e {
		switch {
		case n == 1:
			n = 1 + d.bit()
		case d.bit() == 1:
			n = 3 + d.bit()
		default:
			n = d.gamma() + 3
		}
	} else {
		if d.method == nrv2b {
			far, n = 0xd00, d.bit()
		}
		if n = n*2 + d.bit(); n == 0 {
			n = d.gamma() + 2
		}
	}
	if off > far {
		n++
	}
	return n + 1
}

func (d *nrv) gamma() uint32 {
	n := uint32(1)
	for {
		n = n*2 + d.bit()
		if d.bit() == 1 || d.bad || n >= 1<<30 {
			return n
		}
	}
}
