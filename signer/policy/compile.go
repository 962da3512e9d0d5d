package policy

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/signer/bundle"
)

// Options is what a policy is given besides itself.
type Options struct {
	// Keys are public keys that the policy names by fingerprint.
	Keys []*bundle.PublicKey

	// ReadFile reads a public key that the policy names by file. Nil: none may be
	// named so.
	ReadFile func(name string) ([]byte, error)

	// Certificates gives what verifies signatures by identities, for the patterns of
	// all of the policy's. Nil: such signatures are not accepted.
	Certificates func([]bundle.IdentityPattern) (bundle.CertificateVerifier, error)
}

// Rules is a policy that was checked.
type Rules struct {
	policy  Policy
	signers map[string]*signer
	trust   bundle.Trust
}

// A signer is an entry of a policy's keys or identities.
type signer struct {
	name     string
	key      *bundle.PublicKey // nil for an identity
	identity *bundle.CompiledIdentity
	validity Validity
}

// Compile checks a policy. What cannot ever hold, such as a threshold above the number
// of signers, is an error rather than a refusal of every plugin; what would always hold,
// such as a rule that asks for nothing, is an error as well.
func (p *Policy) Compile(o Options) (*Rules, error) {
	r := &Rules{policy: *p, signers: map[string]*signer{}}
	if p.Schema != Schema {
		return nil, fmt.Errorf("policy: schema is %q, expected %q", p.Schema, Schema)
	}
	if err := r.addKeys(p, o); err != nil {
		return nil, err
	}
	if err := r.addIdentities(p, o); err != nil {
		return nil, err
	}
	for _, list := range []struct {
		name    string
		digests []Digest
	}{{"deny", p.Deny}, {"allow", p.Allow}} {
		for i, d := range list.digests {
			if !isDigest(d.SHA256) {
				return nil, fmt.Errorf("policy: %s[%d].sha256 is %q, expected 64 lower-case hexadecimal digits", list.name, i, d.SHA256)
			}
			if strings.TrimSpace(d.Reason) == "" {
				return nil, fmt.Errorf("policy: %s[%d] has no reason: want one for whoever reads it later", list.name, i)
			}
		}
	}
	if len(p.Plugins) == 0 {
		return nil, errors.New("policy: plugins holds no rule, so no plugin could be loaded; a rule for all is {name: ['*'], signers: […]}")
	}
	for i := range p.Plugins {
		if err := r.checkRule(fmt.Sprintf("plugins[%d]", i), &p.Plugins[i]); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func isDigest(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }

func (r *Rules) addKeys(p *Policy, o Options) error {
	for _, name := range slices.Sorted(maps.Keys(p.Keys)) {
		at := "policy: keys." + name
		key, err := p.Keys[name].read(o)
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		for _, other := range r.signers {
			if other.key.Fingerprint() == key.Fingerprint() {
				// Else one key's validity would depend on the name that a rule has for it.
				return fmt.Errorf("%s is the same key as keys.%s: one key is one signer", at, other.name)
			}
		}
		if err := r.add(at, &signer{name: name, key: key, validity: p.Keys[name].Validity}); err != nil {
			return err
		}
		r.trust.Keys = append(r.trust.Keys, key)
	}
	return nil
}

// read gives the public key of an entry.
func (k Key) read(o Options) (*bundle.PublicKey, error) {
	if k.Fingerprint != "" && !isDigest(k.Fingerprint) {
		return nil, fmt.Errorf("fingerprint is %q, expected 64 lower-case hexadecimal digits (plugtool public-key prints them)", k.Fingerprint)
	}
	text := []byte(k.PEM)
	switch {
	case k.PEM != "" && k.File != "":
		return nil, errors.New("has both pem and file, expected one of them")
	case k.File != "" && o.ReadFile == nil:
		return nil, errors.New("names a file, which is not read here: put the key's PEM into pem")
	case k.File != "":
		var err error
		if text, err = o.ReadFile(k.File); err != nil {
			return nil, err
		}
	case k.PEM == "" && k.Fingerprint != "":
		for _, key := range o.Keys {
			if key.Fingerprint() == k.Fingerprint {
				return key, nil
			}
		}
		return nil, fmt.Errorf("has only a fingerprint, %s, and no key with it was given: add pem or file", k.Fingerprint)
	case k.PEM == "":
		return nil, errors.New("has no pem, file or fingerprint")
	}
	key, err := bundle.ParsePublicKey(text)
	if err != nil {
		return nil, err
	}
	if k.Fingerprint != "" && k.Fingerprint != key.Fingerprint() {
		return nil, fmt.Errorf("has fingerprint %s, but the key's is %s", k.Fingerprint, key.Fingerprint())
	}
	return key, nil
}

func (r *Rules) addIdentities(p *Policy, o Options) error {
	var patterns []bundle.IdentityPattern
	for _, name := range slices.Sorted(maps.Keys(p.Identities)) {
		at, i := "policy: identities."+name, p.Identities[name]
		pattern := bundle.IdentityPattern{Subject: i.Subject, SubjectRegexp: i.SubjectRegexp, Issuer: i.Issuer, IssuerRegexp: i.IssuerRegexp}
		compiled, err := pattern.Compile()
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		if err := r.add(at, &signer{name: name, identity: compiled, validity: i.Validity}); err != nil {
			return err
		}
		patterns = append(patterns, pattern)
	}
	if len(patterns) == 0 || o.Certificates == nil {
		return nil
	}
	var err error
	r.trust.Certificates, err = o.Certificates(patterns)
	return err
}

func (r *Rules) add(at string, s *signer) error {
	switch {
	case s.name == "":
		return fmt.Errorf("%s has no name", at)
	case r.signers[s.name] != nil:
		return fmt.Errorf("%s has the name of a key too: rules name signers by one name", at)
	case !s.validity.NotBefore.IsZero() && !s.validity.NotAfter.IsZero() && !s.validity.NotBefore.Before(s.validity.NotAfter):
		return fmt.Errorf("%s is never valid: notBefore %s, notAfter %s", at, stamp(s.validity.NotBefore), stamp(s.validity.NotAfter))
	}
	r.signers[s.name] = s
	return nil
}

func (r *Rules) checkRule(at string, rule *Rule) error {
	if len(rule.Name) == 0 {
		return fmt.Errorf("policy: %s has no name, as in name: ['payments-*.so']", at)
	}
	for _, pattern := range rule.Name {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" || strings.Contains(pattern, "/") {
			return fmt.Errorf("policy: %s.name: %q is no pattern of file names", at, pattern)
		}
	}
	if rule.Refuse != "" {
		if len(rule.Signers)+len(rule.Attestations)+rule.Threshold > 0 || rule.MinVersion != "" || rule.Verdict != "" {
			return fmt.Errorf("policy: %s refuses, and asks for something as well", at)
		}
		return nil
	}
	if len(rule.Signers)+len(rule.Attestations) == 0 {
		return fmt.Errorf("policy: %s asks for no signature: name signers or attestations", at)
	}
	if err := r.checkSigners(at, rule.Signers, rule.Threshold); err != nil {
		return err
	}
	if _, ok := parseVersion(rule.MinVersion); rule.MinVersion != "" && !ok {
		return fmt.Errorf("policy: %s.minVersion is %q, expected a semantic version such as v1.4.0", at, rule.MinVersion)
	}
	if rule.Verdict != "" && rule.Verdict != "loads" {
		return fmt.Errorf("policy: %s.verdict is %q, expected loads", at, rule.Verdict)
	}
	for i, a := range rule.Attestations {
		at := fmt.Sprintf("%s.attestations[%d]", at, i)
		uri, ok := TypeURI(a.Type)
		if !ok {
			return fmt.Errorf("policy: %s.type is %q, expected a URI or one of %s", at, a.Type, strings.Join(slices.Sorted(maps.Keys(shortTypes)), ", "))
		}
		if len(a.Builders) > 0 && builderPath(uri) == nil {
			return fmt.Errorf("policy: %s names builders, which statements of type %s have none of", at, uri)
		}
		signers := a.Signers
		if len(signers) == 0 {
			signers = rule.Signers
		}
		if len(signers) == 0 {
			return fmt.Errorf("policy: %s names no signers, and neither does the rule", at)
		}
		if err := r.checkSigners(at, signers, a.Threshold); err != nil {
			return err
		}
	}
	return nil
}

// checkSigners checks that a threshold over signers can be met, and is one.
func (r *Rules) checkSigners(at string, names []string, threshold int) error {
	for i, name := range names {
		if r.signers[name] == nil {
			return fmt.Errorf("policy: %s.signers: neither keys nor identities has %q", at, name)
		}
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("policy: %s.signers names %q twice: one signer counts once", at, name)
		}
	}
	switch {
	case threshold < 0:
		return fmt.Errorf("policy: %s.threshold is %d, expected 1 or more", at, threshold)
	case threshold > len(names):
		return fmt.Errorf("policy: %s.threshold is %d, and there are %d signers", at, threshold, len(names))
	}
	return nil
}
