package goelf

// lzma unpacks the raw LZMA stream that UPX writes with --lzma, after two bytes with its
// parameters (compress_lzma.cpp; the algorithm is that of the LZMA SDK's LzmaDecode.c).
type lzma struct {
	src        []byte
	at         int
	rng, code  uint32
	bad        bool
	lc, lp, pb uint32
	out        []byte
	isMatch    [12 << 4]uint16
	isRep      [12]uint16
	isRepG     [3][12]uint16 // G0, G1, G2
	isRep0Long [12 << 4]uint16
	slot       [4][64]uint16
	special    [128]uint16
	align      [16]uint16
	lens       [2]lzmaLength // of matches, of repeated ones
	literals   []uint16
	state      uint32
	rep        [4]uint32
}

type lzmaLength struct {
	choice   [2]uint16
	low, mid [16][8]uint16
	high     [256]uint16
}

// unlzma fills out up to its capacity.
func unlzma(src, out []byte) ([]byte, error) {
	if len(src) < 7 {
		return nil, errPackedData
	}
	d := &lzma{src: src[2:], rng: 0xffffffff, out: out, pb: uint32(src[0] & 7), lp: uint32(src[1] >> 4), lc: uint32(src[1] & 15)}
	if d.pb > 4 || d.lp > 4 || d.lc > 8 || uint32(src[0]>>3) != d.lc+d.lp {
		return nil, errPackedData
	}
	d.literals = make([]uint16, 0x300<<(d.lc+d.lp))
	d.reset()
	for range 5 {
		d.code = d.code<<8 | uint32(d.byte())
	}
	for len(d.out) < cap(d.out) && !d.bad {
		d.step()
	}
	if d.bad {
		return nil, errPackedData
	}
	return d.out, nil
}

// reset makes every bit as likely to be 0 as 1.
func (d *lzma) reset() {
	const half = 1 << 10
	fill := func(p []uint16) {
		for i := range p {
			p[i] = half
		}
	}
	fill(d.isMatch[:])
	fill(d.isRep[:])
	fill(d.isRep0Long[:])
	fill(d.special[:])
	fill(d.align[:])
	fill(d.literals)
	for i := range d.isRepG {
		fill(d.isRepG[i][:])
	}
	for i := range d.slot {
		fill(d.slot[i][:])
	}
	for i := range d.lens {
		l := &d.lens[i]
		fill(l.choice[:])
		fill(l.high[:])
		for j := range l.low {
			fill(l.low[j][:])
			fill(l.mid[j][:])
		}
	}
}

func (d *lzma) byte() byte {
	if d.at >= len(d.src) {
		d.bad = true
		return 0
	}
	d.at++
	return d.src[d.at-1]
}

func (d *lzma) normalize() {
	if d.rng < 1<<24 {
		d.rng <<= 8
		d.code = d.code<<8 | uint32(d.byte())
	}
}

func (d *lzma) bit(p *uint16) uint32 {
	d.normalize()
	bound := (d.rng >> 11) * uint32(*p)
	if d.code < bound {
		d.rng = bound
		*p += (1<<11 - *p) >> 5
		return 0
	}
	d.rng -= bound
	d.code -= bound
	*p -= *p >> 5
	return 1
}

// tree reads n bits, the highest first.
func (d *lzma) tree(p []uint16, n int) uint32 {
	m := uint32(1)
	for range n {
		m = m<<1 | d.bit(&p[m])
	}
	return m - 1<<n
}

// reverse reads n bits, the lowest first.
func (d *lzma) reverse(p []uint16, n int) uint32 {
	m, v := uint32(1), uint32(0)
	for i := range n {
		b := d.bit(&p[m])
		m = m<<1 | b
		v |= b << i
	}
	return v
}

func (d *lzma) direct(n int) uint32 {
	v := uint32(0)
	for range n {
		d.normalize()
		d.rng >>= 1
		v <<= 1
		if d.code >= d.rng {
			d.code -= d.rng
			v |= 1
		}
	}
	return v
}

