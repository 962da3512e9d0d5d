// Command corpus builds hosts and plugins, really loads each combination that
// corpus.txt lists, asks the plugtool command for its verdict on the same files, from the
// host's binary and from its descriptor, and prints how often outcome and refusal text
// agree. It ends with 1 where one differs without a reason that corpus.txt gives.
//
//	go -C tools run ./corpus            # the whole
//	go -C tools run ./corpus -part ci   # a part that takes minutes
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"time"
)

//go:embed corpus.txt
var corpus string

type settings struct {
	part, match string
	jobs        int
	keep, all   bool
}

func main() {
	var s settings
	flag.StringVar(&s.part, "part", "all", "the `part` to run: ci or all")
	flag.StringVar(&s.match, "run", "", "run only combinations whose name the `expression` matches")
	flag.IntVar(&s.jobs, "j", runtime.NumCPU(), "how many combinations at a time")
	flag.BoolVar(&s.keep, "keep", false, "keep what was built, and say where")
	flag.BoolVar(&s.all, "v", false, "print every plugin of every combination")
	flag.Parse()
	ok, err := run(s)
	if err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
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
	dir, err := os.MkdirTemp("", "plugtool-corpus-")
	if err != nil {
		return false, err
	}
	if s.keep {
		fmt.Println("kept in", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	sources, err := filepath.Abs("corpus/src")
	if err != nil {
		return false, err
	}
	w, err := newWorkshop(dir, sources)
	if err != nil {
		return false, err
	}
	plugtool := filepath.Join(dir, "plugtool")
	if err := shell("..", "go build -trimpath -o OUT ./cmd/plugtool", nil, "OUT="+plugtool); err != nil {
		return false, err
	}
	start := time.Now()
	results := make([]*result, len(list))
	var wg sync.WaitGroup
	next := make(chan int)
	for range max(1, s.jobs) {
		wg.Go(func() {
			for i := range next {
				results[i] = w.judge(plugtool, list[i])
				if s.all || results[i].bad() {
					fmt.Print(results[i])
				}
			}
		})
	}
	for i := range list {
		next <- i
	}
	close(next)
	wg.Wait()
	return summarize(os.Stdout, results, time.Since(start)), nil
}

// chosen gives the combinations of the part that is asked for.
func chosen(s settings) ([]*combo, error) {
	if s.part != "ci" && s.part != "all" {
		return nil, fmt.Errorf("-part is %q, want ci or all", s.part)
	}
	match, err := regexp.Compile(s.match)
	if err != nil {
		return nil, err
	}
	all, err := parseCombos(corpus)
	if err != nil {
		return nil, err
	}
	var list []*combo
	for _, c := range all {
		if (s.part == "all" || c.ci) && match.MatchString(c.String()) {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no combination of part %s matches %q", s.part, s.match)
	}
	return list, nil
}
