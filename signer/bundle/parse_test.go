package bundle_test

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/signer/bundle"
)

func TestParseWhatOthersWrite(t *testing.T) {
	const none = crypto.Hash(0)
	for _, tt := range []struct {
		file             string
		hash             crypto.Hash
		certificate      bool
		logs, timestamps int
	}{
		{"cosign.json", crypto.SHA256, false, 0, 0},
		{"log.json", crypto.SHA256, false, 1, 1},
		{"keyless.json", crypto.SHA256, true, 1, 1},
		{"p384.json", crypto.SHA384, false, 0, 0},
		{"p521.json", crypto.SHA512, false, 0, 0},
		{"rsa2048.json", crypto.SHA256, false, 0, 0},
		{"attestation.json", none, false, 0, 0},
		{"keyless-attestation.json", none, true, 1, 1},
	} {
		b, err := bundle.Parse(fixture(t, tt.file))
		if err != nil {
			t.Errorf("%s: %v", tt.file, err)
			continue
		}
		if got := b.Certificate != nil; got != tt.certificate || (b.KeyHint != "") == tt.certificate {
			t.Errorf("%s: has certificate %t, hint %q", tt.file, got, b.KeyHint)
		}
		if b.LogEntries != tt.logs || b.Timestamps != tt.timestamps {
			t.Errorf("%s: has %d log entries and %d timestamps, want %d and %d", tt.file, b.LogEntries, b.Timestamps, tt.logs, tt.timestamps)
		}
		if (b.Message == nil) != (tt.hash == none) || (b.Envelope == nil) != (tt.hash != none) {
			t.Errorf("%s: message %v, envelope %v", tt.file, b.Message, b.Envelope)
			continue
		}
		if tt.hash == none {
			if e := b.Envelope; e.PayloadType != "application/vnd.in-toto+json" || !bytes.Contains(e.Payload, []byte(`"predicateType"`)) || len(e.Signature) == 0 {
				t.Errorf("%s: envelope of type %q with payload %s", tt.file, e.PayloadType, e.Payload)
			}
		} else if m := b.Message; m.Hash != tt.hash || len(m.Digest) != tt.hash.Size() || len(m.Signature) == 0 {
			t.Errorf("%s: message %+v", tt.file, m)
		}
	}
}

// What is written otherwise but means the same, and leaves no doubt, is read.
func TestParseTakes(t *testing.T) {
	plain := fixture(t, "cosign.json")
	for name, data := range map[string][]byte{
		"white space":          []byte(" \n" + strings.ReplaceAll(string(plain), ",", " ,\r\n\t ") + "\n"),
		"older media type":     replace(t, plain, "bundle.v0.3+json", "bundle+json;version=0.3"),
		"escaped text":         replace(t, plain, "mediaType", `media\u0054ype`),
		"no hint":              replace(t, plain, `"hint":`+hintOf(t, plain), ``),
		"empty lists":          replace(t, plain, `{"publicKey"`, `{"tlogEntries":[],"timestampVerificationData":{"rfc3161Timestamps":[]},"publicKey"`),
		"empty timestamp data": replace(t, plain, `{"publicKey"`, `{"timestampVerificationData":{},"publicKey"`),
		"log entry of Rekor v1": replace(t, plain, `{"publicKey"`, `{"tlogEntries":[{"logIndex":"3","logId":{"keyId":"AA=="},"kindVersion":{"kind":"hashedrekord","version":"0.0.1"},`+
			`"integratedTime":"1720811189","inclusionPromise":{"signedEntryTimestamp":"AA=="},"inclusionProof":{"logIndex":"3","rootHash":"AA==","treeSize":"9223372036854775807",`+
			`"hashes":["AA==",""],"checkpoint":{"envelope":"a\n— b\n"}},"canonicalizedBody":"AA=="}],"publicKey"`),
		"other order":         []byte(`{"messageSignature":` + strings.SplitN(strings.TrimSuffix(string(plain), "}"), `"messageSignature":`, 2)[1] + "," + strings.TrimPrefix(strings.SplitN(string(plain), `,"messageSignature"`, 2)[0], "{") + "}"),
		"as large as allowed": append(bytes.Clone(plain), bytes.Repeat([]byte(" "), bundle.MaxSize-len(plain))...),
	} {
		if _, err := verify(data, fixture(t, "artifact"), fixtureKey(t, "cosign.pub")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// hintOf gives the hint in a bundle, in its quotes.
func hintOf(t *testing.T, data []byte) string {
	t.Helper()
	_, after, _ := strings.Cut(string(data), `"hint":`)
	hint, _, ok := strings.Cut(after, "}")
	if !ok {
		t.Fatalf("no hint in %s", data)
	}
	return hint
}

// A refusal is a bundle that Parse must not take.
type refusal struct {
	name      string
	data      []byte
	old, new  string // what to change in data, where old is not empty
	wantError string
}

func checkRefusals(t *testing.T, refusals []refusal) {
	t.Helper()
	for _, tt := range refusals {
		data := tt.data
		if tt.old != "" {
			data = replace(t, data, tt.old, tt.new)
		}
		_, err := bundle.Parse(data)
		if err == nil || !strings.Contains(err.Error(), tt.wantError) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.wantError)
		} else if len(err.Error()) > 400 || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: error is not one short line: %q", tt.name, err)
		}
	}
}

