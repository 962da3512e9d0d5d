package goelf

import "strings"

// Soname is DT_SONAME, "" where there is none.
func (im *Image) Soname() string {
	off, ok := im.dyn[dtSoname]
	if !ok {
		return ""
	}
	s, err := im.str(off)
	if err != nil {
		return ""
	}
	return s
}

// Runpath lists the folders of DT_RUNPATH, in which the file wants its own libraries
// to be looked for. Variables such as $ORIGIN are not expanded.
func (im *Image) Runpath() []string { return im.folders(dtRunpath) }

// Rpath lists the folders of DT_RPATH, in which the file wants its libraries, and
// theirs in turn, to be looked for. It does not count where there is a DT_RUNPATH.
func (im *Image) Rpath() []string {
	if _, ok := im.dyn[dtRunpath]; ok {
		return nil
	}
	return im.folders(dtRpath)
}

func (im *Image) folders(tag int64) []string {
	off, ok := im.dyn[tag]
	if !ok {
		return nil
	}
	s, err := im.str(off)
	if err != nil || s == "" {
		return nil
	}
	return strings.Split(s, ":")
}

// PacksRelocs says whether the file has DT_RELR.
func (im *Image) PacksRelocs() bool { return im.dyn[dtRelr] != 0 }

// NoDefaultFolders says whether the file wants its libraries not to be looked for in
// the default folders (DF_1_NODEFLIB).
func (im *Image) NoDefaultFolders() bool { return im.dyn[dtFlags1]&df1NoDefLib != 0 }

// BindsNow says whether the file wants all of its references bound when it is loaded.
func (im *Image) BindsNow() bool {
	const dfBindNow, df1Now = 8, 1
	_, now := im.dyn[dtBindNow]
	return now || im.dyn[dtFlags]&dfBindNow != 0 || im.dyn[dtFlags1]&df1Now != 0
}

// LacksVersionTable says whether the file names symbol versions and has no table that
// says which symbol has which (DT_VERSYM): glibc reads it through a null pointer then.
func (im *Image) LacksVersionTable() bool {
	return im.dyn[dtVerSym] == 0 && (im.dyn[dtVerNeed] != 0 || im.dyn[dtVerDef] != 0)
}

// A TLSSegment is the thread-local block of a file (PT_TLS).
type TLSSegment struct {
	Size, Align uint64 // bytes
	First       uint64 // its address modulo its alignment
}

// TLS gives the file's thread-local block; Size is 0 where there is none.
func (im *Image) TLS() TLSSegment {
	const segTLS = 7
	var t TLSSegment
	for _, s := range im.segs {
		if s.typ == segTLS && s.memsz > 0 {
			t = TLSSegment{Size: s.memsz, Align: s.align}
			if s.align > 0 {
				t.First = s.vaddr & (s.align - 1)
			}
		}
	}
	return t
}

// ExecutableStack says whether the file wants the stack to be executable: it says so
// (PT_GNU_STACK), or it says nothing and its machine has such stacks by default
// (DEFAULT_STACK_PERMS in glibc's sysdeps/*/stackinfo.h).
func (im *Image) ExecutableStack() bool {
	const segStack, execute = 0x6474e551, 1
	flags := uint32(0)
	switch im.arch.goarch {
	case "amd64", "386", "arm", "s390x":
		flags = execute
	}
	for _, s := range im.segs {
		if s.typ == segStack {
			flags = s.flags
		}
	}
	return flags&execute != 0
}

// A DependencyKind tells how a file names another one that it wants loaded.
type DependencyKind uint8

const (
	Needed    DependencyKind = iota // DT_NEEDED
	Filter                          // DT_FILTER: it comes before the file in the order of search
	Auxiliary                       // DT_AUXILIARY: as Filter, where it is there
)

// A Dependency is a file that another one wants loaded.
type Dependency struct {
	Name string
	Kind DependencyKind
}

// Dependencies lists what the file wants loaded, in its order.
func (im *Image) Dependencies() ([]Dependency, error) {
	return im.dependencies.get(im.readDependencies)
}

func (im *Image) readDependencies() ([]Dependency, error) {
	var list []Dependency
	for _, n := range im.need {
		s, err := im.str(n.name)
		if err != nil {
			return nil, err
		}
		list = append(list, Dependency{s, n.kind})
	}
	return list, nil
}
