package report

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// knownOf gives a baseline of all that a report finds.
func knownOf(t *testing.T, r *Report) *Baseline {
	t.Helper()
	document := write(t, func(w io.Writer) error { return WriteBaseline(w, r) })
	validate(t, document)
	b, err := ReadBaseline(document)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFails(t *testing.T) {
	contract := trimpath()
	contract.ID = "PT602"
	for _, test := range []struct {
		name   string
		plugin Plugin
		policy Policy
		want   bool
	}{
		{"loads", plugin("a.so", inspector.Loads), Policy{FailOn: inspector.Note}, false},
		{"a warning", plugin("a.so", inspector.Loads, sameHash()), Policy{}, false},
		{"a warning, which fails", plugin("a.so", inspector.Loads, sameHash()), Policy{FailOn: inspector.Warning}, true},
		{"a warning, stricter still", plugin("a.so", inspector.Loads, sameHash()), Policy{FailOn: inspector.Note}, true},
		{"an error of a plugin that loads", plugin("a.so", inspector.Loads, contract), Policy{}, true},
		{"nothing found fails", plugin("a.so", inspector.Loads, contract), Policy{FailOn: FailNever}, false},
		{"refused, nothing found fails", refused(), Policy{FailOn: FailNever}, true},
		{"crashes without a finding", plugin("a.so", inspector.Crashes), Policy{FailOn: FailNever}, true},
		{"refused, ignored", refused(), Policy{Ignores: []Ignore{{ID: "PT401", Until: day("2999-01-01")}}}, true},
		{"an error of a plugin that loads, ignored", plugin("a.so", inspector.Loads, contract), Policy{Ignores: []Ignore{{ID: "PT602", Until: day("2999-01-01")}}}, false},
	} {
		r := &Report{Policy: test.policy, Results: []Result{{Host: host(), Plugins: []Plugin{test.plugin}}}}
		if got := r.Fails(); got != test.want {
			t.Errorf("%s: fails %t, want %t", test.name, got, test.want)
		}
	}
}

func TestIgnores(t *testing.T) {
	several := sameHash()
	several.Packages = []string{"example.com/dep/sub", "example.com/other"}
	last := day("2026-11-22")
	for _, test := range []struct {
		name      string
		ignore    Ignore
		finding   inspector.Finding
		today     string
		want      bool
		complaint string
	}{
		{"matches", Ignore{ID: "PT801", Until: last}, sameHash(), "2026-11-22", true, ""},
		{"the day after", Ignore{ID: "PT801", Until: last, Reason: "soon"}, sameHash(), "2026-11-23", false, "ended on 2026-11-22, so that it counts again; its reason was: soon"},
		{"another id", Ignore{ID: "PT802", Until: last}, sameHash(), "2026-11-22", false, "matches nothing that was found"},
		{"its package", Ignore{ID: "PT801", Until: last, Package: "example.com/dep/sub"}, sameHash(), "2026-11-22", true, ""},
		{"a package above", Ignore{ID: "PT801", Until: last, Package: "example.com/dep"}, sameHash(), "2026-11-22", false, "matches nothing"},
		{"all below", Ignore{ID: "PT801", Until: last, Package: "example.com/dep/..."}, sameHash(), "2026-11-22", true, ""},
		{"all below another", Ignore{ID: "PT801", Until: last, Package: "example.com/de/..."}, sameHash(), "2026-11-22", false, "matches nothing"},
		{"not all of its packages", Ignore{ID: "PT801", Until: last, Package: "example.com/dep/..."}, several, "2026-11-22", false, "matches nothing"},
		{"its plugin", Ignore{ID: "PT801", Until: last, Plugin: "a.so"}, sameHash(), "2026-11-22", true, ""},
		{"by pattern", Ignore{ID: "PT801", Until: last, Plugin: "plugins/*.so"}, sameHash(), "2026-11-22", true, ""},
		{"another plugin, which was not asked for", Ignore{ID: "PT801", Until: last, Plugin: "b.so"}, sameHash(), "2026-11-22", false, ""},
	} {
		p := plugin("plugins/a.so", inspector.Loads, test.finding)
		r := &Report{
			Policy:  Policy{Ignores: []Ignore{test.ignore}, Today: day(test.today)},
			Results: []Result{{Host: host(), Plugins: []Plugin{p}}},
		}
		if got := r.findings(host(), p)[0].Suppressed != nil; got != test.want {
			t.Errorf("%s: ignored %t, want %t", test.name, got, test.want)
		}
		complaints := strings.Join(r.Complaints(), "\n")
		if test.complaint == "" && complaints != "" || !strings.Contains(complaints, test.complaint) {
			t.Errorf("%s: %q, want %q", test.name, complaints, test.complaint)
		}
	}
}

// With a baseline only what is new fails.
func TestBaseline(t *testing.T) {
	old := &Report{Results: []Result{{Host: host(), Plugins: []Plugin{refused(), plugin("a.so", inspector.Loads, sameHash())}}}}
	known := knownOf(t, old)
	old.Policy = Policy{Known: known, FailOn: inspector.Warning}
	if old.Fails() {
		t.Error("what is known fails")
	}
	again := knownOf(t, old) // written with a baseline at hand it holds the same
	for name, change := range map[string]func(*Report){
		"another plugin":                func(r *Report) { r.Results[0].Plugins[0].File = "new.so" },
		"another host":                  func(r *Report) { r.Results[0].Host = &inspector.HostRef{File: "new"} },
		"another package":               func(r *Report) { r.Results[0].Plugins[1].Findings[0].Package = "example.com/new" },
		"one finding more":              func(r *Report) { r.Results[0].Plugins[1].Findings = []inspector.Finding{sameHash(), sameHash()} },
		"refused with nothing but that": func(r *Report) { r.Results[0].Plugins[1].Outcome = inspector.Refused },
	} {
		r := &Report{Policy: Policy{Known: again, FailOn: inspector.Warning}}
		r.Results = []Result{{Host: host(), Plugins: []Plugin{refused(), plugin("a.so", inspector.Loads, sameHash())}}}
		change(r)
		if !r.Fails() {
			t.Errorf("%s is taken for known", name)
		}
	}
	var text bytes.Buffer
	if err := WriteText(&text, old, Style{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "\n  known PT401  ") {
		t.Errorf("what is known is not shown so:\n%s", &text)
	}
}

func TestReadBaselineIsStrict(t *testing.T) {
	for _, document := range []string{
		``, `null`, `{}`, `[]`, `{"schema": "plugtool.baseline/v2", "findings": []}`, `{"schema": "plugtool.baseline/v1"}`,
		`{"schema": "plugtool.baseline/v1", "findings": null}`, `{"schema": "plugtool.baseline/v1", "findings": []} x`,
		`{"schema": "plugtool.baseline/v1", "findings": [{"fingerprint": ""}]}`, `{"schema": "plugtool.verify/v1", "results": []}`,
	} {
		if _, err := ReadBaseline([]byte(document)); err == nil {
			t.Errorf("%s is taken for a baseline", document)
		}
	}
}
