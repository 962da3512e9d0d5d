// Package keyless signs with a certificate that lives for ten minutes instead
// of a key that has to be kept, and verifies what was signed so: a
// certificate authority (Fulcio) vouches for an identity from an OpenID
// Connect provider, a transparency log (Rekor) for the signature being public,
// and a timestamp authority for when it was made.
//
// Whom to believe is in a trusted root, a file. Verification is offline:
// nothing is fetched and nothing is assumed where a root is missing.
//
// It is the only room with sigstore-go in it, and stands apart so that those
// who verify with keys do not carry it.
package keyless

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	sigstore "github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/plugtool/plugtool/signer/bundle"
)

// maxConfigSize is the most that a trusted root or a signing config may have,
// in bytes. Those of the public instance have 7 and 1 KB.
const maxConfigSize = 1 << 20

// mostAhead is how far in the future a signature's time may be: what a
// machine's clock may be slow by.
const mostAhead = time.Hour

// A Kind is what a bundle has to hold.
type Kind int

const (
	Message     Kind = iota // a signature over the file
	Attestation             // an in-toto statement about the file, in a DSSE envelope
)

// Options are what a [Verifier] may be lenient about, and its clock.
type Options struct {
	// InsecureIgnoreTlog accepts bundles without an entry of a transparency
	// log: nobody can find out that the identity was misused. It takes a
	// signed timestamp then, as nothing else says when it was signed.
	InsecureIgnoreTlog bool

	// InsecureIgnoreSCT accepts certificates that are in no certificate
	// transparency log, as private authorities issue them.
	InsecureIgnoreSCT bool

	Now func() time.Time // nil: time.Now
}

// A Verifier checks bundles against one trusted root. It may be used by
// several goroutines at once.
type Verifier struct {
	root    *root.TrustedRoot
	verify  *verify.Verifier
	options Options
}

// Verified is what a bundle was found to prove.
type Verified struct {
	Identity Identity

	// Time is when it was signed, as the earliest of the timestamps says.
	Time time.Time

	// Payload is the in-toto statement of an attestation, nil for a signature
	// over the file. Its type, and that the file is one of its subjects, were
	// checked; what it says in its predicate is for the caller to judge.
	Payload []byte
}

// NewVerifier makes a verifier of a trusted root (the JSON of
// application/vnd.dev.sigstore.trustedroot+json;version=0.1). A root that
// lacks what the options ask for is an error, as every bundle would fail.
func NewVerifier(trustedRoot []byte, o Options) (*Verifier, error) {
	if len(trustedRoot) == 0 {
		return nil, errors.New("no trusted root: verifying an identity needs one, and none is fetched")
	}
	if len(trustedRoot) > maxConfigSize {
		return nil, fmt.Errorf("trusted root is too large: %d bytes, at most %d are read", len(trustedRoot), maxConfigSize)
	}
	material, err := root.NewTrustedRootFromJSON(trustedRoot)
	if err != nil {
		return nil, fmt.Errorf("trusted root cannot be read: %s", plain(err))
	}
	switch {
	case len(material.FulcioCertificateAuthorities()) == 0:
		return nil, errors.New("trusted root has no certificate authority")
	case !o.InsecureIgnoreTlog && len(material.RekorLogs()) == 0:
		return nil, errors.New("trusted root has no transparency log, and entries in one are required")
	case o.InsecureIgnoreTlog && len(material.TimestampingAuthorities()) == 0:
		return nil, errors.New("trusted root has no timestamp authority, which is needed where the transparency log is ignored")
	case !o.InsecureIgnoreSCT && len(material.CTLogs()) == 0:
		return nil, errors.New("trusted root has no certificate transparency log, and certificates in one are required")
	}
	// The predicate is the caller's to read; unpacking it would cost a large
	// multiple of its size.
	with := []verify.VerifierOption{verify.WithoutStatementPredicate()}
	if o.InsecureIgnoreTlog {
		with = append(with, verify.WithSignedTimestamps(1))
	} else {
		with = append(with, verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1))
	}
	if !o.InsecureIgnoreSCT {
		with = append(with, verify.WithSignedCertificateTimestamps(1))
	}
	v, err := verify.NewVerifier(material, with...)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Verifier{material, v, o}, nil
}

