package builder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

// signature gives the sidecars of a plugin with a signature, or none.
func signature(data []byte) []Sidecar {
	if data == nil {
		return nil
	}
	return []Sidecar{{sidecarExtension, data}}
}

// put places a built plugin.
func put(t *testing.T, built, output string, sidecar []byte, documents ...document) error {
	t.Helper()
	p := placement{built: built, output: output, sidecars: signature(sidecar), documents: documents}
	return p.place(t.Context())
}

func TestPlace(t *testing.T) {
	built := filepath.Join(t.TempDir(), "built")
	write(t, built, "new")
	dir := t.TempDir()
	output := filepath.Join(dir, "p.so")
	write(t, output, "old")
	write(t, filepath.Join(dir, ".p.so.plugtool-123"), "what a killed build left")
	write(t, filepath.Join(dir, ".other.so.plugtool-123"), "what another output's left")
	write(t, filepath.Join(dir, ".plugtool-notes"), "the user's own")
	link := filepath.Join(dir, "statement.json")
	if err := os.Symlink(filepath.Join(dir, "real.json"), link); err != nil {
		t.Fatal(err)
	}
	write(t, link, "old")
	if err := put(t, built, output, []byte("sidecar"), document{link, []byte("how")}, document{filepath.Join(dir, "bom.json"), []byte("what")}); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, dir), ".plugtool-notes bom.json p.so p.so.sigstore.json real.json statement.json"; got != want {
		t.Errorf("files %s, want %s", got, want)
	}
	for file, want := range map[string]string{
		output: "new", output + sidecarExtension: "sidecar", filepath.Join(dir, "real.json"): "how", filepath.Join(dir, "bom.json"): "what",
	} {
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v, want %q", file, got, err, want)
		}
	}
	for file, want := range map[string]fs.FileMode{output: 0o755, output + sidecarExtension: 0o644, link: 0o644} {
		if fi, err := os.Stat(file); err != nil || fi.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v, want %v", file, fi.Mode(), err, want)
		}
	}
}

// What is at the output's place, as far as a build may replace it.
func TestPlaceOver(t *testing.T) {
	for name, c := range map[string]struct {
		make func(t *testing.T, dir, output string)
		kept string // what the other file beside it holds afterwards
	}{
		"a symbolic link": {func(t *testing.T, dir, output string) {
			write(t, filepath.Join(dir, "real"), "kept")
			if err := os.Symlink("real", output); err != nil {
				t.Fatal(err)
			}
		}, "kept"},
		"a hard link": {func(t *testing.T, dir, output string) {
			write(t, filepath.Join(dir, "real"), "kept")
			if err := os.Link(filepath.Join(dir, "real"), output); err != nil {
				t.Fatal(err)
			}
		}, "kept"},
		"a file that may not be written": {func(t *testing.T, dir, output string) {
			write(t, filepath.Join(dir, "real"), "kept")
			write(t, output, "old")
			if err := os.Chmod(output, 0o444); err != nil {
				t.Fatal(err)
			}
		}, "kept"},
		"a program that runs": {func(t *testing.T, dir, output string) {
			sleep, err := exec.LookPath("sleep")
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(sleep)
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "real"), "kept")
			write(t, output, string(data))
			cmd := exec.Command(output, "60")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		}, "kept"},
	} {
		t.Run(name, func(t *testing.T) {
			built := filepath.Join(t.TempDir(), "built")
			write(t, built, "new")
			dir := t.TempDir()
			output := filepath.Join(dir, "p.so")
			c.make(t, dir, output)
			if err := put(t, built, output, []byte("sidecar")); err != nil {
				t.Fatal(err)
			}
			for file, want := range map[string]string{output: "new", output + sidecarExtension: "sidecar", filepath.Join(dir, "real"): c.kept} {
				if got, err := os.ReadFile(file); err != nil || string(got) != want {
					t.Errorf("%s is %.20q, %v, want %q", file, got, err, want)
				}
			}
		})
	}
}

