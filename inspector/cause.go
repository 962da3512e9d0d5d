package inspector

import (
	"fmt"
	"slices"
	"strings"
)

// cause is one reason for mismatches, and the packages that it explains.
type cause struct {
	kind                        FindingKind
	title, detail, host, plugin string
	module                      string // a module whose version has to change
	version                     string // to this one
	source                      bool   // only the host's own source mends it
	packages                    []string
}

// explain finds the fewest causes that explain all mismatches. Settings and
// versions explain only; that the packages differ was decided by their hashes.
func (p *process) explain(plug *Plugin, mismatches []mismatch) []Finding {
	x := &explainer{host: p.host.Binary(), plugin: plug.Binary}
	x.global = x.settings(mismatches)
	var earlier []mismatch
	for _, m := range mismatches {
		if m.earlier != nil {
			earlier = append(earlier, m)
			continue
		}
		x.assign(m.pkg, func() (string, string) { return p.folders(plug, m.pkg) })
	}
	var list []Finding
	for _, c := range x.causes {
		list = append(list, p.findingOf(plug, c))
	}
	return append(list, p.disagreements(plug, earlier)...)
}

func (p *process) findingOf(plug *Plugin, c *cause) Finding {
	f := c.kind.finding(c.title)
	f.Detail, f.Host, f.Plugin = c.detail, c.host, c.plugin
	f.Package, f.Packages = c.packages[0], c.packages
	if c.version != "" {
		f.Fix = append(f.Fix, "go get "+shellQuote(c.module+"@"+c.version))
	}
	if !c.source {
		f.Fix = append(f.Fix, p.buildCommand(plug))
		return f
	}
	revision := ""
	if r := p.host.Binary().Setting("vcs.revision"); r != "" && c.module == p.host.Binary().Main.Path {
		revision = " (revision " + r + ")"
	}
	f.Fix = append(f.Fix, "check out the source of "+c.module+" that the host was built from"+revision+", into DIR",
		p.buildCommand(plug)+" --host-src DIR")
	return f
}

// folders gives where a package's files were on both sides, "" where that is not
// known.
func (p *process) folders(plug *Plugin, pkg string) (host, plugin string) {
	if s, err := p.host.Sources(); err == nil {
		host = s[pkg]
	}
	return host, plug.sources()[pkg]
}

// explainer collects causes in the order in which they are met.
type explainer struct {
	host, plugin *Binary
	global       []*cause // settings that differ and change the hash of every package
	causes       []*cause
}

// assign finds the cause of one package's mismatch.
func (x *explainer) assign(pkg string, folders func() (host, plugin string)) {
	h, m := x.host.ModuleOf(pkg), x.plugin.ModuleOf(pkg)
	switch {
	case h != nil && m != nil && differ(h, m) && !bothFolders(h, m):
		x.add(x.moduleCause(h, m), pkg)
		return
	case len(x.global) > 0:
		for _, c := range x.global {
			x.add(c, pkg)
		}
		return
	}
	if a, b := folders(); a != "" && b != "" && a != b {
		x.add(x.folderCause(pkg, a, b), pkg)
		return
	}
	if c := x.localSetting(); c != nil {
		x.add(c, pkg)
		return
	}
	if h != nil && m != nil && differ(h, m) {
		x.add(x.moduleCause(h, m), pkg)
		return
	}
	x.add(unknownCause(h), pkg)
}

// bothFolders says whether both sides compiled the module from a folder. What its
// version is said to be then explains nothing by itself: the recorded folder does.
func bothFolders(a, b *Module) bool { return effective(a).Sum == "" && effective(b).Sum == "" }

// add files a package under a cause, or under an equal one that is there.
func (x *explainer) add(c *cause, pkg string) {
	for _, other := range x.causes {
		if other.kind == c.kind && other.title == c.title {
			other.packages = append(other.packages, pkg)
			return
		}
	}
	c.packages = append(c.packages, pkg)
	x.causes = append(x.causes, c)
}

