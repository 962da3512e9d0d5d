//go:build integration

package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/goproxytest"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestIntegration runs the README's walkthrough with a real golangci-lint, which has
// to be on PATH: built from its module with CGO_ENABLED=1 and -trimpath.
func TestIntegration(t *testing.T) {
	host, err := exec.LookPath("golangci-lint")
	if err != nil {
		t.Fatal(err)
	}
	example, err := filepath.Abs("../../examples/golangci-lint")
	if err != nil {
		t.Fatal(err)
	}
	params := scriptParams(t, "testdata/integration")
	setup := params.Setup
	params.Setup = func(e *testscript.Env) error {
		e.Setenv("GOLANGCI_LINT", host)
		e.Setenv("EXAMPLE", example)
		e.Setenv("HOME", e.WorkDir)
		err := setup(e)
		e.Setenv("GOPROXY", "") // the host's releases of modules may have to be fetched
		return err
	}
	testscript.Run(t, params)
}

// TestIntegrationReleases loads one isolated plugin, built once, into three releases of a host on real
// modules at versions that all differ. The contract comes from a proxy of the test's own.
func TestIntegrationReleases(t *testing.T) {
	params := scriptParams(t, "testdata/releases")
	proxy, err := goproxytest.NewServer("testdata/releases/modules", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	outer := outerGoEnv(t)
	setup := params.Setup
	params.Setup = func(e *testscript.Env) error {
		err := setup(e)
		e.Setenv("GOPROXY", strings.Join([]string{proxy.URL, "file://" + filepath.Join(outer["GOMODCACHE"], "cache", "download"), outer["GOPROXY"]}, ","))
		e.Setenv("GONOSUMDB", "example.com/*")
		e.Setenv("GOMODCACHE", filepath.Join(e.WorkDir, "mod"))
		e.Setenv("GOFLAGS", "-modcacherw")
		return err
	}
	testscript.Run(t, params)
}
