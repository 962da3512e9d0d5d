package main

import (
	"fmt"

	"github.com/plugtool/plugtool/inspector"
)

// notPlugin is the finding about a file that no host can load.
const notPlugin = "PT206"

// judgeAlone says what there is to say about plugins without a host: nothing
// about whether they load, unless they are none, whether they keep a contract,
// and whether they need a newer glibc than is asked for.
func judgeAlone(plugins []*inspector.Plugin, options inspector.Options) (*inspector.Verdict, error) {
	v := &inspector.Verdict{}
	for _, plugin := range plugins {
		pv := inspector.PluginVerdict{File: plugin.File, Outcome: inspector.Unknown}
		if plugin.Binary == nil || plugin.Binary.Kind != inspector.KindPlugin {
			pv.Findings = append(pv.Findings, notPluginFinding(plugin))
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
		pv.Findings = append(pv.Findings, tooNew...)
		v.Plugins = append(v.Plugins, pv)
	}
	return v, nil
}

func notPluginFinding(plugin *inspector.Plugin) inspector.Finding {
	f := inspector.Finding{
		ID:       notPlugin,
		Severity: inspector.Error,
		Title:    plugin.File + " is no Go plugin: no host can load it",
		Plugin:   "no Go binary",
		Docs:     inspector.DocsURL + notPlugin + ".md",
	}
	if plugin.Binary != nil {
		f.Plugin = fmt.Sprintf("kind %s, platform %s", plugin.Binary.Kind, plugin.Binary.Platform)
	}
	for _, kind := range inspector.FindingKinds() {
		if kind.ID == notPlugin {
			f.Slug = kind.Slug
		}
	}
	return f
}
