//go:build !nokeyless

package main

import (
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
	return v.Certificates(patterns)
}
