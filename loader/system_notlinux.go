//go:build !linux

package loader

import "io/fs"

func noExec(string) bool { return false }

func keep(_ string, data []byte) []byte { return data }

// loadedFiles is for Linux only.
func loadedFiles() []string { return nil }

func stillMapped(string, fs.FileInfo) bool { return false }

// mapped assumes the worse: that a plugin which failed stays in the way.
func (d privateDir) mapped() bool { return true }
