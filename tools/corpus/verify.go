package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// foretell asks plugtool for the verdict, the way that a script would.
func foretell(plugtool, host string, plugins []string) ([]event, error) {
	args := append([]string{"verify", "--format", "json", "--host", host}, plugins...)
	out, err := exec.Command(plugtool, args...).Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, fmt.Errorf("%s: %w", plugtool, err)
	}
	stderr, code := "", 0
	if exit != nil {
		stderr, code = string(exit.Stderr), exit.ExitCode()
	}
	var report struct {
		Results []struct {
			Plugins []struct {
				event
				File     string
				Findings []struct{ ID, Severity string }
			}
		}
	}
	if jerr := json.Unmarshal(out, &report); jerr != nil || len(report.Results) != 1 {
		return nil, fmt.Errorf("plugtool %s: exit %d, %w\n%s", strings.Join(args, " "), code, jerr, stderr)
	}
	var list []event
	want := 0
	for _, p := range report.Results[0].Plugins {
		e := p.event
		for _, f := range p.Findings {
			if f.Severity == "error" && !strings.Contains(e.ids, f.ID) {
				e.ids = strings.TrimSpace(e.ids + " " + f.ID)
			}
		}
		if e.Outcome != "loads" {
			want = 3
		}
		list = append(list, e)
	}
	if len(list) != len(plugins) || code != want {
		return nil, fmt.Errorf("plugtool %s: exit %d with %d entries, want %d with %d\n%s", strings.Join(args, " "), code, len(list), want, len(plugins), stderr)
	}
	return list, nil
}

// describe writes the host's descriptor beside it, once.
func (w *workshop) describe(plugtool, host string) (string, error) {
	return w.once("describe "+host, func() (string, error) {
		_, err := output(exec.Command(plugtool, "host", host, "-o", host+".json"))
		return host + ".json", err
	})
}

// differences says where the verdict is not what happens.
func differences(really, verdict []event) (outcomes, texts []int) {
	for i := range really {
		if really[i].Outcome != verdict[i].Outcome {
			outcomes = append(outcomes, i)
		} else if inJSON(really[i].Refusal) != verdict[i].Refusal {
			texts = append(texts, i)
		}
	}
	return slices.Clip(outcomes), slices.Clip(texts)
}

// inJSON is a text as JSON holds it, which has no bytes that are not UTF-8.
func inJSON(text string) string { return string([]rune(text)) }
