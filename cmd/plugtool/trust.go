package main

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

const (
	trustedRootLimit = 1 << 20 // bytes
	identityHint     = "--certificate-identity NAME --certificate-oidc-issuer URL --trusted-root FILE"
)

// trustFlags are those of every command that checks what is signed about plugins; what a
// key and a policy are there for differs.
func trustFlags(key, policy string) []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "key", Usage: key},
		&cli.StringFlag{Name: "policy", Usage: policy},
		&cli.StringFlag{Name: "bundle", Usage: "the signature, or the attestation where one is demanded, is in this `FILE`, not beside the plugin"},
		hostKeyFlag(),
		&cli.StringFlag{Name: "trusted-root", Usage: "verify identities against the trusted root in `FILE`; nothing is fetched"},
		switchFlag("insecure-ignore-tlog", "take signatures by identities that are in no transparency log"),
		switchFlag("insecure-ignore-sct", "take certificates that are in no certificate transparency log"),
	}
}

// identityFlags say, with --key, whose signatures count.
func identityFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "certificate-identity", Usage: "demand a signature by this identity, `NAME`, a mail address or the URI of a workflow"},
		&cli.StringFlag{Name: "certificate-identity-regexp", Usage: "the same, by an identity that matches `EXPRESSION` as a whole"},
		&cli.StringFlag{Name: "certificate-oidc-issuer", Usage: "the identity has to be vouched for by the OIDC provider `URL`"},
		&cli.StringFlag{Name: "certificate-oidc-issuer-regexp", Usage: "the same, by one whose URL matches `EXPRESSION` as a whole"},
	}
}

// trust says whose signatures count and what has to be signed, by a policy or by flags,
// which are a policy of one rule.
type trust struct {
	rules    *policy.Rules // nil: signatures are not checked
	file     string        // the policy's; "" where flags or plugtool.yaml stand for one
	keys     []string      // as they were named
	identity bool          // whether an identity will do
	types    []string      // of predicates, instead of signatures
	required bool          // whether signatures are even where nobody is trusted
	files    []string      // that were read
}

// givenTrust is what a command line, or a plugtool.yaml, says about trust. One of the two
// counts as a whole: a project's file may not add its own signers, authorities or
// policy to what a person asks for.
type givenTrust struct {
	policy      string
	keys        []string
	identity    bundle.IdentityPattern
	trustedRoot string
	types       []string
}

// any says whether anybody is trusted.
func (g givenTrust) any() bool {
	return g.policy != "" || len(g.keys) > 0 || g.identity != (bundle.IdentityPattern{})
}

func flagTrust(c *cli.Context) givenTrust {
	return givenTrust{
		policy: c.String("policy"),
		keys:   c.StringSlice("key"),
		identity: bundle.IdentityPattern{
			Subject: c.String("certificate-identity"), SubjectRegexp: c.String("certificate-identity-regexp"),
			Issuer: c.String("certificate-oidc-issuer"), IssuerRegexp: c.String("certificate-oidc-issuer-regexp"),
		},
		trustedRoot: c.String("trusted-root"),
		types:       c.StringSlice("type"),
	}
}

// trust puts together what is demanded of signatures.
func (p *program) trust(c *cli.Context, conf config) (trust, error) {
	given := flagTrust(c)
	flags := given.any()
	if !flags {
		var err error
		if given, err = p.configTrust(conf, given); err != nil {
			return trust{}, err
		}
	} else if conf.Verify.Policy != "" && given.policy == "" {
		p.noticef("the policy %s of %s does not count, as the command line says whom to trust", conf.path(conf.Verify.Policy), conf.file)
	}
	t := trust{file: given.policy, keys: given.keys, identity: given.identity != (bundle.IdentityPattern{}), types: given.types}
	t.files = append(slices.Clone(given.keys), given.policy, given.trustedRoot)
	t.required = conf.Verify.RequireSignature
	if c.IsSet("require-signature") {
		t.required = c.Bool("require-signature")
	}
	if err := given.check(c); err != nil {
		return trust{}, err
	}
	var err error
	switch {
	case given.policy != "":
		var f policyFile
		if f, err = p.readPolicy(given.policy); err == nil {
			t.rules, err = p.policyRules(c, conf, given, f, false)
		}
	case given.any():
		t.rules, err = p.flagRules(c, given)
	}
	return t, err
}

// configTrust is what plugtool.yaml says, each with its origin told.
func (p *program) configTrust(conf config, flags givenTrust) (givenTrust, error) {
	v := conf.Verify
	g := givenTrust{
		policy: p.fromConfig(conf, "policy", "", v.Policy),
		identity: bundle.IdentityPattern{
			Subject: v.CertificateIdentity, SubjectRegexp: v.CertificateIdentityRegexp,
			Issuer: v.CertificateOIDCIssuer, IssuerRegexp: v.CertificateOIDCIssuerRegexp,
		},
		types: flags.types,
	}
	for _, named := range [][2]string{
		{"certificate-identity", v.CertificateIdentity}, {"certificate-identity-regexp", v.CertificateIdentityRegexp},
		{"certificate-oidc-issuer", v.CertificateOIDCIssuer}, {"certificate-oidc-issuer-regexp", v.CertificateOIDCIssuerRegexp},
	} {
		if named[1] != "" {
			p.noticef("%s %s comes from %s", named[0], named[1], conf.file)
		}
	}
	if g.trustedRoot = flags.trustedRoot; g.any() {
		g.trustedRoot = p.fromConfig(conf, "trusted-root", flags.trustedRoot, v.TrustedRoot)
	}
	if len(g.types) == 0 && len(v.Type) > 0 {
		g.types = v.Type
		for _, t := range v.Type {
			p.noticef("type %s comes from %s", t, conf.file)
		}
	}
	var err error
	g.keys, err = p.keysFromConfig(conf, "key", nil, v.Key)
	return g, err
}

