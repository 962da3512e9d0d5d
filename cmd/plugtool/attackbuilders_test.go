package main

import (
	"crypto"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
)

const (
	builderID = "https://builder.example/workflow.yml@refs/heads/main"
	slsa1Type = "https://slsa.dev/provenance/v1"
	slsa2Type = "https://slsa.dev/provenance/v0.2"
	loadsType = "https://github.com/plugtool/plugtool/attestation/loads/v1"
)

// builtBy is a policy that wants provenance of a type by the good key, of one builder.
func builtBy(typ string) string {
	return `"plugins":[{"name":["*"],"attestations":[{"type":"` + typ + `","signers":["good"],"builders":["` + builderID + `"]}]}]`
}

func slsa1By(id string) string { return `{"runDetails":{"builder":{"id":` + id + `}}}` }

// TestBuildersHold is the control of builderAttacks.
func TestBuildersHold(t *testing.T) {
	for typ, predicate := range map[string]string{slsa1Type: slsa1By(`"` + builderID + `"`), slsa2Type: `{"builder":{"id":"` + builderID + `"}}`} {
		w := newArena(t)
		w.policy(builtBy(typ))
		w.write("p.so.x.intoto.sigstore.json", w.statement("good", typ, predicate))
		if code, status, text := w.verify("--policy", "policy.json", "p.so"); code != exitOK || status != string(bundle.Verified) {
			t.Errorf("%s: exit code %d, status %s\n%s", typ, code, status, text)
		}
	}
}

