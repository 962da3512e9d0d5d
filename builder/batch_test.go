package builder_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
)

// lines collects progress.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(data)
}

func (l *lines) count(word string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.all.String(), word)
}

// openAt opens one more host.
func (b *bench) openAt(file string) *inspector.Host {
	b.t.Helper()
	kept := b.bin
	defer func() { b.bin = kept }()
	b.bin = file
	return b.open()
}

// Equal plans are built once, and judged for each host; the go.mod that they agree on
// is written once; a package that is not there fails for itself.
func TestBatch(t *testing.T) {
	b := newBench(t)
	b.installHost(nil, "-trimpath")
	published(b)
	again, other := filepath.Join(b.dir, "again"), filepath.Join(b.dir, "other")
	b.run(b.dir, nil, "cp", b.bin, again)
	b.run(b.plugin, nil, "sh", "-c", "mkdir second && cp *.go second")
	b.run(b.dir, []string{"GOBIN=" + other}, "go", "install", "-trimpath", "-tags=special", "example.com/host/cmd/host@v1.0.0")
	hosts := []*inspector.Host{b.open(), b.openAt(again), b.openAt(filepath.Join(other, "host"))}
	var targets []builder.Target
	for i, host := range hosts {
		for _, pkg := range []string{".", "./second", "./missing"} {
			targets = append(targets, builder.Target{Host: host, Package: pkg, Output: filepath.Join(b.dir, "out", string(rune('a'+i)), filepath.Base(pkg)+".so")})
		}
	}
	var told lines
	opts := b.options()
	opts.Progress, opts.Write, opts.MakeFolders = io.MultiWriter(&told, t.Output()), true, true
	done := 0
	outcomes, err := builder.RunAll(context.Background(), targets, builder.BatchOptions{
		Options: opts, Parallel: 3, Done: func(int, builder.Outcome) { done++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	if done != len(targets) || told.count("building ") != 4 {
		t.Errorf("%d done of %d, with %d builds, want 4", done, len(targets), told.count("building "))
	}
	for i, o := range outcomes {
		missing := targets[i].Package == "./missing"
		if missing != (o.Err != nil) {
			t.Fatalf("%s: %v", targets[i].Package, o.Err)
		}
		if missing {
			continue
		}
		b.bin = targets[i].Host.Binary().File
		if got := b.load(targets[i].Output); !strings.HasSuffix(got, "2,28,6") {
			t.Errorf("the host says %q of %s", got, targets[i].Output)
		}
	}
	b.noneLeft()
}

// When the context ends, all that was started does, and nothing is left.
func TestBatchCancelled(t *testing.T) {
	b := newBench(t)
	b.installHost(nil, "-trimpath")
	published(b)
	host := b.open()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var targets []builder.Target
	for _, name := range []string{"a", "b", "c"} {
		targets = append(targets, builder.Target{Host: host, Package: ".", Output: filepath.Join(b.dir, name+".so")})
	}
	_, err := builder.RunAll(ctx, targets, builder.BatchOptions{Options: b.options(), Started: func(int) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	for _, target := range targets {
		if _, err := os.Stat(target.Output); err == nil {
			t.Errorf("%s was written", target.Output)
		}
	}
	b.noneLeft()
}

// Two targets that mean one file, by whatever name, are refused before anything is built.
func TestBatchOneFile(t *testing.T) {
	b := newBench(t)
	b.installHost(nil, "-trimpath")
	published(b)
	b.mkdir(filepath.Join(b.dir, "out"))
	if err := os.Symlink("out", filepath.Join(b.dir, "link")); err != nil {
		t.Fatal(err)
	}
	host := b.open()
	_, err := builder.RunAll(context.Background(), []builder.Target{
		{Host: host, Package: ".", Output: filepath.Join(b.dir, "out", "p.so")},
		{Host: host, Package: "./second", Output: filepath.Join(b.dir, "out", "other.so")},
		{Host: host, Package: b.plugin, Output: filepath.Join(b.dir, "link", "p.so")},
	}, builder.BatchOptions{Options: b.options()})
	if _, ok := errors.AsType[*builder.UsageError](err); !ok || !strings.Contains(err.Error(), "would both be written to") {
		t.Errorf("error %v", err)
	}
}
