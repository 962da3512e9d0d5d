package report

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

// The findings about signatures. Each has a page in docs/findings.
const (
	signatureMissing   = "PT901"
	signatureInvalid   = "PT902"
	signatureUntrusted = "PT903"
	policyRefused      = "PT904"
)

// SignatureKinds lists the findings that a report has besides those of the
// verdict, by id: what a signature lacks where one is required.
func SignatureKinds() []inspector.FindingKind {
	return []inspector.FindingKind{
		{ID: signatureMissing, Slug: "signature-missing"},
		{ID: signatureInvalid, Slug: "signature-invalid"},
		{ID: signatureUntrusted, Slug: "signature-untrusted"},
		{ID: policyRefused, Slug: "policy-refused"},
	}
}

// isSignature tells the findings about signatures from those of the verdict.
func isSignature(id string) bool { return strings.HasPrefix(id, "PT9") }

// signatureFinding says what a signature lacks. Only for a plugin that nobody
// signed is there a command: signing what was changed, or what a stranger
// signed, is nothing to paste without a thought.
func (r *Report) signatureFinding(host *inspector.HostRef, p Plugin) inspector.Finding {
	if r.refusedByPolicy(p) {
		return r.policyFinding(p)
	}
	commands := r.signCommands(host, p)
	sign := strings.Join(commands, " && ")
	f := inspector.Finding{
		ID:       signatureInvalid,
		Severity: inspector.Error,
		Title:    fmt.Sprintf("the signature of %s is invalid", p.File),
		Detail:   p.Signature.Reason,
		Fix:      []string{"fetch " + inspector.ShellWord(p.File) + " and its signature anew, or, if the change is yours: " + sign},
	}
	attested := strings.Join(r.Signing.Types, ", ")
	switch p.Signature.Status {
	case bundle.Invalid:
		if attested != "" {
			f.Title = fmt.Sprintf("the attestation %s of %s is invalid", attested, p.File)
		}
	case bundle.Missing:
		f.ID, f.Title, f.Fix = signatureMissing, p.File+" is not signed", steps(commands)
		if attested != "" {
			f.Title = p.File + " has no attestation " + attested
		}
	case bundle.Untrusted:
		f.ID, f.Title = signatureUntrusted, p.File+" is not signed by "+r.whoMaySign()
		f.Fix = []string{"give the signer's public key by --key, if you trust it, or, if the plugin is yours: " + sign}
		switch {
		case r.Signing.Identity:
			f.Fix = []string{"give the signer's identity, or public key by --key, if you trust it"}
		case r.Signing.Policy != "":
			f.Fix = []string{"have it signed by those whom " + inspector.ShellWord(r.Signing.Policy) + " names, or name the signer there, if you trust it"}
		}
		if attested != "" {
			f.Title = fmt.Sprintf("%s has no attestation %s by %s", p.File, attested, r.whoMaySign())
		}
	case bundle.Unverified:
		f.ID, f.Title = signatureUntrusted, "the signature of "+p.File+" was not checked: no key, identity or policy was given"
		f.Fix = []string{"give the signer's public key by --key, if you trust it"}
		f.Detail = "" // it says the same
	}
	return described(f)
}

// steps makes fixes of commands: those with a word that a person has to put in their own
// for are no commands to paste.
func steps(commands []string) []string {
	var list []string
	for _, c := range commands {
		switch {
		case strings.Contains(c, " --predicate FILE "):
			c = "with what is to be attested in FILE: " + c
		case strings.Contains(c, " --host HOST "):
			c = "with the host's file as HOST: " + c
		}
		list = append(list, c)
	}
	return list
}

// described adds what a finding's kind says.
func described(f inspector.Finding) inspector.Finding {
	for _, kind := range SignatureKinds() {
		if kind.ID == f.ID {
			f.Slug = kind.Slug
		}
	}
	f.Docs = inspector.DocsURL + f.ID + ".md"
	return f
}

