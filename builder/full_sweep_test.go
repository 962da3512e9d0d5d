//go:build sweep

package builder_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFull builds with a disk that is full in one place after the other. It mounts
// small file systems, for which it has to run as root.
func TestFull(t *testing.T) {
	for name, c := range map[string]struct {
		full func(b *bench) string // gives the folder on the small file system
		size string
	}{
		"temporary folder, from the start":   {func(b *bench) string { return filepath.Join(b.dir, "tmp") }, "4k"},
		"temporary folder, while linking":    {func(b *bench) string { return filepath.Join(b.dir, "tmp") }, "2m"},
		"output folder, old output fills it": {func(b *bench) string { return b.plugin + "/out" }, "4m"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			trimmedHost(b)
			published(b)
			b.mkdir(filepath.Join(b.plugin, "out"))
			output := filepath.Join(b.plugin, "out", "plugin.so")
			build := func() error {
				opts := b.options()
				opts.Output, opts.Seals = output, signed()
				_, err := b.build(opts)
				return err
			}
			small := c.full(b)
			if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size="+c.size); err != nil {
				t.Fatalf("mount a small file system: %v", err)
			}
			defer func() {
				if err := syscall.Unmount(small, 0); err != nil {
					t.Error(err)
				}
			}()
			if !strings.HasPrefix(small, b.plugin) {
				if err := build(); err == nil {
					t.Error("a full disk went unnoticed")
				}
				b.noneLeft()
				return
			}
			if err := build(); err != nil {
				t.Fatal(err)
			}
			old, err := os.ReadFile(output)
			if err != nil {
				t.Fatal(err)
			}
			main := filepath.Join(b.plugin, "main.go")
			source, err := os.ReadFile(main)
			if err != nil {
				t.Fatal(err)
			}
			b.write(main, strings.Replace(string(source), "before, total", "total, before, total", 1))
			if err := build(); err == nil || !strings.Contains(err.Error(), "no space left") {
				t.Errorf("with a full output folder: %v", err)
			}
			if now, err := os.ReadFile(output); err != nil || string(now) != string(old) {
				t.Errorf("the old output is damaged (%v)", err)
			}
			if sidecars, ok := fits(t, output); !ok {
				t.Errorf("no sidecar of %q fits", sidecars)
			}
			if got := b.load(output); !strings.HasPrefix(got, "loads: ") {
				t.Errorf("the host says %q", got)
			}
			b.noneLeft()
		})
	}
}
