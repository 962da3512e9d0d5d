package keyless_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/keyless"
)

// What can be read in two ways is refused before anyone reads it so.
func TestStrict(t *testing.T) {
	i := newInstance(t)
	v := i.verifier(t, keyless.Options{})
	good := string(marshal(t, i.sign(t, plugin, recipe{})))
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("no %s in %s", old, good)
		}
		return strings.Replace(good, old, new, 1)
	}
	for _, tt := range []struct{ name, text, reason string }{
		{"nothing", "", "is not JSON"},
		{"more after it", good + "{}", "is not JSON"},
		{"field twice", replace(`"messageSignature":`, `"messageSignature":{},"messageSignature":`), ""},
		{"field in other case", replace(`"messageSignature":`, `"MessageSignature":{},"messageSignature":`), "only in case"},
		{"protobuf's name", replace(`"tlogEntries"`, `"tlog_entries"`), "unknown field"},
		{"a key beside the certificate", replace(`"certificate":`, `"publicKey":{"hint":"x"},"certificate":`), "both publicKey and certificate"},
		{"both kinds", replace(`"messageSignature":`, `"dsseEnvelope":{"payload":"e30=","payloadType":"t","signatures":[{"sig":"AA=="}]},"messageSignature":`), "both messageSignature and dsseEnvelope"},
		{"a chain", replace(`"certificate":{`, `"x509CertificateChain":{`), "not allowed"},
		{"older version", replace(`.v0.3+json`, `+json;version=0.1`), "mediaType"},
		{"certificate cut short", replace(`"rawBytes":"MII`, `"rawBytes":"MIIA`), ""},
		{"33 timestamps", replace(`"rfc3161Timestamps":[`, `"rfc3161Timestamps":[`+strings.Repeat(`{"signedTimestamp":"AA=="},`, 32)), "more than 32"},
		{"too large", good + strings.Repeat(" ", bundle.MaxSize), "too large"},
		{"entry without body", replace(`"canonicalizedBody"`, `"inclusionPromise":{},"integratedTime"`), ""},
		{"entry that is no entry", replace(`"canonicalizedBody":"`, `"canonicalizedBody":"e30=","integratedTime":"`), ""},
		{"digest of another kind", replace("SHA2_256", "SHA2_512"), "digest of 32 bytes"},
	} {
		_, err := v.Verify([]byte(tt.text), digest, keyless.Message, whoever)
		refused(t, tt.name, err, bundle.Invalid, tt.reason)
	}
}

// No byte of a bundle can change without its being refused, but for two that
// nobody signs and nothing is decided by: the frame of a timestamp, and the
// name that Rekor v1 puts before a checkpoint's signature.
func TestEveryByte(t *testing.T) {
	i := newInstance(t)
	v := i.verifier(t, keyless.Options{})
	for _, r := range []recipe{{}, {rekorV1: true}, {statement: statement(plugin)}} {
		kind := keyless.Message
		if r.statement != nil {
			kind = keyless.Attestation
		}
		b := i.sign(t, plugin, r)
		stamp := string(stamps(b).Rfc3161Timestamps[0].SignedTimestamp)
		good := marshal(t, b)
		from := bytes.Index(good, []byte(`"signedTimestamp"`))
		until := from + len(stamp)*4/3 + 25
		name := bytes.Index(good, []byte("— "+rekorHost))
		for at := 0; at < len(good); at += 5 {
			if at >= from && at < until || r.rekorV1 && at > name && at < name+len("— "+rekorHost) {
				continue
			}
			bad := bytes.Clone(good)
			bad[at] ^= []byte{1, 32}[at%2]
			if _, err := v.Verify(bad, digest, kind, whoever); err == nil {
				t.Errorf("rekorV1 %t, kind %d: accepted with another byte in …%s…", r.rekorV1, kind, bad[max(0, at-40):min(len(bad), at+20)])
			}
		}
	}
}

// The largest bundles that are read, full of what costs most to read, cost
// little.
func TestMemory(t *testing.T) {
	i := newInstance(t)
	v := i.verifier(t, keyless.Options{})
	deep := strings.Repeat("[", 9000) + strings.Repeat("]", 9000)
	for name, predicate := range map[string]string{
		"wide": "[" + strings.Repeat("0,", 350_000) + "0]", "deep": deep, "named": `{"` + strings.Repeat(`":0,"a`, 10) + `":{}}`,
	} {
		text := strings.Replace(string(statement(plugin)), `{"buildDefinition":{}}`, predicate, 1)
		made := marshal(t, i.sign(t, plugin, recipe{statement: []byte(text)}))
		if len(made) > bundle.MaxSize {
			t.Fatalf("%s: %d bytes", name, len(made))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := v.Verify(made, digest, keyless.Attestation, whoever)
		runtime.ReadMemStats(&after)
		if name != "named" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 48<<20 {
			t.Errorf("%s: %d MB allocated", name, n>>20)
		}
	}
}

func TestTrustedRoot(t *testing.T) {
	i := newInstance(t)
	without := func(name string) []byte {
		return i.trustedRoot(t, func(root map[string]any) { delete(root, name) })
	}
	for _, tt := range []struct {
		name   string
		root   []byte
		o      keyless.Options
		reason string
	}{
		{"none", nil, keyless.Options{}, "none is fetched"},
		{"not JSON", []byte("{"), keyless.Options{}, "cannot be read"},
		{"of another type", []byte(`{"mediaType":"x"}`), keyless.Options{}, "cannot be read"},
		{"unknown field", i.trustedRoot(t, func(root map[string]any) { root["x"] = 1 }), keyless.Options{}, "cannot be read"},
		{"too large", bytes.Repeat([]byte(" "), 2<<20), keyless.Options{}, "too large"},
		{"no authority", without("certificateAuthorities"), keyless.Options{}, "no certificate authority"},
		{"no log", without("tlogs"), keyless.Options{}, "no transparency log"},
		{"no CT log", without("ctlogs"), keyless.Options{}, "no certificate transparency log"},
		{"neither log nor timestamps", without("timestampAuthorities"), keyless.Options{InsecureIgnoreTlog: true}, "no timestamp authority"},
	} {
		if _, err := keyless.NewVerifier(tt.root, tt.o); err == nil || !strings.Contains(err.Error(), tt.reason) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, expected %q", tt.name, err, tt.reason)
		}
	}
	for name, o := range map[string]keyless.Options{"tlogs": {InsecureIgnoreTlog: true}, "ctlogs": {InsecureIgnoreSCT: true}} {
		if _, err := keyless.NewVerifier(without(name), o); err != nil {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	t := new(testing.T)
	i := newInstance(t)
	v := i.verifier(t, keyless.Options{})
	for _, r := range []recipe{{}, {rekorV1: true}, {statement: statement(plugin)}, {rekorV1: true, statement: statement(plugin)}} {
		f.Add(marshal(t, i.sign(t, plugin, r)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, kind := range []keyless.Kind{keyless.Message, keyless.Attestation} {
			got, err := v.Verify(data, digest, kind, whoever)
			if err == nil && got.Identity.Subject != someone {
				t.Errorf("verifies for %v", got.Identity)
			}
			if strings.Contains(fmt.Sprint(err), "reading it failed") {
				t.Errorf("panics: %v", err)
			}
		}
		keyless.Claimed(data)
	})
}
