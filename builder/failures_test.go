package builder_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
)

// A failureCase is a build that cannot succeed.
type failureCase struct {
	name  string
	setup func(*bench)
	opts  func(*bench, *builder.Options)
	want  func(error) bool // the error's type
	says  []string         // what its message and hints hold
}

func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

func anyError(error) bool { return true }

var failureCases = []failureCase{
	{
		name: "host without cgo",
		setup: func(b *bench) {
			b.write(filepath.Join(b.host, "cmd", "host", "main.go"), "package main\n\nimport \"plugin\"\n\nfunc main() { plugin.Open(\"x\") }\n")
			b.sums(b.host)
			b.buildHost([]string{"CGO_ENABLED=0"})
		},
		want: is[*builder.NoFitError], says: []string{"CGO_ENABLED=0"},
	},
	{
		name: "host that loads no plugins",
		setup: func(b *bench) {
			b.write(filepath.Join(b.host, "cmd", "host", "main.go"), "package main\n\nfunc main() {}\n")
			b.sums(b.host)
			b.buildHost(nil)
		},
		want: is[*builder.NoFitError], says: []string{"does not import"},
	},
	{
		name: "source that is not the host's",
		setup: func(b *bench) {
			checkout("-trimpath")(b)
			b.write(filepath.Join(b.host, "api", "new.go"), "package api\n\n// New is new.\nfunc New(n int) int { return n }\n")
		},
		want: func(err error) bool {
			e, ok := errors.AsType[*builder.NoFitError](err)
			return ok && e.Verdict != nil && e.Verdict.Worst() == inspector.Refused
		},
		says: []string{"example.com/host/api"},
	},
	{
		name: "pin that lacks what the plugin calls",
		setup: func(b *bench) {
			trimmedHost(b)
			b.goMod(b.plugin, "-require=example.com/dep@v1.2.0")
			b.write(filepath.Join(b.plugin, "other.go"), "package main\n\nimport \"example.com/dep\"\n\nvar three = dep.Thrice(1)\n")
			b.sums(b.plugin)
		},
		want: is[*builder.GoError],
		says: []string{"the host pins example.com/dep to v1.1.0", "asks for v1.2.0", "undefined: dep.Thrice"},
	},
	{
		name: "code that does not compile anyway",
		setup: func(b *bench) {
			trimmedHost(b)
			published(b)
			b.write(filepath.Join(b.plugin, "x.go"), "package main\n\nvar x int = \"\"\n")
		},
		want: func(err error) bool { return is[*builder.GoError](err) && !strings.Contains(err.Error(), "pins") },
		says: []string{"x.go:3:13"},
	},
	{
		name: "no main package",
		setup: func(b *bench) {
			trimmedHost(b)
			published(b)
			b.run(b.plugin, nil, "sed", "-i", "s/^package main/package hello/", "main.go")
		},
		want: is[*builder.GoError], says: []string{"must be package main"},
	},
	{
		name:  "no such package",
		setup: func(b *bench) { trimmedHost(b); published(b) },
		opts:  func(_ *bench, o *builder.Options) { o.Package = "./nothere" },
		want:  anyError, says: []string{"package ./nothere"},
	},
	{
		name:  "no module",
		setup: func(b *bench) { trimmedHost(b); b.run(b.plugin, nil, "rm", "go.mod") },
		want:  anyError, says: []string{"no go.mod", "go mod init"},
	},
	{
		name:  "no C compiler",
		setup: func(b *bench) { trimmedHost(b); published(b); b.set("CC=no-such-compiler") },
		want:  is[*builder.CompilerError], says: []string{"no-such-compiler", "apt-get install gcc"},
	},
	{
		name:  "C compiler that is none",
		setup: func(b *bench) { trimmedHost(b); published(b); b.set("CC=false") },
		want:  is[*builder.CompilerError], says: []string{`CC="false" does not compile`, "unset CC, or set it to gcc"},
	},
	{
		name: "newer glibc than asked for, and who needs it",
		setup: func(b *bench) {
			trimmedHost(b)
			published(b)
			b.write(filepath.Join(b.plugin, "noise.go"), "package main\n\n// int noise(void);\nimport \"C\"\n\n// Noise is random.\nfunc Noise() int { return int(C.noise()) }\n")
			b.write(filepath.Join(b.plugin, "noise.c"), "#include <sys/random.h>\n\nint noise(void) { int n = 0; return getentropy(&n, sizeof n) ? 0 : n; }\n")
			b.set("CC=" + strings.TrimSpace(b.run(b.dir, nil, "which", "gcc"))) // and no zig
		},
		opts: func(_ *bench, o *builder.Options) { o.MaxGlibc = "2.24" },
		want: func(err error) bool {
			e, ok := errors.AsType[*builder.NoFitError](err)
			return ok && e.Loads && e.Verdict != nil
		},
		says: []string{"is to load on 2.24", "getentropy@GLIBC_2.25 is called from example.com/plugin (function noise in noise.c)",
			"Go's own C code (runtime/cgo) calls ", "--sysroot DIR", "zig cc -target x86_64-linux-gnu.2.24"},
	},
	{
		name:  "no go command",
		setup: func(b *bench) { trimmedHost(b); published(b); b.set("PATH=" + b.dir) },
		want:  anyError, says: []string{"needs the go command"},
	},
	{
		name:  "no output folder",
		setup: func(b *bench) { trimmedHost(b); published(b) },
		opts:  func(b *bench, o *builder.Options) { o.Output = filepath.Join(b.dir, "no", "where", "p.so") },
		want:  anyError, says: []string{"does not exist", "mkdir -p"},
	},
	{
		name:  "full disk",
		setup: func(b *bench) { trimmedHost(b); published(b) },
		opts:  func(_ *bench, o *builder.Options) { o.Output = "/dev/full" },
		want:  anyError, says: []string{"not a regular file"},
	},
	{
		name:  "flag that the host decides",
		setup: func(b *bench) { trimmedHost(b); published(b) },
		opts:  func(_ *bench, o *builder.Options) { o.Flags = []string{"-race"} },
		want:  is[*builder.UsageError], says: []string{"-race"},
	},
	{
		name:  "host source that is none",
		setup: func(b *bench) { trimmedHost(b); published(b) },
		opts:  func(b *bench, o *builder.Options) { o.HostSrc = b.plugin },
		want:  is[*builder.UsageError], says: []string{"example.com/plugin"},
	},
	{
		name:  "toolchain that is none",
		setup: func(b *bench) { trimmedHost(b); published(b) },
		opts:  func(b *bench, o *builder.Options) { o.Toolchain = b.dir },
		want:  is[*builder.UsageError], says: []string{"no GOROOT"},
	},
	{
		name: "other content under the host's version",
		setup: func(b *bench) {
			trimmedHost(b)
			published(b)
			b.goMod(b.plugin, "-require=example.com/dep@v1.1.0")
			sum := filepath.Join(b.plugin, "go.sum")
			b.run(b.plugin, nil, "sed", "-i", "s,^example.com/dep v1.*,,", sum)
			b.write(filepath.Join(b.dir, "line"), "example.com/dep v1.1.0 h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
			b.run(b.plugin, nil, "sh", "-c", "cat ../line >>go.sum")
		},
		want: is[*builder.SumError], says: []string{"example.com/dep@v1.1.0", "host has h1:", "go.sum has h1:AAAA"},
	},
}

func TestFailures(t *testing.T) {
	for _, c := range failureCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}

func (c failureCase) test(t *testing.T) {
	b := newBench(t)
	c.setup(b)
	opts := b.options()
	old := []byte("an older good output")
	if err := os.WriteFile(opts.Output, old, 0o644); err != nil {
		t.Fatal(err)
	}
	kept := opts.Output
	if c.opts != nil {
		c.opts(b, &opts)
	}
	res, err := b.build(opts)
	if err == nil {
		t.Fatalf("it built %s", res.Output)
	}
	if !c.want(err) {
		t.Errorf("error is %T: %v", err, err)
	}
	text := err.Error()
	if h, ok := errors.AsType[interface {
		error
		Hints() []string
	}](err); ok {
		text += "\n" + strings.Join(h.Hints(), "\n")
	}
	for _, want := range c.says {
		if !strings.Contains(text, want) {
			t.Errorf("error does not say %q:\n%s", want, text)
		}
	}
	if now, err := os.ReadFile(kept); err != nil || string(now) != string(old) {
		t.Errorf("the older output is %q, %v", now, err)
	}
	b.noneLeft()
}

// A cancelled build ends at once with all that it started, and leaves nothing.
func TestCancel(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	trimmedHost(b)
	published(b)
	// A C compiler that never ends stands for a long build.
	cc := filepath.Join(b.dir, "slowcc")
	pids := filepath.Join(b.dir, "pids")
	b.write(cc, "#!/bin/sh\necho $$ >>"+pids+"\nexec sleep 300\n")
	b.run(b.dir, nil, "chmod", "+x", cc)
	b.set("CC="+cc, "GOCACHE="+filepath.Join(b.dir, "cache"))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	host := b.open()
	go func() {
		_, err := builder.Run(ctx, host, b.options())
		done <- err
	}()
	for range 3000 {
		if _, err := os.Stat(pids); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v, want that it was cancelled", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the build did not end")
	}
	data, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range strings.Fields(string(data)) {
		if running(pid) {
			t.Errorf("process %s still runs", pid)
		}
	}
	b.noneLeft()
}

// running says whether a process still runs after a moment to end in.
func running(pid string) bool {
	for range 100 {
		stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
		// What has ended and waits for its parent is a zombie.
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return false
		}
		time.Sleep(10 * time.Millisecond)
	}
	return true
}
