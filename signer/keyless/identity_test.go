package keyless_test

import (
	"strings"
	"testing"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/keyless"
)

// Names that look like the right one are not it.
func TestLookAlikes(t *testing.T) {
	i := newInstance(t)
	v := i.verifier(t, keyless.Options{})
	const repository = "https://github.com/o/r"
	exact := keyless.Matcher{Subject: someone, Issuer: actions}
	expression := keyless.Matcher{SubjectRegexp: `https://github\.com/o/r/\.github/workflows/[a-z]+\.yml@refs/heads/main`, IssuerRegexp: `https://token\.actions\.githubusercontent\.com`}
	// As people write them: not anchored, dots that stand for anything.
	loose := keyless.Matcher{SubjectRegexp: `https://github.com/o/r/.*`, IssuerRegexp: `.*actions.githubusercontent.com|never`}
	for _, tt := range []struct {
		name    string
		recipe  recipe
		matches string // which of e(xact), r(egexp), l(oose)
	}{
		{"the right one", recipe{}, "erl"},
		{"prefix", recipe{names: []name{{6, "https://evil.example/" + someone}}}, ""},
		{"path of another", recipe{names: []name{{6, "https://evil.example/github.com/o/r/.github/workflows/release.yml@refs/heads/main"}}}, ""},
		{"suffix", recipe{names: []name{{6, someone + "-evil"}}}, "l"},
		{"cut short", recipe{names: []name{{6, strings.TrimSuffix(someone, "n")}}}, "l"},
		{"another branch", recipe{names: []name{{6, strings.Replace(someone, "heads/main", "heads/evil", 1)}}}, "l"},
		{"a tag of the branch's name", recipe{names: []name{{6, strings.Replace(someone, "heads", "tags", 1)}}}, "l"},
		{"repository that goes on", recipe{names: []name{{6, strings.Replace(someone, "o/r/", "o/r-evil/", 1)}}}, ""},
		{"repository in another case", recipe{names: []name{{6, strings.Replace(someone, "o/r", "O/R", 1)}}}, ""},
		{"scheme in another case", recipe{names: []name{{6, strings.Replace(someone, "https", "HTTPS", 1)}}}, ""},
		{"host in another case", recipe{names: []name{{6, strings.Replace(someone, "github.com", "GitHub.com", 1)}}}, ""},
		{"host that goes on", recipe{names: []name{{6, strings.Replace(someone, "github.com", "github.com.evil.example", 1)}}}, ""},
		{"host before an @", recipe{names: []name{{6, strings.Replace(someone, "github.com", "github.com@evil.example", 1)}}}, ""},
		{"host with a port", recipe{names: []name{{6, strings.Replace(someone, "github.com", "github.com:443", 1)}}}, ""},
		{"percent-encoded", recipe{names: []name{{6, strings.Replace(someone, "/r/", "/%72/", 1)}}}, ""},
		{"percent-encoded slash", recipe{names: []name{{6, strings.Replace(someone, "o/r", "o%2Fr", 1)}}}, ""},
		{"dots in the path", recipe{names: []name{{6, strings.Replace(someone, "/r/", "/r/../r/", 1)}}}, "l"},
		{"slash twice", recipe{names: []name{{6, strings.Replace(someone, "/r/", "//r/", 1)}}}, ""},
		{"dot that is another character", recipe{names: []name{{6, strings.Replace(someone, ".yml", "xyml", 1)}}}, "l"},
		{"as mail", recipe{names: []name{{1, someone}}}, "erl"}, // the issuer says what it vouches for
		{"newline after it", recipe{names: []name{{1, someone + "\n"}}}, ""},
		{"newline before it", recipe{names: []name{{1, "x\n" + someone}}}, ""},
		{"NUL in it", recipe{names: []name{{1, someone + "\x00.evil.example"}}}, ""},
		{"terminal commands", recipe{names: []name{{1, someone + "\x1b[2K"}}}, ""},
		{"a host's name", recipe{names: []name{{2, "github.com"}}}, ""},
		{"two names, the right one first", recipe{names: []name{{6, someone}, {6, repository}}}, ""},
		{"two names, the right one last", recipe{names: []name{{1, "eve@evil.example"}, {6, someone}}}, ""},
		{"no name", recipe{names: []name{}}, ""},
		{"another issuer", recipe{issuer: "https://evil.example"}, ""},
		{"issuer with a slash", recipe{issuer: actions + "/"}, ""},
		{"issuer of an enterprise", recipe{issuer: actions + "/evil"}, ""},
		{"issuer that goes on", recipe{issuer: actions + ".evil.example"}, ""},
		{"issuer after another", recipe{issuer: "https://evil.example/" + strings.TrimPrefix(actions, "https://")}, "l"},
		{"issuer in another case", recipe{issuer: strings.Replace(actions, "token", "Token", 1)}, "l"},
		{"issuer over http", recipe{issuer: strings.Replace(actions, "https", "http", 1)}, "l"},
		{"issuer in look-alike letters", recipe{issuer: strings.Replace(actions, "o", "о", 1)}, "l"},
		{"issuer with a newline", recipe{issuer: actions + "\n"}, ""},
		{"two issuers", recipe{issuer: actions, olderIssuer: "https://evil.example"}, ""},
	} {
		made := marshal(t, i.sign(t, plugin, tt.recipe))
		for which, m := range map[string]keyless.Matcher{"e": exact, "r": expression, "l": loose} {
			got, err := v.Verify(made, digest, keyless.Message, []keyless.Matcher{m})
			if strings.Contains(tt.matches, which) {
				if err != nil {
					t.Errorf("%s, %v: %v", tt.name, m, err)
				} else if want := firstName(tt.recipe); got.Identity.Subject != want {
					t.Errorf("%s: signed by %q, expected %q", tt.name, got.Identity.Subject, want)
				}
				continue
			}
			if e, ok := err.(*bundle.Error); !ok || e.Status == bundle.Verified || strings.ContainsAny(e.Reason, "\n\x1b\x00") {
				t.Errorf("%s, %v: %v", tt.name, m, err)
			}
		}
	}
}

