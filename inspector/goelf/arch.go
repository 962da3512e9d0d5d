package goelf

import "encoding/binary"

// arch is what differs between machines: Go's name, and the relocation types
// that a Go plugin's data uses (debug/elf's R_* constants, from each machine's ELF
// supplement).
type arch struct {
	goarch                           string
	abs, relative, globDat, jumpSlot uint32
}

// archOf gives the zero arch for a machine that Go has no plugins on.
func archOf(machine uint16, is64 bool, order binary.ByteOrder) arch {
	little := order == binary.ByteOrder(binary.LittleEndian)
	switch {
	case machine == 62 && is64 && little: // EM_X86_64
		return arch{"amd64", 1, 8, 6, 7}
	case machine == 183 && is64 && little: // EM_AARCH64
		return arch{"arm64", 257, 1027, 1025, 1026}
	case machine == 3 && !is64 && little: // EM_386
		return arch{"386", 1, 8, 6, 7}
	case machine == 40 && !is64 && little: // EM_ARM
		return arch{"arm", 2, 23, 21, 22}
	case machine == 243 && is64 && little: // EM_RISCV; no GLOB_DAT of its own
		return arch{"riscv64", 2, 3, 2, 5}
	case machine == 21 && is64 && little: // EM_PPC64
		return arch{"ppc64le", 38, 22, 20, 21}
	case machine == 21 && is64:
		return arch{"ppc64", 38, 22, 20, 21}
	case machine == 22 && is64 && !little: // EM_S390
		return arch{"s390x", 22, 12, 10, 11}
	case machine == 258 && is64 && little: // EM_LOONGARCH
		return arch{"loong64", 2, 3, 2, 5}
	}
	return arch{}
}

// GOARCH is Go's name for the file's machine, "" where Go has no plugins on it.
func (im *Image) GOARCH() string { return im.arch.goarch }
