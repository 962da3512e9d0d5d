package policy

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/signer/bundle"
)

// signatures asks for signatures over the file, where the rule names signers; a rule
// that only wants attestations does not need them.
func (d *decider) signatures(rule *Rule) bool {
	if len(rule.Signers) == 0 {
		return true
	}
	files := d.subject.Bundles
	if len(rule.Attestations) > 0 {
		files = nil // an attestation given as a file is not the signature
	}
	found, err := d.collect(bundle.Message, files)
	return d.signed(demand{what: StepSignature, kind: bundle.Message, names: rule.Signers, threshold: rule.Threshold, files: files}, found, err)
}

// attestation asks for a statement of a type, by signers, about the file.
func (d *decider) attestation(rule *Rule, a Attestation) bool {
	uri, _ := TypeURI(a.Type)
	fits := func(e bundle.Evidence) error {
		if len(a.Builders) > 0 {
			builder, ok := e.Statement.Field(builderPath(uri)...)
			if !ok || !slices.Contains(a.Builders, builder) {
				return untrusted("names builder %s, expected %s", quote(builder), strings.ReplaceAll(some(a.Builders), ", ", " or "))
			}
		}
		if uri == LoadsType {
			return d.provesHost(e.Statement)
		}
		return nil
	}
	found, err := d.collect(bundle.Attestation, d.subject.Bundles)
	return d.signed(demand{StepAttestation + " " + a.Type, bundle.Attestation, a.signers(*rule), a.Threshold, d.subject.Bundles, uri, fits}, found, err)
}

// A demand is for evidence by at least threshold of signers.
type demand struct {
	what      string
	kind      bundle.Kind
	names     []string
	threshold int
	files     []string // where it was looked for; nil for beside the plugin
	typ       string   // of the predicate; "" for signatures
	fits      func(bundle.Evidence) error
}

func (d *decider) signed(want demand, found []bundle.Evidence, err error) bool {
	if err != nil {
		d.Result.Status = bundle.Invalid
		return d.step(want.what, false, "%v", err)
	}
	want.threshold = max(want.threshold, 1)
	var good []bundle.Evidence
	var by [][]int // for each good one: which of the names it may count for
	failed := bundle.Judge(nil, "")
	var others []string // statements of other types, by whomever: nobody asked for them
	for _, e := range found {
		if e.Claimed != "" && e.Claimed != want.typ {
			others = append(others, fmt.Sprintf("%s (%s)", quote(e.Claimed), filepath.Base(e.File)))
			continue
		}
		counts, err := d.counts(e, want)
		if err == nil {
			good, by = addGood(good, by, e, counts)
			continue
		}
		e.Err = err
		failed = more(failed, bundle.Judge([]bundle.Evidence{e}, ""))
	}
	taken := matching(by, len(want.names))
	if len(taken) >= want.threshold {
		for _, e := range good {
			d.addSigner(e)
		}
		return d.step(want.what, true, "%s", signedBy(want, good, taken))
	}
	reason := failed.Reason
	switch {
	case len(good) > 0:
		reason = fmt.Sprintf("is by %d, and has to be by %s", len(taken), needed(want.threshold, want.names))
		if failed.Reason != "" {
			reason += "; " + failed.Reason
		}
		failed.Status, failed.Bundle = bundle.Untrusted, good[0].File
	case failed.Status == bundle.Missing && len(others) > 0:
		reason = fmt.Sprintf("there is no %s; it has to be by %s; what is there attests %s, expected %s",
			want.what, needed(want.threshold, want.names), some(others), quote(want.typ))
	case failed.Status == bundle.Missing:
		search := bundle.Search{Plugin: d.subject.File, Kind: want.kind, Files: want.files}
		missing := strings.Replace(search.Missing(), "no "+StepAttestation+":", "no "+want.what+":", 1)
		reason = fmt.Sprintf("%s; it has to be by %s", missing, needed(want.threshold, want.names))
	}
	d.Result.Status, d.Result.Bundle = failed.Status, failed.Bundle
	return d.step(want.what, false, "%s", reason)
}

