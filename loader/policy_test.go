//go:build linux

package loader_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/loader"
	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

// sum gives a digest as policies and statements write it.
func sum(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

// signAs puts a sidecar for one signer of several beside a plugin.
func (s signer) signAs(t *testing.T, plugin string) {
	t.Helper()
	s.sign(t, plugin)
	move(t, bundle.Path(plugin), bundle.SignerPath(plugin, s.public))
}

// attest puts an attestation beside a plugin.
func (s signer) attest(t *testing.T, plugin, short, predicate string) {
	t.Helper()
	uri, _ := policy.TypeURI(short)
	payload := fmt.Appendf(nil, `{"_type":%q,"subject":[{"name":"p.so","digest":{"sha256":%q}}],"predicateType":%q,"predicate":%s}`,
		bundle.StatementType, sum(read(t, plugin)), uri, predicate)
	digest := sha256.Sum256(bundle.PAE(bundle.PayloadType, payload))
	signature, err := ecdsa.SignASN1(rand.Reader, s.private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	sidecar, err := bundle.MarshalEnvelope(s.public, bundle.PayloadType, payload, signature)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Dir(plugin), filepath.Base(bundle.AttestationPath(plugin, short)), sidecar)
}

// A judgement is a plugin under a policy. The keys a and b are at hand.
type judgement struct {
	name   string
	change func(p *policy.Policy, plugin string) // of a policy by which a must sign
	put    func(t *testing.T, plugin string, a, b signer)
	rule   string // that decided
	text   string // of the refusal; "" where the plugin is opened
}

func signedByA(t *testing.T, plugin string, a, _ signer) { t.Helper(); a.sign(t, plugin) }

func asItIs(*policy.Policy, string) {}

func ruleFor(change func(*policy.Rule)) func(*policy.Policy, string) {
	return func(p *policy.Policy, _ string) { change(&p.Plugins[0]) }
}

func keyA(change func(*policy.Key)) func(*policy.Policy, string) {
	return func(p *policy.Policy, _ string) {
		k := p.Keys["a"]
		change(&k)
		p.Keys["a"] = k
	}
}

func both(p *policy.Rule) { p.Signers, p.Threshold = []string{"a", "b"}, 2 }

func provenHere(r *policy.Rule) { r.Attestations = []policy.Attestation{{Type: "loads"}} }

var judgements = []judgement{
	{name: "signed", change: asItIs, put: signedByA, rule: "plugins[0] (p*.so)"},
	{name: "unsigned", change: asItIs, put: func(*testing.T, string, signer, signer) {}, rule: "plugins[0] (p*.so)", text: "there is no signature"},
	{name: "signed by b", change: asItIs, put: func(t *testing.T, plugin string, _, b signer) { b.sign(t, plugin) }, text: "whom the rule does not name"},
	{name: "no rule for the name", put: signedByA, text: `no rule of the policy is for a file named "p.so"`,
		change: ruleFor(func(r *policy.Rule) { r.Name = []string{"q.so"} })},
	{name: "refused by name", put: signedByA, rule: "plugins[0] (p*.so)", text: "the policy refuses it: abandoned",
		change: func(p *policy.Policy, _ string) {
			p.Plugins[0] = policy.Rule{Name: []string{"p*.so"}, Refuse: "abandoned"}
			p.Plugins = append(p.Plugins, policy.Rule{Name: []string{"*"}, Signers: []string{"a"}})
		}},
	{name: "two of two", change: ruleFor(both), put: func(t *testing.T, plugin string, a, b signer) { a.signAs(t, plugin); b.signAs(t, plugin) }},
	{name: "one of two, twice", change: ruleFor(both), text: "is by 1, and has to be by 2 of a, b",
		put: func(t *testing.T, plugin string, a, _ signer) { a.signAs(t, plugin); a.sign(t, plugin) }},
	{name: "revoked", put: signedByA, text: "revoked: stolen", change: keyA(func(k *policy.Key) { k.Revoked = "stolen" })},
	{name: "expired", put: signedByA, text: "valid until 2020", change: keyA(func(k *policy.Key) { k.NotAfter = k.NotAfter.AddDate(2019, 0, 0) })},
	{name: "not valid yet", put: signedByA, text: "valid from 9999", change: keyA(func(k *policy.Key) { k.NotBefore = k.NotBefore.AddDate(9998, 0, 0) })},
	{name: "denied", put: signedByA, rule: "deny[0]", text: "CVE-1",
		change: func(p *policy.Policy, plugin string) { p.Deny = digestOf(plugin, "CVE-1") }},
	{name: "allowed without a signature", put: func(*testing.T, string, signer, signer) {}, rule: "allow[0]",
		change: func(p *policy.Policy, plugin string) { p.Allow = digestOf(plugin, "built here") }},
	{name: "version unknown", put: signedByA, text: "the policy wants v1.0.0 or newer",
		change: ruleFor(func(r *policy.Rule) { r.MinVersion = "v1.0.0" })},
	{name: "proved to load here", change: ruleFor(provenHere), put: func(t *testing.T, plugin string, a, _ signer) {
		a.sign(t, plugin)
		a.attest(t, plugin, "loads", `{"hosts":[{"name":"test host","identity":"`+hostIdentity(t)+`"}]}`)
	}},
	{name: "proved to load elsewhere", change: ruleFor(provenHere), text: "the host at hand is sha256:",
		put: func(t *testing.T, plugin string, a, _ signer) {
			a.sign(t, plugin)
			a.attest(t, plugin, "loads", `{"hosts":[{"name":"other","identity":"sha256:00"}]}`)
		}},
	{name: "not proved to load", change: ruleFor(provenHere), put: signedByA, text: "there is no attestation loads"},
	{name: "signed by an identity", text: "set Policy.Certificates to what package loader/keyless gives",
		change: func(p *policy.Policy, _ string) {
			p.Identities = map[string]policy.Identity{"ci": {Subject: "ci@example.com", Issuer: "https://example.com"}}
			p.Plugins[0].Signers = []string{"ci", "a"}
		},
		put: func(t *testing.T, plugin string, _, b signer) {
			b.sign(t, plugin)
			text := strings.Replace(string(read(t, bundle.Path(plugin))), `"publicKey":{"hint":"`+b.public.Hint()+`"}`, `"certificate":{"rawBytes":"AA=="}`, 1)
			write(t, filepath.Dir(plugin), filepath.Base(bundle.Path(plugin)), []byte(text))
		}},
	{name: "signed by a key beside an identity", put: signedByA, change: func(p *policy.Policy, _ string) {
		p.Identities = map[string]policy.Identity{"ci": {Subject: "ci@example.com", Issuer: "https://example.com"}}
		p.Plugins[0].Signers = []string{"ci", "a"}
	}},
	{name: "would not load", put: func(t *testing.T, plugin string, a, _ signer) {
		put(t, "mismatch.so", filepath.Dir(plugin), filepath.Base(plugin))
		a.sign(t, plugin)
	}, change: ruleFor(func(r *policy.Rule) { r.Verdict = "loads" }), text: "different version of package"},
}

func digestOf(plugin, reason string) []policy.Digest {
	data, err := os.ReadFile(plugin)
	if err != nil {
		panic(err)
	}
	return []policy.Digest{{SHA256: sum(data), Reason: reason}}
}

func hostIdentity(t *testing.T) string {
	t.Helper()
	h, err := inspector.OpenHost(filepath.Join(built, "host"))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	identity, err := h.Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

// policyFile writes a policy as JSON.
func policyFile(t *testing.T, p policy.Policy) string {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, t.TempDir(), "policy.json", text)
}

func policyFor(a, b signer) policy.Policy {
	return policy.Policy{
		Schema:  policy.Schema,
		Keys:    map[string]policy.Key{"a": {PEM: string(a.public.PEM())}, "b": {PEM: string(b.public.PEM())}},
		Plugins: []policy.Rule{{Name: []string{"p*.so"}, Signers: []string{"a"}}},
	}
}

// TestPolicy has a running host open plugins under policies: what they refuse never ran.
func TestPolicy(t *testing.T) {
	a, b := newSigner(t), newSigner(t)
	for _, test := range judgements {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			chmod(t, dir, 0o755)
			plugin := put(t, "twin.so", dir, "p.so")
			p := policyFor(a, b)
			test.change(&p, plugin)
			test.put(t, plugin, a, b)
			log := filepath.Join(t.TempDir(), "log")
			lines, inits := run(t, "-policy", policyFile(t, p), "-log", log, "check="+plugin, "opendir="+dir, "open="+plugin)
			for _, l := range lines {
				if (l.Error != "") != (test.text != "") || !strings.Contains(l.Error, test.text) || strings.Contains(l.Error, "\n") {
					t.Errorf("%s: error %q, want one line with %q", l.Step, l.Error, test.text)
				}
			}
			if test.text == "" != slices.Equal(inits, []string{"twingood"}) {
				t.Errorf("inits %v", inits)
			}
			if text := string(read(t, log)); test.rule != "" && !strings.Contains(text, `"rule":"`+test.rule) {
				t.Errorf("no event names the rule %q:\n%s", test.rule, text)
			}
		})
	}
}

