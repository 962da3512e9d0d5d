package builder

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// A LackingError says that something that the plugin needs imports a package which the
// host's version of a module does not have.
type LackingError struct {
	Package   string
	Module    string
	Host      string           // the module's version that the host has
	Found     string           // one that has the package
	Importers []module.Version // modules that import it and that the host does not have
	Plugin    bool             // the plugin's own module imports it
}

func (e *LackingError) Error() string {
	by := ""
	if len(e.Importers) > 0 {
		by = ", which " + e.Importers[0].String() + " imports,"
	} else if e.Plugin {
		by = ", which the plugin imports,"
	}
	return fmt.Sprintf("package %s%s is not in %s %s, which the host has; %s has it", e.Package, by, e.Module, e.Host, e.Found)
}

// Hints says what to change.
func (e *LackingError) Hints() []string {
	if len(e.Importers) > 0 {
		return []string{fmt.Sprintf("require a version of %s that asks for %s %s or older", e.Importers[0].Path, e.Module, e.Host)}
	}
	return []string{fmt.Sprintf("do without that package, or build the host with %s %s or newer", e.Module, e.Found)}
}

// foundIn is what the go command says when it takes a module for a package that no
// requirement has (cmd/go/internal/modload/query.go).
var foundIn = lazily(`(?m)^go: found (\S+) in (\S+) (v\S+)$`)

// lacking says whether the go command, which told of it, went looking for a package in
// newer versions of a module than the host's. It would try every one of them.
func (r *run) lacking(told string, graph []Package) error {
	if !strings.Contains(told, "go: found ") {
		return nil
	}
	for _, m := range foundIn().FindAllStringSubmatch(told, -1) {
		want, ok := r.facts.pinned(m[2])
		if !ok || semver.Compare(m[3], want) <= 0 {
			continue
		}
		e := &LackingError{Package: m[1], Module: m[2], Host: want, Found: m[3]}
		imports := func(pkg Package) bool { return slices.Contains(pkg.Imports, e.Package) }
		e.Importers = r.foreign(graph, imports)
		e.Plugin = slices.ContainsFunc(graph, func(pkg Package) bool { return pkg.Module != nil && pkg.Module.Main && imports(pkg) })
		return e
	}
	return nil
}
