package inspector

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// muslLinker is the dynamic linker of musl (ldso/dynlink.c of 1.2.3), which is the C
// library as well: it knows no symbol versions, looks for libraries elsewhere, and
// words its messages otherwise. It asks little of a file's header, and it never
// unloads.
type muslLinker struct {
	self *dso // the dynamic linker itself
}

// muslReserved are the libraries that are part of musl, whatever follows the dot.
var muslReserved = []string{"libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet."}

// isSelf says whether a name stands for musl itself: libc.so.6 does too.
func (k *muslLinker) isSelf(name string) bool {
	return name == k.self.path || slices.ContainsFunc(muslReserved, func(p string) bool { return strings.HasPrefix(name, p) })
}

// strerror words an error as musl's src/errno/__strerror.h does.
func (k *muslLinker) strerror(e syscall.Errno) string {
	switch e {
	case syscall.ENOEXEC:
		return "Exec format error"
	case syscall.ELOOP:
		return "Symbolic link loop"
	case syscall.ENAMETOOLONG:
		return "Filename too long"
	case syscall.EBUSY:
		return "Resource busy"
	case syscall.ENOMEM:
		return "Out of memory"
	}
	return describeErrno(e)
}

// loadLibrary follows load_library.
func (k *muslLinker) loadLibrary(l *linkage, name string, by *dso) (*dso, syscall.Errno) {
	if k.isSelf(name) {
		return k.self, 0
	}
	var f located
	var e syscall.Errno
	if strings.Contains(name, "/") {
		f, e = k.open(l, candidate{name, by.outer})
	} else {
		if d := l.each(func(d *dso) bool { return l.hasName(d, name) }); d != nil {
			return d, 0
		}
		f, e = k.search(l, name, by)
	}
	if e != 0 {
		return nil, e
	}
	if d := l.each(func(d *dso) bool { return sameInode(d.info, f.info) }); d != nil {
		f.file.Close()
		l.addName(d, name)
		return d, 0
	}
	d := &dso{path: f.path, names: []string{name}, info: f.info, outer: f.outer, parent: by}
	err := d.read(f.file)
	im := d.image
	if err != nil || im.Type != goelf.TypeDyn && im.Type != goelf.TypeExec || !im.Dynamic() {
		d.close()
		return nil, syscall.ENOEXEC
	}
	call := goelf.Reference{Name: "__libc_start_main", Kind: goelf.RefCall}
	stdin := goelf.Reference{Name: "stdin", Kind: goelf.RefCall}
	if d.find(call) && d.find(stdin) {
		d.close() // another C library: musl takes itself instead
		return k.self, 0
	}
	if _, ok, err := im.Lookup("go:link.pkghash.runtime"); ok && err == nil {
		l.takePlugin(d)
	}
	l.add(d)
	return d, 0
}

// open opens a library, of which musl looks at nothing before it maps it.
func (k *muslLinker) open(l *linkage, p candidate) (located, syscall.Errno) {
	t := l.m.target
	if p.outer {
		t = target{}
	}
	f, info, err := t.open(p.path)
	if err != nil {
		return located{}, errno(err)
	}
	return located{candidate: p, file: f, info: info}, 0
}

// search looks through the folders that the files name which need the library, and
// the default ones. The first file of that name is taken, whatever it is.
func (k *muslLinker) search(l *linkage, name string, by *dso) (located, syscall.Errno) {
	for d := by; d != nil; d = d.parent {
		dirs := d.runpath()
		if len(dirs) == 0 {
			dirs = d.rpath()
		}
		if strings.Contains(strings.ReplaceAll(strings.ReplaceAll(strings.Join(dirs, ":"), "${ORIGIN}", ""), "$ORIGIN", ""), "$") {
			continue // fixup_rpath knows no other variable
		}
		f, e := k.folders(l, l.m.expandAll(dirs, d), name)
		if e != syscall.ENOENT {
			return f, e
		}
	}
	var dirs []candidate
	for _, d := range k.systemPath(l) {
		dirs = append(dirs, candidate{path: d})
	}
	return k.folders(l, dirs, name)
}

// folders follows path_open.
func (k *muslLinker) folders(l *linkage, dirs []candidate, name string) (located, syscall.Errno) {
	for _, d := range dirs {
		if d.path == "" {
			continue
		}
		f, e := k.open(l, candidate{d.path + "/" + name, d.outer})
		switch e {
		case syscall.ENOENT, syscall.ENOTDIR, syscall.EACCES, syscall.ENAMETOOLONG:
		default:
			return f, e
		}
	}
	return located{}, syscall.ENOENT
}

// systemPath gives the default folders, which a file beside musl's own folder may name.
func (k *muslLinker) systemPath(l *linkage) []string {
	name := strings.TrimSuffix(filepath.Base(k.self.path), ".so.1") + ".path"
	prefix := strings.TrimSuffix(filepath.Dir(filepath.Dir(k.self.path)), "/")
	const most = 64 << 10
	if data, err := l.m.target.read(prefix+"/etc/"+name, most); err == nil {
		return strings.FieldsFunc(string(data), func(c rune) bool { return c == ':' || c == '\n' })
	} else if errno(err) != syscall.ENOENT {
		return nil
	}
	return []string{"/lib", "/usr/local/lib", "/usr/lib"}
}

