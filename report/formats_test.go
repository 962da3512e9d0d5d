package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
)

// hostile is a name that means something in every format.
const hostile = "a|b`<img src=x>&\"'\x00\x1b[31m\n::error::x,y%0A]]>\u202e\xff\ufffe.so"

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

func sameHash() inspector.Finding {
	return inspector.Finding{
		ID: "PT801", Slug: "same-hash-other-code", Severity: inspector.Warning,
		Title:   "host has example.com/dep v1.0.0, plugin has v1.1.0",
		Package: "example.com/dep/sub", Host: "v1.0.0", Plugin: "v1.1.0",
	}
}

// reports are those that every format has to cope with.
func reports() map[string]*Report {
	bad := trimpath()
	bad.Title, bad.Detail, bad.Host, bad.Fix, bad.Package, bad.Packages = hostile, hostile, hostile, []string{hostile}, hostile, []string{hostile, hostile}
	evil := plugin(hostile, inspector.Refused, bad)
	evil.Refusal = hostile
	ignore := Ignore{ID: "PT801", Reason: hostile, Until: day("2026-12-31")}
	return map[string]*Report{
		"nothing":    {},
		"no plugins": {Results: []Result{{Host: host()}}},
		"no host":    {Results: []Result{{Plugins: []Plugin{plugin("a.so", inspector.Unknown)}}}},
		"loads":      {Results: []Result{{Host: host(), Plugins: []Plugin{plugin("a.so", inspector.Loads)}}}},
		"several": {Results: []Result{
			{Host: host(), Plugins: []Plugin{plugin("a.so", inspector.Loads, sameHash()), refused(), plugin("c.so", inspector.Crashes), plugin("d.so", inspector.Unknown)}},
			{Host: &inspector.HostRef{File: "other"}, Plugins: []Plugin{refused()}},
		}},
		"hostile": {Signing: Signing{Keys: []string{"a.pub"}}, Results: []Result{{Host: &inspector.HostRef{File: hostile}, Plugins: []Plugin{evil, evil}}}},
		"ignored": {
			Policy:  Policy{Ignores: []Ignore{ignore}, Today: day("2026-11-22")},
			Results: []Result{{Host: host(), Plugins: []Plugin{plugin("a.so", inspector.Loads, sameHash())}}},
		},
	}
}

func write(t *testing.T, f func(io.Writer) error) []byte {
	t.Helper()
	var b, again bytes.Buffer
	for _, w := range []io.Writer{&b, &again} {
		if err := f(w); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("the same report gives other bytes")
	}
	return b.Bytes()
}

