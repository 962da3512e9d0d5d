package goelf

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrPacked is matched by the error for a file that UPX packed in a way that is not
// read here.
var ErrPacked = errors.New("packed with UPX")

// ErrPackedTraps is matched, beside [ErrPacked], by the error for a shared library that
// was packed with LZMA. The stub that UPX 4 puts into it ends the process by a trap
// (observed with 4.2.2; C libraries too).
var ErrPackedTraps = errors.New("UPX's stub for LZMA in shared libraries ends the process")

const (
	upxMagic = "UPX!"
	// maxUnpackRatio caps how many times larger a file may become. Go binaries become
	// two to four times as large.
	maxUnpackRatio = 6
)

// Unpack gives the file that UPX packed, as far as it is mapped when it runs: sections
// are left out, and code stays as UPX's filter left it, for no fact is in it. A file
// that UPX did not pack is given back as it is. The error matches [ErrPacked].
//
// A program has all of its segments packed and is put back by a stub before the dynamic
// linker starts; a shared library keeps the segments with its symbols and its data, and
// has the others put back by its DT_INIT (UPX 4, p_lx_elf.cpp, p_lx_exc.h).
func Unpack(data []byte) ([]byte, error) {
	at, ok := upxBlocks(data)
	if !ok {
		return data, nil
	}
	out, err := unpack(data, at)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPacked, err)
	}
	return out, nil
}

// upxBlocks finds where the packed blocks begin: behind p_info, whose place the file's
// last word gives, behind l_info, which has the magic number.
func upxBlocks(data []byte) (uint64, bool) {
	const pack = 32 // bytes of the pack header, which ends the file together with that word
	const pInfo, lInfo = 12, 12
	if len(data) < pack+4+128 {
		return 0, false
	}
	tail := data[len(data)-pack-4:]
	if string(tail[:4]) != upxMagic {
		return 0, false
	}
	at := uint64(binary.LittleEndian.Uint32(tail[pack:]))
	if at < lInfo || at+pInfo > uint64(len(data)) || string(data[at-lInfo+4:at-lInfo+8]) != upxMagic {
		return 0, false
	}
	return at + pInfo, true
}

// upxReader unpacks the blocks, one after the other.
type upxReader struct {
	data []byte
	at   uint64
	lzma bool // is what a block was packed with
}

// fill unpacks as many blocks as fill dst.
func (r *upxReader) fill(dst []byte) error {
	for len(dst) > 0 {
		n, src, method, err := r.header()
		if err != nil {
			return err
		}
		r.lzma = r.lzma || method == lzmaMethod && n > uint64(len(src))
		if n > uint64(len(dst)) {
			return fmt.Errorf("block before %#x: %d bytes, want at most %d", r.at, n, len(dst))
		}
		if err := unpackBlock(method, src, dst[:0:n]); err != nil {
			return fmt.Errorf("unpack the block before %#x: %w", r.at, err)
		}
		dst = dst[n:]
	}
	return nil
}

// header reads the next block's struct b_info (UPX's stub/src/include/linux.h) and gives
// what follows it.
func (r *upxReader) header() (n uint64, src []byte, method byte, err error) {
	const header = 12
	if r.at > uint64(len(r.data)) || uint64(len(r.data))-r.at < header {
		return 0, nil, 0, fmt.Errorf("block at %#x: behind the file's end", r.at)
	}
	b := r.data[r.at:]
	n, packed := uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
	if packed == 0 || packed > n || packed > uint64(len(b)-header) {
		return 0, nil, 0, fmt.Errorf("block at %#x: %d bytes packed in %d, of %d that there are", r.at, n, packed, len(b)-header)
	}
	r.at += header + packed
	return n, b[header : header+packed], b[8], nil
}

// unpackBlock fills dst up to its capacity.
func unpackBlock(method byte, src, dst []byte) error {
	if len(src) == cap(dst) {
		copy(dst[:cap(dst)], src)
		return nil
	}
	var out []byte
	var err error
	switch method {
	case nrv2b, nrv2d, nrv2e:
		out, err = (&nrv{method: method, src: src}).unpack(dst)
	case lzmaMethod:
		out, err = unlzma(src, dst)
	default:
		err = fmt.Errorf("method %d is not known", method)
	}
	if err == nil && len(out) != cap(dst) {
		err = fmt.Errorf("%d bytes, want %d", len(out), cap(dst))
	}
	return err
}

