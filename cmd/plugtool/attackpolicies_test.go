package main

import (
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/plugtool/plugtool/signer/bundle"
)

// policy writes policy.json, with the keys of the arena by name; the rest of it is rules
// and lists in JSON.
func (w *arena) policy(rest string) {
	w.t.Helper()
	keys := map[string]any{}
	for _, name := range []string{"good", "second", "rsa"} {
		keys[name] = map[string]any{"pem": string(w.public(name).PEM())}
	}
	text, err := json.Marshal(keys)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write("policy.json", []byte(`{"schema":"plugtool.policy/v1","keys":`+string(text)+`,`+rest+`}`))
}

// policed is an attack on a policy, which holds before it.
func policed(name, rest string, status bundle.Status, code int, do func(*arena)) attack {
	return attack{
		name: name, args: []string{"--policy", "policy.json", "p.so"}, code: code, status: status,
		do: func(w *arena) {
			w.sign("second", "p.so", "p.so.second.sigstore.json")
			w.policy(rest)
			if do != nil {
				do(w)
			}
		},
	}
}

// both is a rule that two keys have to sign.
const both = `"plugins":[{"name":["p.so"],"signers":["good","second"],"threshold":2}]`

// TestPoliciesHold is the control of policyAttacks: without an attack, policies like
// theirs hold.
func TestPoliciesHold(t *testing.T) {
	one := `"plugins":[{"name":["*.so"],"signers":["good"]%s}]`
	for name, rest := range map[string]string{
		"both keys":      both,
		"one key":        fmt.Sprintf(one, ""),
		"another denied": fmt.Sprintf(one, "") + `,"deny":[{"sha256":"` + strings.Repeat("0", 64) + `","reason":"another"}]`,
		"attested":       fmt.Sprintf(one, `,"attestations":[{"type":"slsaprovenance1","builders":["https://builder.example"]}]`),
	} {
		w := newArena(t)
		w.sign("second", "p.so", "p.so.second.sigstore.json")
		w.write("p.so.x.intoto.sigstore.json", w.statement("good", "https://slsa.dev/provenance/v1", `{"runDetails":{"builder":{"id":"https://builder.example"}}}`))
		w.policy(rest)
		if code, status, text := w.verify("--policy", "policy.json", "p.so"); code != exitOK || status != string(bundle.Verified) {
			t.Errorf("%s: exit code %d, status %q\n%s", name, code, status, text)
		}
	}
}

