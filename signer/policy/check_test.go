package policy_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

func provenance(builder string) string {
	return fmt.Sprintf(`{"runDetails":{"builder":{"id":%q}}}`, builder)
}

func oldProvenance(builder string) string { return fmt.Sprintf(`{"builder":{"id":%q}}`, builder) }

func proof(hosts ...string) string {
	var list []string
	for _, h := range hosts {
		list = append(list, fmt.Sprintf(`{"name":"host","identity":%q}`, h))
	}
	return `{"hosts":[` + strings.Join(list, ",") + `]}`
}

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// A row is one decision: what lies beside the plugin, the rule, and what comes of it.
type row struct {
	name    string
	beside  func(*stage)
	change  func(*policy.Policy)
	rule    policy.Rule
	subject func(*policy.Subject)

	failed  string // "" where it is allowed
	status  bundle.Status
	reason  string
	signers int // where it is allowed
}

func (tt row) run(t *testing.T) {
	s := newStage(t)
	if tt.beside != nil {
		tt.beside(s)
	}
	if tt.rule.Name == nil {
		tt.rule.Name = []string{"*.so"}
	}
	subject := policy.Subject{File: s.plugin, Data: s.data}
	if tt.subject != nil {
		tt.subject(&subject)
	}
	d := s.compile(s.policy(tt.change, tt.rule)).Check(subject, now)
	if tt.failed == "" {
		tt.status = bundle.Verified
	}
	if d.Allowed != (tt.failed == "") || d.Failed() != tt.failed || d.Result.Status != tt.status {
		t.Errorf("%s: allowed %v, failed %q with %s (%s), want %q with %s", tt.name, d.Allowed, d.Failed(), d.Result.Status, d.Result.Reason, tt.failed, tt.status)
	}
	if d.Allowed && (len(d.Result.Signers) != tt.signers || d.Result.Reason != "") {
		t.Errorf("%s: reason %q, signers %+v, want %d", tt.name, d.Result.Reason, d.Result.Signers, tt.signers)
	}
	if !d.Allowed && !d.Verdict && len(d.Result.Signers) != 0 {
		t.Errorf("%s: is refused and has signers %+v", tt.name, d.Result.Signers)
	}
	if !d.Allowed && !strings.Contains(d.Result.Reason, tt.reason) {
		t.Errorf("%s: reason %q, want one with %q", tt.name, d.Result.Reason, tt.reason)
	}
	if d.Verdict != (tt.failed == policy.StepVerdict) {
		t.Errorf("%s: Verdict is %v", tt.name, d.Verdict)
	}
	for i, step := range d.Steps {
		checkPlain(t, step.What+step.Why)
		if !step.Holds && i != len(d.Steps)-1 {
			t.Errorf("%s: goes on after %+v", tt.name, step)
		}
	}
	checkPlain(t, d.Result.Reason+d.Rule+strings.Join(d.Warnings, ""))
}

func signers(names ...string) policy.Rule { return policy.Rule{Signers: names} }

func threshold(n int, names ...string) policy.Rule { return policy.Rule{Signers: names, Threshold: n} }

func attested(list ...policy.Attestation) policy.Rule {
	return policy.Rule{Signers: []string{"a"}, Attestations: list}
}

// both signs and attests by a.
func both(predicateType, predicate string) func(*stage) {
	return func(s *stage) { s.sign("a"); s.attest("a", predicateType, predicate) }
}

func key(name string, change func(*policy.Key)) func(*policy.Policy) {
	return func(p *policy.Policy) { k := p.Keys[name]; change(&k); p.Keys[name] = k }
}

func identity(name string, change func(*policy.Identity)) func(*policy.Policy) {
	return func(p *policy.Policy) { i := p.Identities[name]; change(&i); p.Identities[name] = i }
}

