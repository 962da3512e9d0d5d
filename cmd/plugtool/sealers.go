package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/signer"
	"github.com/plugtool/plugtool/signer/bundle"
)

// A sealer signs as somebody: with a key, or as an identity.
type sealer struct {
	id   string // 64 hexadecimal digits that tell the signer from others
	name string // as a person knows it: the key as it was given, an identity

	message   func(ctx context.Context, data []byte) (sidecar, signature []byte, err error)
	statement func(ctx context.Context, statement []byte) (sidecar []byte, err error)

	// made tells whether a bundle about the file says that it is by the same signer.
	made func(b *bundle.Bundle, file *bundle.Digests) bool
}

// keySealer signs with a key.
func keySealer(name string, s *signer.Signer) sealer {
	key := s.PublicKey()
	return sealer{
		id: key.Fingerprint(), name: name,
		message: func(_ context.Context, data []byte) ([]byte, []byte, error) { return s.SignMessage(data) },
		statement: func(_ context.Context, statement []byte) ([]byte, error) {
			return s.SignStatement(statement)
		},
		made: func(b *bundle.Bundle, file *bundle.Digests) bool {
			if b.Certificate != nil || b.KeyHint != "" {
				return b.Certificate == nil && b.KeyHint == key.Hint()
			}
			keys := []*bundle.PublicKey{key}
			if b.Message != nil {
				_, err := b.VerifyMessage(file, keys)
				return err == nil
			}
			_, _, err := b.VerifyStatement(file, keys)
			return err == nil
		},
	}
}

// sealerFlags say who signs.
func sealerFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "key", Usage: "sign with this private `KEY`: a PEM file, env://NAME, or a key in a key management service (repeatable: each signs)"},
		noInputFlag(),
	}
}

// sealers gives everybody who is to sign, each once.
func (p *program) sealers(c *cli.Context, keys []string) ([]sealer, error) {
	if len(keys) == 0 {
		return nil, usagef("`plugtool generate-key-pair` makes one", "no key to sign with: --key is missing")
	}
	var list []sealer
	for _, key := range keys {
		s, err := p.loadSigner(c.Context, key, c.Bool("no-input"))
		if err != nil {
			return nil, err
		}
		added := keySealer(key, s)
		if slices.ContainsFunc(list, func(other sealer) bool { return other.id == added.id }) {
			return nil, usagef("give each key once", "--key %s is given twice: it is key %s", key, added.id)
		}
		list = append(list, added)
	}
	return list, nil
}

// oneOfEach refuses flags that name one file where several are to be written.
func oneOfEach(c *cli.Context, plugins, signers int, flags ...string) error {
	for _, flag := range flags {
		switch {
		case c.String(flag) == "":
		case plugins > 1:
			return usagef("without it each plugin gets its own", "--%s names one file, but there are %d plugins", flag, plugins)
		case signers > 1:
			return usagef("without it each signature gets its own", "--%s names one file, but there are %d keys", flag, signers)
		}
	}
	return nil
}

// signError names the plugin and the signer, where there are several.
func (s sealer) signError(file string, err error) error {
	return fmt.Errorf("sign %s with %s: %w", file, s.name, err)
}
