package inspector

import (
	"crypto/sha256"
	"errors"
	"io"
)

// hashing makes a file's SHA-256 while the file is read.
type hashing struct {
	result chan [sha256.Size]byte
}

// readPart is how many bytes are read before they are handed on to be hashed: few
// enough to begin at once, and to be in the processor's cache still.
const readPart = 256 << 10

// read gives the file's bytes, at most size, and less where it became shorter meanwhile.
// What it gives must not change afterwards.
func (h *hashing) read(r io.Reader, size int64) ([]byte, error) {
	data := make([]byte, size)
	parts := make(chan []byte, size/readPart+1) // so that reading never waits
	defer close(parts)
	h.result = make(chan [sha256.Size]byte, 1)
	go func() {
		hash := sha256.New()
		for part := range parts {
			hash.Write(part) // a hash.Hash never returns an error
		}
		h.result <- [sha256.Size]byte(hash.Sum(nil))
	}()
	read := 0
	for read < len(data) {
		n, err := io.ReadFull(r, data[read:min(read+readPart, len(data))])
		parts <- data[read : read+n]
		read += n
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			break // it became shorter: what is left is what is judged
		}
		if err != nil {
			return nil, err
		}
	}
	return data[:read], nil
}

// sum waits until all is hashed.
func (h *hashing) sum() [sha256.Size]byte {
	sum := <-h.result
	h.result <- sum // for the next who asks
	return sum
}