// counts gives the places in the names of those who made the evidence and are valid.
func (d *decider) counts(e bundle.Evidence, want demand) ([]int, error) {
	if e.Err != nil {
		return nil, e.Err
	}
	if want.fits != nil {
		if err := want.fits(e); err != nil {
			return nil, err
		}
	}
	var counts []int
	var reason error
	for i, name := range want.names {
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
		reason = untrusted("was signed by %s, whom the rule does not name; it names %s", described(e.Signer), some(want.names))
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
	case s.key != nil && !v.NotAfter.IsZero() && v.NotAfter.Sub(d.now) < Soon:
		d.warn(fmt.Sprintf("key %s is valid until %s; sign anew what it signed, with another key", s.name, stamp(v.NotAfter)))
	}
	return nil
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

// matching gives for which of n signers which evidence counts, where each evidence
// counts for one of those in its list at the most, and each signer once: else one who
// matches two patterns, or can have certificates for many names that one pattern
// matches, would count twice. It is a maximum matching (Kuhn's algorithm).
func matching(by [][]int, n int) map[int]int {
	taken := map[int]int{}
	var place func(e int, tried []bool) bool
	place = func(e int, tried []bool) bool {
		for _, s := range by[e] {
			if tried[s] {
				continue
			}
			tried[s] = true
			if other, is := taken[s]; !is || place(other, tried) {
				taken[s] = e
				return true
			}
		}
		return false
	}
	for e := range by {
		place(e, make([]bool, n))
	}
	return taken
}

// more gives the result that tells more.
func more(a, b bundle.Result) bundle.Result {
	rank := []bundle.Status{bundle.Missing, bundle.Invalid, bundle.Untrusted}
	if slices.Index(rank, b.Status) > slices.Index(rank, a.Status) {
		return b
	}
	return a
}

// signedBy names those who signed, with the sidecars.
func signedBy(want demand, good []bundle.Evidence, taken map[int]int) string {
	var who []string
	for i, name := range want.names {
		if e, ok := taken[i]; ok {
			who = append(who, fmt.Sprintf("%s (%s)", name, filepath.Base(good[e].File)))
		}
	}
	return fmt.Sprintf("by %s; needed: %d", some(who), want.threshold)
}

// addSigner notes who signed what, once.
func (d *decider) addSigner(e bundle.Evidence) {
	if slices.ContainsFunc(d.Result.Signers, func(s bundle.Signer) bool { return s.Same(e.Signer) && s.Type == e.Signer.Type }) {
		return
	}
	d.Result.Signers = append(d.Result.Signers, e.Signer)
	if d.Result.Bundle == "" {
		d.Result.Bundle = e.File
	}
}

// provesHost checks that a statement of [LoadsType] is about the host at hand.
func (d *decider) provesHost(s *bundle.Statement) error {
	hosts, err := ProvedHosts(s)
	if err != nil {
		return &bundle.Error{Status: bundle.Invalid, Reason: err.Error()}
	}
	if len(d.subject.Hosts) == 0 {
		return nil
	}
	var named []string
	for _, h := range hosts {
		if slices.Contains(d.subject.Hosts, h.Identity) {
			return nil
		}
		named = append(named, fmt.Sprintf("%s (%s)", quote(h.Name), quote(h.Identity)))
	}
	return untrusted("proves that it loads into %s, the host at hand is %s", some(named), some(d.subject.Hosts))
}

// A ProvedHost is a host that a plugin was proved to load into.
type ProvedHost struct {
	Name     string
	Identity string // see inspector's Identity
}

// ProvedHosts reads the hosts of a statement of [LoadsType].
func ProvedHosts(s *bundle.Statement) ([]ProvedHost, error) {
	var predicate map[string]any
	if err := json.Unmarshal(s.Predicate, &predicate); err != nil {
		return nil, fmt.Errorf("holds a predicate that is no object: %w", err)
	}
	list, _ := predicate["hosts"].([]any)
	var hosts []ProvedHost
	for i, e := range list {
		host, _ := e.(map[string]any)
		name, _ := host["name"].(string)
		identity, _ := host["identity"].(string)
		if identity == "" {
			return nil, fmt.Errorf("names a host (hosts[%d]) without an identity", i)
		}
		hosts = append(hosts, ProvedHost{name, identity})
	}
	if len(hosts) == 0 {
		return nil, fmt.Errorf("names no host that the plugin was proved to load into")
	}
	return hosts, nil
}
