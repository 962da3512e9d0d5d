package keyless_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plugtool/plugtool/signer/keyless"
)

func environment(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { value, ok := env[name]; return value, ok }
}

func nothing(string) (string, bool) { return "", false }

func TestToken(t *testing.T) {
	good, old := token(t, time.Now()), token(t, time.Now().AddDate(0, 0, -10))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := map[string]any{}
		switch {
		case r.URL.Path == "/actions" && r.Header.Get("Authorization") == "Bearer bearer" && r.FormValue("audience") == "sigstore" && r.FormValue("a") == "1":
			answer["value"] = good
		case r.URL.Path == "/silent":
		case r.URL.Path == "/.well-known/openid-configuration":
			answer["issuer"], answer["token_endpoint"], answer["jwks_uri"] = "http://"+r.Host, "http://"+r.Host+"/grant", "http://"+r.Host+"/keys"
		case r.URL.Path == "/insecure/.well-known/openid-configuration":
			answer["issuer"], answer["token_endpoint"] = "http://"+r.Host+"/insecure", "http://provider.example/grant"
		case r.URL.Path == "/grant" && r.FormValue("grant_type") == "client_credentials" && r.FormValue("audience") == "sigstore":
			answer["access_token"], answer["token_type"] = good, "Bearer"
		default:
			http.Error(w, "no\x1b", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(answer)
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(file, []byte(good+"\n"), 0o600))
	actions := func(url, bearer string) map[string]string {
		return map[string]string{"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": bearer}
	}
	provider := func(issuer, id string) map[string]string {
		return map[string]string{"PLUGTOOL_OIDC_ISSUER": issuer, "PLUGTOOL_OIDC_CLIENT_ID": id, "PLUGTOOL_OIDC_CLIENT_SECRET": "hidden"}
	}
	for _, tt := range []struct {
		name, given    string
		env            map[string]string
		origin, reason string
	}{
		{"given", good, map[string]string{"SIGSTORE_ID_TOKEN": old}, "what was given", ""},
		{"file", file, nil, file, ""},
		{"GitLab", "", map[string]string{"SIGSTORE_ID_TOKEN": good}, "SIGSTORE_ID_TOKEN", ""},
		{"Actions", "", actions(server.URL+"/actions?a=1", "bearer"), "GitHub Actions", ""},
		{"provider", "", provider(server.URL, "id"), "the provider " + server.URL, ""},

		{"nothing", "", nil, "", "no identity token: expected one given"},
		{"no such file", "secret.token", nil, "", "neither one nor a file with one: no such file"},
		{"file with something else", os.DevNull, nil, "", "identity token from /dev/null is empty"},
		{"zeros without end", "/dev/zero", nil, "", "identity token from /dev/zero is too large"},
		{"expired", old, nil, "", "identity token from what was given expired at 20"},
		{"not a token", "", map[string]string{"SIGSTORE_ID_TOKEN": "a.b.c"}, "", "identity token from SIGSTORE_ID_TOKEN is not a JSON web token"},
		{"job without permission", "", map[string]string{"GITHUB_ACTIONS": "true"}, "", "id-token: write"},
		{"wrong bearer", "", actions(server.URL+"/actions?a=1", "hidden"), "", "identity token from GitHub Actions: it answers 403 Forbidden: no"},
		{"no value", "", actions(server.URL+"/silent", "bearer"), "", "its answer has no token"},
		{"Actions in the open", "", actions("http://actions.example", "bearer"), "", "is not https"},
		{"no client", "", provider(server.URL, ""), "", "PLUGTOOL_OIDC_CLIENT_SECRET have to be set"},
		{"no provider", "", provider(server.URL+"/else", "id"), "", "403 Forbidden"},
		{"provider in the open", "", provider("http://provider.example", "id"), "", "is not https"},
		{"provider that grants in the open", "", provider(server.URL+"/insecure", "id"), "", "its token endpoint http://provider.example/grant is not https"},
	} {
		got, origin, err := keyless.Token(t.Context(), tt.given, environment(tt.env))
		if tt.reason == "" {
			if err != nil || got != good || origin != tt.origin {
				t.Errorf("%s: %q, %q, %v", tt.name, got, origin, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.reason) || got != "" {
			t.Errorf("%s: %q, %v, expected %q", tt.name, got, err, tt.reason)
			continue
		}
		for _, secret := range []string{old, "secret.token", "hidden", "\x1b"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: tells a secret: %v", tt.name, err)
			}
		}
	}
}
