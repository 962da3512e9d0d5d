package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
)

// The commands sign-bundle and verify-bundle speak the protocol of sigstore's conformance
// suite (github.com/sigstore/sigstore-conformance, docs/cli_protocol.md). They work on any
// file and know nothing of plugins, hosts and plugtool.yaml.

func (p *program) signBundleCommand() *cli.Command {
	return &cli.Command{
		Name: "sign-bundle", Hidden: true,
		Usage:     "sign any file as an identity (protocol of sigstore's conformance suite)",
		UsageText: "plugtool sign-bundle [--in-toto] --identity-token TOKEN --bundle FILE --trusted-root FILE --signing-config FILE FILE",
		Flags: append(keylessSignFlags(),
			switchFlag("in-toto", "the file is an in-toto statement"),
			&cli.StringFlag{Name: "bundle", Usage: "write the bundle to `FILE`"},
		),
		Action: p.signBundle,
	}
}

func (p *program) signBundle(c *cli.Context) error {
	out, file, err := bundleAndFile(c)
	if err != nil {
		return err
	}
	if err := mayWrite("--bundle "+out, out, file); err != nil {
		return err
	}
	s, err := p.keylessSealer(c)
	if err != nil {
		return err
	}
	read := inspector.ReadPlugin(file)
	if read.Err != nil {
		return read.Err
	}
	sign := s.message
	if c.Bool("in-toto") {
		sign = s.statement
	}
	text, err := sign(c.Context, read.Data)
	if err != nil {
		return s.signError(file, err)
	}
	return writeBytes(out, text)
}

func (p *program) verifyBundleCommand() *cli.Command {
	return &cli.Command{
		Name: "verify-bundle", Hidden: true,
		Usage:     "verify a bundle about any file (protocol of sigstore's conformance suite)",
		UsageText: "plugtool verify-bundle --bundle FILE (--certificate-identity ID --certificate-oidc-issuer URL --trusted-root FILE | --key PUB) FILE|sha256:DIGEST",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "bundle", Usage: "the bundle is in `FILE`"},
			&cli.StringFlag{Name: "key", Usage: "demand a signature by this public `KEY`"},
			&cli.StringFlag{Name: "certificate-identity", Usage: "demand a signature as this `IDENTITY`"},
			&cli.StringFlag{Name: "certificate-oidc-issuer", Usage: "which this `URL` vouches for"},
			&cli.StringFlag{Name: "trusted-root", Usage: "whom to believe is in `FILE`"},
		},
		Action: p.verifyBundle,
	}
}

func (p *program) verifyBundle(c *cli.Context) error {
	from, file, err := bundleAndFile(c)
	if err != nil {
		return err
	}
	key, identity, issuer := c.String("key"), c.String("certificate-identity"), c.String("certificate-oidc-issuer")
	switch {
	case key == "" && (identity == "" || issuer == ""):
		return usagef("", "want --key, or --certificate-identity and --certificate-oidc-issuer")
	case key != "" && (identity != "" || issuer != ""):
		return usagef("", "--key and --certificate-identity exclude each other")
	case key != "" && c.String("trusted-root") != "":
		p.warningf("--trusted-root %s is not used: a signature by a key is checked with that key and nothing else", c.String("trusted-root"))
	}
	digests, err := fileOrDigest(file)
	if err != nil {
		return err
	}
	text, err := readSmall(from, bundle.MaxSize)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	b, err := bundle.Parse(text)
	if err != nil {
		return &failure{code: exitUntrusted, err: fmt.Errorf("%s: %w", from, err)}
	}
	var signer string
	if key != "" {
		signer, err = p.verifyWithKey(c, b, digests, key)
	} else {
		var root []byte
		if root, err = keylessFile(c, "trusted-root"); err == nil {
			signer, err = verifyCertificate(root, text, b, digests, identity, issuer)
		}
	}
	if _, about := errors.AsType[*bundle.Error](err); about {
		return &failure{code: exitUntrusted, err: fmt.Errorf("%s: %w", from, err)}
	}
	if err != nil {
		return err
	}
	p.progressf("verified: signed by %s", signer)
	return nil
}

// verifyWithKey verifies a bundle of either kind that was signed with a key, and gives
// the key's name.
func (p *program) verifyWithKey(c *cli.Context, b *bundle.Bundle, file *bundle.Digests, key string) (string, error) {
	public, err := p.readPublicKey(c.Context, key)
	if err != nil {
		return "", err
	}
	keys := []*bundle.PublicKey{public}
	if b.Message != nil {
		_, err = b.VerifyMessage(file, keys)
	} else {
		_, _, err = b.VerifyStatement(file, keys)
	}
	return "key " + public.Fingerprint(), err
}

func bundleAndFile(c *cli.Context) (bundleFile, file string, err error) {
	if c.NArg() != 1 {
		return "", "", usagef("", "want one file, got %d", c.NArg())
	}
	if c.String("bundle") == "" {
		return "", "", usagef("", "--bundle is missing")
	}
	return c.String("bundle"), c.Args().First(), nil
}

// fileOrDigest gives the digests of a file, or the one that stands for it: what looks like
// sha256:DIGEST and is no file, as the protocol has it.
func fileOrDigest(name string) (*bundle.Digests, error) {
	digits, isDigest := strings.CutPrefix(name, "sha256:")
	sum, err := hex.DecodeString(digits)
	if _, there := os.Lstat(name); isDigest && err == nil && len(sum) == sha256.Size && there != nil {
		return bundle.KnownDigest([sha256.Size]byte(sum)), nil
	}
	read := inspector.ReadPlugin(name)
	if read.Err != nil {
		return nil, read.Err
	}
	return bundle.NewDigests(read.Data), nil
}
