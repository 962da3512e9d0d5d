package builder_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/builder"
)

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
