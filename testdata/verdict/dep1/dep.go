// Package dep stands for a dependency in two versions.
package dep

// Version is inlined, so that its body counts for the package hash.
func Version() int { return 1 }