func TestSignatures(t *testing.T) {
	const sig = policy.StepSignature
	for _, tt := range []row{
		{name: "signed", beside: func(s *stage) { s.sign("a") }, rule: signers("a"), signers: 1},
		{name: "any of two", beside: func(s *stage) { s.sign("b") }, rule: signers("a", "b"), signers: 1},
		{name: "nothing", rule: signers("a", "b"), failed: sig, status: bundle.Missing, reason: ".sigstore.json; it has to be by 1 of a, b"},
		{name: "by another of the policy's", beside: func(s *stage) { s.sign("b") }, rule: signers("a"), failed: sig, status: bundle.Untrusted, reason: "whom the rule does not name; it names a"},
		{name: "by a stranger", beside: func(s *stage) { s.keys["a"] = newPair(s); s.sign("a"); s.keys["a"] = newPair(s) }, rule: signers("a"), failed: sig, status: bundle.Untrusted, reason: "was signed by key"},
		{name: "another file", beside: func(s *stage) { s.sign("a", 'x') }, rule: signers("a"), failed: sig, status: bundle.Invalid, reason: "signs a file with"},
		{name: "attestation instead", beside: func(s *stage) {
			os.Rename(s.attest("a", slsa1, "{}"), s.plugin+".sigstore.json")
		}, rule: signers("a"), failed: sig, status: bundle.Invalid, reason: "is an attestation"},
		{name: "attestation beside does not count", beside: func(s *stage) { s.attest("a", slsa1, "{}") }, rule: signers("a"), failed: sig, status: bundle.Missing, reason: "it has to be by a"},
		{name: "bad ones beside a good one", beside: func(s *stage) {
			s.write("", []byte("{"))
			s.sign("a", 'x')
			s.sign("b")
			s.sign("a")
			s.write("", nil)
		}, rule: signers("a"), signers: 1},
		{name: "65 sidecars", beside: func(s *stage) {
			for range 65 {
				s.sign("a")
			}
		}, rule: signers("a"), failed: sig, status: bundle.Invalid, reason: "65 sidecars"},
		{name: "one megabyte", beside: func(s *stage) { s.write("", make([]byte, 2<<20)) }, rule: signers("a"), failed: sig, status: bundle.Invalid, reason: "too large"},
		{name: "given bundle", beside: func(s *stage) { os.Rename(s.sign("a"), s.plugin+".x") }, subject: func(s *policy.Subject) { s.Bundles = []string{s.File + ".x"} }, rule: signers("a"), signers: 1},
		{name: "given bundle that is not there", beside: func(s *stage) { s.sign("a") }, subject: func(s *policy.Subject) { s.Bundles = []string{s.File + ".x"} }, rule: signers("a"), failed: sig, status: bundle.Missing, reason: "there is no bundle "},
		{name: "no bundle is given", beside: func(s *stage) { s.sign("a") }, subject: func(s *policy.Subject) { s.Bundles = []string{} }, rule: signers("a"), failed: sig, status: bundle.Missing, reason: "there is no"},
	} {
		tt.run(t)
	}
}

