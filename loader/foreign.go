package loader

import (
	"bytes"
	"context"
	"slices"

	"github.com/plugtool/plugtool/inspector"
)

// noteForeign adds what the process has opened past this package, with plugin.Open, to
// the record: it takes part in what can be opened next, whether it was opened well or
// not. A file that was replaced since cannot be asked what it was, and is left out.
func (p *process) noteForeign(ctx context.Context, r *rules, host *inspector.Host) {
	for _, file := range loadedFiles() {
		known := func(a *attempt) bool { return a.facts.Path == file }
		if p.looked[file] || slices.ContainsFunc(p.attempts, known) {
			continue
		}
		if p.looked == nil {
			p.looked = map[string]bool{}
		}
		p.looked[file] = true // C libraries, most of them
		data := readForeign(ctx, file, max(r.MaxSize, DefaultMaxSize))
		if !bytes.Contains(data, []byte("go:link.pkghash")) { // finding facts takes longer
			continue
		}
		facts := inspector.NewPlugin(file, data)
		if facts.Binary == nil || facts.Binary.Kind != inspector.KindPlugin {
			continue
		}
		p.attempts = append(p.attempts, &attempt{facts: facts, foreign: true})
		verdict, err := inspector.Check(host, p.facts())
		last := len(p.attempts) - 1
		if err != nil || verdict.Plugins[last].Outcome != inspector.Loads && verdict.Plugins[last].Outcome != inspector.Refused {
			p.attempts = p.attempts[:last] // not what happened: the process is still here
		}
	}
}

// facts are those of all that was opened, in order.
func (p *process) facts() []*inspector.Plugin {
	list := make([]*inspector.Plugin, 0, len(p.attempts)+1)
	for _, a := range p.attempts {
		list = append(list, a.facts)
	}
	return list
}

// readForeign reads a file that the dynamic linker has loaded, at most max bytes; nil where
// that cannot be done. By now its name may lead to a pipe that nobody writes to, or to a
// device.
func readForeign(ctx context.Context, file string, max int64) []byte {
	f, info, err := candidate{file: file}.openRegular()
	if err != nil {
		return nil
	}
	defer f.Close()
	if !stillMapped(file, info) || info.Size() > max {
		return nil
	}
	data, err := readAll(ctx, f, info.Size(), max)
	if err != nil {
		return nil
	}
	return data
}
