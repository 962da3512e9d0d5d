package trial_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/trial"
)

var made struct {
	sync.Once
	dir string
	err error
}

// files builds the host and the plugins once, and gives their folder.
func files(t *testing.T) string {
	t.Helper()
	made.Do(func() { made.err = build(made.dir) })
	if made.err != nil {
		t.Fatal(made.err)
	}
	return made.dir
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "plugtool-trial-test-")
	if err != nil {
		panic(err)
	}
	made.dir = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func build(dir string) error {
	src := filepath.Join(dir, "src")
	if err := os.CopyFS(src, os.DirFS("../testdata/trial")); err != nil {
		return err
	}
	answer, err := os.ReadFile("../loader/answer.go")
	if err != nil {
		return err
	}
	text := strings.Replace(string(answer), "package loader", "package main", 1)
	if err := os.WriteFile(filepath.Join(src, "host", "answer.go"), []byte(text), 0o644); err != nil {
		return err
	}
	for _, line := range []string{
		"go build -trimpath -o ../host ./host", "go build -trimpath -buildmode=plugin -o ../plug.so ./plug",
		"go build -trimpath -buildmode=plugin -o ../slow.so ./slow",
		"go build -trimpath -buildmode=plugin -o ../other.so ./other", "go build -buildmode=plugin -o ../untrimmed.so ./other",
		`cp ../other.so "$(printf ../-oth'\377'er.so)"`,
	} {
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir = src
		cmd.Env = append(os.Environ(), "CGO_ENABLED=1", "GOWORK=off", "GOFLAGS=-buildvcs=false")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", line, err, out)
		}
	}
	return nil
}

func open(t *testing.T, does string, timeout time.Duration, plugins ...string) []trial.Happened {
	t.Helper()
	dir := files(t)
	p := trial.Process{Command: []string{filepath.Join(dir, "host")}, Dir: dir, Timeout: timeout,
		Env: append(trial.CleanEnv(os.Environ()), "PLUG_DOES="+does)}
	list, err := p.Open(t.Context(), plugins, []string{"Greet", "Level"})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestOpen has plugins do in init what takes a host down, and opens another one
// before and after.
func TestOpen(t *testing.T) {
	for _, c := range []struct {
		does    string
		outcome trial.Outcome
		text    string // a part of it
		after   trial.Outcome
		by      trial.Culprit // whose doing, where the verdict is that it loads
	}{
		{does: "", outcome: trial.Loads, after: trial.Refused},
		{does: "panic", outcome: trial.Panics, text: `no "configuration" in /nowhere`, after: trial.Refused, by: trial.ByPlugin},
		{does: "nil", outcome: trial.Panics, text: "nil pointer dereference", after: trial.Refused, by: trial.ByPlugin},
		{does: "goexit", outcome: trial.Panics, text: "Goexit", after: trial.Refused, by: trial.ByPlugin},
		{does: "exit", outcome: trial.Exits, after: trial.Unknown, by: trial.ByPlugin},
		{does: "crash", outcome: trial.Crashes, text: "SIGSEGV", after: trial.Unknown, by: trial.ByPlugin},
		{does: "abort", outcome: trial.Crashes, text: "SIGABRT", after: trial.Unknown, by: trial.ByPlugin},
		{does: "goroutine", outcome: trial.Crashes, text: "panic: in a goroutine", after: trial.Unknown, by: trial.ByPlugin},
		{does: "hang", outcome: trial.Hangs, text: "not open after", after: trial.Unknown, by: trial.ByPlugin},
		{does: "spin", outcome: trial.Hangs, text: "not open after", after: trial.Unknown, by: trial.ByPlugin},
		{does: "talk", outcome: trial.Panics, text: "after much talk", after: trial.Refused, by: trial.ByPlugin},
		{does: "daemon", outcome: trial.Loads, after: trial.Refused},
		{does: "forge", outcome: trial.Exits, after: trial.Unknown, by: trial.ByPlugin},
	} {
		t.Run("init "+c.does, func(t *testing.T) {
			t.Parallel()
			files(t)
			began := time.Now()
			timeout := time.Minute
			if c.outcome == trial.Hangs {
				timeout = 2 * time.Second
			}
			list := open(t, c.does, timeout, "-oth\xffer.so", "plug.so", "untrimmed.so")
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("it took %v", took)
			}
			if len(list) != 3 || list[0].Outcome != trial.Loads || list[0].File != "-oth\xffer.so" {
				t.Fatalf("before: %+v", list)
			}
			trial.Attribute(list, [][]string{nil, {"example.com/trial/plug"}, nil})
			got := list[1]
			if got.Outcome != c.outcome || !strings.Contains(got.Text, c.text) || list[2].Outcome != c.after {
				t.Errorf("%s %q, then %s %q\nwant %s %q, then %s\n%+v", got.Outcome, got.Text, list[2].Outcome, list[2].Text, c.outcome, c.text, c.after, *got.Run)
			}
			by := trial.Culprit("")
			if d := trial.Compare(trial.Foretold{Outcome: "loads"}, got); d != nil {
				by = d.By
			}
			if by != c.by {
				t.Errorf("to blame is %q, want %q: %+v", by, c.by, got)
			}
			if n := len(got.Run.Stdout) + len(got.Run.Stderr); n > 300<<10 {
				t.Errorf("%d bytes of output were kept", n)
			}
		})
	}
}

