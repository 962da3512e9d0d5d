package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer"
)

func (p *program) generateKeyPairCommand() *cli.Command {
	return &cli.Command{
		Name:      "generate-key-pair",
		Usage:     "make a key pair for signing, in cosign's formats",
		UsageText: "plugtool generate-key-pair [--output-key-prefix PREFIX] [--signing-algorithm NAME]",
		Description: "Writes PREFIX.key, encrypted with a password, and PREFIX.pub: ECDSA P-256, which\n" +
			"every tool reads, where --signing-algorithm names nothing else.\n" +
			"The password is that in PLUGTOOL_PASSWORD or COSIGN_PASSWORD, or is asked for.\n" +
			"Files that are there already are left alone.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output-key-prefix", Value: "plugtool", Usage: "name the files `PREFIX`.key and PREFIX.pub"},
			&cli.StringFlag{Name: "signing-algorithm", Aliases: []string{"algorithm"}, Value: signer.DefaultAlgorithm, Usage: "make a key for `NAME`: " + strings.Join(signer.Algorithms(), ", ")},
			noInputFlag(),
			quietFlag(),
		},
		Action: p.generateKeyPair,
	}
}

func (p *program) generateKeyPair(c *cli.Context) error {
	p.quiet = c.Bool("quiet")
	if c.NArg() > 0 {
		return usagef("--output-key-prefix PREFIX names the files", "generate-key-pair takes no argument, got %q", c.Args().First())
	}
	prefix := c.String("output-key-prefix")
	if strings.HasSuffix(prefix, "/") {
		return usagef("as in "+prefix+"plugtool", "--output-key-prefix %s names a folder, and no files in it", prefix)
	}
	algorithm := c.String("signing-algorithm")
	limits, err := signer.Limits(algorithm)
	if err != nil {
		return usageError(err, "")
	}
	private, public := prefix+".key", prefix+".pub"
	for _, file := range []string{private, public} {
		if _, err := os.Lstat(file); err == nil {
			return fmt.Errorf("%s is there already: a key is never overwritten", file)
		}
	}
	password, err := p.password(c.Context, private, true, c.Bool("no-input"))
	if err != nil {
		return err
	}
	privatePEM, publicPEM, err := signer.GenerateKeyPairOf(algorithm, password)
	if err != nil {
		return err
	}
	if err := createFile(private, 0o600, privatePEM); err != nil {
		return err
	}
	if err := createFile(public, 0o666, publicPEM); err != nil {
		return errors.Join(err, os.Remove(private)) // half a key pair is none
	}
	if limits != "" {
		p.warningf("%s: %s keys are for everybody", limits, signer.DefaultAlgorithm)
	}
	p.progressf("wrote the private key %s and the public key %s", private, public)
	p.hintf("plugtool sign --key %s PLUGIN; plugtool verify --key %s PLUGIN", private, public)
	return nil
}

// createFile writes a file that must not be there yet; a failure leaves none.
func createFile(file string, perm os.FileMode, data []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return nil
}

// missingKey adds to an error about a key's file that is not there how there is one.
func missingKey(err error, file string) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f := *asFailure(err)
	prefix := strings.TrimSuffix(strings.TrimSuffix(file, ".key"), ".pub")
	f.hints = append(f.hints, "to make a key pair: plugtool generate-key-pair --output-key-prefix "+inspector.ShellWord(prefix)+", which writes "+prefix+".key to sign with and "+prefix+".pub to verify with")
	return &f
}
