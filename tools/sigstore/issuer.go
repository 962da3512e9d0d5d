package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

const (
	mail     = "builder@plugtool.example"
	clientID = "plugtool"
	workflow = "plugtool/plugins/.github/workflows/release.yml@refs/heads/main"
)

// An issuer is an OpenID Connect provider of two faces: at its root one that
// knows people's mail, at /actions one that talks as GitHub Actions does.
type issuer struct {
	url    string
	secret string // of the client, and the bearer token of the job
	key    *ecdsa.PrivateKey
	server *httptest.Server
}

func newIssuer() (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	i := &issuer{key: key, secret: rand.Text()}
	mux := http.NewServeMux()
	for _, path := range []string{"", "/actions"} {
		mux.HandleFunc("GET "+path+"/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
			answer(w, map[string]any{
				"issuer": i.url + path, "jwks_uri": i.url + "/keys", "token_endpoint": i.url + "/token", "authorization_endpoint": i.url + "/authorize",
				"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
			})
		})
	}
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("POST /token", i.grant)
	mux.HandleFunc("GET /actions/token", i.job)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	i.url = "http://" + listener.Addr().String()
	i.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: mux}}
	i.server.Start()
	return i, nil
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func (i *issuer) keys(w http.ResponseWriter, _ *http.Request) {
	point, err := i.key.PublicKey.Bytes() // 4, X, Y
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	answer(w, map[string]any{"keys": []any{map[string]any{
		"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "1", "x": encode(point[1:33]), "y": encode(point[33:]),
	}}})
}

// grant gives client credentials what they are for.
func (i *issuer) grant(w http.ResponseWriter, r *http.Request) {
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
	}
	if r.FormValue("grant_type") != "client_credentials" || id != clientID || secret != i.secret {
		http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
		return
	}
	token, err := i.mailToken()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	answer(w, map[string]any{"access_token": "opaque", "token_type": "Bearer", "expires_in": 3600, "id_token": token})
}

// job gives a workflow's job its token.
func (i *issuer) job(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+i.secret || r.FormValue("api-version") != "2.0" {
		http.Error(w, "bad credentials", http.StatusUnauthorized)
		return
	}
	repository, _, _ := strings.Cut(workflow, "/.github/")
	owner, _, _ := strings.Cut(repository, "/")
	commit := strings.Repeat("0a", 20)
	token, err := i.token("/actions", r.FormValue("audience"), map[string]any{
		"sub": "repo:" + repository + ":ref:refs/heads/main", "job_workflow_ref": workflow, "workflow_ref": workflow, "job_workflow_sha": commit, "workflow_sha": commit,
		"sha": commit, "ref": "refs/heads/main", "event_name": "push", "repository": repository, "repository_id": "1", "repository_owner": owner, "repository_owner_id": "2",
		"repository_visibility": "public", "workflow": "release", "runner_environment": "github-hosted", "run_id": "3", "run_attempt": "1",
	})
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	answer(w, map[string]any{"count": len(token), "value": token})
}

func (i *issuer) mailToken() (string, error) {
	return i.token("", "sigstore", map[string]any{"sub": "1", "email": mail, "email_verified": true})
}

// token signs claims, as RFC 7519 says.
func (i *issuer) token(path, audience string, claims map[string]any) (string, error) {
	now := time.Now()
	more := map[string]any{"iss": i.url + path, "aud": audience, "iat": now.Unix(), "nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(time.Hour).Unix()}
	maps.Copy(more, claims)
	body, err := json.Marshal(more)
	if err != nil {
		return "", err
	}
	text := encode([]byte(`{"alg":"ES256","kid":"1","typ":"JWT"}`)) + "." + encode(body)
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, i.key, sum[:])
	if err != nil {
		return "", err
	}
	return text + "." + encode(append(bytes32(r), bytes32(s)...)), nil
}

func bytes32(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// fulcioConfig tells fulcio to believe the issuer.
func (i *issuer) fulcioConfig() string {
	return fmt.Sprintf(`{"OIDCIssuers": {
	%[1]q: {"IssuerURL": %[1]q, "ClientID": "sigstore", "Type": "email"},
	%[2]q: {"IssuerURL": %[2]q, "ClientID": "sigstore", "Type": "github-workflow"}
}}
`, i.url, i.url+"/actions")
}
