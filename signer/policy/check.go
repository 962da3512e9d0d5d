package policy

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/plugtool/plugtool/signer/bundle"
)

// soon is how long before a key expires there is a warning of it.
const soon = 30 * 24 * time.Hour

// Check decides about one plugin at a time, now. Its sidecars are read, and of the
// plugin nothing but what the subject holds.
func (r *Rules) Check(s Subject, now time.Time) *Decision {
	d := &decider{rules: r, subject: s, now: now, file: s.Digests}
	if d.file == nil {
		d.file = bundle.NewDigests(s.Data)
	}
	d.Result = bundle.Result{Status: bundle.Untrusted, Signers: []bundle.Signer{}}
	d.decide()
	if d.Allowed {
		d.Result.Status, d.Result.Reason = bundle.Verified, ""
	}
	if d.Rule != "" {
		d.Result.Rule = d.Rule
	}
	return &d.Decision
}

type decider struct {
	Decision
	rules   *Rules
	subject Subject
	now     time.Time
	file    *bundle.Digests
}

// step notes what was looked at, and goes on only where it holds.
func (d *decider) step(what string, holds bool, format string, args ...any) bool {
	why := fmt.Sprintf(format, args...)
	d.Steps = append(d.Steps, Step{what, holds, why})
	if !holds {
		d.Result.Reason = why
	}
	return holds
}

func (d *decider) decide() {
	digest := fmt.Sprintf("%x", d.file.SHA256())
	if i := slices.IndexFunc(d.rules.policy.Deny, func(e Digest) bool { return e.SHA256 == digest }); i >= 0 {
		d.Rule = fmt.Sprintf("deny[%d]", i)
		d.step("digest", false, "the policy denies sha256 %s: %s", digest, d.rules.policy.Deny[i].Reason)
		return
	}
	rule := d.findRule()
	if rule == nil {
		return
	}
	if i := slices.IndexFunc(d.rules.policy.Allow, func(e Digest) bool { return e.SHA256 == digest }); i >= 0 {
		d.Rule = fmt.Sprintf("allow[%d]", i)
		d.step("digest", true, "the policy allows sha256 %s: %s", digest, d.rules.policy.Allow[i].Reason)
		d.verdict(rule)
		return
	}
	if !d.signatures(rule) {
		return
	}
	for _, a := range rule.Attestations {
		if !d.attestation(rule, a) {
			return
		}
	}
	if d.version(rule) {
		d.verdict(rule)
	}
}

// findRule gives the rule for the plugin, nil where none is or it refuses.
func (d *decider) findRule() *Rule {
	name := filepath.Base(d.subject.File)
	for i := range d.rules.policy.Plugins {
		rule := &d.rules.policy.Plugins[i]
		matches := func(pattern string) bool { ok, err := path.Match(pattern, name); return ok && err == nil }
		if !slices.ContainsFunc(rule.Name, matches) {
			continue
		}
		d.Rule = fmt.Sprintf("plugins[%d] (%s)", i, strings.Join(rule.Name, ", "))
		if rule.Refuse != "" {
			d.step("rule", false, "the policy refuses it: %s", rule.Refuse)
			return nil
		}
		d.step("rule", true, "%s is the first rule for %q", d.Rule, name)
		return rule
	}
	d.step("rule", false, "no rule of the policy is for a file named %q", name)
	return nil
}

// signatures asks for signatures over the file, where the rule names signers; a rule
// that only wants attestations does not need them.
func (d *decider) signatures(rule *Rule) bool {
	if len(rule.Signers) == 0 {
		return true
	}
	search := bundle.Search{Plugin: d.subject.File, Kind: bundle.Message, Files: d.subject.Bundles, Folder: d.subject.Folder}
	if len(rule.Attestations) > 0 {
		search.Files = nil // an attestation given as a file is not the signature
	}
	return d.signed("signature", search, rule.Signers, rule.Threshold, func(bundle.Evidence) error { return nil })
}

// signed asks for evidence of at least threshold of the signers, among what fits.
func (d *decider) signed(what string, search bundle.Search, names []string, threshold int, fits func(bundle.Evidence) error) bool {
	threshold = max(threshold, 1)
	found, err := search.Collect(d.file, d.rules.trust)
	if err != nil {
		return d.step(what, false, "%v", err)
	}
	var good []bundle.Evidence
	var by [][]int // for each good one: which of names it may count for
	result := bundle.Judge(nil, "there is none")
	for _, e := range found {
		var counts []int
		if e.Err == nil {
			e.Err = fits(e)
		}
		if e.Err == nil {
			counts, e.Err = d.countsFor(e, names)
		}
		if e.Err == nil {
			good, by = addGood(good, by, e, counts)
		} else if r := bundle.Judge([]bundle.Evidence{e}, ""); len(good) == 0 {
			result = more(result, r)
		} else {
			result.Reason = r.Reason
		}
	}
	counted := matching(by, len(names))
	who := strings.Join(names, ", ")
	if counted >= threshold {
		for _, e := range good {
			d.addSigner(e)
		}
		return d.step(what, true, "%s", d.signedBy(good, counted, threshold))
	}
	reason := result.Reason
	if len(good) > 0 {
		reason = fmt.Sprintf("%d of %d signers needed have signed, out of %s", counted, threshold, who)
		if result.Reason != "there is none" {
			reason += "; " + result.Reason
		}
		result.Status = bundle.Untrusted
	}
	if result.Status == bundle.Missing {
		reason = fmt.Sprintf("there is no %s by %s beside the plugin", what, who)
	}
	d.Result.Status, d.Result.Bundle = result.Status, result.Bundle
	return d.step(what, false, "%s", reason)
}

