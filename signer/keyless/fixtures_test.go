//go:build fixtures

package keyless_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestWriteFixtures writes what cmd/plugtool's scripts verify: a file with a signature
// and an attestation by ann@example.com, and the trusted root of who vouches for them. Its
// authorities are gone with the test, so nothing else can ever be signed by them.
func TestWriteFixtures(t *testing.T) {
	folder := filepath.Join("..", "..", "cmd", "plugtool", "testdata", "identity")
	must(t, os.MkdirAll(folder, 0o755))
	ann := []name{{1, "ann@example.com"}}
	i, other := newInstance(t), newInstance(t)
	provenance := fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a.so","digest":{"sha256":"%x"}}],`+
		`"predicateType":"https://slsa.dev/provenance/v1","predicate":{"runDetails":{"builder":{"id":"https://builder.example"}}}}`, digest)
	for name, data := range map[string][]byte{
		"artifact":               plugin,
		"root.json":              i.trustedRoot(t),
		"otherroot.json":         other.trustedRoot(t),
		"message.json":           marshal(t, i.sign(t, plugin, recipe{names: ann})),
		"message-no-sct.json":    marshal(t, i.sign(t, plugin, recipe{names: ann, noSCT: true})),
		"message-elsewhere.json": marshal(t, i.sign(t, []byte("another"), recipe{names: ann})),
		"attestation.json":       marshal(t, i.sign(t, plugin, recipe{names: ann, statement: provenance})),
	} {
		must(t, os.WriteFile(filepath.Join(folder, name), data, 0o644))
	}
}
