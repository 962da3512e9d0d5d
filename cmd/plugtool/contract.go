package main

import (
	"fmt"

	"github.com/goccy/go-yaml"

	"github.com/plugtool/plugtool/inspector"
)

// contractLines is a contract in plugtool.yaml: a line NAME or NAME=TYPE, a list of
// them, or names with their types.
type contractLines []string

// UnmarshalYAML reads any of the three.
func (n *contractLines) UnmarshalYAML(decode func(any) error) error {
	var lines names
	if lines.UnmarshalYAML(decode) == nil {
		*n = contractLines(lines)
		return nil
	}
	var pairs yaml.MapSlice
	if err := decode(&pairs); err != nil {
		return err
	}
	for _, pair := range pairs {
		name, isName := pair.Key.(string)
		typ, isType := pair.Value.(string)
		if !isName || !isType && pair.Value != nil {
			return fmt.Errorf("contract: want names with their types, got %v: %v", pair.Key, pair.Value)
		}
		if isType {
			name += "=" + typ
		}
		*n = append(*n, name)
	}
	return nil
}

// contractOf reads what flags demand of a plugin's symbols, and what plugtool.yaml does
// of the symbols that no flag names; where the latter comes from is told.
func (p *program) contractOf(flag string, flags []string, conf config, lines contractLines) ([]inspector.Requirement, error) {
	var list []inspector.Requirement
	named := make(map[string]bool)
	for _, text := range flags {
		r, err := inspector.ParseRequirement(text, flag)
		if err != nil {
			return nil, usagef("plugtool inspect PLUGIN prints the types that it exports", "%s %v", flag, err)
		}
		named[r.Symbol()] = true
		list = append(list, r)
	}
	for _, text := range lines {
		r, err := inspector.ParseRequirement(text, conf.file)
		if err != nil {
			return nil, usagef("plugtool inspect PLUGIN prints the types that it exports", "%s: contract: %v", conf.file, err)
		}
		if named[r.Symbol()] {
			continue
		}
		p.noticef("contract %s comes from %s", r, conf.file)
		list = append(list, r)
	}
	return list, nil
}

const symbolUsage = "demand this symbol of each plugin, `NAME[=TYPE]`, TYPE being what the host asserts (repeatable)"
