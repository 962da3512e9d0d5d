package policy

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/plugtool/plugtool/signer/bundle"
)

// Limits on policies: what a policy may cost does not only depend on its size.
const (
	maxName        = 128      // bytes of a signer's name
	maxPattern     = 255      // bytes of a pattern of file names
	maxExpressions = 16 << 10 // bytes of all expressions for identities; each byte can stand for kilobytes of memory
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

// Rules is a policy that was checked. It shares nothing with the [Policy], which may
// change.
type Rules struct {
	deny, allow []Digest
	rules       []Rule
	signers     map[string]*signer
	trust       bundle.Trust
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
// such as a rule that asks for nothing, is an error as well, and so is a rule that never
// decides. Where it can be told, the error is an [*Error].
func (p *Policy) Compile(o Options) (*Rules, error) {
	r := &Rules{deny: slices.Clone(p.Deny), allow: slices.Clone(p.Allow), signers: map[string]*signer{}}
	if p.Schema != Schema {
		return nil, wrong("schema", "is %s, expected %q", quote(p.Schema), Schema)
	}
	if err := r.addKeys(p, o); err != nil {
		return nil, err
	}
	if err := r.addIdentities(p, o); err != nil {
		return nil, err
	}
	if err := checkDigests("deny", r.deny); err != nil {
		return nil, err
	}
	if err := checkDigests("allow", r.allow); err != nil {
		return nil, err
	}
	if len(p.Plugins) == 0 {
		return nil, wrong("plugins", "holds no rule, so no plugin could be loaded; a rule for all is {name: ['*'], signers: […]}")
	}
	seen := map[string]int{}
	for i := range p.Plugins {
		rule, at := p.Plugins[i].clone(), fmt.Sprintf("plugins[%d]", i)
		if err := r.checkRule(at, rule); err != nil {
			return nil, err
		}
		if err := decides(at, rule, i, seen); err != nil {
			return nil, err
		}
		r.rules = append(r.rules, rule)
	}
	return r, nil
}

func (r Rule) clone() Rule {
	r.Name, r.Signers, r.Attestations = slices.Clone(r.Name), slices.Clone(r.Signers), slices.Clone(r.Attestations)
	for i := range r.Attestations {
		a := &r.Attestations[i]
		a.Signers, a.Builders = slices.Clone(a.Signers), slices.Clone(a.Builders)
	}
	return r
}

// decides refuses a rule all of whose names earlier rules have word for word, or that
// comes after one for all names: whoever wrote it believes that it holds.
func decides(at string, rule Rule, i int, seen map[string]int) error {
	earlier, all := seen["*"]
	reached := false
	for _, pattern := range rule.Name {
		if strings.Trim(pattern, "*") == "" {
			pattern = "*"
		}
		by, before := seen[pattern]
		switch {
		case !before:
			reached = true
			seen[pattern] = i
		case !all:
			earlier = by
		}
	}
	if all || !reached {
		return wrong(at, "never decides, as plugins[%d] comes first and is for the same names: put the rule before it", earlier)
	}
	return nil
}

func checkDigests(list string, digests []Digest) error {
	for i, d := range digests {
		at := fmt.Sprintf("%s[%d]", list, i)
		if !isDigest(d.SHA256) {
			return wrong(at+".sha256", "is %s, expected 64 lower-case hexadecimal digits", quote(d.SHA256))
		}
		if strings.TrimSpace(d.Reason) == "" {
			return wrong(at, "has no reason: want one for whoever reads it later")
		}
	}
	return nil
}

func isDigest(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }

func (r *Rules) addKeys(p *Policy, o Options) error {
	names := map[string]string{} // by fingerprint
	for _, name := range slices.Sorted(maps.Keys(p.Keys)) {
		at := "keys." + name
		key, err := p.Keys[name].read(at, o)
		if err != nil {
			return err
		}
		if other, ok := names[key.Fingerprint()]; ok {
			// Else one key's validity would depend on the name that a rule has for it.
			return wrong(at, "is the same key as keys.%s: one key is one signer", other)
		}
		names[key.Fingerprint()] = name
		if err := r.add(at, &signer{name: name, key: key, validity: p.Keys[name].Validity}); err != nil {
			return err
		}
		r.trust.Keys = append(r.trust.Keys, key)
	}
	return nil
}

// read gives the public key of an entry.
func (k Key) read(at string, o Options) (*bundle.PublicKey, error) {
	if k.Fingerprint != "" && !isDigest(k.Fingerprint) {
		return nil, wrong(at+".fingerprint", "is %s, expected 64 lower-case hexadecimal digits (plugtool public-key prints them)", quote(k.Fingerprint))
	}
	text := []byte(k.PEM)
	switch {
	case k.PEM != "" && k.File != "":
		return nil, wrong(at, "has both pem and file, expected one of them")
	case k.File != "" && o.ReadFile == nil:
		return nil, wrong(at+".file", "is not read here: put the key's PEM into pem")
	case k.File != "":
		var err error
		if text, err = o.ReadFile(k.File); err != nil {
			return nil, wrong(at+".file", "cannot be read: %w", err)
		}
	case k.PEM == "" && k.Fingerprint != "":
		for _, key := range o.Keys {
			if key.Fingerprint() == k.Fingerprint {
				return key, nil
			}
		}
		return nil, wrong(at, "has only a fingerprint, %s, and no key with it was given: add pem or file", k.Fingerprint)
	case k.PEM == "":
		return nil, wrong(at, "has no pem, file or fingerprint")
	}
	key, err := bundle.ParsePublicKey(text)
	if err != nil {
		return nil, wrong(at, "cannot be used: %w", err)
	}
	if k.Fingerprint != "" && k.Fingerprint != key.Fingerprint() {
		return nil, wrong(at, "has fingerprint %s, but the key's is %s", k.Fingerprint, key.Fingerprint())
	}
	return key, nil
}

func (r *Rules) addIdentities(p *Policy, o Options) error {
	var patterns []bundle.IdentityPattern
	expressions := 0
	for _, name := range slices.Sorted(maps.Keys(p.Identities)) {
		at, i := "identities."+name, p.Identities[name]
		pattern := i.Pattern()
		if expressions += len(i.SubjectRegexp) + len(i.IssuerRegexp); expressions > maxExpressions {
			return wrong("identities", "have more than %d bytes of expressions", maxExpressions)
		}
		compiled, err := pattern.Compile()
		if err != nil {
			return wrong(at, "cannot be used: %w", err)
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

// Pattern gives what certificates have to say.
func (i Identity) Pattern() bundle.IdentityPattern {
	return bundle.IdentityPattern{Subject: i.Subject, SubjectRegexp: i.SubjectRegexp, Issuer: i.Issuer, IssuerRegexp: i.IssuerRegexp}
}

func (r *Rules) add(at string, s *signer) error {
	plain := func(c rune) bool { return !strconv.IsPrint(c) }
	switch {
	case s.name == "" || len(s.name) > maxName || strings.ContainsFunc(s.name, plain) || strings.TrimSpace(s.name) != s.name:
		return wrong(at, "has no name that could be used: want up to %d bytes of what can be printed", maxName)
	case r.signers[s.name] != nil:
		return wrong(at, "has the name of a key too: rules name signers by one name")
	case !s.validity.NotBefore.IsZero() && !s.validity.NotAfter.IsZero() && !s.validity.NotBefore.Before(s.validity.NotAfter):
		return wrong(at, "is never valid: notBefore %s, notAfter %s", stamp(s.validity.NotBefore), stamp(s.validity.NotAfter))
	}
	r.signers[s.name] = s
	return nil
}
