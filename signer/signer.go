package signer

import (
	"crypto"
	"crypto/rand"
	"fmt"

	"github.com/plugtool/plugtool/signer/bundle"
)

// A Signer signs plugins with one private key.
type Signer struct {
	key    crypto.Signer
	public *bundle.PublicKey
}

// LoadSigner reads a private key in PEM: as cosign writes it, encrypted with
// password, or plain PKCS #8, SEC 1 or PKCS #1, for which password is not
// used. For the keys that are supported see [bundle.NewPublicKey]. A wrong
// password is [ErrPassword].
func LoadSigner(private, password []byte) (*Signer, error) {
	key, err := parsePrivateKey(private, password)
	if err != nil {
		return nil, err
	}
	return NewSigner(key)
}

// NewSigner signs with a key that is somewhere else, as in a key management service.
// For the keys that are supported see [bundle.NewPublicKey].
func NewSigner(key crypto.Signer) (*Signer, error) {
	public, err := bundle.NewPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	return &Signer{key: key, public: public}, nil
}

// PublicKey gives the key that verifies what s signs.
func (s *Signer) PublicKey() *bundle.PublicKey { return s.public }

// SignMessage signs a file. It gives the bundle that goes into the file's
// sidecar, and the signature by itself: for ECDSA keys in DER, whose base64 is
// what `cosign verify-blob --signature` and, decoded, openssl read.
func (s *Signer) SignMessage(data []byte) (sidecar, signature []byte, err error) {
	file := bundle.NewDigests(data)
	if signature, err = s.sign(file, data); err != nil {
		return nil, nil, err
	}
	sidecar, err = bundle.MarshalMessage(s.public, file, signature)
	if err != nil {
		return nil, nil, fmt.Errorf("writing the bundle: %w", err)
	}
	return sidecar, signature, nil
}

// SignStatement signs an in-toto statement. It gives the bundle with its DSSE
// envelope. A statement that no verifier would read is an error.
func (s *Signer) SignStatement(statement []byte) (sidecar []byte, err error) {
	if _, err := bundle.ParseStatement(statement); err != nil {
		return nil, fmt.Errorf("signing a statement: %w", err)
	}
	signed := bundle.PAE(bundle.PayloadType, statement)
	signature, err := s.sign(bundle.NewDigests(signed), signed)
	if err != nil {
		return nil, err
	}
	sidecar, err = bundle.MarshalEnvelope(s.public, bundle.PayloadType, statement, signature)
	if err != nil {
		return nil, fmt.Errorf("writing the bundle: %w", err)
	}
	return sidecar, nil
}

// sign makes a signature over data, or over the digest of it that the key signs.
func (s *Signer) sign(digests *bundle.Digests, data []byte) ([]byte, error) {
	signed, hash := data, crypto.Hash(0)
	if !s.public.SignsWhole() {
		hash = s.public.Hash()
		signed = digests.Sum(hash)
	}
	signature, err := s.key.Sign(rand.Reader, signed, hash)
	if err != nil {
		return nil, fmt.Errorf("signing with %s key %s: %w", s.public.Algorithm(), s.public.Fingerprint(), err)
	}
	return signature, nil
}
