package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/policy"
)

// buildSeals says what a build signs: the plugin, and with --attest what it did itself.
func (p *program) buildSeals(c *cli.Context, conf config, o *buildOptions) error {
	if err := lenienceAlone(c); err != nil {
		return err
	}
	if !asksKeyless(c) {
		var err error
		if o.keyFile, err = p.keyFromConfig(conf, c.String("key"), conf.Build.Key); err != nil {
			return err
		}
	} else if c.String("key") != "" {
		return usagef("", "--key and an identity are given, and one of them signs")
	}
	attest := c.Bool("attest")
	switch {
	case o.keyFile == "" && !asksKeyless(c) && attest:
		return usagef("`plugtool generate-key-pair` makes one", "--attest signs statements, and there is no --key to sign with")
	case o.keyFile == "" && !asksKeyless(c) || o.dryRun:
		return nil
	}
	by, err := p.sealers(c, []string{o.keyFile})
	if err != nil {
		return err
	}
	ctx, s := c.Context, by[0]
	o.Seal = func(plugin string, data []byte) ([]byte, error) {
		sidecar, err := s.message(ctx, data)
		if err != nil {
			return nil, s.signError(plugin, err)
		}
		return sidecar, nil
	}
	if !attest {
		return nil
	}
	o.Attestations = []builder.Attestation{
		p.attestation(s, builder.ReconstructedType, func(ctx context.Context, b *builder.Built) ([]byte, error) {
			return builder.Provenance{HostFile: b.Host.Binary().File, Version: version()}.Make(ctx, b)
		}),
		p.attestation(s, policy.LoadsType, func(_ context.Context, b *builder.Built) ([]byte, error) {
			at, err := verifiedAt(p.env)
			if err != nil {
				return nil, err
			}
			plugin := inspector.NewPlugin(b.Output, b.Data)
			return loadsStatement(b.Output, b.Data, plugin.Binary, []*inspector.Host{b.Host}, at)
		}),
	}
	return nil
}

// attestation signs what state gives for a plugin that was built.
func (p *program) attestation(s sealer, typ string, state func(context.Context, *builder.Built) ([]byte, error)) builder.Attestation {
	return builder.Attestation{Type: policy.ShortType(typ), Make: func(ctx context.Context, b *builder.Built) ([]byte, error) {
		statement, err := state(ctx, b)
		if err != nil {
			return nil, err
		}
		sidecar, err := s.statement(ctx, statement)
		if err != nil {
			return nil, s.signError(b.Output, err)
		}
		return sidecar, nil
	}}
}
