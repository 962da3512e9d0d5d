//go:build kms

package main

import (
	"context"
	"crypto"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	sigkms "github.com/sigstore/sigstore/pkg/signature/kms"
	"github.com/sigstore/sigstore/pkg/signature/kms/fake"
)

// TestKMS runs scripts with a key management service that keeps one key for each file's
// name, in plain PEM: testkms://FILE.
func TestKMS(t *testing.T) { testscript.Run(t, scriptParams(t, "testdata/kms")) }

// addTestKMS links the service into the plugtool that scripts run, which is this test.
func addTestKMS() {
	const scheme = "testkms://"
	sigkms.AddProvider(scheme, func(ctx context.Context, ref string, hash crypto.Hash, _ ...signature.RPCOption) (sigkms.SignerVerifier, error) {
		pem, err := os.ReadFile(ref[len(scheme):])
		if err != nil {
			return nil, err
		}
		key, err := cryptoutils.UnmarshalPEMToPrivateKey(pem, nil)
		if err != nil {
			return nil, err
		}
		return fake.LoadSignerVerifier(context.WithValue(ctx, fake.KmsCtxKey{}, key), hash)
	})
}
