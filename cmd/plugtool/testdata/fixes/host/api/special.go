//go:build special

package api

const Flavour = "special"
