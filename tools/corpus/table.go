package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// result is what became of one combination.
type result struct {
	combo            *combo
	err              error // it could not be built, loaded or judged
	really, verdict  []event
	outcomes, texts  []int // where they differ, from the host's binary or its descriptor
	byDescriptorOnly bool
}

// judge builds a combination, loads it, and compares that with the verdicts.
func (w *workshop) judge(plugtool string, c *combo) *result {
	r := &result{combo: c}
	host, err := w.file(c.host)
	if err != nil {
		r.err = err
		return r
	}
	var plugins []string
	for _, p := range c.plugins {
		file, err := w.file(p)
		if err != nil {
			r.err = err
			return r
		}
		plugins = append(plugins, file)
	}
	descriptor, err := w.describe(plugtool, host)
	if err != nil {
		r.err = err
		return r
	}
	if r.really, r.err = load(c, host, plugins); r.err != nil {
		return r
	}
	if r.verdict, r.err = foretell(plugtool, host, plugins); r.err != nil {
		return r
	}
	if r.outcomes, r.texts = differences(r.really, r.verdict); len(r.outcomes)+len(r.texts) > 0 {
		return r
	}
	verdict, err := foretell(plugtool, descriptor, plugins)
	if err != nil {
		r.err = err
		return r
	}
	if r.outcomes, r.texts = differences(r.really, verdict); len(r.outcomes)+len(r.texts) > 0 {
		r.verdict, r.byDescriptorOnly = verdict, true
	}
	return r
}

func (r *result) differs() bool { return len(r.outcomes)+len(r.texts) > 0 }

func (r *result) bad() bool { return r.err != nil || r.differs() && r.combo.reason == "" }

func (r *result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.combo)
	if r.err != nil {
		fmt.Fprintf(&b, "    %v\n", r.err)
		return b.String()
	}
	for i, p := range r.combo.plugins {
		really, verdict := r.really[i], r.verdict[i]
		if really.Outcome == verdict.Outcome && inJSON(really.Refusal) == verdict.Refusal {
			fmt.Fprintf(&b, "    %s: %s\n", p.name, event{really.Outcome, really.Refusal, verdict.ids, really.how})
			continue
		}
		fmt.Fprintf(&b, "    %s:\n        really  %s\n        verdict %s\n", p.name, really, verdict)
	}
	if r.byDescriptorOnly {
		b.WriteString("    the verdict is that from the descriptor; the one from the binary agrees\n")
	}
	if r.combo.reason != "" {
		fmt.Fprintf(&b, "    known: %s\n", r.combo.reason)
	}
	return b.String()
}

// tally counts what agrees.
type tally struct {
	combos, plugins, outcomes, refusals, texts, known, bad int
	ends                                                   map[string]int
}

func (t *tally) add(r *result) {
	t.combos++
	if r.bad() {
		t.bad++
	}
	if r.err != nil {
		return
	}
	if r.differs() && r.combo.reason != "" {
		t.known++
	}
	t.plugins += len(r.really)
	t.outcomes += len(r.really) - len(r.outcomes)
	for i, e := range r.really {
		t.ends[e.Outcome]++
		if e.Outcome == "refused" && r.verdict[i].Outcome == "refused" {
			t.refusals++
		}
	}
	t.texts -= len(r.texts)
}

// summarize prints the table and every disagreement, and says whether all is as it
// should be.
func summarize(out io.Writer, results []*result, took time.Duration) bool {
	groups := make(map[string]*tally)
	var names []string
	all := &tally{ends: make(map[string]int)}
	for _, r := range results {
		g := groups[r.combo.group]
		if g == nil {
			g = &tally{ends: make(map[string]int)}
			groups[r.combo.group] = g
			names = append(names, r.combo.group)
		}
		g.add(r)
		all.add(r)
	}
	fmt.Fprintf(out, "\n%-44s %7s %8s %16s %16s\n", "", "combos", "plugins", "outcome agrees", "text agrees")
	row := func(name string, t *tally) {
		fmt.Fprintf(out, "%-44s %7d %8d %9d of %4d %9d of %4d\n", name, t.combos, t.plugins, t.outcomes, t.plugins, t.refusals+t.texts, t.refusals)
	}
	for _, name := range names {
		row(name, groups[name])
	}
	row("all", all)
	fmt.Fprintf(out, "really: %d load, %d are refused, %d end the process, %d come after that; in %s\n",
		all.ends["loads"], all.ends["refused"], all.ends["crashes"], all.ends["unknown"], took.Round(time.Second))
	if all.known > 0 {
		fmt.Fprintf(out, "\n%d combinations differ for a known reason:\n", all.known)
	}
	for _, r := range results {
		if r.differs() && !r.bad() {
			fmt.Fprint(out, r)
		}
	}
	if all.bad > 0 {
		fmt.Fprintf(out, "\n%d combinations differ or failed without a known reason:\n", all.bad)
	}
	for _, r := range results {
		if r.bad() {
			fmt.Fprint(out, r)
		}
	}
	return all.bad == 0
}
