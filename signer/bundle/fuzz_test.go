package bundle_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/plugtool/plugtool/signer/bundle"
)

// lenient is a bundle as a reader without scruples sees it.
type lenient struct {
	MediaType            string `json:"mediaType"`
	VerificationMaterial struct {
		PublicKey   *struct{ Hint string }     `json:"publicKey"`
		Certificate *struct{ RawBytes []byte } `json:"certificate"`
		TlogEntries []any                      `json:"tlogEntries"`
	} `json:"verificationMaterial"`
	MessageSignature *struct {
		MessageDigest struct {
			Algorithm string
			Digest    []byte
		}
		Signature []byte
	} `json:"messageSignature"`
	DSSEEnvelope *struct {
		Payload     []byte
		PayloadType string
		Signatures  []struct{ Sig []byte }
	} `json:"dsseEnvelope"`
}

// FuzzParse holds that Parse never fails but by an error, and that what it
// takes, any other reader sees the same way.
func FuzzParse(f *testing.F) {
	for _, name := range []string{
		"cosign.json", "log.json", "keyless.json", "p384.json", "p521.json", "rsa2048.json",
		"ed25519.json", "attestation.json", "keyless-attestation.json",
	} {
		data := fixture(f, name)
		f.Add(data)
		f.Add(data[:len(data)/2])
		f.Add(bytes.ReplaceAll(data, []byte(","), []byte(" , ")))
		f.Add(bytes.Replace(data, []byte(`"mediaType"`), []byte(`"MediaType":"","mediaType"`), 1))
	}
	f.Add([]byte(`{"base64Signature":"AA=="}`))
	f.Add([]byte(`{"mediaType":"` + bundle.MediaType + `","verificationMaterial":{"publicKey":{}},"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},"signature":"AA=="}}`))

	keys := []*bundle.PublicKey{fixtureKey(f, "cosign.pub"), fixtureKey(f, "p384.pub"), fixtureKey(f, "p521.pub"), fixtureKey(f, "rsa2048.pub")}
	artifact := bundle.NewDigests(fixture(f, "artifact"))
	other := bundle.NewDigests([]byte("other"))

	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := bundle.Parse(data)
		if err != nil {
			if b != nil || len(err.Error()) > 600 {
				t.Errorf("gives %v, error %v", b, err)
			}
			return
		}
		var l lenient
		if err := json.Unmarshal(data, &l); err != nil {
			t.Fatalf("takes what json does not: %v", err)
		}
		material := l.VerificationMaterial
		if (material.PublicKey == nil) == (material.Certificate == nil) || (b.Certificate == nil) != (material.Certificate == nil) {
			t.Errorf("signer is seen differently: %+v and %+v", b, l)
		}
		if material.PublicKey != nil && material.PublicKey.Hint != b.KeyHint || len(material.TlogEntries) != b.LogEntries {
			t.Errorf("material is seen differently: %+v and %+v", b, l)
		}
		if (b.Message == nil) == (b.Envelope == nil) {
			t.Fatalf("has both kinds or none: %+v", b)
		}
		if m, lm := b.Message, l.MessageSignature; m != nil && (!bytes.Equal(m.Signature, lm.Signature) || !bytes.Equal(m.Digest, lm.MessageDigest.Digest)) {
			t.Errorf("message is seen differently: %+v and %+v", m, lm)
		}
		if e, le := b.Envelope, l.DSSEEnvelope; e != nil && (!bytes.Equal(e.Payload, le.Payload) || e.PayloadType != le.PayloadType ||
			len(le.Signatures) != 1 || !bytes.Equal(e.Signature, le.Signatures[0].Sig)) {
			t.Errorf("envelope is seen differently: %+v and %+v", e, le)
		}
		if k, err := b.VerifyMessage(other, keys); err == nil {
			t.Errorf("verifies another file by %s", k.Fingerprint())
		}
		if k, err := b.VerifyMessage(artifact, keys); (k == nil) == (err == nil) {
			t.Errorf("gives key %v and error %v", k, err)
		}
	})
}
