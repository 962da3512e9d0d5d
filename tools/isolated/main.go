// Command isolated is the sweep of real modules for plugtool build --isolate. For each
// record of modules.txt it builds a host with one version of widely used modules, and by
// plugtool a plugin with another, isolated. It has the host open the plugin and
// evaluates the record's expressions in both: each has to say what it says alone, before
// and after. What cannot be isolated has to be refused by plugtool build, for the reason
// on record. It prints a table as Markdown and ends with 1 where anything is not as
// recorded; it goes on after a failure.
//
//	go -C tools run ./isolated                      # the whole: an hour or two on two processors
//	go -C tools run ./isolated -part ci             # a part that takes less than a minute
//	go -C tools run ./isolated -run grpc            # the records whose name matches
//	go -C tools run ./isolated -isolate auto        # other rules for plugtool build
//	go -C tools run ./isolated -job alone -write    # what host and plugin say alone, into modules.txt
//	go -C tools run ./isolated -write               # what the build decided and hosts say afterwards
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

type settings struct {
	file, part, match, job  string
	plugtool, rules         string
	write, verbose, keep    bool
	chosen                  *regexp.Regexp
	progress, table, detail io.Writer
}

func main() {
	s := settings{progress: os.Stderr, table: os.Stdout, detail: io.Discard}
	flag.StringVar(&s.file, "file", "isolated/modules.txt", "the records")
	flag.StringVar(&s.part, "part", "all", "the `part` to run: ci or all")
	flag.StringVar(&s.match, "run", "", "run only records whose name the `expression` matches")
	flag.StringVar(&s.job, "job", "load", "the `job`: load host and plugin into one process, or run each alone")
	flag.StringVar(&s.plugtool, "plugtool", "", "the plugtool `binary` to try; by default it is built")
	flag.StringVar(&s.rules, "isolate", "all", "the `rules` for plugtool build; what it decided is held against the records with all only")
	flag.BoolVar(&s.write, "write", false, "write what is found into the file")
	flag.BoolVar(&s.verbose, "v", false, "print what plugtool and the hosts said")
	flag.BoolVar(&s.keep, "keep", false, "keep what was built, and say where")
	flag.Parse()
	if s.verbose {
		s.detail = os.Stderr
	}
	if err := run(context.Background(), s); err != nil {
		fmt.Fprintln(os.Stderr, "isolated:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	var err error
	if s.chosen, err = regexp.Compile(s.match); err != nil {
		return err
	}
	if s.part != "ci" && s.part != "all" || s.job != "load" && s.job != "alone" {
		return fmt.Errorf("-part is %q, want ci or all, and -job %q, want load or alone", s.part, s.job)
	}
	header, records, err := readRecords(s.file)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "plugtool-isolated-")
	if err != nil {
		return err
	}
	if s.keep {
		fmt.Fprintln(s.progress, "kept in", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	w := &world{settings: s, dir: dir}
	if s.plugtool == "" && s.job == "load" {
		w.plugtool = filepath.Join(dir, "plugtool")
		if out, err := exec.CommandContext(ctx, "go", "-C", "..", "build", "-o", w.plugtool, "./cmd/plugtool").CombinedOutput(); err != nil {
			return fmt.Errorf("build plugtool: %w\n%s", err, out)
		}
	}
	return w.tryAll(ctx, header, records)
}

// tryAll tries the records that are chosen, one after the other: the go command keeps all
// processors busy with each.
func (w *world) tryAll(ctx context.Context, header string, records []*record) error {
	var chosen []*record
	for _, r := range records {
		if w.chosen.MatchString(r.name) && (w.part == "all" || r.part == w.part) {
			chosen = append(chosen, r)
		}
	}
	if len(chosen) == 0 {
		return errors.New("no record is chosen")
	}
	if w.job == "load" {
		fmt.Fprint(w.table, tableHead)
	}
	wrong, start := 0, time.Now()
	for i, r := range chosen {
		fmt.Fprintf(w.progress, "%d/%d %s\n", i+1, len(chosen), r.name)
		began := time.Now()
		dir := filepath.Join(w.dir, fmt.Sprint(i))
		got, err := w.try(ctx, dir, r)
		if err != nil {
			wrong++
			fmt.Fprintf(w.progress, "WRONG: %s: %v\n", r.name, err)
		}
		if w.job == "load" {
			fmt.Fprintln(w.table, r.row(got, err))
		}
		if w.write && err == nil { // after each, since all of them take long
			if err := os.WriteFile(w.file, []byte(format(header, records)), 0o644); err != nil {
				return err
			}
		}
		fmt.Fprintf(w.progress, "    %s\n", time.Since(began).Round(time.Second))
		if !w.keep {
			_ = os.RemoveAll(dir) // the whole folder goes in the end
		}
	}
	fmt.Fprintf(w.progress, "%d records in %s, %d wrong\n", len(chosen), time.Since(start).Round(time.Second), wrong)
	if wrong > 0 {
		return fmt.Errorf("%d of %d records are not as recorded in %s", wrong, len(chosen), w.file)
	}
	return nil
}
