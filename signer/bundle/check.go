package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Result is what is known about the signature of one plugin.
type Result struct {
	Status Status `json:"status"`

	// Signers are the keys that signed the plugin, each once however often it
	// signed; empty unless Verified.
	Signers []Signer `json:"signers"`

	// Bundle is the sidecar that decided, where one did.
	Bundle string `json:"bundle,omitempty"`

	// Reason says in one line why the plugin is not Verified.
	Reason string `json:"reason,omitempty"`
}

// A Signer is a key that verified.
type Signer struct {
	Fingerprint string `json:"fingerprint"` // SHA-256 of the key's SubjectPublicKeyInfo, in hex
	Bundle      string `json:"bundle"`      // the sidecar with its signature
}

// Check says who signed the plugin whose bytes are data. The signature is
// looked for in bundleFile or, where that is "", in the sidecars that [Find]
// finds beside plugin; the name serves for nothing else.
//
// Without keys, nothing is read: the result is Unverified or Missing. With
// keys, it is Verified where any sidecar has a signature by any of them. Where
// none has, an Untrusted sidecar, which is about these very bytes, tells more
// than an Invalid one, which may be a remnant, and decides.
func Check(plugin string, data []byte, bundleFile string, keys []*PublicKey) Result {
	// Hashing costs more than all the rest and is not always needed.
	return check(plugin, bundleFile, keys, sync.OnceValue(func() Digests { return Sum(data, keys) }))
}

// CheckDigests is [Check] for a file that was hashed while it was copied, by a
// [Hasher] made for the same keys.
func CheckDigests(plugin string, file Digests, bundleFile string, keys []*PublicKey) Result {
	return check(plugin, bundleFile, keys, func() Digests { return file })
}

func check(plugin, bundleFile string, keys []*PublicKey, file func() Digests) Result {
	sidecars, missing := []string{bundleFile}, fmt.Sprintf("there is no bundle %s", shown(bundleFile))
	if bundleFile == "" {
		found, err := Find(plugin)
		if err != nil {
			return Result{Status: Invalid, Signers: []Signer{}, Reason: oneLine(err.Error())}
		}
		// A folder's listing can miss a file that is renamed meanwhile. These
		// two, read in this order, cannot be missed.
		sidecars = append(found, filepath.Clean(NextPath(plugin)), filepath.Clean(Path(plugin)))
		slices.Sort(sidecars)
		sidecars = slices.Compact(sidecars)
		missing = fmt.Sprintf("there is no signature: no file %s", shown(Path(plugin)))
	}
	if len(keys) == 0 {
		return uncheckedResult(sidecars, missing)
	}
	result := Result{Status: Missing, Signers: []Signer{}, Reason: missing}
	for _, sidecar := range sidecars {
		key, err := checkSidecar(sidecar, keys, file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			// Renamed into its place since it was found, if it ever was there.
		case err != nil:
			result.fail(sidecar, err)
		default:
			result.verified(sidecar, key)
		}
	}
	return result
}

// uncheckedResult is what is known without a key.
func uncheckedResult(sidecars []string, missing string) Result {
	for _, sidecar := range sidecars {
		if _, err := os.Stat(sidecar); !errors.Is(err, fs.ErrNotExist) {
			return Result{Status: Unverified, Signers: []Signer{}, Bundle: sidecar, Reason: "the signature was not checked: no key was given"}
		}
	}
	return Result{Status: Missing, Signers: []Signer{}, Reason: missing}
}

// checkSidecar gives the key that made the signature in a sidecar.
func checkSidecar(name string, keys []*PublicKey, file func() Digests) (*PublicKey, error) {
	data, err := readFile(name)
	if err != nil {
		return nil, err
	}
	b, err := Parse(data)
	if err != nil {
		return nil, err
	}
	return b.VerifyMessage(file(), keys)
}

// verified notes that sidecar verifies with key.
func (r *Result) verified(sidecar string, key *PublicKey) {
	if r.Status != Verified {
		r.Status, r.Bundle, r.Reason = Verified, sidecar, ""
	}
	// One key is one signer, or it would count twice towards a threshold.
	if f := key.Fingerprint(); !slices.ContainsFunc(r.Signers, func(s Signer) bool { return s.Fingerprint == f }) {
		r.Signers = append(r.Signers, Signer{Fingerprint: f, Bundle: sidecar})
	}
}

// fail notes that sidecar does not verify, unless more is known already.
func (r *Result) fail(sidecar string, err error) {
	status := Invalid
	if e, ok := errors.AsType[*Error](err); ok {
		status = e.Status
	}
	if rank(status) > rank(r.Status) {
		r.Status, r.Bundle, r.Reason = status, sidecar, reason(sidecar, err)
	}
}

// rank says how much a status tells, against those of other sidecars.
func rank(s Status) int {
	return slices.Index([]Status{Missing, Invalid, Untrusted, Verified}, s)
}

// reason says of which sidecar err is.
func reason(sidecar string, err error) string {
	said := strings.TrimPrefix(err.Error(), subject)
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		said = "cannot be read: " + e.Err.Error() // the whole of it names the file again
	}
	return oneLine(shown(filepath.Base(sidecar)) + " " + said)
}

// shown gives a file name as it may stand in a message: a name can hold line
// breaks and terminal commands.
func shown(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}