// mapDependencies follows load_deps: of every file that is new, in the order in which
// they come, what it needs.
func (k *muslLinker) mapDependencies(l *linkage, root *dso) ([]*dso, *stop) {
	list := []*dso{root}
	for i := 0; i < len(list) && len(list) < maxLibraries; i++ {
		d := list[i]
		if !d.mapped {
			deps, err := d.dependencies()
			if err != nil {
				return list, nil
			}
			for _, dep := range deps {
				if dep.Kind != goelf.Needed {
					continue
				}
				o, e := k.loadLibrary(l, dep.Name, d)
				if e != 0 {
					text := fmt.Sprintf("Error loading shared library %s: %s (needed by %s)", dep.Name, k.strerror(e), d.name())
					return list, l.notFound(dep.Name, text, d)
				}
				d.deps = append(d.deps, o)
			}
			d.mapped = true
		}
		for _, dep := range d.deps {
			if !slices.Contains(list, dep) {
				list = append(list, dep)
			}
		}
	}
	return list, nil
}

// link follows dlopen from the point where the plugin's own file is mapped.
func (k *muslLinker) link(l *linkage, root *dso) ([]*dso, *stop) {
	list, s := k.mapDependencies(l, root)
	if s != nil {
		return nil, s
	}
	var fresh []*dso
	for _, d := range l.loaded {
		if !slices.Contains(list, d) || slices.Contains(l.global, d) {
			continue
		}
		if s := k.relocate(l, d, list); s != nil {
			return nil, s
		}
		fresh = append(fresh, d)
	}
	l.global = append(l.global, fresh...)
	return dependenciesFirst(fresh), nil
}

// relocate follows reloc_all and do_relocs: calls first, then the rest.
func (k *muslLinker) relocate(l *linkage, d *dso, scope []*dso) *stop {
	refs, err := d.image.References()
	if err != nil {
		return nil
	}
	if s := k.checkPacked(l, d); s != nil {
		return s
	}
	for _, plt := range []bool{true, false} {
		for _, r := range refs {
			if r.PLT != plt {
				continue
			}
			if s := k.bind(l, d, r, scope); s != nil {
				return s
			}
		}
	}
	return nil
}

func (k *muslLinker) bind(l *linkage, d *dso, r goelf.Reference, scope []*dso) *stop {
	prefix := "Error relocating " + d.path + ": "
	switch r.Kind {
	case goelf.RefUnknown:
		return l.unsupported(d, r)
	case goelf.RefWild:
		return l.badPlugin(d, &goelf.LoadFault{Crash: true})
	}
	owner := d
	if !r.Local {
		r.Version = goelf.VersionRef{} // musl knows none
		if owner = l.resolve(r, scope); owner == nil {
			if r.Weak {
				return nil
			}
			s := l.undefined(d, r)
			s.text = prefix + r.Name + ": symbol not found"
			return s
		}
	}
	if !l.m.elf.KnowsRelocation(r.Type) {
		return l.unsupported(d, r) // musl does not look at e_machine
	}
	if r.Kind == goelf.RefStaticTLS && !owner.startup {
		s := l.tlsExhausted(d, owner)
		s.text = fmt.Sprintf("%s%s: initial-exec TLS resolves to dynamic definition in %s", prefix, r.Name, owner.path)
		s.detail = "musl gives the static thread-local block only to what the program starts with; the C code was compiled with -ftls-model=initial-exec, or __thread with that attribute"
		return s
	}
	return nil
}

func (l *linkage) unsupported(d *dso, r goelf.Reference) *stop {
	return l.badPlugin(d, &goelf.LoadFault{Text: fmt.Sprintf("unsupported relocation type %d", r.Type)})
}

// version finds musl's release in its file, which has it as a string of its own.
func (k *muslLinker) version(l *linkage) string {
	const most = 16 << 20
	data, err := l.m.target.read(k.self.path, most)
	if err != nil {
		return ""
	}
	for s := range bytes.SplitSeq(data, []byte{0}) {
		if len(s) >= 5 && len(s) <= 8 && bytes.Count(s, []byte(".")) == 2 && len(bytes.Trim(s, "0123456789.")) == 0 {
			return string(s)
		}
	}
	return ""
}

// checkPacked judges packed relocations, which musl leaves undone before 1.2.4.
func (k *muslLinker) checkPacked(l *linkage, d *dso) *stop {
	if !d.image.PacksRelocs() {
		return nil
	}
	v := k.version(l)
	if v == "" || compareDotted(v, "1.2.4") >= 0 {
		return nil
	}
	return &stop{finding: finding{
		kind: otherLibc, title: fmt.Sprintf("%s has packed relocations, which musl %s leaves undone", d.called(), v),
		detail: "musl reads DT_RELR since 1.2.4; its pointers stay wrong, and the process ends at the first that is used",
		host:   "musl " + v, plugin: "DT_RELR",
		fix: []string{"link without -z pack-relative-relocs"},
	}}
}

// muslFile says what musl does with a plugin's file before it looks at what that needs
// (map_library): it looks at the type and for a dynamic section, at the machine never.
func muslFile(plug *Plugin, path string, fault *goelf.LoadFault) (string, *goelf.LoadFault) {
	e := syscall.ENOEXEC
	switch {
	case plug.image == nil && fault != nil && fault.Crash:
		return "", fault // cut off before its dynamic section
	case plug.image == nil, plug.image.Type != goelf.TypeDyn && plug.image.Type != goelf.TypeExec, !plug.image.Dynamic():
	case plug.image.Type == goelf.TypeExec:
		e = syscall.EBUSY // the host lies at that address
	case fault != nil && fault.Crash:
		return "", fault
	default:
		return "", nil
	}
	if fault == nil {
		fault = &goelf.LoadFault{Kind: goelf.FaultHeader}
	}
	fault.Crash = false
	return fmt.Sprintf("Error loading shared library %s: %s", path, (*muslLinker)(nil).strerror(e)), fault
}

// musl says whether the host runs on musl.
func (h *Host) musl() bool { return isMusl(h.bin.Interpreter) }

func isMusl(interpreter string) bool { return strings.Contains(filepath.Base(interpreter), "ld-musl-") }
