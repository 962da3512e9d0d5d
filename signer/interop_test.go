//go:build interop

package signer_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/signer"
	"github.com/plugtool/plugtool/signer/bundle"
)

// These tests run the tools that others verify with. They are found on PATH;
// without them the tests fail. Tested with cosign v3.1.3 and OpenSSL 3.0.

const password = "correct horse"

// run runs a tool in dir and gives what it printed.
func run(t *testing.T, dir, tool string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "COSIGN_PASSWORD="+password, "HOME="+dir)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustRun(t *testing.T, dir, tool string, args ...string) {
	t.Helper()
	if out, err := run(t, dir, tool, args...); err != nil {
		t.Fatalf("%s %s: %v\n%s", tool, strings.Join(args, " "), err, out)
	}
}

func put(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// signed writes a.so, what plugtool signs it with and what that gives.
func signed(t *testing.T, dir string, private, public []byte) {
	t.Helper()
	s, err := signer.LoadSigner(private, []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte("a plugin\n"), 1000)
	sidecar, signature, err := s.SignMessage(data)
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "a.so", data)
	put(t, dir, "b.so", append(data, 0))
	put(t, dir, "k.key", private)
	put(t, dir, "k.pub", public)
	put(t, dir, "a.so.sigstore.json", sidecar)
	put(t, dir, "a.so.der", signature)
	put(t, dir, "a.so.sig", []byte(base64.StdEncoding.EncodeToString(signature)))
}

func generated(t *testing.T) (dir string) {
	t.Helper()
	private, public, err := signer.GenerateKeyPair([]byte(password))
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	signed(t, dir, private, public)
	return dir
}

var cosignSign = []string{"sign-blob", "--tlog-upload=false", "--use-signing-config=false", "-y"}

func TestCosignVerifiesOurs(t *testing.T) {
	dir := generated(t)
	args := []string{"verify-blob", "--key", "k.pub", "--insecure-ignore-tlog", "--bundle", "a.so.sigstore.json"}
	mustRun(t, dir, "cosign", append(args, "a.so")...)
	if out, err := run(t, dir, "cosign", append(args, "b.so")...); err == nil {
		t.Errorf("cosign verifies another file: %s", out)
	}
	mustRun(t, dir, "cosign", "verify-blob", "--key", "k.pub", "--insecure-ignore-tlog", "--signature", "a.so.sig", "a.so")
	if out, err := run(t, dir, "cosign", "public-key", "--key", "k.key"); err != nil || !strings.Contains(out, string(get(t, dir, "k.pub"))) {
		t.Errorf("cosign public-key: %v\n%s", err, out)
	}
}

func TestCosignSignsWithOurKey(t *testing.T) {
	dir := generated(t)
	mustRun(t, dir, "cosign", append(cosignSign, "--key", "k.key", "--bundle", "c.json", "a.so")...)
	checkBundle(t, dir, "c.json")
}

func TestWeVerifyCosigns(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.so", []byte("a plugin"))
	put(t, dir, "b.so", []byte("b plugin"))
	mustRun(t, dir, "cosign", "generate-key-pair", "--output-key-prefix", "k")
	mustRun(t, dir, "cosign", append(cosignSign, "--key", "k.key", "--bundle", "c.json", "a.so")...)
	checkBundle(t, dir, "c.json")

	signed(t, dir, get(t, dir, "k.key"), get(t, dir, "k.pub"))
	mustRun(t, dir, "cosign", "verify-blob", "--key", "k.pub", "--insecure-ignore-tlog", "--bundle", "a.so.sigstore.json", "a.so")
}

// checkBundle wants a bundle to verify for a.so and for nothing else.
func checkBundle(t *testing.T, dir, name string) {
	t.Helper()
	key, err := bundle.ParsePublicKey(get(t, dir, "k.pub"))
	if err != nil {
		t.Fatal(err)
	}
	keys := []*bundle.PublicKey{key}
	for file, want := range map[string]bundle.Status{"a.so": bundle.Verified, "b.so": bundle.Invalid} {
		if got := bundle.Check(filepath.Join(dir, file), get(t, dir, file), filepath.Join(dir, name), bundle.Trust{Keys: keys}); got.Status != want {
			t.Errorf("%s with %s: %s: %s", file, name, got.Status, got.Reason)
		}
	}
}