func TestThresholds(t *testing.T) {
	const sig = policy.StepSignature
	mail := func(name string) claim {
		return claim{Identity: name + "@example.com", Issuer: "https://accounts.example.com"}
	}
	for _, tt := range []row{
		{name: "two of three", beside: func(s *stage) { s.sign("a"); s.sign("c") }, rule: threshold(2, "a", "b", "c"), signers: 2},
		{name: "three where two are needed", beside: func(s *stage) { s.sign("a"); s.sign("c"); s.sign("b") }, rule: threshold(2, "a", "b", "c"), signers: 3},
		{name: "one of two", beside: func(s *stage) { s.sign("a") }, rule: threshold(2, "a", "b", "c"), failed: sig, status: bundle.Untrusted, reason: "is by 1, and has to be by 2 of a, b, c"},
		{name: "one key in two sidecars", beside: func(s *stage) { s.sign("a"); s.sign("a") }, rule: threshold(2, "a", "b"), failed: sig, status: bundle.Untrusted, reason: "is by 1"},
		{name: "one key in sixty", beside: func(s *stage) {
			for range 60 {
				s.sign("a")
			}
		}, rule: threshold(2, "a", "b"), failed: sig, status: bundle.Untrusted, reason: "is by 1"},
		{name: "one of the rule's and one of the policy's", beside: func(s *stage) { s.sign("a"); s.sign("d") }, rule: threshold(2, "a", "b"), failed: sig, status: bundle.Untrusted, reason: "whom the rule does not name"},
		{name: "one over another file", beside: func(s *stage) { s.sign("a"); s.sign("b", 'x') }, rule: threshold(2, "a", "b"), failed: sig, status: bundle.Untrusted, reason: "signs a file with"},
		{name: "one revoked", beside: func(s *stage) { s.sign("a"); s.sign("b") }, change: key("b", func(k *policy.Key) { k.Revoked = "stolen" }), rule: threshold(2, "a", "b"), failed: sig, status: bundle.Untrusted, reason: "which is revoked: stolen"},
		{name: "a signature and an attestation", beside: both(slsa1, "{}"), rule: threshold(2, "a", "b"), failed: sig, status: bundle.Untrusted, reason: "is by 1"},
		{name: "one identity that two entries match", beside: func(s *stage) { s.certify(mail("ann")) }, rule: threshold(2, "team", "ann"), failed: sig, status: bundle.Untrusted, reason: "is by 1"},
		{name: "that identity twice", beside: func(s *stage) { s.certify(mail("ann")); s.certify(mail("ann")) }, rule: threshold(2, "team", "ann"), failed: sig, status: bundle.Untrusted, reason: "is by 1"},
		{name: "many identities that one entry matches", beside: func(s *stage) {
			for _, name := range []string{"x", "y", "z"} {
				s.certify(mail(name))
			}
		}, rule: threshold(2, "team", "ann"), failed: sig, status: bundle.Untrusted, reason: "is by 1"},
		{name: "two identities, the first fits both entries", beside: func(s *stage) { s.certify(mail("ann")); s.certify(mail("bob")) }, rule: threshold(2, "team", "ann"), signers: 2},
		{name: "two identities, the other order", beside: func(s *stage) { s.certify(mail("bob")); s.certify(mail("ann")) }, rule: threshold(2, "ann", "team"), signers: 2},
		{name: "key and identity", beside: func(s *stage) { s.certify(mail("ann")); s.sign("a") }, rule: threshold(2, "a", "ann"), signers: 2},
		{name: "identity of another issuer", beside: func(s *stage) {
			s.certify(claim{Identity: "ann@example.com", Issuer: "https://evil.example.com"})
			s.certify(mail("bob"))
		}, rule: threshold(2, "team", "ann"), failed: sig, status: bundle.Untrusted, reason: "is by 1"},
		{name: "certificate that does not verify", beside: func(s *stage) { s.certify(claim{Bad: "is not in the log"}) }, rule: signers("ci"), failed: sig, status: bundle.Invalid, reason: "is not in the log"},
		{name: "certificate where a key is wanted", beside: func(s *stage) { s.certify(claim{Identity: workflow, Issuer: github}) }, rule: signers("d"), failed: sig, status: bundle.Untrusted, reason: workflow},
		{name: "key where an identity is wanted", beside: func(s *stage) { s.sign("d") }, rule: signers("ci"), failed: sig, status: bundle.Untrusted, reason: "it names ci"},
		{name: "identity within another", beside: func(s *stage) { s.certify(claim{Identity: "https://evil.example/" + workflow, Issuer: github}) }, rule: signers("ci"), failed: sig, status: bundle.Untrusted, reason: "evil.example"},
		{name: "identity that goes on after a line", beside: func(s *stage) {
			s.certify(claim{Identity: "ann@example.com\x1b[2J\nx", Issuer: "https://accounts.example.com"})
		}, rule: signers("ann"), failed: sig, status: bundle.Untrusted, reason: `\x1b[2J\nx`},
		{name: "identity without end", beside: func(s *stage) {
			s.certify(claim{Identity: strings.Repeat("x", 9000) + "@example.com", Issuer: "https://accounts.example.com"})
		}, rule: signers("team"), failed: sig, status: bundle.Untrusted, reason: "xxx"},
	} {
		tt.run(t)
	}
}