// differ says whether two modules of one path are not the same source, or not
// recorded under the same path.
func differ(a, b *Module) bool {
	if a.Version != b.Version {
		return true
	}
	if (a.Replace == nil) != (b.Replace == nil) {
		return true
	}
	x, y := effective(a), effective(b)
	return x.Path != y.Path || x.Version != y.Version || x.Sum != "" && y.Sum != "" && x.Sum != y.Sum
}

func (x *explainer) moduleCause(h, m *Module) *cause {
	c := &cause{
		kind:  packageMismatch,
		title: fmt.Sprintf("host has %s %s, plugin has %s", h.Path, versionOf(h), versionOf(m)),
		host:  versionOf(h), plugin: versionOf(m),
		module: h.Path,
	}
	switch {
	case effective(h).Sum == "" || h.Replace != nil:
		c.source = true
		c.detail = "the host was built from a folder of this module, so the plugin has to be built from the same source, seen the same way"
	case effective(m).Sum == "":
		c.version = h.Version
		c.detail = "the plugin was built from a folder of this module, the host from the released version"
	default:
		c.version = h.Version
	}
	if h.Version == m.Version && c.host == c.plugin {
		c.title = fmt.Sprintf("host and plugin have %s %s from different sources", h.Path, versionOf(h))
		c.host, c.plugin = orFolder(effective(h)), orFolder(effective(m))
	}
	return c
}

func orFolder(m *Module) string {
	if m.Sum == "" {
		return m.Path + " from a folder"
	}
	return m.Sum
}

// folderCause names folders module by module: the package's own folder is left
// off where both sides agree in it.
func (x *explainer) folderCause(pkg, a, b string) *cause {
	if m := x.host.ModuleOf(pkg); m != nil {
		if rest := strings.TrimPrefix(pkg, m.Path); rest != "" {
			if s, ok := strings.CutSuffix(a, rest); ok && strings.HasSuffix(b, rest) {
				a, b = s, strings.TrimSuffix(b, rest)
			}
		}
	}
	return &cause{
		kind:   otherFolder,
		title:  fmt.Sprintf("host was built from %s, plugin from %s", a, b),
		detail: "the compiler records the paths of source files in the package hash; both sides have to see the same ones",
		host:   a, plugin: b,
	}
}

func unknownCause(h *Module) *cause {
	c := &cause{kind: packageMismatch, title: "host and plugin have different code in the standard library",
		host: "other package hashes", plugin: "other package hashes"}
	c.detail = "release and settings agree: one of the two toolchains has a patched standard library, or a flag that is not recorded was used"
	if h != nil {
		c.title = fmt.Sprintf("host and plugin have different code in %s %s", h.Path, versionOf(h))
		c.module, c.source = h.Path, effective(h).Sum == ""
		c.detail = "version and settings agree: the source was edited on one side, or built with a flag that is not recorded"
	}
	return c
}

// globalSettings change the hash of every package, or of nearly every one of the
// standard library.
var globalSettings = []string{"-race", "-msan", "-asan", "GOEXPERIMENT", "-gcflags", "-pgo", "-compiler"}

// settings lists the differing settings that reach the standard library. They
// count only where a package of it differs.
func (x *explainer) settings(mismatches []mismatch) []*cause {
	std := slices.ContainsFunc(mismatches, func(m mismatch) bool {
		return m.earlier == nil && x.host.ModuleOf(m.pkg) == nil && x.plugin.ModuleOf(m.pkg) == nil
	})
	if !std {
		return nil
	}
	var list []*cause
	if a, b := x.host.GoVersion, x.plugin.GoVersion; a != b {
		list = append(list, &cause{kind: otherRelease, host: a, plugin: b,
			title:  fmt.Sprintf("host was built with %s, plugin with %s", a, b),
			detail: "a plugin needs the Go release of its host wherever the standard library changed between the two"})
	}
	if a, b := x.host.Trimmed(), x.plugin.Trimmed(); a != b {
		list = append(list, &cause{kind: otherTrimpath, host: fmt.Sprintf("-trimpath=%t", a), plugin: fmt.Sprintf("-trimpath=%t", b),
			title:  fmt.Sprintf("host was built %s -trimpath, plugin %s", withOrWithout(a), withOrWithout(b)),
			detail: "the flag changes the recorded path of every source file, and so the hash of every package"})
	}
	for _, key := range globalSettings {
		a, b := x.host.Setting(key), x.plugin.Setting(key)
		if a == b || key == "-gcflags" && !reachesAll(a) && !reachesAll(b) {
			continue
		}
		list = append(list, settingCause(key, a, b))
	}
	return list
}

