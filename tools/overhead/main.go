// Command overhead measures what `plugtool build` costs next to the very go build that
// it runs. It makes hosts and plugins, runs both in turn, so that what else the machine
// does meets both alike, and prints the medians and the ratio: the median of those of
// each two runs that came one after the other, since what else the machine does changes
// from minute to minute. The quartiles beside it say how far such ratios lie apart: where
// that is far, the machine is too busy to tell.
//
//   - one plugin, with an empty build cache, and where nothing has changed;
//   - ten plugins for six hosts of two Go releases, in one run of plugtool next to a shell
//     loop of the go build commands of all sixty pairs, the dependencies being in the build
//     cache: where the hosts come to two distinct plans, and where they come to six;
//   - one isolated plugin where nothing has changed, in the first column, next to plugtool's
//     own build of the same plugin pinned to the host's versions, in the second. It needs
//     modules from the module proxy.
//
// It exits with 1 where a ratio is above its bound.
//
//	go -C tools run ./overhead
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The bounds that the ratios keep.
const (
	coldBound = 1.03
	sameBound = 1.30
	twoBound  = 0.45
	sixBound  = 1.00

	isolatedBound = 1.50
)

func main() {
	var m meter
	var only string
	flag.IntVar(&m.rounds, "rounds", 5, "how often each of two commands runs; eight times as often where nothing has changed, a third of that for cold builds and the many, once at least")
	flag.IntVar(&m.plugins, "plugins", 10, "how many plugins there are for each host")
	flag.StringVar(&only, "only", "", "measure one thing: same, cold, two, six or isolated")
	releases := flag.String("releases", "go1.26.8,go1.25.12", "the hosts' Go releases, two, as GOTOOLCHAIN has them")
	flag.StringVar(&m.plugtool, "plugtool", "", "the `binary` to measure; it is built where there is none")
	flag.Parse()
	m.releases = strings.Split(*releases, ",")
	ok, err := m.run(only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "overhead:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

type meter struct {
	rounds, plugins int
	releases        []string
	plugtool        string
	dir             string
}

func (m *meter) run(only string) (ok bool, err error) {
	if m.dir, err = os.MkdirTemp("", "plugtool-overhead-"); err != nil {
		return false, err
	}
	defer os.RemoveAll(m.dir)
	if m.plugtool == "" {
		m.plugtool = filepath.Join(m.dir, "plugtool")
		// As .goreleaser.yaml builds releases; the go command is linked statically as well.
		if err := command("..", []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-tags=urfave_cli_no_docs,nokeyless", "-o", m.plugtool, "./cmd/plugtool"); err != nil {
			return false, err
		}
	}
	if err := m.writePlugins(); err != nil {
		return false, err
	}
	fmt.Printf("%-37s %12s %12s %8s %14s %8s\n", "", "plugtool", "go build", "ratio", "quartiles", "at most")
	ok = true
	for _, measure := range []struct {
		name string
		of   func() (bool, error)
	}{{"same", m.same}, {"cold", m.cold}, {"two", m.two}, {"six", m.six}, {"isolated", m.isolated}} {
		if only != "" && only != measure.name {
			continue
		}
		good, err := measure.of()
		if err != nil {
			return false, err
		}
		ok = ok && good
	}
	return ok, nil
}

// result prints a line and says whether the bound is kept.
func result(what string, ours, theirs []time.Duration, bound float64) bool {
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = ours[i].Seconds() / theirs[i].Seconds()
	}
	a, b, ratio := quantile(ours, 2), quantile(theirs, 2), quantile(ratios, 2)
	spread := fmt.Sprintf("%.2f to %.2f", quantile(ratios, 1), quantile(ratios, 3))
	fmt.Printf("%-37s %12s %12s %8.2f %14s %8.2f\n", what, a.Round(time.Millisecond), b.Round(time.Millisecond), ratio, spread, bound)
	return ratio <= bound
}

// same measures a build of one plugin where nothing has changed.
func (m *meter) same() (bool, error) {
	p, err := m.single()
	if err != nil {
		return false, err
	}
	ours, theirs, err := inTurn(8*m.rounds+2, func(int) error { return p.plugtool(nil) }, func(int) error { return p.goBuild(nil) })
	if err != nil {
		return false, err
	}
	return result("one plugin, nothing has changed", ours[1:], theirs[1:], sameBound), nil
}

// cold measures a build of one plugin with an empty build cache, each with its own.
func (m *meter) cold() (bool, error) {
	p, err := m.single()
	if err != nil {
		return false, err
	}
	withCache := func(build func(env []string) error) func(int) error {
		return func(int) error {
			cache, err := os.MkdirTemp(m.dir, "cache")
			if err != nil {
				return err
			}
			defer os.RemoveAll(cache)
			if err := removed(p.output, p.output+".go"); err != nil {
				return err
			}
			return build([]string{"GOCACHE=" + cache})
		}
	}
	ours, theirs, err := inTurn(max(m.rounds/3, 1), withCache(p.plugtool), withCache(p.goBuild))
	if err != nil {
		return false, err
	}
	return result("one plugin, empty build cache", ours, theirs, coldBound), nil
}

func (m *meter) two() (bool, error) { return m.many("two", twoBound) }
func (m *meter) six() (bool, error) { return m.many("six", sixBound) }

// many measures one run of plugtool for all pairs next to a shell loop of the go build
// commands of their plans. All is built once before, so that only linking is left.
func (m *meter) many(kind string, bound float64) (bool, error) {
	hosts, err := m.hosts(kind)
	if err != nil {
		return false, err
	}
	pairs, err := m.pairs(hosts)
	if err != nil {
		return false, err
	}
	plans := map[string]bool{}
	var script strings.Builder
	script.WriteString("set -e\n")
	for _, p := range pairs {
		plans[p.plan()] = true
		fmt.Fprintln(&script, p.shell())
	}
	loop := filepath.Join(m.dir, "loop-"+kind+".sh")
	if err := os.WriteFile(loop, []byte(script.String()), 0o666); err != nil {
		return false, err
	}
	args := []string{"build", "--quiet", "--toolchain", "auto", "-o", filepath.Join(m.dir, "out", "{{.Name}}_{{.Host}}.so"), "./..."}
	for _, h := range hosts {
		args = append(args, "--host", h)
	}
	fresh := func(act func() error) func(int) error {
		return func(int) error {
			if err := os.RemoveAll(filepath.Join(m.dir, "out")); err != nil {
				return err
			}
			return act()
		}
	}
	ours, theirs, err := inTurn(max(m.rounds/3, 1)+1,
		fresh(func() error { return command(filepath.Join(m.dir, "plugins"), nil, m.plugtool, args...) }),
		fresh(func() error { return command(m.dir, nil, "sh", loop) }))
	if err != nil {
		return false, err
	}
	return result(fmt.Sprintf("%d plugins × %d hosts, %d plans", m.plugins, len(hosts), len(plans)/m.plugins), ours[1:], theirs[1:], bound), nil
}

// inTurn runs both so many times, one after the other, and gives how long each took.
func inTurn(rounds int, ours, theirs func(round int) error) (a, b []time.Duration, err error) {
	for round := range rounds {
		order := []func(int) error{ours, theirs}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		var took [2]time.Duration
		for i, f := range order {
			start := time.Now()
			if err := f(round); err != nil {
				return nil, nil, err
			}
			took[i] = time.Since(start)
		}
		if round%2 == 1 {
			took[0], took[1] = took[1], took[0]
		}
		a, b = append(a, took[0]), append(b, took[1])
	}
	return a, b, nil
}

// quantile gives a quartile, of which the second is the median.
func quantile[T cmp.Ordered](list []T, quarters int) T {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)*quarters/4]
}

func command(dir string, env []string, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}
