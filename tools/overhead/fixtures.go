package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

const hostSource = `package main

import (
	"fmt"
	"os"
	"plugin"
)

var version string

func main() {
	for _, file := range os.Args[1:] {
		p, err := plugin.Open(file)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		serve, err := p.Lookup("Serve")
		if err != nil {
			panic(err)
		}
		fmt.Println(version, serve.(func(string) (string, error)) != nil)
	}
}
`

// A plugin as authors write them: a server's part, with JSON and HTTP in it.
const pluginSource = `package main

import (
	"encoding/json"
	"net/http"

	"example.com/plugins/shared"
)

// Serve asks for a document and gives its title.
func Serve(url string) (string, error) {
	resp, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var doc struct{ Title string }
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		return "", err
	}
	return shared.Title("plugin %d", doc.Title), nil
}

func main() {}
`

const sharedSource = `// Package shared is what the plugins have in common.
package shared

import "strings"

// Title joins two words.
func Title(a, b string) string { return strings.Join([]string{a, b}, ": ") }
`

func (m *meter) writePlugins() error {
	files := map[string]string{"go.mod": "module example.com/plugins\n\ngo 1.24\n", "shared/shared.go": sharedSource}
	for i := range m.plugins {
		files[fmt.Sprintf("p%02d/main.go", i)] = fmt.Sprintf(pluginSource, i)
	}
	return write(filepath.Join(m.dir, "plugins"), files)
}

// write writes files in a folder.
func write(dir string, files map[string]string) error {
	for file, content := range files {
		file = filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// hosts builds three hosts with each release: of one plan for two, of three for six.
// Their source is gone afterwards: beside the plugins it would be found and made part of
// the plans, whose go build would need files that the shell loop would have to write.
func (m *meter) hosts(kind string) ([]string, error) {
	src := filepath.Join(m.dir, "host")
	if err := write(src, map[string]string{"go.mod": "module example.com/host\n\ngo 1.24\n", "main.go": hostSource}); err != nil {
		return nil, err
	}
	defer os.RemoveAll(src)
	ways := [][]string{{"-trimpath", "-ldflags=-X=main.version=v1"}, {"-trimpath", "-ldflags=-X=main.version=v2"}, {"-trimpath", "-ldflags=-s -w"}}
	if kind == "six" {
		ways = [][]string{{"-trimpath"}, {}, {"-trimpath", "-tags=special"}}
	}
	var list []string
	for r, release := range m.releases {
		for w, flags := range ways {
			file := filepath.Join(m.dir, fmt.Sprintf("%s-host%d%d", kind, r, w))
			args := append(append([]string{"build"}, flags...), "-buildvcs=false", "-o", file, ".")
			if err := command(src, []string{"GOTOOLCHAIN=" + release}, "go", args...); err != nil {
				return nil, err
			}
			list = append(list, file)
		}
	}
	return list, nil
}

// A pair is a plugin for a host, with the go build that its plan says.
type pair struct {
	meter                  *meter
	host, output, dir, pkg string
	goCommand              string
	env, flags             []string
}

// pairs asks plugtool for the plans of all.
func (m *meter) pairs(hosts []string) ([]*pair, error) {
	args := []string{"build", "--dry-run", "--format", "json", "--toolchain", "auto", "-o", filepath.Join(m.dir, "out", "{{.Name}}_{{.Host}}.so"), "./..."}
	for _, h := range hosts {
		args = append(args, "--host", h)
	}
	cmd := exec.Command(m.plugtool, args...)
	cmd.Dir = filepath.Join(m.dir, "plugins")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%v: %w", cmd.Args, err)
	}
	var doc struct {
		Results []struct {
			Plan struct {
				Host, Dir, Package, Output string
				Env, Flags                 []string
				Toolchain                  struct{ Command string }
			}
		}
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		return nil, err
	}
	var list []*pair
	for _, r := range doc.Results {
		p := &pair{m, r.Plan.Host, r.Plan.Output, r.Plan.Dir, r.Plan.Package, r.Plan.Toolchain.Command, r.Plan.Env, r.Plan.Flags}
		if strings.Contains(strings.Join(append(p.env, p.flags...), " "), "$work") {
			return nil, errors.New("a plan has files of its own, which a loop of go build does not")
		}
		list = append(list, p)
	}
	if len(list) != m.plugins*len(hosts) {
		return nil, fmt.Errorf("%d plans for %d plugins and %d hosts", len(list), m.plugins, len(hosts))
	}
	return list, nil
}

// single is the first plugin for the first host.
func (m *meter) single() (*pair, error) {
	hosts, err := m.hosts("two")
	if err != nil {
		return nil, err
	}
	pairs, err := m.pairs(hosts[:1])
	if err != nil {
		return nil, err
	}
	p := pairs[0]
	if err := os.MkdirAll(filepath.Dir(p.output), 0o777); err != nil {
		return nil, err
	}
	return p, p.plugtool(nil)
}

// args are those of the go command.
func (p *pair) args(output string) []string {
	return append(append([]string{"build"}, p.flags...), "-o", output, p.pkg)
}

// goBuild runs the go build of the plan, with an output of its own.
func (p *pair) goBuild(env []string) error {
	return command(p.dir, append(p.env[:len(p.env):len(p.env)], env...), p.goCommand, p.args(p.output+".go")...)
}

func (p *pair) plugtool(env []string) error {
	return command(p.dir, env, p.meter.plugtool, "build", "--quiet", "--toolchain", "auto", "--host", p.host, "-o", p.output, p.pkg)
}

// plan is the same for pairs of which plugtool knows that they come to the same.
func (p *pair) plan() string {
	return strings.Join(append(append(p.args(""), p.env...), p.goCommand), "\n")
}

// shell is the go build as a line of a shell's loop.
func (p *pair) shell() string {
	words := []string{"cd", inspector.ShellQuote(p.dir), "&&", "env"}
	for _, list := range [][]string{p.env, {p.goCommand}, p.args(p.output)} {
		for _, w := range list {
			words = append(words, inspector.ShellQuote(w))
		}
	}
	return "(" + strings.Join(words, " ") + ")"
}

// removed removes files that may not be there.
func removed(files ...string) error {
	for _, f := range files {
		if err := os.Remove(f); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
