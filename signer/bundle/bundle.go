// Package bundle reads, writes and checks the sidecar that proves who signed a
// plugin: a Sigstore bundle v0.3 beside the file.
//
// It verifies with public keys, offline, and needs no more than the standard
// library, so that a host can carry it. Certificates and transparency logs are
// read, so that a bundle with them parses, but nothing here relies on them.
//
// Every input is hostile. A bundle is capped before it is read and read
// strictly: each byte of it has one meaning, and every reader agrees on it.
package bundle

import "crypto"

const (
	// Extension is what a sidecar's name adds to the plugin's.
	Extension = ".sigstore.json"

	// MediaType is that of the bundles that this package writes.
	MediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"

	// MaxSize is the most that a bundle may have, in bytes. It is checked
	// before anything is parsed: others accepted 120 MB, at 342 MB of memory.
	MaxSize = 1 << 20
)

// olderMediaType is how the specification spelled version 0.3 at first; it
// still asks readers to take it.
const olderMediaType = "application/vnd.dev.sigstore.bundle+json;version=0.3"

// A Bundle is what a bundle's JSON says. Nothing in it is trusted until
// [Bundle.VerifyMessage] returns a key.
type Bundle struct {
	// KeyHint is how the bundle names the signer's key, if it does. It belongs
	// to whoever wrote the bundle: it may explain a failure, never decide.
	KeyHint string

	// Certificate is the signer's, in DER, where the signature was made
	// without a key that the verifier knows ("keyless"); else nil.
	Certificate []byte

	// Message is the signature over a file, nil in an attestation.
	Message *MessageSignature

	// Envelope is the signed attestation, nil in a signature over a file.
	Envelope *Envelope

	LogEntries int // how many transparency log entries there are
	Timestamps int // how many RFC 3161 timestamps there are
}

// A MessageSignature is a signature over a file.
type MessageSignature struct {
	Hash      crypto.Hash // what Digest was made with
	Digest    []byte      // the file's, as the signer says
	Signature []byte      // DER for ECDSA keys
}

// An Envelope is a DSSE envelope with its one signature.
type Envelope struct {
	PayloadType string
	Payload     []byte
	KeyID       string // of the signer's choice, like KeyHint
	Signature   []byte
}

// hashNames are the digest algorithms that a bundle may name.
var hashNames = [...]struct {
	hash crypto.Hash
	name string
}{
	{crypto.SHA256, "SHA2_256"},
	{crypto.SHA384, "SHA2_384"},
	{crypto.SHA512, "SHA2_512"},
}

// hashName gives the name that bundles have for h, or "" where there is none.
func hashName(h crypto.Hash) string {
	for _, n := range hashNames {
		if n.hash == h {
			return n.name
		}
	}
	return ""
}

// hashNamed gives the hash that bundles call name, or 0.
func hashNamed(name string) crypto.Hash {
	for _, n := range hashNames {
		if n.name == name {
			return n.hash
		}
	}
	return 0
}
