package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer"
	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
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

// A host that is overwritten while it is proved that a plugin loads into it does not become
// two: one that was judged, and one that the proof names.
func TestHostOverwrittenWhileAttested(t *testing.T) {
	dir := t.TempDir()
	for name, recipe := range map[string]string{"host": "host", "other": "untrimmed", "p.so": "plugin.so"} {
		if err := recipes()[recipe].make(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "host")
	identity := func(name string) string {
		t.Helper()
		h, err := inspector.OpenHost(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		id, err := h.Identity()
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	want := identity("host")
	if want == identity("other") {
		t.Fatal("both hosts are one")
	}
	other, err := os.ReadFile(filepath.Join(dir, "other"))
	if err != nil {
		t.Fatal(err)
	}
	p := &program{console: newConsole(io.Discard, io.Discard, nil)}
	state, done, err := p.loadsStater(attestOptions{hosts: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	if err := os.WriteFile(file, other, 0o755); err != nil { // into the file that is there
		t.Fatal(err)
	}
	text, err := state(inspector.ReadPlugin(filepath.Join(dir, "p.so")))
	if err != nil {
		t.Fatal(err)
	}
	s, err := bundle.ParseStatement(text)
	if err != nil {
		t.Fatal(err)
	}
	if hosts, err := policy.ProvedHosts(s); err != nil || len(hosts) != 1 || hosts[0].Identity != want {
		t.Errorf("it proves that the plugin loads into %v, %v; want %s", hosts, err, want)
	}
}
