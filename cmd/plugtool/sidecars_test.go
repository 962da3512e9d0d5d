package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer"
	"github.com/plugtool/plugtool/signer/bundle"
)

// A plugin that a build replaced while it was signed keeps the signature of that build.
func TestReplacedWhileSigned(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.so")
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(file, "old")
	private, _, err := signer.GenerateKeyPair(nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := signer.LoadSigner(private, nil)
	if err != nil {
		t.Fatal(err)
	}
	by := keySealer("k", s)
	signed := sealed{plugin: inspector.ReadPlugin(file)}
	text, err := by.message(context.Background(), signed.plugin.Data)
	if err != nil {
		t.Fatal(err)
	}
	if err := signed.add(by, text, bundle.NewDigests(signed.plugin.Data)); err != nil {
		t.Fatal(err)
	}
	put(file, "new")
	put(bundle.Path(file), "the build's")
	if files, err := signed.place(t.Context()); err == nil || !strings.Contains(err.Error(), "was replaced while it was signed; sign it again") {
		t.Errorf("wrote %q, %v", files, err)
	}
	if got, err := os.ReadFile(bundle.Path(file)); err != nil || string(got) != "the build's" {
		t.Errorf("the sidecar is %q, %v", got, err)
	}
	put(file, "old")
	if files, err := signed.place(t.Context()); err != nil || len(files) != 1 || files[0] != bundle.Path(file) {
		t.Errorf("wrote %q, %v", files, err)
	}
	// As private as the plugin is.
	if info, err := os.Stat(bundle.Path(file)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
