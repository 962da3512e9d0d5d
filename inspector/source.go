package inspector

import (
	"fmt"
	"path"
	"strings"
)

// origin is where a side has a module's source from.
type origin int

const (
	released  origin = iota // a version from a proxy or out of a vendor folder
	forked                  // a version of another module, by a replacement
	replaced                // a folder, by a replacement
	workspace               // a folder, as a member of a workspace
	checkout                // the folder of the main module
)

// originOf tells by the build information. A vendored module has no sum, but its
// version; a main module has a version where version control stamped it, and a sum
// only where it came from a proxy.
func (s *side) originOf(m *Module) origin {
	switch {
	case m == &s.binary.Main && m.Sum == "":
		return checkout
	case m.Replace != nil && isVersion(m.Replace.Version):
		return forked
	case m.Replace != nil:
		return replaced
	case m != &s.binary.Main && !isVersion(m.Version):
		return workspace
	}
	return released
}

func (o origin) folder() bool { return o >= replaced }

func isVersion(v string) bool { return strings.HasPrefix(v, "v") }

// moduleCause compares the modules of a package by what is recorded of them.
func (x *explainer) moduleCause(pkg string, h, m *Module) *cause {
	if h == nil || m == nil {
		return nil
	}
	c := &cause{kind: packageMismatch, host: x.host.version(h), plugin: x.plugin.version(m)}
	if h.Path != m.Path {
		c.host, c.plugin = h.Path+" "+c.host, m.Path+" "+c.plugin
		c.title = fmt.Sprintf("%s has package %s in module %s, %s in %s", x.host.name, pkg, c.host, x.plugin.name, c.plugin)
		c.fix, c.version = getFix(h, m), true
		return c
	}
	a, b := x.host.originOf(h), x.plugin.originOf(m)
	if a.folder() && b.folder() || a == released && b == released && h.Version == m.Version && sameSum(h, m) ||
		a == forked && b == forked && h.Replace.Path == m.Replace.Path && h.Replace.Version == m.Replace.Version {
		return nil
	}
	c.title = fmt.Sprintf("%s has %s %s, %s has %s", x.host.name, h.Path, c.host, x.plugin.name, c.plugin)
	switch {
	case a == forked || b == forked || a == replaced || b == replaced:
		c.kind = moduleReplaced
		c.detail = "a replacement is recorded under the version that it replaces, but its source is another"
	case a == released && b == released && h.Version == m.Version:
		c.title = fmt.Sprintf("%s and %s have %s %s from different sources", x.host.name, x.plugin.name, h.Path, h.Version)
		c.host, c.plugin = h.Sum, m.Sum
	case a.folder():
		c.detail = fmt.Sprintf("%s was built from a folder of this module, %s from the released version; the compiler records another path for each", x.host.name, x.plugin.name)
	case b.folder():
		c.detail = fmt.Sprintf("%s was built from a folder of this module, %s from the released version; the compiler records another path for each", x.plugin.name, x.host.name)
	}
	if a.folder() {
		c.detail = joinDetail(c.detail, x.uncommitted(h))
		c.fix = sourceFix(h, x.host)
	} else {
		c.fix, c.version = getFix(h, m), true
	}
	return c
}

func sameSum(a, b *Module) bool { return a.Sum == "" || b.Sum == "" || a.Sum == b.Sum }

// uncommitted warns of a host whose source no revision has.
func (x *explainer) uncommitted(h *Module) string {
	if h == &x.host.binary.Main && x.host.binary.Setting("vcs.modified") == "true" {
		return x.host.name + " was built with changes that were not committed (vcs.modified=true)"
	}
	return ""
}

// version says which source of a module it is in a message's few words.
func (s *side) version(m *Module) string {
	v := versionOf(m)
	switch o := s.originOf(m); {
	case o == checkout && isVersion(m.Version):
		v += " from a checkout"
	case o == workspace:
		v += " from a workspace"
	}
	return v
}

