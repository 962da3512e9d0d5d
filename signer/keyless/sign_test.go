package keyless_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	rekor "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/plugtool/plugtool/signer/keyless"
)

// A front has an instance answer over HTTP.
type front struct {
	*instance
	t      *testing.T
	url    string
	recipe recipe // of the certificates
	broken map[string]http.HandlerFunc
	logged atomic.Int32
}

func newFront(t *testing.T) *front {
	f := &front{instance: newInstance(t), t: t, broken: map[string]http.HandlerFunc{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers := map[string]http.HandlerFunc{"/api/v2/signingCert": f.certificate, "/stamp": f.stamp, "/api/v2/log/entries": f.log}
		if h, ok := f.broken[r.URL.Path]; ok {
			h(w, r)
		} else if h, ok := handlers[r.URL.Path]; ok {
			h(w, r)
		} else {
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

func (f *front) certificate(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		PublicKeyRequest struct {
			PublicKey struct{ Content string }
		}
	}
	if r.Header.Get("Authorization") != "Bearer "+token(f.t, time.Now().Add(time.Hour)) {
		http.Error(w, "who are you?\x1b[2J", http.StatusUnauthorized)
		return
	}
	must(f.t, json.NewDecoder(r.Body).Decode(&asked))
	block, _ := pem.Decode([]byte(asked.PublicKeyRequest.PublicKey.Content))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	must(f.t, err)
	made := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.certify(f.t, publicOnly{key}, f.recipe)})
	answer, err := json.Marshal(map[string]any{"signedCertificateEmbeddedSct": map[string]any{"chain": map[string]any{"certificates": []string{string(made)}}}})
	must(f.t, err)
	w.Write(answer)
}

// publicOnly is all that certify needs of a key.
type publicOnly struct{ key crypto.PublicKey }

func (k publicOnly) Public() crypto.PublicKey { return k.key }
func (k publicOnly) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("a public key does not sign")
}

func (f *front) stamp(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	must(f.t, err)
	asked, err := timestamp.ParseRequest(data)
	must(f.t, err)
	answer, err := (&timestamp.Timestamp{HashAlgorithm: crypto.SHA256, HashedMessage: asked.HashedMessage, Time: time.Now(), Policy: []int{1, 2}}).
		CreateResponseWithOpts(f.tsa, f.tsaKey, crypto.SHA256)
	must(f.t, err)
	w.Write(answer)
}

func (f *front) log(w http.ResponseWriter, r *http.Request) {
	f.logged.Add(1)
	data, err := io.ReadAll(r.Body)
	must(f.t, err)
	var asked rekor.CreateEntryRequest
	must(f.t, protojson.Unmarshal(data, &asked))
	e := asked.GetHashedRekordRequestV002()
	answer, err := protojson.Marshal(f.entryV2(f.t, e.GetDigest(), e.GetSignature().GetContent(), e.GetSignature().GetVerifier().GetX509Certificate().GetRawBytes(), rekorHost))
	must(f.t, err)
	w.WriteHeader(http.StatusCreated)
	w.Write(answer)
}

func (f *front) config(edits ...string) []byte {
	service := func(path string, version int) string {
		return fmt.Sprintf(`[{"url":"%s%s","majorApiVersion":%d,"validFor":{"start":"2020-01-01T00:00:00Z"},"operator":"x"}]`, f.url, path, version)
	}
	text := fmt.Sprintf(`{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","caUrls":%s,"rekorTlogUrls":%s,"tsaUrls":%s,"rekorTlogConfig":{"selector":"ANY"},"tsaConfig":{"selector":"ANY"}}`,
		service("", 1), service("", 2), service("/stamp", 1))
	return []byte(strings.NewReplacer(edits...).Replace(text))
}

func (f *front) options(edits ...string) keyless.SignOptions {
	return keyless.SignOptions{Token: token(f.t, time.Now().Add(time.Hour)), SigningConfig: f.config(edits...), TrustedRoot: f.trustedRoot(f.t)}
}

// token gives an identity token, which nobody signed.
func token(t *testing.T, expires time.Time) string {
	t.Helper()
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	return encode(`{"alg":"none"}`) + "." + encode(fmt.Sprintf(`{"sub":"repo:o/r","exp":%d}`, expires.Truncate(24*time.Hour).Add(48*time.Hour).Unix())) + "." + encode("x")
}

