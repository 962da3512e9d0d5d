package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/plugtool/plugtool/signer/bundle"
)

// An attack is what somebody does who wants a plugin taken for one that was signed. The
// plugin and its signature are good before it. docs/security.md lists the attacks.
type attack struct {
	name   string
	do     func(*arena)
	args   []string      // in place of the key and the plugin; names are of the arena's files
	code   int           // the exit code wanted: exitUntrusted where 0
	status bundle.Status // of the plugin that was attacked; "" where there is no report
}

// An arena is the folder in which an attack takes place.
type arena struct {
	t   *testing.T
	dir string
}

// TestAttacks runs every attack on a folder of its own, through the real command.
func TestAttacks(t *testing.T) {
	attacks := append(fileAttacks(), bundleAttacks()...)
	attacks = append(attacks, signatureAttacks()...)
	attacks = append(append(attacks, placeAttacks()...), policyAttacks()...)
	attacks = append(append(attacks, builderAttacks()...), hostAttacks()...)
	seen := map[string]bool{}
	for _, a := range attacks {
		if seen[a.name] {
			t.Errorf("two attacks are called %q", a.name)
		}
		seen[a.name] = true
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			a.run(t)
		})
	}
}

func (a attack) run(t *testing.T) {
	w := newArena(t)
	if code, _, text := w.verify("--key", "good.pub", "p.so"); code != exitOK {
		t.Fatalf("before the attack: exit code %d\n%s", code, text)
	}
	a.do(w)
	args := a.args
	if args == nil {
		args = []string{"--key", "good.pub", "p.so"}
	}
	want := a.code
	if want == 0 {
		want = exitUntrusted
	}
	code, status, text := w.verify(args...)
	if code != want || status != string(a.status) {
		t.Errorf("exit code %d, status %q; want %d and %q\n%s", code, status, want, a.status, text)
	}
}

// attackable is a real plugin, built once.
var attackable = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "plugtool-attacks-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "p.so")
	if err := recipes()["plugin.so"].make(file); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// pairs are keys that attacks use, made once: making RSA keys takes long.
