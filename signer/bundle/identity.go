package bundle

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPattern is the most that an identity or an expression for one may have, in bytes.
const maxPattern = 4096

// An IdentityPattern says which identities count, by what their certificates have:
// who signed, such as a mail address or a workflow's URI, and the OIDC provider that
// vouched for it. Both are required, each either word for word or as an expression that
// has to match the whole of it.
type IdentityPattern struct {
	Subject       string
	SubjectRegexp string
	Issuer        string
	IssuerRegexp  string
}

// A CompiledIdentity is an [IdentityPattern] ready for use.
type CompiledIdentity struct{ subject, issuer func(string) bool }

// Compile checks the pattern.
func (p IdentityPattern) Compile() (*CompiledIdentity, error) {
	subject, err := matcher("identity", p.Subject, p.SubjectRegexp)
	if err != nil {
		return nil, err
	}
	issuer, err := matcher("issuer", p.Issuer, p.IssuerRegexp)
	if err != nil {
		return nil, err
	}
	return &CompiledIdentity{subject, issuer}, nil
}

// Matches tells whether who signed is meant. Text that a person cannot see, such as
// line breaks and marks that change the direction of writing, matches nothing.
func (c *CompiledIdentity) Matches(identity, issuer string) bool {
	if len(identity) > maxPattern || len(issuer) > maxPattern {
		return false // what an expression costs grows with the text
	}
	return plain(identity) && plain(issuer) && c.subject(identity) && c.issuer(issuer)
}

// plain tells whether text has only what a person sees.
func plain(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) })
}

func matcher(what, exact, expression string) (func(string) bool, error) {
	switch {
	case exact == "" && expression == "":
		return nil, fmt.Errorf("no %s is given, and every signer has one", what)
	case exact != "" && expression != "":
		return nil, fmt.Errorf("both an %s and an expression for it are given, expected one of them", what)
	case len(exact) > maxPattern || len(expression) > maxPattern:
		return nil, fmt.Errorf("the %s has more than %d bytes", what, maxPattern)
	case exact != "":
		return func(s string) bool { return s == exact }, nil
	}
	// Checked by itself first: a)|(b would slip out of the group.
	if _, err := regexp.Compile(expression); err != nil {
		return nil, fmt.Errorf("the expression for the %s: %w", what, err)
	}
	// An expression that is not anchored matches anybody who can put the text wanted
	// somewhere into theirs.
	whole, err := regexp.Compile(`\A(?:` + expression + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("the expression for the %s: %w", what, err)
	}
	return whole.MatchString, nil
}
