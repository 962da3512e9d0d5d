// Package keyless lets package loader check what was signed by an identity, such as a
// workflow of GitHub Actions, instead of a key.
//
//	policy, err := loader.ParsePolicy(policyJSON)
//	policy.Certificates = keyless.Certificates(trustedRootJSON)
//
// It is a package of its own since it needs sigstore-go and what that needs, which hosts
// that go by keys should not share with their plugins; docs/loader.md says what it adds.
// Verification is offline: nothing is fetched, and whom to believe is what the
// trusted root says.
package keyless

import (
	"bytes"
	"sync"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/keyless"
)

// Options are what signatures may lack. The zero value asks for all of it.
type Options struct {
	// InsecureIgnoreTlog takes signatures that are in no transparency log, where a
	// timestamp authority says when they were made.
	InsecureIgnoreTlog bool

	// InsecureIgnoreSCT takes certificates that are in no certificate transparency
	// log, as private authorities issue them.
	InsecureIgnoreSCT bool
}

// Certificates gives what [loader.Policy] wants for Certificates: a function that makes a
// verifier for the identities of its rules. The trusted root is the JSON that
// `cosign trusted-root create` writes. It is read when the first plugin is opened under
// rules with identities; one that cannot be read refuses every plugin then.
//
// [loader.Policy]: https://pkg.go.dev/github.com/plugtool/plugtool/loader#Policy
func Certificates(trustedRoot []byte) func([]bundle.IdentityPattern) (bundle.CertificateVerifier, error) {
	return Options{}.Certificates(trustedRoot)
}

// Certificates is the function Certificates with options.
func (o Options) Certificates(trustedRoot []byte) func([]bundle.IdentityPattern) (bundle.CertificateVerifier, error) {
	trustedRoot = bytes.Clone(trustedRoot)
	// Once for all plugins: reading it takes longer than verifying a signature.
	read := sync.OnceValues(func() (*keyless.Verifier, error) {
		return keyless.NewVerifier(trustedRoot, keyless.Options{InsecureIgnoreTlog: o.InsecureIgnoreTlog, InsecureIgnoreSCT: o.InsecureIgnoreSCT})
	})
	return func(patterns []bundle.IdentityPattern) (bundle.CertificateVerifier, error) {
		v, err := read()
		if err != nil {
			return nil, err
		}
		return v.Certificates(patterns)
	}
}
