package bundle_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/plugtool/plugtool/signer/bundle"
)

func TestVerifyWhatCosignSigned(t *testing.T) {
	artifact := fixture(t, "artifact")
	for file, key := range map[string]string{
		"cosign.json":  "cosign.pub",
		"log.json":     "cosign.pub",
		"p384.json":    "p384.pub",
		"p521.json":    "p521.pub",
		"rsa2048.json": "rsa2048.pub",
	} {
		want := fixtureKey(t, key)
		others := []*bundle.PublicKey{fixtureKey(t, "password.pub"), nil, want}
		if got, err := verify(fixture(t, file), artifact, others...); err != nil || got != want {
			t.Errorf("%s: verified by %v, error %v", file, got, err)
		}
	}
}

// Every bundle that MarshalMessage writes verifies, and is in cosign's bytes.
func TestMarshalMessage(t *testing.T) {
	rsaPrivate, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	data := []byte("a plugin")
	for _, s := range []signer{
		newSigner(t, elliptic.P256()), newSigner(t, elliptic.P384()), newSigner(t, elliptic.P521()), signerOf(t, rsaPrivate),
	} {
		if k, err := verify(s.bundle(t, data), data, s.public); err != nil || k != s.public {
			t.Errorf("%s: %v, %v", s.public.Algorithm(), k, err)
		}
	}

	for _, name := range []string{"cosign", "p384", "p521", "rsa2048"} {
		cosigns := fixture(t, name+".json")
		b, err := bundle.Parse(cosigns)
		if err != nil {
			t.Fatal(err)
		}
		k := fixtureKey(t, name+".pub")
		ours, err := bundle.MarshalMessage(k, bundle.NewDigests(fixture(t, "artifact")), b.Message.Signature)
		if err != nil || !bytes.Equal(ours, cosigns) {
			t.Errorf("%s: error %v, wrote\n%s, cosign\n%s", name, err, ours, cosigns)
		}
	}
}

func TestMarshalMessageRefuses(t *testing.T) {
	s, other, data := newSigner(t, elliptic.P384()), newSigner(t, elliptic.P384()), []byte("a plugin")
	for _, tt := range []struct {
		name      string
		file      *bundle.Digests
		signature []byte
		wantError string
	}{
		{"another key's signature", bundle.NewDigests(data), other.raw(t, data), "does not verify"},
		{"another file's signature", bundle.NewDigests(data), s.raw(t, []byte("b")), "does not verify"},
		{"no signature", bundle.NewDigests(data), nil, "does not verify"},
	} {
		if out, err := bundle.MarshalMessage(s.public, tt.file, tt.signature); err == nil || !strings.Contains(err.Error(), tt.wantError) {
			t.Errorf("%s: wrote %s, error %v", tt.name, out, err)
		}
	}
}

// A rejection is a well-formed bundle that is no signature over data by keys.
type rejection struct {
	name   string
	bundle []byte
	data   []byte
	keys   []*bundle.PublicKey
	want   bundle.Status
	reason string
}

func checkRejections(t *testing.T, rejections []rejection) {
	t.Helper()
	for _, tt := range rejections {
		key, err := verify(tt.bundle, tt.data, tt.keys...)
		failure, ok := errors.AsType[*bundle.Error](err)
		if !ok || key != nil {
			t.Errorf("%s: verified by %v, error %v", tt.name, key, err)
			continue
		}
		if failure.Status != tt.want || !strings.Contains(failure.Reason, tt.reason) {
			t.Errorf("%s: %s: %s\nwant %s with %q", tt.name, failure.Status, failure.Reason, tt.want, tt.reason)
		}
	}
}

// withSignature puts another signature into a bundle.
func withSignature(t *testing.T, data, signature []byte) []byte {
	t.Helper()
	return replace(t, data, signatureOf(t, data), base64.StdEncoding.EncodeToString(signature))
}

func TestVerifyRejectsOtherFile(t *testing.T) {
	p256, data := newSigner(t, elliptic.P256()), []byte("a plugin")
	plain := p256.bundle(t, data)
	sum := func(data []byte) string {
		s := bundle.NewDigests(data).SHA256()
		return base64.StdEncoding.EncodeToString(s[:])
	}
	checkRejections(t, []rejection{
		{"another file", plain, []byte("b plugin"), keys(p256), bundle.Invalid, "SHA2_256 digest"},
		{"empty file", plain, nil, keys(p256), bundle.Invalid, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"file cut short", plain, data[:7], keys(p256), bundle.Invalid, "this file has"},
		{"file with more", plain, append(bytes.Clone(data), 0), keys(p256), bundle.Invalid, "this file has"},
		{"digest field of another file", replace(t, plain, sum(data), sum([]byte("b plugin"))), data, keys(p256), bundle.Invalid, "signs a file with"},
		{"digest field changed to fit another file", replace(t, plain, sum(data), sum([]byte("b plugin"))), []byte("b plugin"), keys(p256), bundle.Untrusted, "damaged or forged"},
		{"another file's signature by the same key", withSignature(t, plain, p256.raw(t, []byte("b plugin"))), data, keys(p256), bundle.Untrusted, "damaged or forged"},
	})
}

