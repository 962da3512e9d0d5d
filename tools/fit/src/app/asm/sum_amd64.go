package asm

func sum(a, b int64) int64
