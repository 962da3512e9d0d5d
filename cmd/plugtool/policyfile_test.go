package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

// example is the policy in docs/policy.md.
func example(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(page), "```yaml\n")
	text, _, end := strings.Cut(text, "```\n")
	if !ok || !end {
		t.Fatal("docs/policy.md has no example")
	}
	return text
}

// place puts a policy and the keys of the example into a folder.
func place(t *testing.T, name, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"release-2026", "release-2024", "security"} {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		public, err := bundle.NewPublicKey(private.Public())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "keys", key+".pub"), public.PEM(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func loadPolicy(file string) (*policy.Rules, error) {
	f, err := new(program).readPolicy(file)
	if err != nil {
		return nil, err
	}
	return f.compile(policy.Options{})
}

func TestPolicyExample(t *testing.T) {
	if _, err := loadPolicy(place(t, "plugtool.policy.yaml", example(t))); err != nil {
		t.Fatal(err)
	}
	asJSON, lines, err := yamlToJSON("x", []byte(example(t)))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(asJSON); err != nil {
		t.Error(err)
	}
	if _, err := loadPolicy(place(t, "p.json", string(asJSON))); err != nil {
		t.Error(err)
	}
	for at, text := range map[string]string{"keys.security": "  security:", "plugins[1]": `  - name: ["payments-*.so"]`, "plugins[1].attestations[1].type": "      - type: loads", "deny[0].reason": "    reason: leaks"} {
		if line := strings.Split(example(t), "\n")[lines[at]-1]; !strings.HasPrefix(line, text) {
			t.Errorf("%s is said to be in line %d: %s", at, lines[at], line)
		}
	}
}

// Each way to write it in YAML gives what people mean.
func TestYAMLToJSON(t *testing.T) {
	for in, want := range map[string]string{
		"a: 2026-01-01T00:00:00Z":       `{"a":"2026-01-01T00:00:00Z"}`,
		"a: 2026-01-01":                 `{"a":"2026-01-01"}`,
		"a: 2":                          `{"a":2}`,
		"a: -2":                         `{"a":-2}`,
		"a: '2'":                        `{"a":"2"}`,
		"a: 1.10":                       `{"a":"1.10"}`,
		"a: 0x10":                       `{"a":"0x10"}`,
		"a: 010":                        `{"a":"010"}`,
		"a: 1_000":                      `{"a":"1_000"}`,
		"a: 1e3":                        `{"a":"1e3"}`,
		"a: .inf\nb: .nan":              `{"a":".inf","b":".nan"}`,
		"a: " + strings.Repeat("1", 64): `{"a":"` + strings.Repeat("1", 64) + `"}`,
		"a: " + strings.Repeat("1", 31) + "e" + strings.Repeat("1", 32): `{"a":"` + strings.Repeat("1", 31) + "e" + strings.Repeat("1", 32) + `"}`,
		"a: yes\nb: true\nc: no":               `{"a":"yes","b":true,"c":"no"}`,
		"a: ~\nb:\nc: null":                    `{"a":null,"b":null,"c":null}`,
		"1: x\ntrue: y":                        `{"1":"x","true":"y"}`,
		"a: |\n  x\n  y\n":                     `{"a":"x\ny\n"}`,
		"a: >-\n  x\n  y\n":                    `{"a":"x y"}`,
		`a: "\n\u00e9"`:                        `{"a":"\né"}`,
		"a: [b, {c: d}]":                       `{"a":["b",{"c":"d"}]}`,
		"a:\n- b\n- c: d\n  e: f":              `{"a":["b",{"c":"d","e":"f"}]}`,
		"a: {}\nb: []":                         `{"a":{},"b":[]}`,
		"# x\n---\na: b # c\n":                 `{"a":"b"}`,
		`{"a": [1, true, null, "x"], "b": {}}`: `{"a":[1,true,null,"x"],"b":{}}`,
		"a: https://x.example/y#z":             `{"a":"https://x.example/y#z"}`,
		"x":                                    `"x"`,
		"a: b\r\nc: 'd'\r\n":                   `{"a":"b","c":"d"}`,
		`a: "\t\u2028"`:                        `{"a":"\t\u2028"}`,
		"- a":                                  `["a"]`,
	} {
		got, _, err := yamlToJSON("x", []byte(in))
		if err != nil || string(got) != want {
			t.Errorf("%q: %s, error %v, want %s", in, got, err, want)
		}
		if !json.Valid(got) {
			t.Errorf("%q: %s is no JSON", in, got)
		}
	}
}

func TestYAMLRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                                  "p.yaml holds nothing",
		"# x\n":                             "p.yaml holds nothing",
		"a: 1\na: 2":                        "p.yaml:2:1: ",
		"a:\n  b: 1\n  'b': 2":              "p.yaml:3:3: ",
		"1: a\n\"1\": b":                    "p.yaml:2:",
		"a: 1\n---\nb: 2":                   "p.yaml holds several documents",
		"a: 1\n...\nb: 2":                   "p.yaml holds several documents",
		"%YAML 1.1\n---\na: 1":              "p.yaml holds several documents",
		"a: &x 1\nb: 2":                     "p.yaml:1:4: an anchor (&) is not allowed",
		"a: b\nc: *x":                       "p.yaml:2:4: an alias (*) is not allowed in a policy; a text that begins with * needs quotes",
		"- *.so":                            "an alias (*)",
		"<<: {a: 1}":                        "p.yaml:1:1: a merge key (<<) is not allowed",
		"a: !!str 1":                        "p.yaml:1:4: a tag (!) is not allowed",
		"a: !!binary aGk=":                  "a tag (!)",
		"? a\n: b":                          "p.yaml:1:1: ",
		"? [a]\n: b":                        "p.yaml:",
		"a: b: c":                           "p.yaml:1:4: ",
		"a:\n\t- b":                         "p.yaml:2:1: a tab is not allowed in a policy",
		"a: re\tlease":                      "p.yaml:1:6: a tab is not allowed in a policy",
		"é\t: b":                            "p.yaml:1:2: a tab",
		"a: b\t# c":                         "p.yaml:1:5: a tab",
		"a: \"\t\"":                         "p.yaml:1:5: a tab",
		"a: b\u0085c: d":                    "p.yaml:1:5: the character U+0085 is not allowed in a policy",
		"a: b\u2028c: d":                    "p.yaml:1:5: the character U+2028",
		"\ufeffa: b":                        "p.yaml:1:1: the character U+FEFF",
		"a: b\rc: d":                        "p.yaml:1:5: the character U+000D",
		"a: b\x00":                          "p.yaml:1:5: the character U+0000",
		"a: \"\x1b[2J\"":                    "p.yaml:1:5: the character U+001B",
		"a: \xff":                           "p.yaml is not valid UTF-8",
		"a: \xed\xa0\x80":                   "p.yaml is not valid UTF-8",
		"a: \"x":                            "p.yaml:1:",
		"a: " + strings.Repeat("x", 9000):   "p.yaml:1: the line has more than 8192 bytes",
		strings.Repeat("[\n", 70):           "p.yaml:65: nests deeper than 64 levels",
		strings.Repeat("- ", 20) + "a":      "p.yaml:1: nests deeper than 8 levels in one line",
		strings.Repeat("a: b # c\n", 30000): "p.yaml has more than 131072 bytes",
	} {
		_, _, err := yamlToJSON("p.yaml", []byte(in))
		f := new(failure)
		if !errors.As(err, &f) || f.code != exitUsage || !strings.HasPrefix(err.Error(), want) && !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.60q: error %v, want %q", in, err, want)
		}
	}
}

