package main

import (
	"os"
	"path/filepath"
)

const isolatedHostSource = `package main

import (
	"fmt"
	"os"
	"plugin"

	"github.com/prometheus/client_golang/prometheus"
)

func main() {
	fmt.Println(prometheus.NewRegistry() != nil)
	for _, file := range os.Args[1:] {
		fmt.Println(plugin.Open(file))
	}
}
`

const isolatedPluginSource = `package main

import "github.com/prometheus/client_golang/prometheus"

// Gather counts metrics.
func Gather() int {
	families, _ := prometheus.NewRegistry().Gather()
	return len(families)
}

func main() {}
`

// isolated measures a build of an isolated plugin where nothing has changed next to one of
// the same plugin that is pinned to the host's versions, where nothing has changed either.
// Host and plugin have prometheus' client at two versions, with all that it needs.
func (m *meter) isolated() (bool, error) {
	const prometheus = "-require=github.com/prometheus/client_golang@"
	hostDir, pluginDir, host := filepath.Join(m.dir, "isolated", "host"), filepath.Join(m.dir, "isolated", "plugin"), filepath.Join(m.dir, "isolated", "app")
	for _, module := range []struct{ dir, path, version, source string }{
		{hostDir, "example.com/host", "v1.19.0", isolatedHostSource}, {pluginDir, "example.com/plugin", "v1.20.5", isolatedPluginSource},
	} {
		if err := write(module.dir, map[string]string{"go.mod": "module " + module.path + "\n\ngo 1.24\n", "main.go": module.source}); err != nil {
			return false, err
		}
		for _, args := range [][]string{{"mod", "edit", prometheus + module.version}, {"mod", "tidy"}} {
			if err := command(module.dir, nil, "go", args...); err != nil {
				return false, err
			}
		}
	}
	if err := command(hostDir, nil, "go", "build", "-trimpath", "-buildvcs=false", "-o", host, "."); err != nil {
		return false, err
	}
	if err := os.RemoveAll(hostDir); err != nil { // as of the other hosts
		return false, err
	}
	build := func(output string, flags ...string) func(int) error {
		args := append([]string{"build", "--quiet", "--host", host, "-o", filepath.Join(m.dir, "isolated", output)}, flags...)
		return func(int) error { return command(pluginDir, nil, m.plugtool, append(args, ".")...) }
	}
	isolated, pinned := build("isolated.so", "--isolate=all"), build("pinned.so")
	ours, theirs, err := inTurn(8*m.rounds+2, isolated, pinned)
	if err != nil {
		return false, err
	}
	return result("nothing has changed, isolated/pinned", ours[1:], theirs[1:], isolatedBound), nil
}
