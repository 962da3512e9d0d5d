package main

import (
	"os"
	"testing"
)

// TestSealsFollowNoLink holds that what is signed beside a plugin goes beside it: a link
// that a stranger left there under the sidecar's name may lead to any file of the user's.
func TestSealsFollowNoLink(t *testing.T) {
	for _, test := range []struct {
		sidecar string
		args    []string
	}{
		{"p.so.sigstore.json", []string{"sign", "--key", "good.key", "p.so"}},
		{"p.so.slsaprovenance1.intoto.sigstore.json", []string{"attest", "--key", "good.key", "p.so"}},
	} {
		w := newArena(t)
		w.write("precious", []byte("precious"))
		_ = os.Remove(w.path(test.sidecar)) // it need not be there
		if err := os.Symlink("precious", w.path(test.sidecar)); err != nil {
			t.Fatal(err)
		}
		if code, _, text := w.plugtool(test.args...); code != exitOK {
			t.Errorf("%s: exit code %d\n%s", test.args[0], code, text)
		}
		if got := string(w.read("precious")); got != "precious" {
			t.Errorf("%s wrote through a link: %.60s", test.args[0], got)
		}
		if info, err := os.Lstat(w.path(test.sidecar)); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s left no file of its own: %v, %v", test.args[0], info, err)
		}
	}
}