// Errors about what a policy says name the line in which it says so.
func TestPolicyErrorsNameLines(t *testing.T) {
	text := example(t)
	line := func(start string) int {
		for n, l := range strings.Split(text, "\n") {
			if strings.HasPrefix(l, start) {
				return n + 1
			}
		}
		t.Fatalf("no line %s", start)
		return 0
	}
	for _, tt := range []struct{ old, new, at, want string }{
		{"threshold: 2 ", "threshold: 3 ", "    threshold: ", "plugins[1].threshold is 3, and there are 2 signers"},
		{"threshold: 2 ", "threshold: 0 ", "    threshold: ", "plugins[1].threshold is 0, expected a whole number"},
		{"revoked: stolen", "Revoked: stolen", "  release-2024:", `keys.release-2024 has no field "Revoked"`},
		{"file: keys/security.pub", "file: keys/none.pub", "    file: keys/security.pub", "keys.security.file cannot be read: "},
		{"minVersion: v1.4.0", "minVersion: 1.4", "    minVersion:", `plugins[1].minVersion is "1.4", expected a semantic version`},
		{"signers: [release-2026, ci]", "signers: [release-2026, cli]", "    signers: [release-2026, ci]", `plugins[2].signers names "cli", which neither`},
		{"refuse: retired in 2025", "refuse:", "    refuse:", "plugins[0].refuse is null"},
		{"2028-01-01T00:00:00Z", "2028-01-01", "    notAfter", `keys.release-2026.notAfter is "2028-01-01", expected a time`},
		{"- type: loads ", "- type: load ", "      - type: loads", "plugins[1].attestations[1].type is"},
		{`["legacy-*.so"]`, `["*"]`, `  - name: ["payments`, "plugins[1] never decides, as plugins[0] comes first"},
	} {
		if !strings.Contains(text, tt.old) {
			t.Fatalf("no %s", tt.old)
		}
		file := place(t, "p.yaml", strings.Replace(text, tt.old, tt.new, 1))
		_, err := loadPolicy(file)
		want := fmt.Sprintf("%s:%d: %s", file, line(tt.at), tt.want)
		f := new(failure)
		if !errors.As(err, &f) || f.code != exitUsage || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if _, err := loadPolicy(place(t, "p.JSON", "schema: x")); err == nil || !strings.Contains(err.Error(), "is not JSON") {
		t.Errorf("error %v", err)
	}
	if _, err := loadPolicy(place(t, "p.json", strings.Repeat(" ", bundle.MaxSize+1))); err == nil || !strings.Contains(err.Error(), "has more than") {
		t.Errorf("error %v", err)
	}
}

// What is hostile takes no long time.
func TestYAMLHostile(t *testing.T) {
	for _, in := range hostileYAML(yamlLimit) {
		start := time.Now()
		yamlToJSON("x", []byte(in))
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%.20q: %v", in, took)
		} else if took > time.Second {
			t.Logf("%.20q: %v", in, took)
		}
	}
}

