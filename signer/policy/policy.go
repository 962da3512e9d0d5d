// Package policy says which plugins may be loaded: by whom each has to be signed, what
// has to be attested of it, which versions and digests are refused.
//
// A policy is data, [Policy], written as JSON or as a Go value. [Policy.Compile] checks
// it, and [Rules.Check] decides about one plugin. What a policy does not allow is
// refused; what it asks for and cannot be checked counts as not fulfilled. The package
// needs the standard library only, so that hosts can carry it.
package policy

import (
	"os"
	"time"

	"github.com/plugtool/plugtool/signer/bundle"
)

// Schema is what a policy's field schema has to say.
const Schema = "plugtool.policy/v1"

// A Policy is a policy as people write it. docs/policy.md explains each field.
type Policy struct {
	Schema     string              `json:"schema"`
	Keys       map[string]Key      `json:"keys,omitempty"`
	Identities map[string]Identity `json:"identities,omitempty"`

	// Deny refuses files whatever else holds. Allow takes files without asking for
	// signatures, attestations or a version: a digest names the very bytes, so nothing
	// older can be put in their place. A rule has to be for the file all the same, one
	// that refuses still does, and its verdict is asked for.
	Deny  []Digest `json:"deny,omitempty"`
	Allow []Digest `json:"allow,omitempty"`

	// Plugins are the rules. The first whose names match a plugin's counts for it, and
	// no other. A plugin that none matches is refused.
	Plugins []Rule `json:"plugins"`
}

// A Key is a signer that the policy knows by its public key.
type Key struct {
	PEM         string `json:"pem,omitempty"`         // the public key
	File        string `json:"file,omitempty"`        // of the public key, instead of PEM
	Fingerprint string `json:"fingerprint,omitempty"` // SHA-256 of the key's SubjectPublicKeyInfo in hex
	Validity
}

// An Identity is a signer that the policy knows by what a certificate says. Subject and
// Issuer have to be equal, expressions have to match as a whole.
type Identity struct {
	Subject       string `json:"subject,omitempty"`
	SubjectRegexp string `json:"subjectRegexp,omitempty"`
	Issuer        string `json:"issuer,omitempty"`
	IssuerRegexp  string `json:"issuerRegexp,omitempty"`
	Validity
}

// Validity says when a signer counts. For a key, which no clock that can be trusted
// dates the signatures of, that is when the plugin is checked: after NotAfter nothing
// that the key signed is accepted, whenever it was signed. For an identity it is the
// time of the signature, which a timestamp authority or a log vouches for.
type Validity struct {
	NotBefore time.Time `json:"notBefore,omitzero"`
	NotAfter  time.Time `json:"notAfter,omitzero"`
	Revoked   string    `json:"revoked,omitempty"` // why; "" for a signer that is not revoked
}

// A Digest names a file by its content.
type Digest struct {
	SHA256 string `json:"sha256"` // 64 lower-case hexadecimal digits
	Reason string `json:"reason"`
}

// A Rule says what plugins have to fulfil.
type Rule struct {
	Name         []string      `json:"name"`              // patterns of file names, as path.Match has them
	Refuse       string        `json:"refuse,omitempty"`  // why none of them may be loaded
	Signers      []string      `json:"signers,omitempty"` // names of keys and identities
	Threshold    int           `json:"threshold,omitempty"`
	Attestations []Attestation `json:"attestations,omitempty"`
	MinVersion   string        `json:"minVersion,omitempty"` // of the plugin's module, as in v1.4.0
	Verdict      string        `json:"verdict,omitempty"`    // "loads": into the host at hand
}

// An Attestation is a statement that has to be there.
type Attestation struct {
	Type      string   `json:"type"`                // of the predicate: a URI, or a short name; see [TypeURI]
	Signers   []string `json:"signers,omitempty"`   // those of the rule where there are none
	Threshold int      `json:"threshold,omitempty"` // 1 where it is absent
	Builders  []string `json:"builders,omitempty"`  // builder ids of SLSA provenance, word for word: any of them
}

// A Subject is the plugin that is decided about.
type Subject struct {
	File    string // its last element is what rules match
	Data    []byte
	Version string // of its main module, as its own build information says; "" where it says none
	Outcome string // of the verdict, as in "loads"; "" where none was asked for

	// Hosts are the identities of the host that it is to be loaded into; a proof that a
	// plugin loads has to name one of them. None: any host will do.
	Hosts []string

	// Bundles are files to look for signatures and attestations in, instead of the
	// plugin's sidecars.
	Bundles []string

	// Digests are those of Data, where some are known already; Folder is the open
	// folder that the plugin and its sidecars lie in, where one is to be used (see
	// [bundle.Search]); ReadVersion gives what Version is where that is "", and is asked
	// only about a plugin whose signatures hold.
	Digests     *bundle.Digests
	Folder      *os.Root
	ReadVersion func() string
}

// A Decision says whether a plugin fulfils the policy, and why.
type Decision struct {
	Allowed bool

	// Rule is what decided, as in "deny[0]", "allow[2]" or "plugins[1] (a-*.so)"; ""
	// where no rule is for the plugin.
	Rule string

	// Result is what is told about the plugin's signatures. It is Verified exactly
	// where Allowed. It has signers where Allowed, and where all but the verdict holds.
	Result bundle.Result

	// Verdict says that all holds but the verdict that the rule asks for.
	Verdict bool

	Steps    []Step   // what was looked at, in order; the one that does not hold is the last
	Warnings []string // what still holds and will not for long
}

// Failed gives what the decision fails for: the What of the step that does not hold;
// "" where the plugin is allowed.
func (d *Decision) Failed() string {
	if n := len(d.Steps); n > 0 && !d.Steps[n-1].Holds {
		return d.Steps[n-1].What
	}
	return ""
}

// What a rule may ask for.
const (
	StepDigest      = "digest"
	StepRule        = "rule"
	StepSignature   = "signature"
	StepAttestation = "attestation" // with the type behind it, as in "attestation slsaprovenance1"
	StepVersion     = "version"
	StepVerdict     = "verdict"
)

// A Step is one thing that a rule asks for.
type Step struct {
	What  string `json:"what"`
	Holds bool   `json:"holds"`
	Why   string `json:"why"` // in one line, without control characters
}
