//go:build interop

package signer_test

import (
	"path/filepath"
	"testing"

	"github.com/plugtool/plugtool/signer"
	"github.com/plugtool/plugtool/signer/bundle"
)

// What cosign v3.1.3 makes of keys of every algorithm. A row that fails says that cosign
// has learnt something: docs/signing.md and the warnings of generate-key-pair follow.
func TestCosignKnowsAlgorithms(t *testing.T) {
	for algorithm, known := range map[string]struct {
		ours, own    bool          // cosign verifies what we sign, what it signs itself
		message, att bundle.Status // what we make of what cosign signs
	}{
		"p256":     {true, true, bundle.Verified, bundle.Verified},
		"p384":     {false, false, bundle.Verified, bundle.Verified}, // it verifies with SHA-256
		"p521":     {false, false, bundle.Verified, bundle.Verified},
		"rsa-2048": {true, true, bundle.Verified, bundle.Verified},
		"rsa-3072": {true, true, bundle.Verified, bundle.Verified},
		"rsa-4096": {true, true, bundle.Verified, bundle.Verified},
		"ed25519":  {true, false, bundle.Invalid, bundle.Untrusted}, // it leaves the digest out, and signs attestations with Ed25519ph
	} {
		t.Run(algorithm, func(t *testing.T) {
			dir := t.TempDir()
			private, public, err := signer.GenerateKeyPairOf(algorithm, []byte(password))
			if err != nil {
				t.Fatal(err)
			}
			signed(t, dir, private, public)
			attested(t, dir, private)
			verify := []string{"verify-blob", "--key", "k.pub", "--insecure-ignore-tlog"}
			verifyAtt := []string{"verify-blob-attestation", "--key", "k.pub", "--insecure-ignore-tlog", "--type", predicateType}
			check := func(want bool, args ...string) {
				t.Helper()
				if out, err := run(t, dir, "cosign", args...); (err == nil) != want {
					t.Errorf("cosign %q: %v, want success %v\n%s", args, err, want, out)
				}
			}
			check(known.ours, append(verify, "--bundle", "a.so.sigstore.json", "a.so")...)
			check(known.ours, append(verify, "--signature", "a.so.sig", "a.so")...)
			check(known.ours, append(verifyAtt, "--bundle", "att.json", "a.so")...)
			check(false, append(verifyAtt, "--bundle", "att.json", "b.so")...)

			mustRun(t, dir, "cosign", append(cosignSign, "--key", "k.key", "--bundle", "c.json", "a.so")...)
			mustRun(t, dir, "cosign", "attest-blob", "--tlog-upload=false", "--use-signing-config=false", "-y", "--key", "k.key",
				"--predicate", "predicate.json", "--type", predicateType, "--bundle", "catt.json", "a.so")
			check(known.own, append(verify, "--bundle", "c.json", "a.so")...)
			check(known.own, append(verifyAtt, "--bundle", "catt.json", "a.so")...)
			found(t, dir, public, bundle.Message, "c.json", known.message)
			found(t, dir, public, bundle.Attestation, "catt.json", known.att)
			found(t, dir, public, bundle.Attestation, "att.json", bundle.Verified)
		})
	}
}

const predicateType = "https://example.com/predicate/v1"

// attested writes an attestation of a.so, and its predicate.
func attested(t *testing.T, dir string, private []byte) {
	t.Helper()
	s, err := signer.LoadSigner(private, []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	predicate := []byte(`{"a":"<&>"}`)
	statement, err := bundle.MarshalStatement("a.so", bundle.NewDigests(get(t, dir, "a.so")), predicateType, predicate)
	if err != nil {
		t.Fatal(err)
	}
	sidecar, err := s.SignStatement(statement)
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "att.json", sidecar)
	put(t, dir, "predicate.json", predicate)
}

// found checks what a bundle about a.so is to us.
func found(t *testing.T, dir string, public []byte, kind bundle.Kind, file string, want bundle.Status) {
	t.Helper()
	key, err := bundle.ParsePublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	search := bundle.Search{Plugin: filepath.Join(dir, "a.so"), Kind: kind, Files: []string{filepath.Join(dir, file)}}
	evidence, err := search.Collect(bundle.NewDigests(get(t, dir, "a.so")), bundle.Trust{Keys: []*bundle.PublicKey{key}})
	if err != nil || len(evidence) != 1 {
		t.Fatalf("%v, %v", evidence, err)
	}
	if got := evidence[0].Status(); got != want {
		t.Errorf("%s: %s, want %s: %s", file, got, want, evidence[0].Reason())
	}
}
