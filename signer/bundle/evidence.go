package bundle

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A Kind is what a bundle holds.
type Kind string

const (
	Message     Kind = "signature"   // over a file
	Attestation Kind = "attestation" // an in-toto statement about files
)

// Trust is whose signatures count. The zero Trust trusts nobody.
type Trust struct {
	Keys []*PublicKey

	// Certificates verifies what was signed with a certificate; nil trusts none.
	Certificates CertificateVerifier
}

func (t Trust) any() bool { return len(t.Keys) > 0 || t.Certificates != nil }

// A CertificateVerifier verifies bundles that were signed with a short-lived
// certificate. This package has none: package keyless has, and needs much that hosts
// should not carry.
type CertificateVerifier interface {
	// VerifyCertificate verifies the bundle, which [Parse] took, over a file with this
	// SHA-256, and that it is of the kind wanted. Who signed has to be somebody whom
	// the verifier was told to trust. Of an attestation whatever stands in the
	// envelope has to be verified. An error other than an [*Error] means Invalid.
	VerifyCertificate(bundle []byte, file [sha256.Size]byte, kind Kind) (Certified, error)
}

// Certified is who signed with a certificate.
type Certified struct {
	Identity, Issuer string
	Time             time.Time // of the signature, as a trusted timestamp says
}

// An Evidence is one sidecar and what it proves about one plugin.
type Evidence struct {
	File      string
	Signer    Signer     // zero unless Err is nil
	Key       *PublicKey // that verified; nil for a certificate
	Time      time.Time  // of the signature, where one can be trusted; else zero
	Statement *Statement // of an attestation; nil unless Err is nil
	Claimed   string     // type of the predicate of an attestation, whoever made it; "" where it cannot be read
	Err       error      // why it proves nothing
}

// Status says what is known about the sidecar.
func (e Evidence) Status() Status {
	if e.Err == nil {
		return Verified
	}
	if err, ok := errors.AsType[*Error](e.Err); ok {
		return err.Status
	}
	return Invalid
}

// Reason says in one line which sidecar proves nothing, and why: "" where it does.
func (e Evidence) Reason() string {
	if e.Err == nil {
		return ""
	}
	said := strings.TrimPrefix(e.Err.Error(), subject)
	if err, ok := errors.AsType[*fs.PathError](e.Err); ok {
		said = "cannot be read: " + err.Err.Error() // the whole of it names the file again
	}
	return oneLine(shown(filepath.Base(e.File)) + " " + said)
}

// A Search says where the sidecars of a plugin are looked for.
type Search struct {
	Plugin string
	Kind   Kind     // of sidecars that are wanted
	Files  []string // to read instead of what lies beside the plugin; nil for that

	// Folder, where it is set, is the folder that Plugin lies in: its sidecars are read
	// from there, whatever the path of Plugin leads to by now, and no link leads out of
	// it. Files is nil then.
	Folder *os.Root
}

// Collect reads the sidecars and says of each what it proves about the file. One that
// is gone by the time it is read is left out.
func (s Search) Collect(file *Digests, trust Trust) ([]Evidence, error) {
	sidecars, err := s.files()
	if err != nil {
		return nil, err
	}
	var list []Evidence
	size := 0
	for _, sidecar := range sidecars {
		data, err := s.read(sidecar)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENAMETOOLONG) {
			continue // renamed into its place since it was found, if it ever was there or could be
		}
		if size += len(data); size > maxTogether {
			return nil, fmt.Errorf("%s has sidecars of more than %d bytes together, at most that are read", shown(s.Plugin), maxTogether)
		}
		e := Evidence{File: sidecar, Err: err}
		if err == nil {
			e.examine(s.Kind, data, file, trust)
		}
		list = append(list, e)
	}
	return list, nil
}

// files lists the sidecars with the names that they are renamed from and to, in an order
// that misses none of them: a folder's listing can miss both of a file's names while it is
// renamed, two listings only where it is renamed twice.
func (s Search) files() ([]string, error) {
	if s.Files != nil {
		return s.Files, nil
	}
	wanted := isSignature
	if s.Kind == Attestation {
		wanted = isAttestation
	}
	var waiting, others []string
	plugin := filepath.Clean(s.Plugin)
	add := func(name string) {
		now := current(name, plugin)
		if now == name {
			name = plugin + nextMark + strings.TrimPrefix(now, plugin)
		}
		waiting, others = append(waiting, name), append(others, now)
	}
	for range 2 {
		found, err := s.find(wanted)
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			add(name)
		}
	}
	if s.Kind != Attestation {
		add(Path(plugin)) // whatever listings say
	}
	slices.Sort(waiting)
	slices.Sort(others)
	return append(slices.Compact(waiting), slices.Compact(others)...), nil
}

// Missing says what is not there where nothing was found.
func (s Search) Missing() string {
	switch {
	case s.Files != nil:
		return fmt.Sprintf("there is no bundle %s", shown(strings.Join(s.Files, ", ")))
	case s.Kind == Attestation:
		return fmt.Sprintf("there is no attestation: no file %s.TYPE%s", shown(s.Plugin), attestationExtension)
	}
	return fmt.Sprintf("there is no signature: no file %s", shown(Path(s.Plugin)))
}

// examine says what the sidecar, which holds data, proves.
func (e *Evidence) examine(kind Kind, data []byte, file *Digests, trust Trust) {
	b, err := Parse(data)
	switch {
	case err != nil:
		e.Err = err
	case kind == Attestation:
		if e.Statement, e.Err = b.readStatement(); e.Err == nil {
			e.Claimed = e.Statement.PredicateType
			e.Err = e.Statement.about(file)
		}
	default:
		e.Err = b.checkMessage(file)
	}
	switch {
	case e.Err != nil:
	case b.Certificate != nil && trust.Certificates != nil:
		e.certified(trust.Certificates.VerifyCertificate(data, file.SHA256(), kind))
	case len(trust.Keys) == 0:
		e.Err = failure(Untrusted, "was signed by %s, expected a certificate of an identity that is trusted", b.claimedSigner())
	case kind == Attestation:
		e.Key, e.Err = b.verifyEnvelope(trust.Keys)
	default:
		e.Key, e.Err = b.VerifyMessage(file, trust.Keys)
	}
	if e.Err != nil {
		e.Statement = nil
		return
	}
	if e.Signer.Bundle = e.File; e.Key != nil {
		e.Signer.Fingerprint = e.Key.Fingerprint()
	}
	if e.Statement != nil {
		e.Signer.Type = e.Statement.PredicateType
	}
}

func (e *Evidence) certified(c Certified, err error) {
	e.Signer.Identity, e.Signer.Issuer, e.Time, e.Err = c.Identity, c.Issuer, c.Time, err
}
