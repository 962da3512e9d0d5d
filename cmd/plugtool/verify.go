package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
	"github.com/plugtool/plugtool/signer/bundle"
)

func (p *program) verifyCommand() *cli.Command {
	return &cli.Command{
		Name:  "verify",
		Usage: "say, without loading anything, whether plugins load into a host, and who signed them",
		UsageText: "plugtool verify [--host HOST]... [--key PUB... | --policy FILE] PLUGIN...\n" +
			"plugtool verify [--host HOST]... --certificate-identity NAME --certificate-oidc-issuer URL --trusted-root FILE PLUGIN...",
		Description: "Judges the plugins in the order given, as one process would open them. A folder\n" +
			"stands for its *.so files in name order, and so does a pattern such as 'plugins/*.so'.\n" +
			"With several hosts, each is judged.\n" +
			"A key, an identity or a policy makes a signature required for every plugin; of keys and\n" +
			"an identity any one will do. Identities are verified offline.\n\n" +
			"Exit code: 0 everything holds, 3 a plugin would not load or a finding reaches --fail-on,\n" +
			"4 a signature is missing, invalid or not trusted, 1 plugtool could not do its work,\n" +
			"2 wrong usage.",
		Flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: "host", Usage: "judge against this `HOST`, a binary or a descriptor (repeatable)"},
			&cli.StringSliceFlag{Name: "symbol", Usage: symbolUsage},
			switchFlag("require-signature", "fail with 4 where no signature is verified, also because nobody is trusted"),
			&cli.StringSliceFlag{Name: "type", Usage: "demand, instead of a signature, an attestation with this `TYPE` of predicate, a URI or as in slsaprovenance1 (repeatable: all of them)"},
			&cli.StringFlag{Name: "sysroot", Usage: "look for C libraries in the file system in `DIR`, not on this machine"},
			&cli.StringFlag{Name: "max-glibc", Usage: "the plugins are to load on glibc `VERSION` too, as in 2.28"},
			switchFlag("require-host", "fail with 3 where no host is known"),
			switchFlag("each", "judge every plugin by itself instead of in order in one process"),
			switchFlag("any-order", "find an order in which all plugins load, or say why there is none"),
			verifyFormatsFlag(),
			ciFlag(),
			switchFlag("verbose", "name every package, and say what is only worth knowing"),
			switchFlag("quiet", "say nothing of plugins of which everything asked for holds"),
		}, slices.Concat(trustFlags("demand a signature by this public key, a PEM `FILE` or env://NAME (repeatable: any of them)",
			"demand what the policy in `FILE` does, as in plugtool.policy.yaml; docs/policy.md describes it"), identityFlags(), policyFlags())...),
		Action: p.verify,
	}
}

// verifyOptions is what a verification needs to know.
type verifyOptions struct {
	hosts       []string
	hostKeys    []*bundle.PublicKey
	trust       trust
	now         time.Time
	bundle      string // "" for the sidecars beside each plugin
	plugins     []string
	target      target
	requireHost bool
	each        bool
	anyOrder    bool
	contract    []inspector.Requirement
	outputs     outputs
	style       report.Style
	policy      report.Policy
	baseline    string // file to write; "" for none
	config      string // plugtool.yaml, "" where there is none
	ci          ciService
}

func (p *program) verify(c *cli.Context) error {
	o, err := p.verifyOptions(c)
	if err != nil {
		return err
	}
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
	r := &report.Report{Signing: o.signing(), RequireHost: o.requireHost, Policy: o.policy, Where: newLocator(plugins).where}
	for _, v := range verdicts {
		r.Results = append(r.Results, o.decide(v, signed))
	}
	if err := p.tellVerdicts(r, o); err != nil {
		return err
	}
	for _, w := range warnings(r) {
		p.warningf("%s", w)
	}
	if len(o.hosts) == 0 {
		kind := "warning: "
		if o.requireHost {
			kind = "error: "
		}
		p.say(kind, "no host was given: nothing is proved about whether %s into any host", loadVerb(o.plugins))
		p.hintf("--host HOST names the host binary or its descriptor")
	}
	for _, v := range verdicts {
		if v.reordered() {
			p.hintf("%s loads all of them in this order: %s", v.verdict.Host.File, fileNames(v.verdict.Plugins))
		}
	}
	return verdictError(r)
}