// TestOtherGoroutine: a goroutine that one plugin leaves behind ends the process while
// another is opened. Its functions' names say whose it is; where they say nothing, nobody is
// blamed, plugtool's verdict least of all.
func TestOtherGoroutine(t *testing.T) {
	for _, c := range []struct {
		name    string
		plugins []string
		paths   [][]string
		want    string // outcomes, and who is to blame where the verdict is that it loads
	}{
		{"named", []string{"plug.so", "slow.so"}, [][]string{{"example.com/trial/plug"}, {"example.com/trial/slow"}}, "crashes plugin, unknown "},
		{"unnamed", []string{"plug.so", "slow.so"}, [][]string{nil, nil}, "loads , crashes unclear"},
		{"below a path", []string{"plug.so", "slow.so"}, [][]string{{"example.com/x", "example.com/trial/"}, {"example.com/trial/slow"}}, "crashes plugin, unknown "},
		{"of several", []string{"plug.so", "slow.so"}, [][]string{{"example.com/trial/"}, {"example.com/trial/"}}, "loads , crashes unclear"},
		{"the last one", []string{"other.so", "plug.so", "slow.so"}, [][]string{{"example.com/trial/other"}, {"example.com/trial/plug"}, {"example.com/trial/slow"}}, "loads , crashes plugin, unknown "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			list := open(t, "later", time.Minute, c.plugins...)
			trial.Attribute(list, c.paths)
			var got []string
			for _, h := range list {
				by := trial.Culprit("")
				if d := trial.Compare(trial.Foretold{Outcome: "loads"}, h); d != nil {
					by = d.By
				}
				got = append(got, fmt.Sprint(h.Outcome, " ", by))
				if h.Outcome == trial.Crashes && (h.Text != "panic: later" || !strings.Contains(h.Stack, "plug.init.0.func")) {
					t.Errorf("%s: %q, stack %s", h.File, h.Text, h.Stack)
				}
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("%q, want %q\n%s", strings.Join(got, ", "), c.want, list[0].Run.Stderr)
			}
		})
	}
}

// TestExitIsNamed: how the process ended is part of what is said.
func TestExitIsNamed(t *testing.T) {
	if list := open(t, "exit", time.Minute, "plug.so"); list[0].Text != "exit status 0: good bye" && list[0].Text != "exit status 0" {
		t.Errorf("it exits: %q", list[0].Text)
	}
	if list := open(t, "forge", time.Minute, "plug.so"); list[0].Text != "exit status 7" {
		t.Errorf("it exits: %q", list[0].Text)
	}
}

func TestSymbols(t *testing.T) {
	list := open(t, "", time.Minute, "plug.so", "other.so")
	got := fmt.Sprintf("%+v %+v", list[0].Symbols, list[1].Symbols)
	want := "[{Name:Greet Type:func(string) string Error: Asserted:false} {Name:Level Type:*int Error: Asserted:false}] " +
		"[{Name:Greet Type: Error:plugin: symbol Greet not found in plugin example.com/trial/other Asserted:false} " +
		"{Name:Level Type: Error:plugin: symbol Level not found in plugin example.com/trial/other Asserted:false}]"
	if got != want {
		t.Errorf("symbols are\n%s, want\n%s", got, want)
	}
}

// TestHostShowsThatItAnswers: the symbol by which plugtool knows survives strip, and a
// host that merely has the package does not have it.
func TestHostShowsThatItAnswers(t *testing.T) {
	host, err := inspector.OpenHost(filepath.Join(files(t), "host"))
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	for _, name := range append([]string{"main.plugtoolTestV2"}, trial.Answers...) {
		has, err := host.Defines(name)
		if want := name == "main.plugtoolTestV1"; has != want || err != nil {
			t.Errorf("%s: %v, %v, want %v", name, has, err, want)
		}
	}
}

