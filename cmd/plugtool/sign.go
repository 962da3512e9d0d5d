package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
)

func (p *program) signCommand() *cli.Command {
	return &cli.Command{
		Name:      "sign",
		Usage:     "sign plugins, with a private key or as an identity",
		UsageText: "plugtool sign --key KEY... PLUGIN...\nplugtool sign --identity-token TOKEN --signing-config FILE --trusted-root FILE PLUGIN...",
		Description: "Writes a Sigstore bundle beside each plugin, or a host's descriptor, PLUGIN" + bundle.Extension + ", which\n" +
			"`plugtool verify --key`, hosts with the loader, and cosign read. Where that holds another\n" +
			"signer's signature over the same bytes, it stays, and the new one has the key in its name.\n" +
			"The password is that in PLUGTOOL_PASSWORD or COSIGN_PASSWORD, or is asked for.",
		Flags: append(sealerFlags(),
			&cli.StringFlag{Name: "bundle", Usage: "write the bundle to `FILE`"},
			&cli.StringFlag{Name: "output-signature", Usage: "write the raw signature to `FILE` as well: base64 of its DER, of an Ed25519 key's of its 64 bytes"},
			quietFlag(),
		),
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
	keys, err := p.signingKeys(c, conf)
	if err != nil {
		return err
	}
	flags := []string{"bundle", "output-signature"}
	if err := oneOfEach(c, len(files), len(keys), flags...); err != nil {
		return err
	}
	for _, flag := range flags {
		if err := mayWrite("--"+flag+" "+c.String(flag), c.String(flag), slices.Concat(files, keys)...); err != nil {
			return err
		}
	}
	if out := c.String("bundle"); out != "" && filepath.Clean(out) == filepath.Clean(c.String("output-signature")) {
		return usagef("name another file", "--bundle and --output-signature both name %s", out)
	}
	signers, err := p.sealers(c, keys)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := c.Context.Err(); err != nil {
			return err
		}
		if err := p.signFile(c.Context, signers, file, c.String("bundle"), c.String("output-signature")); err != nil {
			return err
		}
	}
	return nil
}

// signFile signs one plugin. bundleFile "" stands for the sidecars beside it,
// signatureFile "" for no raw signature.
func (p *program) signFile(ctx context.Context, signers []sealer, file, bundleFile, signatureFile string) error {
	plugin := inspector.ReadPlugin(file)
	if plugin.Err != nil {
		return plugin.Err
	}
	signed, digests := sealed{plugin: plugin}, bundle.NewDigests(plugin.Data)
	for _, s := range signers {
		text, err := s.message(ctx, plugin.Data)
		if err == nil {
			err = signed.add(s, text, digests)
		}
		if err != nil {
			return s.signError(file, err)
		}
	}
	p.warnIfStrange(plugin, "signed")
	files, err := signed.write(ctx, bundleFile)
	if err != nil {
		return fmt.Errorf("write the signature of %s: %w", file, err)
	}
	if signatureFile != "" {
		if err := signed.seals[0].writeRaw(signatureFile); err != nil {
			return fmt.Errorf("write the raw signature of %s: %w", file, err)
		}
	}
	p.progressf("signed %s: %s", file, strings.Join(files, " "))
	return nil
}

// warnIfStrange tells of a file that is neither a plugin nor a host's descriptor: it may
// have been taken for another. Hosts are signed, too, so that --host-key can be given.
func (p *program) warnIfStrange(plugin *inspector.Plugin, done string) {
	if (plugin.Binary == nil || plugin.Binary.Kind != inspector.KindPlugin) && !isDescriptor(plugin.File) {
		p.warningf("%s is no Go plugin: it is %s all the same", plugin.File, done)
	}
}

// write writes the one seal to a file, or all beside the plugin where that is "".
func (s sealed) write(ctx context.Context, file string) ([]string, error) {
	if file == "" {
		return s.place(ctx)
	}
	return []string{file}, writeBytes(file, s.seals[0].text)
}

// add adds what a sealer signed.
func (s *sealed) add(by sealer, text []byte, plugin *bundle.Digests) error {
	seal, err := by.seal(text, plugin)
	s.seals = append(s.seals, seal)
	return err
}

// writeRaw writes the signature by itself, in base64.
func (s seal) writeRaw(file string) error {
	b, err := bundle.Parse(s.text)
	if err != nil {
		return err
	}
	return writeBytes(file, []byte(base64.StdEncoding.EncodeToString(b.Message.Signature)))
}

func writeBytes(file string, data []byte) error {
	return writeFile(file, os.FileMode(0o666), func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(data))
		return err
	})
}
