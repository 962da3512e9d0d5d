package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

//go:embed prelude.sh
var prelude string

// A workshop holds what all variants use.
type workshop struct {
	dir      string // everything that is made
	sources  string // the folder src
	plugtool string
	env      []string

	mu    sync.Mutex
	roots map[string]func() (string, error) // GOROOT, by release
}

func newWorkshop(dir, plugtool string) (*workshop, error) {
	sources, err := filepath.Abs(filepath.Join("fit", "src"))
	if err != nil {
		return nil, err
	}
	w := &workshop{dir: dir, sources: sources, plugtool: plugtool, roots: map[string]func() (string, error){}}
	if w.plugtool == "" {
		w.plugtool = filepath.Join(dir, "plugtool")
		build := exec.Command("go", "build", "-trimpath", "-o", w.plugtool, "./cmd/plugtool")
		build.Dir = ".."
		if _, err := output(build); err != nil {
			return nil, err
		}
	}
	if w.plugtool, err = filepath.Abs(w.plugtool); err != nil {
		return nil, err
	}
	out, err := output(exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOPROXY"))
	if err != nil {
		return nil, err
	}
	theirs := strings.Split(out, "\n")
	w.env = []string{
		"PATH=" + os.Getenv("PATH"), "GOCACHE=" + theirs[0], "GOMODCACHE=" + filepath.Join(dir, "mod"),
		"GOPROXY=file://" + filepath.Join(dir, "proxy"), "GOSUMDB=off", "GOTOOLCHAIN=local",
		"GOFLAGS=-modcacherw", "GOENV=off", "PLUGTOOL=" + w.plugtool, "FIT_MODCACHE=" + theirs[1], "FIT_PROXY=" + theirs[2], "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=fit", "GIT_AUTHOR_EMAIL=fit@example.com", "GIT_COMMITTER_NAME=fit", "GIT_COMMITTER_EMAIL=fit@example.com",
	}
	return w, w.makeProxy()
}

// goroot gives the Go of a release, which the module proxy provides.
func (w *workshop) goroot(release string) (string, error) {
	w.mu.Lock()
	f, ok := w.roots[release]
	if !ok {
		f = sync.OnceValues(func() (string, error) {
			cmd := exec.Command("go", "env", "GOROOT")
			if cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local"); release != "" {
				cmd.Env = append(os.Environ(), "GOTOOLCHAIN="+release)
			}
			return output(cmd)
		})
		w.roots[release] = f
	}
	w.mu.Unlock()
	return f()
}

// A bench is the folder of one variant, with the settings that hold there.
type bench struct {
	w   *workshop
	dir string
	env []string
}

func (w *workshop) bench(dir string) (*bench, error) {
	b := &bench{w: w, dir: dir}
	if err := os.CopyFS(dir, os.DirFS(w.sources)); err != nil {
		return nil, err
	}
	for _, d := range []string{"bin", "out", "tmp", "home"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	b.env = append(b.env, w.env...)
	b.env = append(b.env, "W="+dir, "HOME="+filepath.Join(dir, "home"), "TMPDIR="+filepath.Join(dir, "tmp"))
	return b, nil
}

// withGo gives settings in which go is that of a release. The author finds it
// where golang.org/dl puts it.
func (b *bench) withGo(release string) ([]string, error) {
	root, err := b.w.goroot(release)
	if err != nil {
		return nil, err
	}
	if release != "" {
		sdk := filepath.Join(b.dir, "home", "sdk")
		if err := os.MkdirAll(sdk, 0o755); err != nil {
			return nil, err
		}
		if err := os.Symlink(root, filepath.Join(sdk, release)); err != nil && !errors.Is(err, os.ErrExist) {
			return nil, err
		}
	}
	return append(b.env[:len(b.env):len(b.env)], "GOBASE="+root, "PATH="+filepath.Join(root, "bin")+string(os.PathListSeparator)+os.Getenv("PATH")), nil
}

// shell runs a script after the prelude.
func (b *bench) shell(script string, env []string) error {
	cmd := exec.Command("sh", "-ec", prelude+"\n"+script)
	cmd.Dir, cmd.Env = b.dir, env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", script, err, out)
	}
	return nil
}

// output runs a command and gives what it prints, without the last line's end.
func output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w\n%s", err, exit.Stderr)
		}
		return "", fmt.Errorf("%s in %s: %w", strings.Join(cmd.Args, " "), cmd.Dir, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// patience is how long a host may take to open a plugin, which needs a fraction of a
// second.
const patience = time.Minute

var refusal = regexp.MustCompile(`(?m)^refused: (?:plugin\.Open\("[^"]*"\): )?(.*)$`)

// load has the real host open a plugin, and gives what it printed: "loads: …", "refused:
// …", or how its process ended.
func (b *bench) load(v *variant, plugin string) string {
	cmd := exec.Command(filepath.Join(b.dir, "bin", "host"), plugin)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "GOCOVERDIR=" + filepath.Join(b.dir, "tmp")}
	if v.load != "" {
		cmd = exec.Command("sh", "-ec", prelude+"\n"+v.load)
		cmd.Env = append(b.env[:len(b.env):len(b.env)], "PLUGIN="+plugin)
	}
	cmd.Dir = b.dir
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		return "the host does not start: " + err.Error()
	}
	stop := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	stop.Stop()
	for line := range strings.Lines(stdout.String()) {
		line = strings.TrimSpace(line)
		if m := refusal.FindStringSubmatch(line); m != nil {
			return "refused: " + m[1]
		}
		if strings.HasPrefix(line, "loads: ") {
			return line
		}
	}
	for line := range strings.Lines(stderr.String()) {
		for _, sign := range []string{"fatal error:", "panic:", "ERROR:", "symbol lookup"} {
			if strings.Contains(line, sign) {
				return "crashes: " + strings.TrimSpace(line)
			}
		}
	}
	return fmt.Sprintf("ends: %v", err)
}
