package goelf

import "fmt"

// CheckDynamic makes the tests of elf_get_dynamic_info in glibc's
// elf/get-dynamic-info.h, which are assertions: failing one ends the process.
func (im *Image) CheckDynamic() *LoadFault {
	fail := func(condition string) *LoadFault {
		return &LoadFault{Crash: true, Kind: FaultHeader, Text: fmt.Sprintf("the dynamic linker ends the process: Inconsistency detected by ld.so: get-dynamic-info.h: elf_get_dynamic_info: Assertion `%s' failed!", condition)}
	}
	w := im.WordSize()
	relaOnly := im.arch.goarch != "386" && im.arch.goarch != "arm"
	rel, hasPlt := im.dyn[dtPltRel]
	if hasPlt && rel != dtRela && (relaOnly || rel != dtRel) {
		return fail("info[DT_PLTREL]->d_un.d_val == DT_RELA")
	}
	entries := []struct {
		table, size int64
		want        uint64
		text        string
	}{
		{dtRela, dtRelaEnt, 3 * w, "info[DT_RELAENT]->d_un.d_val == sizeof (ElfW(Rela))"},
		{dtRel, dtRelEnt, 2 * w, "info[DT_RELENT]->d_un.d_val == sizeof (ElfW(Rel))"},
		{dtRelr, dtRelrEnt, w, "info[DT_RELRENT]->d_un.d_val == sizeof (ElfW(Relr))"},
	}
	for _, e := range entries {
		if e.table == dtRel && relaOnly {
			continue
		}
		if _, ok := im.dyn[e.table]; ok && im.dyn[e.size] != e.want {
			return fail(e.text)
		}
	}
	for _, tag := range []int64{dtStrTab, dtSymTab} {
		if _, ok := im.dyn[tag]; !ok {
			return &LoadFault{Crash: true, Kind: FaultHeader, Text: "it has no table of symbols or strings, and the dynamic linker reads through a null pointer"}
		}
	}
	return nil
}

// CheckRelro judges the area that is made read-only after relocation: one that goes on
// behind the file's last segment is not mapped (_dl_protect_relro in glibc's
// elf/dl-reloc.c).
func (im *Image) CheckRelro() *LoadFault {
	const segRelro = 0x6474e552 // PT_GNU_RELRO
	var low, high uint64
	low = ^uint64(0)
	for _, s := range im.segs {
		if s.typ == segLoad {
			low, high = min(low, s.vaddr&^(pageSize4K-1)), max(high, roundUp(s.vaddr+s.memsz))
		}
	}
	for _, s := range im.segs {
		start, end := s.vaddr&^(pageSize4K-1), (s.vaddr+s.memsz)&^(pageSize4K-1)
		if s.typ == segRelro && s.memsz > 0 && start != end && (start < low || end > high || end < start) {
			return &LoadFault{Text: "cannot apply additional memory protection after relocation: Cannot allocate memory", Kind: FaultHeader}
		}
	}
	return nil
}

// CheckInit judges DT_INIT: a function that is run once the file is relocated.
func (im *Image) CheckInit() *LoadFault {
	addr, ok := im.dyn[dtInit]
	if !ok {
		return nil
	}
	const execute = 1 // PF_X
	for _, s := range im.segs {
		if s.typ == segLoad && s.flags&execute != 0 && addr >= s.vaddr&^(pageSize4K-1) && addr < roundUp(s.vaddr+s.memsz) {
			return nil
		}
	}
	return &LoadFault{Crash: true, Kind: FaultHeader, Text: fmt.Sprintf("its DT_INIT names a function at %#x, where it has no code: SIGSEGV", addr)}
}