// check refuses what contradicts itself or means nothing.
func (g givenTrust) check(c *cli.Context) error {
	identity := g.identity != (bundle.IdentityPattern{})
	insecure := c.Bool("insecure-ignore-tlog") || c.Bool("insecure-ignore-sct")
	switch {
	case g.policy != "" && identity:
		return usagef("put the identity into the policy", "a policy and --certificate-identity are given, and the policy says who may sign")
	case g.policy != "" && len(g.types) > 0:
		return usagef("put attestations into the policy", "a policy and --type are given, and the policy says what has to be attested")
	case identity && g.trustedRoot == "":
		return usagef("--trusted-root FILE names it, as cosign trusted-root create writes it", "an identity is given, and no trusted root: nothing is fetched")
	case !g.any() && len(g.types) > 0:
		return usagef("--key PUB, or "+identityHint, "--type demands an attestation, and nobody is named who may make it")
	case g.policy == "" && !identity && (g.trustedRoot != "" || insecure):
		return usagef(identityHint, "a trusted root or --insecure-… is given, and no identity that it is for")
	}
	for _, t := range g.types {
		if _, ok := policy.TypeURI(t); !ok {
			return usagef("a URI, or a short name such as slsaprovenance1 or loads", "--type %s is no type of predicates", t)
		}
	}
	return nil
}

// certificates gives what verifies identities.
func (p *program) certificates(c *cli.Context, g givenTrust) func([]bundle.IdentityPattern) (bundle.CertificateVerifier, error) {
	return func(patterns []bundle.IdentityPattern) (bundle.CertificateVerifier, error) {
		if g.trustedRoot == "" {
			return nil, usagef("--trusted-root FILE names it, as cosign trusted-root create writes it", "the policy names identities, and no trusted root is given: nothing is fetched")
		}
		root, err := p.readNamed(g.trustedRoot, trustedRootLimit)
		if err != nil {
			return nil, usageError(fmt.Errorf("trusted root: %w", err), "")
		}
		v, err := newCertificateVerifier(root, lenience{noTlog: c.Bool("insecure-ignore-tlog"), noSCT: c.Bool("insecure-ignore-sct")}, patterns)
		if err != nil {
			return nil, usageError(fmt.Errorf("%s: %w", g.trustedRoot, err), "")
		}
		return v, nil
	}
}

// policyRules checks a policy. Keys only stand for fingerprints that it names; where the
// policy has to hold together and no more, identities need no trusted root.
func (p *program) policyRules(c *cli.Context, conf config, g givenTrust, f policyFile, alone bool) (*policy.Rules, error) {
	names, flags := g.keys, len(c.StringSlice("key")) > 0
	if len(names) == 0 {
		var err error
		if names, err = p.keysFromConfig(conf, "key", nil, conf.Verify.Key); err != nil {
			return nil, err
		}
	}
	var err error
	o := policy.Options{Certificates: p.certificates(c, g)}
	if alone && g.trustedRoot == "" {
		o.Certificates = nil
	}
	if o.Keys, err = p.readPublicKeys(c.Context, names); err != nil {
		return nil, err
	}
	if flags {
		if err := f.needs(g.keys, o.Keys); err != nil {
			return nil, err
		}
	}
	return f.compile(o)
}

// flagRules makes a policy of keys and an identity: for every plugin, any of them.
func (p *program) flagRules(c *cli.Context, g givenTrust) (*policy.Rules, error) {
	keys, err := p.readPublicKeys(c.Context, g.keys)
	if err != nil {
		return nil, err
	}
	doc := policy.Policy{Schema: policy.Schema, Keys: map[string]policy.Key{}, Identities: map[string]policy.Identity{}}
	var signers []string
	for _, key := range keys {
		name := "key " + key.Fingerprint()
		if !slices.Contains(signers, name) {
			signers = append(signers, name)
		}
		doc.Keys[name] = policy.Key{PEM: string(key.PEM())}
	}
	if i := g.identity; i != (bundle.IdentityPattern{}) {
		const name = "the identity that was given"
		doc.Identities[name] = policy.Identity{Subject: i.Subject, SubjectRegexp: i.SubjectRegexp, Issuer: i.Issuer, IssuerRegexp: i.IssuerRegexp}
		signers = append(signers, name)
		if _, err := i.Compile(); err != nil {
			return nil, usageError(err, identityHint)
		}
	}
	rule := policy.Rule{Name: []string{"*"}}
	for _, t := range g.types {
		rule.Attestations = append(rule.Attestations, policy.Attestation{Type: t, Signers: signers})
	}
	if len(g.types) == 0 {
		rule.Signers = signers
	}
	doc.Plugins = []policy.Rule{rule}
	return doc.Compile(policy.Options{Certificates: p.certificates(c, g)})
}
