// Package once finds what Go packages do at initialisation to state that exists once
// per process, and decides what becomes of it when a plugin brings a copy of such a
// package of its own.
//
// A copy under another import path has its own variables, so nearly all state comes
// apart. What does not is the state of packages that host and plugin still share, the
// standard library above all: the copy's init registers there what the host's has
// registered already. Much of that panics, and a plugin whose init panicked is lost:
// the next plugin.Open of it hangs.
package once

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Package is a package of a build, in the form in which go list -deps -json gives it, so
// that its output can be decoded into it. Build tags have been applied by go list.
type Package struct {
	ImportPath string
	Dir        string
	Name       string
	Standard   bool
	GoFiles    []string // names in Dir, or absolute
	CgoFiles   []string
	CFiles     []string
	CXXFiles   []string
	MFiles     []string
	FFiles     []string
	SFiles     []string
	ImportMap  map[string]string
}

// Options are how packages are read.
type Options struct {
	GOARCH string // of the build, for the sizes of types; amd64 where empty
	Jobs   int    // packages at a time; those of the machine where 0
	Cache  string // a folder for results, by content; none where empty
	Go     string // release of the standard library, which stands for its content in the cache
}

// Consequence is what happens when a package's initialisation runs a second time in a
// process, on a copy of the package.
type Consequence string

// Consequences, the worst first.
const (
	Panics     Consequence = "panics"     // the second registration panics, and plugin.Open with it
	Interposed Consequence = "interposed" // the copy's C code is never run: the host's is, of another version perhaps
	Overrides  Consequence = "overrides"  // the second takes the place of the first, silently
	Ignored    Consequence = "ignored"    // the first stays, and the second is without effect
	Doubles    Consequence = "doubles"    // both are there: two goroutines, two listeners
	Splits     Consequence = "splits"     // the copy is separate from the one that the host sets up
	Harmless   Consequence = "harmless"
)

// Position is a place in a source file.
type Position struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

func (p Position) String() string {
	if p.File == "" {
		return "-"
	}
	return fmt.Sprintf("%s:%d", filepath.Base(p.File), p.Line)
}

// Call is a step on the way from a package's initialisation to a registration.
type Call struct {
	Func string   `json:"func"` // what is called, or at the first step what initialises
	At   Position `json:"at"`   // where it is called, or begins
}

// Span is a piece of a source file: an expression that gives a registration's key.
type Span struct {
	Package string `json:"package"`
	File    string `json:"file"`
	Offset  int    `json:"offset"` // in bytes
	Text    string `json:"text"`
	Line    int    `json:"line"`
}

// Finding is one registration that a package's initialisation makes.
type Finding struct {
	Package     string      `json:"package"` // whose initialisation it is
	Position    Position    `json:"position"`
	Registry    string      `json:"registry"` // an id of Registries, or PACKAGE.VARIABLE for one that is not known
	Owner       string      `json:"owner"`    // the package whose state it is
	Key         string      `json:"key,omitempty"`
	KeyKnown    bool        `json:"keyKnown,omitempty"`
	Consequence Consequence `json:"consequence"`
	Chain       []Call      `json:"chain"`

	// Keys are the expressions that pass the key on, the registration's own last.
	Keys []Span `json:"keys,omitempty"`
	// Same are further places that hold the key and have to change with it.
	Same []Span `json:"same,omitempty"`
}

// Way tells the chain from the initialisation to the registration for people.
func (f *Finding) Way() string {
	steps := make([]string, len(f.Chain))
	for i, c := range f.Chain {
		steps[i] = fmt.Sprintf("%s (%s)", c.Func, c.At)
	}
	return strings.Join(steps, " → ")
}

// Subject names what is registered: the registry, and the key where it is known.
func (f *Finding) Subject() string {
	if f.KeyKnown {
		return fmt.Sprintf("%s %q", f.Registry, f.Key)
	}
	return f.Registry
}

// Lookup is a place anywhere in the packages that asks a registry by key, and so has to
// change when that key does.
type Lookup struct {
	Registry string `json:"registry"`
	Package  string `json:"package"`
	Key      string `json:"key,omitempty"`
	KeyKnown bool   `json:"keyKnown,omitempty"`
	At       Span   `json:"at"`
}

// Incomplete is a package that could not be understood as a whole; findings of it may
// lack.
type Incomplete struct {
	Package string `json:"package"`
	Reason  string `json:"reason"`
}

// Facts are what Analyze found. They are sorted, and the same for the same source.
type Facts struct {
	Findings   []Finding    `json:"findings"`
	Lookups    []Lookup     `json:"lookups,omitempty"`
	Incomplete []Incomplete `json:"incomplete,omitempty"`
}

func (f *Facts) sort() {
	slices.SortFunc(f.Findings, compareFindings)
	f.Findings = slices.CompactFunc(f.Findings, func(a, b Finding) bool {
		return a.Package == b.Package && a.Registry == b.Registry && a.Key == b.Key && a.Position == b.Position
	})
	slices.SortFunc(f.Lookups, func(a, b Lookup) int {
		return cmp.Or(cmp.Compare(a.Package, b.Package), cmp.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Offset, b.At.Offset))
	})
	slices.SortFunc(f.Incomplete, func(a, b Incomplete) int { return cmp.Compare(a.Package, b.Package) })
}

func compareFindings(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(a.Package, b.Package),
		cmp.Compare(a.Registry, b.Registry),
		cmp.Compare(a.Key, b.Key),
		cmp.Compare(a.Position.File, b.Position.File),
		cmp.Compare(a.Position.Line, b.Position.Line),
		cmp.Compare(a.Way(), b.Way()),
	)
}
