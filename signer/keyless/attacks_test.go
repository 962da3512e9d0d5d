package keyless_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/keyless"
)

func entry(b *protobundle.Bundle) *protorekor.TransparencyLogEntry {
	return b.VerificationMaterial.TlogEntries[0]
}

func stamps(b *protobundle.Bundle) *protobundle.TimestampVerificationData {
	return b.VerificationMaterial.TimestampVerificationData
}

func leaf(b *protobundle.Bundle) *protocommon.X509Certificate {
	return b.VerificationMaterial.GetCertificate()
}

func flip(b []byte) []byte {
	b = bytes.Clone(b)
	b[len(b)/2] ^= 1
	return b
}

// Evidence that is missing, forged, or someone else's.
func TestEvidence(t *testing.T) {
	i, strange := newInstance(t), newInstance(t)
	other := []byte("another plugin")
	long := [2]time.Time{time.Now().Add(-50 * time.Second), time.Now().Add(-40 * time.Second)}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(t, err)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	for _, tt := range []struct {
		name   string
		recipe recipe
		edit   func(b *protobundle.Bundle)
		reason string
	}{
		{"no log entry", recipe{}, func(b *protobundle.Bundle) { b.VerificationMaterial.TlogEntries = nil }, "no entry of a transparency log"},
		{"entry about another file", recipe{}, func(b *protobundle.Bundle) {
			b.VerificationMaterial.TlogEntries = i.sign(t, other, recipe{}).VerificationMaterial.TlogEntries
		}, "no valid log entry"},
		{"entry about the file by another", recipe{}, func(b *protobundle.Bundle) {
			b.VerificationMaterial.TlogEntries = i.sign(t, plugin, recipe{names: []name{{1, "eve@evil.example"}}}).VerificationMaterial.TlogEntries
		}, "no valid log entry"},
		{"entry about the file in Rekor v1 by another", recipe{rekorV1: true}, func(b *protobundle.Bundle) {
			b.VerificationMaterial.TlogEntries = i.sign(t, plugin, recipe{rekorV1: true}).VerificationMaterial.TlogEntries
		}, "no valid log entry"},
		{"entry about another file beside the right one", recipe{}, func(b *protobundle.Bundle) {
			e := i.sign(t, other, recipe{rekorV1: true}).VerificationMaterial.TlogEntries[0]
			e.LogIndex = 7
			b.VerificationMaterial.TlogEntries = append(b.VerificationMaterial.TlogEntries, e)
		}, "another signature"},
		{"entry about the signature under another certificate, in a log that nobody trusts, beside the right one", recipe{}, func(b *protobundle.Bundle) {
			e := strange.entryV2(t, digest[:], b.GetMessageSignature().Signature, i.certify(t, newKey(t), recipe{}), rekorHost)
			b.VerificationMaterial.TlogEntries = append(b.VerificationMaterial.TlogEntries, e)
		}, "another signature"},
		{"entry of Rekor v2 about another file, checkpoint as in v1", recipe{}, func(b *protobundle.Bundle) {
			b.VerificationMaterial.TlogEntries = i.sign(t, other, recipe{}).VerificationMaterial.TlogEntries
			p := entry(b).InclusionProof
			p.Checkpoint.Envelope = i.checkpointV1(t, p.RootHash)
		}, "another signature"},
		{"entry of Rekor v2 about another signature under the certificate, checkpoint as in v1", recipe{}, func(b *protobundle.Bundle) {
			e := i.entryV2(t, digest[:], []byte("another signature"), leaf(b).RawBytes, rekorHost)
			e.InclusionProof.Checkpoint.Envelope = i.checkpointV1(t, e.InclusionProof.RootHash)
			b.VerificationMaterial.TlogEntries[0] = e
		}, "another signature"},
		{"the entry twice", recipe{}, func(b *protobundle.Bundle) {
			b.VerificationMaterial.TlogEntries = append(b.VerificationMaterial.TlogEntries, entry(b))
		}, "duplicate"},
		{"log that nobody trusts", recipe{}, func(b *protobundle.Bundle) {
			sig := b.GetMessageSignature().Signature
			b.VerificationMaterial.TlogEntries[0] = strange.entryV2(t, digest[:], sig, leaf(b).RawBytes, rekorHost)
		}, "no valid log entry"},
		{"log that nobody trusts, by the name of one", recipe{}, func(b *protobundle.Bundle) {
			sig := b.GetMessageSignature().Signature
			b.VerificationMaterial.TlogEntries[0] = strange.entryV2(t, digest[:], sig, leaf(b).RawBytes, rekorHost)
			entry(b).LogId.KeyId = logID(t, i.rekorKey)
		}, "no valid log entry"},
		{"checkpoint of another origin", recipe{}, func(b *protobundle.Bundle) {
			b.VerificationMaterial.TlogEntries[0] = i.entryV2(t, digest[:], b.GetMessageSignature().Signature, leaf(b).RawBytes, "log.example")
		}, "no valid log entry"},
		{"proof changed", recipe{}, func(b *protobundle.Bundle) {
			entry(b).InclusionProof.Hashes[0] = flip(entry(b).InclusionProof.Hashes[0])
		}, "no valid log entry"},
		{"proof shortened", recipe{}, func(b *protobundle.Bundle) { entry(b).InclusionProof.Hashes = nil }, "no valid log entry"},
		{"no proof", recipe{rekorV1: true}, func(b *protobundle.Bundle) { entry(b).InclusionProof = nil }, "inclusion proof missing"},
		{"checkpoint grown", recipe{}, func(b *protobundle.Bundle) {
			c := entry(b).InclusionProof.Checkpoint
			c.Envelope = strings.Replace(c.Envelope, "\n2\n", "\n3\n", 1)
		}, "no valid log entry"},
		{"checkpoint without signature", recipe{}, func(b *protobundle.Bundle) {
			c := entry(b).InclusionProof.Checkpoint
			c.Envelope, _, _ = strings.Cut(c.Envelope, "—")
		}, "no valid log entry"},
		{"index changed", recipe{}, func(b *protobundle.Bundle) { entry(b).LogIndex = 0 }, "no valid log entry"},
		{"index of the proof changed", recipe{}, func(b *protobundle.Bundle) { entry(b).InclusionProof.LogIndex = 0 }, "has index 0 in its proof"},
		{"root hash changed", recipe{}, func(b *protobundle.Bundle) {
			entry(b).InclusionProof.RootHash = flip(entry(b).InclusionProof.RootHash)
		}, "another checkpoint"},
		{"size changed", recipe{}, func(b *protobundle.Bundle) { entry(b).InclusionProof.TreeSize = 3 }, "another checkpoint"},
		{"body changed", recipe{}, func(b *protobundle.Bundle) {
			entry(b).CanonicalizedBody = bytes.Replace(entry(b).CanonicalizedBody, []byte("SHA2_256"), []byte("SHA2_384"), 1)
		}, "proof of something else"},
		{"kind changed", recipe{}, func(b *protobundle.Bundle) { entry(b).KindVersion.Version = "0.0.1" }, "says that it is hashedrekord 0.0.1"},
		{"time that nobody signed", recipe{}, func(b *protobundle.Bundle) { entry(b).IntegratedTime = time.Now().Unix() }, "a time that nobody signed"},
		{"promise forged", recipe{rekorV1: true}, func(b *protobundle.Bundle) {
			e := entry(b).InclusionPromise
			e.SignedEntryTimestamp = flip(e.SignedEntryTimestamp)
		}, "no valid log entry"},
		{"promised time changed", recipe{rekorV1: true}, func(b *protobundle.Bundle) { entry(b).IntegratedTime++ }, "no valid log entry"},
		{"promise for an entry of Rekor v2", recipe{}, func(b *protobundle.Bundle) {
			entry(b).InclusionPromise = &protorekor.InclusionPromise{SignedEntryTimestamp: []byte("x")}
		}, "no valid log entry"},

		{"no timestamp", recipe{}, func(b *protobundle.Bundle) { stamps(b).Rfc3161Timestamps = nil }, "no signed timestamp"},
		{"no timestamp nor promise", recipe{rekorV1: true}, func(b *protobundle.Bundle) {
			stamps(b).Rfc3161Timestamps, entry(b).InclusionPromise = nil, nil
		}, "no signed timestamp"},
		{"timestamp of another signature", recipe{}, func(b *protobundle.Bundle) {
			stamps(b).Rfc3161Timestamps[0].SignedTimestamp = i.timestamp(t, []byte("signature"), time.Now())
		}, "no valid timestamp"},
		{"timestamp of another signature beside a promise", recipe{rekorV1: true}, func(b *protobundle.Bundle) {
			stamps(b).Rfc3161Timestamps[0].SignedTimestamp = i.timestamp(t, []byte("signature"), time.Now())
		}, "1 timestamps, not for this signature"},
		{"timestamp by nobody known", recipe{}, func(b *protobundle.Bundle) {
			stamps(b).Rfc3161Timestamps[0].SignedTimestamp = strange.timestamp(t, b.GetMessageSignature().Signature, time.Now())
		}, "no valid timestamp"},
		{"timestamp broken", recipe{}, func(b *protobundle.Bundle) {
			stamps(b).Rfc3161Timestamps[0].SignedTimestamp = flip(stamps(b).Rfc3161Timestamps[0].SignedTimestamp)
		}, "no valid timestamp"},
		{"timestamp twice", recipe{}, func(b *protobundle.Bundle) {
			stamps(b).Rfc3161Timestamps = append(stamps(b).Rfc3161Timestamps, stamps(b).Rfc3161Timestamps[0])
		}, "1 timestamps, not for this signature"},

		{"certificate expired when it signed", recipe{life: long}, nil, "that no authority of the trusted root vouches for at the time"},
		{"certificate not valid yet", recipe{signedAt: time.Now().Add(-90 * time.Second)}, nil, "that no authority of the trusted root vouches for at the time"},
		{"certificate of nobody known", recipe{}, func(b *protobundle.Bundle) {
			*b = protobundle.Bundle{}
			made := strange.sign(t, plugin, recipe{})
			b.MediaType, b.Content, b.VerificationMaterial = made.MediaType, made.Content, made.VerificationMaterial
			sig := b.GetMessageSignature().Signature
			entries := []*protorekor.TransparencyLogEntry{i.entryV2(t, digest[:], sig, leaf(b).RawBytes, rekorHost)}
			b.VerificationMaterial.TlogEntries, stamps(b).Rfc3161Timestamps[0].SignedTimestamp = entries, i.timestamp(t, sig, time.Now())
		}, "that no authority of the trusted root vouches for"},
		{"certificate of another key", recipe{}, func(b *protobundle.Bundle) {
			sig := b.GetMessageSignature().Signature
			leaf(b).RawBytes = i.certify(t, newKey(t), recipe{})
			b.VerificationMaterial.TlogEntries[0] = i.entryV2(t, digest[:], sig, leaf(b).RawBytes, rekorHost)
		}, "does not verify with its certificate"},
		{"certificate in no log", recipe{noSCT: true}, nil, "no certificate transparency log of the trusted root vouches for"},
		{"certificate in a log of nobody known", recipe{sctKey: strange.ctKey}, nil, "no certificate transparency log of the trusted root vouches for"},
		{"certificate with another's entry in the log", recipe{sctFor: []byte("another's")}, nil, "no certificate transparency log of the trusted root vouches for"},
		{"certificate for P-384", recipe{leafKey: p384}, nil, "ECDSA P-384 key, expected P-256 or RSA"},
		{"certificate for Ed25519", recipe{leafKey: prehash{edwards}}, nil, "Ed25519 key, expected ECDSA P-256 or RSA"},
		{"certificate for servers", recipe{forServers: true}, nil, "that no authority of the trusted root vouches for"},
		{"a key", recipe{}, func(b *protobundle.Bundle) {
			b.VerificationMaterial.Content = &protobundle.VerificationMaterial_PublicKey{PublicKey: &protocommon.PublicKeyIdentifier{Hint: "x"}}
		}, "signed with a key, expected a certificate"},

		{"signature of another", recipe{}, func(b *protobundle.Bundle) {
			b.GetMessageSignature().Signature = i.sign(t, plugin, recipe{}).GetMessageSignature().Signature
		}, "no valid log entry"},
		{"file swapped with its digest", recipe{}, func(b *protobundle.Bundle) {
			made := i.sign(t, other, recipe{})
			b.VerificationMaterial, b.Content = made.VerificationMaterial, made.Content
			b.GetMessageSignature().MessageDigest.Digest = digest[:]
			b.VerificationMaterial.TlogEntries[0] = i.entryV2(t, digest[:], b.GetMessageSignature().Signature, leaf(b).RawBytes, rekorHost)
		}, "does not verify with its certificate"},
		{"statement swapped under the signature", recipe{statement: statement(other)}, func(b *protobundle.Bundle) {
			b.GetDsseEnvelope().Payload = statement(plugin)
		}, "no valid log entry"},
	} {
		b := i.sign(t, plugin, tt.recipe)
		if tt.edit != nil {
			tt.edit(b)
		}
		kind := keyless.Message
		if tt.recipe.statement != nil {
			kind = keyless.Attestation
		}
		status := bundle.Untrusted
		if tt.name == "no proof" {
			status = bundle.Invalid
		}
		_, err := i.verifier(t, keyless.Options{}).Verify(marshal(t, b), digest, kind, whoever)
		refused(t, tt.name, err, status, tt.reason)
	}
}

