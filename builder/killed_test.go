package builder_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plugtool/plugtool/builder"
)

// However a build is killed, the output is the old whole file or the new whole
// file, some sidecar beside it fits, and the next build leaves nothing
// temporary behind.
func TestKilled(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	trimmedHost(b)
	published(b)
	main := filepath.Join(b.plugin, "main.go")
	source, err := os.ReadFile(main)
	if err != nil {
		t.Fatal(err)
	}
	full := b.buildAlone(0)
	for i := range 8 {
		b.write(main, strings.Replace(string(source), "before, total", strings.Repeat("total, ", i)+"before, total", 1))
		b.buildAlone(time.Duration(i+1) * full / 8)
		b.sealed()
	}
	b.buildAlone(0)
	b.sealed()
	b.noneLeft()
}

// buildAlone builds in a process of its own, which is killed after a while; 0 is
// never. It gives the time that the build took.
func (b *bench) buildAlone(kill time.Duration) time.Duration {
	b.t.Helper()
	cmd := exec.Command(os.Args[0], "build", b.bin, b.plugin)
	cmd.Env = b.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	if kill > 0 {
		time.Sleep(kill)
		_ = cmd.Process.Kill() // it may have ended
	}
	if err := cmd.Wait(); err != nil && kill == 0 {
		b.t.Fatalf("%v\n%s", err, out.Bytes())
	}
	return time.Since(start)
}

// sealed fails the test unless the output loads and some sidecar fits it.
func (b *bench) sealed() {
	b.t.Helper()
	output := filepath.Join(b.plugin, "plugin.so")
	data, err := os.ReadFile(output)
	if err != nil {
		b.t.Fatal(err)
	}
	if got := b.load(output); !strings.HasPrefix(got, "loads: ") {
		b.t.Errorf("the host says %q", got)
	}
	want, err := sealBySum(output, data)
	if err != nil {
		b.t.Fatal(err)
	}
	sidecars, err := filepath.Glob(output + "*.sigstore.json")
	if err != nil {
		b.t.Fatal(err)
	}
	for _, file := range sidecars {
		if got, err := os.ReadFile(file); err == nil && bytes.Equal(got, want) {
			return
		}
	}
	b.t.Errorf("no sidecar of %q fits", sidecars)
}

// What --dry-run prints builds by hand what Run builds.
func TestCommands(t *testing.T) {
	for name, setup := range map[string]func(*bench){
		"pinned":    func(b *bench) { trimmedHost(b); published(b) },
		"workspace": checkout("-trimpath"),
		"rewritten": elsewhere(nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			setup(b)
			opts := b.options()
			opts.Output = filepath.Join(b.dir, "it's $here.so")
			plan, err := builder.Prepare(context.Background(), b.open(), opts)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(opts.Output); err == nil {
				t.Error("the plan alone wrote the output")
			}
			script := "set -e\n" + strings.Join(plan.Commands(), "\n")
			b.run("/", nil, "sh", "-c", script)
			if got, want := b.load(opts.Output), "loads: "+usual; got != want {
				t.Errorf("the host says %q, want %q, after\n%s", got, want, script)
			}
			b.noneLeft()
		})
	}
}

// The host's Go release need not be that of the go command at hand.
func TestToolchain(t *testing.T) {
	t.Parallel()
	const release = "go1.25.12"
	b := newBench(t)
	root := strings.TrimSpace(b.run(b.dir, []string{"GOTOOLCHAIN=" + release, "GOMODCACHE=", "HOME=" + os.Getenv("HOME"), "GOPROXY=", "GONOSUMDB="}, "go", "env", "GOROOT"))
	b.sums(b.host)
	b.run(b.host, nil, filepath.Join(root, "bin", "go"), "build", "-trimpath", "-o", b.bin, "./cmd/host")
	ownFolder(b)

	_, err := b.build(b.options())
	if !is[*builder.ToolchainError](err) || !strings.Contains(err.Error(), release) || !strings.Contains(err.Error(), "GOTOOLCHAIN=local") {
		t.Errorf("without that release: %v", err)
	}
	opts := b.options()
	opts.Toolchain = root
	b.buildsAndLoads(opts, root)

	sdk := filepath.Join(b.dir, "home", "sdk")
	b.mkdir(sdk)
	if err := os.Symlink(root, filepath.Join(sdk, release)); err != nil {
		t.Fatal(err)
	}
	b.goMod(b.plugin, "-go=1.26.0") // newer than the host's
	b.buildsAndLoads(b.options(), filepath.Join(sdk, release))

	opts.Toolchain = strings.TrimSpace(b.run(b.dir, nil, "go", "env", "GOROOT"))
	if _, err := b.build(opts); !is[*builder.ToolchainError](err) {
		t.Errorf("with a toolchain of another minor release: %v", err)
	}
	b.noneLeft()
}

func (b *bench) buildsAndLoads(opts builder.Options, root string) {
	b.t.Helper()
	res, err := b.build(opts)
	if err != nil {
		b.t.Error(err)
		return
	}
	if got, want := res.Plan.Toolchain.Command, filepath.Join(root, "bin", "go"); got != want {
		b.t.Errorf("built with %s, want %s", got, want)
	}
	if got, want := b.load(res.Output), "loads: "+usual; got != want {
		b.t.Errorf("the host says %q, want %q", got, want)
	}
}