// Verify checks that the bundle proves that one of the identities in anyOf
// made a signature, of the kind that is asked for, over the file with this
// SHA-256. Without identities it is an error, as every one would do.
//
// An error about the bundle is a [*bundle.Error]: Invalid where no identity
// could make it good, else Untrusted. Other errors are about anyOf.
func (v *Verifier) Verify(bundleJSON []byte, sum [sha256.Size]byte, kind Kind, anyOf []Matcher) (*Verified, error) {
	rules, err := compile(anyOf)
	if err != nil {
		return nil, err
	}
	s, err := open(bundleJSON, sum, kind)
	if err != nil {
		return nil, err
	}
	at, err := v.checkEvidence(s, sum)
	if err != nil {
		return nil, err
	}
	if !rules.match(s.identity) {
		return nil, untrusted("was signed by %s, expected %s", s.identity, rules)
	}
	return &Verified{Identity: s.identity, Time: at, Payload: s.payload}, nil
}

// A signed is a bundle whose contents fit together and concern the file.
// Nothing in it is verified yet.
type signed struct {
	entity      *sigstore.Bundle
	certificate *x509.Certificate
	identity    Identity
	signature   []byte
	payload     []byte
}

// open reads a bundle twice: strictly, so that what sigstore-go then reads has
// one meaning only, and by sigstore-go.
func open(bundleJSON []byte, sum [sha256.Size]byte, kind Kind) (*signed, error) {
	b, err := bundle.Parse(bundleJSON)
	if err != nil {
		return nil, invalid("%s", strings.TrimPrefix(err.Error(), "bundle "))
	}
	s := new(signed)
	switch {
	case b.Message == nil && kind == Message:
		return nil, invalid("is an attestation (a DSSE envelope), expected a signature over the file")
	case b.Envelope == nil && kind == Attestation:
		return nil, invalid("is a signature over a file, expected an attestation (a DSSE envelope)")
	case kind == Message:
		s.signature = b.Message.Signature
		err = checkMessage(b.Message, sum)
	default:
		s.signature, s.payload = b.Envelope.Signature, b.Envelope.Payload
		err = checkEnvelope(b.Envelope, sum)
	}
	if err != nil {
		return nil, err
	}
	if b.Certificate == nil {
		return nil, untrusted("was signed with a key, expected a certificate for an identity")
	}
	if s.certificate, err = x509.ParseCertificate(b.Certificate); err != nil {
		return nil, invalid("has a certificate that cannot be read: %s", plain(err))
	}
	if err := checkKey(s.certificate); err != nil {
		return nil, err
	}
	if s.identity, err = identityOf(s.certificate); err != nil {
		return nil, err
	}
	s.entity = new(sigstore.Bundle)
	if err := guard(func() error { return s.entity.UnmarshalJSON(bundleJSON) }); err != nil {
		return nil, invalid("cannot be read: %s", plain(err))
	}
	return s, nil
}

// checkMessage checks what a signature over a file says about the file.
func checkMessage(m *bundle.MessageSignature, sum [sha256.Size]byte) error {
	switch {
	case len(m.Digest) != sha256.Size:
		return invalid("has a digest of %d bytes, expected SHA2_256, which has %d", len(m.Digest), sha256.Size)
	case !bytes.Equal(m.Digest, sum[:]):
		return invalid("signs a file with SHA2_256 digest %x, this file has %x", m.Digest, sum)
	}
	return nil
}

// checkKey refuses keys that the certificate authorities of plugins have no
// reason to certify. All tools make a P-256 key for a keyless signature. With
// other hashes than SHA-256, moreover, a bundle's digest could not be compared
// with the one that is at hand.
func checkKey(c *x509.Certificate) error {
	switch key := c.PublicKey.(type) {
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return nil
		}
		return untrusted("has a certificate for an ECDSA %s key, expected P-256 or RSA", key.Curve.Params().Name)
	case *rsa.PublicKey:
		if key.N.BitLen() >= 2048 {
			return nil
		}
		return untrusted("has a certificate for an RSA key of %d bits, expected at least 2048", key.N.BitLen())
	}
	return untrusted("has a certificate for an %s key, expected ECDSA P-256 or RSA", c.PublicKeyAlgorithm)
}

// guard turns a panic of what reads hostile bytes, in some forty modules, into
// an error: a host must not go down with it.
func guard(read func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("reading it failed: %v", p)
		}
	}()
	return read()
}

func invalid(format string, args ...any) error {
	return &bundle.Error{Status: bundle.Invalid, Reason: fmt.Sprintf(format, args...)}
}

func untrusted(format string, args ...any) error {
	return &bundle.Error{Status: bundle.Untrusted, Reason: fmt.Sprintf(format, args...)}
}
