package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
	"github.com/plugtool/plugtool/signer/policy"
)

func (p *program) policyCommand() *cli.Command {
	return &cli.Command{
		Name:      "policy",
		Usage:     "check policies, and explain what they decide",
		UsageText: "plugtool policy check --policy FILE [PLUGIN...]",
		Description: "A policy says by whom plugins have to be signed, what has to be attested of them, and which\n" +
			"versions and files are refused. docs/policy.md describes policies; `plugtool verify --policy`\n" +
			"and hosts with the loader apply them.",
		Subcommands: []*cli.Command{{
			Name:      "check",
			Usage:     "check a policy, or say which of its rules decides about plugins, and why",
			UsageText: "plugtool policy check --policy FILE [--host HOST] [--key PUB]... [PLUGIN...]",
			Description: "Without a plugin the policy itself is checked. With plugins every step of each decision\n" +
				"is told. docs/policy.md describes policies.\n\n" +
				"Exit code: 0 the policy allows the plugins, 4 it refuses one, 3 nothing is missing but the\n" +
				"verdict that it asks for, 2 the policy is wrong, 1 plugtool could not do its work.",
			Flags: append([]cli.Flag{
				&cli.StringFlag{Name: "host", Usage: "the plugins are for this `HOST`, a binary or a descriptor"},
				formatsFlag(),
				quietFlag(),
			}, trustFlags("this public key, a PEM `FILE` or env://NAME, is one that the policy names by its fingerprint (repeatable)",
				"the policy in `FILE`; by default that of plugtool.yaml")...),
			Action: p.policyCheck,
		}},
	}
}

func (p *program) policyCheck(c *cli.Context) error {
	p.quiet = c.Bool("quiet")
	o, f, err := p.policyCheckOptions(c)
	if err != nil {
		return err
	}
	doc := report.PolicyCheck{Policy: f.file, Plugins: []report.PolicyDecision{}}
	if len(o.plugins) > 0 {
		if err := o.decideAll(c, &doc); err != nil {
			return err
		}
	}
	text := policySummary(f)
	writers := map[string]writer{formatText: doc.WriteText(text), formatJSON: doc.WriteJSON}
	if err := p.tell(o.outputs, p.style(), writers); err != nil {
		return err
	}
	for _, w := range endingKeys(f.Policy, o.now) {
		p.warningf("%s: %s", f.file, w)
	}
	switch {
	case doc.Refuses():
		return told(exitUntrusted)
	case doc.LacksVerdict():
		return told(exitRefused)
	}
	return nil
}

// decideAll lets the policy decide about all plugins, as verify does.
func (o verifyOptions) decideAll(c *cli.Context, doc *report.PolicyCheck) error {
	first := o.openFirst()
	plugins := readPlugins(o)
	for _, plugin := range plugins {
		defer plugin.Close()
		if plugin.Err != nil && len(o.hosts) == 0 {
			return plugin.Err
		}
	}
	signed := checkSignatures(plugins, o)
	verdicts, err := o.judgeAll(c.Context, first, plugins)
	if err != nil {
		return err
	}
	result := o.decide(verdicts[0], signed)
	if len(o.hosts) > 0 {
		doc.Host = &o.hosts[0]
	}
	for i, plugin := range result.Plugins {
		d := plugin.Decision
		if d == nil {
			d = unread(plugins[i])
		}
		doc.Plugins = append(doc.Plugins, report.NewPolicyDecision(plugin.File, d))
	}
	return nil
}

// unread is what is decided about a plugin that cannot be read.
func unread(plugin *inspector.Plugin) *policy.Decision {
	return &policy.Decision{Steps: []policy.Step{{What: "file", Why: fmt.Sprint(plugin.Err)}}}
}

func (p *program) policyCheckOptions(c *cli.Context) (verifyOptions, policyFile, error) {
	o := verifyOptions{now: time.Now()}
	fail := func(err error) (verifyOptions, policyFile, error) { return verifyOptions{}, policyFile{}, err }
	conf, err := loadConfig(".")
	if err != nil {
		return fail(err)
	}
	if o.outputs, err = parseFormats(c.StringSlice("format"), plainFormats); err != nil {
		return fail(err)
	}
	if err := o.readArguments(c); err != nil {
		return fail(err)
	}
	if host := p.fromConfig(conf, "host", c.String("host"), firstOf(conf.Verify.Host)); host != "" && len(o.plugins) > 0 {
		o.hosts = []string{host}
	}
	if o.hostKeys, err = p.hostKeys(c, conf, conf.Verify.HostKey); err != nil {
		return fail(err)
	}
	given := flagTrust(c)
	if given.policy == "" {
		given.policy = p.fromConfig(conf, "policy", "", conf.Verify.Policy)
		given.trustedRoot = p.fromConfig(conf, "trusted-root", given.trustedRoot, conf.Verify.TrustedRoot)
	}
	if given.policy == "" {
		return fail(usagef("plugtool policy check --policy FILE", "no policy was named"))
	}
	f, err := p.readPolicy(given.policy)
	if err != nil {
		return fail(err)
	}
	o.trust = trust{file: given.policy, keys: given.keys, files: append(slices.Clone(given.keys), given.policy, given.trustedRoot)}
	if err := o.mayWrite(); err != nil {
		return fail(err)
	}
	o.trust.rules, err = p.policyRules(c, conf, given, f, len(o.plugins) == 0)
	return o, f, err
}

func firstOf(list names) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// policySummary says what is in a policy that holds together.
func policySummary(f policyFile) string {
	count := func(n int, one, many string) string {
		if n == 1 {
			return "1 " + one
		}
		return fmt.Sprintf("%d %s", n, many)
	}
	return fmt.Sprintf("%s is a policy of %s, with %s and %s", f.file, count(len(f.Plugins), "rule", "rules"),
		count(len(f.Keys), "key", "keys"), count(len(f.Identities), "identity", "identities"))
}

// endingKeys says which keys count no more, or soon will not.
func endingKeys(f *policy.Policy, now time.Time) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(f.Keys)) {
		switch end := f.Keys[name].NotAfter; {
		case end.IsZero() || f.Keys[name].Revoked != "":
		case !now.Before(end):
			list = append(list, fmt.Sprintf("key %s was valid until %s; nothing that it signed is accepted", name, end.UTC().Format(time.RFC3339)))
		case end.Sub(now) < policy.Soon:
			list = append(list, fmt.Sprintf("key %s is valid until %s; sign anew what it signed, with another key", name, end.UTC().Format(time.RFC3339)))
		}
	}
	return list
}
