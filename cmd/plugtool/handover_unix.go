//go:build unix

package main

import (
	"context"
	"fmt"
	"syscall"
)

// replaceBy becomes another program: signals, terminal and exit code are its own.
func replaceBy(_ context.Context, file string, args []string, p *program) (int, error) {
	err := syscall.Exec(file, args, p.env)
	return exitFailure, fmt.Errorf("run %s: %w", file, err)
}
