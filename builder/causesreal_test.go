package builder_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/mod/module"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
)

// failing is what the real failures share: a module proxy with the modules of
// modules.txtar, a host that was built with one of them, and a server that refuses.
type failing struct {
	dir, proxy, cache, host string
	path, release           string // of the go command
	refusing                *httptest.Server
}

// newFailing sets it up with the Go release whose bin folder is given; "" is the one at hand.
func newFailing(t *testing.T, bin, release string) *failing {
	t.Helper()
	f := &failing{dir: t.TempDir(), path: os.Getenv("PATH"), release: release}
	if bin != "" {
		f.path = bin + string(filepath.ListSeparator) + f.path
	}
	f.proxy, f.cache, f.host = filepath.Join(f.dir, "proxy"), filepath.Join(f.dir, "mod"), filepath.Join(f.dir, "host")
	a, err := txtar.ParseFile(filepath.Join(failuresDir, "shared", "modules.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	trees := map[string]bool{}
	for _, file := range a.Files {
		name := filepath.Join(f.dir, "src", file.Name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o777), os.WriteFile(name, file.Data, 0o666)); err != nil {
			t.Fatal(err)
		}
		tree, _, _ := strings.Cut(file.Name, "/")
		if strings.Contains(file.Name, "@") {
			tree, _, _ = strings.Cut(file.Name[strings.Index(file.Name, "@"):], "/")
			tree = file.Name[:strings.Index(file.Name, "@")] + tree
		}
		trees[tree] = true
	}
	for tree := range trees {
		if path, version, ok := strings.Cut(tree, "@"); ok {
			if err := publish(f.proxy, module.Version{Path: path, Version: version}, filepath.Join(f.dir, "src", tree)); err != nil {
				t.Fatal(err)
			}
		}
	}
	// The first element of the path is the answer's code.
	f.refusing = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(strings.Split(r.URL.Path, "/")[1])
		if code == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Basic")
		}
		http.Error(w, "the proxy says no", max(code, 400))
	}))
	t.Cleanup(f.refusing.Close)
	app := filepath.Join(f.dir, "src", "app")
	f.run(t, app, "go", "mod", "tidy")
	f.run(t, app, "go", "build", "-trimpath", "-o", f.host, ".")
	return f
}

func (f *failing) env() []string {
	return []string{
		"PATH=" + f.path, "HOME=" + filepath.Join(f.dir, "home"), "TMPDIR=" + f.dir,
		"GOCACHE=" + shared.goCache, "GOMODCACHE=" + f.cache, "GOPROXY=file://" + f.proxy,
		"GONOSUMDB=example.com", "GOTOOLCHAIN=local", "GOFLAGS=-modcacherw -buildvcs=false", "GOENV=off",
		"GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C.UTF-8",
	}
}

func (f *failing) run(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("env", args...) // which looks the name up in the PATH that it is given
	cmd.Dir, cmd.Env = dir, append(f.env(), "PWD="+dir, "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// Every situation is brought about for real: what Run says then is this, what the go
// command said stands below it whole, and nothing is written.
func TestRealFailures(t *testing.T) {
	f := sync.OnceValue(func() *failing { return newFailing(t, "", runtime.Version()) })
	for _, s := range situations(t) {
		if s.recorded {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.fail(t, f())
		})
	}
}

func (s *situation) fail(t *testing.T, f *failing) {
	dir := t.TempDir()
	s.unpack(t, dir)
	plugin := filepath.Join(dir, "plugin")
	if s.sh != "" {
		f.run(t, plugin, "sh", "-ec", s.sh)
	}
	env := f.env()
	address := strings.TrimPrefix(f.refusing.URL, "http://")
	for _, setting := range filled(s.env, strings.NewReplacer("$DIR", dir, "http://PROXY", f.refusing.URL, "https://127.0.0.1:4321", "https://"+address)) {
		if flags, ok := strings.CutPrefix(setting, "GOFLAGS="); ok {
			setting = "GOFLAGS=-modcacherw -buildvcs=false " + flags
		}
		env = append(env, setting)
	}
	host, err := inspector.OpenHost(f.host)
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	output := filepath.Join(dir, "out.so")
	var progress strings.Builder
	_, err = builder.Run(context.Background(), host, builder.Options{
		Dir: plugin, Env: env, Output: output, Flags: filled(s.flags, strings.NewReplacer("$DIR", plugin)),
		Toolexec: []string{os.Args[0], "toolexec"}, Progress: &progress,
	})
	if _, statErr := os.Stat(output); (statErr == nil) != (err == nil) {
		t.Errorf("the error is %v, and what was written %v", err, statErr)
	}
	got := strings.NewReplacer(dir, "$DIR", f.dir, "$TMP", address, "PROXY", f.release, "$RELEASE", strings.TrimPrefix(f.release, "go"), "$RELEASE").Replace(told(t, err))
	want, section := s.section("real"), "real"
	if own := s.section("real " + f.release); own != "" {
		want, section = own, "real "+f.release
	} else if f.release != runtime.Version() {
		section = "real " + f.release
	}
	switch {
	case got == want:
	case *update:
		s.updateReal(t, section, got)
	default:
		t.Errorf("got\n%swant\n%s\nerror:\n%v", got, want, err)
	}
}

// told writes an error as the archives have it: exit code, causes or else the error
// itself, hints.
func told(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return "builds\n"
	}
	var b strings.Builder
	code := 1
	goErr, isGo := errors.AsType[*builder.GoError](err)
	switch {
	case is[*builder.NoFitError](err):
		code = 3
	case is[*builder.UsageError](err), isGo && goErr.Misconfigured():
		code = 2
	}
	fmt.Fprintf(&b, "exit %d\n", code)
	if isGo {
		words, above := err.Error(), -1
		for _, c := range goErr.Causes {
			fmt.Fprintf(&b, "%s: %s\n", c.Kind, c.Text)
			above = max(above, strings.Index(words, c.Text))
		}
		if at := strings.Index(words, strings.TrimRight(goErr.Output, "\n")); goErr.Output == "" || at < 0 || at < above {
			t.Errorf("what the go command printed does not stand below: %q in\n%s", goErr.Output, words)
		}
		if n := strings.Count(words, goErr.Command+": "); n != 1 {
			t.Errorf("%d failures are told, want one:\n%s", n, words)
		}
		if len(goErr.Causes) == 0 {
			fmt.Fprintln(&b, "nothing")
		}
	} else {
		fmt.Fprintf(&b, "%T: %v\n", err, err)
	}
	if h, ok := errors.AsType[interface {
		error
		Hints() []string
	}](err); ok {
		for _, hint := range h.Hints() {
			fmt.Fprintf(&b, "hint: %s\n", hint)
		}
	}
	return b.String()
}

func (s *situation) updateReal(t *testing.T, section, got string) {
	t.Helper()
	out := &txtar.Archive{Comment: s.archive.Comment}
	for _, f := range s.archive.Files {
		if f.Name == section {
			continue
		}
		if f.Name == "want" {
			out.Files = append(out.Files, txtar.File{Name: section, Data: []byte(got)})
		}
		out.Files = append(out.Files, f)
	}
	if err := os.WriteFile(s.file, txtar.Format(out), 0o666); err != nil {
		t.Fatal(err)
	}
}
