package inspector_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// compareVerdict compares the verdict with what became of each file.
func compareVerdict(t *testing.T, host string, files []string, want []opened) {
	t.Helper()
	compareTo(t, want, verdict(t, host, files))
}

func compareTo(t *testing.T, want []opened, v *inspector.Verdict) {
	t.Helper()
	host := v.Host.File
	for i, p := range v.Plugins {
		t.Logf("%s %s: %s %q", filepath.Base(host), filepath.Base(p.File), want[i].outcome, want[i].refusal)
		if p.Outcome != want[i].outcome || p.Refusal != want[i].refusal {
			t.Errorf("%s, plugin %d %s:\n verdict %s %q\n really  %s %q", filepath.Base(host), i, filepath.Base(p.File), p.Outcome, p.Refusal, want[i].outcome, want[i].refusal)
		}
		if p.Outcome != inspector.Loads && len(p.Findings) == 0 {
			t.Errorf("%s: %s without a finding", p.File, p.Outcome)
		}
	}
}

func verdict(t *testing.T, host string, files []string) *inspector.Verdict {
	t.Helper()
	return judge(t, inspector.Options{}, host, files)
}

// judge gives the verdict on plugins that are read as the commands do.
func judge(t *testing.T, o inspector.Options, host string, files []string) *inspector.Verdict {
	t.Helper()
	h, err := inspector.OpenHost(host)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	read := inspector.MapPlugin // as plugtool verify does
	if filepath.Ext(host) == ".json" {
		read = inspector.ReadPlugin // as build and the loader do
	}
	var plugins []*inspector.Plugin
	for _, f := range files {
		p := read(f)
		defer p.Close()
		plugins = append(plugins, p)
	}
	v, err := o.Check(h, plugins)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// describe writes a host's descriptor and gives its path.
func describe(t *testing.T, host string) string {
	t.Helper()
	h, err := inspector.OpenHost(host)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	data, err := h.Descriptor()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "host.json")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}
