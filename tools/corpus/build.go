package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// A workshop builds what recipes say, each once a run.
type workshop struct {
	dir     string // everything that it makes
	sources string // the folder src
	fetch   string // GOPROXY for what the corpus' own proxy does not have

	mu    sync.Mutex
	made  map[string]func() (string, error) // by what is made
	count int
}

func newWorkshop(dir, sources string) (*workshop, error) {
	w := &workshop{dir: dir, sources: sources, made: make(map[string]func() (string, error))}
	out, err := output(exec.Command("go", "env", "GOMODCACHE", "GOPROXY"))
	if err != nil {
		return nil, err
	}
	// What the user's module cache has need not be fetched.
	cache, proxy, _ := strings.Cut(out, "\n")
	w.fetch = "file://" + filepath.Join(cache, "cache", "download") + "," + proxy
	for _, d := range []string{"bin", "trees", "go"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	modules, err := filepath.Glob(filepath.Join(sources, "modules", "*", "*@*"))
	if err != nil {
		return nil, err
	}
	own := filepath.Join(dir, "proxy")
	for _, m := range modules {
		path, version, _ := strings.Cut(filepath.ToSlash(m[len(filepath.Join(sources, "modules"))+1:]), "@")
		if err := addToProxy(own, m, path, version); err != nil {
			return nil, err
		}
	}
	return w, addToProxy(own, filepath.Join(sources, "app"), "example.com/app", "v1.0.0")
}

// once makes something once, however many want it at the same time.
func (w *workshop) once(key string, f func() (string, error)) (string, error) {
	w.mu.Lock()
	make, ok := w.made[key]
	if !ok {
		make = sync.OnceValues(f)
		w.made[key] = make
	}
	w.mu.Unlock()
	return make()
}

// number gives another number at each call.
func (w *workshop) number() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count++
	return strconv.Itoa(w.count)
}

// file builds what the recipe says and gives its path.
func (w *workshop) file(r *recipe) (string, error) {
	return w.once(r.name, func() (string, error) {
		file, err := w.make(r)
		if err != nil {
			return "", fmt.Errorf("%s: %w", r.name, err)
		}
		return file, nil
	})
}

func (w *workshop) make(r *recipe) (string, error) {
	dir := filepath.Join(w.dir, "bin", w.number())
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	out := filepath.Join(dir, strings.NewReplacer("@", "-", "+", "-").Replace(r.name))
	if r.program.plugin {
		out += ".so"
	}
	if len(r.finish) > 0 {
		base, last := r.base()
		in, err := w.file(base)
		if err != nil {
			return "", err
		}
		if last.file != "" {
			out = filepath.Join(dir, last.file)
		}
		return out, shell(w.dir, last.shell, nil, "IN="+in, "OUT="+out)
	}
	if r.program.shell != "" {
		return out, shell(w.sources, r.program.shell, nil, "OUT="+out)
	}
	tree, err := w.tree(r.prepare)
	if err != nil {
		return "", err
	}
	if err := w.tidy(tree, r.program.folder); err != nil {
		return "", err
	}
	goroot, err := w.goroot(r)
	if err != nil {
		return "", err
	}
	args := r.arguments(out)
	for i, a := range args {
		a = strings.ReplaceAll(a, "PROFILE", filepath.Join(w.sources, "cpu.pgo"))
		a = strings.ReplaceAll(a, "VERSIONS", filepath.Join(w.sources, "hidden.map"))
		args[i] = strings.ReplaceAll(a, "PKG", r.program.pkg)
	}
	cmd := exec.Command(filepath.Join(goroot, "bin", "go"), args...)
	cmd.Dir = filepath.Join(tree, r.program.folder)
	cmd.Env = append(w.env(), "GOBIN="+dir)
	cmd.Env = append(cmd.Env, r.env...)
	if _, err := output(cmd); err != nil {
		return "", err
	}
	if r.verb == "install" {
		return filepath.Join(dir, cmp.Or(r.program.installed, "host")), nil
	}
	return out, nil
}

// env is the environment of all builds: modules come from the corpus' own proxy into
// a cache of its own, compiled packages from the user's cache.
func (w *workshop) env() []string {
	return append(os.Environ(), "GOTOOLCHAIN=local", "GOFLAGS=-buildvcs=false -modcacherw", "GOWORK=off", "GOEXPERIMENT=",
		"GOPROXY=file://"+filepath.Join(w.dir, "proxy")+","+w.fetch, "GONOSUMDB=example.com", "GOMODCACHE="+filepath.Join(w.dir, "mod"), "CGO_ENABLED=1")
}

// tree gives a copy of the sources in which the commands were run.
func (w *workshop) tree(prepare []string) (string, error) {
	script := strings.Join(prepare, "\n")
	return w.once("tree "+script, func() (string, error) {
		dir := filepath.Join(w.dir, "trees", w.number())
		if err := os.CopyFS(dir, os.DirFS(w.sources)); err != nil {
			return "", err
		}
		// One shell for each command, for they change folders; vendoring comes after
		// the sums are there.
		for _, p := range prepare {
			if strings.Contains(p, "go mod vendor") {
				for _, folder := range []string{"app", "plug"} {
					if err := w.tidy(dir, folder); err != nil {
						return "", err
					}
				}
			}
			if err := shell(dir, p, w.env()); err != nil {
				return "", err
			}
		}
		return dir, nil
	})
}

// tidy writes the go.sum of a module of a tree, once.
func (w *workshop) tidy(tree, folder string) error {
	_, err := w.once("tidy "+tree+" "+folder, func() (string, error) {
		return "", shell(filepath.Join(tree, folder), "go mod tidy", w.env())
	})
	return err
}

// goroot gives the Go of a recipe, which the module proxy provides.
func (w *workshop) goroot(r *recipe) (string, error) {
	root, err := w.once("go "+r.release, func() (string, error) {
		cmd := exec.Command("go", "env", "GOROOT")
		cmd.Env = append(os.Environ(), "GOTOOLCHAIN=go"+r.release)
		return output(cmd)
	})
	if err != nil || !r.patched {
		return root, err
	}
	// As distributions do, in a package that everything needs.
	return w.once("patched go "+r.release, func() (string, error) {
		dir := filepath.Join(w.dir, "go", r.release)
		return dir, shell(w.dir, "cp -r IN OUT && chmod -R u+w OUT/src/fmt && echo 'func patched() {}' >> OUT/src/fmt/print.go", nil, "IN="+root, "OUT="+dir)
	})
}

// shell runs a command. The words IN and OUT in it stand for the files of that name
// in vars.
func shell(dir, command string, env []string, vars ...string) error {
	if env == nil {
		env = os.Environ()
	}
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		env = append(env, "CORPUS_"+name+"="+value)
		command = strings.ReplaceAll(command, name, `"$CORPUS_`+name+`"`)
	}
	cmd := exec.Command("sh", "-ec", command)
	cmd.Dir, cmd.Env = dir, env
	_, err := output(cmd)
	return err
}

// output runs a command and gives what it prints, without the last line's end.
func output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w\n%s", err, exit.Stderr)
		}
		return "", fmt.Errorf("%s in %s: %w", strings.Join(cmd.Args, " "), cmd.Dir, err)
	}
	return strings.TrimSpace(string(out)), nil
}
