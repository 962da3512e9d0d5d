package builder

import (
	"fmt"
	"strings"

	"golang.org/x/mod/semver"
)

// A LackingError says that something that the plugin needs imports a package which the
// host's version of a module does not have.
type LackingError struct {
	Package string
	Module  string
	Host    string // the module's version that the host has
	Found   string // one that has the package
}

func (e *LackingError) Error() string {
	return fmt.Sprintf("package %s is not in %s %s, which the host has; it is in %s", e.Package, e.Module, e.Host, e.Found)
}

// Hints says what to change.
func (e *LackingError) Hints() []string {
	return []string{fmt.Sprintf("have the plugin, and the modules that it alone requires, at versions that ask for %s %s or older", e.Module, e.Host)}
}

// foundIn is what the go command says when it takes a module for a package that no
// requirement has (cmd/go/internal/modload/query.go).
var foundIn = lazily(`(?m)^go: found (\S+) in (\S+) (v\S+)$`)

// lacking says whether the go command, which told of it, went looking for a package in
// newer versions of a module than the host's. It would try every one of them.
func (r *run) lacking(told string) error {
	if !strings.Contains(told, "go: found ") {
		return nil
	}
	for _, m := range foundIn().FindAllStringSubmatch(told, -1) {
		if want, ok := r.facts.pinned(m[2]); ok && semver.Compare(m[3], want) > 0 {
			return &LackingError{Package: m[1], Module: m[2], Host: want, Found: m[3]}
		}
	}
	return nil
}
