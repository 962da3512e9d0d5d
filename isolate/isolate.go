// Package isolate gives a plugin private copies of packages that its host has too: it
// chooses which ([Choose]), and copies them with their imports rewritten ([Copy]).
//
// A private copy lies below internal/isolated in the plugin's module, each module's
// packages in a module of their own there, so that build information goes on naming
// modules and versions.
package isolate

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/module"
)

// Folder is where private copies seem to lie within the plugin's module.
const Folder = "internal/isolated"

// A Package is one that the plugin is built from, as go list -deps -json gives it.
type Package struct {
	ImportPath string
	Dir        string
	Name       string
	Standard   bool
	Module     *Module

	GoFiles, CgoFiles        []string
	CFiles, CXXFiles, HFiles []string
	SFiles, SysoFiles        []string
	MFiles, FFiles           []string
	SwigFiles, SwigCXXFiles  []string
	EmbedFiles               []string
	Imports                  []string
	ImportMap                map[string]string
}

// A Module is one as go list gives it.
type Module struct {
	Path, Version string
	Main          bool
	Dir           string
	GoVersion     string
	Replace       *Module
}

// MayChange says whether a module comes from a folder, so that its content may change
// under its version.
func (m *Module) MayChange() bool {
	return m.Version == "" || m.Replace != nil && m.Replace.Version == ""
}

func (m *Module) String() string {
	s := strings.TrimSpace(m.Path + " " + m.Version)
	if m.Replace != nil {
		s += " => " + strings.TrimSpace(m.Replace.Path+" "+m.Replace.Version)
	}
	return s
}

// A Graph is all that a plugin is built from.
type Graph struct {
	Plugin   string // the import path of its main package
	Module   string // its module
	Packages []Package
}

// prefix is what the import paths of private copies begin with.
func (g *Graph) prefix() string { return g.Module + "/" + Folder + "/" }

// own says whether a package is of the plugin's own module.
func (p *Package) own(g *Graph) bool {
	return p.Module != nil && p.Module.Main && p.Module.Path == g.Module
}

// hasC says whether a package has C code, whose symbols have no package path.
func (p *Package) hasC() bool {
	return len(p.CgoFiles)+len(p.CFiles)+len(p.CXXFiles)+len(p.SwigFiles)+len(p.SwigCXXFiles) > 0
}

// internal says whether only packages beside it may import a package.
func internal(importPath string) bool {
	return slices.Contains(strings.Split(importPath, "/"), "internal")
}

// inModule says whether a path is a module's or lies below it.
func inModule(importPath, mod string) bool {
	return mod != "" && (importPath == mod || strings.HasPrefix(importPath, mod+"/"))
}

// privateVersion gives the version of a module's private copies: the module's own, with
// +incompatible where the longer path does not say the major version any more, as below
// gopkg.in.
func privateVersion(privatePath, version string) (string, error) {
	_, major, ok := module.SplitPathVersion(privatePath)
	if !ok {
		return "", fmt.Errorf("module path %q", privatePath)
	}
	if version == "" {
		version = "v0.0.0"
		if major != "" {
			version = module.PathMajorPrefix(major) + ".0.0"
		}
	}
	if module.CheckPathMajor(version, major) == nil {
		return version, nil
	}
	incompatible := version + "+incompatible"
	if err := module.CheckPathMajor(incompatible, major); major != "" || err != nil {
		return "", fmt.Errorf("module %s at version %s", privatePath, version)
	}
	return incompatible, nil
}

// Rules say what is to be moved.
type Rules struct {
	All      bool     // all but the contract
	Auto     bool     // what differs from the host's
	Patterns []string // import paths, in which ... stands for anything
	Not      []string // patterns of what is never moved
}

// ParseRules reads auto, all, or patterns with commas between them; a pattern behind an
// exclamation mark is of what is never moved.
func ParseRules(text string) (Rules, error) {
	var r Rules
	for word := range strings.SplitSeq(text, ",") {
		not, isNot := strings.CutPrefix(word, "!")
		switch {
		case word == "auto":
			r.Auto = true
		case word == "all":
			r.All = true
		case module.CheckImportPath(strings.ReplaceAll(strings.TrimSuffix(not, "/..."), "...", "x")) != nil:
			return r, fmt.Errorf("%q is neither auto nor all nor a pattern of import paths", word)
		case isNot:
			r.Not = append(r.Not, not)
		default:
			r.Patterns = append(r.Patterns, word)
		}
	}
	switch {
	case r.All && r.Auto, (r.All || r.Auto) && len(r.Patterns) > 0:
		return r, fmt.Errorf("%q: auto, all and patterns exclude each other", text)
	case len(r.Patterns) == 0 && !r.All:
		r.Auto = true
	}
	return r, nil
}

// String writes the rules as ParseRules reads them.
func (r Rules) String() string {
	var words []string
	switch {
	case r.All:
		words = append(words, "all")
	case r.Auto:
		words = append(words, "auto")
	}
	words = append(words, r.Patterns...)
	for _, not := range r.Not {
		words = append(words, "!"+not)
	}
	return strings.Join(words, ",")
}

// matching gives the first of some patterns that a path matches, "" for none.
func matching(patterns []string, importPath string) string {
	for _, p := range patterns {
		if matches(p, importPath) {
			return p
		}
	}
	return ""
}

// matches compares as the go command does: ... is any string, and x/... is x as well.
func matches(pattern, importPath string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok && !strings.Contains(base, "...") {
		return inModule(importPath, base)
	}
	parts := strings.Split(pattern, "...")
	rest, ok := strings.CutPrefix(importPath, parts[0])
	if !ok || len(parts) == 1 {
		return ok && rest == ""
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// CannotError says that something cannot be isolated, and why.
type CannotError struct {
	Package string // import path; "" where it is about the whole
	Reason  string
	Fix     string // what to do, "" where nothing helps
}

func (e *CannotError) Error() string {
	if e.Package == "" {
		return "the plugin cannot be isolated: " + e.Reason
	}
	return fmt.Sprintf("%s cannot have a private copy in the plugin: %s", e.Package, e.Reason)
}

// privateFolder gives the folder of a package's private copy within the plugin's module.
func privateFolder(importPath string) string { return path.Join(Folder, importPath) }
