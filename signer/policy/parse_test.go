package policy_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

func publicKey(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// full is a policy with every field, as JSON.
func full(t testing.TB) string {
	return fmt.Sprintf(`{
"schema": "plugtool.policy/v1",
"keys": {
  "release": {"pem": %q, "notBefore": "2026-01-01T00:00:00Z", "notAfter": "2027-01-01T00:00:00+01:00"},
  "old": {"pem": %q, "revoked": "lost"}
},
"identities": {
  "ci": {"subjectRegexp": "https://github\\.com/o/r/.*", "issuer": "https://token.actions.githubusercontent.com", "notAfter": "2027-01-01T00:00:00Z"},
  "ann": {"subject": "ann@example.com", "issuerRegexp": "https://.*\\.example\\.com", "revoked": "left"}
},
"deny": [{"sha256": "%064d", "reason": "CVE"}],
"allow": [{"sha256": "%064d", "reason": "by hand"}],
"plugins": [
  {"name": ["legacy-*.so"], "refuse": "retired"},
  {"name": ["pay-*.so", "a.so"], "signers": ["release", "ci", "ann"], "threshold": 2, "minVersion": "v1.4.0", "verdict": "loads",
   "attestations": [{"type": "slsaprovenance1", "signers": ["ci"], "threshold": 1, "builders": ["https://b"]}, {"type": "loads"}]},
  {"name": ["*"], "signers": ["release"]}
]}`, publicKey(t, "cosign.pub"), publicKey(t, "p384.pub"), 1, 2)
}

func parseAndCompile(data string, o policy.Options) error {
	p, err := policy.Parse([]byte(data))
	if err == nil {
		_, err = p.Compile(o)
	}
	return err
}

func TestParse(t *testing.T) {
	if err := parseAndCompile(full(t), policy.Options{}); err != nil {
		t.Fatal(err)
	}
	p, err := policy.Parse([]byte(full(t)))
	if err != nil {
		t.Fatal(err)
	}
	if k := p.Keys["release"]; k.NotAfter.UTC().String() != "2026-12-31 23:00:00 +0000 UTC" || k.PEM != publicKey(t, "cosign.pub") {
		t.Errorf("%+v", k)
	}
	if r := p.Plugins[1]; r.Threshold != 2 || r.Attestations[0].Builders[0] != "https://b" || r.Name[1] != "a.so" {
		t.Errorf("%+v", r)
	}
	for _, empty := range []string{`"deny": []`, `"allow": []`} {
		name, _, _ := strings.Cut(empty, ":")
		start := strings.Index(full(t), name)
		end := start + strings.Index(full(t)[start:], "]") + 1
		if err := parseAndCompile(full(t)[:start]+empty+full(t)[end:], policy.Options{}); err != nil {
			t.Errorf("%s: %v", empty, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)
	for _, tt := range []struct{ name, old, new, at, want string }{
		{"nothing", "", "", "", "is not JSON"},
		{"text", "", `"x"`, "", "is text, expected an object"},
		{"a list", "", `[]`, "", "is a list, expected an object"},
		{"null", "", `null`, "", "is null"},
		{"two documents", "", full(t) + full(t), "", "is not JSON"},
		{"something after it", "", full(t) + "x", "", "is not JSON"},
		{"a comma at its end", `"signers": ["release"]}`, `"signers": ["release"]},`, "", "is not JSON"},
		{"a comment", `"plugins"`, `/* x */ "plugins"`, "", "is not JSON"},
		{"more than 1 MiB", `"retired"`, `"` + strings.Repeat("x", 1<<20) + `"`, "", "too large"},
		{"too deep", `"retired"`, deep, "", "nests deeper"},
		{"not UTF-8", `"retired"`, "\"\xff\"", "", "not valid UTF-8"},
		{"half a surrogate", `"retired"`, `"\ud800"`, "", "broken text"},
		{"a mark before it", "{\n\"schema\"", "\ufeff{\n\"schema\"", "", "is not JSON"},
		{"deny twice", `"allow"`, `"deny": [], "allow"`, "", `has "deny" twice`},
		{"a key twice", `"old": {`, `"release": {`, "", `has "release" twice`},
		{"revoked twice", `"revoked": "lost"`, `"revoked": "lost", "revoked": "x"`, "", `has "revoked" twice`},
		{"Deny", `"deny"`, `"Deny"`, "", `has no field "Deny"`},
		{"deny and Deny", `"allow"`, `"DENY": [], "allow"`, "", `has no field "DENY"`},
		{"Revoked", `"revoked": "lost"`, `"Revoked": "lost"`, "keys.old", `has no field "Revoked"`},
		{"REVOKED beside it", `"revoked": "lost"`, `"revoked": "lost", "REVOKED": "x"`, "keys.old", `has no field "REVOKED"`},
		{"an embedded struct's name", `"revoked": "lost"`, `"Validity": {"revoked": "lost"}`, "keys.old", `has no field "Validity"`},
		{"unknown", `"refuse": "retired"`, `"refuse": "retired", "expires": "x"`, "plugins[0]", `has no field "expires"`},
		{"unknown with control characters", `"refuse": "retired"`, `"\u001b[2J\n": 1`, "plugins[0]", `has no field "\x1b[2J\n"`},
		{"unknown, long", `"refuse": "retired"`, `"` + strings.Repeat("x", 9000) + `": 1`, "plugins[0]", `xxx"…`},
		{"a field of a time", `"2026-01-01T00:00:00Z"`, `{"wall": 1}`, "keys.release.notBefore", "is an object, expected a time"},
		{"null as a list", `["https://b"]`, `null`, "plugins[1].attestations[0].builders", "is null"},
		{"revoked is null", `"revoked": "lost"`, `"revoked": null`, "keys.old.revoked", "is null"},
		{"revoked is empty", `"revoked": "lost"`, `"revoked": ""`, "keys.old.revoked", "is empty, which says nothing"},
		{"revoked is blank", `"revoked": "lost"`, `"revoked": " \t"`, "keys.old.revoked", "is empty, which says nothing"},
		{"revoked is true", `"revoked": "lost"`, `"revoked": true`, "keys.old.revoked", "is true, expected text"},
		{"refuse is empty", `"refuse": "retired"`, `"refuse": "", "signers": ["old"]`, "plugins[0].refuse", "is empty"},
		{"minVersion is empty", `"v1.4.0"`, `""`, "plugins[1].minVersion", "is empty"},
		{"minVersion is a number", `"v1.4.0"`, `1.4`, "plugins[1].minVersion", "is a number, expected text"},
		{"verdict is empty", `"verdict": "loads"`, `"verdict": ""`, "plugins[1].verdict", "is empty"},
		{"no builders", `["https://b"]`, `[]`, "plugins[1].attestations[0].builders", "is an empty list"},
		{"builders is text", `["https://b"]`, `"https://b"`, "plugins[1].attestations[0].builders", "is text, expected a list"},
		{"no signers", `"signers": ["ci"]`, `"signers": []`, "plugins[1].attestations[0].signers", "is an empty list"},
		{"a signer is null", `"signers": ["ci"]`, `"signers": [null]`, "plugins[1].attestations[0].signers[0]", "is null"},
		{"name is text", `["legacy-*.so"]`, `"legacy-*.so"`, "plugins[0].name", "is text, expected a list"},
		{"plugins is an object", "", `{"plugins": {"x":1}}`, "plugins", "is an object, expected a list"},
		{"keys is a list", "", `{"keys": []}`, "keys", "is a list, expected an object"},
		{"a key is text", "", `{"keys": {"a": "x"}}`, "keys.a", "is text, expected an object"},
		{"a time with a comma", `"2026-01-01T00:00:00Z"`, `"2026-01-01T00:00:00,5Z"`, "keys.release.notBefore", "expected a time"},
		{"threshold 0", `"threshold": 2`, `"threshold": 0`, "plugins[1].threshold", "is 0, expected a whole number, 1 or more"},
		{"threshold -1", `"threshold": 2`, `"threshold": -1`, "plugins[1].threshold", "is -1, expected"},
		{"threshold 1.5", `"threshold": 2`, `"threshold": 1.5`, "plugins[1].threshold", "is 1.5, expected"},
		{"threshold as text", `"threshold": 2`, `"threshold": "2"`, "plugins[1].threshold", `is "2", expected`},
		{"threshold true", `"threshold": 2`, `"threshold": true`, "plugins[1].threshold", "is true, expected"},
		{"threshold 4294967297", `"threshold": 2`, `"threshold": 4294967297`, "plugins[1].threshold", "expected a whole number"},
		{"threshold 2e0", `"threshold": 2`, `"threshold": 2e0`, "", "2e0"},
		{"a day for a time", `"2026-01-01T00:00:00Z"`, `"2026-01-01"`, "keys.release.notBefore", `is "2026-01-01", expected a time such as`},
		{"a time without a zone", `"2026-01-01T00:00:00Z"`, `"2026-01-01T00:00:00"`, "keys.release.notBefore", "expected a time"},
		{"a time without digits", `"2026-01-01T00:00:00Z"`, `"2026-01-01T0:00:00Z"`, "keys.release.notBefore", "expected a time"},
		{"a day that is none", `"2026-01-01T00:00:00Z"`, `"2026-02-30T00:00:00Z"`, "keys.release.notBefore", "expected a time"},
		{"the time that means none", `"2026-01-01T00:00:00Z"`, `"0001-01-01T00:00:00Z"`, "keys.release.notBefore", "expected a time"},
		{"a zone of a day", `"2026-01-01T00:00:00Z"`, `"2026-01-01T00:00:00+24:00"`, "keys.release.notBefore", "expected a time"},
		{"a zone of 99 hours", `"2026-01-01T00:00:00Z"`, `"2026-01-01T00:00:00+99:00"`, "keys.release.notBefore", "expected a time"},
		{"a zone with 60 minutes", `"2026-01-01T00:00:00Z"`, `"2026-01-01T00:00:00+01:60"`, "keys.release.notBefore", "expected a time"},
		{"year 10000", `"2026-01-01T00:00:00Z"`, `"10000-01-01T00:00:00Z"`, "keys.release.notBefore", "expected a time"},
		{"year 10000 with a sign", `"2026-01-01T00:00:00Z"`, `"+10000-01-01T00:00:00Z"`, "keys.release.notBefore", "expected a time"},
		{"a year below 0", `"2026-01-01T00:00:00Z"`, `"-0001-01-01T00:00:00Z"`, "keys.release.notBefore", "expected a time"},
		{"a lower-case t", `"2026-01-01T00:00:00Z"`, `"2026-01-01t00:00:00Z"`, "keys.release.notBefore", "expected a time"},
		{"a lower-case z", `"2026-01-01T00:00:00Z"`, `"2026-01-01T00:00:00z"`, "keys.release.notBefore", "expected a time"},
		{"a zone without colon", `"2026-01-01T00:00:00Z"`, `"2026-01-01T00:00:00+0100"`, "keys.release.notBefore", "expected a time"},
		{"a leap second", `"2026-01-01T00:00:00Z"`, `"2026-06-30T23:59:60Z"`, "keys.release.notBefore", "expected a time"},
		{"24 o'clock", `"2026-01-01T00:00:00Z"`, `"2026-01-01T24:00:00Z"`, "keys.release.notBefore", "expected a time"},
		{"a space for a T", `"2026-01-01T00:00:00Z"`, `"2026-01-01 00:00:00Z"`, "keys.release.notBefore", "expected a time"},
		{"digits of another script", `"2026-01-01T00:00:00Z"`, `"２026-01-01T00:00:00Z"`, "keys.release.notBefore", "expected a time"},
		{"a minus that is none", `"2026-01-01T00:00:00Z"`, `"2026−01-01T00:00:00Z"`, "keys.release.notBefore", "expected a time"},
		{"a name for a zone", `"2026-01-01T00:00:00Z"`, `"2026-01-01T00:00:00 CET"`, "keys.release.notBefore", "expected a time"},
		{"a week", `"2026-01-01T00:00:00Z"`, `"2026-W01-1T00:00:00Z"`, "keys.release.notBefore", "expected a time"},
		{"a number for a time", `"2026-01-01T00:00:00Z"`, `1767225600`, "keys.release.notBefore", "is 1.7672256e+09, expected a time"},
	} {
		data := tt.new
		if tt.old != "" {
			if !strings.Contains(full(t), tt.old) {
				t.Fatalf("%s: no %s", tt.name, tt.old)
			}
			data = strings.Replace(full(t), tt.old, tt.new, 1)
		}
		for range 5 { // maps have no order, errors have
			checkRefused(t, tt.name, parseAndCompile(data, policy.Options{}), tt.at, tt.want)
		}
	}
}

func checkRefused(t testing.TB, name string, err error, at, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "policy: ") {
		t.Errorf("%s: error %v, want one with %q", name, err, want)
		return
	}
	if e, ok := errors.AsType[*policy.Error](err); !ok || at != "" && e.At != at {
		t.Errorf("%s: error %#v, want one at %q", name, err, at)
	}
	checkPlain(t, err.Error())
}

func TestCompileRefuses(t *testing.T) {
	s := newStage(t)
	other := newPair(t).public
	rule := func(change func(*policy.Rule)) func(*policy.Policy) {
		return func(p *policy.Policy) { change(&p.Plugins[0]) }
	}
	attestation := func(a policy.Attestation) func(*policy.Policy) {
		return rule(func(r *policy.Rule) { r.Attestations = []policy.Attestation{a} })
	}
	digest := policy.Digest{SHA256: strings.Repeat("a", 64), Reason: "x"}
	pem := string(s.keys["a"].public.PEM())
	rest := []policy.Rule{{Name: []string{"*"}, Signers: []string{"a"}}}
	for _, tt := range []struct {
		name     string
		change   func(*policy.Policy)
		at, want string
	}{
		{"no schema", func(p *policy.Policy) { p.Schema = "" }, "schema", `is "", expected "plugtool.policy/v1"`},
		{"another schema", func(p *policy.Policy) { p.Schema = "plugtool.policy/v2" }, "schema", `is "plugtool.policy/v2"`},
		{"no rule", func(p *policy.Policy) { p.Plugins = nil }, "plugins", "holds no rule"},

		{"key without anything", func(p *policy.Policy) { p.Keys["a"] = policy.Key{} }, "keys.a", "has no pem, file or fingerprint"},
		{"key twofold", func(p *policy.Policy) { p.Keys["a"] = policy.Key{PEM: pem, File: "x"} }, "keys.a", "has both pem and file"},
		{"key in a file", func(p *policy.Policy) { p.Keys["a"] = policy.Key{File: "x"} }, "keys.a.file", "is not read here"},
		{"key by fingerprint only", func(p *policy.Policy) { p.Keys["a"] = policy.Key{Fingerprint: digest.SHA256} }, "keys.a", "no key with it was given"},
		{"fingerprint of another key", key("a", func(k *policy.Key) { k.Fingerprint = other.Fingerprint() }), "keys.a", "has fingerprint " + other.Fingerprint() + ", but the key's is " + s.keys["a"].public.Fingerprint()},
		{"fingerprint in upper case", key("a", func(k *policy.Key) { k.Fingerprint = strings.ToUpper(s.keys["a"].public.Fingerprint()) }), "keys.a.fingerprint", "lower-case hexadecimal"},
		{"fingerprint cut short", key("a", func(k *policy.Key) { k.Fingerprint = s.keys["a"].public.Fingerprint()[:16] }), "keys.a.fingerprint", "64 lower-case"},
		{"no PEM", key("a", func(k *policy.Key) { k.PEM = "\x1b[2J" }), "keys.a", "is not PEM"},
		{"private key", key("a", func(k *policy.Key) { k.PEM = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" }), "keys.a", "this is a private key"},
		{"two keys in one", key("a", func(k *policy.Key) { k.PEM += string(other.PEM()) }), "keys.a", "goes on after the first key"},
		{"one key, two names", func(p *policy.Policy) { p.Keys["b"] = policy.Key{PEM: "\n" + pem} }, "keys.b", "is the same key as keys.a"},
		{"one key, two names, one revoked", func(p *policy.Policy) {
			p.Keys["b"] = policy.Key{PEM: pem, Validity: policy.Validity{Revoked: "x"}}
		}, "keys.b", "is the same key as keys.a"},
		{"key without a name", func(p *policy.Policy) { p.Keys[""] = policy.Key{PEM: string(other.PEM())} }, "keys.", "has no name"},
		{"key with a name of two lines", func(p *policy.Policy) { p.Keys["x\ny"] = policy.Key{PEM: string(other.PEM())} }, "keys.x\ny", "has no name that could be used"},
		{"key with a long name", func(p *policy.Policy) { p.Keys[strings.Repeat("x", 129)] = policy.Key{PEM: string(other.PEM())} }, "", "up to 128 bytes"},
		{"key that is never valid", key("a", func(k *policy.Key) { k.NotBefore, k.NotAfter = now, now }), "keys.a", "is never valid: notBefore 2026-06-01T12:00:00Z, notAfter 2026-06-01T12:00:00Z"},

		{"identity without issuer", identity("ci", func(i *policy.Identity) { i.Issuer = "" }), "identities.ci", "no issuer is given"},
		{"identity without subject", identity("ci", func(i *policy.Identity) { i.Subject = "" }), "identities.ci", "no identity is given"},
		{"identity twofold", identity("ci", func(i *policy.Identity) { i.SubjectRegexp = "x" }), "identities.ci", "both"},
		{"expression that is none", identity("team", func(i *policy.Identity) { i.SubjectRegexp = "a)|(b" }), "identities.team", "the expression for the identity"},
		{"identity that is never valid", identity("ci", func(i *policy.Identity) { i.NotBefore, i.NotAfter = day("2027-01-01"), day("2026-01-01") }), "identities.ci", "is never valid"},
		{"identity with a key's name", func(p *policy.Policy) { p.Identities["a"] = p.Identities["ci"] }, "identities.a", "has the name of a key too"},
		{"expressions without end", func(p *policy.Policy) {
			for i := range 5 {
				p.Identities[fmt.Sprint(i)] = policy.Identity{SubjectRegexp: strings.Repeat("a", 4000), Issuer: github}
			}
		}, "identities", "more than 16384 bytes of expressions"},

		{"digest cut short", func(p *policy.Policy) { p.Deny = []policy.Digest{digest, {"abc", "x"}} }, "deny[1].sha256", `is "abc"`},
		{"digest in upper case", func(p *policy.Policy) { p.Allow = []policy.Digest{{strings.Repeat("A", 64), "x"}} }, "allow[0].sha256", "lower-case"},
		{"digest with its algorithm", func(p *policy.Policy) { p.Deny = []policy.Digest{{"sha256:" + digest.SHA256, "x"}} }, "deny[0].sha256", "expected 64"},
		{"deny without reason", func(p *policy.Policy) { p.Deny = []policy.Digest{{SHA256: digest.SHA256}} }, "deny[0]", "has no reason"},
		{"allow with a blank reason", func(p *policy.Policy) { p.Allow = []policy.Digest{{digest.SHA256, " \n"}} }, "allow[0]", "has no reason"},

		{"rule without name", rule(func(r *policy.Rule) { r.Name = nil }), "plugins[0]", "has no name, as in"},
		{"rule with an empty name", rule(func(r *policy.Rule) { r.Name = []string{"a", ""} }), "plugins[0].name[1]", "is no pattern"},
		{"pattern that is none", rule(func(r *policy.Rule) { r.Name = []string{"a*b["} }), "plugins[0].name[0]", `is "a*b[", which is no pattern`},
		{"pattern that no file name is as long as", rule(func(r *policy.Rule) { r.Name = []string{strings.Repeat("x", 256)} }), "plugins[0].name[0]", "is no pattern"},
		{"pattern with a folder", rule(func(r *policy.Rule) { r.Name = []string{"plugins/*.so"} }), "plugins[0].name[0]", "is no pattern"},
		{"pattern with a line break", rule(func(r *policy.Rule) { r.Name = []string{"a\n.so"} }), "plugins[0].name[0]", `"a\n.so"`},
		{"rule that asks for nothing", rule(func(r *policy.Rule) { r.Signers = nil }), "plugins[0]", "asks for no signature"},
		{"rule that asks for a version only", rule(func(r *policy.Rule) { r.Signers, r.MinVersion = nil, "v1.0.0" }), "plugins[0]", "asks for no signature"},
		{"refuses and asks", rule(func(r *policy.Rule) { r.Refuse = "x" }), "plugins[0]", "refuses, and asks for something as well"},
		{"refuses with a threshold", rule(func(r *policy.Rule) { r.Refuse, r.Signers, r.Threshold = "x", nil, -1 }), "plugins[0]", "refuses, and"},
		{"unknown signer", rule(func(r *policy.Rule) { r.Signers = []string{"A"} }), "plugins[0].signers", `names "A", which neither keys nor identities has`},
		{"signer twice", rule(func(r *policy.Rule) { r.Signers = []string{"a", "b", "a"} }), "plugins[0].signers", `names "a" twice`},
		{"threshold too high", rule(func(r *policy.Rule) { r.Threshold = 2 }), "plugins[0].threshold", "is 2, and there are 1 signers"},
		{"threshold below nothing", rule(func(r *policy.Rule) { r.Threshold = -1 }), "plugins[0].threshold", "is -1"},
		{"threshold without signers", rule(func(r *policy.Rule) {
			r.Signers, r.Threshold, r.Attestations = nil, 1, []policy.Attestation{{Type: "loads", Signers: []string{"a"}}}
		}), "plugins[0].threshold", "is 1, and there are 0 signers"},
		{"package that is no pattern", rule(func(r *policy.Rule) { r.Package = []string{"example.com/["} }), "plugins[0].package[0]", "is no pattern of import paths"},
		{"version that is none", rule(func(r *policy.Rule) { r.MinVersion = "1.4.0" }), "plugins[0].minVersion", `is "1.4.0", expected a semantic version`},
		{"version with build metadata", rule(func(r *policy.Rule) { r.MinVersion = "v1.4.0+2" }), "plugins[0].minVersion", `is "v1.4.0+2"`},
		{"verdict that is none", rule(func(r *policy.Rule) { r.Verdict = "Loads" }), "plugins[0].verdict", `is "Loads", expected loads`},

		{"attestation without type", attestation(policy.Attestation{}), "plugins[0].attestations[0].type", `is "", expected a URI or one of custom, cyclonedx`},
		{"attestation of an unknown type", attestation(policy.Attestation{Type: "slsa"}), "plugins[0].attestations[0].type", `is "slsa"`},
		{"attestation by nobody", rule(func(r *policy.Rule) { r.Signers, r.Attestations = nil, []policy.Attestation{{Type: "loads"}} }), "plugins[0].attestations[0]", "names no signers, and neither does the rule"},
		{"attestation by an unknown one", attestation(policy.Attestation{Type: "loads", Signers: []string{"x"}}), "plugins[0].attestations[0].signers", `names "x"`},
		{"attestation by one twice", attestation(policy.Attestation{Type: "loads", Signers: []string{"b", "b"}}), "plugins[0].attestations[0].signers", `names "b" twice`},
		{"attestation by too many", attestation(policy.Attestation{Type: "loads", Threshold: 2}), "plugins[0].attestations[0].threshold", "is 2, and there are 1 signers"},
		{"builders of what has none", attestation(policy.Attestation{Type: "loads", Builders: []string{"https://b"}}), "plugins[0].attestations[0]", "names builders"},
		{"builder of no name", attestation(policy.Attestation{Type: slsa1, Builders: []string{""}}), "plugins[0].attestations[0].builders", "has an empty one"},

		{"rule after one for all", func(p *policy.Policy) { p.Plugins = append(rest, policy.Rule{Name: []string{"x"}, Refuse: "x"}) }, "plugins[1]", "never decides, as plugins[0] comes first"},
		{"rule after one for all, of two stars", func(p *policy.Policy) {
			p.Plugins = []policy.Rule{{Name: []string{"**"}, Signers: []string{"a"}}, {Name: []string{"x"}, Refuse: "x"}}
		}, "plugins[1]", "never decides, as plugins[0]"},
		{"rule for a name that is taken", func(p *policy.Policy) {
			p.Plugins = append([]policy.Rule{{Name: []string{"x", "y"}, Signers: []string{"a"}}, {Name: []string{"x"}, Refuse: "x"}}, rest...)
		}, "plugins[1]", "never decides, as plugins[0]"},
	} {
		p := s.policy(nil, policy.Rule{Name: []string{"*.so"}, Signers: []string{"a"}})
		tt.change(p)
		_, err := p.Compile(policy.Options{Certificates: believe})
		checkRefused(t, tt.name, err, tt.at, tt.want)
	}
}

func TestCompileReads(t *testing.T) {
	s := newStage(t)
	a, b := s.keys["a"].public, s.keys["b"].public
	p := &policy.Policy{Schema: policy.Schema, Plugins: []policy.Rule{{Name: []string{"x", "*"}, Signers: []string{"f", "p"}, Threshold: 2}}, Keys: map[string]policy.Key{
		"f": {File: "a.pub", Fingerprint: a.Fingerprint()}, "p": {Fingerprint: b.Fingerprint()},
	}}
	read := func(name string) ([]byte, error) {
		if name != "a.pub" {
			return nil, os.ErrNotExist
		}
		return a.PEM(), nil
	}
	r, err := p.Compile(policy.Options{Keys: []*bundle.PublicKey{a, b}, ReadFile: read})
	if err != nil {
		t.Fatal(err)
	}
	s.sign("a")
	s.sign("b")
	if d := r.Check(policy.Subject{File: s.plugin, Data: s.data}, now); !d.Allowed {
		t.Errorf("%+v", d)
	}
	p.Keys["f"] = policy.Key{File: "b.pub"}
	_, err = p.Compile(policy.Options{Keys: []*bundle.PublicKey{b}, ReadFile: read})
	checkRefused(t, "no file", err, "keys.f.file", "cannot be read: file does not exist")

	identities := &policy.Policy{Schema: policy.Schema, Plugins: []policy.Rule{{Name: []string{"*"}, Signers: []string{"ci"}}},
		Identities: map[string]policy.Identity{"ci": {Subject: workflow, Issuer: github}}}
	s.certify(claim{Identity: workflow, Issuer: github})
	if r, err = identities.Compile(policy.Options{}); err != nil {
		t.Fatal(err)
	}
	if d := r.Check(policy.Subject{File: s.plugin, Data: s.data}, now); d.Allowed {
		t.Errorf("allowed what nothing verifies: %+v", d)
	}
	if _, err := identities.Compile(policy.Options{Certificates: func(p []bundle.IdentityPattern) (bundle.CertificateVerifier, error) {
		return nil, fmt.Errorf("no root for %s", p[0].Subject)
	}}); err == nil || !strings.Contains(err.Error(), "no root for "+workflow) {
		t.Errorf("error %v", err)
	}
}

// FuzzParsePolicy holds that Parse and Compile fail by an error in one line, and that
// rules that come of it decide.
func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(full(f)))
	f.Add([]byte(strings.ReplaceAll(full(f), "release", "\\u0000")))
	f.Add([]byte(`{"schema":"plugtool.policy/v1","plugins":[{"name":["*"],"refuse":"x"}]}`))
	f.Add([]byte(`{"schema":"plugtool.policy/v1","identities":{"a":{"subjectRegexp":".*","issuer":"https://i"}},"plugins":[{"name":["[^x]\\*?"],"signers":["a"]}]}`))
	s := newStage(f)
	s.sign("a")
	s.certify(claim{Identity: workflow, Issuer: github})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := policy.Parse(data)
		if err == nil {
			var r *policy.Rules
			if r, err = p.Compile(policy.Options{Certificates: believe}); err == nil {
				d := r.Check(policy.Subject{File: s.plugin, Data: s.data, Version: "v1.0.0"}, now)
				if d.Allowed != (d.Failed() == "") || d.Allowed != (d.Result.Status == bundle.Verified) {
					t.Errorf("%+v", d)
				}
				checkPlain(t, d.Rule+d.Result.Reason)
				return
			}
		}
		if !strings.HasPrefix(err.Error(), "policy: ") {
			t.Errorf("error %v", err)
		}
		checkPlain(t, err.Error())
	})
}
