package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/report"
)

func TestParseFormats(t *testing.T) {
	for _, test := range []struct {
		in   []string
		want outputs
	}{
		{nil, outputs{stdout: "text"}},
		{[]string{"json"}, outputs{stdout: "json"}},
		{[]string{"json=a"}, outputs{stdout: "text", files: []fileOutput{{"json", "a"}}}},
		{[]string{"json=a=b"}, outputs{stdout: "text", files: []fileOutput{{"json", "a=b"}}}},
		{[]string{"json", "text=a", "json=b"}, outputs{stdout: "json", files: []fileOutput{{"text", "a"}, {"json", "b"}}}},
	} {
		got, err := parseFormats(test.in, verifyFormats)
		if err != nil {
			t.Errorf("parseFormats(%q): %v", test.in, err)
		}
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(outputs{}, fileOutput{})); diff != "" {
			t.Errorf("parseFormats(%q) (-want +got):\n%s", test.in, diff)
		}
	}
	for _, in := range [][]string{{""}, {"xml"}, {"JSON"}, {"json="}, {"json", "json"}, {"text", "json"}, {"json=a", "text=a"}} {
		if o, err := parseFormats(in, verifyFormats); err == nil || asFailure(err).code != exitUsage {
			t.Errorf("parseFormats(%q) = %+v, %v, want wrong usage", in, o, err)
		}
	}
}

// The builder names its document itself, and cannot know package report.
func TestBuildSchemaIsTheBuilders(t *testing.T) {
	if builder.Schema != report.BuildSchema {
		t.Errorf("builder writes %s, report has the schema of %s", builder.Schema, report.BuildSchema)
	}
}