// Builds that race for one output leave one's plugin with its own sidecar.
func TestPlaceRace(t *testing.T) {
	dir, built := t.TempDir(), t.TempDir()
	output := filepath.Join(dir, "p.so")
	var wg sync.WaitGroup
	for i := range 8 {
		name := filepath.Join(built, fmt.Sprint(i))
		write(t, name, fmt.Sprint(i))
		wg.Go(func() {
			for range 20 {
				if err := put(t, name, output, fmt.Append(nil, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	plugin, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	sidecar, err := os.ReadFile(output + sidecarExtension)
	if err != nil || string(sidecar) != string(plugin) {
		t.Errorf("plugin of build %s has the sidecar of build %s (%v)", plugin, sidecar, err)
	}
	if got, want := names(t, dir), "p.so p.so.sigstore.json"; got != want {
		t.Errorf("files %s, want %s", got, want)
	}
}

// What cannot be put in place leaves all as it was.
func TestPlaceFails(t *testing.T) {
	for name, c := range map[string]struct {
		folder string // in the way
		want   string // what is there afterwards
	}{
		"document": {"doc.json", "doc.json p.so p.so.sigstore.json"},
		"output":   {"p.so", "p.so p.so.sigstore.json"},
	} {
		t.Run(name, func(t *testing.T) {
			built := filepath.Join(t.TempDir(), "built")
			write(t, built, "new")
			dir := t.TempDir()
			output := filepath.Join(dir, "p.so")
			write(t, output, "old")
			write(t, output+sidecarExtension, "old sidecar")
			if err := os.RemoveAll(filepath.Join(dir, c.folder)); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(dir, c.folder, "sub"), 0o755); err != nil {
				t.Fatal(err)
			}
			var documents []document
			if c.folder != "p.so" {
				documents = append(documents, document{filepath.Join(dir, c.folder), nil})
			}
			if err := put(t, built, output, []byte("sidecar"), documents...); err == nil {
				t.Error("no error")
			}
			if err := checkOutput(t.Context(), []string{output, filepath.Join(dir, "doc.json")}); err == nil {
				t.Error("checkOutput found no fault")
			}
			if got, err := os.ReadFile(output + sidecarExtension); err != nil || string(got) != "old sidecar" {
				t.Errorf("sidecar is %q, %v", got, err)
			}
			if got, err := os.ReadFile(output); c.folder != "p.so" && (err != nil || string(got) != "old") {
				t.Errorf("output is %q, %v", got, err)
			}
			if got := names(t, dir); got != c.want {
				t.Errorf("files %s, want %s", got, c.want)
			}
		})
	}
}

// A build that was killed after it put the plugin in place leaves the sidecar that fits
// under another name. The next build keeps it until the plugin is replaced, and then
// removes it, whether it signs or not.
func TestPlaceAfterKill(t *testing.T) {
	for _, sidecar := range [][]byte{[]byte("new sidecar"), nil} {
		built := filepath.Join(t.TempDir(), "built")
		write(t, built, "new")
		dir := t.TempDir()
		output := filepath.Join(dir, "p.so")
		write(t, output, "old")
		write(t, output+sidecarExtension, "older sidecar")
		next := output + ".next" + sidecarExtension
		write(t, next, "old sidecar")
		write(t, output+".next123.loads"+attestationExtension, "old attestation")
		write(t, output+".next.0123456789abcdef"+sidecarExtension, "another signer's")
		write(t, output+".next7.loads.0123456789abcdef"+attestationExtension, "another signer's attestation")
		other := output + ".nextgen.so" + sidecarExtension
		write(t, other, "of another plugin")
		write(t, output+".next.so"+sidecarExtension, "of another plugin")

		w := &waiting{}
		p := placement{built: built, output: output, sidecars: signature(sidecar)}
		if err := p.prepare(w); err != nil {
			t.Fatal(err)
		}
		w.plugin = filepath.Join(dir, "gone") // the plugin's rename fails
		if err := p.commit(w); err == nil {
			t.Error("no error")
		}
		if got, err := os.ReadFile(next); err != nil || string(got) != "old sidecar" {
			t.Errorf("the sidecar that fits is %q, %v", got, err)
		}
		if err := p.place(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := names(t, dir), "p.so p.so.next.so.sigstore.json p.so.nextgen.so.sigstore.json p.so.sigstore.json"; got != want {
			t.Errorf("files %s, want %s", got, want)
		}
	}
}

// A folder that another program keeps locked is told, not waited for without end.
func TestPlaceLocked(t *testing.T) {
	dir := t.TempDir()
	lock := flock.New(dir, flock.SetFlag(os.O_RDONLY))
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := checkOutput(ctx, []string{filepath.Join(dir, "p.so")}); !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(fmt.Sprint(err), "is locked by another program") {
		t.Errorf("error %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOutputFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "out"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ output, path, want string }{
		{"", "example.com/hello", "hello.so"},
		{"", "example.com/hello/v2", "hello.so"},
		{"", "example.com/v2", "example.com.so"},
		{"", "hello", "hello.so"},
		{"", "example.com/hello/v1", "v1.so"},
		{"x.so", "example.com/hello", "x.so"},
		{"out", "example.com/hello", "out/hello.so"},
		{"new/", "example.com/hello", "new/hello.so"},
	} {
		got, err := outputFile(Options{Dir: dir, Output: c.output}, c.path)
		if want := filepath.Join(dir, c.want); err != nil || got != want {
			t.Errorf("output %q of %s is %s, %v, want %s", c.output, c.path, got, err, want)
		}
	}
	if _, err := outputFile(Options{Dir: dir, Output: os.DevNull}, "x"); err == nil {
		t.Error("a device was taken for an output file")
	}
}

func TestSweep(t *testing.T) {
	base := t.TempDir()
	held, err := newWorkDir(base)
	if err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(base, workPrefix+"dead")
	if err := os.MkdirAll(filepath.Join(dead, "plan1"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dead, lockName), "")
	next, err := newWorkDir(base)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("a dead run's folder is there: %v", err)
	}
	if _, err := os.Stat(held.path); err != nil {
		t.Errorf("a live run's folder is gone: %v", err)
	}
	for _, w := range []*workDir{held, next} {
		if err := w.remove(); err != nil {
			t.Error(err)
		}
	}
	if got := names(t, base); got != "" {
		t.Errorf("left: %s", got)
	}
}

// Runs that start at the same time do not take each other's new folders for
// dead ones.
func TestSweepRace(t *testing.T) {
	base := t.TempDir()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				w, err := newWorkDir(base)
				if err != nil {
					t.Error(err)
					return
				}
				if err := os.WriteFile(filepath.Join(w.path, "x"), nil, 0o644); err != nil {
					t.Errorf("a folder in use is gone: %v", err)
				}
				if err := w.remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	err := filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if path != base {
			t.Errorf("left: %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