func withOrWithout(b bool) string {
	if b {
		return "with"
	}
	return "without"
}

// reachesAll says whether gcflags are for more than the packages that the command
// line names.
func reachesAll(gcflags string) bool {
	return strings.HasPrefix(gcflags, "all=") || strings.HasPrefix(gcflags, "std") || strings.Contains(gcflags, "...=")
}

func settingCause(key, a, b string) *cause {
	c := &cause{kind: otherSetting, host: key + "=" + a, plugin: key + "=" + b,
		title: fmt.Sprintf("host was built with %s=%s, plugin with %s=%s", key, a, key, b)}
	if a == "" {
		c.host, c.title = "no "+key, fmt.Sprintf("host was built without %s, plugin with %s=%s", key, key, b)
	}
	if b == "" {
		c.plugin, c.title = "no "+key, fmt.Sprintf("host was built with %s=%s, plugin without", key, a)
	}
	return c
}

// localSetting finds a differing setting that may reach packages outside of the
// standard library only.
func (x *explainer) localSetting() *cause {
	for _, key := range []string{"-tags", "-gcflags", "-cover", "-covermode", "GOEXPERIMENT", "-race"} {
		if a, b := x.host.Setting(key), x.plugin.Setting(key); a != b {
			return settingCause(key, a, b)
		}
	}
	if a, b := x.host.GoVersion, x.plugin.GoVersion; a != b {
		return &cause{kind: otherRelease, host: a, plugin: b, title: fmt.Sprintf("host was built with %s, plugin with %s", a, b)}
	}
	return nil
}

// disagreements explains mismatches with plugins that were opened before: packages
// that the host does not have.
func (p *process) disagreements(plug *Plugin, mismatches []mismatch) []Finding {
	byFile := make(map[string]*Finding)
	var order []string
	for _, m := range mismatches {
		f := byFile[m.file]
		if f == nil {
			f = new(Finding)
			*f = pluginsDisagree.finding(fmt.Sprintf("%s brought other versions of packages that %s has as well", m.file, plug.File))
			f.Detail = "the host does not have these packages, so the first plugin's are the ones that later ones must match, even if it was refused"
			f.Package, f.Host, f.Plugin = m.pkg, m.file+": other code", plug.File+": other code"
			if a, b := m.earlier.Binary.ModuleOf(m.pkg), plug.Binary.ModuleOf(m.pkg); a != nil && b != nil {
				if versionOf(a) == versionOf(b) {
					f.Title = fmt.Sprintf("%s and %s have different code in %s %s", m.file, plug.File, a.Path, versionOf(a))
				} else {
					f.Title = fmt.Sprintf("%s has %s %s, %s has %s", m.file, a.Path, versionOf(a), plug.File, versionOf(b))
					f.Host, f.Plugin = versionOf(a), versionOf(b)
				}
				if effective(a).Sum != "" && a.Replace == nil {
					f.Fix = append(f.Fix, "go get "+shellQuote(a.Path+"@"+a.Version))
				}
			}
			f.Fix = append(f.Fix, p.buildCommand(plug))
			byFile[m.file] = f
			order = append(order, m.file)
		}
		f.Packages = append(f.Packages, m.pkg)
	}
	var list []Finding
	for _, file := range order {
		list = append(list, *byFile[file])
	}
	return list
}