// digestOf and signatureOf give those of a bundle in base64.
func digestOf(t *testing.T, data []byte) string {
	t.Helper()
	b, err := bundle.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Message.Digest)
}

func signatureOf(t *testing.T, data []byte) string {
	t.Helper()
	b, err := bundle.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Message.Signature)
}

// Not the one JSON value that a bundle is.
func TestParseRefusesOtherThanOneValue(t *testing.T) {
	plain := fixture(t, "cosign.json")
	hint := hintOf(t, plain)
	checkRefusals(t, []refusal{
		{"empty", nil, "", "", "not JSON"},
		{"null", []byte("null"), "", "", "is null, expected an object"},
		{"array", []byte("[]"), "", "", "is an array, expected an object"},
		{"text", []byte(`"x"`), "", "", "is text, expected an object"},
		{"number beyond numbers", []byte(`1e999`), "", "", "cannot be read"},
		{"empty object", []byte("{}"), "", "", "has no mediaType"},
		{"truncated", plain[:len(plain)-1], "", "", "not JSON"},
		{"trailing object", append(bytes.Clone(plain), "{}"...), "", "", "not JSON"},
		{"trailing bytes", append(bytes.Clone(plain), 0), "", "", "not JSON"},
		{"itself twice", append(bytes.Clone(plain), plain...), "", "", "not JSON"},
		{"byte order mark", append([]byte("\ufeff"), plain...), "", "", "not JSON"},
		{"comment", plain, `{"mediaType"`, `{/**/"mediaType"`, "not JSON"},
		{"trailing comma", plain, `"}}`, `",}}`, "not JSON"},
		{"invalid UTF-8", plain, hint, "\"\xff\"", "not valid UTF-8"},
		{"half a surrogate pair", plain, hint, `"\ud800"`, "hint is broken text"},
		{"one byte too large", append(bytes.Clone(plain), bytes.Repeat([]byte(" "), bundle.MaxSize-len(plain)+1)...), "", "", "too large: 1048577 bytes"},
		{"deep nesting", bytes.Repeat([]byte("["), bundle.MaxSize), "", "", "not JSON"},
		{"closed deep nesting", []byte(strings.Repeat("[", 9000) + strings.Repeat("]", 9000)), "", "", "is an array"},
		{"deep nesting in a field", plain, `"signature":`, `"deep":` + strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000) + `,"signature":`, "unknown field"},
	})
}

