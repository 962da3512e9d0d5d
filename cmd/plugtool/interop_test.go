//go:build interop

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestInterop runs scripts with cosign, which has to be on PATH. Tested with v3.1.3.
func TestInterop(t *testing.T) {
	cosign, err := exec.LookPath("cosign")
	if err != nil {
		t.Fatal(err)
	}
	params := scriptParams(t, "testdata/interop")
	setup := params.Setup
	params.Setup = func(e *testscript.Env) error {
		err := setup(e)
		e.Setenv("PATH", e.Getenv("PATH")+string(os.PathListSeparator)+filepath.Dir(cosign))
		e.Setenv("HOME", e.WorkDir)
		return err
	}
	testscript.Run(t, params)
}
