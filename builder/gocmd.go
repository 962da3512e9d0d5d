package builder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/plugtool/plugtool/inspector"
)

// goCommand is one run of the go command.
type goCommand struct {
	path string
	dir  string
	env  []string // complete
	args []string
}

// patience is how long a go command that was asked to stop may take before it
// and all that it started are killed.
const patience = 2 * time.Second

// run runs the command and gives what it printed to stdout. Downloads are told
// to progress as they happen; everything on stderr is kept for the error, which
// is a *GoError unless the context ended first. When the context ends, the
// command and all that it started end too.
func (c goCommand) run(ctx context.Context, progress io.Writer) (stdout []byte, stderr string, err error) {
	cmd := exec.CommandContext(ctx, c.path, c.args...)
	cmd.Dir = c.dir
	cmd.Env = setEnv(c.env, "PWD="+c.dir)
	var out, all bytes.Buffer
	cmd.Stdout = &out
	cmd.Stderr = io.MultiWriter(&all, &downloads{to: progress})
	cmd.WaitDelay = patience
	setApart(cmd)

	// The kernel ties a child that dies with its parent to the thread that
	// started it (golang/go#27505).
	runtime.LockOSThread()
	err = cmd.Run()
	runtime.UnlockOSThread()
	if ctx.Err() != nil {
		killGroup(cmd)
		return nil, all.String(), ctx.Err()
	}
	if err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			return nil, "", fmt.Errorf("run %s: %w", c.path, err)
		}
		return nil, all.String(), &GoError{Command: c.String(), Output: all.String(), Err: err}
	}
	return out.Bytes(), all.String(), nil
}

// String gives the command as a person would type it, without its environment.
func (c goCommand) String() string {
	words := []string{"go"}
	for _, arg := range c.args {
		words = append(words, inspector.ShellQuote(arg))
	}
	return strings.Join(words, " ")
}

// downloads hands on the lines that say what the go command fetches.
type downloads struct {
	to   io.Writer
	line []byte
}

func (d *downloads) Write(data []byte) (int, error) {
	if d.to == nil {
		return len(data), nil
	}
	for _, b := range data {
		if d.line = append(d.line, b); b != '\n' {
			continue
		}
		if bytes.HasPrefix(d.line, []byte("go: downloading ")) {
			if _, err := d.to.Write(d.line); err != nil {
				return 0, err
			}
		}
		d.line = d.line[:0]
	}
	return len(data), nil
}

// getEnv looks a setting up: the last one counts, as for a process.
func getEnv(env []string, key string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(env[i], "="); ok && k == key {
			return v
		}
	}
	return ""
}

// setEnv gives a copy of env with the settings in place of those of the same name.
func setEnv(env []string, settings ...string) []string {
	replaced := map[string]bool{}
	for _, s := range settings {
		key, _, _ := strings.Cut(s, "=")
		replaced[key] = true
	}
	out := make([]string, 0, len(env)+len(settings))
	for _, s := range env {
		if key, _, _ := strings.Cut(s, "="); !replaced[key] {
			out = append(out, s)
		}
	}
	return append(out, settings...)
}

// lookPath finds a program in the PATH of env.
func lookPath(env []string, dir, name string) (string, error) {
	candidates := []string{name}
	if !strings.ContainsRune(name, filepath.Separator) {
		candidates = nil
		for _, folder := range filepath.SplitList(getEnv(env, "PATH")) {
			if filepath.IsAbs(folder) { // a relative one would run what lies about
				candidates = append(candidates, filepath.Join(folder, name))
			}
		}
	}
	for _, c := range candidates {
		if !filepath.IsAbs(c) {
			c = filepath.Join(dir, c)
		}
		for _, ext := range []string{"", ".exe"} {
			if fi, err := os.Stat(c + ext); err == nil && fi.Mode().IsRegular() && (fi.Mode()&0o111 != 0 || runtime.GOOS == "windows") {
				return c + ext, nil
			}
		}
	}
	return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
}
