package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/signer/bundle"
)

// matching gives how many of n signers have signed, where each evidence counts for one
// of those in its list at the most, and each signer once: else one who matches two
// patterns, or can have certificates for many names that one pattern matches, would
// count twice. It is the size of a maximum matching (Kuhn's algorithm).
func matching(by [][]int, n int) int {
	taken := make([]int, n) // which evidence counts for a signer, from 1; 0 for none
	var place func(e int, tried []bool) bool
	place = func(e int, tried []bool) bool {
		for _, s := range by[e] {
			if tried[s] {
				continue
			}
			tried[s] = true
			if taken[s] == 0 || place(taken[s]-1, tried) {
				taken[s] = e + 1
				return true
			}
		}
		return false
	}
	size := 0
	for e := range by {
		if place(e, make([]bool, n)) {
			size++
		}
	}
	return size
}

// attestation asks for a statement of a type, by signers, about the file.
func (d *decider) attestation(rule *Rule, a Attestation) bool {
	uri, _ := TypeURI(a.Type)
	signers := a.Signers
	if len(signers) == 0 {
		signers = rule.Signers
	}
	search := bundle.Search{Plugin: d.subject.File, Kind: bundle.Attestation, Files: d.subject.Bundles, Folder: d.subject.Folder}
	return d.signed("attestation "+a.Type, search, signers, a.Threshold, func(e bundle.Evidence) error {
		if e.Statement.PredicateType != uri {
			return untrusted("attests %q, expected %q", e.Statement.PredicateType, uri)
		}
		if len(a.Builders) > 0 {
			builder, ok := e.Statement.Field(builderPath(uri)...)
			if !ok || !slices.Contains(a.Builders, builder) {
				return untrusted("names builder %q, expected %s", builder, strings.Join(a.Builders, " or "))
			}
		}
		if uri == LoadsType {
			return d.provesHost(e.Statement)
		}
		return nil
	})
}

// builderPath says where SLSA provenance has the builder's id; nil for other types.
func builderPath(uri string) []string {
	switch uri {
	case "https://slsa.dev/provenance/v1":
		return []string{"runDetails", "builder", "id"}
	case "https://slsa.dev/provenance/v0.1", "https://slsa.dev/provenance/v0.2":
		return []string{"builder", "id"}
	}
	return nil
}

// provesHost checks that a statement of [LoadsType] is about the host at hand.
func (d *decider) provesHost(s *bundle.Statement) error {
	if len(d.subject.Hosts) == 0 {
		return nil
	}
	hosts, err := ProvedHosts(s)
	if err != nil {
		return &bundle.Error{Status: bundle.Invalid, Reason: err.Error()}
	}
	var named []string
	for _, h := range hosts {
		if slices.Contains(d.subject.Hosts, h.Identity) {
			return nil
		}
		named = append(named, fmt.Sprintf("%q (%s)", h.Name, h.Identity))
	}
	return untrusted("proves that it loads into %s, the host at hand is %s", strings.Join(named, ", "), strings.Join(d.subject.Hosts, ", "))
}

// A ProvedHost is a host that a plugin was proved to load into.
type ProvedHost struct {
	Name     string
	Identity string // see inspector's Identity
}

// ProvedHosts reads the hosts of a statement of [LoadsType].
func ProvedHosts(s *bundle.Statement) ([]ProvedHost, error) {
	var predicate map[string]any
	if err := json.Unmarshal(s.Predicate, &predicate); err != nil {
		return nil, fmt.Errorf("holds a predicate that is no object: %w", err)
	}
	list, _ := predicate["hosts"].([]any)
	var hosts []ProvedHost
	for i, e := range list {
		host, _ := e.(map[string]any)
		name, _ := host["name"].(string)
		identity, _ := host["identity"].(string)
		if identity == "" {
			return nil, fmt.Errorf("names a host (hosts[%d]) without an identity", i)
		}
		hosts = append(hosts, ProvedHost{name, identity})
	}
	if len(hosts) == 0 {
		return nil, fmt.Errorf("names no host that the plugin was proved to load into")
	}
	return hosts, nil
}

// version refuses what is older than the rule allows: an old plugin is signed as well
// as a new one.
func (d *decider) version(rule *Rule) bool {
	if rule.MinVersion == "" {
		return true
	}
	if d.subject.Version == "" && d.subject.ReadVersion != nil {
		d.subject.Version = d.subject.ReadVersion()
	}
	least, _ := parseVersion(rule.MinVersion)
	have, ok := parseVersion(d.subject.Version)
	if !ok {
		return d.step("version", false, "its build information names version %q, the policy wants %s or newer; "+
			"a version is recorded where the module is built at a version, not from a folder without a tag", d.subject.Version, rule.MinVersion)
	}
	return d.step("version", have.compare(least) >= 0, "it is %s, the policy wants %s or newer", d.subject.Version, rule.MinVersion)
}

// verdict asks for the verdict, the last thing that is looked at, and ends the decision.
func (d *decider) verdict(rule *Rule) {
	d.Allowed = true
	if rule.Verdict == "" {
		return
	}
	outcome := d.subject.Outcome
	if outcome == "" {
		outcome = "not known, as no host was given"
	}
	d.Allowed = d.step("verdict", d.subject.Outcome == rule.Verdict, "the verdict is %s, the policy wants %s", outcome, rule.Verdict)
	d.Verdict = !d.Allowed
}
