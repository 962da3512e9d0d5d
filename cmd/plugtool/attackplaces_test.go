package main

import (
	"bytes"
	"os"
	"runtime"
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

// TestLargeStranger holds that a large file whose signature fails is in memory once.
func TestLargeStranger(t *testing.T) {
	w := newArena(t)
	const size = 96<<20 + 1
	w.write("p.so", bytes.Repeat([]byte{'x'}, size))
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	code, _, text := w.verify("--key", "good.pub", "p.so")
	runtime.ReadMemStats(&after)
	if code != exitUntrusted {
		t.Errorf("exit code %d\n%s", code, text)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > size+64<<20 {
		t.Errorf("allocates %d MiB for a file of %d MiB", used>>20, size>>20)
	}
}

func TestHoldsOther(t *testing.T) {
	w := newArena(t)
	data := bytes.Repeat([]byte("0123456789"), 20_000)
	w.write("f", data)
	changed := bytes.Clone(data)
	changed[len(changed)-1]++
	for name, test := range map[string]struct {
		file string
		data []byte
		want bool
	}{
		"the same": {"f", data, false},
		"a byte":   {"f", changed, true},
		"shorter":  {"f", data[:len(data)-1], true},
		"nothing":  {"none", data, false},
		"a folder": {".", data, false},
	} {
		if got := holdsOther(w.path(test.file), test.data); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
