// Command bench measures what a verdict costs next to `go version -m` of the same
// two files: golangci-lint and a linter plugin. It builds both unless it is told
// where they are, runs the two commands in turn, and prints the medians, their
// ratio, and the peak memory of plugtool. Then it compares a verification by key with
// openssl's digest of the plugin, and judges many plugins against many hosts.
//
//	go -C tools run ./bench
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

func main() {
	host := flag.String("host", "", "the host's `binary`; golangci-lint "+golangciLint+" is built where there is none")
	rounds := flag.Int("rounds", 41, "how often each command runs")
	flag.Parse()
	if err := run(*host, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

const golangciLint = "v2.15.0"

func run(host string, rounds int) error {
	dir, err := os.MkdirTemp("", "plugtool-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if host == "" {
		host = filepath.Join(dir, "golangci-lint")
		fmt.Println("building golangci-lint", golangciLint)
		if err := command(".", []string{"CGO_ENABLED=1", "GOBIN=" + dir}, "go", "install", "-trimpath",
			"github.com/golangci/golangci-lint/v2/cmd/golangci-lint@"+golangciLint); err != nil {
			return err
		}
	}
	plugtool, plugin := filepath.Join(dir, "plugtool"), filepath.Join(dir, "linter.so")
	// As .goreleaser.yaml builds releases; the go command is linked statically as well.
	if err := command("..", []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-tags=urfave_cli_no_docs", "-o", plugtool, "./cmd/plugtool"); err != nil {
		return err
	}
	if err := command("../examples/golangci-lint", nil, plugtool, "build", "--host", host, "-o", plugin); err != nil {
		return err
	}
	for _, f := range []string{host, plugin} {
		info, err := os.Stat(f)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %.1f MB\n", filepath.Base(f), float64(info.Size())/1e6)
	}
	if err := compare(plugtool, host, plugin, rounds); err != nil {
		return err
	}
	if err := signature(dir, plugtool, plugin, rounds); err != nil {
		return err
	}
	return matrix(dir, plugtool, host, plugin)
}

// compare runs both commands in turn, so that what else the machine does meets
// both alike.
func compare(plugtool, host, plugin string, rounds int) error {
	var verify, version []time.Duration
	var peak int64
	for range rounds + 1 { // the first round warms the page cache
		d, _, err := timed("go", "version", "-m", host, plugin)
		if err != nil {
			return err
		}
		version = append(version, d)
		d, rss, err := timed(plugtool, "verify", "--host", host, plugin)
		if err != nil {
			return err
		}
		verify = append(verify, d)
		peak = max(peak, rss)
	}
	a, b := median(verify[1:]), median(version[1:])
	fmt.Printf("plugtool verify  %6.1f ms (median of %d), peak memory %.1f MB\n", ms(a), rounds, float64(peak)/1e6)
	fmt.Printf("go version -m    %6.1f ms\n", ms(b))
	fmt.Printf("ratio            %6.2f\n", ms(a)/ms(b))
	return nil
}

func timed(name string, args ...string) (time.Duration, int64, error) {
	cmd := exec.Command(name, args...)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	d := time.Since(start)
	if err != nil {
		return 0, 0, fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return d, 0, nil
	}
	return d, usage.Maxrss * 1024, nil // Linux counts kilobytes
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func command(dir string, env []string, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	return nil
}
