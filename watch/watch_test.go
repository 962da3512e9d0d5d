package watch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A change is something that happens to files in a folder, and the files that are to be
// told, "" for none.
type change struct {
	name string
	do   func(t *testing.T, dir string)
	want string
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

var changes = []change{
	{"a source is written", func(t *testing.T, dir string) { write(t, dir+"/main.go", "package main // new") }, "main.go"},
	{"saved by renaming", func(t *testing.T, dir string) {
		write(t, dir+"/.main.go.tmp", "package main // renamed")
		if err := os.Rename(dir+"/main.go", dir+"/main.go~"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(dir+"/.main.go.tmp", dir+"/main.go"); err != nil {
			t.Fatal(err)
		}
	}, "main.go"},
	{"a folder is new", func(t *testing.T, dir string) { write(t, dir+"/new/deep/x.go", "package deep") }, "new/deep/x.go"},
	{"in that folder", func(t *testing.T, dir string) { write(t, dir+"/new/deep/y.c", "int x;") }, "new/deep/y.c"},
	{"the folder goes", func(t *testing.T, dir string) {
		if err := os.RemoveAll(dir + "/new"); err != nil {
			t.Fatal(err)
		}
	}, "new/deep/x.go new/deep/y.c"},
	{"and comes again", func(t *testing.T, dir string) { write(t, dir+"/new/deep/x.go", "package deep") }, "new/deep/x.go"},
	{"go.mod", func(t *testing.T, dir string) { write(t, dir+"/go.mod", "module example.com/x\n") }, "go.mod"},
	{"what is embedded", func(t *testing.T, dir string) { write(t, dir+"/assets/files/page.html", "<p>") }, "assets/files/page.html"},
	{"a file of its own", func(t *testing.T, dir string) { write(t, dir+"/../bin/host", "ELF, more or less") }, "../bin/host"},
}

// silent are changes after which nothing is told; a change after them is.
var silent = []change{
	{"tests, backups, hidden and other files", func(t *testing.T, dir string) {
		write(t, dir+"/main_test.go", "package main")
		write(t, dir+"/main.go~", "package main")
		write(t, dir+"/.git/index", "x")
		write(t, dir+"/README.md", "x")
		write(t, dir+"/node_modules/a/a.c", "x")
		write(t, dir+"/assets/out.so", "what the build writes")
		write(t, dir+"/../bin/other", "x")
	}, ""},
	{"another module", func(t *testing.T, dir string) { write(t, dir+"/nested/x.go", "package x") }, ""},
	{"written and taken back", func(t *testing.T, dir string) {
		write(t, dir+"/passing.go", "package main")
		if err := os.Remove(dir + "/passing.go"); err != nil {
			t.Fatal(err)
		}
	}, ""},
}

func tree(t *testing.T) (string, Watched) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "module")
	for name, text := range map[string]string{
		"main.go": "package main", "go.mod": "module x\n", "README.md": "read me", "nested/go.mod": "module y\n",
		"assets/assets.go": "package assets\n\n//go:embed files\nvar files embed.FS", "assets/files/page.html": "<html>", "../bin/host": "ELF",
	} {
		write(t, filepath.Join(dir, name), text)
	}
	return dir, Watched{Folders: []string{dir}, Files: []string{filepath.Join(dir, "../bin/host")}, Ignore: []string{filepath.Join(dir, "assets/out.so")}}
}

func TestWait(t *testing.T) {
	for _, polling := range []bool{false, true} {
		t.Run(fmt.Sprintf("polling %v", polling), func(t *testing.T) {
			t.Parallel()
			dir, watched := tree(t)
			w := New(Options{Poll: 10 * time.Millisecond, Polling: polling, Settle: 20 * time.Millisecond, Notice: func(text string) { t.Errorf("notice %q", text) }})
			defer w.Close()
			checkChanges(t, w, dir, watched)
		})
	}
}

func checkChanges(t *testing.T, w *Watcher, dir string, watched Watched) {
	t.Helper()
	for i, c := range changes {
		w.Begin(watched)
		told := make(chan string, 1)
		go func() {
			list, err := w.Wait(t.Context())
			told <- fmt.Sprint(relative(dir, list), err)
		}()
		for _, s := range silent {
			s.do(t, dir)
		}
		c.do(t, dir)
		select {
		case got := <-told:
			if want := c.want + "<nil>"; got != want {
				t.Fatalf("%s: told %q, want %q", c.name, got, want)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%s (%d): nothing was told", c.name, i)
		}
	}
}

func relative(dir string, list []string) string {
	var names []string
	for _, file := range list {
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			rel = file
		}
		names = append(names, rel)
	}
	return strings.Join(names, " ")
}

// TestBetween: what changes while nobody waits is told by the next Wait.
func TestBetween(t *testing.T) {
	dir, watched := tree(t)
	w := New(Options{Poll: time.Hour, Settle: time.Millisecond})
	defer w.Close()
	w.Begin(watched)
	write(t, dir+"/main.go", "package main // changed while a build was running")
	list, err := w.Wait(t.Context())
	if err != nil || relative(dir, list) != "main.go" {
		t.Errorf("told %v, %v, want main.go", list, err)
	}
}

// TestTooMany: where the system allows no more watches, the watcher says so and looks by
// itself.
func TestTooMany(t *testing.T) {
	dir, watched := tree(t)
	notices := 0
	w := New(Options{Poll: 10 * time.Millisecond, Settle: 20 * time.Millisecond, Notice: func(text string) {
		if notices++; !strings.Contains(text, "no space left on device") || !strings.Contains(text, "looking every 10ms") {
			t.Errorf("notice %q", text)
		}
	}})
	defer w.Close()
	w.Begin(watched)
	w.fallBack(syscall.ENOSPC) // what inotify_add_watch(2) gives beyond max_user_watches
	checkChanges(t, w, dir, watched)
	if notices != 1 {
		t.Errorf("%d notices, want 1", notices)
	}
}

func TestCancel(t *testing.T) {
	for _, polling := range []bool{false, true} {
		_, watched := tree(t)
		w := New(Options{Poll: time.Hour, Polling: polling, Settle: time.Hour})
		w.Begin(watched)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		if _, err := w.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want that it was cancelled", err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}
