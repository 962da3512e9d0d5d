package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

// A policyFile is a policy as it was read, in YAML or, where the name ends in .json, in
// JSON.
type policyFile struct {
	*policy.Policy
	file  string
	lines map[string]int // of what has a path; nil in JSON
}

func (p *program) readPolicy(file string) (policyFile, error) {
	f := policyFile{file: file}
	data, err := p.readNamed(file, bundle.MaxSize)
	if err != nil {
		return f, usageError(fmt.Errorf("policy: %w", err), "")
	}
	if !strings.EqualFold(filepath.Ext(file), ".json") {
		if data, f.lines, err = yamlToJSON(file, data); err != nil {
			return f, err
		}
	}
	if f.Policy, err = policy.Parse(data); err != nil {
		return f, f.located(err)
	}
	return f, nil
}

// readKey reads a key that the policy names by a file, which is beside it.
func (f policyFile) readKey(name string) ([]byte, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(f.file), name)
	}
	return readRegular(name, keyLimit)
}

// needs refuses keys, given by these names, that the policy does not ask for: whoever
// gives one believes that it is demanded.
func (f policyFile) needs(names []string, keys []*bundle.PublicKey) error {
	for i, key := range keys {
		if f.asksFor(key) {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(f.Keys)) {
			text := []byte(f.Keys[name].PEM)
			if file := f.Keys[name].File; file != "" {
				text, _ = f.readKey(file) // what is wrong with it is told when the policy is checked
			}
			if has, err := bundle.ParsePublicKey(text); err == nil && has.Fingerprint() == key.Fingerprint() {
				return usagef("leave --key out: the policy says who has to sign",
					"--key %s is keys.%s of the policy %s, which has that key itself: --key only stands for fingerprints", names[i], name, f.file)
			}
		}
		return usagef(fmt.Sprintf("keys.NAME.fingerprint: %s in %s, or no --key", key.Fingerprint(), f.file),
			"--key %s has fingerprint %s, which the policy %s does not name", names[i], key.Fingerprint(), f.file)
	}
	return nil
}

// asksFor tells whether the policy names a key by its fingerprint.
func (f policyFile) asksFor(key *bundle.PublicKey) bool {
	for _, k := range f.Keys {
		if k.Fingerprint == key.Fingerprint() {
			return true
		}
	}
	return false
}

// compile checks the policy.
func (f policyFile) compile(o policy.Options) (*policy.Rules, error) {
	o.ReadFile = f.readKey
	rules, err := f.Policy.Compile(o)
	if err != nil {
		return nil, f.located(err)
	}
	return rules, nil
}

// located makes an error one of configuration that names the file, and the line where
// it is known.
func (f policyFile) located(err error) error {
	var wrong *policy.Error
	if !errors.As(err, &wrong) {
		var known *failure
		if errors.As(err, &known) {
			return err
		}
		return usagef("", "%s: %v", f.file, err)
	}
	text := strings.TrimPrefix(wrong.Error(), "policy: ")
	for at := wrong.At; at != ""; at = at[:max(strings.LastIndexAny(at, ".["), 0)] {
		if line := f.lines[at]; line > 0 {
			return usagef("", "%s:%d: %s", f.file, line, text)
		}
	}
	return usagef("docs/policy.md says what a policy holds, and `plugtool schema plugtool.policy/v1` is its schema", "policy %s: %s", f.file, text)
}
