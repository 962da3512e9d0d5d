package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Releases have plugtool in two builds. What signs and verifies as identities needs
// sigstore-go, which takes longer to start than everything else takes to run: it is in
// plugtool-keyless, and plugtool, built with the tag nokeyless, hands over to that the
// command lines that need it. A build without the tag does everything itself.

// keylessProgram is the name of the build with everything in it.
const keylessProgram = "plugtool-keyless"

// errKeyless says that a command line needs the build with everything in it. Nothing was
// written by then.
var errKeyless = errors.New("this build of plugtool has no keyless signatures")

// lenience is what a verification by identities does without.
type lenience struct{ noTlog, noSCT bool }

// handOver runs the same command line in the build with everything in it, and gives its
// exit code.
func (p *program) handOver(ctx context.Context, args []string) (int, error) {
	file, err := findKeyless()
	if err != nil {
		return exitFailure, err
	}
	return replaceBy(ctx, file, append([]string{file}, args[1:]...), p)
}

// findKeyless looks for the program beside this one, and in no other place: what signs is
// not to be found by accident.
func findKeyless() (string, error) {
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return "", fmt.Errorf("look for %s: %w", keylessProgram, err)
	}
	file := filepath.Join(filepath.Dir(self), keylessProgram)
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return "", &failure{
			code: exitFailure, err: fmt.Errorf("%w, and %s is not there, which has them", errKeyless, file),
			hints: []string{"releases hold both programs; go install ./cmd/plugtool builds one that does everything"},
		}
	}
	return file, nil
}