// What the options allow is allowed, and nothing besides.
func TestLenient(t *testing.T) {
	i := newInstance(t)
	noEntry := i.sign(t, plugin, recipe{})
	noEntry.VerificationMaterial.TlogEntries = nil
	noTime := i.sign(t, plugin, recipe{rekorV1: true})
	stamps(noTime).Rfc3161Timestamps = nil
	for _, tt := range []struct {
		name          string
		made          *protobundle.Bundle
		ignore, taken keyless.Options
		reason        string
	}{
		{"no entry", noEntry, keyless.Options{InsecureIgnoreSCT: true}, keyless.Options{InsecureIgnoreTlog: true}, "no entry"},
		{"no SCT", i.sign(t, plugin, recipe{noSCT: true}), keyless.Options{InsecureIgnoreTlog: true}, keyless.Options{InsecureIgnoreSCT: true}, "certificate transparency"},
		{"the log's time only", noTime, keyless.Options{InsecureIgnoreTlog: true}, keyless.Options{}, "no signed timestamp"},
	} {
		if _, err := i.verifier(t, tt.taken).Verify(marshal(t, tt.made), digest, keyless.Message, whoever); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		_, err := i.verifier(t, tt.ignore).Verify(marshal(t, tt.made), digest, keyless.Message, whoever)
		refused(t, tt.name, err, bundle.Untrusted, tt.reason)
		_, err = i.verifier(t, tt.taken).Verify(marshal(t, tt.made), digest, keyless.Message, []keyless.Matcher{{Subject: someone, Issuer: "https://x.example"}})
		refused(t, tt.name+", another issuer", err, bundle.Untrusted, "expected "+someone)
	}
}

