// Package rootsdep does what golang.org/x/crypto/x509roots/fallback does.
package rootsdep

import "crypto/x509"

// Version is what the copy changes.
const Version = "v1"

func init() { x509.SetFallbackRoots(x509.NewCertPool()) }

// Check has nothing to look at.
func Check() string { return Version }
