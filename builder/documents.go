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

// A Seal is what is signed about a plugin: the plugin itself, or a statement about it.
type Seal struct {
	Extension string // of the sidecars' names after the plugin's, as in .sigstore.json

	// Make gives a sidecar's content for everybody who signs. All of them ask for the name
	// with the Extension; see [Options.Beside].
	Make func(context.Context, *Built) ([][]byte, error)
}

// A Sidecar is a signed file that is found by the plugin's name.
type Sidecar struct {
	Extension string // after the plugin's name
	Data      []byte
}

// Beside is what becomes of the files beside a plugin when it is put in place.
type Beside struct {
	Sidecars []Sidecar // with the names that they get, no two the same
	Stale    []string  // files that are removed, once the plugin is in place
	Warnings []string
}

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

// makeSidecars makes the signatures and the attestations, in the order in which they are
// put in place.
func (r *run) makeSidecars(ctx context.Context, a *attempt) (list []Sidecar, err error) {
	built := r.built(a)
	for _, seal := range r.opts.Seals {
		made, err := seal.Make(ctx, built)
		if err != nil {
			return nil, err
		}
		for _, data := range made {
			list = append(list, Sidecar{seal.Extension, data})
		}
	}
	return list, nil
}

// beside says what becomes of the files beside the output.
func (r *run) beside(a *attempt) func([]Sidecar) (Beside, error) {
	return func(sidecars []Sidecar) (Beside, error) {
		if r.opts.Beside == nil {
			return Beside{Sidecars: sidecars}, nil
		}
		data := a.data
		if data == nil { // it was judged without being read
			var err error
			if data, err = os.ReadFile(a.file); err != nil {
				return Beside{}, err
			}
		}
		return r.opts.Beside(r.opts.Output, data, sidecars)
	}
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
