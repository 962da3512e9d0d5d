package main

import (
	"fmt"
	"strings"
)

const tableHead = `| Module | Host's | Plugin's | What happens | Once per process | Copies | Plugin | Build |
|---|---|---|---|---|---|---|---|
`

// row tells what became of a record.
func (r *record) row(got found, err error) string {
	var modules, host, plugin []string
	for i, v := range r.versions[0] {
		path, version, _ := strings.Cut(v, "@")
		_, other, _ := strings.Cut(r.versions[1][i], "@")
		modules, host, plugin = append(modules, path), append(host, version), append(plugin, other)
	}
	cells := []string{strings.Join(modules, ", "), strings.Join(host, ", "), strings.Join(plugin, ", ")}
	took := fmt.Sprintf("%.0f s", got.took.Seconds())
	switch {
	case err != nil:
		first, _, _ := strings.Cut(err.Error(), "\n")
		cells = append(cells, "WRONG: "+first, "", "", "", took)
	case got.refusal != "":
		cells = append(cells, "refused: "+got.refusal, "", "", "", took)
	default:
		copies := 0
		for _, m := range got.plan.Moved {
			copies += len(m.Packages)
		}
		what := "loads, each its own version"
		if got.sharing != "" {
			what = "loads, with the host's version: " + got.sharing
		}
		cells = append(cells, what, got.summary(),
			fmt.Sprintf("%d of %d", copies, len(got.plan.Modules)), fmt.Sprintf("%.1f MB", float64(got.size)/1e6), took)
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

// verbs say in the table what was decided.
var verbs = []struct{ action, verb string }{{"rename", "renamed"}, {"move", "moved along"}, {"share", "shared"}, {"warn", "warned of"}}

// summary tells in few words what exists once per process and is dealt with.
func (f *found) summary() string {
	var parts []string
	for _, v := range verbs {
		var what []string
		for _, line := range f.once() {
			if registry, ok := strings.CutPrefix(line, v.action+" "); ok {
				what = append(what, strings.TrimSuffix(short(registry), " (1)"))
			}
		}
		if len(what) > 0 {
			parts = append(parts, v.verb+": "+strings.Join(what, ", "))
		}
	}
	var pinned []string
	for _, p := range f.plan.Pinned {
		pinned = append(pinned, p.Packages...)
	}
	if len(pinned) > 0 {
		parts = append(parts, "the host's: "+strings.Join(pinned, ", "))
	}
	return strings.Join(parts, "; ")
}

// short leaves the path of a package's folder out of a registry's name.
func short(registry string) string {
	name, count, _ := strings.Cut(registry, " (")
	if i := strings.LastIndexByte(name, '/'); i >= 0 && !strings.Contains(name, " ") {
		name = name[i+1:]
	}
	return name + " (" + count
}
