package keyless_test

import (
	"testing"

	"github.com/sigstore/sigstore-go/pkg/testing/data"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/keyless"
)

// A bundle that others made with other servers: an identity that is neither
// mail nor URI, an entry of Rekor v1 whose promise is the only time, a log of
// certificates by Trillian, an RSA authority. And the root of the public
// instance, which did not make it.
func TestOthersBundle(t *testing.T) {
	b := data.Bundle(t, "othername.sigstore.json")
	made := marshal(t, b.Bundle)
	sum := [32]byte(b.GetMessageSignature().GetMessageDigest().GetDigest())
	verifier := func(name string) *keyless.Verifier {
		text, err := data.TrustedRoot(t, name).MarshalJSON()
		must(t, err)
		v, err := keyless.NewVerifier(text, keyless.Options{})
		must(t, err)
		return v
	}
	who := []keyless.Matcher{{Subject: "foo!oidc.local", Issuer: "http://oidc.local:8080"}}
	got, err := verifier("scaffolding.json").Verify(made, sum, keyless.Message, who)
	if err != nil {
		t.Fatal(err)
	}
	if got.Time.Year() != 2024 {
		t.Errorf("signed at %s", got.Time)
	}
	_, err = verifier("public-good.json").Verify(made, sum, keyless.Message, who)
	refused(t, "by the public instance's root", err, bundle.Untrusted, "no valid log entry")
}
