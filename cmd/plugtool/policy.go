package main

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
)

const baselineLimit = 64 << 20 // bytes; an entry takes some 300

// policyFlags say which findings count.
func policyFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "fail-on", Usage: "fail from this `SEVERITY` on: error (the default), warning, note, or never; what does not load fails always"},
		&cli.StringFlag{Name: "baseline", Usage: "fail only for what is not in `FILE`, which --write-baseline wrote"},
		&cli.StringFlag{Name: "write-baseline", Usage: "write what was found to `FILE` (the exit code stays what it is)"},
	}
}

// An ignoreEntry is an entry of verify.ignore in plugtool.yaml.
type ignoreEntry struct {
	ID      string `yaml:"id"`
	Package string `yaml:"package"`
	Plugin  string `yaml:"plugin"`
	Reason  string `yaml:"reason"`
	Until   string `yaml:"until"`
}

// policy puts together what counts: from the flags, and from plugtool.yaml what
// does not loosen a check.
func (p *program) policy(c *cli.Context, conf config) (report.Policy, error) {
	policy := report.Policy{Today: time.Now()}
	var err error
	if policy.Ignores, err = conf.ignores(); err != nil {
		return report.Policy{}, err
	}
	if policy.FailOn, err = p.failOn(c.String("fail-on"), conf); err != nil {
		return report.Policy{}, err
	}
	file := c.String("baseline")
	if file == "" {
		return policy, nil
	}
	data, err := readSmall(file, baselineLimit)
	if err != nil {
		return report.Policy{}, usageError(fmt.Errorf("baseline: %w", err), "plugtool verify --write-baseline FILE makes one")
	}
	if policy.Known, err = report.ReadBaseline(data); err != nil {
		return report.Policy{}, usageError(fmt.Errorf("baseline %s: %w", file, err), "plugtool verify --write-baseline FILE makes one")
	}
	return policy, nil
}

// failOn reads a threshold. plugtool.yaml may make it stricter, not looser.
func (p *program) failOn(flag string, conf config) (inspector.Severity, error) {
	value := flag
	if flag == "" {
		value = conf.Verify.FailOn
	}
	s := inspector.Severity(value)
	switch {
	case value == "":
		return inspector.Error, nil
	case !slices.Contains(report.Thresholds, s) && flag != "":
		return "", usagef("", "--fail-on %s: want error, warning, note or never", value)
	case !slices.Contains(report.Thresholds, s):
		return "", usagef("", "%s: verify.fail-on is %q, want error, warning or note", conf.file, value)
	case flag == "" && s == report.FailNever:
		return "", usagef("give --fail-on never on the command line",
			"%s: verify.fail-on may not be never here, because that loosens what is checked", conf.file)
	}
	if flag == "" {
		p.noticef("fail-on %s comes from %s", value, conf.file)
	}
	return s, nil
}

// ignores reads the entries of plugtool.yaml. Each needs an id, a reason and a
// last day: what is ignored for no reason, or for ever, is forgotten.
func (c config) ignores() ([]report.Ignore, error) {
	var list []report.Ignore
	for n, e := range c.Verify.Ignore {
		at := fmt.Sprintf("%s: verify.ignore[%d]", c.file, n)
		kind, known := report.KindOf(e.ID)
		until, err := time.Parse(time.DateOnly, e.Until)
		_, badPattern := path.Match(e.Plugin, "")
		switch {
		case e.ID == "":
			return nil, usagef("", "%s has no id, as in id: PT801", at)
		case !known:
			return nil, usagef("`plugtool explain` lists them", "%s: no finding has the id %q", at, e.ID)
		case strings.HasPrefix(kind.ID, "PT9"):
			return nil, usagef("", "%s: %s is about a signature, which cannot be ignored", at, kind.ID)
		case strings.TrimSpace(e.Reason) == "":
			return nil, usagef("", "%s (%s) has no reason: want one for whoever reads it later", at, kind.ID)
		case e.Until == "":
			return nil, usagef("", "%s (%s) has no last day, as in until: %s", at, kind.ID, time.Now().AddDate(0, 3, 0).Format(time.DateOnly))
		case err != nil:
			return nil, usagef("", "%s (%s): until is %q, want a day as in 2027-01-31", at, kind.ID, e.Until)
		case badPattern != nil:
			return nil, usagef("", "%s (%s): plugin is %q, which is no pattern", at, kind.ID, e.Plugin)
		}
		list = append(list, report.Ignore{
			ID: kind.ID, Package: e.Package, Plugin: e.Plugin, Reason: strings.TrimSpace(e.Reason), Until: until, Origin: at,
		})
	}
	return list, nil
}

// tellPolicy says what a person has to know about what does not count.
func (p *program) tellPolicy(r *report.Report, conf string) {
	if n := r.Ignored(); n > 0 {
		p.noticef("findings that do not count: %d, by verify.ignore of %s", n, conf)
	}
	for _, complaint := range r.Complaints() {
		p.warningf("%s", complaint)
	}
}

// writeBaseline writes what a later run takes as known.
func writeBaseline(file string, r *report.Report) error {
	err := writeFile(file, 0o666, func(w io.Writer) error { return report.WriteBaseline(w, r) })
	if err != nil {
		return fmt.Errorf("write the baseline: %w", err)
	}
	return nil
}
