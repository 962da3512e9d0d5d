package builder_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	slsa "github.com/in-toto/attestation/go/predicates/provenance/v1"
	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/plugtool/plugtool/builder"
)

// statementOf builds with a statement and reads it with the Go types of in-toto, which
// take no field that the specifications do not have.
func (b *bench) statementOf(output string, flags ...string) (*intoto.Statement, *slsa.Provenance, string) {
	b.t.Helper()
	opts := b.options()
	opts.Output, opts.Flags = filepath.Join(b.dir, output), flags
	file := filepath.Join(b.dir, output+".json")
	opts.Documents = []builder.Document{{File: file, Make: builder.Provenance{HostFile: b.bin, Version: "v1.2.3"}.Make}}
	res, err := b.build(opts)
	if err != nil {
		b.t.Fatal(err)
	}
	if len(res.Documents) != 1 || res.Documents[0] != file {
		b.t.Errorf("documents %q, want %s", res.Documents, file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		b.t.Fatal(err)
	}
	var s intoto.Statement
	if err := protojson.Unmarshal(data, &s); err != nil {
		b.t.Fatalf("%v\n%s", err, data)
	}
	if err := s.Validate(); err != nil {
		b.t.Error(err)
	}
	predicate, err := protojson.Marshal(s.Predicate)
	if err != nil {
		b.t.Fatal(err)
	}
	var p slsa.Provenance
	if err := protojson.Unmarshal(predicate, &p); err != nil {
		b.t.Fatalf("%v\n%s", err, predicate)
	}
	if err := p.Validate(); err != nil {
		b.t.Error(err)
	}
	return &s, &p, string(data)
}

func digestOf(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// The statement names the plugin, all that it was built from, and the host, and no
// folder of the machine.
func TestProvenance(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.goMod(b.host, "-replace=example.com/dep=example.com/fork@v1.0.0")
	checkout("-trimpath")(b)
	b.repository()
	commit := ""
	if withGit {
		b.run(b.plugin, nil, "git", "remote", "add", "origin", "https://user:secret@git.example.com/o/plugin.git")
		commit = strings.TrimSpace(b.run(b.plugin, nil, "git", "rev-parse", "HEAD"))
	}
	s, p, text := b.statementOf("p.so", "-tags=own")

	if len(s.Subject) != 1 || s.Subject[0].Name != "p.so" || s.Subject[0].Digest["sha256"] != digestOf(t, filepath.Join(b.dir, "p.so")) {
		t.Errorf("subject %v", s.Subject)
	}
	if s.Type != intoto.StatementTypeUri || s.PredicateType != "https://slsa.dev/provenance/v1" {
		t.Errorf("type %s with %s", s.Type, s.PredicateType)
	}
	deps := map[string]*intoto.ResourceDescriptor{}
	for _, d := range p.BuildDefinition.ResolvedDependencies {
		deps[d.Name] = d
	}
	for name, want := range map[string]string{
		"example.com/plugin": "pkg:golang/example.com/plugin",
		"example.com/host":   "pkg:golang/example.com/host",
		"example.com/dep":    "pkg:golang/example.com/fork@v1.0.0",
		"example.com/Native": "pkg:golang/example.com/Native@v1.0.0",
		"host":               "",
	} {
		if d := deps[name]; d == nil || d.Uri != want || len(d.Digest) == 0 {
			t.Errorf("dependency %s is %v, want %s with a digest", name, d, want)
		}
	}
	switch got := deps["source"]; {
	case !withGit && got != nil:
		t.Errorf("source %v, and there is no repository", got)
	case withGit && (got == nil || got.Uri != "git+https://git.example.com/o/plugin.git@"+commit || got.Digest["gitCommit"] != commit || !got.Annotations.Fields["modified"].GetBoolValue()):
		t.Errorf("source %v, want commit %s with changes", got, commit)
	}
	sums, err := os.ReadFile(filepath.Join(b.host, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	if h1 := deps["example.com/Native"].Annotations.Fields["h1"].GetStringValue(); h1 == "" || !strings.Contains(string(sums), "example.com/Native v1.0.0 "+h1) {
		t.Errorf("example.com/Native has the sum %q, which go.sum does not have", h1)
	}
	if got := deps["host"].Digest["sha256"]; got != digestOf(t, b.bin) {
		t.Errorf("host %v", deps["host"])
	}
	if id := strings.TrimSpace(b.run(b.dir, nil, "go", "tool", "buildid", b.bin)); deps["host"].Annotations.Fields["buildID"].GetStringValue() != id {
		t.Errorf("host %v, want build id %s", deps["host"], id)
	}
	if got := deps["go"]; got == nil || !strings.HasPrefix(got.Uri, "pkg:golang/golang.org/toolchain@v0.0.1-go1.") {
		t.Errorf("toolchain %v", got)
	}
	external := p.BuildDefinition.ExternalParameters.Fields
	if external["package"].GetStringValue() != "example.com/plugin" || fmt.Sprint(external["flags"].GetListValue().AsSlice()) != "[-tags=own]" {
		t.Errorf("external parameters %v", external)
	}
	if layout := p.BuildDefinition.InternalParameters.Fields["plan"].GetStructValue().Fields["layout"]; layout.GetStructValue().Fields["name"].GetStringValue() != "workspace" {
		t.Errorf("plan's layout %v", layout)
	}
	if m := p.RunDetails.Metadata; m.FinishedOn.AsTime().Before(m.StartedOn.AsTime()) {
		t.Errorf("metadata %v", m)
	}
	for _, private := range []string{b.dir, "secret", "user:"} {
		if strings.Contains(text, private) {
			t.Errorf("the statement holds %q:\n%s", private, text)
		}
	}
}

// With SOURCE_DATE_EPOCH, equal builds have equal statements, wherever they run.
func TestProvenanceReproducible(t *testing.T) {
	t.Parallel()
	for name, setup := range map[string]func(*bench){
		"modules":   func(b *bench) { trimmedHost(b); published(b) },
		"rewritten": func(b *bench) { inHost(b); b.installHost(nil, "-trimpath") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.set("SOURCE_DATE_EPOCH=1700000000", "GOFLAGS=-modcacherw")
			setup(b)
			_, p, one := b.statementOf("p.so")
			if got := p.RunDetails.Metadata.StartedOn.AsTime().Unix(); got != 1700000000 {
				t.Errorf("started on %d", got)
			}
			other := b.elsewhereToo("another/deeper")
			if _, _, two := other.statementOf("p.so"); one != two {
				t.Errorf("two statements:\n%s\n%s", one, two)
			}
			other.set("SOURCE_DATE_EPOCH=yesterday")
			opts := other.options()
			opts.Documents = []builder.Document{{File: filepath.Join(b.dir, "x.json"), Make: builder.Provenance{HostFile: b.bin}.Make}}
			if _, err := other.build(opts); !is[*builder.UsageError](err) {
				t.Errorf("with a time that is none: %v", err)
			}
			// What was read of the host at first is not what is there now.
			opts = b.options()
			opts.Documents = []builder.Document{{File: filepath.Join(b.dir, "x.json"), Make: builder.Provenance{HostFile: b.bin, HostSHA256: strings.Repeat("0", 64)}.Make}}
			if _, err := b.build(opts); err == nil || !strings.Contains(err.Error(), "was replaced while the plugin was built for it") {
				t.Errorf("with another host: %v", err)
			}
			if _, err := os.Stat(filepath.Join(b.dir, "x.json")); err == nil {
				t.Error("another host is stated")
			}
		})
	}
}
