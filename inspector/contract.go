package inspector

import (
	"errors"
	"fmt"
	"go/token"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/plugtool/plugtool/inspector/goelf"
	"github.com/plugtool/plugtool/inspector/gotype"
)

// A Requirement is one line of a host's contract: what it looks up in each of its
// plugins, and the type that it then asserts. The method set of an interface is
// demanded of the value that plugin.Lookup gives: for a variable, a pointer to it.
type Requirement struct {
	symbol string
	typ    *gotype.Type // nil: the symbol has to be there
	origin string       // who asks, in a few words

	// What a host's binary says of typ, kept for its descriptor.
	text    string       // as Go's messages write it, "" where that is not known
	methods *gotype.Type // the interface that typ is, nil if it is none or that is not known
}

// ParseRequirement reads NAME or NAME=TYPE, where TYPE is what `plugtool inspect`
// prints: a Go type with import paths in place of package names. The origin says in a
// few words who asks, as in --symbol.
func ParseRequirement(text, origin string) (Requirement, error) {
	name, typ, typed := strings.Cut(text, "=")
	r := Requirement{symbol: strings.TrimSpace(name), origin: origin}
	if !token.IsIdentifier(r.symbol) {
		return r, fmt.Errorf("%q: want NAME or NAME=TYPE, NAME being that of an exported function or variable", text)
	}
	if !token.IsExported(r.symbol) {
		return r, fmt.Errorf("%s: plugin.Lookup finds exported names alone, and this one begins with a small letter", r.symbol)
	}
	if !typed {
		return r, nil
	}
	var err error
	if r.typ, err = gotype.Parse(strings.TrimSpace(typ)); err != nil {
		return r, fmt.Errorf("%s: %w", r.symbol, err)
	}
	return r, nil
}

// Symbol is the name that is looked up.
func (r Requirement) Symbol() string { return r.symbol }

// String writes the requirement as ParseRequirement reads it.
func (r Requirement) String() string {
	if r.typ == nil {
		return r.symbol
	}
	return r.symbol + "=" + r.typ.String()
}

// ErrNoType is matched by the error for a type of a contract that the host lacks.
var ErrNoType = errors.New("no such type")

// SetContract makes requirements part of the host's facts, so that its descriptor
// carries them: with the methods of their interfaces, read from the host's binary.
// The error matches [ErrNoType] where a type has to be found there and is not.
func (h *Host) SetContract(list []Requirement) error {
	types, err := h.types()
	if err != nil {
		return err
	}
	resolved := make([]Requirement, len(list))
	for i, r := range list {
		if err := r.resolve(types); err != nil {
			return fmt.Errorf("read host %s: %w", h.bin.File, err)
		}
		if r.typ != nil && r.typ.Kind == gotype.Named && r.typ.Path != "" && r.text == "" {
			return fmt.Errorf("%s: host %s has %w %s: it asserts another one, or the descriptor has to be made of the binary; write the type's import path, or the interface itself", r.symbol, h.bin.File, ErrNoType, r.typ)
		}
		resolved[i] = r
	}
	h.contract = resolved
	return nil
}

// Unused says that a host's binary lacks the type that the requirement asserts: where
// it does assert it, the linker keeps the type's descriptor.
func (r Requirement) Unused() bool { return r.typ != nil && r.text == "" }

// Contract is what the host's descriptor says that it asserts.
func (h *Host) Contract() []Requirement { return h.contract }

// types begins to read the host's types; nil where it is a descriptor, or exports
// nothing.
func (h *Host) types() (*goelf.Types, error) {
	if h.image == nil || h.bin.Loading != LoadingWorks {
		return nil, nil
	}
	types, err := h.image.HostTypes(minorOf(h.bin.GoVersion))
	if err != nil {
		return nil, fmt.Errorf("read host %s: %w", h.bin.File, err)
	}
	return types, nil
}

// resolve finds out what a file knows of the required type. Nil types know nothing.
func (r *Requirement) resolve(types *goelf.Types) error {
	switch {
	case r.typ == nil:
		return nil
	case r.typ.Kind == gotype.Interface:
		r.methods = r.typ
	case r.typ.Kind == gotype.Named && r.typ.Path == "" && r.typ.Name == "error":
		r.methods, _ = gotype.Parse("interface { error }")
	}
	if types == nil {
		return nil
	}
	if err := learnPackages(r.typ, types); err != nil {
		return err
	}
	f, ok, err := types.Find(r.typ)
	if err != nil || !ok {
		return err
	}
	r.text = f.Text
	if f.Made.Kind == gotype.Interface {
		r.methods = f.Made
	}
	return nil
}

// learnPackages takes the names of packages from the file's own types.
func learnPackages(t *gotype.Type, types *goelf.Types) error {
	for u := range t.Packages() {
		f, ok, err := types.Find(u)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if name, _, cut := strings.Cut(f.Text, "."); cut {
			u.Package = name
		}
	}
	return nil
}

// goText is the required type as Go's messages write it.
func (r Requirement) goText() string {
	if r.text != "" {
		return r.text
	}
	return r.typ.GoText()
}

// required is a Requirement in a descriptor.
type required struct {
	Symbol string `json:"symbol"`
	Type   string `json:"type,omitempty"`
	// Text is the type as Go's messages write it.
	Text string `json:"text,omitempty"`
	// Interface lists the methods of a type that is an interface and does not say so.
	Interface string `json:"interface,omitempty"`
}

// maxContract caps the requirements of a descriptor.
const maxContract = 4096

func describeContract(list []Requirement) []required {
	var out []required
	for _, r := range list {
		d := required{Symbol: r.symbol}
		if r.typ != nil {
			d.Type, d.Text = r.typ.String(), r.text
			if r.methods != nil && r.typ.Kind == gotype.Named && r.typ.Path != "" {
				d.Interface = r.methods.String()
			}
		}
		out = append(out, d)
	}
	return out
}

// readContract reads what describeContract wrote, strictly.
func readContract(list []required) ([]Requirement, error) {
	if len(list) > maxContract {
		return nil, fmt.Errorf("its contract has %d lines, at most %d are allowed", len(list), maxContract)
	}
	var out []Requirement
	for _, d := range list {
		text := d.Symbol
		if d.Type != "" {
			text += "=" + d.Type
		}
		r, err := ParseRequirement(text, "the host's descriptor")
		if err == nil && (r.symbol != d.Symbol || d.Type == "" && d.Text+d.Interface != "" || strings.ContainsFunc(d.Text, unicode.IsControl)) {
			err = fmt.Errorf("symbol %q of type %q, text %q", d.Symbol, d.Type, d.Text)
		}
		if err == nil {
			err = r.resolve(nil)
		}
		if err == nil && d.Interface != "" {
			if r.methods, err = gotype.Parse(d.Interface); err == nil && (r.methods.Kind != gotype.Interface || r.typ.Kind != gotype.Named) {
				err = fmt.Errorf("%s is no interface, or %s none that has a name", d.Interface, d.Type)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("its contract: %w", err)
		}
		r.text = d.Text
		out = append(out, r)
	}
	return out, nil
}

// Packages lists the import paths that the requirement's type names, in order.
func (r Requirement) Packages() []string {
	named := map[string]bool{}
	for _, t := range []*gotype.Type{r.typ, r.methods} {
		if t == nil {
			continue
		}
		for u := range t.Packages() {
			named[u.Path] = true
		}
	}
	return slices.Sorted(maps.Keys(named))
}
