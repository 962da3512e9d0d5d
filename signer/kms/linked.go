// Package kms gives keys that a key management service keeps and never hands out.
//
// It stands behind the build tag kms, as sigstore's registry of such services costs size
// and time at start, and knows those services only whose providers are linked in as well;
// docs/keys.md says how. sigstore's registry would look on PATH for a program to ask where
// it knows no provider (sigstore-kms-NAME). That is not done here: a reference to a key
// is to name a key, not a program to run.
package kms

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// schemes begin the references to keys that sigstore has providers for.
var schemes = []string{"awskms://", "azurekms://", "gcpkms://", "hashivault://"}

// ErrNoScheme says that a reference to a key begins with nothing that is known.
var ErrNoScheme = errors.New("is no reference to a key")

// ErrNotLinked says that a key's service needs a provider that is not in this build.
var ErrNotLinked = errors.New("this plugtool was built without the provider of that key management service")

// checkScheme refuses what no build has a provider for; linked are those of this one.
func checkScheme(ref string, linked []string) error {
	scheme, _, _ := strings.Cut(ref, "://")
	known := slices.Concat(schemes, linked)
	slices.Sort(known)
	if known = slices.Compact(known); slices.Contains(known, scheme+"://") {
		return nil
	}
	return fmt.Errorf("%s %w: nothing is known that %s:// stands for, expected env://NAME or one of %s", ref, ErrNoScheme, scheme, strings.Join(known, ", "))
}
