//go:build linux

package loader_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/plugtool/plugtool/loader"
	"github.com/plugtool/plugtool/signer/bundle"
)

// A refusal is a plugin that must not be opened.
type refusal struct {
	name  string
	put   func(t *testing.T, dir string, key signer) (plugin string)
	args  []string     // instead of the key
	class loader.Class // "" for any
	text  string       // in the error
}

var refusals = []refusal{
	{name: "unsigned", put: builtFile("twin.so"), class: loader.ClassSignature, text: "signature missing: "},
	{name: "tampered", put: tampered, class: loader.ClassSignature, text: "signature invalid: "},
	{name: "wrong key", put: signedByStranger, class: loader.ClassSignature, text: "signature untrusted: "},
	{name: "bundle is a pipe", put: pipeForBundle, class: loader.ClassSignature, text: "signature invalid: "},
	{name: "other hashes", put: signed("mismatch.so"), class: loader.ClassVerdict, text: "different version of package"},
	{name: "C library", put: signed("c.so"), class: loader.ClassVerdict, text: "crashes"},
	{name: "cut off", put: cutOff, class: loader.ClassVerdict, text: "crashes"},
	{name: "text", put: content(strings.Repeat("no plugin\n", 1000)), args: unsigned, class: loader.ClassVerdict, text: "invalid ELF header"},
	{name: "empty", put: content(""), args: unsigned, class: loader.ClassVerdict, text: "file too short"},
	{name: "undefined symbol", put: builtFile("undefined.so"), args: unsigned, text: "nobody_has_this"},
	{name: "none", put: func(_ *testing.T, dir string, _ signer) string { return filepath.Join(dir, "p.so") }, class: loader.ClassIO, text: "no such file"},
	{name: "folder", put: func(_ *testing.T, dir string, _ signer) string { return dir }, class: loader.ClassIO, text: "no regular file"},
	{name: "pipe", put: pipe, class: loader.ClassIO, text: "no regular file"},
	{name: "too large", put: builtFile("twin.so"), args: []string{"-allow-unsigned", "-max", "100000"}, class: loader.ClassIO, text: "more than the 100000"},
	{name: "no key", put: builtFile("twin.so"), args: []string{"-max", "0"}, class: loader.ClassPolicy, text: "names no key"},
	{name: "no folder for copies", put: builtFile("twin.so"), args: []string{"-allow-unsigned", "-dir", "/nonexistent"}, class: loader.ClassIO, text: "Policy.Dir"},
}

var unsigned = []string{"-allow-unsigned"}

func builtFile(file string) func(*testing.T, string, signer) string {
	return func(t *testing.T, dir string, _ signer) string {
		t.Helper()
		return put(t, file, dir, "p.so")
	}
}

func signed(file string) func(*testing.T, string, signer) string {
	return func(t *testing.T, dir string, key signer) string {
		t.Helper()
		plugin := put(t, file, dir, "p.so")
		key.sign(t, plugin)
		return plugin
	}
}

func content(text string) func(*testing.T, string, signer) string {
	return func(t *testing.T, dir string, _ signer) string {
		t.Helper()
		return write(t, dir, "p.so", []byte(text))
	}
}

// tampered has a byte behind what was signed; it would still load.
func tampered(t *testing.T, dir string, key signer) string {
	t.Helper()
	plugin := signed("twin.so")(t, dir, key)
	data, err := os.ReadFile(plugin)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, dir, "p.so", append(data, 0))
}

func signedByStranger(t *testing.T, dir string, _ signer) string {
	t.Helper()
	return signed("twin.so")(t, dir, newSigner(t))
}

func pipeForBundle(t *testing.T, dir string, _ signer) string {
	t.Helper()
	plugin := put(t, "twin.so", dir, "p.so")
	if err := syscall.Mkfifo(bundle.Path(plugin), 0o600); err != nil {
		t.Fatal(err)
	}
	return plugin
}

func pipe(t *testing.T, dir string, _ signer) string {
	t.Helper()
	plugin := filepath.Join(dir, "p.so")
	if err := syscall.Mkfifo(plugin, 0o600); err != nil {
		t.Fatal(err)
	}
	return plugin
}

func cutOff(t *testing.T, dir string, key signer) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(built, "shapes.so"))
	if err != nil {
		t.Fatal(err)
	}
	plugin := write(t, dir, "p.so", data[:len(data)/3])
	key.sign(t, plugin)
	return plugin
}

// TestRefused holds that nothing of a refused plugin runs.
func TestRefused(t *testing.T) {
	key := newSigner(t)
	tests := append(refusals, refusal{
		name: "key and no key", put: builtFile("twin.so"), args: []string{"-allow-unsigned", "-key", key.file},
		class: loader.ClassPolicy, text: "set exactly one of",
	})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			plugin := test.put(t, t.TempDir(), key)
			args := test.args
			if args == nil {
				args = []string{"-key", key.file}
			}
			lines, inits := run(t, slices.Concat(args, []string{"open=" + plugin, "cancelled=" + plugin})...)
			l := lines[0]
			if test.class != "" && l.Class != test.class || !strings.Contains(l.Error, test.text) {
				t.Errorf("class %q, error %q; want class %q and a text with %q", l.Class, l.Error, test.class, test.text)
			}
			if l.Error == "" || strings.Contains(l.Error, "\n") || strings.HasSuffix(l.Error, ".") {
				t.Errorf("error %q: want one line without a full stop", l.Error)
			}
			if len(inits) > 0 {
				t.Errorf("init of %v ran", inits)
			}
		})
	}
}
