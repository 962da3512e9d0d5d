package main

import (
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

// A checked plugin is one whose signatures were looked at.
type checked struct {
	result bundle.Result       // where nobody is trusted, and of what cannot be read
	about  *policy.Examination // else
}

// checkSignatures looks at every plugin's signatures, over the very bytes that
// the verdict is about. Of what could not be read there is none. A plugin that was
// replaced together with its sidecar, after it was read and before the sidecar was,
// is read again.
func checkSignatures(plugins []*inspector.Plugin, o verifyOptions) []checked {
	list := make([]checked, len(plugins))
	atOnce(len(plugins), func(i int) error {
		const tries = 10
		for range tries {
			list[i] = o.checkSignature(plugins[i])
			if list[i].about == nil {
				break
			}
			if d := list[i].about.Decide(nil, "", o.now); d.Allowed || d.Verdict {
				break
			}
			if !holdsOther(plugins[i].File, plugins[i].Data) {
				break
			}
			now := inspector.ReadSignedPlugin(plugins[i].File)
			if now.Err != nil {
				break
			}
			plugins[i] = now
		}
		return nil
	})
	return list
}

func (o verifyOptions) checkSignature(plugin *inspector.Plugin) checked {
	if plugin.Err != nil {
		return checked{result: bundle.Result{Status: bundle.Missing, Signers: []bundle.Signer{}, Reason: "the plugin cannot be read"}}
	}
	if o.trust.rules == nil {
		return checked{result: bundle.Check(plugin.File, plugin.Data, o.bundle, bundle.Trust{})}
	}
	s := policy.Subject{File: plugin.File, Data: plugin.Data, Digests: bundle.HashedDigests(plugin.Data, plugin.Digest)}
	if o.bundle != "" {
		s.Bundles = []string{o.bundle}
	}
	if plugin.Binary != nil {
		s.Package, s.Version = plugin.Binary.Path, plugin.Binary.Main.Version
	}
	return checked{about: o.trust.rules.Examine(s)}
}

// decide puts into a host's result what its plugins' signatures are worth there: a
// policy may ask for the verdict, and for a proof about this very host.
func (o verifyOptions) decide(j judged, list []checked) report.Result {
	signatures := make([]bundle.Result, len(list))
	decisions := make([]*policy.Decision, len(list))
	for place := range list {
		i := place
		if j.index != nil {
			i = j.index[place]
		}
		if list[i].about == nil {
			signatures[place] = list[i].result
			continue
		}
		d := list[i].about.Decide(j.identities, o.outcome(j, place), o.now)
		signatures[place] = d.Result
		if d.Verdict {
			// All that is asked of signatures holds. What does not is the verdict, which
			// has a place and an exit code of its own.
			signatures[place].Status = bundle.Verified
		}
		if o.trust.file == "" {
			signatures[place].Rule = "" // of flags
		} else {
			decisions[place] = d
		}
	}
	result := report.New(j.verdict, signatures)
	for place, d := range decisions {
		result.Plugins[place].Decision = d
	}
	return result
}

// outcome is what a policy is told of the verdict: without a host there is none.
func (o verifyOptions) outcome(j judged, place int) string {
	if len(o.hosts) == 0 {
		return ""
	}
	return string(j.verdict.Plugins[place].Outcome)
}

// warnings are those of all decisions, each once.
func warnings(r *report.Report) []string {
	var all []string
	seen := map[string]bool{}
	for _, result := range r.Results {
		for _, p := range result.Plugins {
			if p.Decision == nil {
				continue
			}
			for _, w := range p.Decision.Warnings {
				if !seen[w] {
					seen[w] = true
					all = append(all, w)
				}
			}
		}
	}
	return all
}

// hostIdentities gives what a proof that plugins load has to name, where the policy asks
// for one. A host without an identity is proved by nothing.
func (o verifyOptions) hostIdentities(host *inspector.Host) []string {
	if o.trust.rules == nil || !o.trust.rules.AskProofs() {
		return nil
	}
	identity, err := host.Identity()
	if err != nil {
		return []string{"one without an identity: " + err.Error()}
	}
	return []string{identity}
}

// signing is what the report says about what is demanded of signatures.
func (o verifyOptions) signing() report.Signing {
	return report.Signing{
		Keys: o.trust.keys, Identity: o.trust.identity, Policy: o.trust.file,
		Types: o.trust.types, Bundle: o.bundle, Required: o.trust.required || o.trust.rules != nil,
	}
}
