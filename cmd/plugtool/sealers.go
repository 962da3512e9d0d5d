package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/signer"
	"github.com/plugtool/plugtool/signer/bundle"
)

// A sealer signs as somebody: with a key, or as an identity.
type sealer struct {
	name string // as a person knows it: the key as it was given, or what tells who signs

	message   func(ctx context.Context, data []byte) (sidecar []byte, err error)
	statement func(ctx context.Context, statement []byte) (sidecar []byte, err error)

	// who gives 64 hexadecimal digits that tell the signer of a bundle about the file from
	// others, as the bundle says it, and "" where it is of another kind of signer.
	who func(bundleText []byte, b *bundle.Bundle, file *bundle.Digests) string
}

// seal gives what a signature or a statement that the sealer signed puts beside the plugin.
func (s sealer) seal(text []byte, plugin *bundle.Digests) (seal, error) {
	b, err := bundle.Parse(text)
	if err != nil {
		return seal{}, err
	}
	return seal{id: s.who(text, b, plugin), by: s, text: text, typ: predicateOf(b)}, nil
}

// keySealer signs with a key.
func keySealer(name string, s *signer.Signer) sealer {
	key := s.PublicKey()
	return sealer{
		name: name,
		message: func(_ context.Context, data []byte) ([]byte, error) {
			sidecar, _, err := s.SignMessage(data)
			return sidecar, err
		},
		statement: func(_ context.Context, statement []byte) ([]byte, error) {
			return s.SignStatement(statement)
		},
		who: func(_ []byte, b *bundle.Bundle, file *bundle.Digests) string {
			if keyMade(key, b, file) {
				return key.Fingerprint()
			}
			return ""
		},
	}
}

// keyMade tells whether a bundle about the file says that it was made with a key.
func keyMade(key *bundle.PublicKey, b *bundle.Bundle, file *bundle.Digests) bool {
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
}

// sealerFlags say who signs.
func sealerFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringSliceFlag{Name: "key", Usage: "sign with this private `KEY`: a PEM file, env://NAME, or a key in a key management service (repeatable: each signs)"},
		noInputFlag(),
	}, keylessSignFlags()...)
}

// signingKeys gives the keys to sign with, none where an identity signs.
func (p *program) signingKeys(c *cli.Context, conf config) ([]string, error) {
	keys := c.StringSlice("key")
	switch err := lenienceAlone(c); {
	case err != nil:
		return nil, err
	case !asksKeyless(c):
		return p.keysFromConfig(conf, "key", keys, conf.Sign.Key)
	case len(keys) > 0:
		return nil, usagef("sign twice: both signatures are kept", "--key and an identity are given, and one of them signs")
	}
	return nil, nil
}

// sealers gives everybody who is to sign, each once.
func (p *program) sealers(c *cli.Context, keys []string) ([]sealer, error) {
	if asksKeyless(c) {
		s, err := p.keylessSealer(c)
		return []sealer{s}, err
	}
	if len(keys) == 0 {
		return nil, usagef("`plugtool generate-key-pair` makes one", "no key to sign with: --key is missing")
	}
	var list []sealer
	given := map[string]bool{}
	for _, key := range keys {
		s, err := p.loadSigner(c.Context, key, c.Bool("no-input"))
		if err != nil {
			return nil, err
		}
		id := s.PublicKey().Fingerprint()
		if given[id] {
			return nil, usagef("give each key once", "--key %s is given twice: it is key %s", key, id)
		}
		given[id] = true
		list = append(list, keySealer(key, s))
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
