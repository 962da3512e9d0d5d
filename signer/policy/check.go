package policy

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/plugtool/plugtool/signer/bundle"
)

// soon is how long before a key expires there is a warning of it.
const soon = 30 * 24 * time.Hour

// Check decides about one plugin at a time, now. Its sidecars are read, and of the
// plugin nothing but what the subject holds.
func (r *Rules) Check(s Subject, now time.Time) *Decision {
	return r.Examine(s).Decide(s.Hosts, s.Outcome, now)
}

// Examine begins to decide about a plugin, for those who decide about it for several
// hosts, or before they know the verdict. The subject's Hosts and Outcome are not used.
func (r *Rules) Examine(s Subject) *Examination {
	e := &Examination{rules: r, subject: s, file: s.Digests, found: map[bundle.Kind]collected{}}
	if e.file == nil {
		e.file = bundle.NewDigests(s.Data)
	}
	return e
}

// AskProofs tells whether any rule asks for a proof that plugins load, for which a
// subject's Hosts are needed.
func (r *Rules) AskProofs() bool {
	return slices.ContainsFunc(r.rules, func(rule Rule) bool {
		return slices.ContainsFunc(rule.Attestations, func(a Attestation) bool {
			uri, _ := TypeURI(a.Type)
			return uri == LoadsType
		})
	})
}

// An Examination is one plugin with what there is to it. Its sidecars are read once,
// when the first decision needs them. It is not for concurrent use.
type Examination struct {
	rules   *Rules
	subject Subject
	file    *bundle.Digests
	found   map[bundle.Kind]collected
}

type collected struct {
	evidence []bundle.Evidence
	err      error
}

// Decide decides about the plugin in one host: see [Subject] for hosts and outcome.
func (e *Examination) Decide(hosts []string, outcome string, now time.Time) *Decision {
	d := &decider{Examination: e, rules: e.rules, now: now}
	d.subject.Hosts, d.subject.Outcome = hosts, outcome
	d.Result = bundle.Result{Status: bundle.Untrusted, Signers: []bundle.Signer{}}
	d.decide()
	switch {
	case d.Allowed:
		d.Result.Status, d.Result.Reason = bundle.Verified, ""
	case !d.Verdict:
		d.Result.Signers = []bundle.Signer{} // whoever counts signers counts on all that the policy asks for
	}
	d.Result.Rule = d.Rule
	return &d.Decision
}

func (e *Examination) collect(kind bundle.Kind, files []string) ([]bundle.Evidence, error) {
	c, ok := e.found[kind]
	if !ok {
		search := bundle.Search{Plugin: e.subject.File, Kind: kind, Files: files, Folder: e.subject.Folder}
		c.evidence, c.err = search.Collect(e.file, e.rules.trust)
		e.found[kind] = c
	}
	return c.evidence, c.err
}

type decider struct {
	Decision
	*Examination
	rules *Rules
	now   time.Time
}

// step notes what was looked at, and goes on only where it holds.
func (d *decider) step(what string, holds bool, format string, args ...any) bool {
	why := oneLine(fmt.Sprintf(format, args...))
	d.Steps = append(d.Steps, Step{oneLine(what), holds, why})
	if !holds {
		d.Result.Reason = why
	}
	return holds
}

func (d *decider) decide() {
	digest := fmt.Sprintf("%x", d.file.SHA256())
	if i := slices.IndexFunc(d.rules.deny, func(e Digest) bool { return e.SHA256 == digest }); i >= 0 {
		d.Rule = fmt.Sprintf("deny[%d]", i)
		d.step(StepDigest, false, "the policy denies sha256 %s: %s", digest, d.rules.deny[i].Reason)
		return
	}
	rule := d.findRule()
	if rule == nil {
		return
	}
	if i := slices.IndexFunc(d.rules.allow, func(e Digest) bool { return e.SHA256 == digest }); i >= 0 {
		d.Rule = fmt.Sprintf("allow[%d]", i)
		d.step(StepDigest, true, "the policy allows sha256 %s: %s", digest, d.rules.allow[i].Reason)
		d.verdict(rule)
		return
	}
	if !d.signatures(rule) {
		return
	}
	for _, a := range rule.Attestations {
		if !d.attestation(rule, a) {
			return
		}
	}
	if d.version(rule) {
		d.verdict(rule)
	}
}

// findRule gives the rule for the plugin, nil where none is or it refuses.
func (d *decider) findRule() *Rule {
	name := filepath.Base(d.subject.File)
	for i := range d.rules.rules {
		rule := &d.rules.rules[i]
		matches := func(pattern string) bool { ok, err := path.Match(pattern, name); return ok && err == nil }
		if !slices.ContainsFunc(rule.Name, matches) {
			continue
		}
		d.Rule = fmt.Sprintf("plugins[%d] (%s)", i, some(rule.Name))
		if rule.Refuse != "" {
			d.step(StepRule, false, "the policy refuses it: %s", rule.Refuse)
			return nil
		}
		d.step(StepRule, true, "%s is the first rule for %q", d.Rule, name)
		return rule
	}
	d.step(StepRule, false, "no rule of the policy is for a file named %q", name)
	return nil
}

// version refuses what is older than the rule allows: an old plugin is signed as well
// as a new one.
func (d *decider) version(rule *Rule) bool {
	if rule.MinVersion == "" {
		return true
	}
	if d.subject.Version == "" && d.subject.ReadVersion != nil {
		d.subject.Version = d.subject.ReadVersion()
	}
	least, _ := parseVersion(rule.MinVersion)
	have, ok := parseVersion(d.subject.Version)
	if !ok {
		return d.step(StepVersion, false, "its build information names version %s, the policy wants %s or newer; "+
			"a version is recorded where the module is built at a version, not from a folder without a tag", quote(d.subject.Version), rule.MinVersion)
	}
	return d.step(StepVersion, have.compare(least) >= 0, "it is %s, the policy wants %s or newer", d.subject.Version, rule.MinVersion)
}

// verdict asks for the verdict, the last thing that is looked at, and ends the decision.
func (d *decider) verdict(rule *Rule) {
	d.Allowed = true
	if rule.Verdict == "" {
		return
	}
	outcome := d.subject.Outcome
	if outcome == "" {
		outcome = "not known, as no host was given"
	}
	d.Allowed = d.step(StepVerdict, d.subject.Outcome == rule.Verdict, "the verdict is %s, the policy wants %s", outcome, rule.Verdict)
	d.Verdict = !d.Allowed
}

func (d *decider) warn(text string) {
	if text = oneLine(text); !slices.Contains(d.Warnings, text) {
		d.Warnings = append(d.Warnings, text)
	}
}

func untrusted(format string, args ...any) error {
	return &bundle.Error{Status: bundle.Untrusted, Reason: fmt.Sprintf(format, args...)}
}

func described(s bundle.Signer) string {
	if s.Fingerprint != "" {
		return "key " + s.Fingerprint
	}
	return fmt.Sprintf("%s (issuer %s)", quote(s.Identity), quote(s.Issuer))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// needed says how many of several have to.
func needed(n int, names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return fmt.Sprintf("%d of %s", n, strings.TrimSpace(some(names)))
}
