//go:build linux

package loader_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// folders are what OpenDir is given: two signed plugins, and what was done to them.
var folders = []struct {
	name    string
	prepare func(t *testing.T, dir string)
	files   []string // opened
	text    string   // of the error
}{
	{name: "good", files: []string{"b.so", "twin.so"}, prepare: func(t *testing.T, dir string) {
		write(t, dir, "README.md", []byte("no plugin"))
	}},
	{name: "one unsigned", files: []string{"twin.so"}, text: "signature missing: ", prepare: func(t *testing.T, dir string) {
		remove(t, filepath.Join(dir, "b.so.sigstore.json"))
	}},
	{name: "folder for all to write", text: "chmod go-w", prepare: func(t *testing.T, dir string) { chmod(t, dir, 0o777) }},
	{name: "folder for the group to write", text: "chmod go-w", prepare: func(t *testing.T, dir string) { chmod(t, dir, 0o775) }},
	{name: "file for all to write", files: []string{"twin.so"}, text: "b.so", prepare: func(t *testing.T, dir string) {
		chmod(t, filepath.Join(dir, "b.so"), 0o666)
	}},
	{name: "link inside", files: []string{"b.so", "twin.so"}, prepare: func(t *testing.T, dir string) {
		move(t, filepath.Join(dir, "b.so"), filepath.Join(dir, "b.so.1"))
		link(t, "b.so.1", filepath.Join(dir, "b.so"))
	}},
	{name: "link to the outside", files: []string{"twin.so"}, text: "escapes", prepare: func(t *testing.T, dir string) {
		remove(t, filepath.Join(dir, "b.so"))
		link(t, filepath.Join(built, "shapes.so"), filepath.Join(dir, "b.so"))
	}},
	{name: "folder that looks like a plugin", files: []string{"b.so", "twin.so"}, text: "no regular file", prepare: func(t *testing.T, dir string) {
		if err := os.Mkdir(filepath.Join(dir, "a.so"), 0o755); err != nil {
			t.Fatal(err)
		}
	}},
	{name: "odd name", files: []string{"b.so", "twin.so"}, text: `\n`, prepare: func(t *testing.T, dir string) {
		write(t, dir, "x\ny.so", []byte("text"))
	}},
	{name: "gone", text: "no such file", prepare: func(t *testing.T, dir string) {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}},
}

func TestOpenDir(t *testing.T) {
	s := newSigner(t)
	for _, test := range folders {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "plugins")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			s.sign(t, put(t, "twin.so", dir, "twin.so"))
			s.sign(t, put(t, "shapes.so", dir, "b.so"))
			test.prepare(t, dir)
			lines, inits := run(t, "-key", s.file, "opendir="+dir)
			var files []string
			for _, file := range lines[0].Files {
				files = append(files, filepath.Base(file))
			}
			if !slices.Equal(files, test.files) || len(inits) != len(files) {
				t.Errorf("opened %v, inits %v; want %v", files, inits, test.files)
			}
			if (lines[0].Error != "") != (test.text != "") || !strings.Contains(lines[0].Error, test.text) {
				t.Errorf("error %q, want one with %q", lines[0].Error, test.text)
			}
		})
	}
}

func chmod(t *testing.T, file string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}