// Nor in a plugtool.yaml, where anchors are taken. It is memory that is measured: time
// depends on what else the machine does.
func TestConfigHostile(t *testing.T) {
	dir := t.TempDir()
	list := append(hostileYAML(configLimit), "x: &a0 [x,x,x,x,x,x,x,x,x]\n"+aliases("", 9), "verify:\n  a0: &a0 [x,x,x,x,x,x,x,x,x]\n"+aliases("  ", 9),
		"verify:\n  host: &a0 [x,x,x,x,x,x,x,x,x]\n  host-key: &a1 [*a0,*a0,*a0,*a0,*a0,*a0,*a0]\n  key: &a2 [*a1,*a1,*a1,*a1,*a1,*a1,*a1,*a1]\n",
		"verify: &a\n  host: *a\n", "verify: &a\n  <<: *a\n", "a: &a {<<: *a}\nverify: *a\n")
	for _, in := range list {
		if err := os.WriteFile(filepath.Join(dir, configName), []byte(in), 0o600); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = loadConfig(dir) // what it says is for others to hold
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 256<<20 {
			t.Errorf("%.40q: allocates %d MiB", in, used>>20)
		}
	}
}

// aliases gives n lists, each of nine times the one before.
func aliases(indent string, n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "%sa%d: &a%d [%s*a%d]\n", indent, i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d,", i), 8), i)
	}
	return text.String()
}

// hostileYAML are texts of up to so many bytes.
func hostileYAML(limit int) []string {
	fill := func(s string) string { return strings.Repeat(s, limit/len(s)) }
	return []string{
		fill("["), fill("{a: "), fill("a: ["), fill("- "), fill("? "), fill("a: &a *a\n"), fill(`"`), fill("'\n"), fill("!"), fill("# \n"),
		fill("- a\n"), fill("\"\"\n"), fill("a\n"), fill("[]\n"), fill("[],"), fill("{}"), fill("a: b\n"), fill("---\n"), fill("\t"), fill("|\n"), fill("a: |\n x\n"), fill("&a "), fill(": "), fill("<<: *a\n"),
		fill(strings.Repeat("x: ", 2000) + "\n"), fill(strings.Repeat(`"" `, 2000) + "\n"), fill(strings.Repeat("[] ", 2000) + "\n"),
		fill("[" + strings.Repeat("a,", 4000) + "]\n"),
	}
}

