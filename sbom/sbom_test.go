package sbom_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plugtool/plugtool/sbom"
)

// buildPlugin builds a plugin with a module from a proxy, one that is replaced by a
// fork, one from a folder, and C code.
func buildPlugin(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"plugin/go.mod":    "module example.com/plugin/v2\n\ngo 1.26.0\n\nrequire (\n\texample.com/folder v0.0.0\n\texample.com/dep+x v1.0.0\n)\n\nreplace example.com/folder => ../folder\n\nreplace example.com/dep+x => ../dep\n",
		"plugin/p/p.go":    "package main\n\n// #include <math.h>\n// #cgo LDFLAGS: -lm\nimport \"C\"\nimport (\n\t_ \"example.com/dep+x\"\n\t_ \"example.com/folder\"\n)\n\nfunc Root() float64 { return float64(C.cbrt(8)) }\n",
		"folder/go.mod":    "module example.com/folder\n\ngo 1.26.0\n",
		"folder/folder.go": "package folder\n",
		"dep/go.mod":       "module example.com/dep+x\n\ngo 1.26.0\n",
		"dep/dep.go":       "package dep\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, "p.so")
	cmd := exec.Command("go", "build", "-trimpath", "-buildmode=plugin", "-buildvcs=false", "-o", out, "./p")
	cmd.Dir = filepath.Join(dir, "plugin")
	cmd.Env = append(os.Environ(), "PWD="+cmd.Dir, "GOFLAGS=", "CGO_ENABLED=1")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return out
}

// schema is CycloneDX's own, which its library carries.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	const base = "http://cyclonedx.org/schema/"
	for name, file := range map[string]string{
		"bom-1.6.schema.json": "bom-1.6.schema.json", "spdx.schema.json": "spdx.schema.json", "jsf-0.82.schema.json": "jsf-0.82.schemax.json",
	} {
		data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "schema", file))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(base+name, doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile(base + "bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMake(t *testing.T) {
	file := buildPlugin(t)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out, err := sbom.Options{Version: "v1.0.0"}.Make(file, data)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema(t).Validate(doc); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(out), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range *bom.Components {
		got = append(got, strings.TrimSpace(c.Name+" "+c.PackageURL))
	}
	goVersion, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"example.com/folder pkg:golang/example.com/folder", "example.com/dep+x pkg:golang/example.com/dep%2Bx",
		"stdlib pkg:golang/stdlib@" + strings.TrimPrefix(strings.TrimSpace(string(goVersion)), "go"), "libm.so.6", "libc.so.6",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("component %q is not among %q", want, got)
		}
	}
	if main := bom.Metadata.Component; main.PackageURL != "pkg:golang/example.com/plugin/v2#p" || main.Name != "example.com/plugin/v2/p" {
		t.Errorf("plugin is %s %s", main.Name, main.PackageURL)
	}
	again, err := sbom.Options{Version: "v1.0.0"}.Make(filepath.Join("elsewhere", filepath.Base(file)), bytes.Clone(data))
	if err != nil || !bytes.Equal(out, again) {
		t.Errorf("the same plugin has two documents (%v)", err)
	}
	dated, err := sbom.Options{Time: time.Unix(1700000000, 0)}.Make(file, data)
	if err != nil || !bytes.Contains(dated, []byte(`"2023-11-14T22:13:20Z"`)) {
		t.Errorf("no time in %s (%v)", dated, err)
	}
	data[len(data)/2] ^= 1
	changed, err := sbom.Options{Version: "v1.0.0"}.Make(file, data)
	if err != nil || bytes.Equal(out, changed) {
		t.Errorf("another plugin has the same document (%v)", err)
	}
}

func TestMakeOfNoPlugin(t *testing.T) {
	for _, data := range []string{"", "text", "\x7fELF"} {
		if _, err := (sbom.Options{}).Make("x.so", []byte(data)); err == nil {
			t.Errorf("%q has a document", data)
		}
	}
}
