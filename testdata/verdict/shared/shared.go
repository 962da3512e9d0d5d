// Package shared is in the host and in most plugins.
package shared

// Name is inlined.
func Name() string { return suffix() + "shared" }
