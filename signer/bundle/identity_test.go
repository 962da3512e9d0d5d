package bundle_test

import (
	"strings"
	"testing"

	"github.com/plugtool/plugtool/signer/bundle"
)

const (
	workflow = "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1"
	github   = "https://token.actions.githubusercontent.com"
)

func TestIdentityMatches(t *testing.T) {
	exact := bundle.IdentityPattern{Subject: workflow, Issuer: github}
	pattern := bundle.IdentityPattern{SubjectRegexp: `https://github\.com/o/r/.*`, Issuer: github}
	anybody := bundle.IdentityPattern{SubjectRegexp: "(?s).*", Issuer: github}
	for _, tt := range []struct {
		name             string
		pattern          bundle.IdentityPattern
		identity, issuer string
		want             bool
	}{
		{"itself", exact, workflow, github, true},
		{"expression", pattern, workflow, github, true},
		{"alternatives as a whole", bundle.IdentityPattern{SubjectRegexp: "a@x|b@x", IssuerRegexp: "https://i"}, "b@x", "https://i", true},
		{"alternative not as a whole", bundle.IdentityPattern{SubjectRegexp: "a@x|b@x", Issuer: "https://i"}, "a@xyz", "https://i", false},
		{"another issuer", exact, workflow, "https://gitlab.com", false},
		{"issuer with a slash more", exact, workflow, github + "/", false},
		{"issuer in upper case", exact, workflow, strings.ToUpper(github), false},
		{"issuer that goes on", exact, workflow, github + ".evil.example", false},
		{"another tag", exact, workflow + "0", github, false},
		{"upper case", exact, strings.ToUpper(workflow), github, false},
		{"expression within another's", pattern, "https://evil.example/" + workflow, github, false},
		{"expression after a line break", pattern, "x\n" + workflow, github, false},
		{"expression before a line break", pattern, workflow + "\nx", github, false},
		{"dot for another letter", pattern, strings.Replace(workflow, "github.com", "githubxcom", 1), github, false},
		{"letter that looks like o", exact, strings.Replace(workflow, "/o/", "/о/", 1), github, false},
		{"escaped slash", exact, strings.Replace(workflow, "o/r", "o%2Fr", 1), github, false},
		{"space at its end", exact, workflow + " ", github, false},
		{"zero at its end", exact, workflow + "\x00", github, false},
		{"a line break for anybody", anybody, "a@x\nb@x", github, false},
		{"mark that turns the direction", anybody, "a\u202e@x", github, false},
		{"no width", anybody, "a\u200b@x", github, false},
		{"not UTF-8", anybody, "a\xff@x", github, false},
		{"nobody", anybody, "", github, false},
	} {
		c, err := tt.pattern.Compile()
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := c.Matches(tt.identity, tt.issuer); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestIdentityCompileRefuses(t *testing.T) {
	for want, p := range map[string]bundle.IdentityPattern{
		"no issuer is given":                   {Subject: workflow},
		"no identity is given":                 {Issuer: github},
		"both an identity and an expression":   {Subject: "a", SubjectRegexp: "a", Issuer: github},
		"both an issuer and an expression":     {Subject: "a", Issuer: github, IssuerRegexp: "a"},
		"the expression for the identity: err": {SubjectRegexp: `a)|(b`, Issuer: github},
		"the expression for the issuer: err":   {Subject: "a", IssuerRegexp: `(`},
		"has more than 4096 bytes":             {Subject: strings.Repeat("a", 5000), Issuer: github},
	} {
		if _, err := p.Compile(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", p, err, want)
		}
	}
}
