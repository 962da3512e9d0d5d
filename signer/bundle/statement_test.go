package bundle_test

import (
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/signer/bundle"
)

func sha256Of(data []byte) string { sum := sha256.Sum256(data); return hex.EncodeToString(sum[:]) }

// statement gives an in-toto statement about data, with text in place of other text.
func statement(t testing.TB, data []byte, replacements ...string) []byte {
	t.Helper()
	s := []byte(fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a.so","digest":{"sha256":"%s"}}],`+
		`"predicateType":"https://slsa.dev/provenance/v1","predicate":{"runDetails":{"builder":{"id":"https://b"}}}}`, sha256Of(data)))
	for i := 0; i < len(replacements); i += 2 {
		s = replace(t, s, replacements[i], replacements[i+1])
	}
	return s
}

// envelope gives the bundle with a signature over payload.
func (s signer) envelope(t testing.TB, payloadType string, payload []byte) []byte {
	t.Helper()
	b, err := bundle.MarshalEnvelope(s.public, payloadType, payload, s.raw(t, bundle.PAE(payloadType, payload)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func verifyStatement(bundleJSON, data []byte, keys ...*bundle.PublicKey) (*bundle.Statement, *bundle.PublicKey, error) {
	b, err := bundle.Parse(bundleJSON)
	if err != nil {
		return nil, nil, err
	}
	return b.VerifyStatement(bundle.NewDigests(data), keys)
}

func TestPAE(t *testing.T) {
	// The example of DSSE's protocol.md.
	if got, want := string(bundle.PAE("http://example.com/HelloWorld", []byte("hello world"))), "DSSEv1 29 http://example.com/HelloWorld 11 hello world"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestVerifyStatement(t *testing.T) {
	data := []byte("a plugin")
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []signer{newSigner(t, elliptic.P256()), newSigner(t, elliptic.P384()), newSigner(t, elliptic.P521()), pssSigner(t), signerOf(t, private)} {
		got, key, err := verifyStatement(s.envelope(t, bundle.PayloadType, statement(t, data)), data, newSigner(t, elliptic.P256()).public, s.public)
		if err != nil {
			t.Errorf("%s: %v", s.public.Algorithm(), err)
			continue
		}
		builder, _ := got.Field("runDetails", "builder", "id")
		if key != s.public || got.PredicateType != "https://slsa.dev/provenance/v1" || builder != "https://b" {
			t.Errorf("%s: %+v by %v", s.public.Algorithm(), got, key)
		}
	}
}

func TestVerifyStatementRefuses(t *testing.T) {
	s, other, data := newSigner(t, elliptic.P256()), newSigner(t, elliptic.P256()), []byte("a plugin")
	good, sum := statement(t, data), sha256Of(data)
	sealed := s.envelope(t, bundle.PayloadType, good)
	subject := `{"name":"a.so","digest":{"sha256":"` + sum + `"}}`
	for _, tt := range []struct {
		name   string
		bundle []byte
		data   string
		status bundle.Status
		reason string
	}{
		{"another file", sealed, "b", bundle.Invalid, "is about a file with sha256 " + sum},
		{"another key", other.envelope(t, bundle.PayloadType, good), "", bundle.Untrusted, "was signed by key " + other.public.Fingerprint()},
		{"another key with this one's hint", replace(t, other.envelope(t, bundle.PayloadType, good), other.public.Hint(), s.public.Hint()), "", bundle.Untrusted, "damaged or forged"},
		{"a signature over the file", s.bundle(t, data), "", bundle.Invalid, "is a signature over the file, expected an attestation"},
		{"another payload type", s.envelope(t, "application/json", good), "", bundle.Invalid, `has payload type "application/json"`},
		{"payload type swapped after signing", replace(t, s.envelope(t, "application/json", good), "application/json", bundle.PayloadType), "", bundle.Untrusted, "damaged or forged"},
		{"payload type in other case", s.envelope(t, "application/vnd.in-toto+JSON", good), "", bundle.Invalid, "has payload type"},
		{"no statement", s.envelope(t, bundle.PayloadType, []byte(`"a"`)), "", bundle.Invalid, "is text, expected an object"},
		{"another statement type", s.envelope(t, bundle.PayloadType, statement(t, data, "Statement/v1", "Statement/v2")), "", bundle.Invalid, "field _type is"},
		{"no statement type", s.envelope(t, bundle.PayloadType, statement(t, data, `"_type":"https://in-toto.io/Statement/v1",`, "")), "", bundle.Invalid, "has no _type"},
		{"no subject", s.envelope(t, bundle.PayloadType, statement(t, data, subject, "")), "", bundle.Invalid, "has no subject"},
		{"subject without digest", s.envelope(t, bundle.PayloadType, statement(t, data, `"sha256":"`+sum+`"`, "")), "", bundle.Invalid, "has no digest"},
		{"subject with another algorithm", s.envelope(t, bundle.PayloadType, statement(t, data, `"sha256"`, `"sha1"`)), "", bundle.Invalid, "without a sha256"},
		{"digest in upper case", s.envelope(t, bundle.PayloadType, statement(t, data, sum, strings.ToUpper(sum))), "", bundle.Invalid, "lower-case hexadecimal"},
		{"digest cut short", s.envelope(t, bundle.PayloadType, statement(t, data, sum, sum[:32])), "", bundle.Invalid, "lower-case hexadecimal"},
		{"digest as a name", s.envelope(t, bundle.PayloadType, statement(t, data, `"name":"a.so","digest":{"sha256":"`+sum, `"name":"`+sum+`","digest":{"sha256":"`+sha256Of(nil))), "", bundle.Invalid, "is about a file with sha256 e3b0"},
		{"two digests that contradict each other", s.envelope(t, bundle.PayloadType, statement(t, data, sum+`"`, sum+`","sha512":"`+strings.Repeat("0", 128)+`"`)), "", bundle.Invalid, "with sha512 0000"},
		{"subject twice", s.envelope(t, bundle.PayloadType, statement(t, data, `"predicateType"`, `"subject":[],"predicateType"`)), "", bundle.Invalid, `has "subject" twice`},
		{"Subject", s.envelope(t, bundle.PayloadType, statement(t, data, `"predicateType"`, `"Subject":[],"predicateType"`)), "", bundle.Invalid, "differs from \"subject\" only in case"},
		{"predicate type twice", s.envelope(t, bundle.PayloadType, statement(t, data, `"predicateType"`, `"predicateType":"x","predicateType"`)), "", bundle.Invalid, `has "predicateType" twice`},
		{"no predicate type", s.envelope(t, bundle.PayloadType, statement(t, data, `"https://slsa.dev/provenance/v1"`, `""`)), "", bundle.Invalid, "has no predicateType"},
		{"builder twice", s.envelope(t, bundle.PayloadType, statement(t, data, `{"id":"https://b"}`, `{"id":"https://b","id":"https://c"}`)), "", bundle.Invalid, `has "id" twice`},
		{"predicate is text", s.envelope(t, bundle.PayloadType, statement(t, data, `{"runDetails":{"builder":{"id":"https://b"}}}`, `"x"`)), "", bundle.Invalid, "predicate is no object"},
		{"a predicate without end", s.envelope(t, bundle.PayloadType, statement(t, data, `"https://b"`, strings.Repeat("[", 200)+strings.Repeat("]", 200))), "", bundle.Invalid, "nests deeper"},
		{"something after it", s.envelope(t, bundle.PayloadType, append(good, good...)), "", bundle.Invalid, "is not JSON"},
		{"2000 subjects", s.envelope(t, bundle.PayloadType, statement(t, data, subject, strings.Repeat(subject+",", 1999)+subject)), "", bundle.Invalid, "more than 1024"},
	} {
		file := data
		if tt.data != "" {
			file = []byte(tt.data)
		}
		got, key, err := verifyStatement(tt.bundle, file, s.public)
		failure, ok := errors.AsType[*bundle.Error](err)
		if !ok || got != nil || key != nil {
			t.Errorf("%s: %v by %v, error %v", tt.name, got, key, err)
			continue
		}
		if failure.Status != tt.status || !strings.Contains(failure.Reason, tt.reason) {
			t.Errorf("%s: %s: %s\nwant %s with %q", tt.name, failure.Status, failure.Reason, tt.status, tt.reason)
		}
	}
}

// What is not read may be there: several subjects, digests that are not compared, names
// in a predicate that differ in case.
func TestVerifyStatementTakes(t *testing.T) {
	s, data := newSigner(t, elliptic.P256()), []byte("a plugin")
	sum, sum512 := sha256Of(data), sha512.Sum512(data)
	for name, st := range map[string][]byte{
		"v0.1":           statement(t, data, "Statement/v1", "Statement/v0.1"),
		"one of several": statement(t, data, `"subject":[`, `"subject":[{"name":"b","digest":{"sha256":"`+sha256Of([]byte("b"))+`"}},`),
		"more digests":   statement(t, data, sum+`"`, sum+`","gitCommit":"abc","sha512":"`+hex.EncodeToString(sum512[:])+`"`),
		"environment":    statement(t, data, `"https://b"`, `"https://b","env":{"path":"a","PATH":"b"}`),
		"spaces":         statement(t, data, `"predicate":{`, "\"predicate\" \n:\t {"),
	} {
		got, _, err := verifyStatement(s.envelope(t, bundle.PayloadType, st), data, s.public)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if id, ok := got.Field("runDetails", "builder", "id"); id != "https://b" || !ok {
			t.Errorf("%s: builder %q in %s", name, id, got.Predicate)
		}
		for _, path := range [][]string{{"RunDetails", "builder", "id"}, {"runDetails", "builder"}, {"runDetails", "builder", "id", "x"}, {"x"}} {
			if text, ok := got.Field(path...); ok {
				t.Errorf("%s: %v is %q", name, path, text)
			}
		}
	}
}

func TestMarshalEnvelopeRefuses(t *testing.T) {
	s := newSigner(t, elliptic.P256())
	payload := statement(t, []byte("a"))
	if b, err := bundle.MarshalEnvelope(s.public, bundle.PayloadType, payload, s.raw(t, payload)); err == nil {
		t.Errorf("took a signature over the bare payload: %s", b)
	}
}
