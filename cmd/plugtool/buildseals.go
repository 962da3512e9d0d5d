package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

// buildSeals says what a build signs: the plugin, and with --attest what it did itself.
func (p *program) buildSeals(c *cli.Context, conf config, o *buildOptions) error {
	if err := lenienceAlone(c); err != nil {
		return err
	}
	given, attest := c.StringSlice("key"), c.Bool("attest")
	if !asksKeyless(c) {
		var err error
		if o.keys, err = p.keysFromConfig(conf, "key", given, conf.Build.Key); err != nil {
			return err
		}
	} else if len(given) > 0 {
		return usagef("", "--key and an identity are given, and one of them signs")
	}
	signs := len(o.keys) > 0 || asksKeyless(c)
	if attest && !signs {
		return usagef("`plugtool generate-key-pair` makes one", "--attest signs statements, and there is no --key to sign with")
	}
	var b besides
	o.Beside = b.decide
	if !signs || o.dryRun {
		return nil
	}
	var err error
	if b.by, err = p.sealers(c, o.keys); err != nil {
		return err
	}
	o.Seals = []builder.Seal{{Extension: bundle.Extension, Make: func(ctx context.Context, built *builder.Built) ([][]byte, error) {
		return b.each(built, func(s sealer) ([]byte, error) { return s.message(ctx, built.Data) })
	}}}
	if !attest {
		return nil
	}
	o.attested = readHosts{}
	sums := o.attested
	o.Seals = append(o.Seals,
		b.attestation(builder.ReconstructedType, func(ctx context.Context, built *builder.Built) ([]byte, error) {
			sum := sums[built.Host]
			return builder.Provenance{HostFile: built.Host.Binary().File, HostSHA256: hex.EncodeToString(sum[:]), Version: version()}.Make(ctx, built)
		}),
		b.attestation(policy.LoadsType, func(_ context.Context, built *builder.Built) ([]byte, error) {
			at, err := verifiedAt(p.env)
			if err != nil {
				return nil, err
			}
			plugin := inspector.NewPlugin(built.Output, built.Data)
			return loadsStatement(built.Output, built.Data, plugin.Binary, []*inspector.Host{built.Host}, at)
		}))
	return nil
}

// besides is who signs a plugin that is built, and decides what becomes of what is signed
// about the one that it replaces.
type besides struct{ by []sealer }

// each has everybody sign.
func (b *besides) each(built *builder.Built, sign func(sealer) ([]byte, error)) ([][]byte, error) {
	var list [][]byte
	for _, s := range b.by {
		text, err := sign(s)
		if err != nil {
			return nil, s.signError(built.Output, err)
		}
		list = append(list, text)
	}
	return list, nil
}

// attestation has everybody sign what state gives for a plugin that was built.
func (b *besides) attestation(typ string, state func(context.Context, *builder.Built) ([]byte, error)) builder.Seal {
	return builder.Seal{Extension: bundle.AttestationPath("", policy.ShortType(typ)), Make: func(ctx context.Context, built *builder.Built) ([][]byte, error) {
		statement, err := state(ctx, built)
		if err != nil {
			return nil, err
		}
		return b.each(built, func(s sealer) ([]byte, error) { return s.statement(ctx, statement) })
	}}
}

// decide gives the new sidecars their names, as sign and attest do, and finds what is not
// about the new plugin. The sidecars are those of each seal in turn, by everybody.
func (b *besides) decide(output string, data []byte, sidecars []builder.Sidecar) (builder.Beside, error) {
	digests := bundle.NewDigests(data)
	var beside builder.Beside
	var seals []seal
	named := map[string]bool{}
	for i, sidecar := range sidecars {
		s, err := b.by[i%len(b.by)].seal(sidecar.Data, digests)
		if err != nil {
			return beside, err
		}
		name, own := s.names(output)
		others, err := s.taken(name, digests)
		if err != nil {
			return beside, err
		}
		if others || named[filepath.Clean(name)] {
			name = own
		}
		named[filepath.Clean(name)], seals = true, append(seals, s)
		beside.Sidecars = append(beside.Sidecars, builder.Sidecar{Extension: strings.TrimPrefix(name, output), Data: sidecar.Data})
	}
	findStale(output, digests, seals, named, &beside)
	return beside, nil
}

// ownNames is how the names of sidecars go on that plugtool gives. Any other is somebody's
// own, or that of another file's sidecar.
var ownNames = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^((\.[0-9a-f]{16})?|\.(` + strings.Join(append(policy.ShortTypes(), customType), "|") + `)(\.[0-9a-f]{16})?\.intoto)\.sigstore\.json$`)
})

// waitingNames are those that sidecars have while a plugin is replaced: the build removes them.
var waitingNames = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\.next[0-9]*\.`) })

// ofAnother tells whether a sidecar is named after another file that is there.
func ofAnother(sidecar, output string) bool {
	file := strings.TrimSuffix(sidecar, bundle.Extension)
	_, err := os.Lstat(file)
	return err == nil && file != filepath.Clean(output)
}

// findStale finds the sidecars that are not about the plugin which is put in place, or
// that the new ones, which are named, take the place of under another name.
func findStale(output string, plugin *bundle.Digests, seals []seal, named map[string]bool, into *builder.Beside) {
	signatures, err := bundle.Find(output)
	attestations, errAlso := bundle.FindAttestations(output)
	if err := cmp.Or(err, errAlso); err != nil {
		into.Warnings = append(into.Warnings, err.Error())
	}
	var removed, strange []string
	for _, file := range slices.Concat(signatures, attestations) {
		rest := strings.TrimPrefix(file, filepath.Clean(output))
		text, b, err := readSidecar(file)
		if err != nil || b == nil || named[file] || waitingNames().MatchString(rest) || ofAnother(file, output) {
			continue
		}
		replaced := slices.ContainsFunc(seals, func(s seal) bool { return s.sameAs(text, b, plugin) })
		ours := ownNames().MatchString(rest)
		stays := b.About(plugin) == nil
		switch {
		case ours && replaced:
			into.Stale = append(into.Stale, file)
		case stays || !ours && replaced:
		case ours:
			into.Stale = append(into.Stale, file)
			removed = append(removed, shortest(file))
		default:
			strange = append(strange, shortest(file))
		}
	}
	if len(removed) > 0 {
		into.Warnings = append(into.Warnings, "removed what was about the plugin that was there before, and whoever signed that has to sign the new one: "+strings.Join(removed, " "))
	}
	if len(strange) > 0 {
		into.Warnings = append(into.Warnings, "left what does not fit the new plugin, as it has names of its own: "+strings.Join(strange, " "))
	}
}
