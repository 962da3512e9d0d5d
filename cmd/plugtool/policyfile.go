package main

import (
	"errors"
	"fmt"
	"path/filepath"
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

// compile checks the policy. Files of keys are beside it.
func (f policyFile) compile(o policy.Options) (*policy.Rules, error) {
	o.ReadFile = func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(f.file), name)
		}
		return readRegular(name, keyLimit)
	}
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
	return usagef("", "%s: %s", f.file, text)
}
