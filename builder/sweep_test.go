//go:build sweep

package builder_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// releases are the newest of every minor release that plugtool builds for, and
// older patches of some. The module proxy has them.
var releases = []string{
	"go1.21.13", "go1.22.12", "go1.23.12", "go1.24.13",
	"go1.25.3", "go1.25.5", "go1.25.12", "go1.26.7", "go1.27.0", "go1.27.1",
}

// TestReleases builds hosts with other releases than the one at hand, in the
// ways that differ most, and plugins for them.
func TestReleases(t *testing.T) {
	for _, release := range releases {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			for _, c := range []hostCase{
				{name: "checkout trimmed", setup: checkout("-trimpath")},
				{name: "checkout untrimmed", setup: checkout()},
				{name: "build folder is gone", setup: elsewhere(nil)},
				{name: "installed trimmed", setup: func(b *bench) { b.installHost(nil, "-trimpath"); published(b) }},
				{name: "other module cache", setup: func(b *bench) {
					b.installHost([]string{"GOMODCACHE=" + filepath.Join(b.dir, "other")})
					published(b)
				}},
				{name: "vendored untrimmed", setup: vendoredHost()},
				{name: "workspace untrimmed", setup: workspaceHost()},
				{name: "race", setup: checkout("-race")},
				{name: "cover", setup: elsewhere(nil, "-cover")},
				{name: "gcflags for all", setup: elsewhere(nil, "-gcflags=all=-N -l")},
				{name: "profile guided", setup: func(b *bench) {
					b.profile()
					checkout("-trimpath")(b)
				}},
			} {
				t.Run(c.name, func(t *testing.T) { sweepCase(t, c, release) })
			}
		})
	}
}

// sweepCase runs a case whose host is built with another release.
func sweepCase(t *testing.T, c hostCase, release string) {
	c.want = ""
	setup := c.setup
	c.setup = func(b *bench) { b.atRelease(release, func() { setup(b) }) }
	c.test(t)
}

// atRelease has the go command in PATH be another release for as long as act runs. The
// plugin's author has the go command at hand, and the release beside it.
func (b *bench) atRelease(release string, act func()) {
	b.t.Helper()
	if release != "" {
		root := strings.TrimSpace(b.run(b.dir, []string{
			"GOTOOLCHAIN=" + release, "GOMODCACHE=", "HOME=" + os.Getenv("HOME"), "GOPROXY=", "GONOSUMDB=",
		}, "go", "env", "GOROOT"))
		path := getPath(b)
		b.set("PATH=" + filepath.Join(root, "bin") + string(os.PathListSeparator) + path)
		defer b.set("PATH=" + path)
		sdk := filepath.Join(b.dir, "home", "sdk")
		b.mkdir(sdk)
		if err := os.Symlink(root, filepath.Join(sdk, release)); err != nil {
			b.t.Fatal(err)
		}
	}
	act()
}

func getPath(b *bench) string {
	for _, s := range b.env {
		if path, ok := strings.CutPrefix(s, "PATH="); ok {
			return path
		}
	}
	return ""
}

// A profile that is not the host's is told from the verdict, and the next one that may
// be it is tried.
func TestOtherProfiles(t *testing.T) {
	b := newBench(t)
	b.profile()
	b.run(b.host, nil, "mv", "cmd/host/default.pgo", "../default.pgo")
	checkout("-pgo=../default.pgo")(b)
	b.wrongProfile(filepath.Join(b.host, "cmd", "host", "default.pgo"))
	res, err := b.build(b.options())
	if err != nil {
		t.Fatal(err)
	}
	if got := b.load(res.Output); got != "loads: "+usual {
		t.Errorf("the host says %q", got)
	}
	opts := b.options()
	opts.PGO = filepath.Join(b.host, "cmd", "host", "default.pgo")
	_, err = b.build(opts)
	if err == nil || !strings.Contains(err.Error(), "cmd/host/default.pgo is not the one that the host was built with") {
		t.Errorf("the wrong profile is told as %v", err)
	}
}

// wrongProfile writes another profile: one without a sample.
func (b *bench) wrongProfile(file string) {
	b.t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte{6<<3 | 2, 0}); err != nil { // a table of strings with the empty one
		b.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.write(file, out.String())
}