// An attestation is no signature over the file, although cosign takes one for
// it.
func TestAttestationIsNoSignature(t *testing.T) {
	dir := generated(t)
	put(t, dir, "predicate.json", []byte(`{}`))
	mustRun(t, dir, "cosign", "attest-blob", "--tlog-upload=false", "--use-signing-config=false", "-y", "--key", "k.key",
		"--predicate", "predicate.json", "--type", "https://example.com/predicate", "--bundle", "c.json", "a.so")
	key, err := bundle.ParsePublicKey(get(t, dir, "k.pub"))
	if err != nil {
		t.Fatal(err)
	}
	got := bundle.Check(filepath.Join(dir, "a.so"), get(t, dir, "a.so"), filepath.Join(dir, "c.json"), bundle.Trust{Keys: []*bundle.PublicKey{key}})
	if got.Status != bundle.Invalid || !strings.Contains(got.Reason, "is an attestation") {
		t.Errorf("%s: %s", got.Status, got.Reason)
	}
}

// cosign reads what else we sign with as far as it reads its own.
func TestCosignVerifiesOurRSA(t *testing.T) {
	dir := t.TempDir()
	mustRun(t, dir, "openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072", "-out", "k")
	mustRun(t, dir, "openssl", "pkey", "-in", "k", "-pubout", "-out", "p")
	signed(t, dir, get(t, dir, "k"), get(t, dir, "p"))
	mustRun(t, dir, "cosign", "verify-blob", "--key", "k.pub", "--insecure-ignore-tlog", "--bundle", "a.so.sigstore.json", "a.so")
}

func TestOpenSSLVerifiesOurs(t *testing.T) {
	dir := generated(t)
	mustRun(t, dir, "openssl", "dgst", "-sha256", "-verify", "k.pub", "-signature", "a.so.der", "a.so")
	mustRun(t, dir, "openssl", "base64", "-d", "-A", "-in", "a.so.sig", "-out", "decoded")
	mustRun(t, dir, "openssl", "dgst", "-sha256", "-verify", "k.pub", "-signature", "decoded", "a.so")
	if out, err := run(t, dir, "openssl", "dgst", "-sha256", "-verify", "k.pub", "-signature", "a.so.der", "b.so"); err == nil {
		t.Errorf("openssl verifies another file: %s", out)
	}
}

func TestWeVerifyOpenSSLs(t *testing.T) {
	for _, tt := range []struct {
		name, hash string
		genpkey    []string
	}{
		{"P-256", "-sha256", []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"}},
		{"P-384", "-sha384", []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"}},
		{"P-521", "-sha512", []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"}},
		{"RSA 4096", "-sha256", []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"}},
	} {
		dir := t.TempDir()
		mustRun(t, dir, "openssl", append([]string{"genpkey", "-out", "k"}, tt.genpkey...)...)
		mustRun(t, dir, "openssl", "pkey", "-in", "k", "-pubout", "-out", "p")
		signed(t, dir, get(t, dir, "k"), get(t, dir, "p"))
		mustRun(t, dir, "openssl", "dgst", tt.hash, "-verify", "k.pub", "-signature", "a.so.der", "a.so")

		mustRun(t, dir, "openssl", "dgst", tt.hash, "-sign", "k", "-out", "o.der", "a.so")
		key, err := bundle.ParsePublicKey(get(t, dir, "p"))
		if err != nil {
			t.Fatal(err)
		}
		sidecar, err := bundle.MarshalMessage(key, bundle.NewDigests(get(t, dir, "a.so")), get(t, dir, "o.der"))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		put(t, dir, "o.json", sidecar)
		checkBundle(t, dir, "o.json")
	}
}

// What openssl sets beside a key as its fingerprint is ours.
func TestFingerprintIsOpenSSLs(t *testing.T) {
	dir := generated(t)
	mustRun(t, dir, "openssl", "pkey", "-pubin", "-in", "k.pub", "-outform", "DER", "-out", "k.der")
	out, err := run(t, dir, "openssl", "dgst", "-sha256", "-r", "k.der")
	if err != nil {
		t.Fatal(err)
	}
	key, err := bundle.ParsePublicKey(get(t, dir, "k.pub"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out, key.Fingerprint()+" ") {
		t.Errorf("openssl says %s, the fingerprint is %s", out, key.Fingerprint())
	}
}
