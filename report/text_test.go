package report

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
)

const keyFingerprint = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func host() *inspector.HostRef {
	return &inspector.HostRef{File: "golangci-lint", GoVersion: "go1.26.8", Platform: "linux/amd64"}
}

func plugin(file string, outcome inspector.Outcome, findings ...inspector.Finding) Plugin {
	return Plugin{
		PluginVerdict: inspector.PluginVerdict{File: file, Outcome: outcome, Findings: findings},
		Signature:     bundle.Result{Status: bundle.Missing, Reason: "there is no signature"},
	}
}

func trimpath() inspector.Finding {
	return inspector.Finding{
		ID: "PT401", Slug: "trimpath", Severity: inspector.Error,
		Title:    "the host was built with -trimpath, the plugin without",
		Detail:   "file paths are part of every package's hash, so that every package differs",
		Package:  "internal/goarch",
		Packages: []string{"internal/goarch", "internal/cpu", "unsafe", "runtime", "fmt"},
		Host:     "-trimpath=true", Plugin: "-trimpath=false",
		Fix: []string{"plugtool build --host golangci-lint -o linter.so"},
	}
}

func refused() Plugin {
	p := plugin("linter.so", inspector.Refused, trimpath())
	p.Refusal = "plugin was built with a different version of package internal/goarch"
	return p
}

