//go:build linux

package keyless_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/loader"
	hosts "github.com/plugtool/plugtool/loader/keyless"
	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

func identityPolicy(subject string) policy.Policy {
	return policy.Policy{
		Schema:     policy.Schema,
		Identities: map[string]policy.Identity{"ci": {Subject: subject, Issuer: actions}},
		Plugins:    []policy.Rule{{Name: []string{"*.so"}, Signers: []string{"ci"}}},
	}
}

// A host that imports loader/keyless, built and run: it opens what the identity signed, and
// nothing else. (The test stands here since the authorities that it needs do.)
func TestHostOpensWhatAnIdentitySigned(t *testing.T) {
	i, dir := newInstance(t), t.TempDir()
	host, file := filepath.Join(dir, "host"), filepath.Join(dir, "p.so")
	for _, args := range [][]string{
		{"build", "-o", host, "../../loader/keyless/testdata/host"},
		{"build", "-buildmode=plugin", "-o", file, "../../loader/keyless/testdata/plugin"},
	} {
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
	}
	data, err := os.ReadFile(file)
	must(t, err)
	rootFile, policyFile := filepath.Join(dir, "root.json"), filepath.Join(dir, "policy.json")
	must(t, os.WriteFile(rootFile, i.trustedRoot(t), 0o600))
	with := func(p policy.Policy, sign recipe) (string, error) {
		text, err := json.Marshal(p)
		must(t, err)
		must(t, os.WriteFile(policyFile, text, 0o600))
		sidecar := bundle.Path(file)
		if sign.statement != nil {
			must(t, os.Remove(sidecar))
			sidecar = bundle.AttestationPath(file, "slsaprovenance1")
		}
		must(t, os.WriteFile(sidecar, marshal(t, i.sign(t, data, sign)), 0o600))
		out, err := exec.Command(host, policyFile, rootFile, file).CombinedOutput()
		return string(out), err
	}
	if out, err := with(identityPolicy(someone), recipe{}); err != nil || out != "keyless "+someone+"\n" {
		t.Errorf("signed by the identity: %v, %s", err, out)
	}
	for what, tt := range map[string]struct {
		policy policy.Policy
		sign   recipe
		text   string
	}{
		"another identity": {identityPolicy(someone + "x"), recipe{}, "signature untrusted"},
		"no SCT":           {identityPolicy(someone), recipe{noSCT: true}, "signature"},
		"another issuer":   {identityPolicy(someone), recipe{issuer: "https://evil.example"}, "signature untrusted"},
	} {
		if out, err := with(tt.policy, tt.sign); err == nil || !strings.Contains(out, tt.text) {
			t.Errorf("%s: %v, %s, want a refusal with %q", what, err, out, tt.text)
		}
	}
	attested := identityPolicy(someone)
	attested.Plugins[0].Signers = nil
	attested.Plugins[0].Attestations = []policy.Attestation{{Type: "slsaprovenance1", Signers: []string{"ci"}}}
	if out, err := with(attested, recipe{statement: statement(data)}); err != nil || !strings.Contains(out, someone) {
		t.Errorf("attested by the identity: %v, %s", err, out)
	}
}

// What Certificates is given is checked when a plugin is opened, and closes the way.
func TestCertificates(t *testing.T) {
	i, ctx := newInstance(t), t.Context()
	file := filepath.Join(t.TempDir(), "p.so")
	must(t, os.WriteFile(file, plugin, 0o600))
	must(t, os.WriteFile(bundle.Path(file), marshal(t, i.sign(t, plugin, recipe{noSCT: true})), 0o600))
	rules := identityPolicy(someone)
	for what, tt := range map[string]struct {
		root    []byte
		options hosts.Options
		class   loader.Class
	}{
		"no root":       {nil, hosts.Options{}, loader.ClassPolicy},
		"broken root":   {[]byte("{"), hosts.Options{}, loader.ClassPolicy},
		"all asked for": {i.trustedRoot(t), hosts.Options{}, loader.ClassSignature},
		"SCT not asked": {i.trustedRoot(t), hosts.Options{InsecureIgnoreSCT: true}, loader.ClassVerdict}, // the signature is good; it is no plugin
	} {
		_, err := loader.Check(ctx, file, loader.Policy{Rules: &rules, Certificates: tt.options.Certificates(tt.root)})
		if e, ok := err.(*loader.Error); !ok || e.Class != tt.class {
			t.Errorf("%s: %v, want an error of class %s", what, err, tt.class)
		}
	}
}
