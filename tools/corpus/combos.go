package main

import (
	"fmt"
	"slices"
	"strings"
)

// A combo is a host and the plugins that one process of it opens, in order.
type combo struct {
	group   string
	host    *recipe
	plugins []*recipe
	ci      bool
	reason  string // why verdict and event may differ; "" where they must not
}

func (c *combo) String() string {
	s := c.host.name + ":"
	for _, p := range c.plugins {
		s += " " + strings.TrimSuffix(p.name, "@"+c.host.release)
	}
	return s
}

// parseCombos reads corpus.txt. A line is
//
//	[ci] HOST: PLUGIN… [! REASON]
//
// Braces stand for every choice among them, $NAME for what a line NAME = VALUE gave
// it before, and a plugin without a release has its host's. A reason is why the
// verdict may differ from what happens: what no file can tell. A line "= GROUP" begins
// a group. Combinations that are there twice count once.
func parseCombos(text string) ([]*combo, error) {
	var list []*combo
	seen := make(map[string]*combo)
	vars := make(map[string]string)
	group := ""
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		for _, name := range slices.Backward(slices.Sorted(keys(vars))) {
			line = strings.ReplaceAll(line, "$"+name, vars[name])
		}
		if g, ok := strings.CutPrefix(line, "= "); ok {
			group = g
			continue
		}
		if name, value, ok := strings.Cut(line, " = "); ok {
			vars[name] = value
			continue
		}
		if line == "" {
			continue
		}
		line, reason, _ := strings.Cut(line, " ! ")
		for _, one := range expand(strings.TrimSpace(line)) {
			c, err := parseCombo(one)
			if err != nil {
				return nil, fmt.Errorf("corpus.txt line %d: %w", i+1, err)
			}
			c.group, c.reason = group, reason
			if old := seen[c.String()]; old != nil {
				old.ci = old.ci || c.ci
				continue
			}
			seen[c.String()] = c
			list = append(list, c)
		}
	}
	return list, nil
}

func keys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// expand gives every choice of the first braces, those of the others in turn.
func expand(line string) []string {
	open := strings.IndexByte(line, '{')
	if open < 0 {
		return []string{line}
	}
	end := open + strings.IndexByte(line[open:], '}')
	var list []string
	for choice := range strings.SplitSeq(line[open+1:end], ",") {
		list = append(list, expand(line[:open]+choice+line[end+1:])...)
	}
	return list
}

const newest = "1.26.8"

func parseCombo(line string) (*combo, error) {
	line, ci := strings.CutPrefix(line, "ci ")
	hostSpec, rest, ok := strings.Cut(line, ":")
	if !ok {
		return nil, fmt.Errorf("%q is no HOST: PLUGIN…", line)
	}
	host, err := parseRecipe(hostSpec, newest)
	if err != nil {
		return nil, err
	}
	c := &combo{host: host, ci: ci}
	for spec := range strings.FieldsSeq(rest) {
		p, err := parseRecipe(spec, host.release)
		if err != nil {
			return nil, err
		}
		c.plugins = append(c.plugins, p)
	}
	return c, nil
}
