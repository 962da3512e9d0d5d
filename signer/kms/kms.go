//go:build kms

package kms

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"

	"github.com/sigstore/sigstore/pkg/signature/kms"

	"github.com/plugtool/plugtool/signer/bundle"
)

// Key gives the key that a reference such as awskms:///alias/release names. The service
// is asked for its public half, and with every signature; ctx ends that.
func Key(ctx context.Context, ref string) (crypto.Signer, error) {
	linked := kms.SupportedProviders()
	if !slices.ContainsFunc(linked, func(scheme string) bool { return strings.HasPrefix(ref, scheme) }) {
		slices.Sort(linked)
		if err := checkScheme(ref, linked); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("key %s: %w, it has %s", ref, ErrNotLinked, cmp.Or(strings.Join(linked, ", "), "none"))
	}
	key, err := open(ctx, ref, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	public, err := bundle.NewPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", ref, err)
	}
	if public.Hash() != crypto.SHA256 {
		return open(ctx, ref, public.Hash())
	}
	return key, nil
}

// open asks the service for a key that signs digests made with hash.
func open(ctx context.Context, ref string, hash crypto.Hash) (crypto.Signer, error) {
	service, err := kms.Get(ctx, ref, hash)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", ref, err)
	}
	public, err := service.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("public key of %s: %w", ref, err)
	}
	if _, whole := public.(ed25519.PublicKey); whole {
		// It signs files themselves, and what a service takes is limited.
		return nil, fmt.Errorf("key %s is an Ed25519 key, expected ECDSA or RSA in a key management service", ref)
	}
	signer, _, err := service.CryptoSigner(ctx, func(error) {}) // Sign returns errors, too
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", ref, err)
	}
	return remote{signer, public}, nil
}

// remote is a key whose public half was asked for once.
type remote struct {
	crypto.Signer
	public crypto.PublicKey
}

func (r remote) Public() crypto.PublicKey { return r.public }
