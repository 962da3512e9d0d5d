package keyless

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/plugtool/plugtool/signer/bundle"
)

// An Identity is who a certificate says signed, and which OpenID Connect
// issuer vouched for it. One is nothing without the other: any issuer may
// call anyone so.
type Identity struct {
	Subject string // an address of mail, or of a workflow as https://github.com/OWNER/REPO/.github/workflows/FILE@REF
	Issuer  string // as https://token.actions.githubusercontent.com
}

func (i Identity) String() string {
	return fmt.Sprintf("%s (issuer %s)", shown(i.Subject), shown(i.Issuer))
}

// A Matcher is what an identity has to be.
type Matcher bundle.IdentityPattern

// Validate says what is wrong with a matcher, if anything is.
func (m Matcher) Validate() error {
	_, err := bundle.IdentityPattern(m).Compile()
	return err
}

func (m Matcher) String() string {
	part := func(text, expression string) string {
		if text != "" {
			return shown(text)
		}
		return "one that matches " + shown(expression)
	}
	return fmt.Sprintf("%s (issuer %s)", part(m.Subject, m.SubjectRegexp), part(m.Issuer, m.IssuerRegexp))
}

// A rule is a matcher that was found to be valid.
type rule struct {
	Matcher
	*bundle.CompiledIdentity
}

type rules []rule

func compile(anyOf []Matcher) (rules, error) {
	if len(anyOf) == 0 {
		return nil, errors.New("no identity was given: anyone's signature would do")
	}
	all := make(rules, 0, len(anyOf))
	for _, m := range anyOf {
		compiled, err := bundle.IdentityPattern(m).Compile()
		if err != nil {
			return nil, err
		}
		all = append(all, rule{m, compiled})
	}
	return all, nil
}

func (all rules) match(i Identity) bool {
	return slices.ContainsFunc(all, func(r rule) bool { return r.Matches(i.Subject, i.Issuer) })
}

func (all rules) String() string {
	const most = 3
	var names []string
	for _, r := range all {
		names = append(names, r.Matcher.String())
	}
	if extra := len(names) - most; extra > 0 {
		names = append(names[:most], fmt.Sprintf("%d more", extra))
	}
	return strings.Join(names, " or ")
}

// Claimed gives the identity in a bundle's certificate, which nothing was
// verified of: for messages about a signature that was just made, or that
// does not verify.
func Claimed(bundleJSON []byte) (Identity, error) {
	b, err := bundle.Parse(bundleJSON)
	if err != nil {
		return Identity{}, err
	}
	if b.Certificate == nil {
		return Identity{}, untrusted("was signed with a key, expected a certificate for an identity")
	}
	c, err := x509.ParseCertificate(b.Certificate)
	if err != nil {
		return Identity{}, invalid("has a certificate that cannot be read: %s", plain(err))
	}
	return identityOf(c)
}

var subjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// identityOf reads the identity from a certificate: its one alternative name,
// as it stands there, and the issuer. Two names would be two identities, of
// which tools pick one or the other.
func identityOf(c *x509.Certificate) (Identity, error) {
	subject, err := subjectOf(c)
	if err != nil {
		return Identity{}, err
	}
	issuer, err := issuerOf(c)
	if err != nil {
		return Identity{}, err
	}
	for _, s := range []string{subject, issuer} {
		if s == "" || strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
			return Identity{}, untrusted("has a certificate for the identity %q (issuer %q), which has to be text on one line", subject, issuer)
		}
	}
	return Identity{subject, issuer}, nil
}

func subjectOf(c *x509.Certificate) (string, error) {
	var names []asn1.RawValue
	for _, e := range c.Extensions {
		if !e.Id.Equal(subjectAltName) {
			continue
		}
		if rest, err := asn1.Unmarshal(e.Value, &names); err != nil || len(rest) > 0 {
			return "", invalid("has a certificate whose subject alternative name cannot be read")
		}
	}
	if len(names) != 1 {
		return "", untrusted("has a certificate for %d identities, expected one", len(names))
	}
	const otherName, email, uri = 0, 1, 6
	switch names[0].Tag {
	case email, uri:
		return string(names[0].Bytes), nil
	case otherName:
		name, err := cryptoutils.UnmarshalOtherNameSAN(c.Extensions)
		if err != nil {
			return "", invalid("has a certificate whose subject alternative name cannot be read: %s", plain(err))
		}
		return name, nil
	}
	return "", untrusted("has a certificate for a host or an address, expected one for an identity")
}

func issuerOf(c *x509.Certificate) (string, error) {
	var older, newer string
	for _, e := range c.Extensions {
		switch {
		//lint:ignore SA1019 older certificates have no other
		case e.Id.Equal(certificate.OIDIssuer):
			older = string(e.Value)
		case e.Id.Equal(certificate.OIDIssuerV2):
			if err := certificate.ParseDERString(e.Value, &newer); err != nil {
				return "", invalid("has a certificate whose issuer cannot be read: %s", plain(err))
			}
		}
	}
	switch {
	case newer == "":
		return older, nil
	case older != "" && older != newer:
		return "", untrusted("has a certificate that names two issuers, %s and %s", shown(older), shown(newer))
	}
	return newer, nil
}

// shown gives a name as it may stand in a message.
func shown(s string) string {
	if s == "" || len(s) > 300 || strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) || r == ' ' }) {
		if len(s) > 300 {
			s = s[:300] + "…"
		}
		return strconv.Quote(s)
	}
	return s
}