// testdata holds the schema that OASIS publishes, errata 01.
func sarifSchemaOf(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(sarifSchema, schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile(sarifSchema)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func TestSARIFFitsThePublishedSchema(t *testing.T) {
	schema := sarifSchemaOf(t)
	for name, r := range reports() {
		document := write(t, func(w io.Writer) error { return WriteSARIF(w, r, "v1.0.0") })
		parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := schema.Validate(parsed); err != nil {
			t.Errorf("%s: %v\n%s", name, err, document)
		}
		if !bytes.Contains(document, []byte(`"results": [`)) {
			t.Errorf("%s: no list of results:\n%s", name, document)
		}
	}
	broken, _ := jsonschema.UnmarshalJSON(strings.NewReader(`{"version": "2.1.0", "runs": [{}]}`))
	if schema.Validate(broken) == nil {
		t.Error("the schema takes a run without a tool: it proves nothing")
	}
}

// sarifDocument is what these tests read of SARIF.
type sarifDocument struct {
	Runs []struct {
		Results []struct {
			RuleID              string
			PartialFingerprints map[string]string
			BaselineState       string
			Suppressions        []struct{ Justification string }
			Locations           []struct {
				PhysicalLocation struct {
					ArtifactLocation struct{ URI, URIBaseID string }
					Region           struct{ StartLine int }
				}
			}
		}
	}
}

func readSARIF(t *testing.T, r *Report) sarifDocument {
	t.Helper()
	var doc sarifDocument
	if err := json.Unmarshal(write(t, func(w io.Writer) error { return WriteSARIF(w, r, "") }), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestSARIFLocations(t *testing.T) {
	r := reports()["several"]
	for place, want := range map[Location][3]any{
		{File: "plugins/go.mod", Line: 7}: {"plugins/go.mod", "%SRCROOT%", 7},
		{File: "a b/%.so"}:                {"a%20b/%25.so", "%SRCROOT%", 1},
		{File: "c:d"}:                     {"./c:d", "%SRCROOT%", 1},
		{File: "/tmp/a.so"}:               {"file:///tmp/a.so", "", 1},
	} {
		r.Where = func(Plugin, inspector.Finding) Location { return place }
		at := readSARIF(t, r).Runs[0].Results[0].Locations[0].PhysicalLocation
		got := [3]any{at.ArtifactLocation.URI, at.ArtifactLocation.URIBaseID, at.Region.StartLine}
		if got != want {
			t.Errorf("%+v: %v, want %v", place, got, want)
		}
	}
}

// A fingerprint stays the same where lines move and texts or versions change, and
// differs between plugins, hosts, packages and equal findings.
func TestFingerprints(t *testing.T) {
	r := reports()["several"]
	before := readSARIF(t, r).Runs[0].Results
	seen := map[string]bool{}
	for _, result := range before {
		seen[result.PartialFingerprints[fingerprintName]] = true
	}
	if len(seen) != len(before) {
		t.Errorf("%d results have %d fingerprints", len(before), len(seen))
	}
	moved := reports()["several"]
	moved.Where = func(Plugin, inspector.Finding) Location { return Location{File: "go.mod", Line: 99} }
	f := &moved.Results[0].Plugins[0].Findings[0]
	f.Title, f.Host = "other words", "v1.0.1"
	for _, result := range readSARIF(t, moved).Runs[0].Results {
		if !seen[result.PartialFingerprints[fingerprintName]] {
			t.Errorf("%s has another fingerprint", result.RuleID)
		}
	}
}

type junitDocument struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Suites   []struct {
		Name    string `xml:"name,attr"`
		Skipped int    `xml:"skipped,attr"`
		Cases   []struct {
			Class   string    `xml:"classname,attr"`
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Skipped *struct{} `xml:"skipped"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func TestJUnit(t *testing.T) {
	want := map[string][3]int{ // tests, failures, skipped
		"nothing": {0, 0, 0}, "no plugins": {0, 0, 0}, "no host": {1, 0, 1}, "loads": {1, 0, 0},
		"several": {5, 3, 1}, "hostile": {2, 2, 0}, "ignored": {1, 0, 0},
	}
	for name, r := range reports() {
		document := write(t, func(w io.Writer) error { return WriteJUnit(w, r) })
		var doc junitDocument
		if err := xml.Unmarshal(document, &doc); err != nil {
			t.Errorf("%s: %v\n%s", name, err, document)
			continue
		}
		checkJUnitForm(t, name, document)
		cases, failures, skipped, said := map[string]bool{}, 0, 0, 0
		for _, suite := range doc.Suites {
			said += suite.Skipped
			for _, c := range suite.Cases {
				cases[c.Class+"\x00"+c.Name] = true
				if c.Failure != nil {
					failures++
				}
				if c.Skipped != nil {
					skipped++
				}
			}
		}
		got := [3]int{doc.Tests, doc.Failures, said}
		if counted := [3]int{len(cases), failures, skipped}; got != counted || got != want[name] {
			t.Errorf("%s: says %v, has %v, want %v\n%s", name, got, counted, want[name], document)
		}
	}
}

// junitForm gives the attributes that each element may have, and its parent, as
// the schema of Jenkins' xunit plugin (junit-10.xsd) has them.
var junitForm = map[string]struct{ parent, attributes string }{
	"testsuites": {"", "name tests failures errors"},
	"testsuite":  {"testsuites", "name tests failures errors skipped"},
	"testcase":   {"testsuite", "name classname"},
	"failure":    {"testcase", "type message"},
	"skipped":    {"testcase", "message"},
	"system-out": {"testcase", ""},
}

func checkJUnitForm(t *testing.T, name string, document []byte) {
	t.Helper()
	parents := []string{""}
	for d := xml.NewDecoder(bytes.NewReader(document)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			form, ok := junitForm[e.Name.Local]
			if !ok || form.parent != parents[len(parents)-1] {
				t.Errorf("%s: %s in %s", name, e.Name.Local, parents[len(parents)-1])
			}
			for _, a := range e.Attr {
				if !slices.Contains(strings.Fields(form.attributes), a.Name.Local) {
					t.Errorf("%s: %s has the attribute %s", name, e.Name.Local, a.Name.Local)
				}
			}
			parents = append(parents, e.Name.Local)
		case xml.EndElement:
			parents = parents[:len(parents)-1]
		}
	}
}

func TestGitHub(t *testing.T) {
	for name, r := range reports() {
		for _, line := range strings.Split(strings.TrimSuffix(string(write(t, func(w io.Writer) error { return WriteGitHub(w, r) })), "\n"), "\n") {
			properties, _, found := strings.Cut(strings.TrimPrefix(line, "::"), "::")
			command, properties, _ := strings.Cut(properties, " ")
			if line != "" && (!found || !strings.Contains("error warning notice", command) || strings.Contains(line[2:], "\x1b")) {
				t.Errorf("%s: no annotation: %q", name, line)
			}
			for _, property := range strings.Split(properties, ",") {
				if property != "" && strings.Count(property, "=") < 1 {
					t.Errorf("%s: a property that is none: %q", name, line)
				}
			}
		}
	}
	many := &Report{Results: []Result{{Host: host()}}}
	for i := range 25 {
		many.Results[0].Plugins = append(many.Results[0].Plugins, plugin(fmt.Sprint(i, ".so"), inspector.Refused, trimpath()))
	}
	out := string(write(t, func(w io.Writer) error { return WriteGitHub(w, many) }))
	if n := strings.Count(out, "::error "); n != 10 || !strings.HasSuffix(out, "plugtool: and 15 more errors, of which GitHub shows no annotation\n") {
		t.Errorf("%d annotations:\n%s", n, out)
	}
	want := "::error file=0.so,title=PT401 the host was built with -trimpath%2C the plugin without::the host was built with -trimpath, the plugin without%0A0.so in"
	if !strings.HasPrefix(out, want) {
		t.Errorf("got %.200q, want %q", out, want)
	}
}

func TestMarkdown(t *testing.T) {
	out := string(write(t, func(w io.Writer) error { return WriteMarkdown(w, reports()["several"]) }))
	if !strings.HasPrefix(out, "## plugtool verify: 3 of 5 verdicts fail\n\n4 plugins × 2 hosts: 1 loads, 2 refused, 1 crashes, 1 unknown\n") {
		t.Errorf("the verdict does not come first:\n%s", out)
	}
	if a, b := strings.Count(out, "<details>"), strings.Count(out, "</details>"); a != b || a != 3 {
		t.Errorf("%d folds begin, %d end, want 3:\n%s", a, b, out)
	}
	out = string(write(t, func(w io.Writer) error { return WriteMarkdown(w, reports()["hostile"]) }))
	for _, bad := range []string{"\x00", "\x1b", "\u202e", "\n::"} {
		if strings.Contains(out, bad) {
			t.Errorf("%q is in\n%s", bad, out)
		}
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "| ❌") && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") != 6 {
			t.Errorf("a row of other than five cells: %s", line)
		}
		if bare := strings.Split(line, "`")[0]; strings.HasPrefix(line, "<details>") && strings.Contains(bare, "<img") {
			t.Errorf("an element from a name: %s", line)
		}
	}
	large := &Report{Results: []Result{{Host: host()}}}
	f := trimpath()
	f.Detail = strings.Repeat("long ", 1000)
	for i := range 400 {
		large.Results[0].Plugins = append(large.Results[0].Plugins, plugin(fmt.Sprint(i, ".so"), inspector.Refused, f))
	}
	out = string(write(t, func(w io.Writer) error { return WriteMarkdown(w, large) }))
	if len(out) > 1<<20 || !strings.Contains(out, "left out: the report is too large") {
		t.Errorf("%d bytes, ending in %q", len(out), out[len(out)-200:])
	}
}

func TestGitLab(t *testing.T) {
	var issues []codeQuality
	if err := json.Unmarshal(write(t, func(w io.Writer) error { return WriteGitLab(w, reports()["several"]) }), &issues); err != nil {
		t.Fatal(err)
	}
	want := codeQuality{
		Description: "PT801: host has example.com/dep v1.0.0, plugin has v1.1.0 (a.so in golangci-lint)",
		CheckName:   "PT801", Severity: "minor", Location: qualityLocation{Path: "a.so", Lines: qualityLines{Begin: 1}},
		Fingerprint: issues[0].Fingerprint,
	}
	if diff := cmp.Diff(want, issues[0]); diff != "" || len(issues) != 3 {
		t.Errorf("%d issues (-want +got):\n%s", len(issues), diff)
	}
	if out := write(t, func(w io.Writer) error { return WriteGitLab(w, &Report{}) }); string(out) != "[]\n" {
		t.Errorf("an empty report is %q", out)
	}
}

// What is wrong with a signature is nobody's to ignore.
func TestSignaturesAreNotIgnored(t *testing.T) {
	p := plugin("a.so", inspector.Loads)
	p.Signature = bundle.Result{Status: bundle.Missing}
	r := &Report{Signing: Signing{Keys: []string{"k"}}, Results: []Result{{Host: host(), Plugins: []Plugin{p}}}}
	r.Policy = Policy{Ignores: []Ignore{{ID: "PT901", Until: day("2999-01-01")}}, Known: knownOf(t, r), FailOn: FailNever}
	if !r.Untrusted() || r.findings(host(), p)[0].Suppressed != nil {
		t.Error("a missing signature is ignored")
	}
}
