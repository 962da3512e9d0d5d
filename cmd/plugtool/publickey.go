package main

import (
	"bytes"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/signer/bundle"
)

func (p *program) publicKeyCommand() *cli.Command {
	return &cli.Command{
		Name:      "public-key",
		Usage:     "print the public key of a private key",
		UsageText: "plugtool public-key --key KEY [--fingerprint]",
		Description: "KEY is a PEM file, env://NAME, or a key in a key management service. A public key is\n" +
			"taken, too, so that --fingerprint shows by what verify and policies name it.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "the private or public `KEY`"},
			switchFlag("fingerprint", "print the SHA-256 of the key's SubjectPublicKeyInfo instead"),
			&cli.StringFlag{Name: "outfile", Usage: "write to `FILE` instead of standard output"},
			noInputFlag(),
		},
		Action: p.publicKey,
	}
}

func (p *program) publicKey(c *cli.Context) error {
	if c.NArg() > 0 {
		return usagef("plugtool public-key --key KEY", "public-key takes no argument, got %q", c.Args().First())
	}
	key, outfile := c.String("key"), c.String("outfile")
	if key == "" {
		return usagef("plugtool public-key --key KEY", "--key is missing")
	}
	if err := mayWrite("--outfile "+outfile, outfile, key); err != nil {
		return err
	}
	public, err := p.eitherKey(c, key)
	if err != nil {
		return err
	}
	text := public.PEM()
	if c.Bool("fingerprint") {
		text = fmt.Appendln(nil, public.Fingerprint())
	}
	if outfile == "" {
		_, err := p.out.Write(text)
		return err
	}
	return writeFile(outfile, 0o666, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// eitherKey gives the public key of a private key, or the public key that is named
// itself.
func (p *program) eitherKey(c *cli.Context, key string) (*bundle.PublicKey, error) {
	if !isKMS(key) {
		pem, err := p.keyText(key)
		if err != nil {
			return nil, fmt.Errorf("key: %w", err)
		}
		if bytes.Contains(pem, []byte("-----BEGIN PUBLIC KEY-----")) {
			return p.readPublicKey(c.Context, key)
		}
	}
	s, err := p.loadSigner(c.Context, key, c.Bool("no-input"))
	if err != nil {
		return nil, err
	}
	return s.PublicKey(), nil
}
