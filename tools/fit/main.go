// Command fit builds hosts in the ways in which hosts are built, and for each a plugin:
// by plugtool build, and by hand, with the release, the flags and the module versions
// that go version -m shows of the host. It really loads both into the real host,
// which prints what host and plugin share, and prints the table. It ends with 1 where
// plugtool's plugin did not load, or where plugtool did not say the true reason why
// none does.
//
//	go -C tools run ./fit              # the whole
//	go -C tools run ./fit -part ci     # a part that takes less than a minute
//	go -C tools run ./fit -run vendor  # the variants whose name matches
//
// Some variants need clang, lld, mold, git and unshare (util-linux), one golangci-lint v2.15.0
// in PATH or an hour of patience; none of those is in the part for CI.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"time"
)

type settings struct {
	part, match, plugtool string
	release               string
	jobs                  int
	keep, verbose         bool
	markdown, list        bool
}

func main() {
	var s settings
	flag.StringVar(&s.part, "part", "all", "the `part` to run: ci or all")
	flag.StringVar(&s.match, "run", "", "run only variants whose name the `expression` matches")
	flag.StringVar(&s.plugtool, "plugtool", "", "the plugtool `binary` to try; by default it is built")
	flag.StringVar(&s.release, "release", "", "build the hosts with this Go `release`, as in go1.21.13, where a variant names none")
	flag.IntVar(&s.jobs, "j", runtime.NumCPU(), "how many variants at a time")
	flag.BoolVar(&s.keep, "keep", false, "keep what was built, and say where")
	flag.BoolVar(&s.verbose, "v", false, "print what plugtool and the loads said")
	flag.BoolVar(&s.markdown, "markdown", false, "print the table as Markdown")
	flag.BoolVar(&s.list, "list", false, "only list the variants")
	flag.Parse()
	ok, err := run(s)
	if err != nil {
		fmt.Fprintln(os.Stderr, "fit:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func run(s settings) (bool, error) {
	list, err := chosen(s)
	if err != nil {
		return false, err
	}
	if s.list {
		for _, v := range list {
			fmt.Println(v.title())
		}
		return true, nil
	}
	dir, err := os.MkdirTemp("", "plugtool-fit-")
	if err != nil {
		return false, err
	}
	if s.keep {
		fmt.Fprintln(os.Stderr, "kept in", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	w, err := newWorkshop(dir, s.plugtool)
	if err != nil {
		return false, err
	}
	start := time.Now()
	results := tryAll(w, list, s)
	return tell(os.Stdout, results, s, time.Since(start)), nil
}

// tryAll tries the variants, several at a time.
func tryAll(w *workshop, list []*variant, s settings) []*result {
	results := make([]*result, len(list))
	var wg sync.WaitGroup
	next := make(chan int)
	for range max(1, s.jobs) {
		wg.Go(func() {
			for i := range next {
				world := filepath.Join(w.dir, fmt.Sprintf("w%d", i))
				r := w.try(world, list[i])
				results[i] = r
				fmt.Fprintln(os.Stderr, r.line())
				if s.verbose || r.bad() {
					fmt.Fprint(os.Stderr, r.details())
				}
				if !s.keep {
					_ = os.RemoveAll(world) // the whole folder goes in the end
				}
			}
		})
	}
	for i := range list {
		next <- i
	}
	close(next)
	wg.Wait()
	return results
}

// chosen gives the variants of the part that is asked for.
func chosen(s settings) ([]*variant, error) {
	if s.part != "ci" && s.part != "all" {
		return nil, fmt.Errorf("-part is %q, want ci or all", s.part)
	}
	match, err := regexp.Compile(s.match)
	if err != nil {
		return nil, err
	}
	var list []*variant
	for _, g := range groups {
		for i := range g.variants {
			v := &g.variants[i]
			v.group = g.name
			v.plugin = cmp.Or(v.plugin, "plug")
			v.says = cmp.Or(v.says, usual)
			v.release = cmp.Or(v.release, s.release)
			if (s.part == "all" || v.ci) && match.MatchString(v.title()) {
				list = append(list, v)
			}
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no variant of part %s matches %q", s.part, s.match)
	}
	return list, nil
}
