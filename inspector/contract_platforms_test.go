//go:build platforms

package inspector_test

import "testing"

// TestContractPlatforms: types are read and compared as they are where hosts assert for
// real; the other machines have the word size and byte order of amd64 or of these.
func TestContractPlatforms(t *testing.T) {
	t.Parallel()
	s := contractShop(t)
	for _, m := range machines {
		if m.goarch != "s390x" && m.goarch != "386" {
			continue
		}
		for _, toolchain := range []string{"GOTOOLCHAIN=go1.21.13", "GOTOOLCHAIN=local", "GOTOOLCHAIN=go1.27.1"} {
			name := m.name() + "-" + toolchain
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				env := "CGO_ENABLED=1 GOARCH=" + m.goarch + " CC=" + m.triple + "-gcc " + m.env + " " + toolchain
				plugin := s.contractPlugin(t, name+".so", env)
				host := s.build(t, name+".host", env+" go build -trimpath -o OUT ./host")
				compareContract(t, plugin, host, m.run...)
			})
		}
	}
}
