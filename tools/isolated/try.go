package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A world is the folder in which everything is built.
type world struct {
	settings
	dir string
}

// found is what became of a record.
type found struct {
	says    [2]string
	after   string
	plan    isolated
	size    int64         // of the plugin, in bytes
	took    time.Duration // plugtool build
	refusal string        // in plugtool's words
	sharing string        // why the plugin has the host's, in the same
}

// isolated is what plugtool says of an isolated build.
type isolated struct {
	Modules []struct{ Path string }
	Moved   []struct{ Packages []string }
	Pinned  []struct{ Packages []string }
	Process []struct{ Registry, Action string }
}

// try builds what the job asks for in a folder that is there for it alone, and holds what
// comes of it against the record; or puts it there.
func (w *world) try(ctx context.Context, dir string, r *record) (found, error) {
	for i, side := range sides {
		if err := w.prepare(ctx, filepath.Join(dir, side), r, i); err != nil {
			return found{}, err
		}
	}
	if w.job == "alone" {
		return w.alone(ctx, dir, r)
	}
	got, err := w.load(ctx, dir, r)
	if err != nil || w.rules != "all" {
		return got, err
	}
	if w.write {
		r.after.says, r.once = got.after, got.once()
		return got, nil
	}
	if !slices.Equal(got.once(), r.once) {
		return got, fmt.Errorf("of what exists once per process it was decided\n\t%s\nrecorded is\n\t%s", strings.Join(got.once(), "\n\t"), strings.Join(r.once, "\n\t"))
	}
	return got, nil
}

// prepare writes the source of a program, and makes sure that it has the versions asked for.
func (w *world) prepare(ctx context.Context, dir string, r *record, side int) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for name, text := range r.files(side, w.job == "alone") {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	edit := []string{"mod", "edit"}
	for _, v := range r.versions[side] {
		edit = append(edit, "-require="+v)
	}
	for _, args := range [][]string{edit, {"mod", "tidy"}} {
		if _, err := w.output(ctx, dir, "go", args...); err != nil {
			return err
		}
	}
	for _, v := range r.versions[side] {
		path, _, _ := strings.Cut(v, "@")
		got, err := w.output(ctx, dir, "go", "list", "-m", "-f", "{{.Path}}@{{.Version}}", path)
		if err != nil {
			return err
		}
		if got := strings.TrimSpace(got); got != v {
			return fmt.Errorf("asked for %s, the %s has %s", v, sides[side], got)
		}
	}
	return nil
}

// alone runs both programs by themselves.
func (w *world) alone(ctx context.Context, dir string, r *record) (got found, err error) {
	for i, side := range sides {
		at := filepath.Join(dir, side)
		if _, err := w.output(ctx, at, "go", "build", "-trimpath", "-o", "program", "."); err != nil {
			return got, err
		}
		out, err := w.output(ctx, at, "./program")
		if err != nil {
			return got, err
		}
		if got.says[i] = strings.TrimSpace(out); strings.Contains(got.says[i], "\n") {
			return got, fmt.Errorf("the %s says more than a line:\n%s", side, out)
		}
		fmt.Fprintf(w.detail, "%s: %s\n", side, got.says[i])
	}
	switch {
	case got.says[0] == got.says[1]:
		return got, fmt.Errorf("both versions say %q, so the expressions tell nothing", got.says[0])
	case w.write:
		r.says = got.says
	case got.says != r.says:
		return got, fmt.Errorf("they say\n\t%s\nrecorded is\n\t%s", strings.Join(got.says[:], "\n\t"), strings.Join(r.says[:], "\n\t"))
	}
	return got, nil
}