// upxHeaders reads the ELF header and the program headers in head.
func upxHeaders(head []byte) (*Image, error) {
	im := &Image{file: &file{size: int64(len(head)), data: head}}
	if err := im.readIdent(head); err != nil {
		return nil, err
	}
	if err := im.readHeader(); err != nil {
		return nil, err
	}
	return im, nil
}

// unpackedSize is where the last segment that is loaded ends, at least least.
func (im *Image) unpackedSize(least, most uint64) (uint64, error) {
	size := least
	for _, s := range im.segs {
		if s.typ != segLoad {
			continue
		}
		if s.off+s.filesz < s.off {
			return 0, fmt.Errorf("segment of %d bytes at %#x", s.filesz, s.off)
		}
		size = max(size, s.off+s.filesz)
	}
	if size > most {
		return 0, fmt.Errorf("%d bytes, at most %d are unpacked", size, most)
	}
	return size, nil
}

func unpack(data []byte, blocks uint64) ([]byte, error) {
	r := &upxReader{data: data, at: blocks}
	n, src, method, err := r.header()
	if err != nil {
		return nil, err
	}
	if n > 1<<16 {
		return nil, fmt.Errorf("headers of %d bytes", n)
	}
	head := make([]byte, n)
	if err := unpackBlock(method, src, head[:0]); err != nil {
		return nil, err
	}
	was, err := upxHeaders(data)
	if err != nil {
		return nil, err
	}
	im, err := upxHeaders(head)
	if err != nil {
		return nil, err
	}
	packed, segs := was.segs, im.segs
	size, err := im.unpackedSize(n, maxUnpackRatio*uint64(len(data)))
	if err != nil {
		return nil, err
	}
	out := make([]byte, size)
	copy(out, head)
	shared := false
	for i, s := range segs {
		if s.typ != segLoad || s.filesz == 0 {
			continue
		}
		to, kept := out[s.off:s.off+s.filesz], uint64(0)
		if len(packed) == len(segs) && packed[i].typ == segLoad { // of a shared library
			shared = true
			kept, err = keep(to, data, packed[i], blocks-24, n)
		} else if s.off == 0 {
			kept = min(n, s.filesz)
		}
		if err == nil {
			err = r.fill(to[kept:])
		}
		if err != nil {
			return nil, err
		}
	}
	if shared && r.lzma {
		return nil, ErrPackedTraps
	}
	if shared {
		im.forgetInit(out)
	}
	return out, nil
}

// forgetInit takes DT_INIT out of the dynamic section of out: it names UPX's stub, which
// is not in what was unpacked.
func (im *Image) forgetInit(out []byte) {
	const dtDebug = 21
	w := im.WordSize()
	for _, s := range im.segs {
		if s.typ != segDynamic {
			continue
		}
		for at := s.off; at < uint64(len(out)) && at+2*w <= uint64(len(out)) && at < s.off+s.filesz; at += 2 * w {
			switch im.word(out[at:]) {
			case 0:
				return
			case dtInit:
				im.setWord(out[at:], dtDebug)
			}
		}
	}
}

func (im *Image) setWord(b []byte, v uint64) {
	if im.Is64 {
		im.Order.PutUint64(b, v)
		return
	}
	im.Order.PutUint32(b, uint32(v))
}

// keep copies the part of a segment that was not packed, and says how long it is. The
// first one has the file's headers, which stay as they were, and is packed from where
// l_info is, at start.
func keep(to, data []byte, s segment, start, head uint64) (uint64, error) {
	n := uint64(len(to))
	if s.off == 0 {
		n = min(n, start)
	}
	if s.off+n < n || s.off+n > uint64(len(data)) {
		return 0, fmt.Errorf("segment of %d bytes at %#x of %d", n, s.off, len(data))
	}
	from := uint64(0)
	if s.off == 0 {
		from = min(head, n)
	}
	copy(to[from:n], data[s.off+from:s.off+n])
	return n, nil
}
