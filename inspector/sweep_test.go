//go:build platforms && sweep

package inspector_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plugtool/plugtool/inspector"
)

// releases are the first and a late patch of every minor release.
var releases = []string{
	"1.21.0", "1.21.13", "1.22.0", "1.22.12", "1.23.0", "1.23.12", "1.24.0", "1.24.13",
	"1.25.0", "1.25.14", "1.26.0", "1.26.11", "1.27.0", "1.27.4",
}

// TestLayouts loads plugins of every release into hosts of every release, on every
// machine, alone and after a plugin of the host's own release. Two releases are tried
// by, for example, -run 'TestLayouts/s390x/1.21.13/1.26'.
func TestLayouts(t *testing.T) {
	want := symbols(t, shop.file(t, "types.so"))
	for _, m := range append([]machine{{goarch: "amd64", triple: "x86_64-linux-gnu", since: 8}}, machines...) {
		t.Run(m.name(), func(t *testing.T) {
			for _, h := range releases {
				if minor, _ := strconv.Atoi(strings.Split(h, ".")[1]); minor < m.since {
					continue
				}
				t.Run(h, func(t *testing.T) {
					m.layouts(t, h, want)
				})
			}
		})
	}
}

// of builds a package with a release.
func (m machine) of(t *testing.T, release, mode, pkg string) string {
	t.Helper()
	return m.build(t, pkg+"-go"+release, "GOTOOLCHAIN=go"+release+" go build -trimpath -buildmode="+mode+" -o OUT ./"+pkg)
}

func (m machine) layouts(t *testing.T, h string, want []inspector.Symbol) {
	host, own, plain := m.of(t, h, "exe", "host"), m.of(t, h, "plugin", "other"), m.of(t, h, "plugin", "plain")
	if diff := cmp.Diff(want, symbols(t, m.of(t, h, "plugin", "types"))); diff != "" {
		t.Errorf("symbols on amd64 (-) and here (+):\n%s", diff)
	}
	b, err := inspector.Inspect(host)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("runtime.moduledata has %d bytes", b.ModuledataSize)
	for _, p := range releases {
		if minor, _ := strconv.Atoi(strings.Split(p, ".")[1]); minor < m.since {
			continue
		}
		t.Run(p, func(t *testing.T) {
			plug := m.of(t, p, "plugin", "plain")
			m.compare(t, host, []string{plug, own})
			m.compare(t, host, []string{own, plug, m.file(t, "dep1.so"), plain})
		})
	}
}