// root gives the folder of a module as the compiler recorded it, "" where it is not
// known: it is inferred from the module's packages.
func (s *side) root(m *Module) string {
	if s.folders == nil {
		s.folders = make(map[string]string)
		sources := s.sources()
		for _, pkg := range keys(sources) {
			m, rest := s.moduleOf(pkg), pkg
			if pkg == "main" {
				rest = s.binary.Path
				m = s.moduleOf(rest)
			}
			if m == nil || s.folders[m.Path] != "" {
				continue
			}
			if root, ok := strings.CutSuffix(sources[pkg], strings.TrimPrefix(rest, m.Path)); ok && (path.IsAbs(root) || s.binary.Trimmed()) {
				s.folders[m.Path] = root
			}
		}
	}
	if r := s.folders[m.Path]; r != "" {
		return r
	}
	if s.binary.Trimmed() {
		return trimmedFolder(s.binary, m.Path)
	}
	return ""
}

// folderCause compares the folders in which both sides compiled a package.
func (x *explainer) folderCause(pkg string, h, m *Module) *cause {
	if x.host.binary.Trimmed() != x.plugin.binary.Trimmed() {
		return nil
	}
	c := &cause{kind: otherFolder, detail: "the compiler records the paths of source files in the package hash; both sides have to see the same ones"}
	what := pkg
	if h != nil && m != nil {
		what, c.host, c.plugin = h.Path, x.host.root(h), x.plugin.root(m)
	} else {
		c.host, c.plugin = x.host.sources()[pkg], x.plugin.sources()[pkg]
	}
	if c.host == "" || c.plugin == "" || c.host == c.plugin {
		return nil
	}
	c.title = fmt.Sprintf("%s compiled %s in %s, %s in %s", x.host.name, what, c.host, x.plugin.name, c.plugin)
	if h == nil || m == nil {
		return c
	}
	if x.host.originOf(h).folder() && !x.plugin.originOf(m).folder() {
		c.fix = sourceFix(h, x.host)
	}
	if x.host.binary.Trimmed() {
		c.detail = fmt.Sprintf("%s has it %s, %s %s; the compiler records another path for each", x.host.name, x.host.how(h), x.plugin.name, x.plugin.how(m))
		return c
	}
	a, b := storeOf(c.host, h), storeOf(c.plugin, m)
	if x.stores == nil {
		x.countStores()
	}
	if x.stores[[2]string{a, b}] > 1 {
		c.detail = fmt.Sprintf("%s, for one, was in %s and in %s; %s", what, c.host, c.plugin, c.detail)
		c.host, c.plugin = a, b
		c.title = fmt.Sprintf("%s compiled its modules in %s, %s in %s", x.host.name, storeName(a), x.plugin.name, storeName(b))
	}
	return c
}

// storeOf gives the module cache or vendor folder that a module's folder lies in, ""
// where it lies in none.
func storeOf(folder string, m *Module) string {
	e := effective(m)
	if s, ok := strings.CutSuffix(folder, "/"+escapePath(e.Path)+"@"+e.Version); ok {
		return s
	}
	if s, ok := strings.CutSuffix(folder, "/vendor/"+m.Path); ok {
		return s + "/vendor"
	}
	return ""
}