// builderAttacks are statements by the good key that do not name the builder, and
// statements that do, by others.
func builderAttacks() []attack {
	at := func(name, typ, predicate string) attack {
		return policed("builder: "+name, builtBy(typ), bundle.Untrusted, 0, func(w *arena) {
			w.write("p.so.x.intoto.sigstore.json", w.statement("good", typ, predicate))
		})
	}
	var list []attack
	for name, id := range map[string]string{
		"longer":                builderID + "-evil",
		"shorter":               builderID[:len(builderID)-1],
		"before it":             "https://evil.example/" + builderID,
		"in a query":            "https://evil.example/?" + builderID,
		"with a slash":          builderID + "/",
		"without the ref":       "https://builder.example/workflow.yml",
		"of another ref":        "https://builder.example/workflow.yml@refs/heads/main2",
		"in upper case":         "HTTPS://BUILDER.EXAMPLE/workflow.yml@refs/heads/main",
		"with a port":           "https://builder.example:443/workflow.yml@refs/heads/main",
		"with a user":           "https://builder.example@evil.example/workflow.yml@refs/heads/main",
		"escaped":               "https://builder.example/workflow%2Eyml@refs/heads/main",
		"with dots":             "https://builder.example/x/../workflow.yml@refs/heads/main",
		"without TLS":           "http://builder.example/workflow.yml@refs/heads/main",
		"with a space":          builderID + " ",
		"with a line break":     builderID + `\n`,
		"with a zero byte":      builderID + `\u0000`,
		"with a zero width":     builderID + `\u200b`,
		"in Cyrillic":           `https://builder.ex\u0430mple/workflow.yml@refs/heads/main`,
		"decomposed":            `https://builder.example/workflow.yml@refs/heads/ma\u0131n`,
		"with a soft hyphen":    `https://builder\u00ad.example/workflow.yml@refs/heads/main`,
		"of no text whatsoever": "",
	} {
		list = append(list, at(name, slsa1Type, slsa1By(`"`+id+`"`)))
	}
	good := `"` + builderID + `"`
	for name, predicate := range map[string]string{
		"in a list":                     slsa1By("[" + good + "]"),
		"as an object":                  slsa1By(`{"id":` + good + `}`),
		"as a name":                     slsa1By(`{` + good + `:true}`),
		"null":                          slsa1By("null"),
		"where v0.2 has it":             `{"builder":{"id":` + good + `}}`,
		"in other case":                 `{"runDetails":{"builder":{"ID":` + good + `}}}`,
		"in other case beside an evil":  `{"runDetails":{"builder":{"id":"https://evil.example","Id":` + good + `}}}`,
		"in an object in other case":    `{"RunDetails":{"builder":{"id":` + good + `}},"runDetails":{"builder":{"id":"https://evil.example"}}}`,
		"in a name with dots":           `{"runDetails.builder.id":` + good + `,"runDetails":{"builder":{"id":"https://evil.example"}}}`,
		"in the invocation":             `{"runDetails":{"builder":{"id":"https://evil.example"},"metadata":{"invocationId":` + good + `}}}`,
		"in a list of builders":         `{"runDetails":{"builder":[{"id":` + good + `}]}}`,
		"in a list of runs":             `{"runDetails":[{"builder":{"id":` + good + `}}]}`,
		"nowhere":                       `{}`,
		"in a dependency's description": `{"buildDefinition":{"resolvedDependencies":[{"uri":` + good + `}]},"runDetails":{"builder":{"id":"https://evil.example","builderDependencies":[{"uri":` + good + `}]}}}`,
	} {
		list = append(list, at(name, slsa1Type, predicate))
	}
	for name, predicate := range map[string]string{
		"twice, the evil first":      `{"runDetails":{"builder":{"id":"https://evil.example","id":` + good + `}}}`,
		"twice, the evil last":       `{"runDetails":{"builder":{"id":` + good + `,"id":"https://evil.example"}}}`,
		"in two runs":                `{"runDetails":{"builder":{"id":"https://evil.example"}},"runDetails":{"builder":{"id":` + good + `}}}`,
		"in two predicates":          `{},"predicate":{"runDetails":{"builder":{"id":` + good + `}}}`,
		"in two names that are one":  `{"runDetails":{"builder":{"id":"https://evil.example","\u0069d":` + good + `}}}`,
		"in a Predicate besides":     `{},"Predicate":{"runDetails":{"builder":{"id":` + good + `}}}`,
		"in half a character":        `{"runDetails":{"builder":{"id":"` + builderID + `\ud800"}}}`,
		"in a predicate without end": `{"runDetails":` + strings.Repeat(`{"x":`, 200) + good + strings.Repeat("}", 201),
	} {
		list = append(list, policed("builder: "+name, builtBy(slsa1Type), bundle.Invalid, 0, func(w *arena) {
			w.write("p.so.x.intoto.sigstore.json", w.rawStatement("good", slsa1Type, predicate))
		}))
	}
	list = append(list,
		at("where v1 has it", slsa2Type, slsa1By(good)),
		at("twice in upper case", slsa1Type, slsa1By(`"x","ID":`+good)),
		policed("builder: named by a stranger, evil one by the key", builtBy(slsa1Type), bundle.Untrusted, 0, func(w *arena) {
			w.write("p.so.x.intoto.sigstore.json", w.statement("good", slsa1Type, slsa1By(`"https://evil.example"`)))
			w.write("p.so.y.intoto.sigstore.json", w.statement("stranger", slsa1Type, slsa1By(good)))
		}),
		policed("builder: named by a signer of something else, evil one by the key", builtBy(slsa1Type), bundle.Untrusted, 0, func(w *arena) {
			w.write("p.so.x.intoto.sigstore.json", w.statement("good", slsa1Type, slsa1By(`"https://evil.example"`)))
			w.write("p.so.y.intoto.sigstore.json", w.statement("second", slsa1Type, slsa1By(good)))
		}),
		policed("builder: named for another file, evil one for this", builtBy(slsa1Type), bundle.Untrusted, 0, func(w *arena) {
			w.write("q.so", append(w.read("p.so"), 0))
			w.write("p.so.x.intoto.sigstore.json", w.statement("good", slsa1Type, slsa1By(`"https://evil.example"`)))
			w.write("p.so.y.intoto.sigstore.json", w.statementAbout("q.so", "good", slsa1Type, slsa1By(good)))
		}),
		policed("builder: named in a statement of another type", builtBy(slsa1Type), bundle.Missing, 0, func(w *arena) {
			w.write("p.so.x.intoto.sigstore.json", w.statement("good", slsa2Type, `{"builder":{"id":`+good+`},"runDetails":{"builder":{"id":`+good+`}}}`))
		}),
	)
	return list
}

// rawStatement is statement for what plugtool signs nowhere.
func (w *arena) rawStatement(key, predicateType, predicate string) []byte {
	w.t.Helper()
	text := fmt.Sprintf(`{"_type":%q,"subject":[{"name":"p.so","digest":{"sha256":"%x"}}],"predicateType":%q,"predicate":%s}`,
		bundle.StatementType, sha256.Sum256(w.read("p.so")), predicateType, predicate)
	signature := w.raw(key, crypto.SHA256, bundle.PAE(bundle.PayloadType, []byte(text)))
	b, err := bundle.MarshalEnvelope(w.public(key), bundle.PayloadType, []byte(text), signature)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// attackedHost is a real host, built once.
var attackedHost = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "plugtool-attacks-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := recipes()["host"].make(filepath.Join(dir, "host")); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "host"))
})

