package keyless_test

import (
	"crypto/sha256"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/keyless"
)

var (
	plugin  = []byte("a plugin")
	digest  = sha256.Sum256(plugin)
	whoever = []keyless.Matcher{{Subject: someone, Issuer: actions}}
)

func (i *instance) verifier(t *testing.T, o keyless.Options) *keyless.Verifier {
	t.Helper()
	v, err := keyless.NewVerifier(i.trustedRoot(t), o)
	must(t, err)
	return v
}

// refused checks that err refuses a bundle, and why.
func refused(t *testing.T, what string, err error, status bundle.Status, reason string) {
	t.Helper()
	e, ok := err.(*bundle.Error)
	switch {
	case err == nil:
		t.Errorf("%s: verifies", what)
	case !ok:
		t.Errorf("%s: %v (%T), expected a *bundle.Error", what, err, err)
	case e.Status != status || !strings.Contains(e.Reason, reason):
		t.Errorf("%s: %s: %s\nexpected %s: … %s …", what, e.Status, e.Reason, status, reason)
	case strings.ContainsAny(e.Reason, "\n\x1b"):
		t.Errorf("%s: reason is not one plain line: %q", what, e.Reason)
	}
}

func TestVerify(t *testing.T) {
	i := newInstance(t)
	v := i.verifier(t, keyless.Options{})
	for _, tt := range []struct {
		name   string
		recipe recipe
	}{
		{"message", recipe{}},
		{"attestation", recipe{statement: statement(plugin)}},
		{"message in Rekor v1", recipe{rekorV1: true}},
		{"attestation in Rekor v1", recipe{rekorV1: true, statement: statement(plugin)}},
		{"older issuer", recipe{olderIssuer: actions}},
		{"both issuers", recipe{issuer: actions, olderIssuer: actions}},
	} {
		kind, payload := keyless.Message, ""
		if tt.recipe.statement != nil {
			kind, payload = keyless.Attestation, string(statement(plugin))
		}
		made := marshal(t, i.sign(t, plugin, tt.recipe))
		got, err := v.Verify(made, digest, kind, whoever)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got.Identity != (keyless.Identity{Subject: someone, Issuer: actions}) || string(got.Payload) != payload || time.Since(got.Time).Abs() > time.Minute {
			t.Errorf("%s: %+v", tt.name, got)
		}
		if claimed, err := keyless.Claimed(made); err != nil || claimed != got.Identity {
			t.Errorf("%s: claimed %v, %v", tt.name, claimed, err)
		}
		_, err = v.Verify(made, digest, 1-kind, whoever)
		refused(t, tt.name+" as the other kind", err, bundle.Invalid, "expected")
		_, err = v.Verify(made, sha256.Sum256([]byte("another")), kind, whoever)
		refused(t, tt.name+" for another file", err, bundle.Invalid, "this file has")
	}
}

func TestConcurrent(t *testing.T) {
	i := newInstance(t)
	v := i.verifier(t, keyless.Options{})
	made := marshal(t, i.sign(t, plugin, recipe{}))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := v.Verify(made, digest, keyless.Message, whoever); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
