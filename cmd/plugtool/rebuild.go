package main

import (
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// rebuilds writes out, in what is to be done about a build, the words that were given:
// `plugtool build … -- -tags=x` becomes the whole command to paste.
type rebuilds struct {
	given arranged
	kinds map[string]flagKind
}

// complete gives a hint without an ellipsis; what does not name the command is as it was.
func (r *rebuilds) complete(hint string) string {
	const command = "plugtool build "
	before, after, ok := strings.Cut(hint, command)
	if r == nil || !ok {
		return hint
	}
	added, tail, ok := strings.Cut(after, "…")
	if !ok || added != "" && !strings.HasPrefix(added, "-") {
		return hint
	}
	args, rest := r.given.args, r.given.rest
	if word := strings.TrimPrefix(tail, " "); strings.HasPrefix(word, "./") || strings.HasPrefix(word, "'./") {
		args, tail = []string{word}, "" // this package in place of those
	} else {
		args = quotedAll(args)
	}
	words := append(strings.Fields(added), quotedAll(r.flagsWithout(added))...)
	words = append(words, args...)
	if more, ok := strings.CutPrefix(tail, " -- "); ok {
		words, tail = append(append(append(words, "--"), quotedAll(rest)...), more), ""
	} else if len(rest) > 0 {
		words = append(append(words, "--"), quotedAll(rest)...)
	}
	return before + command + strings.Join(words, " ") + tail
}

// flagsWithout gives the flags that were given, without those that a hint names.
func (r *rebuilds) flagsWithout(added string) []string {
	var named, kept []string
	for _, word := range strings.Fields(added) {
		if name := strings.TrimLeft(word, "-"); name != word {
			named = append(named, name)
		}
	}
	for i := 0; i < len(r.given.flags); i++ {
		words := r.given.flags[i : i+1]
		name, _, hasValue := strings.Cut(strings.TrimLeft(words[0], "-"), "=")
		if r.kinds[name] == valueFlag && !hasValue && i+1 < len(r.given.flags) {
			i++
			words = r.given.flags[i-1 : i+1]
		}
		if !slices.Contains(named, name) {
			kept = append(kept, words...)
		}
	}
	return kept
}

func quotedAll(words []string) []string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = inspector.ShellQuote(w)
	}
	return list
}

// completed gives hints that are whole commands.
func (c *console) completed(hints []string) []string {
	list := slices.Clone(hints)
	for i := range list {
		list[i] = c.again.complete(list[i])
	}
	return list
}
