package policy_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

const (
	slsa1     = "https://slsa.dev/provenance/v1"
	slsa02    = "https://slsa.dev/provenance/v0.2"
	github    = "https://token.actions.githubusercontent.com"
	workflow  = "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1"
	hostAtRun = "sha256:1111"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// A pair is a key pair for tests.
type pair struct {
	*ecdsa.PrivateKey
	public *bundle.PublicKey
}

func newPair(t testing.TB) pair {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := bundle.NewPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pair{private, public}
}

func (p pair) raw(t testing.TB, data []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(data)
	signature, err := p.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// A stage is a folder with the plugin a.so, keys a to d, and what is put beside it.
type stage struct {
	testing.TB
	plugin string
	data   []byte
	keys   map[string]pair
	times  int
}

func newStage(t testing.TB) *stage {
	s := &stage{TB: t, plugin: filepath.Join(t.TempDir(), "a.so"), data: []byte("a plugin"), keys: map[string]pair{}}
	for _, name := range []string{"a", "b", "c", "d"} {
		s.keys[name] = newPair(t)
	}
	return s
}

func (s *stage) digest() string { sum := sha256.Sum256(s.data); return hex.EncodeToString(sum[:]) }

// write puts a sidecar beside the plugin, under a name of its own.
func (s *stage) write(kind string, data []byte) string {
	s.Helper()
	s.times++
	name := fmt.Sprintf("%s.%02d%s.sigstore.json", s.plugin, s.times, kind)
	if err := os.WriteFile(name, data, 0o600); err != nil {
		s.Fatal(err)
	}
	return name
}

// sign signs the plugin by key, or data where some is given.
func (s *stage) sign(key string, data ...byte) string {
	s.Helper()
	if data == nil {
		data = s.data
	}
	p := s.keys[key]
	b, err := bundle.MarshalMessage(p.public, bundle.NewDigests(data), p.raw(s, data))
	if err != nil {
		s.Fatal(err)
	}
	return s.write("", b)
}

// attest attests a predicate of a type by key.
func (s *stage) attest(key, predicateType, predicate string) string {
	s.Helper()
	return s.write(".intoto", s.envelope(key, predicateType, predicate))
}

func (s *stage) envelope(key, predicateType, predicate string) []byte {
	s.Helper()
	statement := fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a.so","digest":{"sha256":"%s"}}],"predicateType":%q,"predicate":%s}`,
		s.digest(), predicateType, predicate)
	p := s.keys[key]
	b, err := bundle.MarshalEnvelope(p.public, bundle.PayloadType, statement, p.raw(s, bundle.PAE(bundle.PayloadType, statement)))
	if err != nil {
		s.Fatal(err)
	}
	return b
}

// A claim is what the certificates of these tests hold: [verifier] believes it.
type claim struct {
	Identity, Issuer string
	Time             time.Time
	Bad              string
}

// certify is sign with a certificate; attestation is one of such.
func (s *stage) certify(c claim) string {
	s.Helper()
	return s.write("", s.certified(s.envelopeOf("", ""), c))
}

func (s *stage) certifyStatement(c claim, predicateType, predicate string) string {
	s.Helper()
	return s.write(".intoto", s.certified(s.envelopeOf(predicateType, predicate), c))
}

func (s *stage) envelopeOf(predicateType, predicate string) []byte {
	s.Helper()
	if predicateType != "" {
		return s.envelope("d", predicateType, predicate)
	}
	p := s.keys["d"]
	b, err := bundle.MarshalMessage(p.public, bundle.NewDigests(s.data), p.raw(s, s.data))
	if err != nil {
		s.Fatal(err)
	}
	return b
}

func (s *stage) certified(b []byte, c claim) []byte {
	s.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		s.Fatal(err)
	}
	old := fmt.Sprintf(`"publicKey":{"hint":"%s"}`, s.keys["d"].public.Hint())
	if !bytes.Contains(b, []byte(old)) {
		s.Fatalf("no %s in %s", old, b)
	}
	return bytes.Replace(b, []byte(old), fmt.Appendf(nil, `"certificate":{"rawBytes":"%s"}`, base64.StdEncoding.EncodeToString(raw)), 1)
}

// verifier believes what certificates claim.
type verifier struct{}

func (verifier) VerifyCertificate(data []byte, _ [sha256.Size]byte, _ bundle.Kind) (bundle.Certified, error) {
	b, err := bundle.Parse(data)
	if err != nil {
		return bundle.Certified{}, err
	}
	var c claim
	if err := json.Unmarshal(b.Certificate, &c); err != nil {
		return bundle.Certified{}, err
	}
	if c.Bad != "" {
		return bundle.Certified{}, errors.New(c.Bad)
	}
	return bundle.Certified{Identity: c.Identity, Issuer: c.Issuer, Time: c.Time}, nil
}

func believe([]bundle.IdentityPattern) (bundle.CertificateVerifier, error) { return verifier{}, nil }

// policy gives a policy with keys a to d and rules, changed by change.
func (s *stage) policy(change func(*policy.Policy), rules ...policy.Rule) *policy.Policy {
	p := &policy.Policy{Schema: policy.Schema, Keys: map[string]policy.Key{}, Identities: map[string]policy.Identity{
		"ci":   {Subject: workflow, Issuer: github},
		"team": {SubjectRegexp: `.*@example\.com`, Issuer: "https://accounts.example.com"},
		"ann":  {Subject: "ann@example.com", Issuer: "https://accounts.example.com"},
	}, Plugins: rules}
	for name, key := range s.keys {
		p.Keys[name] = policy.Key{PEM: string(key.public.PEM())}
	}
	if change != nil {
		change(p)
	}
	return p
}

func (s *stage) compile(p *policy.Policy) *policy.Rules {
	s.Helper()
	r, err := p.Compile(policy.Options{Certificates: believe})
	if err != nil {
		s.Fatal(err)
	}
	return r
}

// checkPlain holds that text is one line of what a terminal shows as it is.
func checkPlain(t testing.TB, text string) {
	t.Helper()
	if len(text) > 4000 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x202e || r == 0x9b }) {
		t.Errorf("not one plain line: %.200q", text)
	}
}
