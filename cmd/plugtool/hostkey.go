package main

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
)

func hostKeyFlag() cli.Flag {
	return &cli.StringSliceFlag{
		Name:  "host-key",
		Usage: "demand a signature of the host, binary or descriptor, by this public key, a PEM `FILE` (repeatable: any of them)",
	}
}

// hostKeys reads the keys of --host-key, by default those of plugtool.yaml.
func (p *program) hostKeys(c *cli.Context, conf config, configured names) ([]*bundle.PublicKey, error) {
	keys, err := p.keysFromConfig(conf, "host-key", c.StringSlice("host-key"), configured)
	if err != nil {
		return nil, err
	}
	return p.readPublicKeys(c.Context, keys)
}

// openHost opens a host. With keys, its bytes have to be signed by one of them:
// a descriptor that nobody answers for can say anything.
func openHost(file string, keys []*bundle.PublicKey) (*inspector.Host, error) {
	if file == "" {
		return nil, usagef("HOST is the host binary or its descriptor", "the name of a host is empty")
	}
	if len(keys) == 0 {
		return inspector.OpenHost(file)
	}
	host, _, err := readHost(file, keys)
	return host, err
}

// readHost is openHost for those who sign what they find out: the host is read into memory
// once, so that whoever writes into its file meanwhile does not make it two, one that was
// judged and one that is named. It gives the SHA-256 of what was read, too.
func readHost(file string, keys []*bundle.PublicKey) (host *inspector.Host, sum [sha256.Size]byte, err error) {
	host, err = inspector.OpenCheckedHost(file, func(data []byte) error {
		sum = sha256.Sum256(data)
		if len(keys) == 0 {
			return nil
		}
		result := bundle.Check(file, data, "", bundle.Trust{Keys: keys})
		if result.Status == bundle.Verified {
			return nil
		}
		f := &failure{code: exitUntrusted, err: fmt.Errorf("host %s is not signed by a key that was given: %s", file, result.Reason)}
		if result.Status == bundle.Missing {
			f.err = fmt.Errorf("host %s is not signed, and --host-key demands it", file)
			f.hints = []string{"plugtool sign --key KEY " + file}
		}
		return f
	})
	return host, sum, err
}

// readHosts are the hosts of builds that are attested, with their SHA-256.
type readHosts map[*inspector.Host][sha256.Size]byte

// open opens a host to build for; nil is a readHosts for builds that are not attested.
func (r readHosts) open(file string, keys []*bundle.PublicKey) (*inspector.Host, error) {
	if r == nil || file == "" {
		return openHost(file, keys)
	}
	host, sum, err := readHost(file, keys)
	if err == nil {
		r[host] = sum
	}
	return host, err
}

// isDescriptor says whether a file is a host's descriptor.
func isDescriptor(file string) bool {
	if !strings.HasSuffix(file, ".json") {
		return false
	}
	host, err := inspector.OpenHost(file)
	if err != nil {
		return false
	}
	return host.Close() == nil
}