// tellVerdicts writes the report wherever it was asked for, and what the CI
// service shows of itself.
func (p *program) tellVerdicts(r *report.Report, o verifyOptions) error {
	if o.baseline != "" {
		if err := writeBaseline(o.baseline, r); err != nil {
			return err
		}
	}
	if err := p.tell(o.outputs, o.style, verifyWriters(r)); err != nil {
		return err
	}
	p.tellPolicy(r, o.config)
	p.tellCI(r, o)
	return nil
}

func fileNames(plugins []inspector.PluginVerdict) string {
	var names []string
	for _, p := range plugins {
		names = append(names, p.File)
	}
	return strings.Join(names, " ")
}

func loadVerb(plugins []string) string {
	if len(plugins) == 1 {
		return plugins[0] + " loads"
	}
	return fmt.Sprintf("these %d plugins load", len(plugins))
}

func (p *program) verifyOptions(c *cli.Context) (verifyOptions, error) {
	p.quiet = c.Bool("quiet")
	conf, err := loadConfig(".")
	if err != nil {
		return verifyOptions{}, err
	}
	o := verifyOptions{
		requireHost: conf.Verify.RequireHost,
		each:        c.Bool("each"),
		anyOrder:    c.Bool("any-order"),
		now:         time.Now(),
		style:       p.style(),
	}
	o.style.Verbose = c.Bool("verbose")
	if c.IsSet("require-host") {
		o.requireHost = c.Bool("require-host")
	}
	if o.outputs, err = parseFormats(c.StringSlice("format"), verifyFormats); err != nil {
		return verifyOptions{}, err
	}
	if c.NArg() == 0 {
		return verifyOptions{}, usagef("plugtool verify --host HOST PLUGIN...", "no plugin was named")
	}
	if err := o.readArguments(c); err != nil {
		return verifyOptions{}, err
	}
	if o.each && o.anyOrder {
		return verifyOptions{}, usagef("", "--each and --any-order exclude each other: by itself every plugin is the first")
	}
	if o.contract, err = p.contractOf("--symbol", c.StringSlice("symbol"), conf, conf.Contract); err != nil {
		return verifyOptions{}, err
	}
	if o.trust, err = p.trust(c, conf); err != nil {
		return verifyOptions{}, err
	}
	o.hosts = p.allFromConfig(conf, "host", c.StringSlice("host"), conf.Verify.Host)
	if len(o.hosts) == 0 && c.IsSet("host-key") {
		return verifyOptions{}, usagef("--host HOST names the host", "--host-key is given, and no host")
	}
	o.hostKeys, err = p.hostKeys(c, conf, conf.Verify.HostKey)
	if err != nil {
		return verifyOptions{}, err
	}
	if o.policy, err = p.policy(c, conf); err != nil {
		return verifyOptions{}, err
	}
	o.baseline, o.config = c.String("write-baseline"), conf.file
	if o.ci, err = p.ciService(c.String("ci"), conf); err != nil {
		return verifyOptions{}, err
	}
	if err := o.mayWrite(); err != nil {
		return verifyOptions{}, err
	}
	return o, p.readTarget(c, conf.Verify.Target, conf, &o.target)
}

// readArguments reads which plugins are meant, and whether one signature is given for them.
func (o *verifyOptions) readArguments(c *cli.Context) error {
	var err error
	if o.plugins, err = expandFolders(c.Args().Slice()); err != nil {
		return err
	}
	if o.bundle = c.String("bundle"); o.bundle != "" && len(o.plugins) != 1 {
		return usagef("without --bundle each plugin's own sidecar is read", "--bundle names one signature, but there are %d plugins", len(o.plugins))
	}
	return nil
}

// verdictError maps what a report tells to the exit code: a signature weighs
// more than a verdict.
func verdictError(r *report.Report) error {
	switch {
	case r.Untrusted():
		return told(exitUntrusted)
	case r.Fails():
		return told(exitRefused)
	}
	return nil
}
