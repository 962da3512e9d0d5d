package policy_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

func TestListsAndRules(t *testing.T) {
	ask := policy.Rule{Name: []string{"*.so"}, Signers: []string{"a"}, MinVersion: "v9.0.0"}
	open := policy.Rule{Name: []string{"*.so"}, Signers: []string{"a"}}
	refuse := policy.Rule{Name: []string{"a.so"}, Refuse: "is retired"}
	loads := policy.Rule{Name: []string{"*.so"}, Signers: []string{"a"}, Verdict: "loads"}
	for _, tt := range []struct {
		name        string
		file        string // "" for a.so
		unsigned    bool
		deny, allow string // sha256; "this" for the plugin's
		outcome     string
		rules       []policy.Rule

		failed, rule, reason string
		verdict              bool
	}{
		{name: "no list", rules: []policy.Rule{open}, rule: "plugins[0] (*.so)"},
		{name: "denied", deny: "this", rules: []policy.Rule{open}, failed: "digest", rule: "deny[0]", reason: "the policy denies sha256 "},
		{name: "another is denied", deny: strings.Repeat("0", 64), rules: []policy.Rule{open}, rule: "plugins[0] (*.so)"},
		{name: "denied and allowed", deny: "this", allow: "this", rules: []policy.Rule{open}, failed: "digest", rule: "deny[0]"},
		{name: "denied, of which no rule is", file: "b.dll", deny: "this", rules: []policy.Rule{open}, failed: "digest", rule: "deny[0]"},
		{name: "allowed without a signature", unsigned: true, allow: "this", rules: []policy.Rule{ask}, rule: "allow[0]"},
		{name: "another is allowed", unsigned: true, allow: strings.Repeat("0", 64), rules: []policy.Rule{open}, failed: "signature", rule: "plugins[0] (*.so)", reason: "there is no signature"},
		{name: "allowed, of which no rule is", file: "b.dll", allow: "this", rules: []policy.Rule{open}, failed: "rule", rule: "", reason: `no rule of the policy is for a file named "b.dll"`},
		{name: "allowed and refused by name", allow: "this", rules: []policy.Rule{refuse, open}, failed: "rule", rule: "plugins[0] (a.so)", reason: "the policy refuses it: is retired"},
		{name: "allowed, with the verdict", unsigned: true, allow: "this", outcome: "loads", rules: []policy.Rule{loads}, rule: "allow[0]"},
		{name: "allowed, without the verdict", unsigned: true, allow: "this", rules: []policy.Rule{loads}, failed: "verdict", rule: "allow[0]", reason: "is not known", verdict: true},
		{name: "refused by name", rules: []policy.Rule{refuse, open}, failed: "rule", rule: "plugins[0] (a.so)"},
		{name: "not refused: an earlier rule is for it", rules: []policy.Rule{{Name: []string{"?.so"}, Signers: []string{"a"}}, refuse}, rule: "plugins[0] (?.so)"},
		{name: "the first rule asks for more", rules: []policy.Rule{ask, {Name: []string{"a.so"}, Signers: []string{"a"}}}, failed: "version", rule: "plugins[0] (*.so)", reason: "v9.0.0 or newer"},
		{name: "the first rule is by another, the second would do", rules: []policy.Rule{{Name: []string{"a.*"}, Signers: []string{"b"}}, open}, failed: "signature", rule: "plugins[0] (a.*)"},
		{name: "the second rule", rules: []policy.Rule{{Name: []string{"b.so", "c-*"}, Signers: []string{"b"}}, open}, rule: "plugins[1] (*.so)"},
		{name: "one of its names", rules: []policy.Rule{{Name: []string{"b.so", "[a-c].so"}, Signers: []string{"a"}}}, rule: "plugins[0] (b.so, [a-c].so)"},
		{name: "no rule", file: "a.so.bak", rules: []policy.Rule{open}, failed: "rule", rule: ""},
		{name: "upper case is another name", file: "A.SO", rules: []policy.Rule{open}, failed: "rule", rule: ""},
		{name: "a folder is no name", file: "sub.so/b.dll", rules: []policy.Rule{open}, failed: "rule", rule: ""},
		{name: "control characters", file: "b\n\x1b[2J.dll", rules: []policy.Rule{open}, failed: "rule", rule: "", reason: `"b\n\x1b[2J.dll"`},
		{name: "loads", outcome: "loads", rules: []policy.Rule{loads}, rule: "plugins[0] (*.so)"},
		{name: "is refused by the host", outcome: "refused", rules: []policy.Rule{loads}, failed: "verdict", rule: "plugins[0] (*.so)", reason: "the verdict is refused, the policy wants loads", verdict: true},
		{name: "no verdict", rules: []policy.Rule{loads}, failed: "verdict", rule: "plugins[0] (*.so)", reason: "not known, as no host was given", verdict: true},
		{name: "no signature and no verdict", unsigned: true, rules: []policy.Rule{loads}, failed: "signature", rule: "plugins[0] (*.so)"},
	} {
		s := newStage(t)
		if tt.file != "" {
			s.plugin = filepath.Join(filepath.Dir(s.plugin), tt.file)
			if err := os.MkdirAll(filepath.Dir(s.plugin), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if !tt.unsigned {
			s.sign("a")
		}
		list := func(sha256 string) []policy.Digest {
			if sha256 == "" {
				return nil
			}
			return []policy.Digest{{strings.Replace(sha256, "this", s.digest(), 1), "because\r\n\x1b[31mof it"}}
		}
		r := s.compile(s.policy(func(p *policy.Policy) { p.Deny, p.Allow = list(tt.deny), list(tt.allow) }, tt.rules...))
		d := r.Check(policy.Subject{File: s.plugin, Data: s.data, Outcome: tt.outcome}, now)
		if d.Allowed != (tt.failed == "") || d.Failed() != tt.failed || d.Rule != tt.rule || d.Result.Rule != tt.rule || d.Verdict != tt.verdict {
			t.Errorf("%s: %+v", tt.name, d)
		}
		if d.Allowed != (d.Result.Status == bundle.Verified) || !strings.Contains(d.Result.Reason, tt.reason) {
			t.Errorf("%s: %+v, want reason %q", tt.name, d.Result, tt.reason)
		}
		for _, step := range d.Steps {
			checkPlain(t, step.Why)
		}
		checkPlain(t, d.Rule+d.Result.Reason)
	}
}

func TestVersions(t *testing.T) {
	s := newStage(t)
	s.sign("a")
	for _, tt := range []struct {
		least, have string
		want        bool
	}{
		{"v1.4.0", "v1.4.0", true},
		{"v1.4.0", "v1.4.1", true},
		{"v1.4.0", "v1.3.9", false},
		{"v1.4.0", "v1.10.0", true},
		{"v1.10.0", "v1.9.0", false},
		{"v1.4.0", "v2.0.0", true},
		{"v1.4.0", "v1.4.0-rc.1", false},
		{"v1.4.0-rc.1", "v1.4.0", true},
		{"v1.4.0-rc.2", "v1.4.0-rc.10", true},
		{"v1.4.0-rc.2", "v1.4.0-rc.1", false},
		{"v1.4.0-rc.2", "v1.4.0-rc", false},
		{"v1.4.0-rc", "v1.4.0-rc.0", true},
		{"v1.4.0-1", "v1.4.0-rc", true},
		{"v1.4.0-rc", "v1.4.0-1", false},
		{"v1.4.0-a", "v1.4.0-B", false}, // in ASCII's order
		{"v1.4.0", "v1.4.0+dirty", true},
		{"v1.4.0", "v1.4.1-0.20260101000000-abcdefabcdef", true},
		{"v1.4.0", "v1.4.1-0.20260101000000-abcdefabcdef+dirty", true},
		{"v1.4.1", "v1.4.1-0.20260101000000-abcdefabcdef", false},
		{"v1.4.0", "v0.0.0-20260101000000-abcdefabcdef", false},
		{"v0.0.0-20260101000000-abcdefabcdef", "v0.0.0-20260201000000-000000000000", true},
		{"v0.0.0-20260101000000-abcdefabcdef", "v0.0.0-20251201000000-ffffffffffff", false},
		{"v2.0.0+incompatible", "v2.0.0+incompatible", true},
		{"v2.0.0", "v1.9.9+incompatible", false},
		{"v1.99999999999999999999999.0", "v1.100000000000000000000000.0", true},
		{"v1.100000000000000000000000.0", "v1.99999999999999999999999.0", false},
		{"v1.4.0", "(devel)", false},
		{"v1.4.0", "", false},
		{"v1.4.0", "1.5.0", false},
		{"v1.4.0", "v1.5", false},
		{"v1.4.0", "v1.5.0.0", false},
		{"v1.4.0", "v01.5.0", false},
		{"v1.4.0", "v1.05.0", false},
		{"v1.4.0", "v1.5.0-01", false},
		{"v1.4.0", "v1.5.0-", false},
		{"v1.4.0", "v1.5.0+", false},
		{"v1.4.0", "v1.5.0-a..b", false},
		{"v1.4.0", "v1.5.0-ä", false},
		{"v1.4.0", "v1.5.0 ", false},
		{"v1.4.0", " v1.5.0", false},
		{"v1.4.0", "V1.5.0", false},
		{"v1.4.0", "v-1.5.0", false},
		{"v1.4.0", "v1.5.٣", false},
		{"v1.4.0", "v1.5.0\x00", false},
		{"v1.4.0", "v1.5." + strings.Repeat("9", 300), false},
		{"v1.4.0", "\x1b[2J\n" + strings.Repeat("9", 3000), false},
	} {
		r := s.compile(s.policy(nil, policy.Rule{Name: []string{"*"}, Signers: []string{"a"}, MinVersion: tt.least}))
		d := r.Check(policy.Subject{File: s.plugin, Data: s.data, Version: tt.have}, now)
		if d.Allowed != tt.want || !tt.want && (d.Failed() != "version" || !strings.Contains(d.Result.Reason, tt.least)) {
			t.Errorf("%q where %s is wanted: %v, %s", tt.have, tt.least, d.Allowed, d.Result.Reason)
		}
		checkPlain(t, d.Result.Reason)
	}
}

// What is decided twice is read once: what changes in between does not make two
// decisions about two things.
func TestExamineReadsOnce(t *testing.T) {
	s := newStage(t)
	sidecar := s.sign("a")
	proved := s.attest("a", policy.LoadsType, proof(hostAtRun))
	rule := policy.Rule{Name: []string{"*"}, Signers: []string{"a"}, Attestations: []policy.Attestation{{Type: "loads"}}, Verdict: "loads"}
	e := s.compile(s.policy(nil, rule)).Examine(policy.Subject{File: s.plugin, Data: s.data, Hosts: []string{"x"}, Outcome: "refused"})
	if d := e.Decide(nil, "", now); d.Allowed || !d.Verdict || len(d.Result.Signers) != 2 {
		t.Errorf("without a host: %+v", d)
	}
	os.Remove(sidecar)
	os.Remove(proved)
	if d := e.Decide([]string{hostAtRun}, "loads", now); !d.Allowed {
		t.Errorf("with the host: %+v", d)
	}
	if d := e.Decide([]string{"other"}, "loads", now); d.Allowed || d.Failed() != "attestation loads" {
		t.Errorf("with another host: %+v", d)
	}
}

// A policy that changes after it was compiled changes no rules.
func TestCompileCopies(t *testing.T) {
	s := newStage(t)
	s.sign("b")
	s.attest("a", slsa1, provenance("https://evil.example"))
	rule := policy.Rule{Name: []string{"a.so"}, Signers: []string{"a"}, Attestations: []policy.Attestation{{Type: slsa1, Signers: []string{"a"}, Builders: []string{"https://b"}}}}
	p := s.policy(func(p *policy.Policy) { p.Deny = []policy.Digest{{s.digest(), "bad"}} }, rule)
	r := s.compile(p)
	p.Deny[0].SHA256 = strings.Repeat("0", 64)
	a := &p.Plugins[0].Attestations[0]
	p.Plugins[0].Signers[0], p.Plugins[0].Name[0], a.Signers[0], a.Builders[0], a.Type = "b", "*", "b", "https://evil.example", "x:y"
	subject := policy.Subject{File: s.plugin, Data: s.data}
	if d := r.Check(subject, now); d.Failed() != "digest" {
		t.Errorf("%+v", d)
	}
	p.Deny = nil
	p.Plugins[0] = policy.Rule{Name: slices.Clone(rule.Name), Signers: []string{"a"}}
	p.Plugins[0].Name[0] = "a.so"
	r = s.compile(p)
	p.Plugins[0].Signers[0] = "nobody"
	if d := r.Check(subject, now); d.Failed() != "signature" || !strings.Contains(d.Result.Reason, "it names a") {
		t.Errorf("%+v", d)
	}
}

func TestTypeNames(t *testing.T) {
	for short, uri := range map[string]string{"slsaprovenance1": slsa1, "slsaprovenance02": slsa02, "loads": policy.LoadsType, "custom": "x:y"} {
		if got := policy.ShortType(uri); got != short {
			t.Errorf("ShortType(%q) is %q, want %q", uri, got, short)
		}
	}
	for _, name := range []string{"", "slsa", "x:", ":x", "a b:c", "x:y\n"} {
		if uri, ok := policy.TypeURI(name); ok {
			t.Errorf("TypeURI(%q) is %q", name, uri)
		}
	}
}
