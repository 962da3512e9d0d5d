package report

import (
	"io"
	"slices"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

// A PolicyCheck is what `plugtool policy check` has to tell: a plugtool.policy-check/v1
// document.
type PolicyCheck struct {
	Schema  string           `json:"schema"` // set when it is written
	Policy  string           `json:"policy"`
	Host    *string          `json:"host"`
	Plugins []PolicyDecision `json:"plugins"`
}

// A PolicyDecision is what a policy decided about one plugin.
type PolicyDecision struct {
	File     string          `json:"file"`
	Allowed  bool            `json:"allowed"`
	Rule     string          `json:"rule"`
	Signers  []bundle.Signer `json:"signers"`
	Steps    []policy.Step   `json:"steps"`
	Warnings []string        `json:"warnings"`

	verdict bool // whether nothing is missing but the verdict
}

// NewPolicyDecision tells a decision about a file.
func NewPolicyDecision(file string, d *policy.Decision) PolicyDecision {
	return PolicyDecision{
		File: file, Allowed: d.Allowed, Rule: d.Rule, Signers: append([]bundle.Signer{}, d.Result.Signers...),
		Steps: append([]policy.Step{}, d.Steps...), Warnings: list(d.Warnings), verdict: d.Verdict,
	}
}

// Refuses says whether the policy refuses a plugin for more than the verdict.
func (c *PolicyCheck) Refuses() bool {
	return slices.ContainsFunc(c.Plugins, func(d PolicyDecision) bool { return !d.Allowed && !d.verdict })
}

// LacksVerdict says whether a plugin lacks the verdict that the policy asks for.
func (c *PolicyCheck) LacksVerdict() bool {
	return slices.ContainsFunc(c.Plugins, func(d PolicyDecision) bool { return d.verdict })
}

// WriteJSON writes the document.
func (c *PolicyCheck) WriteJSON(w io.Writer, _ Style) error {
	c.Schema = PolicyCheckSchema
	return WriteDocument(w, c)
}

// WriteText gives what writes the steps of each decision for people, or, without
// plugins, the summary of the policy.
func (c *PolicyCheck) WriteText(summary string) func(io.Writer, Style) error {
	return func(w io.Writer, style Style) error {
		t := newTextWriter(nil, style)
		if len(c.Plugins) == 0 {
			t.line("%s", Printable(summary))
		}
		for _, d := range c.Plugins {
			t.decision(d)
		}
		_, err := io.WriteString(w, t.b.String())
		return err
	}
}

func (t *textWriter) decision(d PolicyDecision) {
	if t.style.Quiet && d.Allowed {
		return
	}
	word, rule := t.style.paint(red, "refused"), d.Rule
	if d.Allowed {
		word = t.style.paint(green, "allowed")
	}
	if rule == "" {
		rule = "no rule"
	}
	t.section()
	t.line("%s  %s: %s", word, t.style.paint(bold, Printable(d.File)), Printable(rule))
	for _, s := range d.Steps {
		mark := t.style.paint(green, "holds")
		if !s.Holds {
			mark = t.style.paint(red, "fails")
		}
		t.line("  %s  %s: %s", mark, Printable(s.What), Printable(s.Why))
	}
	for _, warning := range d.Warnings {
		t.line("  %s  %s", t.style.paint(yellow, "warning"), Printable(warning))
	}
	t.loose = true
}
