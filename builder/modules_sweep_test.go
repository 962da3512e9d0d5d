//go:build sweep

package builder_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/builder"
)

// A realCase is a host with modules that people really use, at versions of a
// certain day, and a plugin whose author took others.
type realCase struct {
	name  string
	host  []string // modules at versions, as go get takes them
	uses  []string // packages that the host imports
	asks  []string // modules at versions that the plugin's go.mod asks for
	code  string   // the plugin's imports, and the body of its func Run() string
	flags []string // of the host's build; -trimpath where there is none
	says  string
	pins  []string // modules that the plugin must be told of as pinned

	release string // the host's Go release; "" for that of the go command at hand
}

// realModules downloads and builds some of the heaviest modules there are.
func TestRealModules(t *testing.T) {
	for _, c := range realCases {
		t.Run(c.name, func(t *testing.T) { c.test(t) })
	}
}

const realHost = `// Command host opens the plugins that it is given.
package main

import (
	"fmt"
	"os"
	"plugin"

%s)

func main() {
	for _, path := range os.Args[1:] {
		p, err := plugin.Open(path)
		if err != nil {
			fmt.Println("refused: " + err.Error())
			continue
		}
		run, err := p.Lookup("Run")
		if err != nil {
			fmt.Println("refused: " + err.Error())
			continue
		}
		fmt.Println("loads: " + run.(func() string)())
	}
}
`

// realBench makes the two modules and builds the host.
func (c realCase) bench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir()}
	b.host, b.plugin, b.bin = filepath.Join(b.dir, "host"), filepath.Join(b.dir, "plugin"), filepath.Join(b.dir, "bin", "host")
	b.mkdir(filepath.Join(b.dir, "tmp"))
	b.mkdir(filepath.Dir(b.bin))
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	b.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(b.dir, "home"), "TMPDIR=" + filepath.Join(b.dir, "tmp"),
		"GOCACHE=" + shared.goCache, "GOMODCACHE=" + strings.TrimSpace(string(cache)),
		"GOTOOLCHAIN=local", "GOFLAGS=-buildvcs=false", "GOENV=off",
	}
	var imports strings.Builder
	for _, pkg := range c.uses {
		fmt.Fprintf(&imports, "\t_ %q\n", pkg)
	}
	flags := c.flags
	if flags == nil {
		flags = []string{"-trimpath"}
	}
	b.atRelease(c.release, func() {
		b.module(b.host, "example.com/real/host", fmt.Sprintf(realHost, imports.String()), c.host)
		b.run(b.host, nil, "go", append(append([]string{"build"}, flags...), "-o", b.bin, ".")...)
	})
	imp, body, _ := strings.Cut(c.code, "---\n")
	source := fmt.Sprintf("package main\n\nimport (\n%s)\n\n// Run is what the host calls.\nfunc Run() string {\n%s}\n", imp, body)
	b.module(b.plugin, "example.com/real/plugin", source, c.asks)
	return b
}

// module writes a module with one file that requires the given versions, and
// whatever those need.
func (b *bench) module(dir, path, source string, versions []string) {
	b.t.Helper()
	b.write(filepath.Join(dir, "main.go"), source)
	b.run(dir, nil, "go", "mod", "init", path)
	if len(versions) > 0 {
		b.run(dir, nil, "go", append([]string{"get"}, versions...)...)
	}
	b.run(dir, nil, "go", "mod", "tidy")
}

func (c realCase) test(t *testing.T) {
	b := c.bench(t)
	before := b.sourceOf(b.plugin)
	res, err := b.build(b.options())
	if err != nil {
		t.Fatal(err)
	}
	for _, pin := range res.Plan.Pins {
		t.Logf("pin %s: plugin %s, host %s", pin.Module, pin.Plugin, pin.Host)
	}
	for _, module := range c.pins {
		if !slices.ContainsFunc(res.Plan.Pins, func(p builder.Pin) bool { return p.Module == module }) {
			t.Errorf("nothing says that %s is pinned: %v", module, res.Plan.Pins)
		}
	}
	if got, want := b.load(res.Output), "loads: "+c.says; got != want {
		t.Errorf("the host says %q, want %q", got, want)
	}
	if after := b.sourceOf(b.plugin); after != before {
		t.Errorf("the author's files changed:\n%s\nwere\n%s", after, before)
	}
	b.noneLeft()
}
