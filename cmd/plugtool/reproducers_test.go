//go:build reproducers

package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plugtool/plugtool/inspector"
)

// reproducer gives the commands of a page.
func reproducer(page string) []string {
	_, section, _ := strings.Cut(page, "\n## See it\n")
	var commands []string
	for line := range strings.Lines(section) {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			commands = append(commands, strings.TrimRight(command, "\n"))
		}
	}
	return commands
}

// TestReproducers pastes the commands of every page into an empty folder. They
// have to print the page's finding, and where they run the host as well, it has
// to say what the verdict said it would.
func TestReproducers(t *testing.T) {
	plugtool, err := exec.LookPath("plugtool")
	if err != nil {
		t.Fatal(err)
	}
	eachPage(t, func(t *testing.T, kind inspector.FindingKind, page string) {
		t.Parallel()
		output := paste(t, filepath.Dir(plugtool), reproducer(page))
		found := regexp.MustCompile(`(?m)^  (error|warning|note) ` + kind.ID + `  `)
		if !found.MatchString(output) {
			t.Fatalf("the reproducer does not print %s:\n%s", kind.ID, output)
		}
		refusals := regexp.MustCompile(`(?m)^refused  .*\n  (.+)`).FindAllStringSubmatch(output, -1)
		for _, refusal := range refusals {
			if strings.Contains(page, "\n    ./host ") && strings.Count(output, refusal[1]) < 2 {
				t.Errorf("verify foretells %q, and the host says something else:\n%s", refusal[1], output)
			}
		}
	})
}

// paste runs commands as a person would who pastes them into a shell. Before
// the first verdict none may fail.
func paste(t *testing.T, bin string, commands []string) string {
	t.Helper()
	verdict := slices.IndexFunc(commands, func(c string) bool { return strings.HasPrefix(c, "plugtool verify ") })
	if verdict < 0 {
		verdict = len(commands)
	}
	script := append([]string{"set -e"}, commands[:verdict]...)
	script = append(append(script, "set +e"), commands[verdict:]...)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", strings.Join(script, "\n"))
	cmd.Dir = t.TempDir()
	cmd.Env = append(cmd.Environ(), "PATH="+bin+":"+environment(cmd.Environ()).get("PATH"), "CGO_ENABLED=1")
	cmd.WaitDelay = 5 * time.Second
	output, _ := cmd.CombinedOutput() // what the last command exits with is not the page's subject
	return string(output)
}
