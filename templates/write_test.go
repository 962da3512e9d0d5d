package templates

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// tree lists the files below a folder.
func treeOf(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

var someFiles = map[string][]byte{"go.mod": []byte("module m\n"), "a/b/c.go": []byte("package c\n"), ".gitignore": []byte("*.so\n")}

func TestWrite(t *testing.T) {
	parent := t.TempDir()
	empty := filepath.Join(parent, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Join(parent, "new"), filepath.Join(parent, "x", "y", "new"), empty} {
		if err := Write(dir, someFiles); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		if got := strings.Join(treeOf(t, dir), " "); got != ".gitignore a/b/c.go go.mod" {
			t.Errorf("%s has %s", dir, got)
		}
		for name, want := range map[string]fs.FileMode{"a": 0o755, "a/b/c.go": 0o644} {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil || info.Mode().Perm()&^want != 0 {
				t.Errorf("%s: %v (%v), want at most %v", name, info.Mode(), err, want)
			}
		}
	}
	if info, err := os.Stat(empty); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("a folder that was there has mode %v now (%v)", info.Mode(), err)
	}
	if got := len(treeOf(t, parent)); got != 9 {
		t.Errorf("%d files in all: %v", got, treeOf(t, parent))
	}
}

func TestWriteIntoCurrentFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := Write(".", someFiles); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("go.mod"); err != nil {
		t.Errorf("the current folder is another now: %v", err)
	}
}

func TestWriteRefused(t *testing.T) {
	for _, test := range []struct {
		name, text string
		prepare    func(t *testing.T, dir string)
		files      map[string][]byte
	}{
		{"not empty", "not empty (it has old)", func(t *testing.T, dir string) { writeFile(t, filepath.Join(dir, "old")) }, someFiles},
		{"a file", "not a directory", func(t *testing.T, dir string) {
			if err := os.Remove(dir); err != nil {
				t.Fatal(err)
			}
			writeFile(t, dir)
		}, someFiles},
		{"leaves the folder", "no path in it", func(*testing.T, string) {}, map[string][]byte{"../x": nil}},
		{"absolute", "no path in it", func(*testing.T, string) {}, map[string][]byte{"/x": nil}},
		{"file and folder", "directory", func(*testing.T, string) {}, map[string][]byte{"x": nil, "x/y": nil, "a": nil}},
		{"file and folder, new", "directory", func(t *testing.T, dir string) {
			if err := os.Remove(dir); err != nil {
				t.Fatal(err)
			}
		}, map[string][]byte{"x": nil, "x/y": nil, "a": nil}},
	} {
		t.Run(test.name, func(t *testing.T) {
			parent := t.TempDir()
			dir := filepath.Join(parent, "dir")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			test.prepare(t, dir)
			before := strings.Join(treeOf(t, parent), " ")
			if err := Write(dir, test.files); err == nil || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %v, want %q", err, test.text)
			}
			if after := strings.Join(treeOf(t, parent), " "); after != before {
				t.Errorf("there was %q and is %q", before, after)
			}
			if entries, err := os.ReadDir(parent); err != nil || len(entries) > 1 {
				t.Errorf("left behind: %v (%v)", entries, err)
			}
		})
	}
}

// TestWriteAtOnce has several writers want the same new folder.
func TestWriteAtOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = Write(dir, someFiles) })
	}
	wg.Wait()
	written := 0
	for _, err := range errs {
		if err == nil {
			written++
		}
	}
	if got := strings.Join(treeOf(t, filepath.Dir(dir)), " "); written != 1 || got != "new/.gitignore new/a/b/c.go new/go.mod" {
		t.Errorf("%d writers say they wrote; files %s", written, got)
	}
}

func writeFile(t *testing.T, name string) {
	t.Helper()
	if err := os.WriteFile(name, []byte("old\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}