func firstName(r recipe) string {
	if r.names == nil {
		return someone
	}
	return r.names[0].text
}

// Identity and issuer belong together: no mix of two that are trusted.
func TestAnyOf(t *testing.T) {
	i := newInstance(t)
	v := i.verifier(t, keyless.Options{})
	made := marshal(t, i.sign(t, plugin, recipe{}))
	const gitlab = "https://gitlab.com"
	_, err := v.Verify(made, digest, keyless.Message, []keyless.Matcher{{Subject: someone, Issuer: gitlab}, {Subject: "you@example.com", Issuer: actions}})
	refused(t, "subject of one and issuer of the other", err, bundle.Untrusted,
		"was signed by "+someone+" (issuer "+actions+"), expected "+someone+" (issuer "+gitlab+") or you@example.com (issuer "+actions+")")
	if _, err := v.Verify(made, digest, keyless.Message, []keyless.Matcher{{Subject: someone, Issuer: gitlab}, {SubjectRegexp: "https://.*", Issuer: actions}}); err != nil {
		t.Errorf("second of two: %v", err)
	}
}

func TestMatcher(t *testing.T) {
	i := newInstance(t)
	v := i.verifier(t, keyless.Options{})
	made := marshal(t, i.sign(t, plugin, recipe{}))
	for _, tt := range []struct {
		name   string
		anyOf  []keyless.Matcher
		reason string
	}{
		{"none", nil, "no identity was given"},
		{"no subject", []keyless.Matcher{{Issuer: actions}}, "no identity is given"},
		{"no issuer", []keyless.Matcher{{Subject: someone}}, "no issuer is given"},
		{"both subjects", []keyless.Matcher{{Subject: someone, SubjectRegexp: ".*", Issuer: actions}}, "both an identity and an expression"},
		{"both issuers", []keyless.Matcher{{Subject: someone, Issuer: actions, IssuerRegexp: ".*"}}, "both an issuer and an expression"},
		{"no expression", []keyless.Matcher{{SubjectRegexp: "(", Issuer: actions}}, "the expression for the identity"},
		{"expression that leaves its group", []keyless.Matcher{{SubjectRegexp: `a)|(?:https://.*`, Issuer: actions}}, "the expression for the identity"},
		{"good and bad", []keyless.Matcher{{Subject: someone, Issuer: actions}, {}}, "no identity is given"},
	} {
		if _, err := v.Verify(made, digest, keyless.Message, tt.anyOf); err == nil || !strings.Contains(err.Error(), tt.reason) {
			t.Errorf("%s: %v, expected %q", tt.name, err, tt.reason)
		}
	}
	for _, m := range []keyless.Matcher{
		{SubjectRegexp: `(?m)^https://github.com/o$`, Issuer: actions},
		{SubjectRegexp: `https://github.com/o|/main`, Issuer: actions},
		{SubjectRegexp: `(?i:HTTPS)://GITHUB.COM/.*`, Issuer: actions},
	} {
		_, err := v.Verify(made, digest, keyless.Message, []keyless.Matcher{m})
		refused(t, m.SubjectRegexp, err, bundle.Untrusted, "was signed by")
	}
	if err := (keyless.Matcher{SubjectRegexp: "^a$", Issuer: "b"}).Validate(); err != nil {
		t.Error(err)
	}
}
