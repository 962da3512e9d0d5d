//go:build kms

package kms_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigstore/sigstore/pkg/signature/kms/fake"

	"github.com/plugtool/plugtool/signer"
	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/kms"
)

// sigstore's fake service signs with the key in the context.
func with(t *testing.T, key crypto.PrivateKey) context.Context {
	t.Helper()
	return context.WithValue(t.Context(), fake.KmsCtxKey{}, key)
}

func TestKey(t *testing.T) {
	p256, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	rsa2048, _ := rsa.GenerateKey(rand.Reader, 2048)
	for _, key := range []crypto.Signer{p256, p384, rsa2048} {
		remote, err := kms.Key(with(t, key), "fakekms://key")
		if err != nil {
			t.Fatal(err)
		}
		s, err := signer.NewSigner(remote)
		if err != nil {
			t.Fatal(err)
		}
		public, err := bundle.NewPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		data := []byte("a plugin")
		sidecar, _, err := s.SignMessage(data)
		if err != nil {
			t.Fatalf("%s: %v", public.Algorithm(), err)
		}
		b, err := bundle.Parse(sidecar)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.VerifyMessage(bundle.NewDigests(data), []*bundle.PublicKey{public}); err != nil {
			t.Errorf("%s: %v", public.Algorithm(), err)
		}
	}
}

func TestKeyRefused(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kms.Key(with(t, ed), "fakekms://key"); err == nil || !strings.Contains(err.Error(), "expected ECDSA or RSA") {
		t.Errorf("Ed25519: %v", err)
	}

	// A program that sigstore's registry would run.
	dir := t.TempDir()
	ran := filepath.Join(dir, "ran")
	if err := os.WriteFile(filepath.Join(dir, "sigstore-kms-evil"), []byte("#!/bin/sh\n: >"+ran+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	if _, err := kms.Key(t.Context(), "evil://key"); !errors.Is(err, kms.ErrNoScheme) {
		t.Errorf("a service that is not linked in: %v", err)
	}
	if err := os.Rename(filepath.Join(dir, "sigstore-kms-evil"), filepath.Join(dir, "sigstore-kms-gcpkms")); err != nil {
		t.Fatal(err)
	}
	if _, err := kms.Key(t.Context(), "gcpkms://key"); !errors.Is(err, kms.ErrNotLinked) {
		t.Errorf("a service that is known and not linked in: %v", err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a reference to a key ran a program")
	}
}
