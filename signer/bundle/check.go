package bundle

import (
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// A Result is what is known about the signature of one plugin.
type Result struct {
	Status Status `json:"status"`

	// Signers are the keys and identities that signed the plugin, each once however
	// often it signed; empty unless Verified.
	Signers []Signer `json:"signers"`

	// Bundle is the sidecar that decided, where one did.
	Bundle string `json:"bundle,omitempty"`

	// Rule is the rule of a policy that decided, where there is a policy.
	Rule string `json:"rule,omitempty"`

	// Reason says in one line why the plugin is not Verified.
	Reason string `json:"reason,omitempty"`
}

// A Signer is a key that verified, or an identity whose certificate did.
type Signer struct {
	Fingerprint string `json:"fingerprint,omitempty"` // SHA-256 of the key's SubjectPublicKeyInfo, in hex
	Identity    string `json:"identity,omitempty"`    // of the certificate, as in a mail address or the URI of a workflow
	Issuer      string `json:"issuer,omitempty"`      // of the identity: the OIDC provider's URL
	Type        string `json:"type,omitempty"`        // of the predicate, where an attestation verified
	Bundle      string `json:"bundle"`                // the sidecar with the signature
}

// Same tells whether two signers are one, whatever they signed.
func (s Signer) Same(o Signer) bool {
	return s.Fingerprint == o.Fingerprint && s.Identity == o.Identity && s.Issuer == o.Issuer
}

// Check says who signed the plugin whose bytes are data. The signature is
// looked for in bundleFile or, where that is "", in the sidecars that [Find]
// finds beside plugin; the name serves for nothing else.
//
// Where nothing is trusted, nothing is read: the result is Unverified or Missing.
// Else it is Verified where any sidecar has a signature by somebody trusted. Where
// none has, an Untrusted sidecar, which is about these very bytes, tells more
// than an Invalid one, which may be a remnant, and decides.
func Check(plugin string, data []byte, bundleFile string, trust Trust) Result {
	search := Search{Plugin: plugin, Kind: Message}
	if bundleFile != "" {
		search.Files = []string{bundleFile}
	}
	return search.Check(NewDigests(data), trust)
}

// Check is the function Check for what the search finds, about a file with these digests.
func (s Search) Check(file *Digests, trust Trust) Result {
	if !trust.any() {
		return s.unchecked()
	}
	evidence, err := s.Collect(file, trust)
	if err != nil {
		return Result{Status: Invalid, Signers: []Signer{}, Reason: oneLine(err.Error())}
	}
	return Judge(evidence, s.Missing())
}

// Judge gives the result of evidence of which any one suffices. Missing is the reason
// where there is none.
func Judge(evidence []Evidence, missing string) Result {
	result := Result{Status: Missing, Signers: []Signer{}, Reason: missing}
	for _, e := range evidence {
		if e.Err != nil {
			result.fail(e)
		} else {
			result.verified(e)
		}
	}
	return result
}

// unchecked is what is known where nothing is trusted.
func (s Search) unchecked() Result {
	sidecars, err := s.files()
	if err != nil {
		return Result{Status: Invalid, Signers: []Signer{}, Reason: oneLine(err.Error())}
	}
	for _, sidecar := range sidecars {
		if _, err := s.stat(sidecar); !errors.Is(err, fs.ErrNotExist) {
			return Result{Status: Unverified, Signers: []Signer{}, Bundle: sidecar, Reason: "the signature was not checked: no key, identity or policy was given"}
		}
	}
	return Result{Status: Missing, Signers: []Signer{}, Reason: s.Missing()}
}

// verified notes what verifies.
func (r *Result) verified(e Evidence) {
	if r.Status != Verified {
		r.Status, r.Bundle, r.Reason = Verified, e.File, ""
	}
	// One signer is one, or it would count twice towards a threshold.
	if !slices.ContainsFunc(r.Signers, e.Signer.Same) {
		r.Signers = append(r.Signers, e.Signer)
	}
}

// fail notes that a sidecar does not verify, unless more is known already.
func (r *Result) fail(e Evidence) {
	if status := e.Status(); rank(status) > rank(r.Status) {
		r.Status, r.Bundle, r.Reason = status, e.File, e.Reason()
	}
}

// rank says how much a status tells, against those of other sidecars.
func rank(s Status) int {
	return slices.Index([]Status{Missing, Invalid, Untrusted, Verified}, s)
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
