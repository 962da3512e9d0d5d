package once

import (
	"fmt"
	"slices"
	"strings"
)

// Host is what is known of the program that will open the plugin.
type Host struct {
	Packages map[string]string // what it links, by import path: the module's version, or nothing
	Facts    *Facts            // of packages of its own that the plugin shares; nil for none
}

// Policy is what a plugin's packages are to become.
type Policy struct {
	Moved  map[string]bool // packages of which the plugin has a copy of its own
	Own    map[string]bool // the plugin's own packages, whose source is rewritten as well
	Prefix string          // goes before renamed keys: letters, digits, '-' and '_', unlike that of any other plugin

	// Share tells whether a package can be shared with the host instead, and why not; nil
	// for never. Move tells whether one can be moved that is not yet; nil for always.
	Share, Move func(pkg string) (ok bool, why string)
}

// Action is what becomes of a registration.
type Action string

// Actions. Those after Rename ask for another set of moved packages, or end the build.
const (
	Keep   Action = "keep"   // nothing has to be done
	Warn   Action = "warn"   // it loads, and behaves as Reason says
	Rename Action = "rename" // Edits give the copy a key of its own
	Move   Action = "move"   // the registry's package, Finding.Owner, has to be moved as well
	Share  Action = "share"  // Finding.Package has to be shared with the host
	Refuse Action = "refuse" // no plugin can be built that way
)

// Edit replaces a piece of a file: Old, which begins at Offset.
type Edit struct {
	File   string `json:"file"`
	Offset int    `json:"offset"` // in bytes
	Old    string `json:"old"`
	New    string `json:"new"`
}

// Decision is what becomes of a finding, and why, for people.
type Decision struct {
	Finding  *Finding `json:"finding"`
	Action   Action   `json:"action"`
	Collides bool     `json:"collides"` // with something that the host is known to have
	Reason   string   `json:"reason"`
	Edits    []Edit   `json:"edits,omitempty"`

	// Seen is what is seen of a second registration, and With names the packages that
	// make it: whatever the host is.
	Seen string   `json:"seen"`
	With []string `json:"with"`
}

// decider decides about one plugin.
type decider struct {
	facts      *Facts
	host       Host
	policy     Policy
	registries map[string]Registry
}

// Decide says of each finding in a moved package what becomes of it. Findings whose
// registry is moved along have none: the plugin has both for itself. A key that can be
// renamed is renamed even where this host has none like it: another release of the host
// may have, or another plugin in the same process.
//
// Move and Share ask for another set of moved packages: change it, close it under imports,
// and decide again, until neither is left.
func Decide(facts *Facts, host Host, policy Policy) ([]Decision, error) {
	if !validPrefix(policy.Prefix) {
		return nil, fmt.Errorf("the prefix for renamed keys is %q: it has to consist of letters, digits, '-' and '_'", policy.Prefix)
	}
	d := &decider{facts: facts, host: host, policy: policy, registries: make(map[string]Registry)}
	for _, r := range Registries() {
		d.registries[r.ID] = r
	}
	var all []Decision
	for i := range facts.Findings {
		f := &facts.Findings[i]
		if !policy.Moved[f.Package] || policy.Moved[f.Owner] && f.Owner != f.Package {
			continue
		}
		all = append(all, d.decide(f))
	}
	return all, nil
}