// addGood adds evidence. What one signer signed twice is one evidence, which may count
// for whatever either may.
func addGood(good []bundle.Evidence, by [][]int, e bundle.Evidence, counts []int) ([]bundle.Evidence, [][]int) {
	i := slices.IndexFunc(good, func(g bundle.Evidence) bool { return g.Signer.Same(e.Signer) })
	if i < 0 {
		return append(good, e), append(by, counts)
	}
	by[i] = append(by[i], counts...)
	return good, by
}

// more gives the result that tells more.
func more(a, b bundle.Result) bundle.Result {
	rank := []bundle.Status{bundle.Missing, bundle.Invalid, bundle.Untrusted}
	if slices.Index(rank, b.Status) > slices.Index(rank, a.Status) {
		return b
	}
	return a
}

func (d *decider) signedBy(good []bundle.Evidence, counted, threshold int) string {
	var who []string
	for _, e := range good {
		name := filepath.Base(e.File)
		if !slices.Contains(who, name) {
			who = append(who, name)
		}
	}
	return fmt.Sprintf("%d of %d signers needed: %s", counted, threshold, strings.Join(who, ", "))
}

func (d *decider) addSigner(e bundle.Evidence) {
	d.Result.Signers = append(d.Result.Signers, e.Signer)
	if d.Result.Bundle == "" {
		d.Result.Bundle = e.File
	}
}

// countsFor gives the places in names of the signers that made the evidence, and are
// valid.
func (d *decider) countsFor(e bundle.Evidence, names []string) ([]int, error) {
	var counts []int
	var reason error
	for i, name := range names {
		s := d.rules.signers[name]
		if !s.made(e) {
			continue
		}
		if err := d.valid(s, e); err != nil {
			reason = err
			continue
		}
		counts = append(counts, i)
	}
	if len(counts) > 0 {
		return counts, nil
	}
	if reason == nil {
		reason = untrusted("was signed by %s, whom the rule does not name; it names %s", described(e.Signer), strings.Join(names, ", "))
	}
	return nil, reason
}

func (s *signer) made(e bundle.Evidence) bool {
	if s.key != nil {
		return e.Key != nil && e.Key.Fingerprint() == s.key.Fingerprint()
	}
	return e.Key == nil && s.identity.Matches(e.Signer.Identity, e.Signer.Issuer)
}

// valid says why a signer does not count: see [Validity].
func (d *decider) valid(s *signer, e bundle.Evidence) error {
	at, when := d.now, "now"
	if s.identity != nil {
		at, when = e.Time, "when it signed"
	}
	v := s.validity
	switch {
	case v.Revoked != "":
		return untrusted("was signed by %s, which is revoked: %s", s.name, v.Revoked)
	case s.identity != nil && at.IsZero() && (!v.NotBefore.IsZero() || !v.NotAfter.IsZero()):
		return untrusted("was signed by %s at a time that nobody vouches for", s.name)
	case !v.NotBefore.IsZero() && at.Before(v.NotBefore):
		return untrusted("was signed by %s, which is valid from %s on; %s it was %s", s.name, stamp(v.NotBefore), when, stamp(at))
	case !v.NotAfter.IsZero() && !at.Before(v.NotAfter):
		return untrusted("was signed by %s, which was valid until %s; %s it was %s", s.name, stamp(v.NotAfter), when, stamp(at))
	case s.key != nil && !v.NotAfter.IsZero() && v.NotAfter.Sub(d.now) < soon:
		d.warn(fmt.Sprintf("key %s is valid until %s; sign anew what it signed, with another key", s.name, stamp(v.NotAfter)))
	}
	return nil
}

func (d *decider) warn(text string) {
	if !slices.Contains(d.Warnings, text) {
		d.Warnings = append(d.Warnings, text)
	}
}

func untrusted(format string, args ...any) error {
	return &bundle.Error{Status: bundle.Untrusted, Reason: fmt.Sprintf(format, args...)}
}

func described(s bundle.Signer) string {
	if s.Fingerprint != "" {
		return "key " + s.Fingerprint
	}
	return fmt.Sprintf("%q (issuer %q)", s.Identity, s.Issuer)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