// Fields that another reader might take for others.
func TestParseRefusesDoubtfulFields(t *testing.T) {
	plain, logged := fixture(t, "cosign.json"), fixture(t, "log.json")
	digest := digestOf(t, plain)
	checkRefusals(t, []refusal{
		{"duplicate media type", plain, `{"mediaType"`, `{"mediaType":"` + bundle.MediaType + `","mediaType"`, `has "mediaType" twice`},
		{"duplicate signature", plain, `"signature":`, `"signature":"AA==","signature":`, `messageSignature has "signature" twice`},
		{"duplicate digest", plain, `"digest":`, `"digest":"` + digest + `","digest":`, `messageSignature.messageDigest has "digest" twice`},
		{"duplicate message", plain, `"messageSignature":`, `"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":"` + digest + `"},"signature":"AA=="},"messageSignature":`, `has "messageSignature" twice`},
		{"duplicate hint", plain, `"hint":`, `"hint":"x","hint":`, `has "hint" twice`},
		{"duplicate by escape", plain, `"signature":`, `"\u0073ignature":"AA==","signature":`, `has "signature" twice`},
		{"other case", plain, `"signature"`, `"Signature"`, `unknown field "Signature", which differs from "signature" only in case`},
		{"other case besides", plain, `"signature":`, `"SIGNATURE":"AA==","signature":`, "only in case"},
		{"other case by folding", plain, `"signature":`, `"ſignature":"AA==","signature":`, "only in case"},
		{"snake case", plain, `"mediaType"`, `"media_type"`, `unknown field "media_type"`},
		{"unknown field", plain, `{"mediaType"`, `{"extra":1,"mediaType"`, `unknown field "extra"`},
		{"unknown field within", plain, `"signature":`, `"extra":{},"signature":`, `messageSignature has unknown field "extra"`},
		{"unknown field in the log entry", logged, `"logId"`, `"extra":[],"logId"`, `verificationMaterial.tlogEntries[0] has unknown field`},
		{"key in the bundle", plain, `"hint":`, `"rawBytes":"AA==","hint":`, `publicKey has unknown field "rawBytes"`},
		{"long unknown field", plain, `{"mediaType"`, `{"` + strings.Repeat("x", 10000) + `":1,"mediaType"`, `x"…`},
		{"terminal commands in a name", plain, `{"mediaType"`, `{"\u001b]0;x\n":1,"mediaType"`, `"\x1b]0;x\n"`},
	})
}

// Values of another type or form.
func TestParseRefusesOtherValues(t *testing.T) {
	plain := fixture(t, "cosign.json")
	hint, digest, signature := hintOf(t, plain), digestOf(t, plain), signatureOf(t, plain)
	checkRefusals(t, []refusal{
		{"null field", plain, signature, `"`, "not JSON"},
		{"null for text", plain, hint, `null`, "hint is null, expected text"},
		{"number for text", plain, hint, `1`, "hint is a number, expected text"},
		{"boolean for text", plain, hint, `true`, "hint is a boolean, expected text"},
		{"object for text", plain, hint, `{}`, "hint is an object, expected text"},
		{"null for an object", plain, `{"hint":` + hint + `}`, `null`, "publicKey is null, expected an object"},
		{"array for an object", plain, `{"hint":` + hint + `}`, `[]`, "publicKey is an array, expected an object"},
		{"null for an absent field", plain, `{"publicKey"`, `{"timestampVerificationData":null,"publicKey"`, "is null, expected an object"},
		{"object for an array", plain, `{"publicKey"`, `{"tlogEntries":{},"publicKey"`, "is an object, expected an array"},
		{"URL-safe base64", plain, digest, strings.NewReplacer("+", "-", "/", "_").Replace("+/" + digest[2:]), "digest is not standard base64"},
		{"unpadded base64", plain, digest, strings.TrimRight(digest, "="), "digest is not standard base64"},
		{"base64 with loose bits", plain, digest, digest[:42] + loosen(digest[42]) + "=", "digest is not standard base64"},
		{"base64 with a line break", plain, digest, digest[:20] + `\n` + digest[20:], "digest has a line break"},
		{"base64 with a space", plain, digest, digest[:20] + ` ` + digest[20:], "digest is not standard base64"},
		{"hex digest", plain, digest, strings.Repeat("ab", 32), "has a digest of 48 bytes, SHA2_256 has 32"},
		{"short digest", plain, digest, "AAAA", "has a digest of 3 bytes"},
		{"empty digest", plain, digest, "", "digest is empty"},
		{"empty signature", plain, signature, "", "signature is empty"},
		{"no signature", plain, `,"signature":"` + signature + `"`, "", "messageSignature has no signature"},
		{"no digest", plain, `"messageDigest":{"algorithm":"SHA2_256","digest":"` + digest + `"},`, "", "has no messageDigest"},
		{"no digest value", plain, `,"digest":"` + digest + `"`, "", "messageDigest has no digest"},
		{"no algorithm", plain, `"algorithm":"SHA2_256",`, "", "has no algorithm"},
		{"other algorithm", plain, "SHA2_256", "SHA3_256", `algorithm is "SHA3_256", expected SHA2_256`},
		{"no such algorithm", plain, "SHA2_256", "HASH_ALGORITHM_UNSPECIFIED", "expected SHA2_256"},
		{"algorithm by number", plain, `"SHA2_256"`, "1", "algorithm is a number, expected text"},
		{"algorithm of another length", plain, "SHA2_256", "SHA2_512", "has a digest of 32 bytes, SHA2_512 has 64"},
		{"Ed25519 bundle of cosign", fixture(t, "ed25519.json"), "", "", "messageDigest has no algorithm"},
	})
}

