//go:build !nokeyless

package main

import (
	"crypto/sha256"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/keyless"
)

// newCertificateVerifier gives what verifies signatures by identities, offline, against
// a trusted root.
func newCertificateVerifier(trustedRoot []byte, o lenience, patterns []bundle.IdentityPattern) (bundle.CertificateVerifier, error) {
	v, err := keyless.NewVerifier(trustedRoot, keyless.Options{InsecureIgnoreTlog: o.noTlog, InsecureIgnoreSCT: o.noSCT})
	if err != nil {
		return nil, err
	}
	c := certificateVerifier{verifier: v}
	for _, p := range patterns {
		m := keyless.Matcher(p)
		if err := m.Validate(); err != nil {
			return nil, err
		}
		c.anyOf = append(c.anyOf, m)
	}
	return c, nil
}

type certificateVerifier struct {
	verifier *keyless.Verifier
	anyOf    []keyless.Matcher
}

func (c certificateVerifier) VerifyCertificate(data []byte, file [sha256.Size]byte, kind bundle.Kind) (bundle.Certified, error) {
	wanted := keyless.Message
	if kind == bundle.Attestation {
		wanted = keyless.Attestation
	}
	v, err := c.verifier.Verify(data, file, wanted, c.anyOf)
	if err != nil {
		return bundle.Certified{}, err
	}
	return bundle.Certified{Identity: v.Identity.Subject, Issuer: v.Identity.Issuer, Time: v.Time}, nil
}
