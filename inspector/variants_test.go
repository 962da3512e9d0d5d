//go:build platforms

package inspector_test

import (
	"strings"
	"testing"
)

// Machines that differ from those of TestPlatforms in what the compiler may use, and
// one in how floating-point numbers are passed.
var (
	armel = emulated("arm", "arm-linux-gnueabi", "qemu-arm", "GOARM=5", 8)
	armv6 = emulated("arm", "arm-linux-gnueabihf", "qemu-arm", "GOARM=6", 8)
)

// TestFloatConventions: an armhf process passes over libraries of armel and the other
// way round, while the instructions that a plugin may use decide nothing.
func TestFloatConventions(t *testing.T) {
	t.Parallel()
	armhf := machines[4]
	for _, test := range []struct {
		host    machine
		plugins []machine
	}{
		{armhf, []machine{armel, armv6, armhf}},
		{armv6, []machine{armel, armhf, armv6}},
		{armel, []machine{armhf, armv6, armel}},
	} {
		t.Run(test.host.name()+" "+test.host.triple, func(t *testing.T) {
			t.Parallel()
			var files []string
			for _, m := range test.plugins {
				files = append(files, m.file(t, "plain.so"))
			}
			test.host.compare(t, test.host.file(t, "host"), files)
		})
	}
}

// TestPlatformProcessors: unlike GOAMD64 and GOARM, GO386 changes hashes, and the
// finding says so.
func TestPlatformProcessors(t *testing.T) {
	t.Parallel()
	sse2 := machines[5]
	soft := sse2
	soft.env = "GO386=softfloat"
	for _, pair := range [][2]machine{{sse2, soft}, {soft, sse2}} {
		host, files := pair[0].file(t, "host"), []string{pair[1].file(t, "plain.so")}
		pair[0].compare(t, host, files)
		if f := verdict(t, host, files).Plugins[0].Findings[0]; f.ID != "PT304" || !strings.HasPrefix(f.Host, "GO386=") {
			t.Errorf("%s in %s: %s says %q, want PT304 for GO386", pair[1].name(), pair[0].name(), f.ID, f.Host)
		}
	}
}
