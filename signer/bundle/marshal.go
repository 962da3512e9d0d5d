package bundle

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// material is verificationMaterial of a bundle made with a key.
type material struct {
	PublicKey keyHint `json:"publicKey"`
}

type keyHint struct {
	Hint string `json:"hint"`
}

// MarshalMessage gives the bundle that says that key made signature over the
// file with these digests, in the bytes that cosign would write. It refuses a
// signature that does not verify, so that none is ever written.
func MarshalMessage(key *PublicKey, file *Digests, signature []byte) ([]byte, error) {
	if !key.verifies(file, signature) {
		return nil, fmt.Errorf("signature does not verify with the key that should have made it, %s", key.Fingerprint())
	}
	type messageDigest struct {
		Algorithm string `json:"algorithm"`
		Digest    []byte `json:"digest"`
	}
	type messageSignature struct {
		MessageDigest messageDigest `json:"messageDigest"`
		Signature     []byte        `json:"signature"`
	}
	return json.Marshal(struct {
		MediaType string           `json:"mediaType"`
		Material  material         `json:"verificationMaterial"`
		Message   messageSignature `json:"messageSignature"`
	}{
		MediaType: MediaType,
		Material:  material{keyHint{key.Hint()}},
		Message:   messageSignature{messageDigest{hashName(key.hash), file.Sum(key.hash)}, signature},
	})
}

// MarshalEnvelope gives the bundle that says that key made signature over payload in
// a DSSE envelope: over what [PAE] gives. Like MarshalMessage it refuses a
// signature that does not verify.
func MarshalEnvelope(key *PublicKey, payloadType string, payload, signature []byte) ([]byte, error) {
	if !key.verifies(NewDigests(PAE(payloadType, payload)), signature) {
		return nil, fmt.Errorf("signature does not verify with the key that should have made it, %s", key.Fingerprint())
	}
	type envelopeSignature struct {
		Sig []byte `json:"sig"`
	}
	type envelope struct {
		Payload     []byte              `json:"payload"`
		PayloadType string              `json:"payloadType"`
		Signatures  []envelopeSignature `json:"signatures"`
	}
	return json.Marshal(struct {
		MediaType string   `json:"mediaType"`
		Material  material `json:"verificationMaterial"`
		Envelope  envelope `json:"dsseEnvelope"`
	}{
		MediaType: MediaType,
		Material:  material{keyHint{key.Hint()}},
		Envelope:  envelope{payload, payloadType, []envelopeSignature{{signature}}},
	})
}

// MarshalStatement gives the in-toto statement that a predicate, an object in JSON, holds
// of the file with these digests. What [ParseStatement] would refuse, or is too large for
// a bundle, is an error. The name is for people: what is no UTF-8 in it becomes _.
func MarshalStatement(name string, file *Digests, predicateType string, predicate []byte) ([]byte, error) {
	type subject struct {
		Name   string            `json:"name"`
		Digest map[string]string `json:"digest"`
	}
	name = strings.ReplaceAll(strings.ToValidUTF8(name, "_"), "\uFFFD", "_")
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(struct {
		Type          string          `json:"_type"`
		Subject       []subject       `json:"subject"`
		PredicateType string          `json:"predicateType"`
		Predicate     json.RawMessage `json:"predicate"`
	}{StatementType, []subject{{name, map[string]string{"sha256": hex.EncodeToString(file.Sum(crypto.SHA256))}}}, predicateType, predicate})
	if err != nil {
		return nil, fmt.Errorf("predicate is not JSON: %w", err)
	}
	statement := bytes.TrimSuffix(out.Bytes(), []byte("\n"))
	if most := MaxSize*3/4 - 4096; len(statement) > most { // in base64, with what stands around it
		return nil, fmt.Errorf("statement has %d bytes, at most %d fit into a bundle", len(statement), most)
	}
	if _, err := ParseStatement(statement); err != nil {
		return nil, err
	}
	return statement, nil
}
