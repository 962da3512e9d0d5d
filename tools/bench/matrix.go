package main

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plugtool/plugtool/inspector"
)

const (
	matrixHosts   = 20
	matrixPlugins = 200
)

// matrix measures many verdicts in one process: every plugin by itself in every host.
// Its yardstick for reading is debug/buildinfo on the same files.
func matrix(dir, plugtool, host, plugin string) error {
	hosts, plugins, err := matrixFiles(dir, plugtool, host, plugin)
	if err != nil {
		return err
	}
	files := append(append([]string{}, hosts...), plugins...)
	start := time.Now()
	if err := atOnce(len(files), func(i int) error { _, err := buildinfo.ReadFile(files[i]); return err }); err != nil {
		return err
	}
	yardstick := time.Since(start)

	start = time.Now()
	read, opened := make([]*inspector.Plugin, len(plugins)), make([]*inspector.Host, len(hosts))
	err = atOnce(len(plugins), func(i int) error { read[i] = inspector.MapPlugin(plugins[i]); return read[i].Err })
	if err != nil {
		return err
	}
	err = atOnce(len(hosts), func(i int) (err error) { opened[i], err = inspector.OpenHost(hosts[i]); return err })
	if err != nil {
		return err
	}
	// Where settings and versions do not explain a refusal, tables of functions are read.
	const fast = time.Millisecond
	var loads, slow, slowTime atomic.Int64
	judge := func(i int) error {
		start := time.Now()
		v, err := inspector.Check(opened[i/len(read)], []*inspector.Plugin{read[i%len(read)]})
		if err == nil && v.Plugins[0].Outcome == inspector.Loads {
			loads.Add(1)
		}
		if d := time.Since(start); d > fast {
			slow.Add(1)
			slowTime.Add(int64(d))
		}
		return err
	}
	// The first look at a host reads the hashes of what its plugins share.
	if err := atOnce(len(opened), func(i int) error { return judge(i * len(read)) }); err != nil {
		return err
	}
	reading := time.Since(start)

	loads.Store(0)
	slow.Store(0)
	slowTime.Store(0)
	start = time.Now()
	if err := atOnce(len(opened)*len(read), judge); err != nil {
		return err
	}
	judging := time.Since(start)
	n := len(opened) * len(read)
	fmt.Printf("%d plugins, %d hosts read  %6.1f ms; debug/buildinfo of the same files %.1f ms, ratio %.2f\n",
		len(read), len(opened), ms(reading), ms(yardstick), ms(reading)/ms(yardstick))
	fmt.Printf("%d verdicts (%d load)      %6.1f ms: %.0f verdicts a second\n", n, loads.Load(), ms(judging), float64(n)/judging.Seconds())
	rest := judging - time.Duration(slowTime.Load())/time.Duration(runtime.GOMAXPROCS(0))
	fmt.Printf("  without the %d that took more than %v each: %.0f verdicts a second\n", slow.Load(), fast, float64(int64(n)-slow.Load())/rest.Seconds())
	fmt.Printf("peak memory %s for %.0f MB of files\n", peakMemory(), megabytes(files))
	return nil
}

// matrixFiles makes the files: the real host and plugin, small ones of other settings,
// and copies of both.
func matrixFiles(dir, plugtool, host, plugin string) (hosts, plugins []string, err error) {
	src := filepath.Join(dir, "small")
	if err := command(dir, nil, plugtool, "new", "--kind", "host", src); err != nil {
		return nil, nil, err
	}
	originals, builds := []string{host}, []string{plugin}
	for i, flags := range [][]string{{"-trimpath"}, {"-trimpath", "-tags=other"}, {"-trimpath", "-gcflags=all=-N"}, {"-trimpath", "-race"}} {
		h := filepath.Join(dir, fmt.Sprintf("small%d", i))
		if err := command(src, nil, "go", append([]string{"build", "-o", h}, append(flags, ".")...)...); err != nil {
			return nil, nil, err
		}
		p := filepath.Join(dir, fmt.Sprintf("plugin%d", i))
		if err := command(dir, nil, plugtool, "new", "--kind", "func", "--host", h, p); err != nil {
			return nil, nil, err
		}
		if err := command(p, nil, plugtool, "build", "--host", h, "-o", p+".so"); err != nil {
			return nil, nil, err
		}
		originals, builds = append(originals, h), append(builds, p+".so")
	}
	if hosts, err = copies(dir, originals, matrixHosts); err != nil {
		return nil, nil, err
	}
	plugins, err = copies(dir, builds, matrixPlugins)
	return hosts, plugins, err
}

func copies(dir string, originals []string, n int) ([]string, error) {
	var list []string
	for i := range n {
		from := originals[i%len(originals)]
		to := filepath.Join(dir, fmt.Sprintf("copy%d-%s", i, filepath.Base(from)))
		if err := copyFile(to, from); err != nil { // not through memory, whose peak is measured
			return nil, err
		}
		list = append(list, to)
	}
	return list, nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// atOnce calls f for 0 to n-1 on as many goroutines as there are processors.
func atOnce(n int, f func(i int) error) error {
	var next atomic.Int64
	errs := make([]error, runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	for g := range errs {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				errs[g] = errors.Join(errs[g], f(int(i)))
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func megabytes(files []string) float64 {
	total := int64(0)
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			total += info.Size()
		}
	}
	return float64(total) / 1e6
}

// peakMemory is the most that this process had in memory at once.
func peakMemory() string {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}
