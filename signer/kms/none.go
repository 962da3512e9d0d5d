//go:build !kms

package kms

import (
	"context"
	"crypto"
	"fmt"
)

// Key says that there are no such keys in this build.
func Key(_ context.Context, ref string) (crypto.Signer, error) {
	if err := checkScheme(ref, nil); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("key %s: %w", ref, ErrNotLinked)
}
