package signer_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/signer"
	"github.com/plugtool/plugtool/signer/bundle"
)

// fixture reads a file that another tool wrote; see testdata/README.md.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// signs checks that s makes signatures that verify with public alone.
func signs(t testing.TB, s *signer.Signer, public []byte) {
	t.Helper()
	key, err := bundle.ParsePublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	data := []byte("a plugin")
	sidecar, signature, err := s.SignMessage(data)
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Parse(sidecar)
	if err != nil {
		t.Fatal(err)
	}
	keys := []*bundle.PublicKey{key}
	if got, err := b.VerifyMessage(bundle.NewDigests(data), keys); err != nil || got != key {
		t.Errorf("verified by %v, error %v", got, err)
	}
	if !bytes.Equal(signature, b.Message.Signature) {
		t.Errorf("signature %x, the bundle has %x", signature, b.Message.Signature)
	}
	if b.KeyHint != key.Hint() || s.PublicKey().Fingerprint() != key.Fingerprint() {
		t.Errorf("hint %s, public key %s, want those of %s", b.KeyHint, s.PublicKey().Fingerprint(), key.Fingerprint())
	}
}

func TestGenerateKeyPair(t *testing.T) {
	var before []byte
	for _, password := range []string{"", "päss\x00wörd"} {
		private, public, err := signer.GenerateKeyPair([]byte(password))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(private, []byte("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")) || !signer.NeedsPassword(private) {
			t.Errorf("password %.20q: private key is\n%s", password, private)
		}
		s, err := signer.LoadSigner(private, []byte(password))
		if err != nil {
			t.Errorf("password %.20q: %v", password, err)
			continue
		}
		if got := s.PublicKey().Algorithm(); got != "ECDSA P-256" {
			t.Errorf("makes a key of %s", got)
		}
		if !bytes.Equal(s.PublicKey().PEM(), public) {
			t.Errorf("public key is\n%s, the private key's\n%s", public, s.PublicKey().PEM())
		}
		signs(t, s, public)
		if bytes.Equal(public, before) {
			t.Error("makes the same key twice")
		}
		before = public
		_, err = signer.LoadSigner(private, []byte(password+"wrong"))
		if !errors.Is(err, signer.ErrPassword) {
			t.Errorf("wrong password: error %v", err)
		}
	}
}

// No password is the empty password: a key is never written in the clear.
func TestGenerateKeyPairEncryptsAlways(t *testing.T) {
	private, public, err := signer.GenerateKeyPair(nil)
	if err != nil {
		t.Fatal(err)
	}
	if !signer.NeedsPassword(private) {
		t.Fatalf("private key is\n%s", private)
	}
	s, err := signer.LoadSigner(private, nil)
	if err != nil {
		t.Fatal(err)
	}
	signs(t, s, public)
}

func TestLoadCosignKey(t *testing.T) {
	for name, password := range map[string]string{"cosign": "", "password": "correct horse"} {
		private, public := fixture(t, name+".key"), fixture(t, name+".pub")
		s, err := signer.LoadSigner(private, []byte(password))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		signs(t, s, public)
		if password != "" {
			continue
		}
		older := bytes.ReplaceAll(private, []byte("ENCRYPTED SIGSTORE"), []byte("ENCRYPTED COSIGN"))
		if s, err = signer.LoadSigner(older, []byte(password)); err != nil {
			t.Errorf("%s under its older name: %v", name, err)
			continue
		}
		signs(t, s, public)
	}
}

