package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

func (p *program) attestCommand() *cli.Command {
	return &cli.Command{
		Name:  "attest",
		Usage: "sign a statement about plugins: how they were built, into which hosts they load, or your own",
		UsageText: "plugtool attest --key KEY... [--predicate FILE --type TYPE | --type loads --host HOST...] PLUGIN...\n" +
			"plugtool attest --identity-token TOKEN --signing-config FILE --trusted-root FILE [...] PLUGIN...",
		Description: "Writes an in-toto statement, signed, beside each plugin, as PLUGIN.TYPE.intoto" + bundle.Extension + ".\n" +
			"Without a predicate it is SLSA provenance of what the plugin's own file records, whose\n" +
			"builder id says that it was reconstructed; `build --attest` states what it did itself.\n" +
			"With --type loads each plugin is first proved to load into each host, by itself; what\n" +
			"would not is not attested (exit code 3).",
		Flags: append(sealerFlags(),
			&cli.StringFlag{Name: "predicate", Usage: "state what is in `FILE`, a JSON object"},
			&cli.StringFlag{Name: "type", Usage: "the predicate's `TYPE`: a URI, slsaprovenance1, cyclonedx, spdxjson, vuln, openvex, link, custom, or loads"},
			&cli.StringSliceFlag{Name: "host", Usage: "with --type loads, the `HOST` to prove for, a binary or a descriptor (repeatable)"},
			hostKeyFlag(),
			&cli.StringFlag{Name: "bundle", Usage: "write the bundle to `FILE`"},
			quietFlag(),
		),
		Action: p.attest,
	}
}

// attestOptions is what attesting needs to know.
type attestOptions struct {
	plugins   []string
	bundle    string // "" for the sidecars beside each plugin
	keys      []string
	hosts     []string
	hostKeys  []*bundle.PublicKey
	typ       string // URI
	predicate []byte // nil for what plugtool states itself
}

func (p *program) attest(c *cli.Context) error {
	p.quiet = c.Bool("quiet")
	o, err := p.attestOptions(c)
	if err != nil {
		return err
	}
	signers, err := p.sealers(c, o.keys)
	if err != nil {
		return err
	}
	state, done, err := p.stater(o)
	if err != nil {
		return err
	}
	defer done()
	for _, file := range o.plugins {
		if err := c.Context.Err(); err != nil {
			return err
		}
		if err := p.attestFile(c.Context, o, signers, file, state); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) attestOptions(c *cli.Context) (o attestOptions, err error) {
	conf, err := loadConfig(".")
	if err != nil {
		return o, err
	}
	o.bundle, o.hosts = c.String("bundle"), c.StringSlice("host")
	if c.NArg() == 0 {
		return o, usagef("plugtool attest --key KEY PLUGIN...", "no plugin was named")
	}
	if o.plugins, err = expandFolders(c.Args().Slice()); err != nil {
		return o, err
	}
	if o.typ, err = predicateType(c); err != nil {
		return o, err
	}
	if file := c.String("predicate"); file != "" {
		if o.predicate, err = readPredicate(file); err != nil {
			return o, err
		}
	}
	if o.keys, err = p.signingKeys(c, conf); err != nil {
		return o, err
	}
	if o.hostKeys, err = p.readPublicKeys(c.Context, c.StringSlice("host-key")); err != nil {
		return o, err
	}
	if err := oneOfEach(c, len(o.plugins), len(o.keys), "bundle"); err != nil {
		return o, err
	}
	inputs := slices.Concat(o.plugins, o.keys, o.hosts, []string{c.String("predicate")})
	return o, mayWrite("--bundle "+o.bundle, o.bundle, inputs...)
}

// predicateType reads --type, and refuses what does not go together with it.
func predicateType(c *cli.Context) (string, error) {
	name, hasFile := c.String("type"), c.String("predicate") != ""
	if name == "" {
		if hasFile {
			return "", usagef("as in --type cyclonedx, or a URI", "--predicate needs --type, which says what the file states")
		}
		name = policy.ShortType(builder.ReconstructedType)
	}
	uri, ok := policy.TypeURI(name)
	isLoads := uri == policy.LoadsType
	switch {
	case !ok:
		return "", usagef("as in slsaprovenance1, cyclonedx, or https://example.com/review/v1", "--type %s is no type of predicate: want a short name or a URI", name)
	case isLoads && hasFile:
		return "", usagef("--host HOST names the host to prove for", "--type %s takes no --predicate: plugtool states what it proved itself", name)
	case isLoads && len(c.StringSlice("host")) == 0:
		return "", usagef("--host HOST names the host to prove for", "--type %s proves that plugins load into hosts, and no host is given", name)
	case !isLoads && len(c.StringSlice("host")) > 0:
		return "", usagef("--type loads proves that a plugin loads into a host", "--host says nothing about a predicate of type %s", name)
	case !isLoads && !hasFile && uri != builder.ReconstructedType:
		return "", usagef("--predicate FILE names it", "--type %s needs a predicate", name)
	}
	return uri, nil
}

// readPredicate reads a JSON object that means one thing to every reader.
func readPredicate(file string) ([]byte, error) {
	data, err := readSmall(file, bundle.MaxSize)
	if err != nil {
		return nil, fmt.Errorf("predicate: %w", err)
	}
	if err := bundle.CheckJSON(data); err != nil {
		return nil, fmt.Errorf("predicate %s %w", file, err)
	}
	if !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return nil, fmt.Errorf("predicate %s is no JSON object", file)
	}
	return data, nil
}

// A stater gives the statement about a plugin.
type stater func(plugin *inspector.Plugin) ([]byte, error)

// stater gives what is to be stated of each plugin. done is called after the last.
func (p *program) stater(o attestOptions) (state stater, done func(), err error) {
	switch {
	case o.predicate != nil:
		return func(plugin *inspector.Plugin) ([]byte, error) {
			return bundle.MarshalStatement(filepath.Base(plugin.File), bundle.NewDigests(plugin.Data), o.typ, o.predicate)
		}, func() {}, nil
	case o.typ == policy.LoadsType:
		return p.loadsStater(o)
	}
	return func(plugin *inspector.Plugin) ([]byte, error) {
		return builder.Reconstruct(plugin, version())
	}, func() {}, nil
}

// attestFile states something of one plugin, and puts it beside the plugin.
func (p *program) attestFile(ctx context.Context, o attestOptions, signers []sealer, file string, state stater) error {
	plugin := inspector.ReadPlugin(file)
	if plugin.Err != nil {
		return plugin.Err
	}
	statement, err := state(plugin)
	if err != nil {
		var f *failure
		if errors.As(err, &f) {
			return err
		}
		return fmt.Errorf("attest %s: %w", file, err)
	}
	signed, digests := sealed{plugin: plugin}, bundle.NewDigests(plugin.Data)
	for _, s := range signers {
		text, err := s.statement(ctx, statement)
		if err == nil {
			err = signed.add(s, text, digests)
		}
		if err != nil {
			return s.signError(file, err)
		}
	}
	if o.predicate != nil {
		p.warnIfStrange(plugin, "attested")
	}
	files, err := signed.write(ctx, o.bundle)
	if err != nil {
		return fmt.Errorf("write the attestation of %s: %w", file, err)
	}
	p.progressf("attested %s (%s): %s", file, policy.ShortType(o.typ), strings.Join(files, " "))
	return nil
}
