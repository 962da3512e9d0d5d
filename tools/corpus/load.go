package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// An event is what became of one plugin, or what was foretold of it.
type event struct {
	Outcome string `json:"outcome"`
	Refusal string `json:"refusal"`
	ids     string // of the verdict's errors
	how     string // how the process ended
}

func (e event) String() string {
	s := e.Outcome
	if e.Outcome == "refused" {
		s += fmt.Sprintf(" %q", e.Refusal)
	}
	if e.how != "" {
		s += " (" + e.how + ")"
	}
	if e.ids != "" {
		s += " " + e.ids
	}
	return s
}

// patience is how long a host may take to open its plugins, which needs a fraction of
// a second.
const patience = 60 * time.Second

// load really opens the plugins, in one process of the host, and says what became of
// each.
func load(c *combo, host string, plugins []string) ([]event, error) {
	var list []event
	if c.host.program.pkg == "./cmd/none" {
		for range plugins {
			list = append(list, event{Outcome: "refused"})
		}
		return list, nil
	}
	if c.host.program.installed == "golangci-lint" {
		return loadIntoGolangci(host, plugins)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	args := plugins
	if c.host.verb == "test" {
		args = append([]string{"--"}, plugins...)
	}
	cmd := exec.CommandContext(ctx, host, args...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "GOCOVERDIR=/tmp"}
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
		return nil, fmt.Errorf("run %s: %w", host, err)
	}
	for line := range strings.Lines(stdout.String()) {
		line = strings.TrimSuffix(line, "\n")
		if len(list) == len(plugins) {
			break
		}
		if line == "corpus loads" {
			list = append(list, event{Outcome: "loads"})
		} else if text, ok := strings.CutPrefix(line, "corpus refused "); ok {
			if text, err = strconv.Unquote(text); err != nil {
				return nil, fmt.Errorf("%s printed %q: %w", host, line, err)
			}
			list = append(list, event{Outcome: "refused", Refusal: withoutPrefix(text, plugins[len(list)])})
		}
	}
	if len(list) < len(plugins) {
		how := endOf(cmd, ctx, stderr.String())
		if err == nil {
			how = "exit status 0"
		}
		list = append(list, event{Outcome: "crashes", how: how})
	}
	for len(list) < len(plugins) {
		list = append(list, event{Outcome: "unknown"})
	}
	return list, nil
}

// withoutPrefix cuts off what plugin.Open puts before its errors; after dlopen it
// leaves out the suffix of the name (plugin/plugin_dlopen.go).
func withoutPrefix(text, file string) string {
	for _, name := range []string{file, strings.TrimSuffix(file, ".so")} {
		if rest, ok := strings.CutPrefix(text, `plugin.Open("`+name+`"): `); ok {
			return rest
		}
	}
	return text
}

func endOf(cmd *exec.Cmd, ctx context.Context, stderr string) string {
	how := "hangs"
	if ctx.Err() == nil {
		how = cmd.ProcessState.String()
	}
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		for _, sign := range []string{"fatal error:", "panic:", "ERROR:", "ASan runtime", "runtime: ", "unexpected fault", "Inconsistency"} {
			if strings.Contains(line, sign) {
				return how + ", " + line[:min(len(line), 120)]
			}
		}
	}
	return how
}
