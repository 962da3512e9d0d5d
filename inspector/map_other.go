//go:build !unix

package inspector

import (
	"io"
	"os"
)

// mapFile reads a file's bytes, where mapping them is another matter.
func mapFile(f *os.File, size int64) (data []byte, unmap func() error, err error) {
	data = make([]byte, size)
	n, err := io.ReadFull(io.NewSectionReader(f, 0, size), data)
	if err != nil {
		return nil, nil, err
	}
	return data[:n], func() error { return nil }, nil
}
