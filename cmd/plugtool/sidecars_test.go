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

// overwritten makes a host, another one and a plugin. overwrite puts the other one's bytes
// into the host's file.
func overwritten(t *testing.T) (dir, identity string, overwrite func()) {
	t.Helper()
	dir = t.TempDir()
	identities := map[string]string{}
	for name, recipe := range map[string]string{"host": "host", "other": "untrimmed", "p.so": "plugin.so"} {
		file := filepath.Join(dir, name)
		if err := recipes()[recipe].make(file); err != nil {
			t.Fatal(err)
		}
		if name == "p.so" {
			continue
		}
		h, err := inspector.OpenHost(file)
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		if identities[name], err = h.Identity(); err != nil {
			t.Fatal(err)
		}
	}
	if identities["host"] == identities["other"] {
		t.Fatal("both hosts are one")
	}
	return dir, identities["host"], func() {
		t.Helper()
		other, err := os.ReadFile(filepath.Join(dir, "other"))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "host"), other, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A host that is overwritten while it is proved that a plugin loads into it does not become
// two: one that was judged, and one that the proof names.
func TestHostOverwrittenWhileAttested(t *testing.T) {
	dir, want, overwrite := overwritten(t)
	p := &program{console: newConsole(io.Discard, io.Discard, nil)}
	state, done, err := p.loadsStater(attestOptions{hosts: []string{filepath.Join(dir, "host")}})
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	overwrite()
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

// Nor one for which a proof is asked.
func TestHostOverwrittenWhileVerified(t *testing.T) {
	dir, want, overwrite := overwritten(t)
	w := newArena(t)
	w.policy(loadsWanted)
	p := &program{console: newConsole(io.Discard, io.Discard, nil)}
	f, err := p.readPolicy(w.path("policy.json"))
	if err != nil {
		t.Fatal(err)
	}
	o := verifyOptions{hosts: []string{filepath.Join(dir, "host")}}
	if o.trust.rules, err = f.compile(policy.Options{}); err != nil {
		t.Fatal(err)
	}
	open := o.openFirst()
	if _, err := open(); err != nil {
		t.Fatal(err)
	}
	overwrite()
	j, err := o.judge(open, []*inspector.Plugin{inspector.ReadPlugin(filepath.Join(dir, "p.so"))})
	if err != nil {
		t.Fatal(err)
	}
	if got := j.verdict.Plugins[0].Outcome; got != inspector.Loads || len(j.identities) != 1 || j.identities[0] != want {
		t.Errorf("the plugin %s into %v, want that it loads into %s", got, j.identities, want)
	}
}
