//go:build !linux

package builder

// freeSpace knows nothing where plugins are only cross-built.
func freeSpace(string) (bytes uint64, ok bool) { return 0, false }