// whoMaySign names those who were given.
func (r *Report) whoMaySign() string {
	switch s := r.Signing; {
	case s.Policy != "":
		return "those whom the policy names"
	case s.Identity && len(s.Keys) > 0:
		return "a key or the identity that was given"
	case s.Identity:
		return "the identity that was given"
	}
	return "a key that was given"
}

// signCommands give the commands that sign, or attest, what is demanded.
func (r *Report) signCommands(host *inspector.HostRef, p Plugin) []string {
	command := func(words ...string) string {
		words = append([]string{"plugtool"}, words...)
		// What is there and is of another type stays.
		if r.Signing.Bundle != "" && !(p.Signature.Status == bundle.Missing && p.Signature.Bundle != "") {
			words = append(words, "--bundle", inspector.ShellWord(r.Signing.Bundle))
		}
		return strings.Join(append(words, inspector.ShellWord(p.File)), " ")
	}
	key := inspector.ShellWord(r.privateKey())
	if len(r.Signing.Types) == 0 {
		return []string{command("sign", "--key", key)}
	}
	var commands []string
	for _, name := range r.Signing.Types {
		words := []string{"attest", "--key", key}
		uri, _ := policy.TypeURI(name)
		switch {
		case uri == policy.LoadsType && host != nil:
			words = append(words, "--type", inspector.ShellWord(name), "--host", inspector.ShellWord(host.File))
		case uri == policy.LoadsType:
			words = append(words, "--type", inspector.ShellWord(name), "--host", "HOST")
		case policy.ShortType(uri) != "slsaprovenance1": // which attest makes by itself
			words = append(words, "--type", inspector.ShellWord(name), "--predicate", "FILE")
		}
		commands = append(commands, command(words...))
	}
	return commands
}

// privateKey guesses the name of the private key that belongs to the first
// public key, as generate-key-pair names them.
func (r *Report) privateKey() string {
	if len(r.Signing.Keys) == 0 {
		return "plugtool.key"
	}
	return strings.TrimSuffix(r.Signing.Keys[0], ".pub") + ".key"
}

// refusedByPolicy tells what a policy refuses for more than the signature over the file.
func (r *Report) refusedByPolicy(p Plugin) bool {
	return p.Decision != nil && !p.Decision.Allowed && p.Decision.Failed() != policy.StepSignature
}

// policyFinding says what a policy refuses a plugin for.
func (r *Report) policyFinding(p Plugin) inspector.Finding {
	file, d := inspector.ShellWord(r.Signing.Policy), p.Decision
	rule := d.Rule
	if rule == "" {
		rule = "no rule"
	}
	f := inspector.Finding{
		ID:       policyRefused,
		Severity: inspector.Error,
		Title:    fmt.Sprintf("the policy refuses %s: %s", p.File, rule),
		Detail:   p.Signature.Reason,
	}
	switch d.Failed() {
	case policy.StepDigest:
		f.Fix = []string{"do not use this file; if it may be used after all, remove " + d.Rule + " from " + file}
	case policy.StepRule:
		f.Fix = []string{"add a rule for " + inspector.ShellWord(filepath.Base(p.File)) + " to " + file + ", if it may be used"}
		if d.Rule != "" {
			f.Fix = []string{"do not use this file; if it may be used after all, change " + d.Rule + " in " + file}
		}
	case policy.StepVersion:
		f.Fix = []string{"use a newer release of the plugin, or change minVersion of " + d.Rule + " in " + file + ", if the old one may be used"}
	default:
		f.Fix = []string{"have those attest it whom the policy names: plugtool attest --key KEY " + inspector.ShellWord(p.File)}
	}
	return described(f)
}

// Kinds lists all findings that a report may have, by id.
func Kinds() []inspector.FindingKind {
	return append(inspector.FindingKinds(), SignatureKinds()...)
}

// KindOf finds a kind of finding by its id or its slug, in letters of either
// case.
func KindOf(name string) (inspector.FindingKind, bool) {
	for _, kind := range Kinds() {
		if strings.EqualFold(name, kind.ID) || strings.EqualFold(name, kind.Slug) {
			return kind, true
		}
	}
	return inspector.FindingKind{}, false
}
