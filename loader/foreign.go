package loader

import (
	"bytes"
	"os"
	"slices"

	"github.com/plugtool/plugtool/inspector"
)

// noteForeign adds what the process has opened past this package, with plugin.Open, to
// the record: it takes part in what can be opened next, whether it was opened well or
// not. A file that was replaced since cannot be asked what it was, and is left out.
func (p *process) noteForeign(host *inspector.Host) {
	for _, file := range loadedFiles() {
		known := func(a *attempt) bool { return a.facts.Path == file }
		if p.looked[file] || slices.ContainsFunc(p.attempts, known) {
			continue
		}
		if p.looked == nil {
			p.looked = map[string]bool{}
		}
		p.looked[file] = true // C libraries, most of them
		if !hasGoPackages(file) || !stillMapped(file) {
			continue
		}
		facts := inspector.ReadPlugin(file) // and not mapped: the file belongs to others
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

// hasGoPackages tells a Go plugin from a C library in less time than reading its facts
// takes.
func hasGoPackages(file string) bool {
	data, err := os.ReadFile(file)
	return err == nil && bytes.Contains(data, []byte("go:link.pkghash"))
}
