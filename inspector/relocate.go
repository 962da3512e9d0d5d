package inspector

import (
	"fmt"
	"slices"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// relocate binds what a file's relocations refer to, as _dl_relocate_object in
// glibc's elf/dl-reloc.c does: package plugin asks for all of it at once (RTLD_NOW in
// plugin/plugin_dlopen.go), of the libraries too.
func (l *linkage) relocate(d *dso, scope []*dso) *stop {
	refs, err := d.image.References()
	if err != nil {
		return nil // what cannot be read cannot be judged
	}
	for _, r := range refs {
		if s := l.bind(d, r, scope); s != nil {
			return s
		}
	}
	if fault := d.image.CheckRelro(); fault != nil {
		return l.badPlugin(d, fault)
	}
	return nil
}

func (l *linkage) bind(d *dso, r goelf.Reference, scope []*dso) *stop {
	switch r.Kind {
	case goelf.RefUnknown:
		return l.badPlugin(d, &goelf.LoadFault{Text: "unexpected reloc type " + relocTypeText(r.Type, d.image.Is64)})
	case goelf.RefWild:
		return l.badPlugin(d, &goelf.LoadFault{Crash: true})
	}
	owner := d
	if !r.Local {
		if owner = l.resolve(r, scope); owner == nil {
			if r.Weak {
				return nil
			}
			return l.undefined(d, r)
		}
		if r.Version.Name != "" && !owner.hasVersions() && l.hasName(owner, r.Version.File) {
			return l.versionLost(d, owner, r)
		}
	}
	if r.Kind < goelf.RefStaticTLS || owner.startup || owner.inTLS {
		return nil
	}
	if l.tls.place(owner.tls(), r.Kind == goelf.RefTLSDesc) {
		owner.inTLS = true
	} else if r.Kind == goelf.RefStaticTLS {
		return l.tlsExhausted(d, owner)
	}
	return nil
}

// relocTypeText words a type as _dl_reloc_bad_type in glibc's elf/dl-reloc.c does.
func relocTypeText(typ uint32, is64 bool) string {
	if typ > 0xff && is64 {
		return fmt.Sprintf("0x%08x", typ)
	}
	return fmt.Sprintf("0x%02x", typ&0xff)
}

// resolve gives the file that a reference binds to: the first that defines it among
// the program and its libraries, the plugins and libraries that were opened before,
// and those that are opened together.
func (l *linkage) resolve(r goelf.Reference, scope []*dso) *dso {
	if d := l.m.definer(r); d != nil {
		return d
	}
	for _, list := range [][]*dso{l.global, scope} {
		for _, d := range list {
			if !d.startup && d.find(r) {
				return d
			}
		}
	}
	return nil
}

// stackFix mends a file that wants an executable stack.
const stackFix = `add the line .section .note.GNU-stack,"",@progbits to the assembly file that lacks it, or link with -Wl,-z,noexecstack`

// stack judges a file that wants an executable stack. glibc makes the stack so up to
// 2.40; since 2.41 it refuses (elf/dl-load.c, _dl_map_object_from_fd).
func (l *linkage) stack(d *dso, name string) *stop {
	if l.starting || !d.image.ExecutableStack() || l.m.executableStack() {
		return nil
	}
	if v := l.m.glibc(); v == "" || compareDotted(v, "2.41") < 0 {
		return nil
	}
	return &stop{text: name + ": cannot enable executable stack as shared object requires: Invalid argument", finding: finding{
		kind: executableStack, title: fmt.Sprintf("%s wants an executable stack", d.called()),
		detail: "glibc refuses that since 2.41; an assembly file without a .note.GNU-stack section asks for it",
		host:   "glibc " + l.m.glibc(), plugin: "PT_GNU_STACK is executable or missing",
		fix: []string{stackFix},
	}}
}

// checkPacked judges packed relocations: glibc has them since 2.36 and wants files
// that use them to say so (_dl_check_map_versions in elf/dl-version.c).
func (l *linkage) checkPacked(d *dso, needs []goelf.VersionNeed) *stop {
	const abi = "GLIBC_ABI_DT_RELR"
	deps, err := d.dependencies()
	if !d.image.PacksRelocs() || len(needs) == 0 || err != nil {
		return nil
	}
	libc := slices.ContainsFunc(deps, func(n goelf.Dependency) bool {
		return n.Kind == goelf.Needed && len(n.Name) >= 8 && n.Name[:8] == "libc.so."
	})
	if !libc || slices.ContainsFunc(needs, func(n goelf.VersionNeed) bool { return n.Version == abi }) {
		return nil
	}
	if v := l.m.glibc(); v != "" && compareDotted(v, "2.36") < 0 && !l.starting {
		return nil // an older one does not look
	}
	return &stop{text: d.name() + ": DT_RELR without " + abi + " dependency", finding: finding{
		kind: libraryVersion, title: fmt.Sprintf("%s has packed relocations and does not ask for %s", d.called(), abi),
		detail: "the linker wrote DT_RELR without the version that glibc demands with it; lld's --pack-dyn-relocs=relr does that",
		host:   "wants " + abi, plugin: "DT_RELR without it",
	}}
}