func (d *lzma) step() {
	pos := uint32(len(d.out)) & (1<<d.pb - 1)
	at := d.state<<4 + pos
	if d.bit(&d.isMatch[at]) == 0 {
		d.literal()
		return
	}
	var n uint32
	if d.bit(&d.isRep[d.state]) == 1 {
		if n = d.repeated(at, pos); n == 0 {
			return
		}
	} else {
		d.rep[3], d.rep[2], d.rep[1] = d.rep[2], d.rep[1], d.rep[0]
		n = d.length(&d.lens[0], pos)
		d.state = after(d.state, 7, 10)
		d.rep[0] = d.distance(min(n-2, 3))
	}
	d.copy(n)
}

func after(state, fromLiteral, otherwise uint32) uint32 {
	if state < 7 {
		return fromLiteral
	}
	return otherwise
}

// repeated reads the length of a match at a distance that was used before; 0 says that
// it was a single byte, which is copied then.
func (d *lzma) repeated(at, pos uint32) uint32 {
	if d.bit(&d.isRepG[0][d.state]) == 0 {
		if d.bit(&d.isRep0Long[at]) == 0 {
			d.state = after(d.state, 9, 11)
			d.copy(1)
			return 0
		}
	} else {
		which := 1
		if d.bit(&d.isRepG[1][d.state]) == 1 {
			which = 2 + int(d.bit(&d.isRepG[2][d.state]))
		}
		dist := d.rep[which]
		for ; which > 0; which-- {
			d.rep[which] = d.rep[which-1]
		}
		d.rep[0] = dist
	}
	n := d.length(&d.lens[1], pos)
	d.state = after(d.state, 8, 11)
	return n
}

func (d *lzma) literal() {
	prev := uint32(0)
	if len(d.out) > 0 {
		prev = uint32(d.out[len(d.out)-1])
	}
	at := (uint32(len(d.out))&(1<<d.lp-1))<<d.lc + prev>>(8-d.lc)
	p := d.literals[0x300*at : 0x300*(at+1)]
	m := uint32(1)
	if d.state >= 7 {
		if uint64(d.rep[0]) >= uint64(len(d.out)) {
			d.bad = true
			return
		}
		match := uint32(d.out[len(d.out)-1-int(d.rep[0])])
		for m < 0x100 {
			b := match >> 7 & 1
			match <<= 1
			got := d.bit(&p[(1+b)<<8+m])
			m = m<<1 | got
			if got != b {
				break
			}
		}
	}
	for m < 0x100 {
		m = m<<1 | d.bit(&p[m])
	}
	d.out = append(d.out, byte(m))
	switch {
	case d.state < 4:
		d.state = 0
	case d.state < 10:
		d.state -= 3
	default:
		d.state -= 6
	}
}

func (d *lzma) length(l *lzmaLength, pos uint32) uint32 {
	if d.bit(&l.choice[0]) == 0 {
		return 2 + d.tree(l.low[pos][:], 3)
	}
	if d.bit(&l.choice[1]) == 0 {
		return 10 + d.tree(l.mid[pos][:], 3)
	}
	return 18 + d.tree(l.high[:], 8)
}

func (d *lzma) distance(lenState uint32) uint32 {
	slot := d.tree(d.slot[lenState][:], 6)
	if slot < 4 {
		return slot
	}
	n := int(slot>>1 - 1)
	dist := (2 | slot&1) << n
	if slot < 14 {
		return dist + d.reverse(d.special[dist-slot:], n)
	}
	return dist + d.direct(n-4)<<4 + d.reverse(d.align[:], 4)
}

func (d *lzma) copy(n uint32) {
	if uint64(d.rep[0]) >= uint64(len(d.out)) || uint64(n) > uint64(cap(d.out)-len(d.out)) {
		d.bad = true
		return
	}
	for range n {
		d.out = append(d.out, d.out[len(d.out)-1-int(d.rep[0])])
	}
}