// escapePath writes capitals as the module cache does (golang.org/x/mod/module.EscapePath).
func escapePath(p string) string {
	var b strings.Builder
	for _, c := range p {
		if c >= 'A' && c <= 'Z' {
			b.WriteByte('!')
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

func storeName(s string) string {
	if path.Base(s) == "vendor" {
		return "the vendor folder " + s
	}
	return "the module cache " + s
}

// countStores counts the modules that each pair of module caches, or vendor folders,
// explains.
func (x *explainer) countStores() {
	x.stores = make(map[[2]string]int)
	seen := make(map[string]bool)
	for _, pkg := range keys(x.mismatched) {
		h, m := x.host.moduleOf(pkg), x.plugin.moduleOf(pkg)
		if h == nil || m == nil || seen[h.Path] {
			continue
		}
		seen[h.Path] = true
		a, b := storeOf(x.host.root(h), h), storeOf(x.plugin.root(m), m)
		if a != "" && b != "" && a != b && x.moduleCause(pkg, h, m) == nil {
			x.stores[[2]string{a, b}]++
		}
	}
}

// how says by which way a side has a module.
func (s *side) how(m *Module) string {
	switch s.originOf(m) {
	case checkout:
		return "as its main module"
	case workspace:
		return "as a member of a workspace"
	case replaced, forked:
		return "as " + versionOf(m)
	}
	return "as " + m.Version
}

// sourceCause finds a package whose source was edited, by functions that begin on
// another line of the same file.
func (x *explainer) sourceCause(pkg string, std bool) *cause {
	if std && (x.releaseCause() != nil || len(x.global) > 0) || !std && !x.editable(pkg) {
		return nil
	}
	list := sameFile(x.evidence().moves(pkg))
	if len(list) == 0 {
		return nil
	}
	m := list[0]
	c := x.unknownCause(pkg, std)
	name := m.name[strings.LastIndexByte(m.name, '/')+1:]
	if c.kind == packageMismatch {
		c.detail = joinDetail(fmt.Sprintf("%s, for one, begins in line %d of %s for %s, in line %d for %s", name, m.host.line, m.host.file, x.host.name, m.plugin.line, x.plugin.name), c.detail)
		return c
	}
	c.host = fmt.Sprintf("%s in line %d of %s", name, m.host.line, m.host.file)
	c.plugin = fmt.Sprintf("%s in line %d of %s", name, m.plugin.line, m.plugin.file)
	return c
}

// editable says whether a module's source can be another one although its version is
// the same: checksums rule that out.
func (x *explainer) editable(pkg string) bool {
	h, m := x.host.moduleOf(pkg), x.plugin.moduleOf(pkg)
	return h == nil || m == nil || effective(h).Sum == "" || effective(m).Sum == ""
}

// testCause finds a package that was compiled together with its tests.
func (x *explainer) testCause(pkg string) *cause {
	if !strings.HasSuffix(x.host.binary.Path, ".test") {
		return nil
	}
	file := testFile(x.evidence().host[pkg])
	if file == "" {
		return nil
	}
	return &cause{kind: hostIsTest, host: pkg + " with " + file, plugin: pkg + " without tests",
		title:  fmt.Sprintf("%s is a test binary, which has the tests of %s (%s) compiled into the package", x.host.name, pkg, file),
		detail: "no plugin can be built with a package's internal tests; a test that opens plugins belongs into an external test package",
		fix: func(*process, *Plugin) []string {
			return []string{fmt.Sprintf("in %s and the other *_test.go files of %s, write package %s_test, and build the test anew", file, pkg, path.Base(pkg))}
		}}
}

// unknownCause is for packages of which only the hash says that they differ.
func (x *explainer) unknownCause(pkg string, std bool) *cause {
	m := x.mismatched[pkg]
	c := &cause{kind: packageMismatch, host: "package hash " + m.bound.String(), plugin: "package hash " + m.plugin.String()}
	h, own := x.host.moduleOf(pkg), x.plugin.moduleOf(pkg)
	switch {
	case std:
		c.kind = libraryPatched
		c.title = fmt.Sprintf("%s and %s have different source of the standard library of %s", x.host.name, x.plugin.name, release(x.host.binary.GoVersion))
		c.detail = "one of the two toolchains has a patched standard library, or a flag that is not recorded was used (-overlay, -toolexec)"
		c.fix = toolchainFix
	case h == nil || own == nil:
		c.kind = sourceEdited
		c.title = fmt.Sprintf("%s and %s have different source of package %s", x.host.name, x.plugin.name, pkg)
	case h.Replace != nil && own.Replace != nil && h.Replace.Path != own.Replace.Path:
		c.kind = moduleReplaced
		c.title = fmt.Sprintf("%s has %s %s, %s has %s", x.host.name, h.Path, versionOf(h), x.plugin.name, versionOf(own))
		c.host, c.plugin = versionOf(h), versionOf(own)
		c.fix = sourceFix(h, x.host)
	case isVersion(h.Version) && isVersion(own.Version) && h.Version != own.Version: // of checkouts
		c.title = fmt.Sprintf("%s has %s %s, %s has %s", x.host.name, h.Path, versionOf(h), x.plugin.name, versionOf(own))
		c.detail = x.uncommitted(h)
		c.host, c.plugin = x.host.version(h), x.plugin.version(own)
		c.fix = x.editedFix(h, own)
	default:
		c.kind = sourceEdited
		c.title = fmt.Sprintf("%s and %s have different source of %s", x.host.name, x.plugin.name, versionedPath(h))
		c.detail = joinDetail("version and settings agree, so the source was edited on one side, or a flag that is not recorded was used (-overlay, -toolexec)", x.uncommitted(h))
		c.fix = x.editedFix(h, own)
	}
	return c
}

func versionedPath(m *Module) string { return m.Path + " " + versionOf(m) }