// policyAttacks try to get past a policy.
func policyAttacks() []attack {
	keyTimes := func(field string) func(*arena) {
		return func(w *arena) {
			text := strings.Replace(string(w.read("policy.json")), `"good":{`, `"good":{`+field+`,`, 1)
			w.write("policy.json", []byte(text))
		}
	}
	day := func(days int) string { return time.Now().AddDate(0, 0, days).UTC().Format(time.RFC3339) }
	good := `"plugins":[{"name":["p.so"],"signers":["good"]}]`
	remove := func(name string) func(*arena) {
		return func(w *arena) {
			if err := os.Remove(w.path(name)); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	digest := func(list string) func(*arena) {
		return func(w *arena) {
			w.policy(good + fmt.Sprintf(`,%q:[{"sha256":"%x","reason":"it leaks"}]`, list, sha256.Sum256(w.read("p.so"))))
		}
	}
	attested := func(name, requirement, predicateType string, key string) attack {
		return policed(name, `"plugins":[{"name":["p.so"],"signers":["good"],"attestations":[`+requirement+`]}]`, bundle.Untrusted, 0, func(w *arena) {
			w.write("p.so.x.intoto.sigstore.json", w.statement(key, predicateType, `{"runDetails":{"builder":{"id":"https://builder.example/evil"}}}`))
		})
	}
	return []attack{
		policed("threshold: one of two signatures removed", both, bundle.Untrusted, 0, remove("p.so.second.sigstore.json")),
		policed("threshold: one signature twice", both, bundle.Untrusted, 0, func(w *arena) {
			w.write("p.so.second.sigstore.json", w.read("p.so.sigstore.json"))
		}),
		policed("threshold: two signatures by one key", both, bundle.Untrusted, 0, func(w *arena) {
			w.sign("good", "p.so", "p.so.second.sigstore.json")
		}),
		policed("threshold: one signature under the hints of both", both, bundle.Untrusted, 0, func(w *arena) {
			w.write("p.so.second.sigstore.json", w.forged(w.public("second").Hint(), crypto.SHA256, w.raw("good", crypto.SHA256, w.read("p.so"))))
		}),
		policed("threshold: the second by a stranger", both, bundle.Untrusted, 0, func(w *arena) {
			w.sign("stranger", "p.so", "p.so.second.sigstore.json")
		}),
		policed("threshold: fifty copies", both, bundle.Untrusted, 0, func(w *arena) {
			remove("p.so.second.sigstore.json")(w)
			for i := range 50 {
				w.sign("good", "p.so", fmt.Sprintf("p.so.%d.sigstore.json", i))
			}
		}),
		policed("threshold: an attestation for the second signature", both, bundle.Untrusted, 0, func(w *arena) {
			w.write("p.so.second.sigstore.json", w.attested("second"))
		}),
		policed("threshold 0", strings.Replace(both, `"threshold":2`, `"threshold":0`, 1), "", exitUsage, nil),
		policed("negative threshold", strings.Replace(both, `"threshold":2`, `"threshold":-1`, 1), "", exitUsage, nil),
		policed("threshold above the number of signers", strings.Replace(both, `"threshold":2`, `"threshold":3`, 1), "", exitUsage, nil),
		policed("one signer named twice", strings.Replace(both, `"second"]`, `"good"]`, 1), "", exitUsage, nil),
		policed("one key under two names", both, "", exitUsage, func(w *arena) {
			text := strings.Replace(string(w.read("policy.json")), `"keys":{`, `"keys":{"twin":`+string(w.pemField("good"))+`,`, 1)
			w.write("policy.json", []byte(text))
		}),
		policed("rule without signers", `"plugins":[{"name":["p.so"]}]`, "", exitUsage, nil),
		policed("no rules", `"plugins":[]`, "", exitUsage, nil),
		policed("rules twice", good+","+good, "", exitUsage, nil),
		policed("Plugins beside plugins", good+`,"Plugins":[{"name":["*"],"signers":["second"]}]`, "", exitUsage, nil),
		policed("unknown field in a policy", good+`,"allowAll":true`, "", exitUsage, nil),
		policed("a policy of 2 MiB", good+strings.Repeat(" ", 2<<20), "", exitUsage, nil),
		policed("expired key", good, bundle.Untrusted, 0, keyTimes(`"notAfter":"`+day(-1)+`"`)),
		policed("key that is not valid yet", good, bundle.Untrusted, 0, keyTimes(`"notBefore":"`+day(1)+`"`)),
		policed("revoked key", good, bundle.Untrusted, 0, keyTimes(`"revoked":"stolen"`)),
		policed("threshold with an expired key", both, bundle.Untrusted, 0, keyTimes(`"notAfter":"`+day(-1)+`"`)),
		policed("denied digest", good, bundle.Untrusted, 0, digest("deny")),
		policed("denied and allowed digest", good, bundle.Untrusted, 0, func(w *arena) {
			sum := sha256.Sum256(w.read("p.so"))
			w.policy(good + fmt.Sprintf(`,"deny":[{"sha256":"%x","reason":"it leaks"}],"allow":[{"sha256":"%x","reason":"old"}]`, sum, sum))
		}),
		policed("allowed digest of another file", good, bundle.Invalid, 0, func(w *arena) {
			digest("allow")(w)
			w.write("p.so", append(w.read("p.so"), 0))
			remove("p.so.second.sigstore.json")(w)
		}),
		policed("refused by name", `"plugins":[{"name":["p*"],"refuse":"retired"},{"name":["*"],"signers":["good"]}]`, bundle.Untrusted, 0, nil),
		policed("no rule for it", `"plugins":[{"name":["payments-*.so"],"signers":["good"]}]`, bundle.Untrusted, 0, nil),
		policed("another rule's signer", `"plugins":[{"name":["p.so"],"signers":["rsa"]},{"name":["*"],"signers":["good"]}]`, bundle.Untrusted, 0, nil),
		{name: "renamed to match a laxer rule", do: func(w *arena) {
			w.policy(`"plugins":[{"name":["demo-*.so"],"signers":["second"]},{"name":["p.so"],"signers":["good"]}]`)
			w.write("p.so", append(w.read("p.so"), 0))
			w.sign("second", "p.so", "p.so.sigstore.json")
		}, args: []string{"--policy", "policy.json", "p.so"}, status: bundle.Untrusted},
		policed("another plugin by the same key", `"plugins":[{"name":["p.so"],"signers":["good"],"package":["example.com/another"]}]`, bundle.Untrusted, 0, nil),
		policed("older than the policy wants", `"plugins":[{"name":["p.so"],"signers":["good"],"minVersion":"v1.2.0"}]`, bundle.Untrusted, 0, nil),
		policed("a version that nobody wrote", `"plugins":[{"name":["p.so"],"signers":["good"],"minVersion":"1.2"}]`, "", exitUsage, nil),
		policed("a required verdict without a host", `"plugins":[{"name":["p.so"],"signers":["good"],"verdict":"loads"}]`, bundle.Verified, exitRefused, nil),
		policed("attestation that is not there", `"plugins":[{"name":["p.so"],"signers":["good"],"attestations":[{"type":"slsaprovenance1"}]}]`, bundle.Missing, 0, nil),
		attested("attestation by another signer", `{"type":"slsaprovenance1"}`, "https://slsa.dev/provenance/v1", "second"),
		attested("attestation of another type", `{"type":"slsaprovenance1"}`, "https://slsa.dev/provenance/v0.2", "good").withStatus(bundle.Missing),
		attested("attestation of a type that looks alike", `{"type":"slsaprovenance1"}`, "https://slsa.dev/provenance/v1/", "good").withStatus(bundle.Missing),
		attested("attestation by another builder", `{"type":"slsaprovenance1","builders":["https://builder.example"]}`, "https://slsa.dev/provenance/v1", "good"),
		attested("attestation for no host", `{"type":"loads"}`, "https://github.com/plugtool/plugtool/attestation/loads/v1", "good").withStatus(bundle.Invalid),
		policed("attestation of another plugin", `"plugins":[{"name":["p.so"],"signers":["good"],"attestations":[{"type":"slsaprovenance1"}]}]`, bundle.Invalid, 0, func(w *arena) {
			w.write("q.so", append(w.read("p.so"), 0))
			att := w.statementAbout("q.so", "good", "https://slsa.dev/provenance/v1", `{}`)
			w.write("p.so.x.intoto.sigstore.json", att)
		}),
		policed("a signature for the attestation", `"plugins":[{"name":["p.so"],"signers":["good"],"attestations":[{"type":"slsaprovenance1"}]}]`, bundle.Invalid, 0, func(w *arena) {
			w.write("p.so.x.intoto.sigstore.json", w.read("p.so.sigstore.json"))
		}),
		{name: "identity without a trusted root", do: func(*arena) {}, code: exitUsage,
			args: []string{"--certificate-identity", "a@example.com", "--certificate-oidc-issuer", "https://issuer.example", "p.so"}},
		{name: "identity without an issuer", do: func(*arena) {}, code: exitUsage, args: []string{"--certificate-identity", "a@example.com", "p.so"}},
		{name: "attestation demanded, a signature there", do: func(*arena) {}, status: bundle.Missing, args: []string{"--key", "good.pub", "--type", "slsaprovenance1", "p.so"}},
		{name: "attestation demanded, another type there", do: func(w *arena) { w.write("p.so.x.intoto.sigstore.json", w.attested("good")) },
			status: bundle.Missing, args: []string{"--key", "good.pub", "--type", "cyclonedx", "p.so"}},
		{name: "attestation demanded, a stranger's of another type there", do: func(w *arena) { w.write("p.so.x.intoto.sigstore.json", w.attested("stranger")) },
			status: bundle.Missing, args: []string{"--key", "good.pub", "--type", "vuln", "p.so"}},
		{name: "attestation demanded, a stranger's there", do: func(w *arena) { w.write("p.so.x.intoto.sigstore.json", w.attested("stranger")) },
			status: bundle.Untrusted, args: []string{"--key", "good.pub", "--type", "slsaprovenance1", "p.so"}},
		{name: "attestation demanded, another type about an older file there", do: func(w *arena) {
			w.write("q.so", []byte("older"))
			w.write("p.so.x.intoto.sigstore.json", w.statementAbout("q.so", "good", "https://slsa.dev/provenance/v1", "{}"))
		}, status: bundle.Missing, args: []string{"--key", "good.pub", "--type", "vuln", "p.so"}},
		{name: "unsigned where a signature is required by nobody's key", do: remove("p.so.sigstore.json"), status: bundle.Missing, args: []string{"--require-signature", "p.so"}},
		{name: "signed by anybody where a signature is required by nobody's key", do: func(*arena) {}, status: bundle.Unverified, args: []string{"--require-signature", "p.so"}},
	}
}

func (a attack) withStatus(s bundle.Status) attack {
	a.status = s
	return a
}

// pemField gives a key as a policy has it.
func (w *arena) pemField(key string) []byte {
	text, err := json.Marshal(map[string]string{"pem": string(w.public(key).PEM())})
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}
