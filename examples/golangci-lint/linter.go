// Package main is a linter for golangci-lint, as a Go plugin: it reports
// comments that promise work and name nobody who will do it.
package main

import (
	"fmt"
	"regexp"

	"golang.org/x/tools/go/analysis"
)

// promise matches the start of a comment that promises work, and captures the
// name that may follow in parentheses.
var promise = regexp.MustCompile(`^//\s*(?:TODO|FIXME)\b(\(\w+\))?`)

// New is what golangci-lint calls, with the settings that .golangci.yml has for
// the linter.
func New(conf any) ([]*analysis.Analyzer, error) {
	word := "owner"
	if settings, ok := conf.(map[string]any); ok && settings["word"] != nil {
		given, ok := settings["word"].(string)
		if !ok {
			return nil, fmt.Errorf("todolint: setting word is %T, want a string", settings["word"])
		}
		word = given
	}
	return []*analysis.Analyzer{{
		Name: "todolint",
		Doc:  "reports TODO and FIXME comments that name no owner",
		Run:  func(pass *analysis.Pass) (any, error) { return nil, report(pass, word) },
	}}, nil
}

// report reports every comment that promises work and names nobody.
func report(pass *analysis.Pass, word string) error {
	for _, file := range pass.Files {
		for _, group := range file.Comments {
			for _, comment := range group.List {
				if m := promise.FindStringSubmatch(comment.Text); m != nil && m[1] == "" {
					pass.Reportf(comment.Pos(), "TODO without %s", word)
				}
			}
		}
	}
	return nil
}
