package main

import "github.com/plugtool/plugtool/inspector"

// judgeAlone says what there is to say about plugins without a host: nothing
// about whether they load, unless no host can load them, whether they keep a
// contract, and whether they need a newer glibc than is asked for. A host's descriptor
// is none and is signed like one.
func judgeAlone(plugins []*inspector.Plugin, options inspector.Options) (*inspector.Verdict, error) {
	v := &inspector.Verdict{}
	for _, plugin := range plugins {
		pv := inspector.PluginVerdict{File: plugin.File, Outcome: inspector.Unknown}
		if !isDescriptor(plugin.File) {
			pv.Findings = append(pv.Findings, inspector.CheckFile(plugin)...)
		}
		broken, err := inspector.CheckContract(plugin, options.Contract)
		if err != nil {
			return nil, err
		}
		pv.Findings = append(pv.Findings, broken...)
		tooNew, err := options.CheckAlone(plugin)
		if err != nil {
			return nil, err
		}
		pv.Findings = append(append(pv.Findings, tooNew...), inspector.CheckCopies(plugin)...)
		v.Plugins = append(v.Plugins, pv)
	}
	return v, nil
}
