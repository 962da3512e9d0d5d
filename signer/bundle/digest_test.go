package bundle_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/signer/bundle"
)

// What a digest alone verifies, and what is said where it does not do.
func TestKnownDigest(t *testing.T) {
	data := []byte("a plugin")
	p256, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	for _, tt := range []struct {
		key  crypto.Signer
		want string // "" where it verifies
	}{
		{p256, ""},
		{p384, "signs a SHA2_384 digest, which cannot be compared with a SHA-256: it takes the file"},
		{ed, "cannot be checked with a digest alone: Ed25519 keys sign the file itself"},
	} {
		key, err := bundle.NewPublicKey(tt.key.Public())
		if err != nil {
			t.Fatal(err)
		}
		file := bundle.NewDigests(data)
		signed, hash := file.Sum(key.Hash()), key.Hash()
		if key.SignsWhole() {
			signed, hash = data, 0
		}
		signature, err := tt.key.Sign(rand.Reader, signed, hash)
		if err != nil {
			t.Fatal(err)
		}
		text, err := bundle.MarshalMessage(key, file, signature)
		if err != nil {
			t.Fatal(err)
		}
		b, err := bundle.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		keys := []*bundle.PublicKey{key}
		_, err = b.VerifyMessage(bundle.KnownDigest(sha256.Sum256(data)), keys)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", key.Algorithm(), err, tt.want)
		}
		if _, err := b.VerifyMessage(bundle.KnownDigest(sha256.Sum256([]byte("another"))), keys); err == nil {
			t.Errorf("%s: verifies another file's digest", key.Algorithm())
		}

		// An attestation is about a SHA-256, whoever signed it.
		statement, err := bundle.MarshalStatement("p.so", file, "https://example.com/t", []byte(`{"a":"<&>"}`))
		if err != nil {
			t.Fatal(err)
		}
		pae := bundle.PAE(bundle.PayloadType, statement)
		signed = bundle.NewDigests(pae).Sum(key.Hash())
		if key.SignsWhole() {
			signed = pae
		}
		if signature, err = tt.key.Sign(rand.Reader, signed, hash); err != nil {
			t.Fatal(err)
		}
		if text, err = bundle.MarshalEnvelope(key, bundle.PayloadType, statement, signature); err != nil {
			t.Fatal(err)
		}
		if b, err = bundle.Parse(text); err != nil {
			t.Fatal(err)
		}
		if s, _, err := b.VerifyStatement(bundle.KnownDigest(sha256.Sum256(data)), keys); err != nil || string(s.Predicate) != `{"a":"<&>"}` {
			t.Errorf("%s: %v", key.Algorithm(), err)
		}
		if err := b.About(bundle.KnownDigest(sha256.Sum256([]byte("another")))); err == nil {
			t.Errorf("%s: an attestation is about another file", key.Algorithm())
		}
	}
}

// A statement that nobody would read is not made.
func TestMarshalStatementRefuses(t *testing.T) {
	file := bundle.NewDigests(nil)
	for _, predicate := range []string{"", "[]", "1", `{"a":1,"a":2}`, `{"a":`, `{"a":"` + strings.Repeat("x", 1<<20) + `"}`} {
		if s, err := bundle.MarshalStatement("p.so", file, "https://example.com/t", []byte(predicate)); err == nil {
			t.Errorf("%.20s: makes %.200s", predicate, s)
		}
	}
}
