package builder

import (
	"slices"
	"strings"
)

// inCopies has the linker's -X set variables of private copies, where the user names those
// of their originals: of a package that is not linked in, it sets nothing and says nothing.
func (i *Isolated) inCopies(u userFlags) (userFlags, error) {
	if i == nil {
		return u, nil
	}
	moved := map[string]bool{}
	for _, d := range i.Moved {
		for _, pkg := range d.Packages {
			moved[pkg] = true
		}
	}
	u.flags = slices.Clone(u.flags)
	for n, flag := range u.flags {
		var err error
		if u.flags[n], err = i.linkerFlag(flag, moved); err != nil {
			return u, err
		}
	}
	words, err := splitQuoted(u.goflags)
	if err != nil {
		return u, err
	}
	changed := false
	for n, word := range words {
		now, err := i.linkerFlag(word, moved)
		if err != nil {
			return u, err
		}
		changed = changed || now != word
		if words[n], err = quoteWord(now); err != nil {
			return u, err
		}
	}
	if changed {
		u.goflags = strings.Join(words, " ")
	}
	return u, nil
}

// linkerFlag gives a flag of go build as it is for a plugin with private copies.
func (i *Isolated) linkerFlag(flag string, moved map[string]bool) (string, error) {
	name, value, _ := splitFlag(flag)
	if name != "ldflags" {
		return flag, nil
	}
	pattern := "" // packages before the flags, as in -ldflags=all=-w
	if !strings.HasPrefix(strings.TrimSpace(value), "-") {
		before, rest, ok := strings.Cut(value, "=")
		if !ok {
			return flag, nil
		}
		pattern, value = before+"=", rest
	}
	words, err := splitQuoted(value)
	if err != nil {
		return "", &UsageError{Reason: flag + ": " + err.Error()}
	}
	changed := false
	for n, word := range words {
		prefix, setting := "", word
		if n == 0 || words[n-1] != "-X" && words[n-1] != "--X" {
			var ok bool
			if prefix, setting, ok = strings.Cut(word, "="); !ok || prefix != "-X" && prefix != "--X" {
				continue
			}
			prefix += "="
		}
		variable, _, _ := strings.Cut(setting, "=")
		if dot := strings.LastIndexByte(variable, '.'); dot >= 0 && moved[variable[:dot]] {
			words[n], changed = prefix+i.Prefix+setting, true
		}
	}
	if !changed {
		return flag, nil
	}
	for n := range words {
		if words[n], err = quoteWord(words[n]); err != nil {
			return "", &UsageError{Reason: flag + ": " + err.Error()}
		}
	}
	return "-ldflags=" + pattern + strings.Join(words, " "), nil
}
