package builder_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// However a build is ended, and whenever, the output is the old whole file or the new
// whole file, some sidecar beside it fits, and the next build leaves nothing temporary
// behind. A build that is asked to end leaves nothing itself.
func TestKilled(t *testing.T) {
	t.Parallel()
	killBuilds(t, []os.Signal{os.Kill, os.Kill, os.Interrupt, os.Kill, syscall.SIGTERM, os.Kill})
}

// killBuilds has one build after the other end by a signal, at random moments that are
// spread over the time that a build takes.
func killBuilds(t *testing.T, signals []os.Signal) {
	b := newBench(t)
	trimmedHost(b)
	published(b)
	main := filepath.Join(b.plugin, "main.go")
	source, err := os.ReadFile(main)
	if err != nil {
		t.Fatal(err)
	}
	full := b.buildAlone(os.Kill, 0)
	for i, signal := range signals {
		b.write(main, strings.Replace(string(source), "before, total", strings.Repeat("total, ", i%20+1)+"before, total", 1))
		after := (float64(i) + rand.Float64()) / float64(len(signals)) * 1.1
		b.buildAlone(signal, time.Duration(after*float64(full))+1)
		b.sealed()
		if signal != os.Kill {
			b.noneLeft()
		}
	}
	b.buildAlone(os.Kill, 0)
	b.sealed()
	b.noneLeft()
	for _, pattern := range []string{".plugin.so*", "plugin.so.next*"} {
		if left, err := filepath.Glob(filepath.Join(b.plugin, pattern)); err != nil || len(left) > 0 {
			t.Errorf("left behind: %q, %v", left, err)
		}
	}
}

// buildAlone builds in a process of its own, which gets a signal after a while; 0 is
// never. It gives the time that the build took.
func (b *bench) buildAlone(signal os.Signal, after time.Duration) time.Duration {
	b.t.Helper()
	cmd := exec.Command(os.Args[0], "build", b.bin, b.plugin)
	cmd.Env = b.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	if after > 0 {
		time.Sleep(after)
		_ = cmd.Process.Signal(signal) // it may have ended
	}
	if err := cmd.Wait(); err != nil && after == 0 {
		b.t.Fatalf("%v\n%s", err, out.Bytes())
	}
	return time.Since(start)
}

// sealed fails the test unless the output loads and sidecars fit it: some signature, and
// some attestation.
func (b *bench) sealed() {
	b.t.Helper()
	output := filepath.Join(b.plugin, "plugin.so")
	if got := b.load(output); !strings.HasPrefix(got, "loads: ") {
		b.t.Errorf("the host says %q", got)
	}
	if sidecars, ok := fits(b.t, output); !ok {
		b.t.Errorf("of %q no signature fits, or no attestation", sidecars)
	}
}

// fits says whether some signature and some attestation fit the output, as they are known
// to those who read the output first and its sidecars then.
func fits(t *testing.T, output string) (sidecars []string, ok bool) {
	t.Helper()
	data, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	want := sumOf(data)
	if sidecars, err = filepath.Glob(output + "*.sigstore.json"); err != nil {
		t.Fatal(err)
	}
	found := map[bool]bool{}
	for _, file := range append(sidecars, output+".sigstore.json", output+".loads.intoto.sigstore.json") {
		if got, err := os.ReadFile(file); err == nil && bytes.Equal(got, want) {
			found[strings.HasSuffix(file, ".intoto.sigstore.json")] = true
		}
	}
	return sidecars, found[false] && found[true]
}

// Builds that are killed while they put their files in place, one after the other and
// two at a time, leave a plugin with a sidecar that fits.
func TestPlaceKilled(t *testing.T) {
	t.Parallel()
	killPlacings(t, 60)
}

func killPlacings(t *testing.T, times int) {
	output := filepath.Join(t.TempDir(), "p.so")
	for range times {
		var running []*exec.Cmd
		for range 2 {
			cmd := exec.Command(os.Args[0], "place", output)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			running = append(running, cmd)
		}
		for _, err := os.Stat(output + ".loads.intoto.sigstore.json"); err != nil; _, err = os.Stat(output + ".loads.intoto.sigstore.json") {
			time.Sleep(time.Millisecond)
		}
		for _, cmd := range running {
			time.Sleep(time.Duration(rand.IntN(20_000)) * time.Microsecond)
			_ = cmd.Process.Kill()
		}
		for _, cmd := range running {
			_ = cmd.Wait() // it was killed
		}
		if sidecars, ok := fits(t, output); !ok {
			t.Fatalf("of %q no signature fits, or no attestation", sidecars)
		}
	}
}
