package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
)

// validate checks a document against the schema that it names.
func validate(t *testing.T, document []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	name, _ := doc.(map[string]any)["schema"].(string)
	text, err := Schema(name)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(doc); err != nil {
		t.Errorf("%v\n%s", err, document)
	}
}

func TestWriteJSON(t *testing.T) {
	signed := plugin("a<b>.so", inspector.Loads)
	signed.Signature = bundle.Result{
		Status:  bundle.Verified,
		Signers: []bundle.Signer{{Fingerprint: keyFingerprint, Bundle: "a<b>.so.sigstore.json"}},
	}
	r := &Report{
		Signing: Signing{Keys: []string{"our.pub"}},
		Results: []Result{{Host: host(), Plugins: []Plugin{signed, refused()}}},
	}
	var b bytes.Buffer
	if err := WriteJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	validate(t, b.Bytes())
	want := `{
  "schema": "plugtool.verify/v1",
  "results": [
    {
      "host": {
        "file": "golangci-lint",
        "goVersion": "go1.26.8",
        "platform": "linux/amd64"
      },
      "plugins": [
        {
          "file": "a<b>.so",
          "outcome": "loads",
          "signature": {
            "status": "verified",
            "signers": [
              {
                "fingerprint": "` + keyFingerprint + `",
                "bundle": "a<b>.so.sigstore.json"
              }
            ]
          },
          "findings": []
        },
        {
          "file": "linter.so",
          "outcome": "refused",
          "refusal": "plugin was built with a different version of package internal/goarch",
          "signature": {
            "status": "missing",
            "signers": [],
            "reason": "there is no signature"
          },
          "findings": [
            {
              "id": "PT401",
              "slug": "trimpath",
              "severity": "error",
              "title": "the host was built with -trimpath, the plugin without",
              "detail": "file paths are part of every package's hash, so that every package differs",
              "package": "internal/goarch",
              "packages": [
                "internal/goarch",
                "internal/cpu",
                "unsafe",
                "runtime",
                "fmt"
              ],
              "host": "-trimpath=true",
              "plugin": "-trimpath=false",
              "fix": [
                "plugtool build --host golangci-lint -o linter.so"
              ],
              "docs": ""
            },
            {
              "id": "PT901",
              "slug": "signature-missing",
              "severity": "error",
              "title": "linter.so is not signed",
              "detail": "there is no signature",
              "package": "",
              "host": "",
              "plugin": "",
              "fix": [
                "plugtool sign --key our.key linter.so"
              ],
              "docs": "https://github.com/plugtool/plugtool/blob/main/docs/findings/PT901.md"
            }
          ]
        }
      ]
    }
  ]
}
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNothingIsNullButAMissingHost(t *testing.T) {
	v := &inspector.Verdict{Plugins: []inspector.PluginVerdict{{File: "a.so", Outcome: inspector.Unknown}}}
	for _, r := range []*Report{
		{},
		{Results: []Result{{Host: host()}}},
		{Results: []Result{New(v, []bundle.Result{{Status: bundle.Missing}})}},
	} {
		var b bytes.Buffer
		if err := WriteJSON(&b, r); err != nil {
			t.Fatal(err)
		}
		validate(t, b.Bytes())
		nulls := strings.Count(b.String(), "null")
		if hosts := strings.Count(b.String(), `"host": null`); nulls != hosts {
			t.Errorf("%d nulls, %d of them hosts:\n%s", nulls, hosts, b.String())
		}
	}
}

func TestSchemas(t *testing.T) {
	for _, name := range SchemaNames() {
		text, err := Schema(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), `"`+name+`"`) {
			t.Errorf("the schema of %s does not name it", name)
		}
	}
	if _, err := Schema("plugtool.verify/v2"); err == nil || !strings.Contains(err.Error(), "plugtool.verify/v1") {
		t.Errorf("error for an unknown schema does not name those that there are: %v", err)
	}
}
