// Package kms gives keys that a key management service keeps and never hands out.
//
// It stands behind the build tag kms, as sigstore's registry of such services costs size
// and time at start, and knows those services only whose providers are linked in as well;
// docs/keys.md says how. sigstore's registry would look on PATH for a program to ask where
// it knows no provider (sigstore-kms-NAME). That is not done here: a reference to a key
// is to name a key, not a program to run.
package kms

import "errors"

// ErrNotLinked says that a key's service needs a provider that is not in this build.
var ErrNotLinked = errors.New("this plugtool was built without the provider of that key management service")
