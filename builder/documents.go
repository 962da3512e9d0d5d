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

// makeDocuments makes what accompanies a plugin.
func (r *run) makeDocuments(ctx context.Context, a *attempt) ([]document, error) {
	built := &Built{Output: r.opts.Output, Data: a.data, Plan: a.plan, Verdict: a.verdict, Host: r.host, src: a.src, opts: r.opts, began: r.began}
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
