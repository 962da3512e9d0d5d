package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/plugtool/plugtool/signer/policy"
)

// FuzzYAML reads policies and plugtool.yaml files that may be anything: what the parser of
// YAML makes of them is JSON or an error, and the same the second time.
func FuzzYAML(f *testing.F) {
	page, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(page)
	for _, text := range append(hostileYAML(300), "schema: plugtool.policy/v1\nkeys: {r: {file: a.pub}}\nplugins: [{name: ['*'], signers: [r]}]\n",
		"verify:\n  key: [a.pub, b.pub]\n  ignore:\n  - {id: PT801, reason: x, until: 2030-01-01}\nbuild:\n  package: [./a]\ncontract:\n  New: func() int\n",
		"a: &x {b: *x}\n<<: *x\n", "? - a\n: - b\n", "a: |2-\n   x\n", "%YAML 1.2\n---\na: !!binary x\n...\n", "\"\\ud800\": 1", "a: 0x\nb: .NaN\nc: 1e999\nd: 0o9\n") {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := parseConfig("plugtool.yaml", data); err != nil && asFailure(err).code != exitUsage {
			t.Errorf("exit code %d: %v", asFailure(err).code, err)
		}
		got, _, err := yamlToJSON("p.yaml", data)
		if err != nil {
			if asFailure(err).code != exitUsage {
				t.Errorf("exit code %d: %v", asFailure(err).code, err)
			}
			return
		}
		if !json.Valid(got) {
			t.Fatalf("%s is no JSON", got)
		}
		if again, _, err := yamlToJSON("p.yaml", data); err != nil || string(again) != string(got) {
			t.Errorf("%s, and then %s, %v", got, again, err)
		}
		_, _ = policy.Parse(got)
	})
}
