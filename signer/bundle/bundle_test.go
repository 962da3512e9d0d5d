package bundle_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"github.com/plugtool/plugtool/signer/bundle"
)

// fixture reads a file that another tool wrote; see ../testdata/README.md.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// fixtureKey reads a public key that another tool wrote.
func fixtureKey(t testing.TB, name string) *bundle.PublicKey {
	t.Helper()
	k, err := bundle.ParsePublicKey(fixture(t, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return k
}

// A signer is a key pair for tests.
type signer struct {
	crypto.Signer
	public *bundle.PublicKey
}

func newSigner(t testing.TB, curve elliptic.Curve) signer {
	t.Helper()
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signerOf(t, private)
}

func signerOf(t testing.TB, private crypto.Signer) signer {
	t.Helper()
	public, err := bundle.NewPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return signer{private, public}
}

// raw gives a signature over data.
func (s signer) raw(t testing.TB, data []byte) []byte {
	t.Helper()
	signed, hash := data, crypto.Hash(0)
	if !s.public.SignsWhole() {
		hash = s.public.Hash()
		signed = bundle.NewDigests(data).Sum(hash)
	}
	signature, err := s.Sign(rand.Reader, signed, hash)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// bundle gives the bundle with a signature over data.
func (s signer) bundle(t testing.TB, data []byte) []byte {
	t.Helper()
	file := bundle.NewDigests(data)
	b, err := bundle.MarshalMessage(s.public, file, s.raw(t, data))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// replace changes old, which must be in data, once.
func replace(t testing.TB, data []byte, old, new string) []byte {
	t.Helper()
	if !bytes.Contains(data, []byte(old)) {
		t.Fatalf("no %s in %.300s", old, data)
	}
	return bytes.Replace(data, []byte(old), []byte(new), 1)
}

// verify parses a bundle and verifies it over data.
func verify(bundleJSON, data []byte, keys ...*bundle.PublicKey) (*bundle.PublicKey, error) {
	b, err := bundle.Parse(bundleJSON)
	if err != nil {
		return nil, err
	}
	return b.VerifyMessage(bundle.NewDigests(data), keys)
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
