package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// attestationExtension is what an attestation's name ends with, after the
	// plugin's name and the predicate's type.
	attestationExtension = ".intoto" + Extension

	pluginExtension = ".so"

	maxSidecars   = 64
	maxCandidates = 4096

	// maxTogether is the most that all sidecars of a plugin may have, in bytes: a large
	// attestation, copied under sixty names, would be read and kept sixty times.
	maxTogether = 8 << 20
)

// Path gives the name of the sidecar of plugin.
func Path(plugin string) string { return plugin + Extension }

// NextPath gives the name under which a new sidecar waits beside the old one
// while plugin is being replaced. [Find] finds both.
func NextPath(plugin string) string { return plugin + nextMark + Extension }

// SignerPath gives the name of the sidecar of plugin for one signer of
// several.
func SignerPath(plugin string, key *PublicKey) string {
	return plugin + "." + key.Fingerprint()[:16] + Extension
}

// Find gives the sidecars with signatures over plugin, sorted by name: the
// files in its folder named NAME.sigstore.json or NAME.….sigstore.json, where
// NAME is plugin's last element, whatever characters it has. But
// NAME.next.sigstore.json comes before the NAME.sigstore.json that it is
// renamed to, so that whoever reads them in order misses neither.
//
// Attestations, NAME.….intoto.sigstore.json, are not among them. Nor are the
// sidecars of another plugin whose name begins like this one's: where
// NAME.other.so is a file, NAME.other.so.….sigstore.json is its.
//
// A folder that is not there has no sidecars. More than 64 are an error, as
// nobody needs them; so are, for whoever reads them, more than 8 MiB.
func Find(plugin string) ([]string, error) { return Search{Plugin: plugin}.find(isSignature) }

// AttestationPath gives the name of the sidecar of plugin for an attestation; the
// short name of its predicate's type, as in slsaprovenance1, goes into it.
func AttestationPath(plugin, short string) string {
	return plugin + "." + short + attestationExtension
}

// FindAttestations gives the sidecars with attestations about plugin,
// NAME.….intoto.sigstore.json, as Find gives those with signatures.
func FindAttestations(plugin string) ([]string, error) {
	return Search{Plugin: plugin}.find(isAttestation)
}

func (s Search) find(wanted func(rest string) bool) ([]string, error) {
	folder, name := filepath.Dir(s.Plugin), filepath.Base(s.Plugin)
	sidecars, others, err := s.namesAfter(name, wanted)
	if err != nil {
		return nil, fmt.Errorf("looking for sidecars of %s: %w", s.Plugin, err)
	}
	sidecars = slices.DeleteFunc(sidecars, func(name string) bool {
		return slices.ContainsFunc(others, func(other string) bool { return strings.HasPrefix(name, other+".") })
	})
	if len(sidecars) > maxSidecars {
		return nil, fmt.Errorf("%s has %d sidecars, at most %d are read", s.Plugin, len(sidecars), maxSidecars)
	}
	// What waits for the plugin to be replaced comes first: it is renamed to what then
	// comes after it, so that whoever reads in this order misses neither.
	slices.SortFunc(sidecars, func(a, b string) int {
		return cmp.Or(cmp.Compare(waits(b, name), waits(a, name)), cmp.Compare(a, b))
	})
	for i := range sidecars {
		sidecars[i] = filepath.Join(folder, sidecars[i])
	}
	return sidecars, nil
}

// nextMark follows the plugin's name in those of sidecars that wait while the plugin is
// being replaced.
const nextMark = ".next"

// waits tells, by 1, that a sidecar has such a name.
func waits(sidecar, plugin string) int {
	rest, found := strings.CutPrefix(sidecar, plugin+nextMark)
	if found && strings.HasPrefix(strings.TrimLeft(rest, "0123456789"), ".") {
		return 1
	}
	return 0
}

// current gives the name that a sidecar which waits is renamed to, and of any other
// itself.
func current(sidecar, plugin string) string {
	if waits(sidecar, plugin) == 0 {
		return sidecar
	}
	return plugin + strings.TrimLeft(strings.TrimPrefix(sidecar, plugin+nextMark), "0123456789")
}

// namesAfter lists what in the plugin's folder is named like a sidecar of name, and
// what like another plugin whose name begins with it.
func (s Search) namesAfter(name string, wanted func(rest string) bool) (sidecars, others []string, err error) {
	d, err := s.openFolder()
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer d.Close()
	for {
		entries, err := d.ReadDir(256)
		for _, e := range entries {
			rest, ok := strings.CutPrefix(e.Name(), name)
			switch {
			case !ok || !strings.HasPrefix(rest, "."):
			case wanted(rest):
				sidecars = append(sidecars, e.Name())
			case strings.HasSuffix(rest, pluginExtension) && !e.IsDir():
				others = append(others, e.Name())
			}
		}
		if len(sidecars)+len(others) > maxCandidates {
			return nil, nil, fmt.Errorf("more than %d files are named %s.…", maxCandidates, name)
		}
		if errors.Is(err, io.EOF) {
			return sidecars, others, nil
		}
		if err != nil {
			return nil, nil, err
		}
	}
}

// isSignature tells whether rest, what a file's name adds to a plugin's, makes
// it a signature over the plugin.
func isSignature(rest string) bool {
	return strings.HasSuffix(rest, Extension) && !isAttestation(rest)
}

// isAttestation tells the same of an attestation about the plugin.
func isAttestation(rest string) bool { return strings.HasSuffix(rest, attestationExtension) }
