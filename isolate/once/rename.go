package once

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// rename gives the edits by which a copy registers under a key of its own, or says why
// there are none.
func (d *decider) rename(f *Finding) (edits []Edit, why string) {
	switch {
	case f.Consequence == Interposed:
		return d.hide(f)
	case d.registries[f.Registry].change == fixed:
		return nil, "others find it by that key"
	case d.registries[f.Registry].change == pathlike:
		return d.renamePath(f)
	}
	at, why := d.innermost(f)
	if why != "" {
		return nil, why
	}
	edits = append(edits, d.prefixed(at))
	for _, s := range f.Same {
		edits = append(edits, d.prefixed(s))
	}
	for i := range d.facts.Lookups {
		l := &d.facts.Lookups[i]
		if l.Registry != f.Registry || !d.editable(l.Package) {
			continue
		}
		switch {
		case (!l.KeyKnown || !f.KeyKnown) && named != d.registries[f.Registry].change && l.Package != f.Package:
			// what shows everybody's names, such as a collector of expvar's, is given them
		case !l.KeyKnown || !f.KeyKnown:
			return nil, fmt.Sprintf("%s asks for keys of %s that are not constant (%s)", l.Package, f.Registry, Position{l.At.File, l.At.Line})
		case l.Key == f.Key:
			edits = append(edits, d.prefixed(l.At))
		}
	}
	return edits, ""
}

// renamed is the key that a finding's copy registers.
func (d *decider) renamed(f *Finding) string {
	switch {
	case d.registries[f.Registry].change == pathlike:
		method, path := pattern(f.Key)
		return method + "/" + d.policy.Prefix + path
	case !f.KeyKnown:
		return d.policy.Prefix + ".…"
	}
	return d.policy.Prefix + "." + f.Key
}

func (d *decider) editable(pkg string) bool { return d.policy.Moved[pkg] || d.policy.Own[pkg] }

// innermost is the last expression on a key's way that lies in the plugin's packages.
func (d *decider) innermost(f *Finding) (Span, string) {
	for _, s := range slices.Backward(f.Keys) {
		if d.editable(s.Package) && s.Text != "" {
			return s, ""
		}
	}
	if len(f.Keys) == 0 {
		return Span{}, "no one expression gives the key"
	}
	return Span{}, "the key is made in " + f.Keys[len(f.Keys)-1].Package + ", which is shared"
}

// prefixed puts the prefix before a key, whatever expression it is.
func (d *decider) prefixed(s Span) Edit {
	prefix := d.policy.Prefix + "."
	e := Edit{File: s.File, Offset: s.Offset, Old: s.Text, New: strconv.Quote(prefix) + " + (" + s.Text + ")"}
	if text, ok := literal(s.Text); ok {
		e.New = strconv.Quote(prefix + text)
	}
	return e
}

// renamePath replaces the literals that hold a pattern: a method or a host may stand
// before a pattern's path, so that no prefix can be put in front of an expression.
func (d *decider) renamePath(f *Finding) ([]Edit, string) {
	if _, path := pattern(f.Key); !f.KeyKnown || !strings.HasPrefix(path, "/") {
		return nil, "its pattern is not a constant path"
	}
	var edits []Edit
	for _, s := range slices.Concat(f.Keys, f.Same) {
		text, ok := literal(s.Text)
		if !ok || text != f.Key {
			continue
		}
		if !d.editable(s.Package) {
			return nil, "the pattern is made in " + s.Package + ", which is shared"
		}
		edits = append(edits, Edit{File: s.File, Offset: s.Offset, Old: s.Text, New: strconv.Quote(d.renamed(f))})
	}
	if len(edits) == 0 {
		return nil, "its pattern is no literal"
	}
	return edits, ""
}

// pattern parts a pattern of net/http into its method, with the space, and the rest.
func pattern(key string) (method, rest string) {
	if i := strings.IndexByte(key, ' '); i >= 0 {
		return key[:i+1], key[i+1:]
	}
	return "", key
}

// literal gives the value of a string literal's text.
func literal(text string) (string, bool) {
	if len(text) < 2 || text[0] != '"' && text[0] != '`' {
		return "", false
	}
	value, err := strconv.Unquote(text) // "a" + "b" is no literal
	return value, err == nil
}

// hide puts flags before C code that keep its symbols within the plugin.
func (d *decider) hide(f *Finding) ([]Edit, string) {
	if len(f.Keys) != 1 {
		return nil, "part of its C code comes compiled, or is no C"
	}
	s := f.Keys[0]
	lines := strings.TrimSuffix(hidden, "\n")
	e := Edit{File: s.File, Offset: s.Offset, Old: s.Text}
	switch s.Text {
	case "/*":
		e.New = "/*\n" + lines + "\n"
	case "//":
		e.New = "// " + strings.ReplaceAll(lines, "\n", "\n// ") + "\n//"
	default:
		e.New = "// " + strings.ReplaceAll(lines, "\n", "\n// ") + "\n" + s.Text
	}
	return []Edit{e}, ""
}

// Edits gives the edits of all decisions in the order of files and offsets, each once.
// An error means that two decisions want the same place to be different.
func Edits(decisions []Decision) ([]Edit, error) {
	var all []Edit
	for _, d := range decisions {
		if d.Action == Rename {
			all = append(all, d.Edits...)
		}
	}
	slices.SortFunc(all, func(a, b Edit) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Old, b.Old), cmp.Compare(a.New, b.New))
	})
	all = slices.Compact(all)
	for i := 1; i < len(all); i++ {
		a, b := all[i-1], all[i]
		if a.File == b.File && a.Offset+len(a.Old) > b.Offset {
			return nil, fmt.Errorf("two registrations want %s to be different at byte %d: %q and %q", a.File, b.Offset, a.New, b.New)
		}
	}
	return all, nil
}