func TestVerifyRejectsOtherKey(t *testing.T) {
	p256, data := newSigner(t, elliptic.P256()), []byte("a plugin")
	plain := p256.bundle(t, data)
	other := newSigner(t, elliptic.P256())
	checkRejections(t, []rejection{
		{"another key", plain, data, keys(other), bundle.Untrusted, "was signed by key " + p256.public.Fingerprint() + ", expected key " + other.public.Fingerprint()},
		{"no keys", plain, data, nil, bundle.Untrusted, "none was given"},
		{"only a nil key", plain, data, []*bundle.PublicKey{nil}, bundle.Untrusted, "none was given"},
		{"only an empty key", plain, data, []*bundle.PublicKey{new(bundle.PublicKey)}, bundle.Untrusted, "was signed by"},
		{"four other keys", plain, data, keys(other, newSigner(t, elliptic.P256()), newSigner(t, elliptic.P256()), newSigner(t, elliptic.P256())), bundle.Untrusted, ", 1 more"},
		{"hint of the given key", replace(t, plain, p256.public.Hint(), other.public.Hint()), data, keys(other), bundle.Untrusted, "names key " + other.public.Fingerprint() + ", but its signature does not verify"},
		{"hint that is a key", replace(t, plain, p256.public.Hint(), strings.ReplaceAll(string(p256.public.PEM()), "\n", `\n`)), data, keys(other), bundle.Untrusted, `a key that it calls "-----BEGIN PUBLIC KEY-----\n`},
		{"no hint", replace(t, plain, p256.public.Hint(), ""), data, keys(other), bundle.Untrusted, "a key that it does not name"},
	})
}

func TestVerifyRejectsOtherAlgorithm(t *testing.T) {
	p256, data := newSigner(t, elliptic.P256()), []byte("a plugin")
	plain := p256.bundle(t, data)
	p384, artifact, cosign := newSigner(t, elliptic.P384()), fixture(t, "artifact"), fixtureKey(t, "cosign.pub")
	checkRejections(t, []rejection{
		{"P-384 signature for a P-256 key", p384.bundle(t, data), data, keys(p256), bundle.Untrusted, "was signed by key"},
		{"P-256 signature for a P-384 key", plain, data, keys(p384), bundle.Untrusted, "was signed by key"},
		{"other digest than the key's", replace(t, p384.bundle(t, data), p384.public.Hint(), p256.public.Hint()), data, keys(p256), bundle.Untrusted,
			"names key " + p256.public.Fingerprint() + " and a SHA2_384 digest, but that key (ECDSA P-256) signs SHA2_256 digests"},
		{"SHA-384 digest with a P-256 signature over it", p256Over384(t, p256, data), data, keys(p256, p384), bundle.Untrusted, "signs SHA2_256 digests"},
		{"RSA signature for a P-256 key", fixture(t, "rsa2048.json"), artifact, []*bundle.PublicKey{cosign}, bundle.Untrusted, "was signed by key"},
		{"PSS signature for an RSA key", pssBundle(t, data), data, []*bundle.PublicKey{pssSigner(t).public}, bundle.Untrusted, "damaged or forged"},
	})
}

func TestVerifyRejectsOtherSignature(t *testing.T) {
	p256, data := newSigner(t, elliptic.P256()), []byte("a plugin")
	plain := p256.bundle(t, data)
	signature := p256.raw(t, data)
	with := func(signature []byte) []byte { return withSignature(t, plain, signature) }
	checkRejections(t, []rejection{
		{"zero signature", with(der(t, 0, 0)), data, keys(p256), bundle.Untrusted, "damaged"},
		{"signature 1, 1", with(der(t, 1, 1)), data, keys(p256), bundle.Untrusted, "damaged"},
		{"negative signature", with(der(t, -1, -1)), data, keys(p256), bundle.Untrusted, "damaged"},
		{"signature not in DER", with([]byte("signature")), data, keys(p256), bundle.Untrusted, "damaged"},
		{"signature in raw form", with(rawForm(t, signature)), data, keys(p256), bundle.Untrusted, "damaged"},
		{"bytes after the signature", with(append(bytes.Clone(signature), 0)), data, keys(p256), bundle.Untrusted, "damaged"},
		{"signature with a long length", with(longLength(signature)), data, keys(p256), bundle.Untrusted, "damaged"},
		{"signature cut short", with(signature[:60]), data, keys(p256), bundle.Untrusted, "damaged"},
		{"base64 of base64", with([]byte(base64.StdEncoding.EncodeToString(signature))), data, keys(p256), bundle.Untrusted, "damaged"},
	})
}

