package keyless_test

import (
	"testing"

	"github.com/plugtool/plugtool/signer/keyless"
)

func BenchmarkVerify(b *testing.B) {
	t := new(testing.T)
	i := newInstance(t)
	made, root := marshal(t, i.sign(t, plugin, recipe{})), i.trustedRoot(t)
	for b.Loop() {
		v, err := keyless.NewVerifier(root, keyless.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := v.Verify(made, digest, keyless.Message, whoever); err != nil {
			b.Fatal(err)
		}
	}
}
