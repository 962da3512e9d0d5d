package bundle

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"testing"
)

// spkiSeeds are keys of all kinds.
func spkiSeeds(t testing.TB) map[string][]byte {
	seeds := map[string][]byte{}
	add := func(name string, key crypto.PublicKey) {
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		seeds[name] = der
	}
	for _, c := range curves {
		key, err := ecdsa.GenerateKey(c.curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		add(c.curve.Params().Name, key.Public())
	}
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	add("Ed25519", public)
	for _, bits := range []int{2048, 3072, 4096} {
		n := new(big.Int).SetBit(big.NewInt(5), bits-1, 1)
		add("RSA", &rsa.PublicKey{N: n, E: 65537})
	}
	return seeds
}

func TestSPKI(t *testing.T) {
	for name, der := range spkiSeeds(t) {
		key, err := parseSPKI(der)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if ec, ok := key.(*ecdsa.PublicKey); ok && ec.Curve == elliptic.P224() {
			continue // read, so that its name is told, and never written
		}
		if got, err := marshalSPKI(key); err != nil || !bytes.Equal(got, der) {
			t.Errorf("%s: written as %x, %v, x509 writes %x", name, got, err, der)
		}
	}
}

// FuzzSPKI holds that what is taken as a key is what x509 takes, and the same key.
func FuzzSPKI(f *testing.F) {
	for _, der := range spkiSeeds(f) {
		f.Add(der)
		for _, i := range []int{1, 4, 6, 8, 20, 24, 25, 26, 27, len(der) - 1} {
			for _, flip := range []byte{0x01, 0x80, 0xff} {
				changed := bytes.Clone(der)
				changed[i] ^= flip
				f.Add(changed)
			}
		}
		f.Add(append(bytes.Clone(der), 0))
		f.Add(der[:len(der)-1])
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		k, err := parseSPKI(der)
		if err != nil {
			return
		}
		public, err := NewPublicKey(k)
		if err != nil || !bytes.Equal(public.der, der) {
			return // as ParsePublicKey refuses it
		}
		want, err := x509.ParsePKIXPublicKey(der)
		if err != nil {
			t.Fatalf("%x: taken as %T, x509 says %v", der, k, err)
		}
		if same, ok := want.(interface{ Equal(crypto.PublicKey) bool }); !ok || !same.Equal(k) {
			t.Fatalf("%x: taken as %v, x509 has %v", der, k, want)
		}
	})
}
