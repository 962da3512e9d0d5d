package goelf

import "fmt"

// symbolTable is a way to find symbols by name: gnuHash or sysvHash.
type symbolTable interface {
	// lookup calls match for the entries of the table that have the name until it
	// says that one is what is looked for.
	lookup(im *Image, name string, match func(uint64, rawSymbol) bool) (index uint64, found bool, err error)
	count(im *Image) (uint64, error)
}

// hashTable is nil where the file has no dynamic symbols.
func (im *Image) hashTable() (symbolTable, error) {
	return im.hash.get(func() (symbolTable, error) {
		switch {
		case im.dyn[dtGnuHash] != 0:
			return im.readGnuHash(im.dyn[dtGnuHash])
		case im.dyn[dtHash] != 0:
			return im.readSysvHash(im.dyn[dtHash])
		}
		return nil, nil
	})
}

// gnuHash is DT_GNU_HASH: a Bloom filter, buckets, and for each symbol from
// symOffset on a hash whose lowest bit ends the chain.
type gnuHash struct {
	buckets, symOffset, bloomWords, bloomShift uint64
	bloom, bucket, chain                       uint64 // addresses
}

func (im *Image) readGnuHash(addr uint64) (symbolTable, error) {
	b, err := im.table(addr, 16)
	if err != nil || len(b) < 16 {
		return nil, fmt.Errorf("DT_GNU_HASH: no header at %#x: %v", addr, err)
	}
	h := &gnuHash{
		buckets: uint64(im.Order.Uint32(b)), symOffset: uint64(im.Order.Uint32(b[4:])),
		bloomWords: uint64(im.Order.Uint32(b[8:])), bloomShift: uint64(im.Order.Uint32(b[12:])),
	}
	if h.buckets == 0 || h.bloomWords == 0 || h.bloomWords&(h.bloomWords-1) != 0 {
		return nil, fmt.Errorf("DT_GNU_HASH: %d buckets and %d filter words", h.buckets, h.bloomWords)
	}
	h.bloom = addr + 16
	h.bucket = h.bloom + h.bloomWords*im.WordSize()
	h.chain = h.bucket + h.buckets*4
	return h, nil
}

func (im *Image) uint32At(addr uint64) (uint32, error) {
	b, err := im.table(addr, 4)
	if err != nil {
		return 0, err
	}
	if len(b) < 4 {
		return 0, fmt.Errorf("four bytes at address %#x: the segment ends", addr)
	}
	return im.Order.Uint32(b), nil
}

func (h *gnuHash) lookup(im *Image, name string, match func(uint64, rawSymbol) bool) (uint64, bool, error) {
	sum := uint32(5381)
	for i := 0; i < len(name); i++ {
		sum = sum*33 + uint32(name[i])
	}
	w := im.WordSize()
	b, err := im.table(h.bloom+uint64(sum)/(w*8)%h.bloomWords*w, w)
	if err != nil || uint64(len(b)) < w {
		return 0, false, fmt.Errorf("DT_GNU_HASH: filter of %q: %v", name, err)
	}
	filter := im.word(b)
	if filter>>(uint64(sum)%(w*8))&1 == 0 || filter>>((uint64(sum)>>h.bloomShift)%(w*8))&1 == 0 {
		return 0, false, nil
	}
	first, err := im.uint32At(h.bucket + uint64(sum)%h.buckets*4)
	if err != nil {
		return 0, false, fmt.Errorf("DT_GNU_HASH: bucket of %q: %w", name, err)
	}
	if uint64(first) < h.symOffset {
		return 0, false, nil
	}
	for i := uint64(first); i < uint64(first)+maxChain; i++ {
		v, err := im.uint32At(h.chain + (i-h.symOffset)*4)
		if err != nil {
			return 0, false, fmt.Errorf("DT_GNU_HASH: chain of %q: %w", name, err)
		}
		if v|1 == sum|1 {
			s, err := im.rawSymbol(i)
			if err != nil {
				return 0, false, err
			}
			if im.nameIs(uint64(s.name), name) && match(i, s) {
				return i, true, nil
			}
		}
		if v&1 != 0 {
			return 0, false, nil
		}
	}
	return 0, false, fmt.Errorf("DT_GNU_HASH: the chain of %q has more than %d symbols", name, maxChain)
}

func (h *gnuHash) count(im *Image) (uint64, error) {
	b, err := im.table(h.bucket, h.buckets*4)
	if err != nil {
		return 0, fmt.Errorf("DT_GNU_HASH: buckets: %w", err)
	}
	last := uint64(0)
	for ; len(b) >= 4; b = b[4:] {
		last = max(last, uint64(im.Order.Uint32(b)))
	}
	if last < h.symOffset {
		return h.symOffset, nil
	}
	for i := last; ; i++ {
		v, err := im.uint32At(h.chain + (i-h.symOffset)*4)
		if err != nil {
			return 0, fmt.Errorf("DT_GNU_HASH: chain: %w", err)
		}
		if v&1 != 0 {
			return i + 1, nil
		}
	}
}

// sysvHash is DT_HASH, which linkers write for old systems and on request.
type sysvHash struct {
	buckets, chains uint64
	bucket, chain   uint64 // addresses
	width           uint64 // bytes of an entry: 4, and 8 on s390x (glibc, sysdeps/s390/linkmap.h)
}

func (im *Image) readSysvHash(addr uint64) (symbolTable, error) {
	h := &sysvHash{width: 4}
	if im.Is64 && im.Machine == machineS390 {
		h.width = 8
	}
	var err error
	if h.buckets, err = h.at(im, addr); err == nil {
		h.chains, err = h.at(im, addr+h.width)
	}
	if err != nil {
		return nil, fmt.Errorf("DT_HASH: no header at %#x: %w", addr, err)
	}
	h.bucket = addr + 2*h.width
	if h.buckets == 0 {
		return nil, fmt.Errorf("DT_HASH: no buckets")
	}
	h.chain = h.bucket + h.buckets*h.width
	return h, nil
}

// at reads an entry.
func (h *sysvHash) at(im *Image, addr uint64) (uint64, error) {
	if h.width == 4 {
		v, err := im.uint32At(addr)
		return uint64(v), err
	}
	return im.wordAt(addr)
}

func (h *sysvHash) lookup(im *Image, name string, match func(uint64, rawSymbol) bool) (uint64, bool, error) {
	sum := uint32(0)
	for i := 0; i < len(name); i++ {
		sum = sum<<4 + uint32(name[i])
		sum = (sum ^ sum&0xf0000000>>24) &^ 0xf0000000
	}
	i, err := h.at(im, h.bucket+uint64(sum)%h.buckets*h.width)
	for steps := 0; err == nil && i != 0 && i < h.chains; steps++ {
		if steps == maxChain {
			return 0, false, fmt.Errorf("DT_HASH: the chain of %q has more than %d symbols", name, maxChain)
		}
		s, err := im.rawSymbol(i)
		if err != nil {
			return 0, false, err
		}
		if im.nameIs(uint64(s.name), name) && match(i, s) {
			return i, true, nil
		}
		if i, err = h.at(im, h.chain+i*h.width); err != nil {
			return 0, false, err
		}
	}
	return 0, false, err
}

func (h *sysvHash) count(*Image) (uint64, error) { return h.chains, nil }
