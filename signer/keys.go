// Package signer makes keys and signatures: keys in the formats of cosign, and
// signatures over plugins as Sigstore bundles, which package bundle reads.
package signer

import (
	"bytes"
	"crypto"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

// The PEM types of private keys. cosign wrote the second before it wrote the
// first; both hold PKCS #8 under the same encryption.
const (
	encryptedType   = string(cryptoutils.EncryptedSigstorePrivateKeyPEMType)
	olderType       = "ENCRYPTED COSIGN PRIVATE KEY"
	pkcs8Type       = string(cryptoutils.PrivateKeyPEMType)
	ecType          = string(cryptoutils.ECPrivateKeyPEMType)
	rsaType         = string(cryptoutils.PKCS1PrivateKeyPEMType)
	ecParameterType = "EC PARAMETERS" // openssl ecparam writes them before the key
)

// maxKeySize is the most that a private key's PEM may have, in bytes.
const maxKeySize = 64 << 10

// ErrPassword says that a private key could not be decrypted: the password is
// wrong, or the file is damaged. The encryption does not tell one from the
// other.
var ErrPassword = errors.New("private key cannot be decrypted: wrong password or damaged key")

// GenerateKeyPair makes a P-256 key and gives it in the PEM forms of
// `cosign generate-key-pair`: the private key encrypted with password, which
// may be empty, and the public key.
func GenerateKeyPair(password []byte) (private, public []byte, err error) {
	return GenerateKeyPairOf(DefaultAlgorithm, password)
}

// NeedsPassword tells whether a private key is encrypted, so that a password
// is asked for only where one is needed.
func NeedsPassword(private []byte) bool {
	block, err := privateBlock(private)
	return err == nil && isEncrypted(block)
}

// passwordFunc gives password the form that sigstore wants it in. Nil, which
// sigstore takes for "do not encrypt", becomes the empty password.
func passwordFunc(password []byte) cryptoutils.PassFunc {
	return cryptoutils.StaticPasswordFunc(append([]byte{}, password...))
}

// parsePrivateKey reads the private key in PEM: cosign's, encrypted with
// password, or plain PKCS #8, SEC 1 or PKCS #1.
func parsePrivateKey(data, password []byte) (crypto.Signer, error) {
	block, err := privateBlock(data)
	if err != nil {
		return nil, err
	}
	// One block, as sigstore reads the first and ignores the others.
	key, err := cryptoutils.UnmarshalPEMToPrivateKey(pem.EncodeToMemory(block), passwordFunc(password))
	if err != nil && isEncrypted(block) && strings.HasSuffix(err.Error(), "decryption failed") {
		return nil, ErrPassword
	}
	if err != nil {
		return nil, fmt.Errorf("reading private key (PEM %q): %w", block.Type, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("private key of type %T cannot sign", key)
	}
	return signer, nil
}

// privateBlock finds the one private key in PEM data.
func privateBlock(data []byte) (*pem.Block, error) {
	if len(data) > maxKeySize {
		return nil, fmt.Errorf("private key is too large: %d bytes, at most %d are read", len(data), maxKeySize)
	}
	block, rest := pem.Decode(data)
	if block != nil && block.Type == ecParameterType {
		block, rest = pem.Decode(rest)
	}
	if block == nil {
		return nil, fmt.Errorf("private key is not PEM, expected one such as %q", "-----BEGIN "+encryptedType+"-----")
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("private key file goes on after the first key, expected one key to a file")
	}
	switch block.Type {
	case encryptedType, olderType, pkcs8Type, ecType, rsaType:
	case "ENCRYPTED PRIVATE KEY":
		return nil, errForeignEncryption
	case "PUBLIC KEY":
		return nil, errors.New("this is a public key, expected the private key that goes with it")
	default:
		return nil, fmt.Errorf("PEM block is %.40q, expected a private key such as %q", block.Type, encryptedType)
	}
	if block.Headers["DEK-Info"] != "" {
		return nil, errForeignEncryption
	}
	block.Headers = nil
	return block, nil
}

// errForeignEncryption refuses what cosign refuses too: openssl's encryptions,
// of which one is broken and the other lets the file decide how long to work.
var errForeignEncryption = errors.New("private key is encrypted by openssl, expected cosign's encryption: " +
	"decrypt it with `openssl pkey -in KEY -out PLAIN` and encrypt it with `cosign import-key-pair --key PLAIN`")

func isEncrypted(block *pem.Block) bool {
	return block.Type == encryptedType || block.Type == olderType
}
