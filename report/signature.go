package report

import (
	"fmt"
	"strings"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
)

// The findings about signatures. Each has a page in docs/findings.
const (
	signatureMissing   = "PT901"
	signatureInvalid   = "PT902"
	signatureUntrusted = "PT903"
)

// SignatureKinds lists the findings that a report has besides those of the
// verdict, by id: what a signature lacks where one is required.
func SignatureKinds() []inspector.FindingKind {
	return []inspector.FindingKind{
		{ID: signatureMissing, Slug: "signature-missing"},
		{ID: signatureInvalid, Slug: "signature-invalid"},
		{ID: signatureUntrusted, Slug: "signature-untrusted"},
	}
}

// isSignature tells the findings about signatures from those of the verdict.
func isSignature(id string) bool { return strings.HasPrefix(id, "PT9") }

// signatureFinding says what a signature lacks. Only for a plugin that nobody
// signed is there a command: signing what was changed, or what a stranger
// signed, is nothing to paste without a thought.
func (r *Report) signatureFinding(p Plugin) inspector.Finding {
	sign := "plugtool sign --key " + inspector.ShellWord(r.privateKey())
	if r.Bundle != "" {
		sign += " --bundle " + inspector.ShellWord(r.Bundle)
	}
	sign += " " + inspector.ShellWord(p.File)
	f := inspector.Finding{
		ID:       signatureInvalid,
		Severity: inspector.Error,
		Title:    fmt.Sprintf("the signature of %s is invalid", p.File),
		Detail:   p.Signature.Reason,
		Fix:      []string{"fetch " + inspector.ShellWord(p.File) + " and its signature anew, or, if the change is yours: " + sign},
	}
	switch p.Signature.Status {
	case bundle.Missing:
		f.ID, f.Title, f.Fix = signatureMissing, p.File+" is not signed", []string{sign}
	case bundle.Untrusted:
		f.ID, f.Title = signatureUntrusted, p.File+" is not signed by a key that was given"
		f.Fix = []string{"give the signer's public key by --key, if you trust it, or, if the plugin is yours: " + sign}
	}
	for _, kind := range SignatureKinds() {
		if kind.ID == f.ID {
			f.Slug = kind.Slug
		}
	}
	f.Docs = inspector.DocsURL + f.ID + ".md"
	return f
}

// privateKey guesses the name of the private key that belongs to the first
// public key, as generate-key-pair names them.
func (r *Report) privateKey() string {
	return strings.TrimSuffix(r.Keys[0], ".pub") + ".key"
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
