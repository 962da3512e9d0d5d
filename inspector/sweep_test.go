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
// machine, alone and after a plugin of the host's own release.
func TestLayouts(t *testing.T) {
	native := machine{goarch: "amd64", triple: "x86_64-linux-gnu", since: 8}
	want := symbols(t, shop.file(t, "types.so"))
	for _, m := range append([]machine{native}, machines...) {
		t.Run(m.name(), func(t *testing.T) {
			hosts, own, plain := make(map[string]string), make(map[string]string), make(map[string]string)
			for _, v := range releases {
				if minor, _ := strconv.Atoi(strings.Split(v, ".")[1]); minor < m.since {
					continue
				}
				build := "GOTOOLCHAIN=go" + v + " go build -trimpath "
				hosts[v] = m.build(t, "host-go"+v, build+"-o OUT ./host")
				own[v] = m.build(t, "other-go"+v, build+"-buildmode=plugin -o OUT ./other")
				plain[v] = m.build(t, "plain-go"+v, build+"-buildmode=plugin -o OUT ./plain")
				got := symbols(t, m.build(t, "types-go"+v, build+"-buildmode=plugin -o OUT ./types"))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("go%s: symbols on amd64 (-) and here (+):\n%s", v, diff)
				}
				b, err := inspector.Inspect(hosts[v])
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%s go%s: runtime.moduledata has %d bytes", m.name(), v, b.ModuledataSize)
			}
			for h, host := range hosts {
				for p, plug := range plain {
					t.Run(h+","+p, func(t *testing.T) {
						m.compare(t, host, []string{plug, own[h]})
						m.compare(t, host, []string{own[h], plug, m.file(t, "dep1.so"), plain[h]})
					})
				}
			}
		})
	}
}
