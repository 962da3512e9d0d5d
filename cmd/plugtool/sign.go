package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer"
	"github.com/plugtool/plugtool/signer/bundle"
)

func (p *program) signCommand() *cli.Command {
	return &cli.Command{
		Name:      "sign",
		Usage:     "sign plugins with a private key",
		UsageText: "plugtool sign --key KEY PLUGIN...",
		Description: "Writes a Sigstore bundle beside each plugin, or a host's descriptor, PLUGIN" + bundle.Extension + ", which\n" +
			"`plugtool verify --key`, hosts with the loader, and cosign read. The password is that in\n" +
			"PLUGTOOL_PASSWORD or COSIGN_PASSWORD, or is asked for.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "sign with the private key in this PEM `FILE`"},
			&cli.StringFlag{Name: "bundle", Usage: "write the bundle to `FILE`"},
			&cli.StringFlag{Name: "output-signature", Usage: "write the raw signature, base64 of its DER, to `FILE` as well"},
			noInputFlag(),
			quietFlag(),
		},
		Action: p.sign,
	}
}

func (p *program) sign(c *cli.Context) error {
	p.quiet = c.Bool("quiet")
	conf, err := loadConfig(".")
	if err != nil {
		return err
	}
	if c.NArg() == 0 {
		return usagef("plugtool sign --key KEY PLUGIN...", "no plugin was named")
	}
	files, err := expandFolders(c.Args().Slice())
	if err != nil {
		return err
	}
	for _, flag := range []string{"bundle", "output-signature"} {
		if c.String(flag) != "" && len(files) > 1 {
			return usagef("without it each plugin gets its own", "--%s names one file, but there are %d plugins", flag, len(files))
		}
	}
	key := p.fromConfig(conf, "key", c.String("key"), conf.Sign.Key)
	if key == "" {
		return usagef("`plugtool generate-key-pair` makes one", "no key to sign with: --key is missing")
	}
	for _, flag := range []string{"bundle", "output-signature"} {
		if err := mayWrite("--"+flag+" "+c.String(flag), c.String(flag), append(files, key)...); err != nil {
			return err
		}
	}
	s, err := p.loadSigner(c.Context, key, c.Bool("no-input"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := c.Context.Err(); err != nil {
			return err
		}
		if err := p.signFile(s, file, c.String("bundle"), c.String("output-signature")); err != nil {
			return err
		}
	}
	return nil
}

// loadSigner reads a private key, asking for its password where it has one.
func (p *program) loadSigner(ctx context.Context, file string, noInput bool) (*signer.Signer, error) {
	pem, err := readSmall(file, keyLimit)
	if err != nil {
		return nil, missingKey(fmt.Errorf("private key: %w", err), file)
	}
	var password []byte
	if signer.NeedsPassword(pem) {
		if password, err = p.password(ctx, file, false, noInput); err != nil {
			return nil, err
		}
	}
	s, err := signer.LoadSigner(pem, password)
	if err != nil {
		return nil, fmt.Errorf("private key %s: %w", file, err)
	}
	return s, nil
}

// signFile signs one plugin. bundleFile "" stands for the sidecar beside it,
// signatureFile "" for no raw signature.
func (p *program) signFile(s *signer.Signer, file, bundleFile, signatureFile string) error {
	plugin := inspector.ReadPlugin(file)
	if plugin.Err != nil {
		return plugin.Err
	}
	bundleJSON, raw, err := s.SignMessage(plugin.Data)
	if err != nil {
		return fmt.Errorf("sign %s: %w", file, err)
	}
	if (plugin.Binary == nil || plugin.Binary.Kind != inspector.KindPlugin) && !isDescriptor(file) {
		p.warningf("%s is no Go plugin: it is signed all the same", file)
	}
	if bundleFile == "" {
		bundleFile = bundle.Path(file)
	}
	if err := writeBytes(bundleFile, bundleJSON); err != nil {
		return fmt.Errorf("write the signature of %s: %w", file, err)
	}
	if signatureFile != "" {
		text := base64.StdEncoding.EncodeToString(raw)
		if err := writeBytes(signatureFile, []byte(text)); err != nil {
			return fmt.Errorf("write the raw signature of %s: %w", file, err)
		}
	}
	p.progressf("signed %s: %s", file, bundleFile)
	return nil
}

func writeBytes(file string, data []byte) error {
	return writeFile(file, os.FileMode(0o666), func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(data))
		return err
	})
}
