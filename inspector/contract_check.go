package inspector

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
	"github.com/plugtool/plugtool/inspector/gotype"
)

// CheckContract says what of a contract a plugin does not keep, by itself: the methods
// of an interface that has a name are known where the plugin has the type.
func CheckContract(plug *Plugin, contract []Requirement) ([]Finding, error) {
	c := contractCheck{plug: plug, build: "plugtool build -o " + ShellWord(plug.File)}
	var list []Finding
	err := guard(func() (err error) { list, err = c.all(contract); return err })
	return list, err
}

// contract judges what the host asserts of a plugin's symbols, once Open gave it the
// plugin. What would be refused is judged as well: mending that does not mend this.
func (p *process) contract(plug *Plugin) ([]Finding, error) {
	if len(p.host.contract)+len(p.options.Contract) == 0 {
		return nil, nil
	}
	hostTypes, err := p.host.types()
	if err != nil {
		return nil, err
	}
	c := contractCheck{plug: plug, host: hostTypes, build: p.buildCommand(plug)}
	return c.all(slices.Concat(p.host.contract, p.options.Contract))
}

// contractCheck holds one plugin against a contract.
type contractCheck struct {
	plug  *Plugin
	host  *goelf.Types // nil: nothing is known but what the contract says
	own   *goelf.Types // the plugin's
	build string       // the command that builds the plugin
	names *pluginNames // nil until a symbol is missing
}

// all judges every requirement, each once.
func (c *contractCheck) all(contract []Requirement) ([]Finding, error) {
	if c.plug.mod == nil || c.plug.Err != nil {
		return nil, nil // no plugin, which is said elsewhere
	}
	if err := c.plug.mod.ExportsErr; err != nil && len(contract) > 0 {
		return []Finding{c.unknown(contract[0], "what the plugin exports cannot be read: "+err.Error())}, nil
	}
	var list []Finding
	seen := make(map[string]bool)
	for _, r := range contract {
		if seen[r.String()] {
			continue
		}
		seen[r.String()] = true
		f, err := c.one(r)
		if err != nil {
			return nil, err
		}
		if f != nil {
			list = append(list, *f)
		}
	}
	return list, nil
}

// subject is what a requirement and an export that is there are to each other.
type subject struct {
	Requirement
	export goelf.Export
	is     *gotype.Type // its type, as Lookup's result has it
	facts  *goelf.Found
}

func (c *contractCheck) one(r Requirement) (*Finding, error) {
	i, ok := slices.BinarySearchFunc(c.plug.mod.Exports, r.symbol, func(e goelf.Export, name string) int { return cmp.Compare(e.Name, name) })
	if !ok {
		return c.missing(r)
	}
	if r.typ == nil {
		return nil, nil
	}
	// A copy: to learn the names of packages changes the type, and others may read it.
	r.typ = r.typ.Clone()
	s := subject{Requirement: r, export: c.plug.mod.Exports[i]}
	var err error
	if c.own == nil {
		if c.own, err = c.plug.types(); err != nil {
			f := c.unknown(r, err.Error())
			return &f, nil
		}
	}
	if s.is, err = c.own.Type(s.export); err == nil {
		s.facts, err = c.own.Export(s.export)
	}
	if err != nil {
		f := c.unknown(r, "the plugin's type cannot be read: "+err.Error())
		return &f, nil
	}
	if s.typ.Kind == gotype.Pointer || s.typ.Kind == gotype.Func {
		if gotype.Equal(s.typ, s.is) {
			return nil, nil
		}
	}
	return c.differs(&s)
}

// differs judges a type that is not the required one: it may be an interface.
func (c *contractCheck) differs(s *subject) (*Finding, error) {
	s.typ.Learn(s.is)
	made := s.methods
	if err := s.resolve(c.host); err != nil {
		return nil, err
	}
	if s.methods == nil && s.text == "" && s.typ.Kind == gotype.Named && s.typ.Path != "" {
		if err := s.resolve(c.own); err != nil {
			return nil, err
		}
		if s.methods == nil && s.text == "" {
			f := c.unknown(s.Requirement, fmt.Sprintf("neither the host nor the plugin has a type %s whose methods could be compared", s.typ))
			return &f, nil
		}
	}
	if made != nil {
		s.methods = made // the descriptor's word is the host's
	}
	if s.methods == nil {
		return c.otherType(s)
	}
	has, err := c.own.Methods(s.export)
	if err != nil {
		f := c.unknown(s.Requirement, "the methods of the plugin's type cannot be read: "+err.Error())
		return &f, nil
	}
	return c.lacksMethods(s, has)
}

