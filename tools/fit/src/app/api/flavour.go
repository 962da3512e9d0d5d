//go:build !special

package api

// Flavour says how the host was built.
const Flavour = "plain"
