package bundle_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/signer/bundle"
)

func TestParsePublicKey(t *testing.T) {
	for _, tt := range []struct {
		file, algorithm string
		hash            crypto.Hash
	}{
		{"cosign.pub", "ECDSA P-256", crypto.SHA256},
		{"p384.pub", "ECDSA P-384", crypto.SHA384},
		{"p521.pub", "ECDSA P-521", crypto.SHA512},
		{"rsa2048.pub", "RSA 2048", crypto.SHA256},
	} {
		data := fixture(t, tt.file)
		k, err := bundle.ParsePublicKey(data)
		if err != nil {
			t.Errorf("%s: %v", tt.file, err)
			continue
		}
		if k.Algorithm() != tt.algorithm || k.Hash() != tt.hash {
			t.Errorf("%s: is %s with %v", tt.file, k.Algorithm(), k.Hash())
		}
		if !bytes.Equal(k.PEM(), data) {
			t.Errorf("%s: PEM gives %s", tt.file, k.PEM())
		}
		block, _ := pem.Decode(data)
		sum := sha256.Sum256(block.Bytes)
		if k.Fingerprint() != hex.EncodeToString(sum[:]) || k.Hint() != base64.StdEncoding.EncodeToString(sum[:]) {
			t.Errorf("%s: fingerprint %s, hint %s, want those of %x", tt.file, k.Fingerprint(), k.Hint(), sum)
		}
	}
}

// The hint that cosign wrote is the one that the key has.
func TestHintIsCosigns(t *testing.T) {
	b, err := bundle.Parse(fixture(t, "cosign.json"))
	if err != nil {
		t.Fatal(err)
	}
	if k := fixtureKey(t, "cosign.pub"); b.KeyHint != k.Hint() {
		t.Errorf("cosign wrote hint %s, the key has %s", b.KeyHint, k.Hint())
	}
}

func TestParsePublicKeyTakes(t *testing.T) {
	public := string(fixture(t, "cosign.pub"))
	for name, data := range map[string]string{
		"Windows line ends": strings.ReplaceAll(public, "\n", "\r\n"),
		"no last line end":  strings.TrimSpace(public),
		"text before it":    "# the release key\n\n" + public,
		"space after it":    public + "\n \n",
	} {
		if k, err := bundle.ParsePublicKey([]byte(data)); err != nil || k.Fingerprint() != fixtureKey(t, "cosign.pub").Fingerprint() {
			t.Errorf("%s: %v, %v", name, k, err)
		}
	}
}

func TestParsePublicKeyRefuses(t *testing.T) {
	public := string(fixture(t, "cosign.pub"))
	block, _ := pem.Decode([]byte(public))
	encode := func(typ string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}))
	}
	spki := func(key crypto.PublicKey) string { return encode("PUBLIC KEY", derOf(t, key)) }
	rsaKey := func(bits, e int) string {
		return spki(&rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), bits-1, 1), E: e})
	}
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// The last byte of y; and the byte that says that x and y follow.
	offCurve := bytes.Clone(block.Bytes)
	offCurve[len(offCurve)-1] ^= 1
	compressed := bytes.Clone(block.Bytes)
	compressed[26] = 2

	for _, tt := range []struct{ name, data, wantError string }{
		{"nothing", "", "not PEM"},
		{"text", "hello", "not PEM"},
		{"half a key", public[:len(public)/2], "not PEM"},
		{"private key", string(fixture(t, "cosign.key")), "this is a private key"},
		{"plain private key", encode("PRIVATE KEY", nil), "this is a private key"},
		{"certificate", encode("CERTIFICATE", block.Bytes), `PEM block is "CERTIFICATE"`},
		{"PKCS #1", encode("RSA PUBLIC KEY", nil), `PEM block is "RSA PUBLIC KEY"`},
		{"two keys", public + public, "goes on after the first key"},
		{"text after it", public + "x", "goes on after the first key"},
		{"bytes after it", encode("PUBLIC KEY", append(bytes.Clone(block.Bytes), 0)), "trailing data"},
		{"cut short", encode("PUBLIC KEY", block.Bytes[:len(block.Bytes)-1]), "reading public key"},
		{"not on the curve", encode("PUBLIC KEY", offCurve), "reading public key"},
		{"compressed", encode("PUBLIC KEY", compressed), "reading public key"},
		{"the same key encoded otherwise", encode("PUBLIC KEY", shifted(block.Bytes)), "not in canonical DER"},
		{"P-224", spki(&p224.PublicKey), "curve P-224 is not supported"},
		{"RSA 1024", rsaKey(1024, 65537), "RSA key of 1024 bits is not supported"},
		{"RSA 2049", rsaKey(2049, 65537), "RSA key of 2049 bits is not supported"},
		{"RSA 16384", rsaKey(16384, 65537), "RSA key of 16384 bits is not supported"},
		{"RSA with exponent 3", rsaKey(2048, 3), "RSA key with exponent 3 is not supported"},
		{"X25519", spki(x25519.PublicKey()), "is not supported, expected ECDSA P-256"},
		{"too large", strings.Repeat("\n", 100_000) + public, "too large: 100"},
	} {
		k, err := bundle.ParsePublicKey([]byte(tt.data))
		if err == nil || !strings.Contains(err.Error(), tt.wantError) {
			t.Errorf("%s: key %v, error %v, want one with %q", tt.name, k, err, tt.wantError)
		}
	}
}

func TestNewPublicKeyRefuses(t *testing.T) {
	for _, key := range []crypto.PublicKey{nil, "key", ecdsa.PublicKey{}, big.NewInt(1)} {
		if k, err := bundle.NewPublicKey(key); err == nil || !strings.Contains(err.Error(), "is not supported, expected ECDSA P-256") {
			t.Errorf("%T: key %v, error %v", key, k, err)
		}
	}
}

func derOf(t *testing.T, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// shifted encodes a P-256 key so that x509 still reads it: the point's bits
// without the five zeros that it begins with.
func shifted(der []byte) []byte {
	const header, unused = 26, 5
	out := bytes.Clone(der)
	point := out[header:]
	for i := range point {
		point[i] <<= unused
		if i+1 < len(point) {
			point[i] |= der[header+i+1] >> (8 - unused)
		}
	}
	out[header-1] = unused
	return out
}