// load builds the host, and the plugin for it, and opens that.
func (w *world) load(ctx context.Context, dir string, r *record) (got found, err error) {
	host, plugin := filepath.Join(dir, "hostbin"), filepath.Join(dir, "plugin.so")
	if _, err := w.output(ctx, filepath.Join(dir, "host"), "go", "build", "-trimpath", "-o", host, "."); err != nil {
		return got, fmt.Errorf("the host: %w", err)
	}
	start := time.Now()
	out, err := w.output(ctx, filepath.Join(dir, "plugin"), w.plugtool, "build", "--host", host, "--isolate="+w.rules, "-o", plugin, "--format", "json")
	got.took = time.Since(start)
	if err != nil {
		if _, stat := os.Stat(plugin); stat == nil {
			return got, fmt.Errorf("it failed and left a plugin: %w", err)
		}
		return got, r.isRefused(err, &got)
	}
	if r.refused != "" {
		return got, fmt.Errorf("it was built, and should be refused: %s", r.refused)
	}
	var built struct {
		Plan     struct{ Isolated isolated }
		Warnings []string
	}
	if err := json.Unmarshal([]byte(out), &built); err != nil {
		return got, fmt.Errorf("what plugtool build says is not JSON: %w", err)
	}
	got.plan = built.Plan.Isolated
	got.sharing = r.shared.why
	if warnings := strings.Join(built.Warnings, "\n"); !strings.Contains(warnings, r.shared.why) {
		return got, fmt.Errorf("no warning says %q, of\n%s", r.shared.why, warnings)
	}
	if i, err := os.Stat(plugin); err == nil {
		got.size = i.Size()
	}
	if out, err = w.output(ctx, dir, host, plugin); err != nil {
		return got, fmt.Errorf("the host ended: %w", err)
	}
	fmt.Fprint(w.detail, out)
	return got, w.hold(out, r, &got)
}

// isRefused holds a failed build against the record.
func (r *record) isRefused(err error, got *found) error {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != 3 && exit.ExitCode() != 1 || r.refused == "" {
		return err
	}
	got.refusal = r.refused
	if !strings.Contains(err.Error(), r.refused) {
		return fmt.Errorf("it is refused for another reason than %q: %w", r.refused, err)
	}
	return nil
}

// hold holds what a host printed against the record.
func (w *world) hold(out string, r *record, got *found) error {
	said := map[string]string{}
	for line := range strings.Lines(out) {
		who, what, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		said[who] = what
	}
	got.says, got.after = [2]string{said["host"], said["plugin"]}, said["after"]
	want := map[string]string{"host": r.says[0], "plugin": r.says[1], "after": r.after.says}
	if w.write {
		want["after"] = got.after
	}
	if r.shared.why != "" {
		if w.write {
			r.shared.says = said["plugin"]
		}
		want["plugin"] = r.shared.says
	}
	want["host again"], want["plugin again"] = want["host"], want["plugin"]
	for _, who := range []string{"host", "plugin", "host again", "plugin again", "after"} {
		if what, ok := said[who]; !ok || what != want[who] {
			return fmt.Errorf("%s: said is\n\t%s\nrecorded is\n\t%s\nof all that the host printed:\n%s", who, what, want[who], out)
		}
	}
	return nil
}

// once tells what was decided of what exists once per process: action, registry, how many.
func (f *found) once() (lines []string) {
	counts := map[string]int{}
	for _, p := range f.plan.Process {
		counts[p.Action+" "+p.Registry]++
	}
	for what, n := range counts {
		lines = append(lines, fmt.Sprintf("%s (%d)", what, n))
	}
	slices.Sort(lines)
	return lines
}

// output runs a program, at most for half an hour, and gives what it printed on stdout.
func (w *world) output(ctx context.Context, dir, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	fmt.Fprintf(w.detail, "%v\n%s", cmd.Args, stderr.Bytes())
	if err != nil {
		return string(out), fmt.Errorf("%v: %w\n%s%s", cmd.Args, err, stderr.Bytes(), lastOf(string(out)))
	}
	return string(out), nil
}

// lastOf keeps the end of a long text.
func lastOf(s string) string { return s[max(0, len(s)-4000):] }
