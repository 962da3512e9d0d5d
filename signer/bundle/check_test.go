package bundle_test

import (
	"bytes"
	"crypto/elliptic"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/signer/bundle"
)

// A plugin is a file for tests, in a folder of its own.
type plugin struct {
	name string
	data []byte
}

func newPlugin(t testing.TB) plugin {
	t.Helper()
	p := plugin{filepath.Join(t.TempDir(), "a.so"), []byte("a plugin")}
	write(t, p.name, p.data)
	return p
}

// sidecar writes one with extra between the plugin's name and the extension.
func (p plugin) sidecar(t testing.TB, extra string, data []byte) string {
	t.Helper()
	return write(t, p.name+extra+bundle.Extension, data)
}

// check checks, and wants a result that does not contradict itself.
func (p plugin) check(t testing.TB, bundleFile string, keys ...*bundle.PublicKey) bundle.Result {
	t.Helper()
	got := bundle.Check(p.name, p.data, bundleFile, bundle.Trust{Keys: keys})
	a := toJSON(t, got)
	if (got.Status == bundle.Verified) != (len(got.Signers) > 0) || (got.Status == bundle.Verified) != (got.Reason == "") {
		t.Errorf("contradicts itself: %s", a)
	}
	if !strings.Contains(a, `"signers":[`) || strings.ContainsAny(got.Reason, "\n\x1b") {
		t.Errorf("cannot be shown: %s", a)
	}
	return got
}

func toJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func expect(t testing.TB, what string, got bundle.Result, status bundle.Status, bundleFile, reason string) {
	t.Helper()
	if got.Status != status || got.Bundle != bundleFile || !strings.Contains(got.Reason, reason) {
		t.Errorf("%s: %s by %q: %s\nwant %s by %q with %q", what, got.Status, got.Bundle, got.Reason, status, bundleFile, reason)
	}
}

func TestCheckWithoutKeys(t *testing.T) {
	p := newPlugin(t)
	expect(t, "no sidecar", p.check(t, ""), bundle.Missing, "", "no file "+p.name+".sigstore.json")
	expect(t, "no bundle", p.check(t, p.name+".x"), bundle.Missing, "", "there is no bundle "+p.name+".x")
	sidecar := p.sidecar(t, "", []byte("whatever"))
	expect(t, "sidecar", p.check(t, ""), bundle.Unverified, sidecar, "no key, identity or policy was given")
	other := write(t, filepath.Join(t.TempDir(), "bundle"), nil)
	expect(t, "bundle", p.check(t, other), bundle.Unverified, other, "no key, identity or policy was given")
	p.sidecar(t, ".slsaprovenance1.intoto", nil)
	if err := os.Remove(sidecar); err != nil {
		t.Fatal(err)
	}
	expect(t, "only an attestation", p.check(t, ""), bundle.Missing, "", "no signature")
}

func TestCheckOneSidecar(t *testing.T) {
	p, s, other := newPlugin(t), newSigner(t, elliptic.P256()), newSigner(t, elliptic.P384())
	expect(t, "missing", p.check(t, "", s.public), bundle.Missing, "", "no file "+p.name+".sigstore.json")

	sidecar := p.sidecar(t, "", s.bundle(t, p.data))
	got := p.check(t, "", other.public, s.public)
	expect(t, "good", got, bundle.Verified, sidecar, "")
	if len(got.Signers) != 1 || got.Signers[0] != (bundle.Signer{Fingerprint: s.public.Fingerprint(), Bundle: sidecar}) {
		t.Errorf("signers %+v", got.Signers)
	}
	expect(t, "another key", p.check(t, "", other.public), bundle.Untrusted, sidecar, "a.so.sigstore.json was signed by key "+s.public.Fingerprint())

	tampered := plugin{p.name, append(bytes.Clone(p.data), 0)}
	expect(t, "tampered", tampered.check(t, "", s.public), bundle.Invalid, sidecar, "a.so.sigstore.json signs a file with SHA2_256 digest")

	elsewhere := filepath.Join(t.TempDir(), "else\nwhere.json")
	expect(t, "no bundle", p.check(t, elsewhere, s.public), bundle.Missing, "", `else\nwhere.json`)
	write(t, elsewhere, []byte("{"))
	expect(t, "a bundle wins over the sidecar", p.check(t, elsewhere, s.public), bundle.Invalid, elsewhere, `"else\nwhere.json" is not JSON`)
}

// Whatever is wrong with the only sidecar, the plugin is not verified and the
// reason says why.
func TestCheckBadSidecar(t *testing.T) {
	p, s := newPlugin(t), newSigner(t, elliptic.P256())
	good := s.bundle(t, p.data)
	for _, tt := range []struct {
		name   string
		data   []byte
		status bundle.Status
		reason string
	}{
		{"empty", nil, bundle.Invalid, "a.so.sigstore.json is not JSON"},
		{"cut short", good[:len(good)-1], bundle.Invalid, "is not JSON"},
		{"2 MiB", append(bytes.Clone(good), bytes.Repeat([]byte(" "), 2<<20)...), bundle.Invalid, "is too large: 2097"},
		{"raw signature", s.raw(t, p.data), bundle.Invalid, "is not"},
		{"legacy", []byte(`{"base64Signature":"AA=="}`), bundle.Invalid, "is of cosign's legacy format"},
		{"duplicate field", replace(t, good, `"signature":`, `"signature":"AA==","signature":`), bundle.Invalid, `has "signature" twice`},
		{"case variant", replace(t, good, `"signature":`, `"Signature":"AA==","signature":`), bundle.Invalid, "only in case"},
		{"attestation", fixture(t, "attestation.json"), bundle.Invalid, "is an attestation"},
		{"of another file", s.bundle(t, []byte("b plugin")), bundle.Invalid, "signs a file with"},
		{"damaged signature", withSignature(t, good, s.raw(t, []byte("b plugin"))), bundle.Untrusted, "damaged or forged"},
	} {
		sidecar := p.sidecar(t, "", tt.data)
		expect(t, tt.name, p.check(t, "", s.public), tt.status, sidecar, tt.reason)
	}
}