// hostIdentity puts a host into the arena and gives its identity.
func (w *arena) hostIdentity() string {
	w.t.Helper()
	data, err := attackedHost()
	if err != nil {
		w.t.Fatal(err)
	}
	w.write("host", data)
	h, err := inspector.OpenHost(w.path("host"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer h.Close()
	id, err := h.Identity()
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// loadsWanted is a policy that wants a proof by the good key.
const loadsWanted = `"plugins":[{"name":["*"],"attestations":[{"type":"loads","signers":["good"]}]}]`

// TestHostHolds is the control of hostAttacks.
func TestHostHolds(t *testing.T) {
	w := newArena(t)
	w.policy(loadsWanted)
	w.write("p.so.x.intoto.sigstore.json", w.statement("good", loadsType, `{"hosts":[{"identity":"sha256:0"},{"identity":"`+w.hostIdentity()+`"}]}`))
	if code, status, text := w.verify("--policy", "policy.json", "--host", "host", "p.so"); code != exitOK || status != string(bundle.Verified) {
		t.Errorf("exit code %d, status %s\n%s", code, status, text)
	}
}

// hostAttacks are proofs that a plugin loads, for a host that is not the one at hand.
func hostAttacks() []attack {
	at := func(name, hosts string, status bundle.Status, makeIdentity func(string) string) attack {
		return attack{name: "host: " + name, status: status, args: []string{"--policy", "policy.json", "--host", "host", "p.so"}, do: func(w *arena) {
			w.policy(loadsWanted)
			id := w.hostIdentity()
			w.write("p.so.x.intoto.sigstore.json", w.statement("good", loadsType, fmt.Sprintf(hosts, makeIdentity(id))))
		}}
	}
	same := func(id string) string { return id }
	one := `{"hosts":[{"name":"host","identity":"%s"}]}`
	return []attack{
		at("another", one, bundle.Untrusted, func(string) string { return "sha256:" + fmt.Sprintf("%064d", 0) }),
		at("in upper case", one, bundle.Untrusted, func(id string) string { return "sha256:" + strings.ToUpper(id[7:]) }),
		at("cut short", one, bundle.Untrusted, func(id string) string { return id[:20] }),
		at("goes on", one, bundle.Untrusted, func(id string) string { return id + "0" }),
		at("without its algorithm", one, bundle.Untrusted, func(id string) string { return id[7:] }),
		at("of another algorithm", one, bundle.Untrusted, func(id string) string { return "sha512:" + id[7:] }),
		at("two in one", one, bundle.Untrusted, func(id string) string { return "sha256:0," + id }),
		at("as the name", `{"hosts":[{"name":"%s","identity":"sha256:0"}]}`, bundle.Untrusted, same),
		at("in other case", `{"hosts":[{"name":"host","Identity":"%s"}]}`, bundle.Invalid, same),
		at("in other case beside another", `{"hosts":[{"name":"host","identity":"sha256:0","IDENTITY":"%s"}]}`, bundle.Untrusted, same),
		at("hosts in other case", `{"Hosts":[{"name":"host","identity":"%s"}],"hosts":[{"identity":"sha256:0"}]}`, bundle.Untrusted, same),
		at("no list", `{"hosts":{"identity":"%s"}}`, bundle.Invalid, same),
		at("no object", `{"hosts":["%s"]}`, bundle.Invalid, same),
		at("beside one without an identity", `{"hosts":[{"identity":""},{"identity":"%s"}]}`, bundle.Invalid, same),
		at("in a list in a list", `{"hosts":[[{"identity":"%s"}]]}`, bundle.Invalid, same),
		{name: "host: the host's identity, by a stranger", status: bundle.Untrusted, args: []string{"--policy", "policy.json", "--host", "host", "p.so"}, do: func(w *arena) {
			w.policy(loadsWanted)
			w.write("p.so.x.intoto.sigstore.json", w.statement("stranger", loadsType, fmt.Sprintf(one, w.hostIdentity())))
		}},
	}
}
