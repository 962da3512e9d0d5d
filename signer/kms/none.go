//go:build !kms

package kms

import (
	"context"
	"crypto"
	"fmt"
)

// Key says that there are no such keys in this build.
func Key(_ context.Context, ref string) (crypto.Signer, error) {
	return nil, fmt.Errorf("key %s: %w", ref, ErrNotLinked)
}