func TestStart(t *testing.T) {
	dir := files(t)
	for _, c := range []struct {
		args    string
		outcome trial.Outcome
		text    string
		by      trial.Culprit
	}{
		{"other.so", trial.Loads, "", ""},
		{"untrimmed.so", trial.Refused, "plugin was built with a different version of package internal/goarch", trial.ByPlugtool},
		{"gone.so", trial.Refused, "realpath failed", trial.ByPlugtool},
		{"serve", trial.Hangs, "not open after 1s", trial.ByHost},
	} {
		p := trial.Process{Command: []string{filepath.Join(dir, "host"), c.args}, Dir: dir, Timeout: time.Second}
		if c.outcome != trial.Hangs {
			p.Timeout = time.Minute
		}
		h, err := p.Start(t.Context(), c.args)
		if err != nil {
			t.Fatal(err)
		}
		by := trial.Culprit("")
		if d := trial.Compare(trial.Foretold{Outcome: "loads"}, h); d != nil {
			by = d.By
		}
		if h.Outcome != c.outcome || h.Text != c.text && !(c.outcome == trial.Hangs && strings.Contains(h.Text, "not open after")) || by != c.by {
			t.Errorf("%s: %s %q, to blame is %q; want %s %q, %q\n%+v", c.args, h.Outcome, h.Text, by, c.outcome, c.text, c.by, *h.Run)
		}
	}
}

// TestCancel: nothing outlives a run that is called off.
func TestCancel(t *testing.T) {
	dir := files(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	p := trial.Process{Command: []string{filepath.Join(dir, "host")}, Dir: dir, Timeout: time.Minute, Env: []string{"PLUG_DOES=hang"}}
	began := time.Now()
	list, err := p.Open(ctx, []string{"plug.so"}, nil)
	if !errors.Is(err, context.Canceled) || list != nil || time.Since(began) > 20*time.Second {
		t.Errorf("%v, %v after %v, want that it was cancelled", list, err, time.Since(began))
	}
}

func TestNoProgram(t *testing.T) {
	p := trial.Process{Command: []string{"./nowhere"}, Dir: t.TempDir(), Timeout: time.Minute}
	if _, err := p.Open(t.Context(), []string{"a.so"}, nil); err == nil || !strings.Contains(err.Error(), "start ./nowhere: ") {
		t.Errorf("error %v, want that it cannot be started", err)
	}
}

func TestCompare(t *testing.T) {
	refused := func(text string) trial.Happened { return trial.Happened{Outcome: trial.Refused, Text: text} }
	for _, c := range []struct {
		outcome, refusal string
		h                trial.Happened
		by               trial.Culprit
	}{
		{"refused", "a", refused("a"), ""},
		{"refused", "", refused("a"), ""},
		{"refused", "a", refused("b"), trial.ByPlugtool},
		{"refused", "a", trial.Happened{Outcome: trial.Loads}, trial.ByPlugtool},
		{"refused", "a", trial.Happened{Outcome: trial.Panics}, trial.ByPlugtool},
		{"loads", "", refused("a"), trial.ByPlugtool},
		{"loads", "", trial.Happened{Outcome: trial.Crashes}, trial.ByPlugtool},
		{"loads", "", trial.Happened{Outcome: trial.Crashes, Aside: "goroutine 7 [running]:"}, trial.Unclear},
		{"loads", "", trial.Happened{Outcome: trial.Crashes, Run: &trial.Run{How: "signal: killed"}}, trial.Unclear},
		{"crashes", "", trial.Happened{Outcome: trial.Crashes}, ""},
		{"crashes", "", trial.Happened{Outcome: trial.Exits}, ""},
		{"crashes", "", refused("a"), trial.ByPlugtool},
		{"unknown", "", refused("a"), ""},
		{"loads", "", trial.Happened{Outcome: trial.Unknown}, ""},
	} {
		by := trial.Culprit("")
		if d := trial.Compare(trial.Foretold{Outcome: c.outcome, Refusal: c.refusal}, c.h); d != nil {
			by = d.By
		}
		if by != c.by {
			t.Errorf("%s %q against %s %q: %q, want %q", c.outcome, c.refusal, c.h.Outcome, c.h.Text, by, c.by)
		}
	}
}

func TestCleanEnv(t *testing.T) {
	got := trial.CleanEnv([]string{"PATH=/bin", "LD_PRELOAD=x", "ASAN_OPTIONS=y", "HOME=/root", "PLUGTOOL_PASSWORD=z", "GODEBUG=a=1", "GOCOVERDIR=b"})
	if want := "[PATH=/bin HOME=/root GOTRACEBACK=all]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}
