//go:build !nokeyless

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/keyless"
)

// keylessSealer signs as the identity in a token. The files say which services are asked;
// none is assumed.
func (p *program) keylessSealer(c *cli.Context) (sealer, error) {
	o := keyless.SignOptions{Check: keyless.Options{
		InsecureIgnoreTlog: c.Bool("insecure-ignore-tlog"), InsecureIgnoreSCT: c.Bool("insecure-ignore-sct"),
	}}
	var err error
	if o.SigningConfig, err = keylessFile(c, "signing-config"); err != nil {
		return sealer{}, err
	}
	if o.TrustedRoot, err = keylessFile(c, "trusted-root"); err != nil {
		return sealer{}, err
	}
	var origin string
	if o.Token, origin, err = keyless.Token(c.Context, c.String("identity-token"), p.env.lookup); err != nil {
		if !p.hasTokenSource(c) {
			err = usageError(err, "--identity-token TOKEN names one, or a file with one")
		}
		return sealer{}, err
	}
	return sealer{
		name:      "the identity token from " + origin,
		message:   func(ctx context.Context, data []byte) ([]byte, error) { return keyless.SignMessage(ctx, data, o) },
		statement: func(ctx context.Context, s []byte) ([]byte, error) { return keyless.SignStatement(ctx, s, o) },
		who: func(text []byte, b *bundle.Bundle, _ *bundle.Digests) string {
			claimed, err := keyless.Claimed(text)
			if b.Certificate == nil || err != nil {
				return ""
			}
			sum := sha256.Sum256([]byte(claimed.Subject + "\n" + claimed.Issuer))
			return hex.EncodeToString(sum[:])
		},
	}, nil
}

// hasTokenSource tells whether somebody was to give a token, who then failed.
func (p *program) hasTokenSource(c *cli.Context) bool {
	for _, name := range []string{"SIGSTORE_ID_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "PLUGTOOL_OIDC_ISSUER"} {
		if p.env.get(name) != "" {
			return true
		}
	}
	return c.String("identity-token") != ""
}

// verifyCertificate verifies a bundle of either kind that was signed as an identity, and
// gives the identity.
func verifyCertificate(trustedRoot, text []byte, b *bundle.Bundle, file *bundle.Digests, identity, issuer string) (string, error) {
	v, err := keyless.NewVerifier(trustedRoot, keyless.Options{})
	if err != nil {
		return "", usageError(err, "")
	}
	kind := keyless.Message
	if b.Envelope != nil {
		kind = keyless.Attestation
	}
	verified, err := v.Verify(text, file.SHA256(), kind, []keyless.Matcher{{Subject: identity, Issuer: issuer}})
	if err != nil {
		if _, about := errors.AsType[*bundle.Error](err); !about {
			return "", usageError(err, "")
		}
		return "", err
	}
	return verified.Identity.String(), nil
}