// One good sidecar is enough, and among bad ones the one that is about these
// bytes decides.
func TestCheckSeveralSidecars(t *testing.T) {
	p, s, other := newPlugin(t), newSigner(t, elliptic.P256()), newSigner(t, elliptic.P256())
	good, stale := s.bundle(t, p.data), s.bundle(t, []byte("the version before"))

	old := p.sidecar(t, "", stale)
	next := p.sidecar(t, ".next", good)
	expect(t, "killed before the sidecar's rename", p.check(t, "", s.public), bundle.Verified, next, "")
	p.sidecar(t, "", good)
	p.sidecar(t, ".next", stale)
	expect(t, "killed before the plugin's rename", p.check(t, "", s.public), bundle.Verified, old, "")

	p.sidecar(t, ".next", []byte("{"))
	expect(t, "torn beside good", p.check(t, "", s.public), bundle.Verified, old, "")
	expect(t, "torn beside strange", p.check(t, "", other.public), bundle.Untrusted, old, "was signed by key")
	p.sidecar(t, ".next", other.bundle(t, p.data))
	p.sidecar(t, "", []byte("{"))
	expect(t, "strange beside torn", p.check(t, "", s.public), bundle.Untrusted, next, "was signed by key")
	p.sidecar(t, "", stale)
	p.sidecar(t, ".next", stale)
	expect(t, "all stale", p.check(t, "", s.public), bundle.Invalid, next, "signs a file with")
}

// A key that signed several times is one signer; keys that are given twice are
// one key.
func TestCheckCountsKeysOnce(t *testing.T) {
	p, a, b := newPlugin(t), newSigner(t, elliptic.P256()), newSigner(t, elliptic.P256())
	p.sidecar(t, ".1", a.bundle(t, p.data))
	p.sidecar(t, ".2", a.bundle(t, p.data))
	p.sidecar(t, "", replace(t, a.bundle(t, p.data), a.public.Hint(), "another"))
	again, err := bundle.ParsePublicKey(a.public.PEM())
	if err != nil {
		t.Fatal(err)
	}
	keys := []*bundle.PublicKey{a.public, again, b.public, a.public}
	if got := p.check(t, "", keys...); len(got.Signers) != 1 || got.Signers[0].Fingerprint != a.public.Fingerprint() {
		t.Errorf("one signer counts as %+v", got.Signers)
	}
	p.sidecar(t, ".3", b.bundle(t, p.data))
	if got := p.check(t, "", keys...); len(got.Signers) != 2 || got.Signers[1].Fingerprint != b.public.Fingerprint() {
		t.Errorf("two signers count as %+v", got.Signers)
	}
	if got := p.check(t, "", a.public); len(got.Signers) != 1 {
		t.Errorf("a signer that was not asked for counts: %+v", got.Signers)
	}
}

func TestCheckNotAFile(t *testing.T) {
	p, s := newPlugin(t), newSigner(t, elliptic.P256())
	sidecar := bundle.Path(p.name)
	if err := os.Mkdir(sidecar, 0o700); err != nil {
		t.Fatal(err)
	}
	expect(t, "directory", p.check(t, "", s.public), bundle.Invalid, sidecar, "a.so.sigstore.json is a directory, expected a regular file")
	if got := p.check(t, filepath.Join(p.name, "bundle"), s.public); got.Status == bundle.Verified {
		t.Errorf("file for a folder: %+v", got)
	}
}

func TestCheckTooManySidecars(t *testing.T) {
	p, s := newPlugin(t), newSigner(t, elliptic.P256())
	good := s.bundle(t, p.data)
	for i := range 65 {
		p.sidecar(t, "."+strings.Repeat("x", i+1), good)
	}
	expect(t, "65 sidecars", p.check(t, "", s.public), bundle.Invalid, "", "at most 64 are read")
}

// Many large sidecars cost no more than a few: a good attestation can be copied by anybody.
func TestCheckMemoryTogether(t *testing.T) {
	p, s := newPlugin(t), newSigner(t, elliptic.P256())
	large := append(s.bundle(t, p.data), bytes.Repeat([]byte(" "), 900<<10)...)
	keys := bundle.Trust{Keys: []*bundle.PublicKey{s.public}}
	for i := range 9 {
		p.sidecar(t, "."+strings.Repeat("x", i+1), large)
	}
	if got := p.check(t, "", s.public); got.Status != bundle.Verified {
		t.Errorf("9 of 900 KiB: %+v", got)
	}
	p.sidecar(t, "."+strings.Repeat("x", 10), large)
	if got := bundle.Check(p.name, p.data, "", keys); got.Status != bundle.Invalid || !strings.Contains(got.Reason, "more than 8388608 bytes together") {
		t.Errorf("10 of 900 KiB: %+v", got)
	}
}

// A sidecar of any size costs little: it is never read beyond the cap.
func TestCheckMemory(t *testing.T) {
	p, s := newPlugin(t), newSigner(t, elliptic.P256())
	sidecar := p.sidecar(t, "", nil)
	if err := os.Truncate(sidecar, 1<<40); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := bundle.Check(p.name, p.data, "", bundle.Trust{Keys: []*bundle.PublicKey{s.public}})
	runtime.ReadMemStats(&after)
	expect(t, "1 TiB", got, bundle.Invalid, sidecar, "is too large: 1099511627776 bytes")
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("allocates %s", mebibytes(n))
	}
}
