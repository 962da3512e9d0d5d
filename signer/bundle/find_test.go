package bundle_test

import (
	"bytes"
	"crypto/elliptic"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/signer/bundle"
)

func TestFind(t *testing.T) {
	for _, tt := range []struct {
		name   string
		plugin string
		files  []string // a folder where the name ends in /
		want   []string
	}{
		{"none", "a.so", []string{"a.so"}, nil},
		{"no plugin either", "a.so", nil, nil},
		{"one", "a.so", []string{"a.so", "a.so.sigstore.json"}, []string{"a.so.sigstore.json"}},
		{"in the middle of a replacement", "a.so", []string{"a.so", "a.so.sigstore.json", "a.so.next.sigstore.json"},
			[]string{"a.so.next.sigstore.json", "a.so.sigstore.json"}},
		{"several signers", "a.so", []string{"a.so", "a.so.sigstore.json", "a.so.fedcba9876543210.sigstore.json", "a.so.0123456789abcdef.sigstore.json"},
			[]string{"a.so.0123456789abcdef.sigstore.json", "a.so.fedcba9876543210.sigstore.json", "a.so.sigstore.json"}},
		{"attestations", "a.so", []string{"a.so", "a.so.slsaprovenance1.intoto.sigstore.json", "a.so.intoto.sigstore.json", "a.so.sigstore.json"},
			[]string{"a.so.sigstore.json"}},
		{"names that only look alike", "a.so", []string{"a.so", "a.sosigstore.json", "a.so1.sigstore.json", "a.so-old.sigstore.json", "ba.so.sigstore.json",
			"A.so.sigstore.json", "a.so.SIGSTORE.JSON", "a.so.sigstore.json.bak", "a.so.sigstore.jsonx", "a.sigstore.json", "a.so.json"}, nil},
		{"another plugin whose name begins alike", "a.so", []string{"a.so", "a.so.sigstore.json", "a.so.b.so", "a.so.b.so.sigstore.json", "a.so.b.so.next.sigstore.json", "a.so.b.so1.sigstore.json", "a.so.c.so.sigstore.json"},
			[]string{"a.so.b.so1.sigstore.json", "a.so.c.so.sigstore.json", "a.so.sigstore.json"}},
		{"the other plugin", "a.so.b.so", []string{"a.so", "a.so.sigstore.json", "a.so.b.so", "a.so.b.so.sigstore.json"}, []string{"a.so.b.so.sigstore.json"}},
		{"a temporary file is no other plugin", "a.so", []string{"a.so", "a.so.next", "a.so.next.sigstore.json"}, []string{"a.so.next.sigstore.json"}},
		{"a folder is no other plugin", "a.so", []string{"a.so", "a.so.b.so/", "a.so.b.so.sigstore.json"}, []string{"a.so.b.so.sigstore.json"}},
		{"a folder with a sidecar's name", "a.so", []string{"a.so", "a.so.sigstore.json/"}, []string{"a.so.sigstore.json/"}},
		{"a star in the name", "*.so", []string{"*.so", "a.so.sigstore.json", "*.so.sigstore.json"}, []string{"*.so.sigstore.json"}},
		{"brackets in the name", "[ab].so", []string{"[ab].so", "a.so.sigstore.json", "[ab].so.sigstore.json"}, []string{"[ab].so.sigstore.json"}},
		{"a broken pattern in the name", "[a.so", []string{"[a.so.sigstore.json"}, []string{"[a.so.sigstore.json"}},
		{"no extension", "plugin", []string{"plugin", "plugin.sigstore.json"}, []string{"plugin.sigstore.json"}},
	} {
		folder := t.TempDir()
		for _, f := range tt.files {
			if name, ok := strings.CutSuffix(f, "/"); ok {
				if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
					t.Fatal(err)
				}
			} else {
				write(t, filepath.Join(folder, f), nil)
			}
		}
		var want []string
		for _, f := range tt.want {
			want = append(want, filepath.Join(folder, f))
		}
		got, err := bundle.Find(filepath.Join(folder, tt.plugin))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, error %v, want %q", tt.name, got, err, want)
		}
	}
}

func TestFindInCurrentFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "a.so.sigstore.json", nil)
	if got, err := bundle.Find("a.so"); err != nil || !slices.Equal(got, []string{"a.so.sigstore.json"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestFindErrors(t *testing.T) {
	folder := t.TempDir()
	if got, err := bundle.Find(filepath.Join(folder, "none", "a.so")); err != nil || got != nil {
		t.Errorf("no folder: got %q, %v", got, err)
	}
	file := write(t, filepath.Join(folder, "file"), nil)
	if got, err := bundle.Find(filepath.Join(file, "a.so")); err == nil {
		t.Errorf("a file for a folder: got %q", got)
	}
	for i := range 65 {
		write(t, filepath.Join(folder, fmt.Sprintf("a.so.%d.sigstore.json", i)), nil)
	}
	if got, err := bundle.Find(filepath.Join(folder, "a.so")); err == nil || !strings.Contains(err.Error(), "has 65 sidecars, at most 64 are read") {
		t.Errorf("65 sidecars: got %d, %v", len(got), err)
	}
	for i := range 4097 {
		write(t, filepath.Join(folder, fmt.Sprintf("b.so.%d.so", i)), nil)
	}
	if got, err := bundle.Find(filepath.Join(folder, "b.so")); err == nil || !strings.Contains(err.Error(), "more than 4096 files") {
		t.Errorf("4097 names: got %d, %v", len(got), err)
	}
}

// While a plugin is replaced as plugtool build does, whoever reads it and then its
// attestations, or a further signer's signatures, finds one that fits, unless the plugin is
// another by then.
func TestWhileReplaced(t *testing.T) {
	key := newSigner(t, elliptic.P256())
	t.Run("attestation", func(t *testing.T) {
		whileReplaced(t, key, bundle.Attestation, ".loads.intoto.sigstore.json", func(data []byte) []byte {
			return key.envelope(t, bundle.PayloadType, statement(t, data))
		})
	})
	t.Run("signature", func(t *testing.T) {
		whileReplaced(t, key, bundle.Message, ".0123456789abcdef.sigstore.json", func(data []byte) []byte { return key.bundle(t, data) })
	})
}

func whileReplaced(t *testing.T, key signer, kind bundle.Kind, extension string, sign func(data []byte) []byte) {
	plugin := filepath.Join(t.TempDir(), "a.so")
	place := func(i int) {
		data := fmt.Appendf(nil, "plugin %d", i)
		next := plugin + ".next" + extension
		write(t, next, sign(data))
		write(t, plugin+".new", data)
		for _, step := range [][2]string{{plugin + ".new", plugin}, {next, plugin + extension}} {
			if err := os.Rename(step[0], step[1]); err != nil {
				t.Error(err)
			}
		}
	}
	place(0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 300 {
			place(i)
		}
	}()
	search := bundle.Search{Plugin: plugin, Kind: kind}
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		data, err := os.ReadFile(plugin)
		if err != nil {
			t.Fatal(err)
		}
		evidence, err := search.Collect(bundle.NewDigests(data), bundle.Trust{Keys: []*bundle.PublicKey{key.public}})
		if err != nil {
			t.Fatal(err)
		}
		now, err := os.ReadFile(plugin)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(evidence, func(e bundle.Evidence) bool { return e.Err == nil }) && bytes.Equal(now, data) {
			t.Fatalf("no %s of %+v fits %s", kind, evidence, data)
		}
	}
}

// The names that are written are the names that are found.
func TestNames(t *testing.T) {
	plugin := filepath.Join(t.TempDir(), "a.so")
	k := fixtureKey(t, "cosign.pub")
	if got, want := bundle.SignerPath("a.so", k), "a.so."+k.Fingerprint()[:16]+".sigstore.json"; got != want {
		t.Errorf("SignerPath gives %s, want %s", got, want)
	}
	want := []string{bundle.NextPath(plugin), bundle.SignerPath(plugin, k), bundle.Path(plugin)}
	for _, name := range want {
		write(t, name, nil)
	}
	if got, err := bundle.Find(plugin); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
