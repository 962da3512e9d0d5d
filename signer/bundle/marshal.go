package bundle

import (
	"encoding/json"
	"fmt"
)

// MarshalMessage gives the bundle that says that key made signature over the
// file with these digests, in the bytes that cosign would write. It refuses a
// signature that does not verify, so that none is ever written.
func MarshalMessage(key *PublicKey, file Digests, signature []byte) ([]byte, error) {
	digest := file.Sum(key.hash)
	if digest == nil {
		return nil, fmt.Errorf("no %s digest was made, which an %s key signs", hashName(key.hash), key.algorithm)
	}
	if !key.verifies(digest, signature) {
		return nil, fmt.Errorf("signature does not verify with the key that should have made it, %s", key.Fingerprint())
	}
	type publicKey struct {
		Hint string `json:"hint"`
	}
	type material struct {
		PublicKey publicKey `json:"publicKey"`
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
		Material:  material{publicKey{key.Hint()}},
		Message:   messageSignature{messageDigest{hashName(key.hash), digest}, signature},
	})
}
