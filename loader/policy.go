package loader

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

// DefaultMaxSize is the largest plugin in bytes that is read where a policy
// names no other limit.
const DefaultMaxSize = 256 << 20

// A Policy says what a plugin must fulfil before it is opened, besides the verdict, which
// is asked for always. It has exactly one of Keys, Rules and AllowUnsigned; the zero
// Policy refuses everything.
type Policy struct {
	// Keys are PEM public keys. A plugin must have a message signature by any
	// one of them, in a bundle beside it (NAME.so.sigstore.json).
	Keys []string

	// Rules say by file name who must have signed a plugin and what must be attested of
	// it, and which versions and digests are refused: see [ParsePolicy]. The name that
	// counts is the last element of the path that is opened. The keys in it have their
	// PEM with them, as nothing else is read.
	Rules *policy.Policy

	// Certificates verifies what was signed by the identities in Rules. The function is
	// that of package loader/keyless, which needs more than the standard library. Where
	// it is nil, signatures by identities count for nothing.
	Certificates func([]bundle.IdentityPattern) (bundle.CertificateVerifier, error)

	// AllowUnsigned opens plugins without asking for a signature. It is for
	// development.
	AllowUnsigned bool

	// MaxSize is the largest plugin that is read, in bytes; 0 means
	// DefaultMaxSize.
	MaxSize int64

	// Dir is where the private folders for the copies are made; "" means
	// os.TempDir(). It must not be mounted noexec, and nobody but root and the
	// process's own user may be able to rename what is in it.
	Dir string

	// Observe, where set, is told of each step as it ends. It is called in the
	// goroutine that called Open and must not call this package.
	Observe func(Event)
}

// ParsePolicy gives the Policy that a policy in JSON, as `plugtool verify --policy` takes
// it, says. It is read strictly, and checked: a rule that could never be fulfilled is an
// error here. docs/policy.md explains its fields.
func ParsePolicy(data []byte) (Policy, error) {
	rules, err := policy.Parse(data)
	if err != nil {
		return Policy{}, err
	}
	if _, err := rules.Compile(policy.Options{Certificates: noCertificates}); err != nil {
		return Policy{}, err
	}
	return Policy{Rules: rules}, nil
}

// rules is a policy that was checked.
type rules struct {
	Policy
	keys     []*bundle.PublicKey
	compiled *policy.Rules // nil without Rules
}

func newRules(file string, p Policy) (*rules, error) {
	r := &rules{Policy: p}
	if err := r.check(); err != nil {
		err = &Error{Class: ClassPolicy, File: file, Err: err}
		r.told(file, err)
		return nil, err
	}
	return r, nil
}

func (r *rules) check() (err error) {
	if r.MaxSize == 0 {
		r.MaxSize = DefaultMaxSize
	}
	const oneOf = "set exactly one of Keys, Rules and AllowUnsigned"
	switch {
	case r.MaxSize < 0:
		return fmt.Errorf("policy: largest size is %d bytes, want more than 0", r.MaxSize)
	case len(r.Keys) == 0 && r.Rules == nil && !r.AllowUnsigned:
		return fmt.Errorf("policy: it names no key and has no rules, so no plugin can fulfil it; set Keys or Rules, or AllowUnsigned during development")
	case len(r.Keys) > 0 && r.AllowUnsigned:
		return fmt.Errorf("policy: it names %d keys and allows unsigned plugins; %s", len(r.Keys), oneOf)
	case r.Rules != nil && r.AllowUnsigned:
		return fmt.Errorf("policy: it has rules and allows unsigned plugins; %s", oneOf)
	case r.Rules != nil && len(r.Keys) > 0:
		return fmt.Errorf("policy: it has rules and %d keys besides; %s (keys can stand in the rules)", len(r.Keys), oneOf)
	case r.Certificates != nil && r.Rules == nil:
		return fmt.Errorf("policy: it has Certificates and no Rules, which name the identities that they are for")
	}
	for i, pem := range r.Keys {
		key, err := bundle.ParsePublicKey([]byte(pem))
		if err != nil {
			return fmt.Errorf("policy: key %d of %d: %w", i+1, len(r.Keys), err)
		}
		r.keys = append(r.keys, key)
	}
	if r.Rules != nil {
		certificates := r.Certificates
		if certificates == nil {
			certificates = noCertificates
		}
		r.compiled, err = r.Rules.Compile(policy.Options{Certificates: certificates})
	}
	return err
}

// provesHost says whether rules ask for proofs that a plugin loads into this host.
func (r *rules) provesHost() bool {
	return slices.ContainsFunc(r.Rules.Plugins, func(rule policy.Rule) bool {
		return slices.ContainsFunc(rule.Attestations, func(a policy.Attestation) bool {
			uri, _ := policy.TypeURI(a.Type)
			return uri == policy.LoadsType
		})
	})
}

// identities name the running executable in proofs that plugins load into it. They take
// reading all of its symbols, so nobody is asked where no rule wants them.
func (p *process) identities(r *rules) ([]string, error) {
	if !r.provesHost() {
		return nil, nil
	}
	host, err := p.runningHost()
	if err != nil {
		return nil, err
	}
	identity, err := host.Identity()
	if err != nil {
		return nil, err
	}
	return []string{identity}, nil
}

// verify asks what the policy says of the plugin's bytes.
func (p *process) verify(r *rules, j *judged, c candidate) error {
	if r.compiled == nil {
		search := bundle.Search{Plugin: j.File, Kind: bundle.Message, Folder: c.root}
		j.Signature = search.Check(j.digests, bundle.Trust{Keys: r.keys})
	} else {
		hosts, err := p.identities(r)
		if err != nil { // without one, a proof for any host would do
			return &Error{Class: ClassIO, File: j.File, Err: fmt.Errorf("the running executable's identity: %w", err)}
		}
		decision := r.compiled.Check(policy.Subject{
			File: j.File, Data: j.data, Digests: j.digests, Folder: c.root, ReadVersion: j.version, Hosts: hosts,
			// The next step refuses what does not load, whatever the rules ask for.
			Outcome: "loads",
		}, time.Now())
		j.Signature, j.Warnings = decision.Result, decision.Warnings
	}
	if r.AllowUnsigned || j.Signature.Status == bundle.Verified {
		return nil
	}
	return &Error{Class: ClassSignature, File: j.File, Signature: &j.Signature}
}

// noCertificates is what verifies certificates in a host that cannot.
func noCertificates([]bundle.IdentityPattern) (bundle.CertificateVerifier, error) {
	return refuser{}, nil
}

type refuser struct{}

func (refuser) VerifyCertificate([]byte, [sha256.Size]byte, bundle.Kind) (bundle.Certified, error) {
	return bundle.Certified{}, &bundle.Error{Status: bundle.Untrusted,
		Reason: "was signed by an identity, which this host cannot check: set Policy.Certificates to what package loader/keyless gives"}
}