func validPrefix(s string) bool {
	return s != "" && len(s) <= 100 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

func (d *decider) decide(f *Finding) Decision {
	has, collides := d.collision(f)
	dec := Decision{Finding: f, Action: Keep, Collides: collides, Seen: d.collisionText(f), With: with(f)}
	foreign := f.Owner != f.Package && f.Owner != Process && strings.Contains(firstElement(f.Owner), ".")
	switch {
	case f.Consequence == Panics || f.Consequence == Interposed:
		d.serious(&dec, has, foreign)
	case foreign && collides && f.Consequence == Overrides:
		d.together(&dec, fmt.Sprintf("%s sets %s when it starts: a copy would set the host's, with values of types that the host does not have",
			f.Package, f.Subject()))
	case !collides:
		dec.Reason = fmt.Sprintf("%s does this once: %s", f.Package, noHost(f))
	default:
		dec.Action = Warn
		dec.Reason = fmt.Sprintf("%s: %s; %s", f.Subject(), dec.Seen, has)
	}
	return dec
}

// serious decides about what stops a plugin from loading, or has it run other code than
// its own.
func (d *decider) serious(dec *Decision, has string, foreign bool) {
	f := dec.Finding
	edits, why := d.rename(f)
	what := fmt.Sprintf("%s registers %s", f.Package, f.Subject())
	if f.Consequence == Interposed {
		what = f.Package + " brings C code"
	}
	if why == "" {
		dec.Action, dec.Edits = Rename, edits
		has := has
		if !dec.Collides {
			has = "this host does not, another release or plugin may"
		}
		if f.Consequence == Interposed {
			dec.Reason = fmt.Sprintf("%s; %s: its symbols are hidden, so that the plugin runs its own", what, has)
		} else {
			dec.Reason = fmt.Sprintf("%s; %s: the copy does so under %q", what, has, d.renamed(f))
		}
		return
	}
	if !dec.Collides {
		dec.Reason = fmt.Sprintf("%s: %s", what, noHost(f))
		return
	}
	trouble := fmt.Sprintf("%s; %s: %s; by %s; it cannot be renamed: %s", what, has, dec.Seen, f.Way(), why)
	if foreign {
		d.together(dec, trouble)
	} else {
		d.share(dec, trouble)
	}
}

// together decides that a registry's package is moved as well, or else that who registers
// is not.
func (d *decider) together(dec *Decision, trouble string) {
	owner := dec.Finding.Owner
	if d.policy.Move != nil {
		if ok, why := d.policy.Move(owner); !ok {
			d.share(dec, fmt.Sprintf("%s; %s cannot be the plugin's own: %s", trouble, owner, why))
			return
		}
	}
	dec.Action, dec.Reason = Move, fmt.Sprintf("%s; %s has to be the plugin's own as well", trouble, owner)
}

// share decides that a package is shared with the host, where that can be.
func (d *decider) share(dec *Decision, trouble string) {
	pkg := dec.Finding.Package
	if _, linked := d.host.Packages[pkg]; !linked {
		dec.Action, dec.Reason = Refuse, trouble+"; the host does not have the package, so it cannot be shared"
		return
	}
	ok, whyNot := false, "nothing is known about the host's version"
	if d.policy.Share != nil {
		ok, whyNot = d.policy.Share(pkg)
	}
	if ok {
		dec.Action, dec.Reason = Share, trouble+"; so it is shared with the host"
	} else {
		dec.Action, dec.Reason = Refuse, trouble+"; it cannot be shared with the host: "+whyNot
	}
}

func noHost(f *Finding) string {
	if f.Consequence == Splits {
		return "the host does not have the package"
	}
	return "nothing in the host is known to do the same"
}

func firstElement(path string) string {
	first, _, _ := strings.Cut(path, "/")
	return first
}

// collisionText says what is seen of a collision.
func (d *decider) collisionText(f *Finding) string {
	if f.Consequence == Splits {
		for _, s := range singles() {
			if s.pkg == f.Package && s.pkg+"."+s.name == f.Registry {
				return s.says
			}
		}
	}
	r, ok := d.registries[f.Registry]
	if !ok {
		return "set a second time, it " + string(f.Consequence)
	}
	for _, verb := range []string{"%q", "%s"} {
		shown := "…"
		if f.KeyKnown {
			shown = fmt.Sprintf(verb, f.Key)
		}
		r.Collision = strings.Replace(r.Collision, verb, shown, 1)
	}
	return r.Collision
}

// collision tells whether the host has the same registration, and how that is known.
func (d *decider) collision(f *Finding) (how string, collides bool) {
	if v, ok := d.host.Packages[f.Package]; ok {
		if v != "" {
			v = " " + v
		}
		return fmt.Sprintf("the host has a copy of %s%s", f.Package, v), true
	}
	if f.Consequence == Splits || f.Registry == "goroutines" {
		return "", false
	}
	if d.host.Facts != nil {
		for i := range d.host.Facts.Findings {
			h := &d.host.Facts.Findings[i]
			if h.Registry == f.Registry && (f.KeyKnown && h.KeyKnown && h.Key == f.Key || f.Key == "" && h.Key == "" && f.KeyKnown == h.KeyKnown) {
				return fmt.Sprintf("the host's %s does so too", h.Package), true
			}
		}
	}
	for _, pkg := range with(f)[1:] {
		if _, ok := d.host.Packages[pkg]; ok {
			return fmt.Sprintf("the host's %s does so too", pkg), true
		}
	}
	return "", false
}

// with names the packages that are known to do what a finding says, its own first.
func with(f *Finding) []string {
	list := []string{f.Package}
	if f.Consequence == Splits || f.Registry == "goroutines" || !f.KeyKnown {
		return list
	}
	for _, r := range registrants() {
		if r.registry != f.Registry || !slices.Contains(r.keys, f.Key) {
			continue
		}
		for _, pkg := range r.packages {
			if pkg != f.Package {
				list = append(list, pkg)
			}
		}
	}
	return list
}
