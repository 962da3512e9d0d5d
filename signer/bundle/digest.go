package bundle

import (
	"crypto"
	"crypto/sha256"
)

// Digests gives those of one file, each made when it is first asked for: hashing
// costs more than all else here, and most plugins need one hash or none.
type Digests struct {
	data []byte // nil with known set
	sums map[crypto.Hash][]byte
	made func() [sha256.Size]byte // gives the SHA-256 that others make; may be nil

	known bool // sums is all that is known of the file
}

// NewDigests gives the digests of data, which must not change meanwhile.
func NewDigests(data []byte) *Digests {
	return &Digests{data: data, sums: map[crypto.Hash][]byte{}}
}

// HashedDigests is [NewDigests] for data whose SHA-256 somebody makes already: sum waits
// for it.
func HashedDigests(data []byte, sum func() [sha256.Size]byte) *Digests {
	return &Digests{data: data, sums: map[crypto.Hash][]byte{}, made: sum}
}

// KnownDigest gives the digests of a file of which only the SHA-256 is at hand. That does
// for attestations, and for signatures of keys that sign SHA-256 digests: not for those of
// ECDSA keys on other curves than P-256, nor of Ed25519 keys, which sign the file itself.
func KnownDigest(sha256 [sha256.Size]byte) *Digests {
	return &Digests{sums: map[crypto.Hash][]byte{crypto.SHA256: sha256[:]}, known: true}
}

// Sum gives the digest made with h, one of SHA-256, SHA-384 and SHA-512; nil where it is
// not known, see [KnownDigest].
func (d *Digests) Sum(h crypto.Hash) []byte {
	sum, made := d.sums[h]
	if !made && !d.known {
		if h == crypto.SHA256 && d.made != nil {
			of := d.made()
			sum = of[:]
		} else {
			sum = hashOf(h, d.data)
		}
		d.sums[h] = sum
	}
	return sum
}

// SHA256 gives the file's SHA-256.
func (d *Digests) SHA256() (sum [sha256.Size]byte) {
	copy(sum[:], d.Sum(crypto.SHA256))
	return sum
}

func hashOf(h crypto.Hash, data []byte) []byte {
	made := h.New()
	made.Write(data) // a hash.Hash never returns an error
	return made.Sum(nil)
}
