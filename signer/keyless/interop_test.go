//go:build interop

package keyless_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/keyless"
)

// real gives what tools/sigstore says of its servers. Without them there is
// nothing to test.
func real(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv("SIGSTORE_TEST_" + name)
	if value == "" {
		t.Fatalf("no SIGSTORE_TEST_%s: run as go -C tools run ./sigstore go test -tags interop ./signer/keyless", name)
	}
	return value
}

func realFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(real(t, name))
	must(t, err)
	return data
}

func realOptions(t *testing.T) keyless.SignOptions {
	t.Helper()
	token, origin, err := keyless.Token(t.Context(), real(t, "TOKEN"), nothing)
	must(t, err)
	if origin != real(t, "TOKEN") {
		t.Errorf("token is from %q", origin)
	}
	return keyless.SignOptions{Token: token, SigningConfig: realFile(t, "SIGNING_CONFIG"), TrustedRoot: realFile(t, "TRUSTED_ROOT")}
}

func realIdentity(t *testing.T) []keyless.Matcher {
	return []keyless.Matcher{{Subject: real(t, "IDENTITY"), Issuer: real(t, "ISSUER")}}
}

// cosign runs cosign with the real servers, for the command's exit and output.
func cosign(t *testing.T, args ...string) (string, error) {
	t.Helper()
	c := exec.Command(real(t, "COSIGN"), args...)
	c.Dir = t.TempDir()
	out, err := c.CombinedOutput()
	return string(out), err
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(file, data, 0o600))
	return file
}

func identityFlags(t *testing.T) []string {
	return []string{"--trusted-root", real(t, "TRUSTED_ROOT"), "--certificate-identity", real(t, "IDENTITY"), "--certificate-oidc-issuer", real(t, "ISSUER")}
}

func signFlags(t *testing.T) []string {
	return []string{"--yes", "--trusted-root", real(t, "TRUSTED_ROOT"), "--signing-config", real(t, "SIGNING_CONFIG"), "--identity-token", real(t, "TOKEN")}
}

