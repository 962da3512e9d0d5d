package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Whatever a host says of itself, what a name's field is replaced by is part of one
// element of a path.
func TestFileElement(t *testing.T) {
	for value, want := range map[string]string{
		"go1.26.8": "go1.26.8", "go1.26.8 X:jsonv2": "go1.26.8_X_jsonv2", "v1.0.0+dirty": "v1.0.0+dirty", "größe": "größe",
		"": "_", ".": "_", "..": "_", "...": "_", "-rf": "_rf", "-": "_", "-..": "_", "../../etc/passwd": ".._.._etc_passwd",
		"a/b": "a_b", `a\b`: "a_b", "a\x00b\nc": "a_b_c", "\x1b[31m": "__31m", "\xff": "_", "a b;c$(d)": "a_b_c__d_",
	} {
		if got := fileElement(value); got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
	}
	if got := fileElement(strings.Repeat("x", 10_000)); len(got) != mostRunes {
		t.Errorf("%d characters of a long value are left", len(got))
	}
}

// No template that a plugtool.yaml may have leads out of its folder, whatever hosts say.
func FuzzOutputName(f *testing.F) {
	f.Add("dist/{{.Name}}_{{.Host}}.so", "..", "../x")
	f.Add("{{.Name}}/{{.Host}}/p.so", ".", "")
	f.Add(".{{.Name}}./{{ .Host }}", ".", "/")
	f.Add("{{.Name}}{{.Host}}/x", "", "\x00")
	f.Fuzz(func(t *testing.T, template, name, host string) {
		n, err := parseOutputName(template)
		if err != nil || !filepath.IsLocal(template) || strings.Contains(template, "..") {
			return
		}
		file := n.file(map[string]string{"Name": name, "Host": host})
		if isTemplate(template) && (strings.Count(file, "/") != strings.Count(template, "/") || !filepath.IsLocal(file)) {
			t.Errorf("%q with %q and %q is %q", template, name, host, file)
		}
	})
}

func TestParseOutputName(t *testing.T) {
	for _, bad := range []string{"{{", "{{.Name", "{{Name}}", "{{.name}}", "{{.Name | printf}}", "{{.}}", "{{}}", "{{range 9}}x{{end}}", "{{.Name}}{{.Host"} {
		if _, err := parseOutputName(bad); err == nil || asFailure(err).code != exitUsage {
			t.Errorf("%s: %v", bad, err)
		}
	}
	n, err := parseOutputName("a{{.Name}}b{{ .Arch }}{{.OS}}")
	if got := n.file(map[string]string{"Name": "N", "Arch": "A", "OS": "O"}); err != nil || got != "aNbAO" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestHostLabels(t *testing.T) {
	for _, c := range []struct{ files, want []string }{
		{[]string{"a/host"}, []string{"host"}},
		{[]string{"a/host", "b/other.json"}, []string{"host", "other"}},
		{[]string{"/a/host", "/b/host"}, []string{"a_host", "b_host"}},
		{[]string{"/x/a/host", "/y/a/host", "/z"}, []string{"x_a_host", "y_a_host", "z"}},
		{[]string{"/host", "/a/host"}, []string{"host", "a_host"}},
		{[]string{"/a/host", "/a/host"}, []string{"host", "host"}},
	} {
		if got := hostLabels(c.files); !slices.Equal(got, c.want) {
			t.Errorf("%q are called %q, want %q", c.files, got, c.want)
		}
	}
}
