package policy

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

func (r *Rules) checkRule(at string, rule Rule) error {
	if err := checkNames(at, rule.Name); err != nil {
		return err
	}
	if rule.Refuse != "" {
		if len(rule.Signers)+len(rule.Attestations) > 0 || rule.Threshold != 0 || rule.MinVersion != "" || rule.Verdict != "" {
			return wrong(at, "refuses, and asks for something as well")
		}
		return nil
	}
	if len(rule.Signers)+len(rule.Attestations) == 0 {
		return wrong(at, "asks for no signature: name signers or attestations")
	}
	if err := r.checkSigners(at, rule.Signers, rule.Threshold); err != nil {
		return err
	}
	if err := checkMinVersion(at, rule.MinVersion); err != nil {
		return err
	}
	if rule.Verdict != "" && rule.Verdict != "loads" {
		return wrong(at+".verdict", "is %s, expected loads", quote(rule.Verdict))
	}
	for i, a := range rule.Attestations {
		if err := r.checkAttestation(fmt.Sprintf("%s.attestations[%d]", at, i), rule, a); err != nil {
			return err
		}
	}
	return nil
}

func checkNames(at string, patterns []string) error {
	if len(patterns) == 0 {
		return wrong(at, "has no name, as in name: ['payments-*.so']")
	}
	for i, pattern := range patterns {
		_, err := path.Match(pattern, "")
		odd := strings.ContainsFunc(pattern, func(c rune) bool { return c == '/' || !strconv.IsPrint(c) })
		if err != nil || pattern == "" || len(pattern) > maxPattern || odd {
			return wrong(fmt.Sprintf("%s.name[%d]", at, i), "is %s, which is no pattern of file names", quote(pattern))
		}
	}
	return nil
}

func (r *Rules) checkAttestation(at string, rule Rule, a Attestation) error {
	uri, ok := TypeURI(a.Type)
	if !ok {
		return wrong(at+".type", "is %s, expected a URI or one of %s", quote(a.Type), strings.Join(slices.Sorted(maps.Keys(shortTypes)), ", "))
	}
	if len(a.Builders) > 0 && builderPath(uri) == nil {
		return wrong(at, "names builders, which statements of type %s have none of", quote(uri))
	}
	if slices.Contains(a.Builders, "") {
		return wrong(at+".builders", "has an empty one")
	}
	signers := a.signers(rule)
	if len(signers) == 0 {
		return wrong(at, "names no signers, and neither does the rule")
	}
	return r.checkSigners(at, signers, a.Threshold)
}

// signers gives the names of those who may sign the attestation.
func (a Attestation) signers(rule Rule) []string {
	if len(a.Signers) > 0 {
		return a.Signers
	}
	return rule.Signers
}

// checkMinVersion refuses build metadata, which no comparison looks at: v1.4.0+2 is as
// new as v1.4.0+1. What Go itself adds means nothing for the order.
func checkMinVersion(at, version string) error {
	if version == "" {
		return nil
	}
	_, ok := parseVersion(version)
	if !ok || strings.Contains(strings.TrimSuffix(version, "+incompatible"), "+") {
		return wrong(at+".minVersion", "is %s, expected a semantic version such as v1.4.0", quote(version))
	}
	return nil
}

// checkSigners checks that a threshold over signers can be met, and is one.
func (r *Rules) checkSigners(at string, names []string, threshold int) error {
	seen := map[string]bool{}
	for _, name := range names {
		if r.signers[name] == nil {
			return wrong(at+".signers", "names %s, which neither keys nor identities has", quote(name))
		}
		if seen[name] {
			return wrong(at+".signers", "names %s twice: one signer counts once", quote(name))
		}
		seen[name] = true
	}
	switch {
	case threshold < 0:
		return wrong(at+".threshold", "is %d, expected 1 or more", threshold)
	case threshold > len(names):
		return wrong(at+".threshold", "is %d, and there are %d signers", threshold, len(names))
	}
	return nil
}
