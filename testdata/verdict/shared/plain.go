//go:build !changed

package shared

func suffix() string { return "" }
