//go:build linux

package templates_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/templates"
)

// scaffold renders and writes a project, and holds that it builds, passes its
// own tests, and is formatted and tidy, with no network and as it is.
func scaffold(t *testing.T, dir string, kind templates.Kind, data templates.Data) {
	t.Helper()
	files, err := templates.Render(kind, data)
	if err != nil {
		t.Fatal(err)
	}
	if err := templates.Write(dir, files); err != nil {
		t.Fatal(err)
	}
	if out := command(t, dir, "gofmt", "-l", "."); out != "" {
		t.Errorf("%s: not formatted: %s", dir, out)
	}
	command(t, dir, "go", "vet", "./...")
	command(t, dir, "go", "test", "./...")
	if _, ok := files["go.work"]; !ok {
		command(t, dir, "go", "mod", "tidy", "-diff")
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil || !bytes.Equal(mod, files["go.mod"]) {
		t.Errorf("%s: building changed go.mod (%v):\n%s", dir, err, mod)
	}
}

// command runs a command offline and gives its standard output.
func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	return commandEnv(t, dir, nil, name, args...)
}

func commandEnv(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=", "GOTOOLCHAIN=local")
	cmd.Env = append(cmd.Env, env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("in %s: %s: %v\n%s%s", dir, cmd, err, out, &stderr)
	}
	return string(out)
}

func hostData() templates.Data {
	return templates.Data{Module: "example.com/shop", GoVersion: runtime.Version()}
}

// newHost writes and builds a host, whose scaffold another test looks at.
func newHost(t *testing.T, dir string, flags ...string) {
	t.Helper()
	files, err := templates.Render(templates.KindHost, hostData())
	if err != nil {
		t.Fatal(err)
	}
	if err := templates.Write(dir, files); err != nil {
		t.Fatal(err)
	}
	buildHost(t, dir, flags...)
}

func buildHost(t *testing.T, dir string, flags ...string) {
	t.Helper()
	command(t, dir, "go", slices.Concat([]string{"build", "-o", "shop"}, flags, []string{"."})...)
}

// dataFor is what plugtool new --host makes of a host.
func dataFor(t *testing.T, hostDir, modulePath string, folders ...string) templates.Data {
	t.Helper()
	file := filepath.Join(hostDir, "shop")
	host, err := inspector.OpenHost(file)
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	descriptor, err := host.Descriptor()
	if err != nil {
		t.Fatal(err)
	}
	sources, err := host.Sources()
	if err != nil {
		t.Fatal(err)
	}
	contract, err := templates.FindContract(host.Binary(), sources, append(folders, hostDir)...)
	if err != nil {
		t.Fatal(err)
	}
	if contract == nil {
		t.Fatal("no contract found in a scaffolded host")
	}
	return templates.Data{Module: modulePath, Host: host.Binary(), Descriptor: descriptor, Contract: contract}
}