// What plugtool signs, cosign verifies.
func TestToCosign(t *testing.T) {
	message, err := keyless.SignMessage(t.Context(), plugin, realOptions(t))
	must(t, err)
	attestation, err := keyless.SignStatement(t.Context(), statement(plugin), realOptions(t))
	must(t, err)
	file := write(t, "a.so", plugin)
	for command, made := range map[string][]byte{"verify-blob": message, "verify-blob-attestation": attestation} {
		args := append([]string{command, "--bundle", write(t, "a.sigstore.json", made)}, identityFlags(t)...)
		if command == "verify-blob-attestation" {
			args = append(args, "--type", "slsaprovenance1")
		}
		if out, err := cosign(t, append(args, file)...); err != nil {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
		if out, err := cosign(t, append(args, write(t, "b.so", []byte("another")))...); err == nil {
			t.Errorf("%s of another file: %s", command, out)
		}
		for i, arg := range args {
			if arg == real(t, "IDENTITY") {
				args[i] = "eve@evil.example"
			}
		}
		if out, err := cosign(t, append(args, file)...); err == nil {
			t.Errorf("%s for another identity: %s", command, out)
		}
	}
}

// What cosign signs, plugtool verifies.
func TestFromCosign(t *testing.T) {
	v, err := keyless.NewVerifier(realFile(t, "TRUSTED_ROOT"), keyless.Options{})
	must(t, err)
	file, made := write(t, "a.so", plugin), filepath.Join(t.TempDir(), "a.sigstore.json")
	for kind, args := range map[keyless.Kind][]string{
		keyless.Message:     {"sign-blob"},
		keyless.Attestation: {"attest-blob", "--type", "slsaprovenance1", "--predicate", write(t, "predicate.json", []byte(`{"buildDefinition":{"buildType":"https://x.example","externalParameters":{}},"runDetails":{"builder":{"id":"https://x.example"}}}`))},
	} {
		if out, err := cosign(t, append(append(args, signFlags(t)...), "--bundle", made, file)...); err != nil {
			t.Errorf("%v: %v\n%s", args, err, out)
			continue
		}
		data, err := os.ReadFile(made)
		must(t, err)
		got, err := v.Verify(data, digest, kind, realIdentity(t))
		if err != nil {
			t.Errorf("%v: %v", args, err)
			continue
		}
		if kind == keyless.Attestation && !strings.Contains(string(got.Payload), "https://slsa.dev/provenance/v1") {
			t.Errorf("%v: %s", args, got.Payload)
		}
		_, err = v.Verify(data, digest, 1-kind, realIdentity(t))
		refused(t, args[0]+" as the other kind", err, bundle.Invalid, "expected")
		_, err = v.Verify(data, digest, kind, whoever)
		refused(t, args[0]+" by another", err, bundle.Untrusted, "was signed by "+real(t, "IDENTITY"))
		strange, err := keyless.NewVerifier(newInstance(t).trustedRoot(t), keyless.Options{})
		must(t, err)
		_, err = strange.Verify(data, digest, kind, realIdentity(t))
		refused(t, args[0]+" with another root", err, bundle.Untrusted, "no valid log entry")
	}
}

// Tokens as they are had in CI, each to a signature.
func TestRealTokens(t *testing.T) {
	for origin, tt := range map[string]struct {
		env  map[string]string
		want keyless.Identity
	}{
		"SIGSTORE_ID_TOKEN": {map[string]string{"SIGSTORE_ID_TOKEN": string(realFile(t, "TOKEN"))}, keyless.Identity{Subject: real(t, "IDENTITY"), Issuer: real(t, "ISSUER")}},
		"GitHub Actions": {map[string]string{"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": real(t, "ACTIONS_URL"), "ACTIONS_ID_TOKEN_REQUEST_TOKEN": real(t, "ACTIONS_TOKEN")},
			keyless.Identity{Subject: real(t, "ACTIONS_IDENTITY"), Issuer: real(t, "ACTIONS_ISSUER")}},
		"the provider " + real(t, "ISSUER"): {map[string]string{"PLUGTOOL_OIDC_ISSUER": real(t, "ISSUER"), "PLUGTOOL_OIDC_CLIENT_ID": real(t, "CLIENT_ID"), "PLUGTOOL_OIDC_CLIENT_SECRET": real(t, "CLIENT_SECRET")},
			keyless.Identity{Subject: real(t, "IDENTITY"), Issuer: real(t, "ISSUER")}},
	} {
		o := realOptions(t)
		var got string
		var err error
		o.Token, got, err = keyless.Token(t.Context(), "", environment(tt.env))
		if err != nil || got != origin {
			t.Errorf("%s: %q, %v", origin, got, err)
			continue
		}
		made, err := keyless.SignMessage(t.Context(), plugin, o)
		if err != nil {
			t.Errorf("%s: %v", origin, err)
			continue
		}
		v, err := keyless.NewVerifier(o.TrustedRoot, keyless.Options{})
		must(t, err)
		if signed, err := v.Verify(made, digest, keyless.Message, []keyless.Matcher{{Subject: tt.want.Subject, Issuer: tt.want.Issuer}}); err != nil || signed.Identity != tt.want {
			t.Errorf("%s: %+v, %v", origin, signed, err)
		}
		env := maps.Clone(tt.env)
		for name := range env {
			if strings.HasSuffix(name, "REQUEST_TOKEN") || strings.HasSuffix(name, "SECRET") {
				env[name] = "wrong"
				if _, _, err := keyless.Token(t.Context(), "", environment(env)); err == nil || !strings.Contains(err.Error(), "401") {
					t.Errorf("%s with a wrong secret: %v", origin, err)
				}
			}
		}
	}
}

// Errors of the real servers are told, and what does not verify is not
// returned.
func TestRealRefusals(t *testing.T) {
	o := realOptions(t)
	forged := strings.Split(o.Token, ".")
	o.Token = forged[0] + "." + forged[1] + "." + strings.Repeat("A", len(forged[2]))
	if _, err := keyless.SignMessage(t.Context(), plugin, o); err == nil || !strings.Contains(err.Error(), "Fulcio returned 400") || strings.Contains(err.Error(), forged[1]) {
		t.Errorf("forged token: %v", err)
	}
	o = realOptions(t)
	o.TrustedRoot = newInstance(t).trustedRoot(t)
	if made, err := keyless.SignMessage(t.Context(), plugin, o); made != nil || err == nil || !strings.Contains(err.Error(), "does not verify with the trusted root") {
		t.Errorf("another root: %s, %v", made, err)
	}
}
