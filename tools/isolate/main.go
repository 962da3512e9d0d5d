// Command isolate checks modules.txt: it builds a program with each of a record's versions
// and holds what it says, and what plugtool decides about its registrations, against the
// file. Names of records as arguments choose some.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/isolate/once"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "isolate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	file := flag.String("file", "isolate/modules.txt", "the records")
	write := flag.Bool("write", false, "write what is found into the file")
	flag.Parse()
	header, records, err := readRecords(*file)
	if err != nil {
		return err
	}
	wrong := 0
	for _, r := range records {
		if flag.NArg() > 0 && !slices.Contains(flag.Args(), r.name) {
			continue
		}
		found, err := r.try(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		same := found.says == r.says && slices.Equal(found.once, r.once)
		if !same && !*write {
			wrong++
		}
		fmt.Printf("%-20s host says %q, plugin says %q; once: %s\n", r.name, found.says[0], found.says[1], strings.Join(found.once, ", "))
		if found.says[0] == found.says[1] {
			return fmt.Errorf("%s: both versions say %q, so the expression tells nothing", r.name, found.says[0])
		}
		r.says, r.once = found.says, found.once
		if *write { // after each, since all of them take half an hour
			if err := os.WriteFile(*file, []byte(format(header, records)), 0o644); err != nil {
				return err
			}
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d records say something else than %s", wrong, *file)
	}
	return nil
}

// try builds and runs both programs of a record in a temporary folder.
func (r *record) try(ctx context.Context) (found record, err error) {
	dir, err := os.MkdirTemp("", "isolate-")
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var packages [2][]once.Package
	for i, side := range sides {
		p := program{ctx, filepath.Join(dir, side)}
		if found.says[i], packages[i], err = p.try(r, i); err != nil {
			return found, err
		}
	}
	found.once, err = decide(ctx, packages[0], packages[1])
	return found, err
}

// program is one of the two programs.
type program struct {
	ctx context.Context
	dir string
}

func (p program) try(r *record, side int) (says string, packages []once.Package, err error) {
	if err := os.Mkdir(p.dir, 0o755); err != nil {
		return "", nil, err
	}
	files := map[string]string{"go.mod": "module example.com/" + sides[side] + "\n\ngo 1.26.0\n", "main.go": r.source()}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o644); err != nil {
			return "", nil, err
		}
	}
	edit := []string{"mod", "edit"}
	for _, v := range r.versions[side] {
		edit = append(edit, "-require="+v)
	}
	for _, args := range [][]string{edit, {"mod", "tidy"}, {"build", "-o", "program", "."}} {
		if _, err := p.output("go", args...); err != nil {
			return "", nil, err
		}
	}
	for _, v := range r.versions[side] {
		path, _, _ := strings.Cut(v, "@")
		got, err := p.output("go", "list", "-m", "-f", "{{.Path}}@{{.Version}}", path)
		if err != nil {
			return "", nil, err
		}
		if got := strings.TrimSpace(got); got != v {
			return "", nil, fmt.Errorf("asked for %s, the program has %s", v, got)
		}
	}
	out, err := p.output("./program")
	if err != nil {
		return "", nil, err
	}
	listed, err := p.output("go", "list", "-deps", "-json", ".")
	if err != nil {
		return "", nil, err
	}
	packages, err = decode(listed)
	return strings.TrimSpace(out), packages, err
}

func (p program) output(name string, args ...string) (string, error) {
	cmd := exec.CommandContext(p.ctx, name, args...)
	cmd.Dir = p.dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%v: %w\n%s", cmd.Args, err, stderr.Bytes())
	}
	return string(out), nil
}

func decode(listed string) ([]once.Package, error) {
	var packages []once.Package
	for d := json.NewDecoder(strings.NewReader(listed)); ; {
		var p once.Package
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
}

// decide tells what is decided about a plugin with copies of all packages, by action and
// registry.
func decide(ctx context.Context, host, plugin []once.Package) ([]string, error) {
	facts, err := once.Analyze(ctx, plugin, once.Options{})
	if err != nil {
		return nil, err
	}
	for _, i := range facts.Incomplete {
		fmt.Fprintf(os.Stderr, "isolate: %s is not understood as a whole: %s\n", i.Package, i.Reason)
	}
	has := once.Host{Packages: make(map[string]string)}
	for _, p := range host {
		has.Packages[p.ImportPath] = ""
	}
	policy := once.Policy{Moved: make(map[string]bool), Own: map[string]bool{"example.com/plugin": true}, Prefix: "plugin"}
	for _, p := range plugin {
		policy.Moved[p.ImportPath] = !p.Standard && p.ImportPath != "example.com/plugin"
	}
	decisions, err := once.Decide(facts, has, policy)
	if err != nil {
		return nil, err
	}
	if _, err := once.Edits(decisions); err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, d := range decisions {
		if d.Action != once.Keep {
			counts[string(d.Action)+" "+d.Finding.Registry]++
		}
	}
	var lines []string
	for what, n := range counts {
		lines = append(lines, fmt.Sprintf("%s (%d)", what, n))
	}
	slices.Sort(lines)
	return lines, nil
}
