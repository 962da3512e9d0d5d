package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/goproxytest"

	"github.com/plugtool/plugtool/inspector"
)

// A fixCase is a host and a plugin that differ, what plugtool must say of it, and,
// where a fix is an edit in words, the edit. All commands are a shell's; hosts are
// built in the host's folder, plugins in the plugin's.
type fixCase struct {
	name   string
	host   string            // makes ../bin/host; installs the released one where it is empty
	plugin string            // makes a.so
	want   []string          // a part of each finding's "ID title | host | plugin"
	edits  map[string]string // by a part of the fix in words: the command that does it, in the plugin's folder
	list   string            // the plugins that are verified, a.so where it is empty
}

const (
	installed = `GOBIN=$PWD/../bin go install -trimpath example.com/host/cmd/host@v1.0.0`
	built     = `go build -trimpath -o ../bin/host ./cmd/host`
	plain     = `go build -trimpath -buildmode=plugin -o a.so .`
	fromDir   = `go mod edit -replace=example.com/host=../host && ` + plain
)

// fixWorld is what all cases of a run use: a module proxy, and a module cache with the
// toolchains of the caches of whoever runs the tests.
type fixWorld struct {
	env   []string
	cache string // of modules
}

func newFixWorld(t *testing.T) *fixWorld {
	t.Helper()
	dir := t.TempDir()
	modules := filepath.Join(dir, "modules")
	if err := os.CopyFS(modules, os.DirFS("testdata/fixes/modules")); err != nil {
		t.Fatal(err)
	}
	host := "module example.com/host@v1.0.0\n\n-- .info --\n{\"Version\":\"v1.0.0\",\"Time\":\"2025-01-01T00:00:00Z\"}\n"
	gomod, err := os.ReadFile("testdata/fixes/host/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	host += "-- .mod --\n" + string(gomod)
	err = fs.WalkDir(os.DirFS("testdata/fixes/host"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join("testdata/fixes/host", name))
		host += "-- " + name + " --\n" + string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(modules, "example.com_host_v1.0.0.txtar"), []byte(host), 0o666); err != nil {
		t.Fatal(err)
	}
	proxy, err := goproxytest.NewServer(modules, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	plugtool, err := exec.LookPath("plugtool")
	if err != nil {
		t.Fatal(err)
	}
	outer := outerGoEnv(t)
	cache := filepath.Join(dir, "mod")
	borrowToolchains(t, outer["GOMODCACHE"], cache)
	return &fixWorld{cache: cache, env: []string{
		"PATH=" + filepath.Dir(plugtool) + string(filepath.ListSeparator) + os.Getenv("PATH"),
		"HOME=" + dir, "GOCACHE=" + outer["GOCACHE"], "GOMODCACHE=" + cache, "GOENV=off", "GOTOOLCHAIN=local",
		"GOPROXY=" + proxy.URL + "," + outer["GOPROXY"], "GONOSUMDB=example.com", "GOFLAGS=-modcacherw -buildvcs=false", "CGO_ENABLED=1",
		"PROFILE=" + profile(t),
	}}
}

// profile is a CPU profile that changes how the runtime is compiled.
func profile(t *testing.T) string {
	t.Helper()
	file, err := filepath.Abs("../../testdata/build/cpu.pgo")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// borrowToolchains lets a module cache have the Go toolchains of another, and what the
// checksum database said of them.
func borrowToolchains(t *testing.T, from, to string) {
	t.Helper()
	for _, dir := range []string{"golang.org", "cache/download/golang.org", "cache/download/sumdb"} {
		if err := os.MkdirAll(filepath.Join(to, dir), 0o777); err != nil {
			t.Fatal(err)
		}
		entries, err := filepath.Glob(filepath.Join(from, dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if err := os.Symlink(e, filepath.Join(to, dir, filepath.Base(e))); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A fixBench is the folder of one case.
type fixBench struct {
	*fixWorld
	t   *testing.T
	dir string
}

// sh runs a shell's command in a folder of the bench.
func (b *fixBench) sh(folder, command string) error {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-ec", command)
	cmd.Dir = filepath.Join(b.dir, folder)
	cmd.Env = append(slices.Clone(b.env), "PWD="+cmd.Dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", command, err, out)
	}
	return nil
}

func (b *fixBench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// verify gives the findings of the last plugin.
func (b *fixBench) verify(list string) inspector.PluginVerdict {
	b.t.Helper()
	cmd := exec.Command("sh", "-c", "plugtool verify --format json --host ../bin/host "+list)
	cmd.Dir, cmd.Env = filepath.Join(b.dir, "plugin"), b.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	var document struct {
		Results []struct {
			Plugins []inspector.PluginVerdict `json:"plugins"`
		} `json:"results"`
	}
	if err := json.Unmarshal(stdout.Bytes(), &document); err != nil || len(document.Results) != 1 {
		b.t.Fatalf("%v: %s%s", err, stdout.Bytes(), stderr.Bytes())
	}
	plugins := document.Results[0].Plugins
	return plugins[len(plugins)-1]
}

// load has the host really open the plugins, and gives what it says of the last.
func (b *fixBench) load(list string) string {
	cmd := exec.Command("sh", "-c", "exec ../bin/host "+list)
	cmd.Dir, cmd.Env = filepath.Join(b.dir, "plugin"), append(slices.Clone(b.env), "GOCOVERDIR="+b.dir)
	out, err := cmd.Output()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil {
		return err.Error()
	}
	return lines[len(lines)-1]
}

// isPlain says whether a fix is a command; the others are edits in words.
func isPlain(fix string) bool {
	for _, start := range []string{"plugtool ", "go ", "git ", "chmod ", "CGO_ENABLED=1 "} {
		if strings.HasPrefix(fix, start) {
			return true
		}
	}
	return false
}

// apply does what a finding's fix says, word for word.
func (b *fixBench) apply(c fixCase, f inspector.Finding) {
	b.t.Helper()
	for _, fix := range f.Fix {
		folder, command := "plugin", fix
		if strings.HasPrefix(fix, "CGO_ENABLED=1 ") {
			folder = "host" // the host's author mends it
		}
		if !isPlain(fix) {
			command = c.edit(fix)
			if command == "" {
				b.t.Fatalf("%s: the fix %q is no command, and the case has no edit for it", f.ID, fix)
			}
		}
		if err := b.sh(folder, command); err != nil {
			b.t.Fatalf("%s %s: fix %q: %v", f.ID, f.Title, fix, err)
		}
	}
}

// usualEdits do what most fixes in words ask for.
var usualEdits = map[string]string{
	"put the source of example.com/host": `rm -rf DIR; cp -r ../host DIR`,
	"put the source of example.com/dep":  `rm -rf DIR; cp -r ../dep DIR`,
	"put the profile default.pgo":        `cp $PROFILE default.pgo`,
	"put the profile cpu.pgo":            `cp $PROFILE cpu.pgo`,
	"put the Go toolchain":               `ln -sfn $(go env GOROOT) GOROOT`,
}

// edit gives the command that does what a fix in words says, "" where there is none.
func (c fixCase) edit(fix string) string {
	for _, edits := range []map[string]string{c.edits, usualEdits} {
		for part, edit := range edits {
			if strings.Contains(fix, part) {
				return edit
			}
		}
	}
	return ""
}

func (c fixCase) test(t *testing.T, world *fixWorld) {
	b := &fixBench{fixWorld: world, t: t, dir: t.TempDir()}
	b.must(os.Mkdir(filepath.Join(b.dir, "bin"), 0o777))
	for _, folder := range []string{"host", "plugin"} {
		b.must(os.CopyFS(filepath.Join(b.dir, folder), os.DirFS(filepath.Join("testdata/fixes", folder))))
		b.must(b.sh(folder, "go mod tidy"))
	}
	host, plugin, list := c.host, c.plugin, c.list
	if host == "" {
		host = installed
	}
	if plugin == "" {
		plugin = plain
	}
	if list == "" {
		list = "./a.so"
	}
	b.must(b.sh("host", host))
	b.must(b.sh("plugin", plugin))
	v := b.verify(list)
	if got := b.load(list); (got == "loads") != (v.Outcome == inspector.Loads) {
		t.Errorf("the verdict is %s, really %q", v.Outcome, got)
	}
	var said []string
	for _, f := range v.Findings {
		said = append(said, fmt.Sprintf("%s %s | %s | %s", f.ID, f.Title, f.Host, f.Plugin))
	}
	if len(said) != len(c.want) {
		t.Errorf("findings:\n%s\nwant:\n%s", strings.Join(said, "\n"), strings.Join(c.want, "\n"))
	}
	for i := range min(len(said), len(c.want)) {
		want := strings.NewReplacer("DIR", b.dir, "CACHE", b.cache, "PROFILE", profile(t), "GORELEASE", runtime.Version()).Replace(c.want[i])
		if !strings.Contains(said[i], want) {
			t.Errorf("finding\n  %s\nwant\n  %s", said[i], want)
		}
	}
	// A host that is built anew may have other packages than before, so that the plugin
	// has to follow.
	for range 2 {
		for _, f := range v.Findings {
			b.apply(c, f)
			for _, g := range b.verify(list).Findings {
				if g.ID == f.ID && g.Title == f.Title {
					t.Errorf("%s: after its fix %q the finding is still there", f.ID, f.Fix)
				}
			}
		}
		v = b.verify(list)
	}
	if got := b.load(list); got != "loads" {
		t.Errorf("after all fixes the host says %q, verify %+v", got, b.verify(list))
	}
}

// TestFixes applies every fix that a verdict prints and really loads what comes of it.
func TestFixes(t *testing.T) {
	world := newFixWorld(t)
	for _, c := range fixCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, world)
		})
	}
}
