package keyless

import (
	"crypto/sha256"

	"github.com/plugtool/plugtool/signer/bundle"
)

// Certificates gives what package bundle asks about signatures with certificates: whether
// any of these identities made them.
func (v *Verifier) Certificates(patterns []bundle.IdentityPattern) (bundle.CertificateVerifier, error) {
	c := certificates{verifier: v}
	for _, p := range patterns {
		m := Matcher(p)
		if err := m.Validate(); err != nil {
			return nil, err
		}
		c.anyOf = append(c.anyOf, m)
	}
	return c, nil
}

type certificates struct {
	verifier *Verifier
	anyOf    []Matcher
}

// VerifyCertificate implements [bundle.CertificateVerifier].
func (c certificates) VerifyCertificate(b []byte, file [sha256.Size]byte, kind bundle.Kind) (bundle.Certified, error) {
	wanted := Message
	if kind == bundle.Attestation {
		wanted = Attestation
	}
	v, err := c.verifier.Verify(b, file, wanted, c.anyOf)
	if err != nil {
		return bundle.Certified{}, err
	}
	return bundle.Certified{Identity: v.Identity.Subject, Issuer: v.Identity.Issuer, Time: v.Time}, nil
}