func TestSign(t *testing.T) {
	f := newFront(t)
	v := f.verifier(t, keyless.Options{})
	made, err := keyless.SignMessage(t.Context(), plugin, f.options())
	must(t, err)
	if _, err := v.Verify(made, digest, keyless.Message, whoever); err != nil {
		t.Error(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, made); err != nil || !bytes.Equal(compact.Bytes(), made) {
		t.Errorf("has blanks, which protojson puts at random: %s, %v", made, err)
	}
	made, err = keyless.SignStatement(t.Context(), statement(plugin), f.options())
	must(t, err)
	if got, err := v.Verify(made, digest, keyless.Attestation, whoever); err != nil || !bytes.Equal(got.Payload, statement(plugin)) {
		t.Errorf("%+v, %v", got, err)
	}
	o := f.options()
	o.TrustedRoot = nil
	if _, err := keyless.SignMessage(t.Context(), plugin, o); err != nil {
		t.Errorf("without a trusted root: %v", err)
	}
	f.recipe.noSCT = true
	o = f.options()
	o.Check.InsecureIgnoreSCT = true
	if _, err := keyless.SignMessage(t.Context(), plugin, o); err != nil {
		t.Errorf("without SCT, which is allowed: %v", err)
	}
}

// What is wrong is found before the log has an entry, where it can be.
func TestSignRefusals(t *testing.T) {
	f := newFront(t)
	fail := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, text, status) }
	}
	with := func(change func(*keyless.SignOptions)) keyless.SignOptions {
		o := f.options()
		change(&o)
		return o
	}
	for _, tt := range []struct {
		name   string
		o      keyless.SignOptions
		recipe recipe
		broken map[string]http.HandlerFunc
		logged bool
		reason string
	}{
		{"no token", with(func(o *keyless.SignOptions) { o.Token = "" }), recipe{}, nil, false, "identity token is empty"},
		{"no JWT", with(func(o *keyless.SignOptions) { o.Token = "secret" }), recipe{}, nil, false, "is not a JSON web token"},
		{"another's token", with(func(o *keyless.SignOptions) { o.Token += "x" }), recipe{}, nil, false, "Fulcio returned 401: who are you?"},
		{"no config", with(func(o *keyless.SignOptions) { o.SigningConfig = nil }), recipe{}, nil, false, "signing config is missing"},
		{"broken config", f.options("caUrls", "caurls"), recipe{}, nil, false, "signing config cannot be read"},
		{"large config", with(func(o *keyless.SignOptions) { o.SigningConfig = make([]byte, 2<<20) }), recipe{}, nil, false, "signing config is too large"},
		{"no authority", f.options(`"majorApiVersion":1`, `"majorApiVersion":9`), recipe{}, nil, false, "no usable certificate authority"},
		{"no log", f.options(`"majorApiVersion":2`, `"majorApiVersion":9`), recipe{}, nil, false, "no usable transparency log"},
		{"no timestamps", f.options(`"tsaUrls"`, `"oidcUrls"`), recipe{}, nil, false, "has no timestamp authority"},
		{"in the open", f.options("127.0.0.1", "sigstore.example"), recipe{}, nil, false, "others could read the identity token"},
		{"broken root", with(func(o *keyless.SignOptions) { o.TrustedRoot = []byte("{") }), recipe{}, nil, false, "trusted root cannot be read"},
		{"authority down", f.options(), recipe{}, map[string]http.HandlerFunc{"/api/v2/signingCert": fail(503, "closed\x1b")}, false, "503 Service Unavailable: closed"},
		{"authority elsewhere", f.options(), recipe{}, map[string]http.HandlerFunc{"/api/v2/signingCert": http.RedirectHandler("http://evil.example", http.StatusTemporaryRedirect).ServeHTTP}, false, "307"},
		{"timestamps down", f.options(), recipe{}, map[string]http.HandlerFunc{"/stamp": fail(500, "no clock")}, false, "no clock"},
		{"log down", f.options(), recipe{}, map[string]http.HandlerFunc{"/api/v2/log/entries": fail(500, "full")}, false, "full"},
		{"certificate in no log", f.options(), recipe{noSCT: true}, nil, true, "does not verify with the trusted root"},
		{"certificate for two", f.options(), recipe{names: []name{{1, "a@b"}, {1, "c@d"}}}, nil, true, "2 identities"},
	} {
		f.recipe, f.broken = tt.recipe, tt.broken
		f.logged.Store(0)
		made, err := keyless.SignMessage(t.Context(), plugin, tt.o)
		if made != nil || err == nil || !strings.Contains(err.Error(), tt.reason) || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: %s, %v\nexpected %q", tt.name, made, err, tt.reason)
		}
		if logged := f.logged.Load() > 0; logged != tt.logged {
			t.Errorf("%s: logged %t", tt.name, logged)
		}
		if err != nil && tt.o.Token != "" && strings.Contains(err.Error(), tt.o.Token) {
			t.Errorf("%s: tells the token: %v", tt.name, err)
		}
	}
	f.recipe, f.broken = recipe{}, nil
	if _, err := keyless.SignStatement(t.Context(), []byte(`{"_type":"x"}`), f.options()); err == nil || !strings.Contains(err.Error(), "statement has the type") {
		t.Errorf("no statement: %v", err)
	}
}

// Whoever stops signing does not wait for servers.
func TestSignStopped(t *testing.T) {
	for _, path := range []string{"/api/v2/signingCert", "/stamp", "/api/v2/log/entries"} {
		f := newFront(t)
		ctx, cancel := context.WithCancel(t.Context())
		f.broken[path] = func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body) // only then the server learns that nobody waits
			cancel()
			<-r.Context().Done()
		}
		done := make(chan error, 1)
		go func() {
			_, err := keyless.SignMessage(ctx, plugin, f.options())
			done <- err
		}()
		select {
		case err := <-done:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", path, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: goes on", path)
		}
	}
}
