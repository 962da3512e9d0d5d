package bundle

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // so that crypto.SHA384 and crypto.SHA512 are there
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

const (
	publicKeyType  = "PUBLIC KEY"
	maxKeySize     = 64 << 10 // of a PEM file; an RSA key of 4096 bits has 800 bytes
	publicExponent = 65537
)

// A PublicKey verifies signatures of one algorithm, which the key itself
// decides: nothing that a bundle says can make it verify with another.
type PublicKey struct {
	key       crypto.PublicKey
	algorithm string
	hash      crypto.Hash
	der       []byte // SubjectPublicKeyInfo
	sum       [sha256.Size]byte
}

// NewPublicKey takes an *ecdsa.PublicKey on P-256, P-384 or P-521, which sign
// SHA-256, SHA-384 and SHA-512, an *rsa.PublicKey of 2048, 3072 or 4096 bits,
// which signs SHA-256 with PKCS #1 v1.5, or an ed25519.PublicKey, which signs
// the file itself (PureEdDSA, RFC 8032). These are the pairs that sigstore's
// clients know, though not all of them know all.
func NewPublicKey(key crypto.PublicKey) (*PublicKey, error) {
	k := &PublicKey{key: key}
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			k.hash = crypto.SHA256
		case elliptic.P384():
			k.hash = crypto.SHA384
		case elliptic.P521():
			k.hash = crypto.SHA512
		default:
			return nil, fmt.Errorf("ECDSA key on curve %s is not supported, expected P-256, P-384 or P-521", key.Params().Name)
		}
		k.algorithm = "ECDSA " + key.Params().Name
	case *rsa.PublicKey:
		k.hash = crypto.SHA256
		switch bits := key.N.BitLen(); {
		case bits != 2048 && bits != 3072 && bits != 4096:
			return nil, fmt.Errorf("RSA key of %d bits is not supported, expected 2048, 3072 or 4096", bits)
		case key.E != publicExponent:
			return nil, fmt.Errorf("RSA key with exponent %d is not supported, expected %d", key.E, publicExponent)
		default:
			k.algorithm = fmt.Sprintf("RSA %d", bits)
		}
	case ed25519.PublicKey:
		if len(key) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("Ed25519 key has %d bytes, expected %d", len(key), ed25519.PublicKeySize)
		}
		k.hash, k.algorithm = crypto.SHA256, "Ed25519" // the hash is of the bundle's digest, not of the signature
	default:
		return nil, fmt.Errorf("key of type %T is not supported, expected ECDSA P-256", key)
	}
	var err error
	if k.der, err = x509.MarshalPKIXPublicKey(key); err != nil {
		return nil, fmt.Errorf("encoding %s public key: %w", k.algorithm, err)
	}
	k.sum = sha256.Sum256(k.der)
	return k, nil
}

// ParsePublicKey reads the PEM form that cosign and openssl write: one block
// "PUBLIC KEY". For the keys that are supported see [NewPublicKey].
func ParsePublicKey(data []byte) (*PublicKey, error) {
	if len(data) > maxKeySize {
		return nil, fmt.Errorf("public key is too large: %d bytes, at most %d are read", len(data), maxKeySize)
	}
	block, rest := pem.Decode(data)
	switch {
	case block == nil:
		return nil, fmt.Errorf("public key is not PEM, expected %q", "-----BEGIN "+publicKeyType+"-----")
	case strings.Contains(block.Type, "PRIVATE KEY"):
		return nil, fmt.Errorf("this is a private key (PEM %s), expected the public key that goes with it", quote(block.Type))
	case block.Type != publicKeyType:
		return nil, fmt.Errorf("PEM block is %s, expected %q", quote(block.Type), publicKeyType)
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		// Whoever wrote two keys means both; using only one would be a surprise.
		return nil, errors.New("public key file goes on after the first key, expected one key to a file")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading public key: %w", err)
	}
	k, err := NewPublicKey(parsed)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(k.der, block.Bytes) {
		// Else one key could have two fingerprints and count as two signers.
		return nil, fmt.Errorf("%s public key is not in canonical DER", k.algorithm)
	}
	return k, nil
}

// Fingerprint gives the SHA-256 of the key's SubjectPublicKeyInfo in hex, as
// `openssl pkey -pubin -outform DER | sha256sum` does.
func (k *PublicKey) Fingerprint() string { return hex.EncodeToString(k.sum[:]) }

// Hint gives what cosign writes into a bundle to name the key: the base64 of
// the fingerprint's bytes.
func (k *PublicKey) Hint() string { return base64.StdEncoding.EncodeToString(k.sum[:]) }

// Algorithm says what kind of key it is, as in "ECDSA P-256".
func (k *PublicKey) Algorithm() string { return k.algorithm }

// Hash gives the one hash whose digests the key signs; for an Ed25519 key, which
// signs files whole, the one whose digest stands in its bundles.
func (k *PublicKey) Hash() crypto.Hash { return k.hash }

// PEM gives the key as [ParsePublicKey] reads it.
func (k *PublicKey) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: publicKeyType, Bytes: k.der})
}

// SignsWhole tells whether the key signs files themselves rather than digests.
func (k *PublicKey) SignsWhole() bool {
	_, whole := k.key.(ed25519.PublicKey)
	return whole
}

// verifies tells whether signature is the key's over the file.
// ECDSA signatures must be in DER. Both s and its negative are accepted, as
// all tools do: a signature's bytes identify nothing, only its key does.
func (k *PublicKey) verifies(file *Digests, signature []byte) bool {
	if file.known && (k.SignsWhole() || file.Sum(k.hash) == nil) {
		return false // what it would have signed is not at hand
	}
	switch key := k.key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, file.Sum(k.hash), signature)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, k.hash, file.Sum(k.hash), signature) == nil
	case ed25519.PublicKey:
		return ed25519.Verify(key, file.data, signature)
	}
	return false
}
