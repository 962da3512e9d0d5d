//go:build !unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
)

// replaceBy runs another program in place of this one.
func replaceBy(ctx context.Context, file string, args []string, p *program) (int, error) {
	cmd := exec.CommandContext(ctx, file, args[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = p.env, p.stdin, p.out, p.err
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode(), nil
	case err != nil:
		return exitFailure, fmt.Errorf("run %s: %w", file, err)
	}
	return exitOK, nil
}