func TestValidity(t *testing.T) {
	const sig = policy.StepSignature
	signed := func(s *stage) { s.sign("a") }
	validity := func(from, to string) func(*policy.Policy) {
		return key("a", func(k *policy.Key) {
			if from != "" {
				k.NotBefore = day(from)
			}
			if to != "" {
				k.NotAfter = day(to)
			}
		})
	}
	at := func(when string) func(*stage) {
		return func(s *stage) { s.certify(claim{Identity: workflow, Issuer: github, Time: day(when)}) }
	}
	until := identity("ci", func(i *policy.Identity) { i.NotBefore, i.NotAfter = day("2020-01-01"), day("2021-01-01") })
	for _, tt := range []row{
		{name: "within", beside: signed, change: validity("2026-01-01", "2027-01-01"), rule: signers("a"), signers: 1},
		{name: "not yet", beside: signed, change: validity("2026-06-02", ""), rule: signers("a"), failed: sig, status: bundle.Untrusted, reason: "is valid from 2026-06-02T00:00:00Z on; now it was 2026-06-01T12:00:00Z"},
		{name: "no more", beside: signed, change: validity("", "2026-06-01"), rule: signers("a"), failed: sig, status: bundle.Untrusted, reason: "was valid until 2026-06-01T00:00:00Z; now it was"},
		{name: "this very moment", beside: signed, change: key("a", func(k *policy.Key) { k.NotAfter = now }), rule: signers("a"), failed: sig, status: bundle.Untrusted, reason: "was valid until"},
		{name: "from this very moment", beside: signed, change: key("a", func(k *policy.Key) { k.NotBefore = now }), rule: signers("a"), signers: 1},
		{name: "revoked", beside: signed, change: key("a", func(k *policy.Key) { k.Revoked = "stolen\n\x1b[31m" }), rule: signers("a"), failed: sig, status: bundle.Untrusted, reason: "revoked: stolen"},
		{name: "revoked, another is not", beside: func(s *stage) { s.sign("a"); s.sign("b") }, change: key("a", func(k *policy.Key) { k.Revoked = "stolen" }), rule: signers("a", "b"), signers: 1},
		{name: "expired attestation", beside: func(s *stage) { s.sign("b"); s.attest("a", slsa1, "{}") }, change: validity("", "2026-01-01"),
			rule: policy.Rule{Signers: []string{"b"}, Attestations: []policy.Attestation{{Type: slsa1, Signers: []string{"a"}}}}, failed: "attestation " + slsa1, status: bundle.Untrusted, reason: "was valid until"},
		{name: "identity signed then", beside: at("2020-07-01"), change: until, rule: signers("ci"), signers: 1},
		{name: "identity signed too late", beside: at("2021-01-01"), change: until, rule: signers("ci"), failed: sig, status: bundle.Untrusted, reason: "was valid until 2021-01-01T00:00:00Z; when it signed it was 2021-01-01"},
		{name: "identity signed too early", beside: at("2019-12-31"), change: until, rule: signers("ci"), failed: sig, status: bundle.Untrusted, reason: "is valid from 2020-01-01"},
		{name: "identity signed at no known time", beside: func(s *stage) { s.certify(claim{Identity: workflow, Issuer: github}) }, change: until, rule: signers("ci"), failed: sig, status: bundle.Untrusted, reason: "nobody vouches for"},
		{name: "no time, and no limit", beside: func(s *stage) { s.certify(claim{Identity: workflow, Issuer: github}) }, rule: signers("ci"), signers: 1},
		{name: "identity signed twice, once in time", beside: func(s *stage) { at("2022-01-01")(s); at("2020-07-01")(s) }, change: until, rule: signers("ci"), signers: 1},
		{name: "identity revoked", beside: at("2020-07-01"), change: identity("ci", func(i *policy.Identity) { i.Revoked = "left" }), rule: signers("ci"), failed: sig, status: bundle.Untrusted, reason: "revoked: left"},
	} {
		tt.run(t)
	}
}