// Keys that were not valid at the time, a log's among them, which sigstore-go
// does not look at where the log has no clock.
func TestValidity(t *testing.T) {
	i := newInstance(t)
	made := marshal(t, i.sign(t, plugin, recipe{}))
	verify := func(i *instance, o keyless.Options, edits ...func(map[string]any)) error {
		t.Helper()
		v, err := keyless.NewVerifier(i.trustedRoot(t, edits...), o)
		must(t, err)
		_, err = v.Verify(made, digest, keyless.Message, whoever)
		return err
	}
	must(t, verify(i, keyless.Options{}))

	retired, future := *i, *i
	retired.rekorUntil = time.Now().Add(-time.Minute)
	refused(t, "log retired", verify(&retired, keyless.Options{}), bundle.Untrusted, "takes the log https://127.0.0.1 from")
	future.rekorFrom = time.Now().Add(time.Minute)
	refused(t, "log not yet in use", verify(&future, keyless.Options{}), bundle.Untrusted, "takes the log https://127.0.0.1 from")

	ended := func(service string) func(map[string]any) {
		return func(root map[string]any) {
			of := root[service].([]any)[0].(map[string]any)
			if key, ok := of["publicKey"].(map[string]any); ok {
				of = key
			}
			of["validFor"].(map[string]any)["end"] = time.Now().Add(-30 * time.Minute).UTC().Format(time.RFC3339)
		}
	}
	refused(t, "authority retired", verify(i, keyless.Options{}, ended("certificateAuthorities")), bundle.Untrusted, "no authority of the trusted root")
	refused(t, "timestamps retired", verify(i, keyless.Options{}, ended("timestampAuthorities")), bundle.Untrusted, "no valid timestamp")
	refused(t, "CT log retired", verify(i, keyless.Options{}, ended("ctlogs")), bundle.Untrusted, "no certificate transparency log")

	clock := func(at time.Time) keyless.Options { return keyless.Options{Now: func() time.Time { return at }} }
	refused(t, "signed tomorrow", verify(i, clock(time.Now().Add(-24*time.Hour))), bundle.Untrusted, "clock or the timestamp is wrong")
	must(t, verify(i, clock(time.Now().Add(-30*time.Minute))))
	must(t, verify(i, clock(time.Now().AddDate(10, 0, 0)))) // signed in time is signed
}

