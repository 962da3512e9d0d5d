package builder

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/plugtool/plugtool/inspector"
)

// A Document is a file that accompanies a plugin: what it was built from, and how. It
// is put in place together with the plugin, and like it whole or not at all.
type Document struct {
	File      string // absolute; a device or a pipe is written as it is
	Extension string // of its name in File, where that is a folder: the output's name and this
	Make      func(context.Context, *Built) ([]byte, error)
}

// An Attestation is a signed statement about a plugin, in a sidecar of its own beside it,
// PLUGIN.TYPE.intoto.sigstore.json.
type Attestation struct {
	Type string // the short name of its predicate's type, as in slsaprovenance1
	Make func(context.Context, *Built) ([]byte, error)
}

// file gives the attestation's place beside a plugin.
func (a Attestation) file(plugin string) string { return plugin + a.extension() }

func (a Attestation) extension() string { return "." + a.Type + attestationExtension }

// Built is a plugin that was built and loads, before it is put in place.
type Built struct {
	Output  string // where it is going to be
	Data    []byte
	Plan    *Plan
	Verdict *inspector.Verdict
	Host    *inspector.Host

	src   Source
	opts  Options
	began time.Time
}

// namedDocuments gives documents that were to go into a folder their names.
func namedDocuments(documents []Document, output string) []Document {
	named := slices.Clone(documents)
	for i, d := range named {
		if fi, err := os.Stat(d.File); err == nil && fi.IsDir() || trailingSlash(d.File) != "" {
			named[i].File = filepath.Join(d.File, filepath.Base(output)+d.Extension)
		} else {
			named[i].File = filepath.Clean(d.File)
		}
	}
	return named
}

// built gives what statements about the plugin may be made of.
func (r *run) built(a *attempt) *Built {
	return &Built{Output: r.opts.Output, Data: a.data, Plan: a.plan, Verdict: a.verdict, Host: r.host, src: a.src, opts: r.opts, began: r.began}
}

// makeSidecars makes the signature and the attestations, in the order in which they are
// put in place.
func (r *run) makeSidecars(ctx context.Context, a *attempt) (list []sidecar, err error) {
	if r.opts.Seal != nil {
		data, err := r.opts.Seal(r.opts.Output, a.data)
		if err != nil {
			return nil, err
		}
		list = append(list, sidecar{sidecarExtension, data})
	}
	built := r.built(a)
	for _, attestation := range r.opts.Attestations {
		data, err := attestation.Make(ctx, built)
		if err != nil {
			return nil, err
		}
		list = append(list, sidecar{attestation.extension(), data})
	}
	return list, nil
}

// makeDocuments makes what accompanies a plugin.
func (r *run) makeDocuments(ctx context.Context, a *attempt) ([]document, error) {
	built := r.built(a)
	var list []document
	for _, d := range r.opts.Documents {
		data, err := d.Make(ctx, built)
		if err != nil {
			return nil, err
		}
		list = append(list, document{d.File, data})
	}
	return list, nil
}
