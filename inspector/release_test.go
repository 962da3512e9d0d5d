package inspector_test

import (
	"runtime"
	"slices"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// TestVersionsOfOthers gives hosts and plugins versions as distributions and
// development trees write them. The verdict is what the files are, whatever they say.
func TestVersionsOfOthers(t *testing.T) {
	t.Parallel()
	versioned := func(version, name, flags string) string {
		return shop.build(t, name, "go build -trimpath \"-ldflags=-X 'runtime.buildVersion="+version+"'\" "+flags)
	}
	for i, test := range []struct {
		version string
		known   bool
	}{
		{runtime.Version() + "-custom", true},
		{runtime.Version() + " X:nodwarf5", true},
		{runtime.Version() + " (Red Hat 1.el9)", true},
		{runtime.Version() + "-20260412-RC00 cl/1234567 +5a18e79687 X:fieldtrack,boringcrypto", true},
		{"devel go1.28-abcdef0123 Thu Nov 5 12:00:00 2026 +0000", false},
		{"go1.28.0", false},
		{"go1.24.3", false}, // whose module data has another size
		{"my own go", false},
	} {
		n := string(rune('a' + i))
		host, plug := versioned(test.version, "host-version-"+n, "-o OUT ./host"), versioned(test.version, "version-"+n+".so", "-buildmode=plugin -o OUT ./plain")
		for _, pair := range [][2]string{{host, plug}, {host, shop.file(t, "plain.so")}, {shop.file(t, "host"), plug}} {
			files := []string{pair[1]}
			compareVerdict(t, pair[0], files, reallyOpen(t, pair[0], files))
			findings := verdict(t, pair[0], files).Plugins[0].Findings
			noted := slices.ContainsFunc(findings, func(f inspector.Finding) bool { return f.ID == "PT302" && f.Severity == inspector.Note })
			if want := !test.known && (pair[0] != host || pair[1] != plug); noted != want {
				t.Errorf("%s, %v: noted that the layout is judged by its size: %t, want %t", test.version, pair, noted, want)
			}
		}
	}
}