// A statement about many files is about each; one that readers could read in
// two ways is about none.
func TestStatements(t *testing.T) {
	i := newInstance(t)
	v := i.verifier(t, keyless.Options{})
	verify := func(r recipe) error {
		_, err := v.Verify(marshal(t, i.sign(t, plugin, r)), digest, keyless.Attestation, whoever)
		return err
	}
	const frame = `{"_type":"https://in-toto.io/Statement/v1","subject":[%s],"predicateType":"https://slsa.dev/provenance/v1","predicate":{}}`
	of := func(data string) string {
		return fmt.Sprintf(`{"digest":{"sha256":"%x"}}`, sha256.Sum256([]byte(data)))
	}
	us := fmt.Sprintf(`{"digest":{"sha256":"%x"}}`, digest)
	for name, subjects := range map[string]string{
		"alone": us, "last": of("a") + "," + of("b") + "," + us, "annotated": strings.Replace(us, "{", `{"name":"a.so","uri":"u","annotations":{"a":1},`, 1),
		"two digests": strings.Replace(us, "}}", `,"sha512":"00"}}`, 1), "twice": us + "," + us,
	} {
		if err := verify(recipe{statement: fmt.Appendf(nil, frame, subjects)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := fmt.Sprintf(frame, us)
	replace := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for _, tt := range []struct{ name, statement, reason string }{
		{"another file", fmt.Sprintf(frame, of("a")), "about a file with SHA-256"},
		{"two others", fmt.Sprintf(frame, of("a")+","+of("b")), "about 2 other files"},
		{"no subject", fmt.Sprintf(frame, ""), "no subject"},
		{"1025 subjects", fmt.Sprintf(frame, strings.TrimSuffix(strings.Repeat(us+",", 1025), ",")), "1025 subjects"},
		{"subject without digest", fmt.Sprintf(frame, us+`,{"name":"x"}`), "subject (number 2)"},
		{"our digest in sha512", replace("sha256", "sha512"), "no sha256 digest"},
		{"our digest in capitals", replace(fmt.Sprintf("%x", digest), strings.ToUpper(fmt.Sprintf("%x", digest))), "no sha256 digest"},
		{"our digest with more", replace(fmt.Sprintf("%x", digest), fmt.Sprintf("%x00", digest)), "no sha256 digest"},
		{"our digest in the name", replace(us, fmt.Sprintf(`{"name":"%x","digest":{"sha256":"%064x"}}`, digest, 1)), "about a file with"},
		{"our digest in the predicate", strings.Replace(fmt.Sprintf(frame, of("a")), `"predicate":{}`, `"predicate":{"subject":[`+us+`]}`, 1), "about a file with"},
		{"subject twice", replace(`"predicate":`, `"subject":[`+of("a")+`],"predicate":`), `field subject twice`},
		{"subject in other case", replace(`"predicate":`, `"Subject":[`+of("a")+`],"predicate":`), "unknown field Subject"},
		{"digest twice", replace(`{"digest"`, `{"digest":{"sha256":"00"},"digest"`), "field digest twice"},
		{"sha256 twice", replace(`{"sha256"`, `{"sha256":"00","sha256"`), "field sha256 twice"},
		{"sha256 in other case", replace(`{"sha256"`, `{"SHA256":"00","sha256"`), "field sha256 twice"},
		{"protobuf's names", replace("predicateType", "predicate_type"), "unknown field predicate_type"},
		{"no predicate type", replace("predicateType", "predicate"), "field predicate twice"},
		{"empty predicate type", replace("https://slsa.dev/provenance/v1", ""), "no predicateType"},
		{"another type", replace("Statement/v1", "Statement/v2"), "has the type"},
		{"no statement", `[]`, "not a JSON object"},
		{"more after it", good + "{}", "not one JSON object"},
		{"cut short", good[:len(good)-1], "not one JSON object"},
		{"broken text", replace("slsa.dev", "\xff"), "not valid UTF-8"},
	} {
		refused(t, tt.name, verify(recipe{statement: []byte(tt.statement)}), bundle.Invalid, tt.reason)
	}
	refused(t, "payload type", verify(recipe{statement: []byte(good), payloadType: "text/plain"}), bundle.Invalid, "payload of type text/plain")
	b := i.sign(t, plugin, recipe{statement: []byte(good)})
	b.GetDsseEnvelope().Signatures[0].Keyid = "whatever"
	_, err := v.Verify(marshal(t, b), digest, keyless.Attestation, whoever)
	refused(t, "key id, where there is no key", err, bundle.Untrusted, "does not verify with its certificate")
}