// lacksMethods follows runtime.itabInit: a method counts if its name is there with the
// same type, and for an unexported one in the same package.
func (c *contractCheck) lacksMethods(s *subject, has []gotype.Method) (*Finding, error) {
	var lacks []string
	var missing []gotype.Method
	for _, want := range s.methods.Methods {
		i := slices.IndexFunc(has, func(m gotype.Method) bool { return m.Name == want.Name && m.Path == want.Path })
		switch {
		case i >= 0 && gotype.Equal(has[i].Type, want.Type):
			continue
		case i >= 0:
			lacks = append(lacks, fmt.Sprintf("its %s is %s, want %s", want.Name, has[i].Type, want.Type))
		case want.Path != "":
			lacks = append(lacks, fmt.Sprintf("it has no %s of package %s, which is not exported: only types that embed one of that package have it", want.Name, want.Path))
		default:
			lacks = append(lacks, fmt.Sprintf("it has no %s%s", want.Name, strings.TrimPrefix(want.Type.String(), "func")))
		}
		missing = append(missing, want)
	}
	if len(missing) == 0 {
		return nil, nil
	}
	f := contractInterface.finding(fmt.Sprintf("%s: %s does not implement %s: missing method %s", c.plug.File, s.symbol, s.typ, missing[0].Name))
	says := fmt.Sprintf("the host's type assertion fails: interface conversion: %s is not %s: missing method %s", s.facts.Text, s.goText(), missing[0].Name)
	why, fix, err := c.mendMethods(s, missing, has)
	if err != nil {
		return nil, err
	}
	f.Detail = joinDetail(says, why)
	if why == "" {
		f.Detail = joinDetail(says, strings.Join(lacks, "; "))
	}
	f.Host, f.Plugin = c.wants(s.Requirement), s.symbol+" is "+s.is.String()
	f.Fix = fix
	return &f, nil
}

// otherType words the finding about a type that is no interface and another.
func (c *contractCheck) otherType(s *subject) (*Finding, error) {
	f := contractType.finding(fmt.Sprintf("%s: %s is %s, host asserts %s", c.plug.File, s.symbol, s.is, s.typ))
	f.Host, f.Plugin = c.wants(s.Requirement), s.symbol+" is "+s.is.String()
	f.Detail = "the host's type assertion fails: interface conversion: plugin.Symbol is " + s.facts.Text + ", not " + s.goText()
	if s.facts.Text == s.goText() {
		suffix, err := c.sameText(s)
		if err != nil {
			return nil, err
		}
		f.Detail += suffix
	}
	if named := s.is.Clone().ByName(); gotype.Equal(named, s.typ) {
		f.Detail = joinDetail(f.Detail, "the contract names packages where their import paths belong")
		f.Fix = []string{"write the contract as " + ShellQuote(s.symbol+"="+s.is.String())}
		return &f, nil
	}
	why, fix := c.mendType(s)
	f.Detail = joinDetail(f.Detail, why)
	if c.host != nil && s.text == "" {
		f.Detail = joinDetail(f.Detail, "the host has no type as in the contract, so it hardly asserts that")
	}
	f.Fix = fix
	return &f, nil
}

// sameText is what Go adds where two types are written alike (runtime/error.go).
func (c *contractCheck) sameText(s *subject) (string, error) {
	pkg := ""
	if c.host != nil {
		f, ok, err := c.host.Find(s.typ)
		if err != nil {
			return "", err
		}
		if ok {
			pkg = f.PkgPath
		}
	}
	if s.facts.PkgPath != pkg {
		return " (types from different packages)", nil
	}
	return " (types from different scopes)", nil
}

// wants says what the host asks for, and who said so.
func (c *contractCheck) wants(r Requirement) string {
	what := "looks up " + r.symbol
	if r.typ != nil {
		what = "asserts " + r.symbol + " to be " + r.typ.String()
	}
	return what + " (" + r.origin + ")"
}

// unknown says that a requirement could not be judged.
func (c *contractCheck) unknown(r Requirement, why string) Finding {
	f := contractUnknown.finding(fmt.Sprintf("%s: whether %s fits is not known", c.plug.File, r.symbol))
	f.Detail = why
	f.Host = c.wants(r)
	f.Fix = []string{"write the interface's methods into the contract, as in " + ShellWord(r.symbol+"=interface { Name() string }") +
		", or the type's import path as `plugtool inspect` prints it"}
	return f
}

func (c *contractCheck) missing(r Requirement) (*Finding, error) {
	f := contractSymbol.finding(fmt.Sprintf("%s has no symbol %s", c.plug.File, r.symbol))
	f.Detail = fmt.Sprintf("the host's Lookup returns: plugin: symbol %s not found in plugin %s", r.symbol, c.plug.mod.Path)
	f.Host, f.Plugin = c.wants(r), exportsText(c.plug.mod.Exports)
	why, fix, err := c.mendMissing(r)
	if err != nil {
		return nil, err
	}
	f.Detail = joinDetail(f.Detail, why)
	f.Fix = fix
	return &f, nil
}

// exportsText lists the exported names, the first ones of many.
func exportsText(exports []goelf.Export) string {
	if len(exports) == 0 {
		return "exports nothing"
	}
	var names []string
	for i, e := range exports {
		if i == 12 {
			names = append(names, fmt.Sprintf("and %d more", len(exports)-i))
			break
		}
		names = append(names, e.Name)
	}
	return "exports " + strings.Join(names, ", ")
}
