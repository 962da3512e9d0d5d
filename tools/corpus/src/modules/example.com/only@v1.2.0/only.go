// Package only is a dependency of plugins alone.
package only

// Name is inlined.
func Name() string { return "only" }