var pairs = sync.OnceValues(func() (map[string]crypto.Signer, error) {
	made := map[string]crypto.Signer{}
	var err error
	ec := func(name string, curve elliptic.Curve) {
		if err == nil {
			made[name], err = ecdsa.GenerateKey(curve, rand.Reader)
		}
	}
	ec("good", elliptic.P256())
	ec("second", elliptic.P256())
	ec("stranger", elliptic.P256())
	ec("p384", elliptic.P384())
	if err == nil {
		made["rsa"], err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err == nil {
		_, made["ed25519"], err = ed25519.GenerateKey(rand.Reader)
	}
	return made, err
})

func newArena(t *testing.T) *arena {
	t.Helper()
	data, err := attackable()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := pairs()
	if err != nil {
		t.Fatal(err)
	}
	w := &arena{t, t.TempDir()}
	for name, key := range keys {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		w.write(name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		w.write(name+".pub", w.public(name).PEM())
	}
	w.write("p.so", data)
	w.sign("good", "p.so", "p.so.sigstore.json")
	return w
}

func (w *arena) path(name string) string { return filepath.Join(w.dir, name) }

func (w *arena) write(name string, data []byte) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), data, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *arena) read(name string) []byte {
	w.t.Helper()
	data, err := os.ReadFile(w.path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

func (w *arena) key(name string) crypto.Signer {
	w.t.Helper()
	keys, err := pairs()
	if err != nil {
		w.t.Fatal(err)
	}
	return keys[name]
}

func (w *arena) public(name string) *bundle.PublicKey {
	w.t.Helper()
	k, err := bundle.NewPublicKey(w.key(name).Public())
	if err != nil {
		w.t.Fatal(err)
	}
	return k
}

// plugtool runs the command in this process. Arguments that name files of the arena
// stand for those.
func (w *arena) plugtool(args ...string) (code int, stdout, stderr string) {
	w.t.Helper()
	full := []string{"plugtool"}
	for _, arg := range args {
		if _, err := os.Lstat(w.path(arg)); !filepath.IsAbs(arg) && (err == nil || strings.Contains(arg, ".so") || strings.HasSuffix(arg, ".pub")) {
			arg = w.path(arg)
		}
		full = append(full, arg)
	}
	var out, err bytes.Buffer
	code = run(context.Background(), full, []string{"PLUGTOOL_PASSWORD="}, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

// verify gives the exit code, the status of the last plugin's signature, and all that
// was printed.
func (w *arena) verify(args ...string) (int, string, string) {
	w.t.Helper()
	code, out, text := w.plugtool(append([]string{"verify", "--format", "json"}, args...)...)
	var doc struct {
		Results []struct {
			Plugins []struct {
				Signature struct{ Status string }
			}
		}
	}
	status := ""
	if json.Unmarshal([]byte(out), &doc) == nil && len(doc.Results) > 0 {
		if plugins := doc.Results[0].Plugins; len(plugins) > 0 {
			status = plugins[len(plugins)-1].Signature.Status
		}
	}
	return code, status, out + text
}

// sign has the command sign a file of the arena.
func (w *arena) sign(key, plugin, sidecar string) {
	w.t.Helper()
	if code, _, text := w.plugtool("sign", "--key", key+".key", "--bundle", sidecar, plugin); code != exitOK {
		w.t.Fatalf("sign: exit code %d\n%s", code, text)
	}
}

// edit changes the good sidecar's text.
func edit(old, new string) func(*arena) {
	return func(w *arena) {
		w.t.Helper()
		data := w.read("p.so.sigstore.json")
		if !bytes.Contains(data, []byte(old)) {
			w.t.Fatalf("no %s in %s", old, data)
		}
		w.write("p.so.sigstore.json", bytes.Replace(data, []byte(old), []byte(new), 1))
	}
}

// sidecar writes another sidecar in the good one's place.
func sidecar(make func(w *arena) []byte) func(*arena) {
	return func(w *arena) { w.write("p.so.sigstore.json", make(w)) }
}

// withSignature gives the good sidecar with another signature.
func withSignature(make func(w *arena, good []byte) []byte) func(*arena) {
	return func(w *arena) {
		b, err := bundle.Parse(w.read("p.so.sigstore.json"))
		if err != nil {
			w.t.Fatal(err)
		}
		old := base64.StdEncoding.EncodeToString(b.Message.Signature)
		edit(old, base64.StdEncoding.EncodeToString(make(w, b.Message.Signature)))(w)
	}
}

// raw gives a key's signature over a digest of data.
func (w *arena) raw(key string, h crypto.Hash, data []byte) []byte {
	w.t.Helper()
	made := h.New()
	made.Write(data)
	signature, err := w.key(key).Sign(rand.Reader, made.Sum(nil), h)
	if err != nil {
		w.t.Fatal(err)
	}
	return signature
}

// forged gives a bundle for the plugin with any signature, and the hint of any key.
func (w *arena) forged(hint string, h crypto.Hash, signature []byte) []byte {
	w.t.Helper()
	name := map[crypto.Hash]string{crypto.SHA256: "SHA2_256", crypto.SHA384: "SHA2_384", crypto.SHA512: "SHA2_512"}[h]
	made := h.New()
	made.Write(w.read("p.so"))
	b64 := base64.StdEncoding.EncodeToString
	return []byte(`{"mediaType":"` + bundle.MediaType + `","verificationMaterial":{"publicKey":{"hint":"` + hint + `"}},` +
		`"messageSignature":{"messageDigest":{"algorithm":"` + name + `","digest":"` + b64(made.Sum(nil)) + `"},"signature":"` + b64(signature) + `"}}`)
}

// macWithPublicKey is what a verifier would take that lets the bundle choose a symmetric
// algorithm.
func macWithPublicKey(w *arena, _ []byte) []byte {
	mac := hmac.New(sha256.New, w.read("good.pub"))
	mac.Write(w.read("p.so"))
	return mac.Sum(nil)
}
