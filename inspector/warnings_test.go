package inspector_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// The hosts and plugins of testdata/verdict/loadsbut. The plugin's function Report
// tells what it sees of the process.
var loadsBut = map[string]string{
	"but-host":        "cd loadsbut && go build -trimpath -o OUT ./host",
	"but-host-X":      "cd loadsbut && go build -trimpath -ldflags='-s -w -X example.com/loadsbut/state.Version=host -X example.com/loadsbut/state.Unused=host' -o OUT ./host && strip OUT",
	"but-host-debug":  "cd loadsbut && go build -trimpath -tags=debugline -o OUT ./host",
	"but-host-v3":     "cd loadsbut && GOAMD64=v3 go build -trimpath -o OUT ./host",
	"but-host-26.8":   "cd loadsbut && GOTOOLCHAIN=go1.26.8 go build -trimpath -o OUT ./host",
	"but-plain.so":    "cd loadsbut && go build -trimpath -buildmode=plugin -o OUT ./plugin",
	"but-X.so":        "cd loadsbut && go build -trimpath -ldflags='-s -w -X example.com/loadsbut/state.Version=plugin -X=example.com/loadsbut/state.Unused=plugin' -buildmode=plugin -o OUT ./plugin && strip OUT",
	"but-X-same.so":   "cd loadsbut && go build -trimpath -ldflags=-X=example.com/loadsbut/state.Version=source -buildmode=plugin -o OUT ./plugin",
	"but-X-main.so":   "cd loadsbut && go build -trimpath -ldflags=-X=main.own=plugin -buildmode=plugin -o OUT ./plugin",
	"but-debug.so":    "cd loadsbut && go build -trimpath -tags=debugline -buildmode=plugin -o OUT ./plugin",
	"but-old-line.so": "cd loadsbut && go build -modfile=go20.mod -trimpath -buildmode=plugin -o OUT ./plugin",
	"but-v3.so":       "cd loadsbut && GOAMD64=v3 go build -trimpath -buildmode=plugin -o OUT ./plugin",
	"but-26.7.so":     "cd loadsbut && GOTOOLCHAIN=go1.26.7 go build -trimpath -buildmode=plugin -o OUT ./plugin",
}

// TestLoadsBut: what a plugin really sees in a host that it loads into, and the
// findings that say so, as "PT804 warning".
func TestLoadsBut(t *testing.T) {
	t.Parallel()
	tests := []struct{ host, plugin, report, findings string }{
		{"but-host", "but-plain.so", "version source, unused source, opened 42, panic(nil) is panic called with nil argument", ""},
		{"but-host-X", "but-plain.so", "version host, unused source", ""},
		// The host's linker dropped the variable Unused: it is the plugin's own.
		{"but-host-X", "but-X.so", "version host, unused plugin", "PT804 warning"},
		{"but-host", "but-X.so", "version source, unused plugin", "PT804 warning"},
		{"but-host", "but-X-same.so", "version source", ""},
		{"but-host-X", "but-X-same.so", "version host", "PT804 warning"},
		{"but-host", "but-X-main.so", "version source", ""},
		{"but-host", "but-debug.so", "panic(nil) is panic called with nil argument", "PT805 warning"},
		{"but-host-debug", "but-debug.so", "panic(nil) is <nil>", ""},
		{"but-host-debug", "but-plain.so", "panic(nil) is <nil>", "PT805 note"},
		{"but-host", "but-old-line.so", "panic(nil) is panic called with nil argument", "PT805 note"},
		{"but-host", "but-v3.so", "version source", "PT803 warning"},
		{"but-host-v3", "but-plain.so", "version source", ""},
		{"but-host-v3", "but-v3.so", "version source", ""},
		{"but-host-26.8", "but-26.7.so", "version source", "PT802 warning"},
	}
	for _, test := range tests {
		t.Run(test.host+","+test.plugin, func(t *testing.T) {
			t.Parallel()
			host, plugin := shop.build(t, test.host, loadsBut[test.host]), shop.build(t, test.plugin, loadsBut[test.plugin])
			if strings.HasSuffix(test.host, "v3") && !runsV3() {
				t.Log("this processor is older than v3: only the verdict is tested")
			} else if out, err := exec.Command(host, plugin).Output(); err != nil || !strings.Contains(string(out), test.report) {
				t.Errorf("the plugin reports %q %v, want %q", out, err, test.report)
			}
			for _, h := range []string{host, describe(t, host)} {
				p := verdict(t, h, []string{plugin}).Plugins[0]
				var got []string
				for _, f := range p.Findings {
					got = append(got, f.ID+" "+string(f.Severity))
					if f.Host == "" || f.Plugin == "" || f.Detail == "" || len(f.Fix) == 0 || !strings.HasPrefix(f.Docs, inspector.DocsURL) {
						t.Errorf("%s: finding lacks something: %+v", h, f)
					}
				}
				if p.Outcome != inspector.Loads || strings.Join(got, ", ") != test.findings {
					t.Errorf("%s: %s with %q, want loads with %q", h, p.Outcome, got, test.findings)
				}
			}
		})
	}
}

// runsV3 says whether this processor runs what GOAMD64=v3 compiles to.
func runsV3() bool {
	out, err := exec.Command("grep", "-m1", "flags", "/proc/cpuinfo").Output()
	flags := strings.Fields(string(out))
	return err == nil && slices.Contains(flags, "avx2") && slices.Contains(flags, "bmi2")
}

// TestOwnCopies: what a plugin costs is told to those who ask.
func TestOwnCopies(t *testing.T) {
	t.Parallel()
	h, err := inspector.OpenHost(shop.file(t, "host"))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	v, err := inspector.Options{Costs: true}.Check(h, []*inspector.Plugin{inspector.ReadPlugin(shop.file(t, "dep1.so"))})
	if err != nil {
		t.Fatal(err)
	}
	f := v.Plugins[0].Findings
	if len(f) != 1 || f[0].ID != "PT806" || f[0].Severity != inspector.Note || !strings.Contains(f[0].Plugin, "of 1 package of its own") {
		t.Errorf("findings are %+v, want a note about the code of one package of the plugin's own", f)
	}
	t.Logf("%s; %s; %s", f[0].Title, f[0].Plugin, f[0].Detail)
}
