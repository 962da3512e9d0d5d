//go:build !amd64

package asm

func sum(a, b int64) int64 { return a + b }
