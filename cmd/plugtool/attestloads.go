package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

// loadsStater proves of each plugin that it loads into the hosts, and states that.
func (p *program) loadsStater(o attestOptions) (stater, func(), error) {
	at, err := verifiedAt(p.env)
	if err != nil {
		return nil, nil, err
	}
	var hosts []*inspector.Host
	closeAll := func() {
		for _, h := range hosts {
			h.Close()
		}
	}
	for _, file := range o.hosts {
		host, err := readHosts{}.open(file, o.hostKeys)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		hosts = append(hosts, host)
	}
	return func(plugin *inspector.Plugin) ([]byte, error) {
		if err := p.proveLoads(plugin, hosts); err != nil {
			return nil, err
		}
		return loadsStatement(plugin.File, plugin.Data, plugin.Binary, hosts, at)
	}, closeAll, nil
}

// proveLoads judges a plugin by itself in each of the hosts, and tells where it does not load.
func (p *program) proveLoads(plugin *inspector.Plugin, hosts []*inspector.Host) error {
	for _, host := range hosts {
		verdict, err := inspector.Check(host, []*inspector.Plugin{plugin})
		if err != nil {
			return err
		}
		if verdict.Plugins[0].Outcome == inspector.Loads {
			continue
		}
		if err := report.WriteText(p.out, &report.Report{Results: []report.Result{report.FromVerdict(verdict)}}, p.style()); err != nil {
			return err
		}
		return &failure{code: exitRefused, err: fmt.Errorf("%s does not load into %s (%s): that it does is not attested",
			plugin.File, host.Binary().File, verdict.Plugins[0].Outcome)}
	}
	return nil
}

// loadsStatement states that a plugin loads into hosts.
func loadsStatement(file string, data []byte, b *inspector.Binary, hosts []*inspector.Host, at time.Time) ([]byte, error) {
	predicate := policy.Loads{Plugtool: version(), VerifiedAt: at}
	if b != nil {
		predicate.Plugin = policy.LoadsPlugin{Path: b.Path, Module: b.Main.Path, Version: b.Main.Version, GoVersion: b.GoVersion}
	}
	for _, host := range hosts {
		id, err := host.Identity()
		if err != nil {
			return nil, err
		}
		facts := host.Binary()
		predicate.Hosts = append(predicate.Hosts, policy.LoadsHost{
			Name: filepath.Base(facts.File), Identity: id, GoVersion: facts.GoVersion, Platform: facts.Platform,
		})
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(predicate); err != nil {
		return nil, err
	}
	return bundle.MarshalStatement(filepath.Base(file), bundle.NewDigests(data), policy.LoadsType, text.Bytes())
}

// verifiedAt is the time of a verdict that is attested: SOURCE_DATE_EPOCH, so that equal
// runs have equal statements, or now, to the second.
func verifiedAt(env environment) (time.Time, error) {
	epoch, ok := env.lookup("SOURCE_DATE_EPOCH")
	if !ok || epoch == "" {
		return time.Now().UTC().Truncate(time.Second), nil
	}
	at := sourceDate(env).UTC()
	const lastYear = 9999 // beyond which RFC 3339 does not go
	if at.IsZero() || at.Year() > lastYear {
		return time.Time{}, usagef("", "SOURCE_DATE_EPOCH=%q: want the seconds since 1970", epoch)
	}
	return at, nil
}
