package signer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

// DefaultAlgorithm is the one that every tool reads.
const DefaultAlgorithm = "p256"

// An algorithm is one that keys can be made for. It has two names: a short one, and the
// one that sigstore's tools have for it together with its hash.
type algorithm struct {
	short, long string
	limits      string // what other tools cannot do with it, as docs/signing.md shows; "" where they can all
	make        func() (crypto.Signer, error)
}

var algorithms = []algorithm{
	{"p256", "ecdsa-sha2-256-nistp256", "", ecdsaKey(elliptic.P256())},
	{"p384", "ecdsa-sha2-384-nistp384", limitsP384, ecdsaKey(elliptic.P384())},
	{"p521", "ecdsa-sha2-512-nistp521", limitsP384, ecdsaKey(elliptic.P521())},
	{"rsa-2048", "rsa-sign-pkcs1-2048-sha256", "", rsaKey(2048)},
	{"rsa-3072", "rsa-sign-pkcs1-3072-sha256", "", rsaKey(3072)},
	{"rsa-4096", "rsa-sign-pkcs1-4096-sha256", "", rsaKey(4096)},
	{"ed25519", "ed25519", limitsEd25519, func() (crypto.Signer, error) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}},
}

const (
	limitsP384    = "cosign does not verify signatures by such a key, nor its own"
	limitsEd25519 = "nothing verifies what cosign itself signs with such a key"
)

func ecdsaKey(curve elliptic.Curve) func() (crypto.Signer, error) {
	return func() (crypto.Signer, error) { return ecdsa.GenerateKey(curve, rand.Reader) }
}

func rsaKey(bits int) func() (crypto.Signer, error) {
	return func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, bits) }
}

// Algorithms names what [GenerateKeyPairOf] makes keys for, by their short names.
func Algorithms() []string {
	var names []string
	for _, a := range algorithms {
		names = append(names, a.short)
	}
	return names
}

// GenerateKeyPairOf is [GenerateKeyPair] for an algorithm of [Algorithms], which may
// also be named as sigstore's tools do, as in ecdsa-sha2-256-nistp256. Another one is an
// error before anything else; see [Limits].
func GenerateKeyPairOf(name string, password []byte) (private, public []byte, err error) {
	a, err := algorithmNamed(name)
	if err != nil {
		return nil, nil, err
	}
	key, err := a.make()
	if err != nil {
		return nil, nil, fmt.Errorf("generating a %s key: %w", a.short, err)
	}
	der, err := cryptoutils.MarshalPrivateKeyToEncryptedDER(key, passwordFunc(password))
	if err == nil {
		public, err = cryptoutils.MarshalPublicKeyToPEM(key.Public())
	}
	if err != nil {
		return nil, nil, fmt.Errorf("encoding a %s key: %w", a.short, err)
	}
	return cryptoutils.PEMEncode(cryptoutils.EncryptedSigstorePrivateKeyPEMType, der), public, nil
}

// Limits says in a few words what other tools cannot do with keys of an algorithm, ""
// where they can all. An algorithm that is not known is an error that names the others.
func Limits(name string) (string, error) {
	a, err := algorithmNamed(name)
	return a.limits, err
}

func algorithmNamed(name string) (algorithm, error) {
	for _, a := range algorithms {
		if name == a.short || name == a.long {
			return a, nil
		}
	}
	return algorithm{}, fmt.Errorf("no keys are made for algorithm %q, expected one of %s", name, strings.Join(Algorithms(), ", "))
}
