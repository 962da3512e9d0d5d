package goelf

import (
	"fmt"
	"io"
	"sync"
)

// pageSize is how much is read at a time where only a few bytes are wanted,
// and maxPages how many such pages are kept: a hash table look-up in a host of
// 70 MB touches five of them.
const (
	pageSize = 4 << 10
	maxPages = 2048
)

// file gives views of a file's bytes. It is either wholly in memory, or read
// page by page as it is asked for. It is not mapped: a file that shrinks while
// it is read is then an error of ReadAt and never a SIGBUS, on any system.
type file struct {
	size int64
	data []byte // the whole file, or nil

	r     io.ReaderAt
	mu    sync.Mutex
	pages map[int64][]byte
}

// view gives n bytes at off. The slice must not be written to. A range that
// lies outside of the file is an error that matches io.ErrUnexpectedEOF.
func (f *file) view(off uint64, n uint64) ([]byte, error) {
	if off > uint64(f.size) || n > uint64(f.size)-off {
		return nil, fmt.Errorf("%d bytes at offset %#x of a file of %d: %w", n, off, f.size, io.ErrUnexpectedEOF)
	}
	if f.data != nil {
		return f.data[off : off+n : off+n], nil
	}
	if n == 0 {
		return nil, nil
	}
	page := int64(off) / pageSize
	if n > pageSize || int64(off+n-1)/pageSize != page {
		buf := make([]byte, n)
		if err := readFull(f.r, buf, int64(off)); err != nil {
			return nil, err
		}
		return buf, nil
	}
	p, err := f.page(page)
	if err != nil {
		return nil, err
	}
	start := off - uint64(page*pageSize)
	if start+n > uint64(len(p)) {
		return nil, fmt.Errorf("%d bytes at offset %#x: the file became shorter while it was read: %w", n, off, io.ErrUnexpectedEOF)
	}
	return p[start : start+n : start+n], nil
}

func (f *file) page(i int64) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p, ok := f.pages[i]; ok {
		return p, nil
	}
	p := make([]byte, min(pageSize, f.size-i*pageSize))
	if err := readFull(f.r, p, i*pageSize); err != nil {
		return nil, err
	}
	if f.pages == nil || len(f.pages) >= maxPages {
		f.pages = make(map[int64][]byte)
	}
	f.pages[i] = p
	return p, nil
}

func readFull(r io.ReaderAt, buf []byte, off int64) error {
	n, err := r.ReadAt(buf, off)
	if n == len(buf) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read %d bytes at offset %#x: %w", len(buf), off, err)
}