func TestVerifyRejectsOtherKind(t *testing.T) {
	data, artifact, cosign := []byte("a plugin"), fixture(t, "artifact"), fixtureKey(t, "cosign.pub")
	checkRejections(t, []rejection{
		{"attestation of the file", fixture(t, "attestation.json"), artifact, []*bundle.PublicKey{cosign}, bundle.Invalid, "is an attestation (a DSSE envelope), expected a signature"},
		{"attestation by a certificate", fixture(t, "keyless-attestation.json"), artifact, []*bundle.PublicKey{cosign}, bundle.Invalid, "is an attestation"},
		{"certificate", fixture(t, "keyless.json"), artifact, []*bundle.PublicKey{cosign}, bundle.Untrusted, "was signed with a certificate, expected a signature by key " + cosign.Fingerprint()},
		{"certificate over another file", fixture(t, "keyless.json"), data, []*bundle.PublicKey{cosign}, bundle.Invalid, "signs a file with"},
		{"certificate and the key's own signature", replace(t, fixture(t, "cosign.json"), `"publicKey":{"hint":"`+cosign.Hint()+`"}`, `"certificate":{"rawBytes":"AA=="}`), artifact, []*bundle.PublicKey{cosign}, bundle.Untrusted, "was signed with a certificate"},
		{"log entry, another key", fixture(t, "log.json"), artifact, []*bundle.PublicKey{fixtureKey(t, "password.pub")}, bundle.Untrusted, "was signed by key"},
	})
}

func keys(signers ...signer) []*bundle.PublicKey {
	var k []*bundle.PublicKey
	for _, s := range signers {
		k = append(k, s.public)
	}
	return k
}

// The hint is the signer's word: the key that verifies is reported whatever
// it says, and whatever it lacks.
func TestVerifyIgnoresHint(t *testing.T) {
	s, other, data := newSigner(t, elliptic.P256()), newSigner(t, elliptic.P256()), []byte("a plugin")
	for _, hint := range []string{"", "x", other.public.Hint(), strings.Repeat("x", 1000), `\n\u001b[2J`} {
		b := replace(t, s.bundle(t, data), s.public.Hint(), hint)
		if k, err := verify(b, data, other.public, s.public); err != nil || k != s.public {
			t.Errorf("hint %q: %v, %v", hint, k, err)
		}
	}
}

// An ECDSA signature has a twin that verifies too; Go, OpenSSL and cosign take
// both. So nothing may be counted or remembered by a signature's bytes.
func TestVerifyTakesTwinSignature(t *testing.T) {
	s, data := newSigner(t, elliptic.P256()), []byte("a plugin")
	file := bundle.NewDigests(data)
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(s.raw(t, data), &rs); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		rs.S.Sub(elliptic.P256().Params().N, rs.S)
		signature, err := asn1.Marshal(rs)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bundle.MarshalMessage(s.public, file, signature); err != nil {
			t.Error(err)
		}
	}
}

func der(t *testing.T, r, s int64) []byte {
	t.Helper()
	b, err := asn1.Marshal(struct{ R, S *big.Int }{big.NewInt(r), big.NewInt(s)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rawForm gives a DER signature as r and s side by side (IEEE P1363), which
// sigstore's own verifier takes.
func rawForm(t *testing.T, signature []byte) []byte {
	t.Helper()
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &rs); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64)
	rs.R.FillBytes(b[:32])
	rs.S.FillBytes(b[32:])
	return b
}

// longLength writes a DER length in two bytes where one will do.
func longLength(signature []byte) []byte {
	return append([]byte{signature[0], 0x81, signature[1]}, signature[2:]...)
}

// p256Over384 makes what a P-256 key with the wrong hash would: a signature
// that the curve's arithmetic accepts, over another digest than the key's.
func p256Over384(t *testing.T, s signer, data []byte) []byte {
	t.Helper()
	p384 := newSigner(t, elliptic.P384())
	file := bundle.NewDigests(data)
	signature, err := s.Sign(rand.Reader, file.Sum(crypto.SHA384), crypto.SHA384)
	if err != nil {
		t.Fatal(err)
	}
	b := replace(t, p384.bundle(t, data), p384.public.Hint(), s.public.Hint())
	return withSignature(t, b, signature)
}

var newRSA = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func pssSigner(t *testing.T) signer {
	t.Helper()
	private, err := newRSA()
	if err != nil {
		t.Fatal(err)
	}
	return signerOf(t, private)
}

// pssBundle makes a bundle whose signature is RSA-PSS: the right key, another
// scheme than the one that the key is bound to.
func pssBundle(t *testing.T, data []byte) []byte {
	t.Helper()
	s := pssSigner(t)
	sum := bundle.NewDigests(data).SHA256()
	signature, err := s.Sign(rand.Reader, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	if err != nil {
		t.Fatal(err)
	}
	return withSignature(t, s.bundle(t, data), signature)
}
