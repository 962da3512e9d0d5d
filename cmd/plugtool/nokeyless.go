//go:build nokeyless

package main

import (
	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/signer/bundle"
)

func newCertificateVerifier([]byte, lenience, []bundle.IdentityPattern) (bundle.CertificateVerifier, error) {
	return nil, errKeyless
}

func (p *program) keylessSealer(*cli.Context) (sealer, error) { return sealer{}, errKeyless }

func verifyCertificate(_, _ []byte, _ *bundle.Bundle, _ *bundle.Digests, _, _ string) (string, error) {
	return "", errKeyless
}
