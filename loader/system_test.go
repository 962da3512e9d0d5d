//go:build linux

package loader

import (
	"bytes"
	"context"
	"errors"
	"html/template"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	texttemplate "text/template"
)

// fakeInfo is a file with an owner and permissions of the test's choice.
type fakeInfo struct {
	fs.FileInfo
	uid  uint32
	mode fs.FileMode
}

func (f fakeInfo) Sys() any          { return &syscall.Stat_t{Uid: f.uid} }
func (f fakeInfo) Mode() fs.FileMode { return f.mode }
func (f fakeInfo) IsDir() bool       { return f.mode.IsDir() }

func TestOwnedAndClosed(t *testing.T) {
	self := uint32(os.Geteuid())
	for _, test := range []struct {
		uid  uint32
		mode fs.FileMode
		text string
	}{
		{self, 0o644, ""},
		{0, 0o755, ""},
		{self, 0o664, "chmod go-w"},
		{0, 0o602, "chmod go-w"},
		{self, fs.ModeDir | 0o777, "the folder may be written"},
		{self, fs.ModeDir | fs.ModeSticky | 0o777, "the folder may be written"},
		{self + 4711, 0o644, "belongs to user"},
		{self + 4711, fs.ModeDir | 0o755, "the folder belongs to user"},
	} {
		err := ownedAndClosed(fakeInfo{uid: test.uid, mode: test.mode})
		if (err != nil) != (test.text != "") || err != nil && !strings.Contains(err.Error(), test.text) {
			t.Errorf("user %d, mode %v: error %v, want %q", test.uid, test.mode, err, test.text)
		}
	}
}

func TestPrivateDir(t *testing.T) {
	dir, err := makePrivateDir(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.remove()
	file, err := dir.write("a.so", []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{string(dir): fs.ModeDir | 0o700, file: 0o400} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), want)
		}
	}
	if dir.mapped() {
		t.Error("a file that nobody mapped counts as mapped")
	}
	if got := keep(file, nil); string(got) != "text" && len(got) > 0 {
		t.Errorf("kept %q", got)
	}
	data := keep(file, []byte("text"))
	if !dir.mapped() {
		t.Error("a mapped file does not count as mapped")
	}
	dir.remove()
	if string(data) != "text" {
		t.Errorf("after the folder went, its file has %q", data)
	}
	if _, err := os.Stat(string(dir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// TestNoExec compares with what the kernel says of its mounts.
func TestNoExec(t *testing.T) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 5 {
			want[f[4]] = strings.Contains(","+f[5]+",", ",noexec,") // the last one at a place counts
		}
	}
	for _, dir := range []string{"/", "/proc", "/sys", "/dev", "/dev/pts", "/dev/shm", "/run", "/tmp"} {
		if expect, mounted := want[dir]; mounted && noExec(dir) != expect {
			t.Errorf("%s: noexec is %v, the kernel says %v", dir, !expect, expect)
		}
	}
}

func TestLoadedFiles(t *testing.T) {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range loadedFiles() {
		if strings.HasPrefix(file, "/") && !strings.Contains(string(maps), " "+file) {
			real, err := filepath.EvalSymlinks(file)
			if err != nil || !strings.Contains(string(maps), " "+real) {
				t.Errorf("%s is not mapped", file)
			}
		}
	}
}

func TestExplainOpen(t *testing.T) {
	file := filepath.Join("/tmp", "plugtool-1-7", "a.so")
	for text, want := range map[string]string{
		`plugin.Open("/tmp/plugtool-1-7/a.so"): /tmp/plugtool-1-7/a.so: failed to map segment from shared object`: `plugin.Open("a.so"): a.so: failed to map segment from shared object (is /tmp mounted noexec? set Policy.Dir or TMPDIR to another folder)`,
		`plugin.Open("/tmp/plugtool-1-7/a"): plugin already loaded`:                                               `plugin.Open("a"): plugin already loaded`,
	} {
		if got := explainOpen(errors.New(text), file).Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestReadAll reads a file that is not as long as it said.
func TestReadAll(t *testing.T) {
	ctx := context.Background()
	for _, size := range []int64{0, 3, 4, 5, 100} {
		data, err := readAll(ctx, strings.NewReader("text"), size, 100)
		if err != nil || string(data) != "text" {
			t.Errorf("size %d: %q, %v", size, data, err)
		}
	}
	big := bytes.Repeat([]byte("0123456789"), 300_000)
	if data, err := readAll(ctx, bytes.NewReader(big), 10, int64(len(big))); err != nil || !bytes.Equal(data, big) {
		t.Errorf("grown to the limit: %d bytes, %v", len(data), err)
	}
	if _, err := readAll(ctx, bytes.NewReader(big), 10, int64(len(big))-1); err == nil {
		t.Error("grown past the limit: no error")
	}
	if _, err := readAll(ctx, io.MultiReader(strings.NewReader("te"), errorReader{}), 4, 100); !errors.Is(err, syscall.EIO) {
		t.Errorf("broken: %v", err)
	}
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, syscall.EIO }

// TestMismatch tells apart two types that print alike.
func TestMismatch(t *testing.T) {
	got := mismatch("New", reflect.TypeFor[func(*template.Template) []template.Template](), reflect.TypeFor[func(*texttemplate.Template) []texttemplate.Template]())
	want := `function New has type func(*"html/template".Template) []"html/template".Template, the host asks for func(*"text/template".Template) []"text/template".Template`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