// newPlugin scaffolds a plugin, builds it with the command that its README
// gives, and puts it into the host's folder.
func newPlugin(t *testing.T, hostDir, dir string, kind templates.Kind) {
	t.Helper()
	name := filepath.Base(dir)
	scaffold(t, dir, kind, dataFor(t, hostDir, "example.com/"+name))
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, line, ok := strings.Cut(string(readme), "\nGOTOOLCHAIN=")
	line, _, _ = strings.Cut(line, "\n")
	if !ok {
		t.Fatalf("README.md gives no build command:\n%s", readme)
	}
	command(t, dir, "sh", "-c", "GOTOOLCHAIN="+line)
	copyFile(t, filepath.Join(dir, name+".so"), filepath.Join(hostDir, "plugins", name+".so"))
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestHostAndPlugins is the whole way: a host, a plugin of each kind, all of
// them called, signed, and again after a new release of the host.
func TestHostAndPlugins(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	host := filepath.Join(top, "shop")
	scaffold(t, host, templates.KindHost, hostData())
	buildHost(t, host, "-trimpath")
	for _, kind := range []templates.Kind{templates.KindInterface, templates.KindFunc, templates.KindContext} {
		newPlugin(t, host, filepath.Join(top, string(kind)), kind)
	}
	const want = "Hello, you!\nplugins/func.so: Hello, you!\nplugins/interface.so: Hello, you!\n"
	call := func(args ...string) {
		t.Helper()
		if got := command(t, host, "./shop", append(args, "-name", "you")...); got != want {
			t.Errorf("the host says %q, want %q", got, want)
		}
	}
	call("-allow-unsigned")

	pub, sign := newKey(t)
	if err := os.WriteFile(filepath.Join(host, "plugtool.pub"), pub, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"interface", "func"} {
		sign(filepath.Join(host, "plugins", name+".so"))
	}
	cmd := exec.Command("./shop", "-name", "you")
	cmd.Dir = host
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "context.so: signature missing: ") || !strings.Contains(string(out), "plugins/func.so: Hello, you!") {
		t.Errorf("with one plugin unsigned: %v\n%s", err, out)
	}
	sign(filepath.Join(host, "plugins", "context.so"))
	call()

	// A new release of the host, in another folder.
	moved := filepath.Join(top, "release", "shop")
	if err := os.Mkdir(filepath.Dir(moved), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(host, moved); err != nil {
		t.Fatal(err)
	}
	host = moved
	const more = "package main\n\n// Release is new.\nfunc Release() string { return \"v2\" }\n"
	if err := os.WriteFile(filepath.Join(host, "release.go"), []byte(more), 0o644); err != nil {
		t.Fatal(err)
	}
	buildHost(t, host, "-trimpath")
	call()
}

// TestUntrimmedHost and TestWorkspaceHost are the hosts in which the compiler
// recorded other paths of the contract.
func TestUntrimmedHost(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	host := filepath.Join(top, "shop")
	newHost(t, host)
	newPlugin(t, host, filepath.Join(top, "untrimmed"), templates.KindInterface)
	if got := command(t, host, "./shop", "-allow-unsigned"); got != "plugins/untrimmed.so: Hello, world!\n" {
		t.Errorf("the host says %q", got)
	}
}

func TestWorkspaceHost(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	host := filepath.Join(top, "shop")
	newHost(t, host, "-trimpath")
	command(t, host, "go", "work", "init", ".", "./contract")
	buildHost(t, host, "-trimpath")
	newPlugin(t, host, filepath.Join(top, "workspace"), templates.KindInterface)
	if got := command(t, host, "./shop", "-allow-unsigned"); got != "plugins/workspace.so: Hello, world!\n" {
		t.Errorf("the host says %q", got)
	}
}

// TestOtherContract is a host whose author wrote a contract of another shape.
func TestOtherContract(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	host := filepath.Join(top, "shop")
	newHost(t, host, "-trimpath")
	const contract = `package contract

import "context"

// An Order is what is bought.
type Order struct{ ID int }

// Greeter is more than it was.
type Greeter interface {
	Greet(name string) string
	Buy(ctx context.Context, order *Order) ([]Order, error)
}
`
	if err := os.WriteFile(filepath.Join(host, "contract", "contract.go"), []byte(contract), 0o644); err != nil {
		t.Fatal(err)
	}
	buildHost(t, host, "-trimpath")
	newPlugin(t, host, filepath.Join(top, "stub"), templates.KindInterface)
	if got := command(t, host, "./shop", "-allow-unsigned"); got != "plugins/stub.so: \n" {
		t.Errorf("the host says %q", got)
	}
}

// newKey gives a public key and what signs with it.
func newKey(t *testing.T) (pem []byte, sign func(plugin string)) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := bundle.NewPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return public.PEM(), func(plugin string) {
		t.Helper()
		data, err := os.ReadFile(plugin)
		if err != nil {
			t.Fatal(err)
		}
		digest := sha256.Sum256(data)
		signature, err := ecdsa.SignASN1(rand.Reader, private, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		sidecar, err := bundle.MarshalMessage(public, bundle.NewDigests(data), signature)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(bundle.Path(plugin), sidecar, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
