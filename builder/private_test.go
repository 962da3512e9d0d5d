package builder_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// Modules of a proxy that asks for a password are fetched with it, those that the host
// pins and the plugin's go.sum does not name too, and no public checksum database hears
// of them; from then on the module cache suffices.
func TestPrivateModules(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.small("")
	files := http.FileServer(http.Dir(shared.proxy))
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "secret" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	b.write(filepath.Join(b.dir, "cert.pem"), string(cert))
	b.write(filepath.Join(b.dir, "home", ".netrc"), "machine "+server.Listener.Addr().String()+" login me password secret\n")
	if err := os.Chmod(filepath.Join(b.dir, "home", ".netrc"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(b.dir, nil, "rm", "-r", b.plugin)
	b.copy(filepath.Join(testBuild, "plugin"), b.plugin)
	b.sums(b.plugin)
	b.set("GOPROXY="+server.URL, "GONOSUMDB=example.com", "GOSUMDB=sum.golang.org", "SSL_CERT_FILE="+filepath.Join(b.dir, "cert.pem"), "GOMODCACHE="+filepath.Join(b.dir, "mod"))
	for _, step := range []string{"with the proxy", "without it"} {
		res, err := b.build(b.options())
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		if got, want := b.load(res.Output), "loads: "+usual; got != want {
			t.Errorf("%s: the host says %q, want %q", step, got, want)
		}
		b.set("GOPROXY=off")
		if err := os.Remove(res.Output); err != nil {
			t.Fatal(err)
		}
	}
	b.noneLeft()
}
