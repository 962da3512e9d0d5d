package builder

import "github.com/plugtool/plugtool/inspector"

// A Document is a file that accompanies a plugin: what it was built from, and how. It
// is put in place together with the plugin, and like it whole or not at all.
type Document struct {
	File string // absolute; a device or a pipe is written as it is
	Make func(*Built) ([]byte, error)
}

// Built is a plugin that was built and loads, before it is put in place.
type Built struct {
	Output  string // where it is going to be
	Data    []byte
	Plan    *Plan
	Verdict *inspector.Verdict
	Host    *inspector.Host

	src  Source
	opts Options
}

// makeDocuments makes what accompanies a plugin.
func (r *run) makeDocuments(a *attempt) ([]document, error) {
	built := &Built{Output: r.opts.Output, Data: a.data, Plan: a.plan, Verdict: a.verdict, Host: r.host, src: a.src, opts: r.opts}
	var list []document
	for _, d := range r.opts.Documents {
		data, err := d.Make(built)
		if err != nil {
			return nil, err
		}
		list = append(list, document{d.File, data})
	}
	return list, nil
}