// The schema takes what the reader takes, and refuses what it refuses, as far as a
// schema can say it.
func TestPolicySchema(t *testing.T) {
	good := `{"schema":"plugtool.policy/v1","keys":{"k":{"file":"keys/security.pub"}},"plugins":[{"name":["*"],"signers":["k"]}]}`
	for _, tt := range []struct {
		old, new string
		good     bool
	}{
		{"", "", true},
		{`"plugins"`, `"deny":[],"plugins"`, true},
		{`"signers":["k"]`, `"attestations":[{"type":"loads","signers":["k"]}]`, true},
		{`"signers":["k"]`, `"attestations":[{"type":"x:y","signers":["k"],"threshold":1}],"minVersion":"v1.0.0-rc.1"`, true},
		{`"signers":["k"]`, `"refuse":"x"`, true},
		{`"file":"keys/security.pub"`, `"file":"keys/security.pub","notAfter":"2030-01-01T00:00:00.5+01:00","revoked":"x"`, true},
		{`"keys"`, `"identities":{"i":{"subject":"a@b","issuerRegexp":"https://.*"}},"keys"`, true},
		{"policy/v1", "policy/v2", false},
		{`"schema":"plugtool.policy/v1",`, ``, false},
		{`"plugins":[`, `"plugins":[],"x":[`, false},
		{`"keys"`, `"Keys"`, false},
		{`"keys"`, `"deny":[{"sha256":"abc","reason":"x"}],"keys"`, false},
		{`"keys"`, `"deny":[{"sha256":"` + strings.Repeat("a", 64) + `"}],"keys"`, false},
		{`"keys"`, `"deny":[{"sha256":"` + strings.Repeat("a", 64) + `","reason":" "}],"keys"`, false},
		{`"keys"`, `"identities":{"i":{"subject":"a@b"}},"keys"`, false},
		{`"keys"`, `"identities":{"i":{"subject":"a@b","subjectRegexp":"x","issuer":"https://i"}},"keys"`, false},
		{`"keys"`, `"identities":{"":{"subject":"a@b","issuer":"https://i"}},"keys"`, false},
		{`"file":"keys/security.pub"`, ``, false},
		{`"file":"keys/security.pub"`, `"file":"keys/security.pub","pem":"x"`, false},
		{`"file":"keys/security.pub"`, `"fingerprint":"abc"`, false},
		{`"file":"keys/security.pub"`, `"file":"keys/security.pub","revoked":""`, false},
		{`"file":"keys/security.pub"`, `"file":"keys/security.pub","revoked":true`, false},
		{`"file":"keys/security.pub"`, `"file":"keys/security.pub","notAfter":"2030-01-01"`, false},
		{`"file":"keys/security.pub"`, `"file":"keys/security.pub","Revoked":"x"`, false},
		{`["*"]`, `[]`, false},
		{`["*"]`, `[""]`, false},
		{`["*"]`, `"*"`, false},
		{`["*"]`, `["a/*"]`, false},
		{`["k"]`, `[]`, false},
		{`["k"]`, `["k","k"]`, false},
		{`,"signers":["k"]`, ``, false},
		{`"signers":["k"]`, `"signers":["k"],"refuse":"x"`, false},
		{`"signers":["k"]`, `"threshold":1,"refuse":"x"`, false},
		{`"signers":["k"]`, `"refuse":""`, false},
		{`"signers":["k"]`, `"signers":["k"],"threshold":0`, false},
		{`"signers":["k"]`, `"signers":["k"],"threshold":"1"`, false},
		{`"signers":["k"]`, `"signers":["k"],"minVersion":"1.0.0"`, false},
		{`"signers":["k"]`, `"signers":["k"],"minVersion":"v1.0.0+2"`, false},
		{`"signers":["k"]`, `"signers":["k"],"verdict":"refused"`, false},
		{`"signers":["k"]`, `"signers":["k"],"attestations":[]`, false},
		{`"signers":["k"]`, `"signers":["k"],"attestations":[{"type":"slsa"}]`, false},
		{`"signers":["k"]`, `"signers":["k"],"attestations":[{"type":"slsaprovenance1","builders":[]}]`, false},
		{`"signers":["k"]`, `"signers":["k"],"expires":"2030-01-01T00:00:00Z"`, false},
	} {
		text := strings.Replace(good, tt.old, tt.new, 1)
		_, err := loadPolicy(place(t, "p.json", text))
		if (err == nil) != tt.good {
			t.Errorf("%s: reading gives %v", text, err)
		}
		if err := validate([]byte(text)); (err == nil) != tt.good {
			t.Errorf("%s: the schema gives %v", text, err)
		}
	}
}
