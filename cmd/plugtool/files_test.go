package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func write(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := writeFile(file, 0o600, write("one")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}

	// A link stays one: what it names gets the new content.
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(link, 0o666, write("two")); err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink(link); err != nil || target != "file" {
		t.Errorf("the link names %q, %v, want file", target, err)
	}
	if got := read(t, file); got != "two" {
		t.Errorf("the file says %q, want two", got)
	}

	// A failure leaves the old content, and nothing besides.
	full := errors.New("disk full")
	err := writeFile(file, 0o666, func(w io.Writer) error { return errors.Join(write("half")(w), full) })
	if !errors.Is(err, full) {
		t.Errorf("writeFile gave %v, want %v", err, full)
	}
	if got := read(t, file); got != "two" {
		t.Errorf("the file says %q after a failed write, want two", got)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder holds %v, %v, want file and link", entries, err)
	}
}

func TestReadSmall(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := readSmall(file, 5); err != nil || string(data) != "12345" {
		t.Errorf("readSmall gave %q, %v", data, err)
	}
	if data, err := readSmall(file, 4); err == nil {
		t.Errorf("readSmall of a larger file gave %q and no error", data)
	}
	if _, err := readSmall("/dev/zero", 4); err == nil {
		t.Error("readSmall of an endless file gave no error")
	}
}