// TestMinimumVersion is a rollback: both versions were signed by the same key.
func TestMinimumVersion(t *testing.T) {
	a := newSigner(t)
	source := t.TempDir()
	write(t, source, "go.mod", []byte("module example.com/versioned\n\ngo 1.26\n"))
	write(t, source, "main.go", []byte("package main\n\nfunc Variant() string { return \"versioned\" }\n\nfunc main() {}\n"))
	dir := t.TempDir()
	plugin := filepath.Join(dir, "p.so")
	for _, args := range [][]string{
		{"git", "init", "-q"}, {"git", "add", "."},
		{"git", "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "first"},
		{"git", "tag", "v1.4.0"},
		{"go", "build", "-buildmode=plugin", "-buildvcs=true", "-o", plugin, "."},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = source
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	a.sign(t, plugin)
	for least, text := range map[string]string{"v1.3.9": "", "v1.4.0": "", "v1.4.1": "it is v1.4.0, the policy wants v1.4.1 or newer"} {
		p := policyFor(a, a)
		delete(p.Keys, "b")
		p.Plugins[0].MinVersion = least
		lines, _ := run(t, "-policy", policyFile(t, p), "open="+plugin)
		if l := lines[0]; (l.Error != "") != (text != "") || !strings.Contains(l.Error, text) {
			t.Errorf("at least %s: error %q, want one with %q", least, l.Error, text)
		}
	}
}

// TestPolicyValue holds that a policy says one thing.
func TestPolicyValue(t *testing.T) {
	a := newSigner(t)
	plugin := put(t, "twin.so", t.TempDir(), "p.so")
	good := policyFor(a, newSigner(t))
	pem := []string{string(a.public.PEM())}
	never := policyFor(a, a)
	certificates := func([]bundle.IdentityPattern) (bundle.CertificateVerifier, error) {
		return nil, errors.New("no trusted root")
	}
	withIdentity := policyFor(a, newSigner(t))
	withIdentity.Identities = map[string]policy.Identity{"ci": {Subject: "ci@example.com", Issuer: "https://example.com"}}
	for _, test := range []struct {
		name   string
		policy loader.Policy
		text   string
	}{
		{"nothing", loader.Policy{}, "names no key and has no rules"},
		{"keys and rules", loader.Policy{Keys: pem, Rules: &good}, "exactly one of"},
		{"rules and unsigned", loader.Policy{AllowUnsigned: true, Rules: &good}, "exactly one of"},
		{"keys and unsigned", loader.Policy{AllowUnsigned: true, Keys: pem}, "exactly one of"},
		{"certificates without rules", loader.Policy{Keys: pem, Certificates: certificates}, "no Rules"},
		{"one key under two names", loader.Policy{Rules: &never}, "same key"},
		{"certificates that fail", loader.Policy{Rules: &withIdentity, Certificates: certificates}, "no trusted root"},
		{"a negative size", loader.Policy{Keys: pem, MaxSize: -1}, "want more than 0"},
	} {
		var events []loader.Event
		test.policy.Observe = func(e loader.Event) { events = append(events, e) }
		for name, open := range map[string]func() error{
			"Open": func() error { _, err := loader.Open(context.Background(), plugin, test.policy); return err },
			"OpenDir": func() error {
				_, err := loader.OpenDir(context.Background(), filepath.Dir(plugin), test.policy)
				return err
			},
			"Check": func() error { _, err := loader.Check(context.Background(), plugin, test.policy); return err },
		} {
			err := open()
			if e, ok := errors.AsType[*loader.Error](err); !ok || e.Class != loader.ClassPolicy || !strings.Contains(err.Error(), test.text) {
				t.Errorf("%s: %s: %v, want an error of the policy with %q", test.name, name, err, test.text)
			}
		}
		if len(events) != 3 || events[0].Stage != loader.StageEnd || events[0].Class != loader.ClassPolicy {
			t.Errorf("%s: events %+v, want the end of each call", test.name, events)
		}
	}
}

func TestParsePolicy(t *testing.T) {
	a := newSigner(t)
	text := read(t, policyFile(t, policyFor(a, newSigner(t))))
	p, err := loader.ParsePolicy(text)
	if err != nil || p.Rules == nil || len(p.Keys) > 0 || p.AllowUnsigned {
		t.Errorf("got %+v, %v", p, err)
	}
	for _, bad := range []string{"", "{}", `{"schema":"plugtool.policy/v1"}`, string(text) + "{}",
		strings.Replace(string(text), `"signers"`, `"Signers"`, 1), strings.Replace(string(text), `["a"]`, `["c"]`, 1)} {
		if _, err := loader.ParsePolicy([]byte(bad)); err == nil || !strings.HasPrefix(err.Error(), "policy") {
			t.Errorf("%s: error %v", bad, err)
		}
	}
}
