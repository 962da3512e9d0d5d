//go:build special

package api

// Flavour says how the host was built.
const Flavour = "special"

// Special is there with the tag only.
func Special(n int) int { return Add(n) + 1000 }
