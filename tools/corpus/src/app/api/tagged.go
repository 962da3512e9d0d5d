//go:build changed

package api

// Tagged is there under a tag only.
func Tagged() bool { return true }