// Other formats.
func TestParseRefusesOtherFormats(t *testing.T) {
	plain, attestation := fixture(t, "cosign.json"), fixture(t, "attestation.json")
	hint, signature := hintOf(t, plain), signatureOf(t, plain)
	checkRefusals(t, []refusal{
		{"legacy bundle", []byte(`{"base64Signature":"` + signature + `","cert":"","rekorBundle":null}`), "", "", "is of cosign's legacy format"},
		{"version 0.1", plain, ".v0.3+json", "+json;version=0.1", "mediaType is"},
		{"version 0.4", plain, ".v0.3+json", ".v0.4+json", "mediaType is"},
		{"media type of other case", plain, "application/", "Application/", "mediaType is"},
		{"empty media type", plain, bundle.MediaType, "", `mediaType is "", expected`},
		{"no media type", plain, `"mediaType":"` + bundle.MediaType + `",`, "", "has no mediaType"},
		{"no material", plain, `"verificationMaterial":{"publicKey":{"hint":` + hint + `}},`, "", "has no verificationMaterial"},
		{"no signer", plain, `"publicKey":{"hint":` + hint + `}`, "", "has neither publicKey nor certificate"},
		{"two signers", plain, `"publicKey":`, `"certificate":{"rawBytes":"AA=="},"publicKey":`, "has both publicKey and certificate"},
		{"certificate without bytes", plain, `"publicKey":{"hint":` + hint + `}`, `"certificate":{}`, "certificate without rawBytes"},
		{"certificate chain", plain, `"publicKey":{"hint":` + hint + `}`, `"x509CertificateChain":{"certificates":[]}`, "x509CertificateChain is not allowed"},
		{"no content", plain, content(t, plain), "", "has neither messageSignature nor dsseEnvelope"},
		{"both kinds", plain, content(t, plain), content(t, plain) + content(t, attestation), "has both messageSignature and dsseEnvelope"},
		{"two signatures on an attestation", attestation, `"signatures":[`, `"signatures":[{"sig":"AA=="},`, "has more than 1 elements"},
		{"no signature on an attestation", dsse(`"payload":"AA==","payloadType":"x","signatures":[]`), "", "", "dsseEnvelope has no signature"},
		{"no payload", dsse(`"payloadType":"x","signatures":[{"sig":"AA=="}]`), "", "", "dsseEnvelope has no payload"},
		{"empty payload", dsse(`"payload":""`), "", "", "dsseEnvelope.payload is empty"},
		{"no payload type", dsse(`"payload":"AA==","signatures":[{"sig":"AA=="}]`), "", "", "dsseEnvelope has no payloadType"},
		{"no signatures", dsse(`"payload":"AA==","payloadType":"x"`), "", "", "dsseEnvelope has no signature"},
		{"key id for a signature", dsse(`"payload":"AA==","payloadType":"x","signatures":[{"keyid":"x"}]`), "", "", "dsseEnvelope has no signature"},
	})
}

