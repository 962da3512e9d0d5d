package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/plugtool/plugtool/signer/bundle"
)

// TestOddNames signs, attests and verifies plugins whose names are anything that a file's
// name can be: each has its own sidecars, nobody else's, and what is printed is lines of
// what can be printed.
func TestOddNames(t *testing.T) {
	for _, name := range []string{
		"we ird.so", "a\nb.so", "a\nplugtool: error: x.so", "\x1b[2J.so", "a\tb.so", "a\r.so", "*.so", "[a].so", "?.so", `a\b.so`, "a'b.so", `a"b.so`, "$(touch pwned).so",
		"`touch pwned`.so", "ä.so", "\xff.so", "\ufffd.so", "\u202e.so", "a\u2028b.so", "..so", "...so", ".so", "-key.so", "--key=good.pub", "--", "a%s%n.so", "p.so.sigstore.json", "p.so.next.so",
		"p.so.loads.intoto.sigstore.json", "a{{.Name}}.so", "a,b.so", "sha256:" + strings.Repeat("0", 64), "a;b.so", "a|b.so", "~.so", "#.so", "con.so", strings.Repeat("x", 200) + ".so",
	} {
		t.Run(strings.ToValidUTF8(name, "?"), func(t *testing.T) {
			t.Parallel()
			w := newArena(t)
			if err := os.Remove(w.path("p.so.sigstore.json")); err != nil {
				t.Fatal(err)
			}
			data := append(w.read("p.so"), []byte(name)...) // bytes of its own
			file := w.path(name)
			w.write(name, data)
			shows := unicode.IsPrint
			do := func(code int, args ...string) string {
				t.Helper()
				var out, text bytes.Buffer
				got := run(context.Background(), append([]string{"plugtool"}, args...), []string{"PLUGTOOL_PASSWORD="}, strings.NewReader(""), &out, &text)
				if all := out.String() + text.String(); got != code || strings.ContainsFunc(all, func(r rune) bool { return r != '\n' && !shows(r) }) || !utf8.ValidString(all) {
					t.Errorf("%q: exit code %d, want %d\n%q", args, got, code, all)
				}
				return out.String() + text.String()
			}
			good, public := w.path("good.key"), w.path("good.pub")
			do(exitUntrusted, "verify", "--key", public, file)
			do(exitOK, "sign", "--key", good, "--key", w.path("second.key"), file)
			do(exitOK, "attest", "--key", good, file)
			if _, err := os.Stat(bundle.Path(file)); err != nil {
				t.Error(err)
			}
			do(exitOK, "verify", "--key", public, file)
			do(exitOK, "verify", "--key", w.path("second.pub"), "--", file)
			do(exitOK, "verify", "--key", public, "--type", "slsaprovenance1", file)
			w.policy(`"plugins":[{"name":["*"],"signers":["good","second"],"threshold":2}]`)
			do(exitOK, "policy", "check", "--policy", w.path("policy.json"), file)
			// Documents hold the name as it is, without what a terminal would obey.
			shows = func(r rune) bool { return !unicode.IsControl(r) }
			for _, format := range []string{"json", "sarif", "junit", "markdown", "github", "gitlab"} {
				do(exitOK, "verify", "--key", public, "--format", format, file)
			}
			shows = unicode.IsPrint
			w.write(name, append(data, 0))
			if text := do(exitUntrusted, "verify", "--key", public, file); strings.Contains(text, "\nplugtool: error: x.so") {
				t.Errorf("the name forges a message: %q", text)
			}
			if _, err := os.Stat(filepath.Join(w.dir, "pwned")); err == nil {
				t.Error("the name ran a command")
			}
			if left, err := bundle.Find(w.path("p.so")); err != nil || len(left) > 0 && !strings.HasPrefix(name, "p.so.") {
				t.Errorf("another plugin has %q, %v", left, err)
			}
		})
	}
}
