package inspector_test

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// TestCauses says which findings explain a refusal, in few words.
func TestCauses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		host, plugins string // of the last plugin, the findings are looked at
		want          []string
	}{
		{"host", "plain.so", nil},
		{"host", "plain-untrim.so", []string{"PT303 host was built with -trimpath, plugin without"}},
		{"host-untrim", "plain.so", []string{"PT303 host was built without -trimpath, plugin with"}},
		{"host", "plain-race.so", []string{"PT304 host was built without -race, plugin with -race=true"}},
		{"host", "plain-N.so", []string{"PT304 host was built without -gcflags, plugin with -gcflags=all=-N -l"}},
		{"host-ctrim", "plain-ctrim.so", []string{"PT402 host and plugin were built with -gcflags=runtime/cgo=-trimpath=/away, and have different source folders of runtime/cgo"}},
		{"host-untrim", "plain-ctrim.so", []string{"PT304 host was built without -gcflags, plugin with -gcflags=runtime/cgo=-trimpath=/away"}},
		{"host", "plain-tag.so", []string{"PT304 host was built without -tags, plugin with -tags=changed"}},
		{"host", "plain-25.so", []string{"PT302 host was built with " + runtime.Version() + ", plugin with go1.25.12"}},
		{"host-25", "plain-24.so", []string{"PT301 host was built with go1.25.12, plugin with go1.24.13"}},
		{"host", "dep1.so dep2.so", []string{"PT502 BIN/dep1.so has example.com/dep v1.0.0 => ./dep1, BIN/dep2.so has v1.0.0 => ./dep2"}},
		{"host", "plain.so copy:plain.so", []string{"PT501 BIN/plain.so and BIN/copy-plain.so have the same plugin path"}},
		{"host-nocgo", "plain.so", []string{"PT101 BIN/host-nocgo was built with CGO_ENABLED=0, where Go has no plugins"}},
		{"host-internal", "plain.so", []string{"PT103 BIN/host-internal imports package plugin, but was linked statically or internally"}},
		{"host", "clib.so", []string{"PT206 BIN/clib.so is a shared library, but no Go plugin"}},
		{"host", "program", []string{"PT205 BIN/program is a program, not a plugin"}},
		{"host", "cut:plain.so", []string{"PT204 BIN/cut-plain.so is cut off: its segments go on behind its end"}},
		{"host", "machine:plain.so", []string{"PT203 BIN/machine-plain.so is for another platform"}},
		{"host", "needs-gone.so", []string{"PT701 BIN/needs-gone.so needs libfoo.so.1, which this machine does not have"}},
		{"host", "needs-version.so", []string{"PT702 BIN/needs-version.so needs FOO_2 of libfoo.so.1, which this machine's lacks"}},
		{"host", "needs-other.so", []string{"PT703 BIN/needs-other.so needs the C symbol foo, which nothing defines"}},
		{"host", "plain-asan.so", []string{"PT305 BIN/plain-asan.so was built with -asan"}},
	}
	for _, test := range tests {
		t.Run(test.host+","+strings.ReplaceAll(test.plugins, " ", ","), func(t *testing.T) {
			t.Parallel()
			var files []string
			for _, f := range strings.Fields(test.plugins) {
				files = append(files, shop.file(t, f))
			}
			v := verdict(t, shop.file(t, test.host), files)
			findings := v.Plugins[len(v.Plugins)-1].Findings
			var got []string
			for _, f := range findings {
				got = append(got, strings.ReplaceAll(f.ID+" "+f.Title, shop.bin, "BIN"))
				if f.Severity == inspector.Error && (len(f.Fix) == 0 || f.Docs == "" || f.Host == "" && f.Plugin == "") {
					t.Errorf("%s lacks a fix, a page or the values: %+v", f.ID, f)
				}
			}
			if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("findings:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// TestAllMismatches: Go names one package, the finding names all.
func TestAllMismatches(t *testing.T) {
	t.Parallel()
	v := verdict(t, shop.file(t, "host"), []string{shop.file(t, "plain-untrim.so")})
	f := v.Plugins[0].Findings[0]
	if f.Package != "internal/goarch" || len(f.Packages) < 40 {
		t.Errorf("finding names %q and %d packages, want internal/goarch and all of them", f.Package, len(f.Packages))
	}
	if !slices.Contains(f.Packages, "example.com/verdict/shared") {
		t.Errorf("the packages lack the one that the plugin and the host share: %v", f.Packages)
	}
}
