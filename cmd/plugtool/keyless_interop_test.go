//go:build interop

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestKeyless runs scripts with the servers of tools/sigstore:
//
//	go -C tools run ./sigstore go test -tags interop -run TestKeyless ./cmd/plugtool
func TestKeyless(t *testing.T) {
	const prefix = "SIGSTORE_TEST_"
	cosign := os.Getenv(prefix + "COSIGN")
	if cosign == "" {
		t.Fatal("there are no servers: run this test under `go -C tools run ./sigstore`")
	}
	params := scriptParams(t, "testdata/keyless")
	setup := params.Setup
	params.Setup = func(e *testscript.Env) error {
		err := setup(e)
		e.Setenv("PATH", e.Getenv("PATH")+string(os.PathListSeparator)+filepath.Dir(cosign))
		e.Setenv("HOME", e.WorkDir)
		for short, name := range map[string]string{
			"TOKEN": "TOKEN", "CONFIG": "SIGNING_CONFIG", "ROOT": "TRUSTED_ROOT", "IDENTITY": "IDENTITY", "ISSUER": "ISSUER",
			"ACTIONS_URL": "ACTIONS_URL", "ACTIONS_TOKEN": "ACTIONS_TOKEN", "ACTIONS_IDENTITY": "ACTIONS_IDENTITY", "ACTIONS_ISSUER": "ACTIONS_ISSUER",
		} {
			e.Setenv(short, strings.TrimSpace(os.Getenv(prefix+name)))
		}
		return err
	}
	testscript.Run(t, params)
}
