package inspector

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// link judges what the dynamic linker does once the file itself is mapped: it maps
// the libraries that the plugin needs, compares symbol versions, and binds symbols,
// in this order. Nothing is said where the host could not start on the machine that
// is asked about.
func (p *process) link(plug *Plugin) (PluginVerdict, bool) {
	p.startLibraries()
	if p.linkage == nil || plug.image == nil {
		return PluginVerdict{}, false
	}
	fresh, s := p.linkage.open(plug)
	if s == nil {
		for _, d := range fresh {
			if d.plug != nil && d.plug != plug {
				p.pull(d.plug)
			}
		}
		return PluginVerdict{}, false
	}
	f := s.kind.finding(s.title)
	f.Detail, f.Host, f.Plugin = s.detail, s.host, s.plugin
	f.Fix = append(slices.Clone(s.fix), s.env+p.buildCommand(plug))
	if s.text == "" {
		return crash(f), true
	}
	return refuse(s.text, f), true
}

// startLibraries maps what the host itself needs.
func (p *process) startLibraries() {
	if p.linkTried {
		return
	}
	p.linkTried = true
	if m := p.host.machine(p.options.Sysroot); m.why == "" {
		p.linkage = m.newLinkage()
	}
}

// notFound tells of a library that is not there, or of whose name there is a file that
// ends the search.
func (l *linkage) notFound(name, text string, by *dso) *stop {
	s := &stop{text: text}
	if l.musl == nil && (name == "libc.so" || strings.HasPrefix(name, "libc.musl-")) {
		s.finding = finding{
			kind: otherLibc, title: fmt.Sprintf("%s was built against musl, and the host runs on glibc", by.called()),
			detail: name + " is musl's name for the C library; " + text,
			host:   "glibc", plugin: "musl",
			env: "CC=gcc ",
		}
		return s
	}
	if !isMissing(text) && !strings.Contains(text, ": No such file or directory (needed by") {
		s.finding = finding{
			kind: libraryDamaged, title: fmt.Sprintf("%s needs %s, and what is found under that name is no library for it", by.called(), name),
			detail: text, host: strings.TrimSpace(text), plugin: "needs " + name,
			fix: []string{"install the library " + name + " for the host's machine, and remove the file that is no library"},
		}
		return s
	}
	s.finding = finding{
		kind: libraryMissing, title: fmt.Sprintf("%s needs %s, which %s does not have", by.called(), name, l.m.called()),
		detail: "looked for in " + l.m.searched(by),
		host:   "no " + name, plugin: "needs " + name,
		fix: []string{"install the package that provides " + name + " (apt-file search " + ShellWord(name) + ", dnf provides " + ShellWord("*/"+name) + ")"},
	}
	return s
}

// called names the machine in a message.
func (m *machine) called() string {
	if m.target.dir != "" {
		return "the machine in " + m.target.dir
	}
	return "this machine"
}

// owned names what the machine has in a message.
func (m *machine) owned() string {
	if m.target.dir != "" {
		return "that of " + m.called()
	}
	return "this machine's"
}

// searched names the places where a library was looked for.
func (m *machine) searched(by *dso) string {
	var list []string
	if dirs := append(slices.Clone(by.rpath()), by.runpath()...); len(dirs) > 0 {
		list = append(list, "the folders that "+by.called()+" names ("+strings.Join(dirs, ", ")+")")
	}
	switch {
	case m.musl:
		list = append(list, "musl's default folders")
	case len(m.configured) > 0:
		list = append(list, "those of ld.so.conf", strings.Join(m.systemDirs(), ", "))
	default:
		list = append(list, "ld.so.cache", strings.Join(m.systemDirs(), ", "))
	}
	return strings.Join(list, ", ")
}

// badLibrary tells of a library whose header is in order and which cannot be mapped.
func (l *linkage) badLibrary(d *dso, name string, fault *goelf.LoadFault) *stop {
	s := &stop{finding: finding{
		kind: libraryDamaged, title: fmt.Sprintf("%s is found for %s, and is damaged", d.called(), name),
		detail: "it is cut off or its headers contradict each other; the dynamic linker ends the process on it",
		host:   "a damaged " + d.path, plugin: "needs " + name,
		fix: []string{"reinstall the package that provides " + d.path},
	}}
	if !fault.Crash {
		s.text = name + ": " + fault.Text
		s.detail = fault.Text
	}
	return s
}

// badPlugin tells of a plugin, or a library of its, on whose tables the dynamic linker
// fails.
func (l *linkage) badPlugin(d *dso, fault *goelf.LoadFault) *stop {
	s := &stop{finding: finding{
		kind: fileNotLoadable, title: fmt.Sprintf("%s is damaged", d.called()),
		detail: "its tables for the dynamic linker contradict each other, and that ends the process",
		host:   "loads ELF shared objects", plugin: "a damaged file",
	}}
	if d.plug == nil {
		s.kind = libraryDamaged
	}
	if fault.Crash {
		if fault.Text != "" {
			s.detail = fault.Text
		}
		return s
	}
	s.text, s.detail = d.path+": "+fault.Text, fault.Text
	if l.musl != nil {
		s.text = "Error relocating " + d.path + ": " + fault.Text
	}
	return s
}

