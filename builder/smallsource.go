package builder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/format"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/plugtool/plugtool"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/inspector/gotype"
)

// smallSource is the source of a program that stands in for a host.
type smallSource struct {
	host     *inspector.Host
	facts    *hostFacts
	plugins  []*inspector.Plugin
	shared   []string // packages that the host and the plugins have
	dir      string
	leftOut  map[string]bool // modules and packages whose source is not at hand, or not the host's
	asserted []string        // lines of the contract
}

// answerFile is the part of package loader that opens plugins for plugtool test.
const answerFile = "loader/answer.go"

// write writes the module. It lies in nobody's module and has a path of its own; where
// the plugins share internal packages with the host themselves, a path within theirs.
func (s *smallSource) write(opts Options) error {
	name := s.modulePath()
	imports := s.imports(name)
	asserts, err := s.asserts(opts.Contract, imports)
	if err != nil {
		return err
	}
	var main bytes.Buffer
	for _, setting := range s.debugDefaults() {
		fmt.Fprintf(&main, "//go:debug %s\n", setting)
	}
	if main.Len() > 0 {
		main.WriteString("\n")
	}
	main.WriteString("// Command smallhost stands in for a host. It was written by plugtool test.\npackage main\n\nimport (\n")
	for _, pkg := range imports {
		fmt.Fprintf(&main, "\t_ %s\n", strconv.Quote(pkg))
	}
	main.WriteString(")\n\nfunc main() { plugtoolTestV1(asserts) }\n")
	answer, ok := plugtool.HostSource()[answerFile]
	if !ok {
		return fmt.Errorf("plugtool lacks its own %s", answerFile)
	}
	mod, err := s.goMod(name, opts)
	if err != nil {
		return err
	}
	for file, content := range map[string][]byte{
		"go.mod": mod, "main.go": main.Bytes(), "asserts.go": asserts,
		"answer.go": bytes.Replace(answer, []byte("package loader"), []byte("package main"), 1),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, file), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

var debugPattern = lazily(`^[a-z][a-z0-9]*=[A-Za-z0-9.-]*$`)

// debugDefaults lists the host's GODEBUG defaults. Its go line may be an older one than
// its release, which is that of the small host; what that changes is among them.
func (s *smallSource) debugDefaults() []string {
	var list []string
	for _, setting := range strings.Split(s.facts.Binary.Setting("DefaultGODEBUG"), ",") {
		if debugPattern().MatchString(setting) {
			list = append(list, setting)
		}
	}
	return list
}

// modulePath gives a path from which all, or most, of the shared internal packages
// can be imported: the go command looks at import paths alone.
func (s *smallSource) modulePath() string {
	parent := ""
	for _, pkg := range s.shared {
		if p, ok := internalParent(pkg); ok && s.facts.moduleOf(pkg) != nil && len(p) > len(parent) && (parent == "" || strings.HasPrefix(p, parent+"/")) {
			parent = p
		}
	}
	const name = "plugtool-small-host"
	if parent == "" || module.CheckPath(parent+"/"+name) != nil {
		return name + ".invalid"
	}
	return parent + "/" + name
}

// internalParent gives the path whose packages may import an internal package.
func internalParent(pkg string) (string, bool) {
	elems := strings.Split(pkg, "/")
	for i := len(elems) - 1; i >= 0; i-- {
		if elems[i] == "internal" {
			return strings.Join(elems[:i], "/"), true
		}
	}
	return "", false
}

// imports lists the shared packages that a main package with that path may import. The
// others come along with those that import them.
func (s *smallSource) imports(main string) []string {
	var list []string
	for _, pkg := range s.shared {
		if s.mayImport(pkg, main) {
			list = append(list, pkg)
		}
	}
	return list
}

func (s *smallSource) mayImport(pkg, main string) bool {
	m := s.facts.moduleOf(pkg)
	parent, internal := internalParent(pkg)
	switch {
	case s.leftOut[pkg] || module.CheckImportPath(pkg) != nil || pkg == s.facts.Binary.Path:
		return false
	case m == nil: // the standard library
		return !internal && !strings.HasPrefix(pkg, "vendor/") && pkg != "unsafe" && pkg != "main" && !strings.Contains(strings.Split(pkg, "/")[0], ".")
	case s.leftOut[m.Path]:
		return false
	}
	return !internal || strings.HasPrefix(main, parent+"/")
}

// goMod writes the go.mod file: the modules of the shared packages, as the host has them,
// and the folders in which those lie that it took from folders, as far as what lies
// around the plugins says so.
func (s *smallSource) goMod(name string, opts Options) ([]byte, error) {
	f := new(modfile.File)
	release, _ := goRelease(s.facts.Binary.GoVersion)
	line := strings.TrimPrefix(release, "go")
	if !modfile.GoVersionRE.MatchString(line) {
		line = strings.TrimPrefix(oldest, "go")
	}
	if err := f.AddModuleStmt(name); err != nil {
		return nil, err
	}
	if err := f.AddGoStmt(line); err != nil {
		return nil, err
	}
	around := s.foldersAround(opts)
	for _, path := range s.modules() {
		version, pinned := s.facts.pinned(path)
		if !pinned {
			version = anyVersion(path)
		}
		if err := f.AddRequire(path, version); err != nil {
			return nil, err
		}
		if dir := around[path]; dir != "" && s.fromFolder(path) {
			if err := f.AddReplace(path, "", dir, ""); err != nil {
				return nil, err
			}
		}
	}
	f.Cleanup()
	return f.Format()
}

// modules lists the modules of the shared packages that are not left out.
func (s *smallSource) modules() []string {
	var list []string
	for _, pkg := range s.shared {
		if m := s.facts.moduleOf(pkg); m != nil && !s.leftOut[m.Path] && !s.leftOut[pkg] && !slices.Contains(list, m.Path) {
			list = append(list, m.Path)
		}
	}
	return list
}

// fromFolder says whether the host took a module from a folder, which no module proxy
// has.
func (s *smallSource) fromFolder(path string) bool {
	_, pinned := s.facts.pinned(path)
	r := s.facts.modules[path].Replace
	return !pinned || r != nil && !isVersion(r.Version)
}

// foldersAround gives the folders, by module, that the modules and workspaces around the
// current folder and the plugins are in or name.
func (s *smallSource) foldersAround(opts Options) map[string]string {
	found := map[string]string{}
	add := func(path, dir string) {
		if content, _ := readOptional(filepath.Join(dir, "go.mod")); found[path] == "" && modulePath(content) == path {
			found[path] = dir
		}
	}
	starts := []string{opts.Dir}
	for _, p := range s.plugins {
		starts = append(starts, filepath.Dir(within(opts.Dir, p.File)))
	}
	for _, start := range slices.Compact(starts) {
		if name := findUp(start, "go.mod"); name != "" {
			content, _ := readOptional(name)
			add(modulePath(content), filepath.Dir(name))
			if f, err := modfile.Parse(name, content, nil); err == nil {
				for _, r := range f.Replace {
					if folder, _ := replacement(f, filepath.Dir(name), r.Old.Path, r.Old.Version); folder != "" {
						add(r.Old.Path, folder)
					}
				}
			}
		}
		if name := findUp(start, "go.work"); name != "" {
			for _, dir := range workspaceFolders(name) {
				content, _ := readOptional(filepath.Join(dir, "go.mod"))
				add(modulePath(content), dir)
			}
		}
	}
	return found
}

// leaveOut notes the modules that the host took from folders which are not at hand.
func (s *smallSource) leaveOut(ctx context.Context, opts Options) error {
	src, err := Load(ctx, s.facts.Host, opts)
	if err != nil {
		return err
	}
	for _, path := range s.modules() {
		if !s.fromFolder(path) {
			continue
		}
		if dir := src.moduleFolder(s.facts, path); dir == "" || strings.HasPrefix(dir, src.Go.ModCache+string(filepath.Separator)) {
			s.leftOut[path] = true
		}
	}
	return nil
}

// asserts writes a file with the type assertions of a contract, as far as the types can
// be written in another package and theirs are imported.
func (s *smallSource) asserts(contract []inspector.Requirement, imports []string) ([]byte, error) {
	s.asserted = nil
	var types []*gotype.Type
	var symbols, lines []string
	for _, r := range contract {
		_, text, typed := strings.Cut(r.String(), "=")
		if !typed || slices.Contains(symbols, r.Symbol()) {
			continue
		}
		t, err := gotype.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("contract %s: %w", r, err)
		}
		if assertable(t, imports) {
			types, symbols, lines = append(types, t), append(symbols, r.Symbol()), append(lines, r.String())
		}
	}
	scope := gotype.NewScope("main", types...)
	var table bytes.Buffer
	for i, t := range types {
		fmt.Fprintf(&table, "\t%q: func(v any) { _ = v.(%s) },\n", symbols[i], scope.Write(t))
	}
	var text bytes.Buffer
	text.WriteString("package main\n\n")
	for _, imported := range scope.Imports() {
		name := imported.Name
		if name == "" {
			name = path.Base(imported.Path)
		}
		fmt.Fprintf(&text, "import %s %q\n", name, imported.Path)
	}
	fmt.Fprintf(&text, "\nvar asserts = map[string]func(any){\n%s}\n", table.Bytes())
	source, err := format.Source(text.Bytes())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("contract: its types cannot be written as Go source"), err)
	}
	s.asserted = lines
	return source, nil
}

// assertable says whether a type can be written in a package that imports those.
func assertable(t *gotype.Type, imports []string) bool {
	ok := true
	for u := range t.Packages() {
		first := u.Name[:min(1, len(u.Name))]
		if !slices.Contains(imports, u.Path) || first != strings.ToUpper(first) || strings.Contains(u.Name, "·") {
			ok = false
		}
	}
	// Unexported fields and methods belong to their own packages.
	return ok && !unexportedMembers(t)
}

func unexportedMembers(t *gotype.Type) bool {
	if t == nil {
		return false
	}
	for _, m := range t.Methods {
		if m.Path != "" || unexportedMembers(m.Type) {
			return true
		}
	}
	for _, f := range t.Fields {
		if f.Path != "" || unexportedMembers(f.Type) {
			return true
		}
	}
	return slices.ContainsFunc(slices.Concat([]*gotype.Type{t.Elem, t.Key}, t.Params, t.Results, t.Args), unexportedMembers)
}