func TestLoadPlainKey(t *testing.T) {
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(p256)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		pem    []byte
		public crypto.PublicKey
	}{
		{"P-256 in PKCS #8", pkcs8(t, p256), p256.Public()},
		{"P-256 in SEC 1", encode("EC PRIVATE KEY", sec1), p256.Public()},
		{"RSA in PKCS #8", pkcs8(t, rsaKey), rsaKey.Public()},
		{"RSA in PKCS #1", encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), rsaKey.Public()},
	} {
		if signer.NeedsPassword(tt.pem) {
			t.Errorf("%s: asks for a password", tt.name)
		}
		s, err := signer.LoadSigner(tt.pem, []byte("not used"))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		der, err := x509.MarshalPKIXPublicKey(tt.public)
		if err != nil {
			t.Fatal(err)
		}
		signs(t, s, encode("PUBLIC KEY", der))
	}

	// openssl ecparam writes the curve's name before the key.
	s, err := signer.LoadSigner(fixture(t, "p384.sec1.pem"), nil)
	if err != nil {
		t.Fatal(err)
	}
	signs(t, s, fixture(t, "p384.pub"))
}

func encode(typ string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der})
}

func pkcs8(t testing.TB, key crypto.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return encode("PRIVATE KEY", der)
}

func TestLoadSignerRefuses(t *testing.T) {
	private := fixture(t, "password.key")
	block, _ := pem.Decode(private)
	damage := func(old, new string) []byte {
		if !bytes.Contains(block.Bytes, []byte(old)) {
			t.Fatalf("no %s in %s", old, block.Bytes)
		}
		return encode(block.Type, bytes.Replace(block.Bytes, []byte(old), []byte(new), 1))
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name      string
		pem       []byte
		wantError string
	}{
		{"nothing", nil, "not PEM"},
		{"text", []byte("hello"), "not PEM"},
		{"half a key", private[:len(private)/2], "not PEM"},
		{"two keys", append(bytes.Clone(private), private...), "goes on after the first key"},
		{"key and public key", append(bytes.Clone(private), fixture(t, "password.pub")...), "goes on after the first key"},
		{"public key", fixture(t, "password.pub"), "this is a public key"},
		{"certificate", encode("CERTIFICATE", nil), `PEM block is "CERTIFICATE"`},
		{"terminal commands for a type", encode("\x1b[2J", nil), `"\x1b[2J"`},
		{"only parameters", encode("EC PARAMETERS", nil), "not PEM"},
		{"too large", append(private, bytes.Repeat([]byte("\n"), 100_000)...), "too large"},
		{"PKCS #8 encrypted by openssl", fixture(t, "openssl-encrypted.pem"), "is encrypted by openssl"},
		{"SEC 1 encrypted by openssl", fixture(t, "openssl-legacy-encrypted.pem"), "is encrypted by openssl"},
		{"P-224", pkcs8(t, p224), "curve P-224 is not supported"},
		{"PKCS #8 cut short", encode("PRIVATE KEY", []byte{0x30}), "reading private key"},
		{"plain key called encrypted", encode("ENCRYPTED SIGSTORE PRIVATE KEY", []byte{0x30}), "reading private key"},
		{"another key derivation", damage(`"scrypt"`, `"bcrypt"`), "reading private key"},
		{"endless key derivation", damage(`"N":65536`, `"N":1073741824`), "unsupported scrypt parameters"},
		{"another cipher", damage(`"nacl/secretbox"`, `"none"`), "reading private key"},
		{"short nonce", damage(`"nonce":"`, `"nonce":"","x":"`), "nonce size"},
		{"empty ciphertext", damage(`"ciphertext":"`, `"ciphertext":"","x":"`), signer.ErrPassword.Error()},
	} {
		s, err := signer.LoadSigner(tt.pem, []byte("correct horse"))
		if err == nil || !strings.Contains(err.Error(), tt.wantError) || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: %v, error %v, want one with %q", tt.name, s, err, tt.wantError)
		}
	}
}

// The raw signature is what crypto/ecdsa, and so openssl, understands.
func TestRawSignature(t *testing.T) {
	s, err := signer.LoadSigner(fixture(t, "p384.sec1.pem"), nil)
	if err != nil {
		t.Fatal(err)
	}
	data := fixture(t, "artifact")
	_, signature, err := s.SignMessage(data)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(fixture(t, "p384.pub"))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha512.Sum384(data); !ecdsa.VerifyASN1(key.(*ecdsa.PublicKey), sum[:], signature) {
		t.Error("does not verify")
	}
}