func TestWriteText(t *testing.T) {
	signed := plugin("a.so", inspector.Loads)
	signed.Signature = bundle.Result{Status: bundle.Verified, Signers: []bundle.Signer{{Fingerprint: keyFingerprint}}}
	unchecked := plugin("a.so", inspector.Unknown)
	unchecked.Signature = bundle.Result{Status: bundle.Unverified}
	stranger := plugin("b.so", inspector.Loads)
	stranger.Signature = bundle.Result{Status: bundle.Untrusted, Reason: "b.so.sigstore.json was signed by another"}
	hostile := plugin("a\x1b[31m\n.so", inspector.Loads)

	one := func(h *inspector.HostRef, plugins ...Plugin) *Report {
		return &Report{Results: []Result{{Host: h, Plugins: plugins}}}
	}
	required := func(r *Report) *Report { r.Signing.Keys = []string{"keys/our.pub"}; return r }
	for _, test := range []struct {
		name   string
		report *Report
		style  Style
		want   string
	}{
		{"loads", one(host(), plugin("linter.so", inspector.Loads)), Style{},
			"loads  linter.so into golangci-lint (go1.26.8 linux/amd64)\n"},
		{"refused", one(host(), refused()), Style{}, `refused  linter.so by golangci-lint (go1.26.8 linux/amd64)
  plugin was built with a different version of package internal/goarch

  error PT401  the host was built with -trimpath, the plugin without
    host      -trimpath=true
    plugin    -trimpath=false
    packages  internal/goarch, internal/cpu, unsafe
              and 2 more; --verbose names them
    file paths are part of every package's hash, so that every package differs
  $ plugtool build --host golangci-lint -o linter.so
    plugtool explain PT401
`},
		{"verbose", one(host(), refused()), Style{Verbose: true}, `refused  linter.so by golangci-lint (go1.26.8 linux/amd64)
  plugin was built with a different version of package internal/goarch
  not signed

  error PT401  the host was built with -trimpath, the plugin without
    host      -trimpath=true
    plugin    -trimpath=false
    packages  internal/goarch
              internal/cpu
              unsafe
              runtime
              fmt
    file paths are part of every package's hash, so that every package differs
  $ plugtool build --host golangci-lint -o linter.so
    plugtool explain PT401
`},
		{"several", one(host(), signed, plugin("c.so", inspector.Crashes), plugin("d.so", inspector.Unknown)), Style{},
			`loads  a.so into golangci-lint (go1.26.8 linux/amd64)
  signed by key ` + keyFingerprint + `
crashes  c.so, opened by golangci-lint (go1.26.8 linux/amd64), takes the process down
unknown  d.so in golangci-lint (go1.26.8 linux/amd64): the process is gone before it is opened
3 plugins: 1 loads, 1 crashes, 1 unknown
`},
		{"what was found stands apart", one(host(), plugin("a.so", inspector.Loads), refused(), plugin("c.so", inspector.Loads)), Style{},
			`loads  a.so into golangci-lint (go1.26.8 linux/amd64)

refused  linter.so by golangci-lint (go1.26.8 linux/amd64)
  plugin was built with a different version of package internal/goarch

  error PT401  the host was built with -trimpath, the plugin without
    host      -trimpath=true
    plugin    -trimpath=false
    packages  internal/goarch, internal/cpu, unsafe
              and 2 more; --verbose names them
    file paths are part of every package's hash, so that every package differs
  $ plugtool build --host golangci-lint -o linter.so
    plugtool explain PT401

loads  c.so into golangci-lint (go1.26.8 linux/amd64)
3 plugins: 2 load, 1 refused
`},
		{"no host", one(nil, unchecked), Style{},
			"unknown  a.so: no host was given, nothing is proved about loading\n  signature not checked: no --key, identity or --policy was given\n"},
		{"signature required", required(one(host(), plugin("a.so", inspector.Loads), stranger)), Style{},
			`loads  a.so into golangci-lint (go1.26.8 linux/amd64)

  error PT901  a.so is not signed
    there is no signature
  $ plugtool sign --key keys/our.key a.so
    plugtool explain PT901

loads  b.so into golangci-lint (go1.26.8 linux/amd64)

  error PT903  b.so is not signed by a key that was given
    b.so.sigstore.json was signed by another
  - give the signer's public key by --key, if you trust it, or, if the plugin is yours: plugtool sign --key keys/our.key b.so
    plugtool explain PT903

2 plugins: 2 load, 2 not signed as demanded
`},
		{"quiet", required(one(host(), signed, stranger, signed)), Style{Quiet: true},
			`loads  b.so into golangci-lint (go1.26.8 linux/amd64)

  error PT903  b.so is not signed by a key that was given
    b.so.sigstore.json was signed by another
  - give the signer's public key by --key, if you trust it, or, if the plugin is yours: plugtool sign --key keys/our.key b.so
    plugtool explain PT903
`},
		{"descriptor without facts", one(&inspector.HostRef{File: "h"}, plugin("a.so", inspector.Loads)), Style{}, "loads  a.so into h\n"},
		{"colour", one(host(), plugin("a.so", inspector.Loads)), Style{Color: true},
			"\x1b[1;32mloads\x1b[0m  \x1b[1ma.so\x1b[0m into golangci-lint (go1.26.8 linux/amd64)\n"},
		{"hostile name", one(host(), hostile), Style{}, "loads  a\\x1b[31m\\n.so into golangci-lint (go1.26.8 linux/amd64)\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b strings.Builder
			if err := WriteText(&b, test.report, test.style); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, b.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestWriteErrorsAreReturned(t *testing.T) {
	r := &Report{Results: []Result{{Host: host(), Plugins: []Plugin{plugin("a.so", inspector.Loads)}}}}
	if WriteText(fullDisk{}, r, Style{}) == nil {
		t.Error("WriteText dropped the error")
	}
	if WriteJSON(fullDisk{}, r) == nil {
		t.Error("WriteJSON dropped the error")
	}
	b := &inspector.Binary{File: "a.so"}
	if WriteInspectText(fullDisk{}, b, Style{}) == nil {
		t.Error("WriteInspectText dropped the error")
	}
	if WriteInspectJSON(fullDisk{}, b) == nil {
		t.Error("WriteInspectJSON dropped the error")
	}
}

func TestPrintable(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"plain text, Ünicode, 日本", "plain text, Ünicode, 日本"},
		{"\x1b]0;title\a", `\x1b]0;title\a`},
		{"a\nb\tc", `a\nb\tc`},
		{"rtl\u202emark", `rtl\u202emark`},
		{"bad\xff", `bad\ufffd`},
		{"quote'", "quote'"},
	} {
		if got := Printable(test.in); got != test.want {
			t.Errorf("Printable(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		in   string
		want []string
	}{
		{"", []string{""}},
		{"short", []string{"short"}},
		{"one two three", []string{"one two", "three"}},
		{"areallylongword x", []string{"areallylongword", "x"}},
		{"kept\nbreak", []string{"kept", "break"}},
		{"ééééé éé", []string{"ééééé éé"}},
	} {
		if diff := cmp.Diff(test.want, wrap(test.in, 8)); diff != "" {
			t.Errorf("wrap(%q) (-want +got):\n%s", test.in, diff)
		}
	}
}

func TestIsCommand(t *testing.T) {
	for _, test := range []struct {
		fix  string
		want bool
	}{
		{"plugtool build --host h -o a.so", true},
		{"go get example.com/m@v1.2.3", true},
		{"CGO_ENABLED=1 go build -trimpath .", true},
		{"export ASAN_OPTIONS=detect_odr_violation=0", true},
		{"name a.so once", false},
		{`import "plugin" in the host, then CGO_ENABLED=1 go build`, false},
		{"A=1", false},
		{"", false},
	} {
		if got := isCommand(test.fix); got != test.want {
			t.Errorf("isCommand(%q) = %v, want %v", test.fix, got, test.want)
		}
	}
}

// What mends several findings stands once, after what mends each of them; of
// many findings the rest takes a line each.
func TestManyFindings(t *testing.T) {
	var findings []inspector.Finding
	for i := range 30 {
		f := sameHash()
		f.Title = fmt.Sprint("trouble ", i)
		f.Fix = []string{fmt.Sprint("go get example.com/m", i), "plugtool build --host h"}
		findings = append(findings, f)
	}
	text := func(n int, style Style) string {
		var b strings.Builder
		r := &Report{Results: []Result{{Host: host(), Plugins: []Plugin{plugin("a.so", inspector.Loads, findings[:n]...)}}}}
		if err := WriteText(&b, r, style); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for n, builds := range map[int]int{1: 1, 3: 1, 30: 1} {
		out := text(n, Style{})
		if strings.Count(out, "$ plugtool build") != builds || strings.Count(out, "plugtool explain") != 1 {
			t.Errorf("%d findings:\n%s", n, out)
		}
		if n > 1 && strings.Index(out, "$ plugtool build") < strings.Index(out, "go get example.com/m1\n") {
			t.Errorf("%d findings: the last step is not the last:\n%s", n, out)
		}
		for i := range n {
			if !strings.Contains(out, fmt.Sprintf("  trouble %d\n", i)) {
				t.Errorf("%d findings: number %d is left out", n, i)
			}
		}
	}
	if out := text(30, Style{}); strings.Count(out, "go get") != 10 || !strings.HasSuffix(out, "(--verbose says more of them)\n") {
		t.Errorf("30 findings:\n%s", out)
	}
	if out := text(30, Style{Verbose: true}); strings.Count(out, "go get") != 30 {
		t.Errorf("30 findings, verbose:\n%s", out)
	}
}