func TestExpiryWarns(t *testing.T) {
	s := newStage(t)
	s.sign("a")
	for days, want := range map[int]int{0: 0, 29: 1, 31: 0} {
		p := s.policy(key("a", func(k *policy.Key) {
			if days > 0 {
				k.NotAfter = now.AddDate(0, 0, days)
			}
		}), policy.Rule{Name: []string{"*"}, Signers: []string{"a"}})
		d := s.compile(p).Check(policy.Subject{File: s.plugin, Data: s.data}, now)
		if !d.Allowed || len(d.Warnings) != want || want == 1 && !strings.Contains(d.Warnings[0], "key a is valid until 2026-06-30T12:00:00Z; sign anew") {
			t.Errorf("%d days: %+v", days, d)
		}
	}
}

func TestAttestations(t *testing.T) {
	const b = "https://builder.example/v1"
	want := func(typ string, builders ...string) policy.Rule {
		return attested(policy.Attestation{Type: typ, Builders: builders})
	}
	loads := func(hosts ...string) func(*policy.Subject) { return func(s *policy.Subject) { s.Hosts = hosts } }
	for _, tt := range []row{
		{name: "short name", beside: both(slsa1, "{}"), rule: want("slsaprovenance1"), signers: 2},
		{name: "URI", beside: both(slsa1, "{}"), rule: want(slsa1), signers: 2},
		{name: "own type", beside: both("https://x.example/t", "{}"), rule: want("https://x.example/t"), signers: 2},
		{name: "short name within the statement", beside: both("slsaprovenance1", "{}"), rule: want("slsaprovenance1"), failed: "attestation slsaprovenance1", status: bundle.Missing, reason: `attests "slsaprovenance1" (a.so.02.intoto.sigstore.json), expected "` + slsa1 + `"`},
		{name: "other version", beside: both(slsa02, "{}"), rule: want("slsaprovenance1"), failed: "attestation slsaprovenance1", status: bundle.Missing, reason: `attests "` + slsa02},
		{name: "type in other case", beside: both(strings.ToUpper(slsa1), "{}"), rule: want(slsa1), failed: "attestation " + slsa1, status: bundle.Missing, reason: "attests"},
		{name: "type that goes on", beside: both(slsa1+"/x", "{}"), rule: want(slsa1), failed: "attestation " + slsa1, status: bundle.Missing, reason: "attests"},
		{name: "wrong one beside the right one", beside: func(s *stage) {
			s.sign("a")
			s.attest("a", slsa02, "{}")
			s.write(".intoto", []byte("{"))
			s.attest("a", slsa1, "{}")
			s.attest("b", slsa1, "{}")
		}, rule: want(slsa1), signers: 2},
		{name: "wrong type before the right one by a stranger", beside: func(s *stage) { s.sign("a"); s.attest("a", slsa02, "{}"); s.attest("b", slsa1, "{}") },
			rule: want(slsa1), failed: "attestation " + slsa1, status: bundle.Untrusted, reason: "whom the rule does not name"},
		{name: "wrong type before a broken one", beside: func(s *stage) { s.sign("a"); s.attest("a", slsa02, "{}"); s.write(".intoto", []byte("{")) },
			rule: want(slsa1), failed: "attestation " + slsa1, status: bundle.Invalid, reason: "is not JSON"},
		{name: "none", beside: func(s *stage) { s.sign("a") }, rule: want("loads"), failed: "attestation loads", status: bundle.Missing, reason: "there is no attestation loads: no file "},
		{name: "no signature", beside: func(s *stage) { s.attest("a", slsa1, "{}") }, rule: want(slsa1), failed: policy.StepSignature, status: bundle.Missing, reason: "there is no signature"},
		{name: "attestation only", beside: func(s *stage) { s.attest("a", slsa1, "{}") }, rule: policy.Rule{Attestations: []policy.Attestation{{Type: slsa1, Signers: []string{"a"}}}}, signers: 1},
		{name: "attestation only, by another", beside: func(s *stage) { s.attest("b", slsa1, "{}") }, rule: policy.Rule{Attestations: []policy.Attestation{{Type: slsa1, Signers: []string{"a"}}}}, failed: "attestation " + slsa1, status: bundle.Untrusted, reason: "whom the rule does not name"},
		{name: "signers of its own", beside: func(s *stage) { s.sign("a"); s.attest("b", slsa1, "{}") }, rule: attested(policy.Attestation{Type: slsa1, Signers: []string{"b"}}), signers: 2},
		{name: "signers of its own, by the rule's", beside: both(slsa1, "{}"), rule: attested(policy.Attestation{Type: slsa1, Signers: []string{"b"}}), failed: "attestation " + slsa1, status: bundle.Untrusted, reason: "it names b"},
		{name: "threshold", beside: func(s *stage) { s.sign("a"); s.attest("b", slsa1, "{}"); s.attest("c", slsa1, "{}") }, rule: attested(policy.Attestation{Type: slsa1, Signers: []string{"b", "c"}, Threshold: 2}), signers: 3},
		{name: "threshold by one twice", beside: func(s *stage) { s.sign("a"); s.attest("b", slsa1, "{}"); s.attest("b", slsa1, `{"x":1}`) }, rule: attested(policy.Attestation{Type: slsa1, Signers: []string{"b", "c"}, Threshold: 2}), failed: "attestation " + slsa1, status: bundle.Untrusted, reason: "is by 1"},
		{name: "threshold by another type", beside: func(s *stage) { s.sign("a"); s.attest("b", slsa1, "{}"); s.attest("c", slsa02, "{}") }, rule: attested(policy.Attestation{Type: slsa1, Signers: []string{"b", "c"}, Threshold: 2}), failed: "attestation " + slsa1, status: bundle.Untrusted, reason: "is by 1"},
		{name: "two types, one there", beside: both(slsa1, "{}"), rule: attested(policy.Attestation{Type: slsa1}, policy.Attestation{Type: "loads"}), failed: "attestation loads", status: bundle.Missing, reason: "attests"},
		{name: "given bundle is the attestation", beside: func(s *stage) { s.sign("a"); os.Rename(s.attest("a", slsa1, "{}"), s.plugin+".x") }, subject: func(s *policy.Subject) { s.Bundles = []string{s.File + ".x"} }, rule: want(slsa1), signers: 2},
		{name: "given bundle is a signature", beside: func(s *stage) { s.attest("a", slsa1, "{}"); os.Rename(s.sign("a"), s.plugin+".x"); s.sign("a") }, subject: func(s *policy.Subject) { s.Bundles = []string{s.File + ".x"} }, rule: want(slsa1), failed: "attestation " + slsa1, status: bundle.Invalid, reason: "is a signature over the file"},
		{name: "by an identity", beside: func(s *stage) {
			s.sign("a")
			s.certifyStatement(claim{Identity: workflow, Issuer: github}, slsa1, provenance(b))
		}, rule: attested(policy.Attestation{Type: slsa1, Signers: []string{"ci"}, Builders: []string{b}}), signers: 2},

		{name: "builder", beside: both(slsa1, provenance(b)), rule: want(slsa1, "https://other.example", b), signers: 2},
		{name: "builder of v0.2", beside: both(slsa02, oldProvenance(b)), rule: want("slsaprovenance", b), signers: 2},
		{name: "builder where v1 has none", beside: both(slsa1, oldProvenance(b)), rule: want(slsa1, b), failed: "attestation " + slsa1, status: bundle.Untrusted, reason: `names builder "", expected ` + b},
		{name: "builder where v0.2 has none", beside: both(slsa02, provenance(b)), rule: want(slsa02, b), failed: "attestation " + slsa02, status: bundle.Untrusted, reason: `names builder ""`},
		{name: "builder that goes on", beside: both(slsa1, provenance(b+".evil.example")), rule: want(slsa1, b), failed: "attestation " + slsa1, status: bundle.Untrusted, reason: `names builder "` + b + `.evil.example", expected ` + b},
		{name: "builder cut short", beside: both(slsa1, provenance(b[:len(b)-1])), rule: want(slsa1, b), failed: "attestation " + slsa1, status: bundle.Untrusted, reason: "names builder"},
		{name: "builder with a slash more", beside: both(slsa1, provenance(b+"/")), rule: want(slsa1, b), failed: "attestation " + slsa1, status: bundle.Untrusted, reason: "names builder"},
		{name: "builder in other case", beside: both(slsa1, provenance(strings.ToUpper(b))), rule: want(slsa1, b), failed: "attestation " + slsa1, status: bundle.Untrusted, reason: "names builder"},
		{name: "builder with a letter that looks like it", beside: both(slsa1, provenance(strings.Replace(b, "e", "е", 1))), rule: want(slsa1, b), failed: "attestation " + slsa1, status: bundle.Untrusted, reason: "names builder"},
		{name: "builder in a field of other case", beside: both(slsa1, fmt.Sprintf(`{"RunDetails":{"builder":{"id":%q}}}`, b)), rule: want(slsa1, b), failed: "attestation " + slsa1, status: bundle.Untrusted, reason: "names builder"},
		{name: "builder is a list", beside: both(slsa1, fmt.Sprintf(`{"runDetails":{"builder":{"id":[%q]}}}`, b)), rule: want(slsa1, b), failed: "attestation " + slsa1, status: bundle.Untrusted, reason: "names builder"},
		{name: "builder with control characters", beside: both(slsa1, `{"runDetails":{"builder":{"id":"\u001b[2J\n`+strings.Repeat("x", 5000)+`"}}}`), rule: want(slsa1, b), failed: "attestation " + slsa1, status: bundle.Untrusted, reason: `\x1b[2J\n`},
		{name: "type with control characters", beside: both("x:"+strings.Repeat("y", 9000), "{}"), rule: want(slsa1), failed: "attestation " + slsa1, status: bundle.Missing, reason: "yyy"},

		{name: "loads", beside: both(policy.LoadsType, proof("sha256:0000", hostAtRun)), subject: loads("sha256:2222", hostAtRun), rule: want("loads"), signers: 2},
		{name: "loads into another", beside: both(policy.LoadsType, proof("sha256:0000")), subject: loads(hostAtRun), rule: want("loads"), failed: "attestation loads", status: bundle.Untrusted, reason: `proves that it loads into "host" ("sha256:0000"), the host at hand is sha256:1111`},
		{name: "loads, no host at hand", beside: both(policy.LoadsType, proof("sha256:0000")), rule: want("loads"), signers: 2},
		{name: "loads into none", beside: both(policy.LoadsType, proof()), rule: want("loads"), failed: "attestation loads", status: bundle.Invalid, reason: "names no host"},
		{name: "loads into one without identity", beside: both(policy.LoadsType, `{"hosts":[{"name":"x"}]}`), subject: loads(""), rule: want("loads"), failed: "attestation loads", status: bundle.Invalid, reason: "without an identity"},
		{name: "loads in other case", beside: both(policy.LoadsType, `{"Hosts":[{"name":"x","identity":"`+hostAtRun+`"}]}`), subject: loads(hostAtRun), rule: want("loads"), failed: "attestation loads", status: bundle.Invalid, reason: "names no host"},
		{name: "loads into a thousand", beside: both(policy.LoadsType, proof(strings.Split(strings.Repeat("sha256:x ", 1000)+"y", " ")...)), subject: loads(hostAtRun), rule: want("loads"), failed: "attestation loads", status: bundle.Untrusted, reason: "and 993 more"},
		{name: "right host by the wrong signer, wrong host by the right one", beside: func(s *stage) {
			s.sign("a")
			s.attest("b", policy.LoadsType, proof(hostAtRun))
			s.attest("a", policy.LoadsType, proof("sha256:0000"))
		}, subject: loads(hostAtRun), rule: want("loads"), failed: "attestation loads", status: bundle.Untrusted, reason: ""},
	} {
		tt.run(t)
	}
}
