package bundle

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// A Status is what is known about a plugin's signature.
type Status string

const (
	// Verified: a given key signed these very bytes.
	Verified Status = "verified"

	// Unverified: there is a sidecar, but no key was given to check it with.
	Unverified Status = "unverified"

	// Missing: there is no sidecar.
	Missing Status = "missing"

	// Invalid: there is a sidecar that no key can make good: unreadable, of
	// the wrong kind, or of a file with another digest.
	Invalid Status = "invalid"

	// Untrusted: a well-formed sidecar that does not contradict the file, but
	// no given key verifies its signature.
	Untrusted Status = "untrusted"
)

// An Error says why a bundle did not verify.
type Error struct {
	Status Status // Invalid or Untrusted
	Reason string // what is said of the bundle, without a subject
}

func (e *Error) Error() string { return subject + e.Reason }

// subject begins the errors of this package about a bundle. Where the file is
// known, its name takes the place.
const subject = "bundle "

func failure(s Status, format string, args ...any) *Error {
	return &Error{s, fmt.Sprintf(format, args...)}
}

// VerifyMessage checks that the bundle is a signature, made by one of keys,
// over the file with these digests, and gives that key. An attestation is not
// a signature over a file, nor is one made with a certificate made by a key.
//
// All keys are tried: what the bundle says about its key is the signer's word.
// The error is always an [*Error].
func (b *Bundle) VerifyMessage(file *Digests, keys []*PublicKey) (*PublicKey, error) {
	if err := b.checkMessage(file); err != nil {
		return nil, err
	}
	if b.Certificate != nil {
		return nil, failure(Untrusted, "was signed with a certificate, expected a signature by %s", list(keys))
	}
	for _, k := range keys {
		if k != nil && k.hash == b.Message.Hash && k.verifies(file, b.Message.Signature) {
			return k, nil
		}
	}
	if file.known && slices.ContainsFunc(keys, func(k *PublicKey) bool { return k != nil && k.SignsWhole() }) {
		return nil, failure(Untrusted, "cannot be checked with a digest alone: Ed25519 keys sign the file itself")
	}
	return nil, b.untrusted(keys, b.Message.Hash)
}

// checkMessage checks that the bundle is a signature over a file, by whomever, and
// does not contradict the file.
func (b *Bundle) checkMessage(file *Digests) error {
	m := b.Message
	if m == nil {
		return failure(Invalid, "is an attestation (a DSSE envelope), expected a signature over the file")
	}
	digest := file.Sum(m.Hash)
	if digest == nil {
		return failure(Untrusted, "signs a %s digest, which cannot be compared with a SHA-256: it takes the file", hashName(m.Hash))
	}
	if !bytes.Equal(digest, m.Digest) {
		return failure(Invalid, "signs a file with %s digest %x, this file has %x", hashName(m.Hash), m.Digest, digest)
	}
	return nil
}

// About checks that the bundle is about the file with these digests, be it a signature
// over it or an attestation: whoever made it. Nothing is verified. The error is always an
// [*Error].
func (b *Bundle) About(file *Digests) error {
	if b.Message != nil {
		return b.checkMessage(file)
	}
	_, err := b.checkStatement(file)
	return err
}

// VerifyStatement checks that the bundle is an attestation, an in-toto statement
// signed by one of keys, about the file with these digests, and gives the
// statement with that key. What the statement's predicate says is the signer's
// claim; who may claim what is for the caller to know. The error is always an
// [*Error].
func (b *Bundle) VerifyStatement(file *Digests, keys []*PublicKey) (*Statement, *PublicKey, error) {
	statement, err := b.checkStatement(file)
	if err != nil {
		return nil, nil, err
	}
	key, err := b.verifyEnvelope(keys)
	if err != nil {
		return nil, nil, err
	}
	return statement, key, nil
}

// verifyEnvelope gives the one of keys that signed the envelope, whatever is in it.
func (b *Bundle) verifyEnvelope(keys []*PublicKey) (*PublicKey, error) {
	if b.Certificate != nil {
		return nil, failure(Untrusted, "was signed with a certificate, expected a signature by %s", list(keys))
	}
	signed := NewDigests(PAE(b.Envelope.PayloadType, b.Envelope.Payload))
	for _, k := range keys {
		if k != nil && k.verifies(signed, b.Envelope.Signature) {
			return k, nil
		}
	}
	return nil, b.untrusted(keys, 0)
}

// checkStatement checks that the bundle is an attestation, by whomever, and that it
// is about the file.
func (b *Bundle) checkStatement(file *Digests) (*Statement, error) {
	statement, err := b.readStatement()
	if err == nil {
		err = statement.about(file)
	}
	if err != nil {
		return nil, err
	}
	return statement, nil
}

// readStatement gives the statement in an attestation, whoever made it.
func (b *Bundle) readStatement() (*Statement, error) {
	e := b.Envelope
	if e == nil {
		return nil, failure(Invalid, "is a signature over the file, expected an attestation (a DSSE envelope)")
	}
	if e.PayloadType != PayloadType {
		return nil, failure(Invalid, "has payload type %s, expected %q", quote(e.PayloadType), PayloadType)
	}
	statement, err := ParseStatement(e.Payload)
	if err != nil {
		return nil, failure(Invalid, "holds a statement that cannot be read: %v", err)
	}
	return statement, nil
}

// untrusted explains why none of keys verifies the bundle.
// The hash is that of the bundle's digest, 0 where it has none.
func (b *Bundle) untrusted(keys []*PublicKey, h crypto.Hash) *Error {
	for _, k := range keys {
		if k == nil || k.Hint() != b.KeyHint {
			continue
		}
		if h != 0 && k.hash != h {
			return failure(Untrusted, "names key %s and a %s digest, but that key (%s) signs %s digests",
				k.Fingerprint(), hashName(h), k.algorithm, hashName(k.hash))
		}
		return failure(Untrusted, "names key %s, but its signature does not verify with that key: it is damaged or forged", k.Fingerprint())
	}
	return failure(Untrusted, "was signed by %s, expected %s", b.claimedSigner(), list(keys))
}

// claimedSigner says who the bundle claims to be signed by.
func (b *Bundle) claimedSigner() string {
	if b.KeyHint == "" {
		return "a key that it does not name"
	}
	if sum, err := base64.StdEncoding.DecodeString(b.KeyHint); err == nil && len(sum) == 32 {
		return "key " + hex.EncodeToString(sum)
	}
	return "a key that it calls " + quote(b.KeyHint)
}

// list names keys for a message.
func list(keys []*PublicKey) string {
	const most = 3
	var names []string
	for _, k := range keys {
		if k != nil && !slices.Contains(names, k.Fingerprint()) {
			names = append(names, k.Fingerprint())
		}
	}
	if extra := len(names) - most; extra > 0 {
		names = append(names[:most], fmt.Sprintf("%d more", extra))
	}
	switch len(names) {
	case 0:
		return "a key, and none was given"
	case 1:
		return "key " + names[0]
	}
	return "one of keys " + strings.Join(names, ", ")
}