// The parts that are read and not used.
func TestParseRefusesInUnusedParts(t *testing.T) {
	plain, logged := fixture(t, "cosign.json"), fixture(t, "log.json")
	checkRefusals(t, []refusal{
		{"33 log entries", plain, `{"publicKey"`, `{"tlogEntries":[{}` + strings.Repeat(",{}", 32) + `],"publicKey"`, "tlogEntries has more than 32 elements"},
		{"33 timestamps", plain, `{"publicKey"`, `{"timestampVerificationData":{"rfc3161Timestamps":[{}` + strings.Repeat(",{}", 32) + `]},"publicKey"`, "has more than 32 elements"},
		{"log index as a number", logged, `{"logId"`, `{"logIndex":1,"logId"`, "logIndex is a number, expected text"},
		{"negative log index", logged, `{"logId"`, `{"logIndex":"-1","logId"`, `logIndex is "-1", expected a decimal number`},
		{"log index with a zero before", logged, `{"logId"`, `{"logIndex":"01","logId"`, "expected a decimal number"},
		{"log index beyond 64 bits", logged, `{"logId"`, `{"logIndex":"9223372036854775808","logId"`, "expected a decimal number"},
	})
}

// dsse gives a bundle with an envelope of these fields.
func dsse(fields string) []byte {
	return []byte(`{"mediaType":"` + bundle.MediaType + `","verificationMaterial":{"publicKey":{}},"dsseEnvelope":{` + fields + `}}`)
}

// loosen gives a base64 digit that differs from c only in bits that a padded
// last digit does not use.
func loosen(c byte) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return string(digits[strings.IndexByte(digits, c)|1])
}

// content gives the content field of a bundle with the comma before it.
func content(t *testing.T, data []byte) string {
	t.Helper()
	_, content, ok := strings.Cut(strings.TrimSuffix(string(data), "}"), "}},")
	if !ok {
		t.Fatalf("no content in %s", data)
	}
	return "," + content
}

// A bundle with any one byte changed means the same, or is refused, or fails
// to verify; it never means something else.
func TestParseEveryByte(t *testing.T) {
	artifact, key, plain := fixture(t, "artifact"), fixtureKey(t, "cosign.pub"), fixture(t, "cosign.json")
	hintAt := bytes.Index(plain, []byte(`"hint":"`)) + len(`"hint":"`)
	verified := 0
	for i := range plain {
		for _, flip := range []byte{0x01, 0x02, 0x20, 0x80, 0xff} {
			data := bytes.Clone(plain)
			data[i] ^= flip
			if _, err := verify(data, artifact, key); err == nil {
				verified++
				if i < hintAt || i >= hintAt+44 {
					t.Errorf("byte %d ^ %#x verifies: %s", i, flip, data)
				}
			}
		}
		if _, err := verify(plain[:i], artifact, key); err == nil {
			t.Errorf("the first %d bytes verify", i)
		}
		if _, err := verify(append(plain[:i:i], plain[i+1:]...), artifact, key); err == nil && (i < hintAt || i >= hintAt+44) {
			t.Errorf("verifies without byte %d", i)
		}
	}
	if verified == 0 {
		t.Error("no change of the hint verifies, although it decides nothing")
	}
}

// A bundle of any size and content costs little memory.
func TestParseMemory(t *testing.T) {
	full := func(unit string) []byte {
		return []byte(strings.Repeat(unit, bundle.MaxSize/len(unit)))
	}
	prefix := `{"mediaType":"` + bundle.MediaType + `","verificationMaterial":{"publicKey":{"hint":"`
	for _, tt := range []struct {
		name string
		data []byte
	}{
		{"120 MB", bytes.Repeat([]byte(" "), 120<<20)},
		{"arrays", full("[")},
		{"objects", full(`{"a":`)},
		{"numbers", append(append([]byte("["), full("1,")...), "1]"...)[2:]},
		{"one text", append(append([]byte(prefix), full("x")[:bundle.MaxSize-len(prefix)-5]...), `"}}}`...)},
		{"one escaped text", append(append([]byte(prefix), full(`\u0041`)[:6*((bundle.MaxSize-len(prefix)-6)/6)]...), `"}}}`...)},
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		if _, err := bundle.Parse(tt.data); err == nil {
			t.Errorf("%s: parses", tt.name)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
			t.Errorf("%s: allocates %s", tt.name, mebibytes(got))
		}
	}
}

func mebibytes(n uint64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
