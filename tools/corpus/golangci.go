package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// refusedByGolangci finds the error of plugin.Open in what golangci-lint says.
var refusedByGolangci = regexp.MustCompile(`plugin\.Open\("[^"]*"\): ([^\n]*)`)

// loadIntoGolangci lets golangci-lint open a plugin as a linter. It stops at the first
// one that does not load, so that a list has one plugin.
func loadIntoGolangci(host string, plugins []string) ([]event, error) {
	if len(plugins) != 1 {
		return nil, fmt.Errorf("golangci-lint opens one plugin, not %d", len(plugins))
	}
	dir, err := os.MkdirTemp(filepath.Dir(host), "run-")
	if err != nil {
		return nil, err
	}
	for name, text := range map[string]string{
		"go.mod":  "module example.com/linted\n\ngo 1.25\n",
		"main.go": "package main\n\nfunc main() {}\n",
		".golangci.yml": "version: \"2\"\nlinters:\n  default: none\n  enable: [corpus]\n  settings:\n    custom:\n      corpus:\n        path: " + plugins[0] +
			"\n        description: a plugin of the corpus\n        original-url: example.com/corpus\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command(host, "run")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOLANGCI_LINT_CACHE="+filepath.Join(dir, "cache"))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	if m := refusedByGolangci.FindSubmatch(out); m != nil {
		return []event{{Outcome: "refused", Refusal: string(m[1])}}, nil
	}
	if exit != nil && !exit.Exited() || exit != nil && exit.ExitCode() == 2 {
		return []event{{Outcome: "crashes", how: exit.String()}}, nil
	}
	return []event{{Outcome: "loads"}}, nil
}
