package builder

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
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

func TestPlace(t *testing.T) {
	built := filepath.Join(t.TempDir(), "built")
	write(t, built, "new")
	dir := t.TempDir()
	output := filepath.Join(dir, "p.so")
	write(t, output, "old")
	write(t, filepath.Join(dir, ".p.so.plugtool-123"), "what a killed build left")
	write(t, filepath.Join(dir, ".other.so.plugtool-123"), "another output's")
	if err := place(built, output, []byte("sidecar")); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, dir), ".other.so.plugtool-123 p.so p.so.sigstore.json"; got != want {
		t.Errorf("files %s, want %s", got, want)
	}
	for file, want := range map[string]string{output: "new", output + sidecarExtension: "sidecar"} {
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v, want %q", file, got, err, want)
		}
	}
	fi, err := os.Stat(output)
	if err != nil || fi.Mode().Perm() != 0o755 {
		t.Errorf("mode %v, %v, want that of the built file", fi.Mode(), err)
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
				if err := place(name, output, fmt.Append(nil, i)); err != nil {
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

// A sidecar that cannot be written leaves the older plugin with its own.
func TestPlaceFails(t *testing.T) {
	built := filepath.Join(t.TempDir(), "built")
	write(t, built, "new")
	dir := t.TempDir()
	output := filepath.Join(dir, "p.so")
	write(t, output, "old")
	if err := os.Mkdir(output+".next"+sidecarExtension, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := place(built, output, []byte("sidecar")); err == nil {
		t.Error("no error")
	}
	if got, err := os.ReadFile(output); err != nil || string(got) != "old" {
		t.Errorf("output is %q, %v", got, err)
	}
	if got, want := names(t, dir), "p.so p.so.next.sigstore.json"; got != want {
		t.Errorf("files %s, want %s", got, want)
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
