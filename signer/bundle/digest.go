package bundle

import (
	"crypto"
	"crypto/sha256"
	"hash"
)

// Digests are those of one file. SHA-256 is always among them, the others
// where a key needs them.
type Digests struct {
	sums map[crypto.Hash][]byte
}

// Sum gives the digest made with h, or nil where it was not made.
func (d Digests) Sum(h crypto.Hash) []byte { return d.sums[h] }

// SHA256 gives the file's SHA-256.
func (d Digests) SHA256() (sum [sha256.Size]byte) {
	copy(sum[:], d.Sum(crypto.SHA256))
	return sum
}

// A Hasher makes the [Digests] of what is written to it, so that a file can be
// hashed while it is copied.
type Hasher struct {
	hashes map[crypto.Hash]hash.Hash
}

// NewHasher gives a Hasher for verifying with any of keys.
func NewHasher(keys []*PublicKey) *Hasher {
	h := &Hasher{hashes: map[crypto.Hash]hash.Hash{crypto.SHA256: sha256.New()}}
	for _, k := range keys {
		if k != nil && k.hash.Available() && h.hashes[k.hash] == nil {
			h.hashes[k.hash] = k.hash.New()
		}
	}
	return h
}

// Write adds to the file. It never fails.
func (h *Hasher) Write(p []byte) (int, error) {
	for _, each := range h.hashes {
		each.Write(p) // a hash.Hash never returns an error
	}
	return len(p), nil
}

// Digests gives the digests of what was written so far.
func (h *Hasher) Digests() Digests {
	d := Digests{sums: make(map[crypto.Hash][]byte, len(h.hashes))}
	for id, each := range h.hashes {
		d.sums[id] = each.Sum(nil)
	}
	return d
}

// Sum gives the digests of data for verifying with any of keys.
func Sum(data []byte, keys []*PublicKey) Digests {
	h := NewHasher(keys)
	h.Write(data)
	return h.Digests()
}
