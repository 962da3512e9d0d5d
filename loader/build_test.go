//go:build linux

package loader_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/plugtool/plugtool/loader"
	"github.com/plugtool/plugtool/signer/bundle"
)

// built is the folder with the host and the plugins that all tests share.
var built string

func TestMain(m *testing.M) {
	code := 1
	var err error
	if built, err = os.MkdirTemp("", "loader-test-"); err == nil {
		if err = buildAll(built); err == nil {
			code = m.Run()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building what the tests load:", err)
	}
	os.RemoveAll(built)
	os.Exit(code)
}

// buildAll builds what the tests load, two at a time.
func buildAll(dir string) error {
	plugin := []string{"build", "-buildmode=plugin"}
	const c = "int answer(void) { return 42; }\n"
	if err := os.WriteFile(filepath.Join(dir, "c.c"), []byte(c), 0o600); err != nil {
		return err
	}
	commands := [][]string{
		{"go", "build", "-o", dir + "/host", "./testdata/host"},
		append([]string{"go"}, append(plugin, "-o", dir+"/shapes.so", "./testdata/shapes")...),
		append([]string{"go"}, append(plugin, "-o", dir+"/twin.so", "-ldflags=-s -w -X=main.variant=good", "./testdata/twin")...),
		append([]string{"go"}, append(plugin, "-o", dir+"/twin-evil.so", "-ldflags=-s -w -X=main.variant=evil", "./testdata/twin")...),
		append([]string{"go"}, append(plugin, "-o", dir+"/hostile.so", "-ldflags=-s -w", "./testdata/hostile")...),
		append([]string{"go"}, append(plugin, "-o", dir+"/mismatch.so", "-trimpath", "./testdata/shapes")...),
		append([]string{"go"}, append(plugin, "-o", dir+"/panics.so", "./testdata/panics")...),
		append([]string{"go"}, append(plugin, "-o", dir+"/exits.so", "./testdata/exits")...),
		append([]string{"go"}, append(plugin, "-o", dir+"/undefined.so", "./testdata/undefined")...),
		{"cc", "-shared", "-fPIC", "-o", dir + "/c.so", dir + "/c.c"},
	}
	errs := make([]error, len(commands))
	slots := make(chan struct{}, 2)
	var wg sync.WaitGroup
	for i, command := range commands {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
				errs[i] = fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, out)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// A line is what the test host prints of one step.
type line struct {
	Step, Error, Status, Value string
	Class                      loader.Class
	Files, Stages              []string
	Counts                     map[string]int
}

// run has the test host carry out steps in one process. It gives a line for
// each, and the plugins whose init ran, in order.
func run(t *testing.T, args ...string) (lines []line, inits []string) {
	t.Helper()
	marker, tmp := filepath.Join(t.TempDir(), "marker"), t.TempDir()
	cmd := exec.Command(filepath.Join(built, "host"), args...)
	cmd.Env = append(os.Environ(), "LOADER_TEST_MARKER="+marker, "TMPDIR="+tmp)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("host %s: %v\n%s%s", strings.Join(args, " "), err, out, &stderr)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for decoder.More() {
		var l line
		if err := decoder.Decode(&l); err != nil {
			t.Fatalf("host's output: %v\n%s", err, out)
		}
		lines = append(lines, l)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("the host left %v in its temporary folder (%v)", left, err)
	}
	text, err := os.ReadFile(marker)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return lines, strings.Fields(string(text))
}

// put copies a built file to dir under another name.
func put(t *testing.T, file, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(built, file))
	if err != nil {
		t.Fatal(err)
	}
	return write(t, dir, name, data)
}

func write(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// A signer signs for tests.
type signer struct {
	private *ecdsa.PrivateKey
	public  *bundle.PublicKey
	file    string // the public key's
}

func newSigner(t *testing.T) signer {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := bundle.NewPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return signer{private, public, write(t, t.TempDir(), "plugtool.pub", public.PEM())}
}

// sign puts a sidecar beside a plugin.
func (s signer) sign(t *testing.T, plugin string) {
	t.Helper()
	data, err := os.ReadFile(plugin)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(data)
	signature, err := ecdsa.SignASN1(rand.Reader, s.private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	sidecar, err := bundle.MarshalMessage(s.public, bundle.NewDigests(data), signature)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Dir(plugin), filepath.Base(bundle.Path(plugin)), sidecar)
}

// counts reads the race step's value.
func counts(t *testing.T, value string) map[string]int {
	t.Helper()
	var c map[string]int
	if err := json.Unmarshal([]byte(value), &c); err != nil {
		t.Fatalf("%q: %v", value, err)
	}
	return maps.Clone(c)
}

func number(n int) string { return strconv.Itoa(n) }