// versionMissing tells of a symbol version that a library lacks.
func (l *linkage) versionMissing(d, lib *dso, n goelf.VersionNeed, defs []goelf.VersionDef) *stop {
	s := &stop{text: fmt.Sprintf("%s: version `%s' not found (required by %s)", lib.path, n.Version, d.name()), finding: finding{
		kind: libraryVersion, title: fmt.Sprintf("%s needs %s of %s, which %s lacks", d.called(), n.Version, n.Library, l.m.owned()),
		host: newestVersion(defs, n), plugin: n.Version,
		detail: "it was built on a machine with a newer " + n.Library + "; build it on one that is as old as the oldest it has to load on",
	}}
	if names := symbolsOf(d, n.Version); len(names) > 0 {
		s.detail += "; what it needs in that version: " + strings.Join(names, ", ")
	}
	return s
}

// neededNot tells of a file whose symbol versions name a library that it does not need.
func (l *linkage) neededNot(d *dso, n goelf.VersionNeed) *stop {
	return &stop{finding: finding{
		kind: libraryDamaged, title: fmt.Sprintf("%s wants symbol versions of %s, which it does not need", d.called(), n.Library),
		detail: "the dynamic linker ends the process: Assertion `needed != NULL' failed (dl-version.c); a tool such as patchelf --replace-needed or --remove-needed changed what the file needs and not its versions",
		host:   "no " + n.Library + " in the process", plugin: "needs " + n.Version + " of " + n.Library,
	}}
}

// versionLost tells of a library that lost its symbol versions.
func (l *linkage) versionLost(d, lib *dso, r goelf.Reference) *stop {
	return &stop{finding: finding{
		kind: libraryVersion, title: fmt.Sprintf("%s needs %s in version %s, and %s has no versions any more", d.called(), r.Name, r.Version.Name, lib.path),
		detail: "the dynamic linker ends the process: Assertion `version->filename == NULL || ! _dl_name_match_p (version->filename, map)' failed (dl-lookup.c); the library was built without its version script",
		host:   lib.path + " without versions", plugin: r.Name + " in version " + r.Version.Name,
		fix: []string{"install the release of " + r.Version.File + " that the plugin was linked with"},
	}}
}

// symbolsOf lists the symbols that a file needs in a version.
func symbolsOf(d *dso, version string) []string {
	refs, err := d.image.References()
	if err != nil {
		return nil
	}
	var names []string
	for _, r := range refs {
		if r.Version.Name == version && !slices.Contains(names, r.Name) {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return names
}

// newestVersion gives the newest version of the family that is asked for, as in
// GLIBC_2.36.
func newestVersion(defs []goelf.VersionDef, n goelf.VersionNeed) string {
	family, _, _ := strings.Cut(n.Version, "_")
	newest := ""
	for _, v := range defs {
		rest, ok := strings.CutPrefix(v.Name, family+"_")
		if ok && rest != "PRIVATE" && (newest == "" || compareDotted(rest, newest) > 0) {
			newest = rest
		}
	}
	if newest == "" {
		return "none of that family"
	}
	return "up to " + family + "_" + newest
}

// undefined tells of a symbol that nothing defines.
func (l *linkage) undefined(d *dso, r goelf.Reference) *stop {
	text := fmt.Sprintf("%s: undefined symbol: %s", d.path, r.Name)
	if r.Version.Name != "" {
		text += ", version " + r.Version.Name
	}
	s := &stop{text: text, finding: finding{
		kind: symbolUndefined, title: fmt.Sprintf("%s needs the C symbol %s, which nothing defines", d.called(), r.Name),
		host: "does not define " + r.Name, plugin: "needs " + r.Name,
	}}
	l.explainUndefined(s, d, r)
	return s
}

// tlsExhausted tells of a thread-local block for which the static one has no room.
func (l *linkage) tlsExhausted(d, owner *dso) *stop {
	t := owner.tls()
	return &stop{text: owner.path + ": cannot allocate memory in static TLS block", finding: finding{
		kind: staticTLS, title: fmt.Sprintf("%s wants %d bytes of static thread-local storage, and there are not as many left", owner.called(), t.Size),
		detail: fmt.Sprintf("%s was compiled for the initial-exec model (-ftls-model=initial-exec, or an attribute tls_model); what is opened later shares a surplus of %d bytes that a process has from its start", d.path, tlsSurplus),
		host:   fmt.Sprintf("%d bytes left", l.tls.size-min(l.tls.size, l.tls.used)), plugin: fmt.Sprintf("%d bytes, aligned to %d", t.Size, t.Align),
		fix: []string{"compile the C code with -ftls-model=global-dynamic, or let the variable be malloc-ed per thread"},
	}}
}
