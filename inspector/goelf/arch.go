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

// Values of e_machine.
const (
	machine386       = 3
	machinePPC64     = 21
	machineS390      = 22
	machineARM       = 40
	machineAMD64     = 62
	machineRISCV     = 243
	machineLoongArch = 258
)

// Target is the machine of a process.
type Target struct {
	Is64    bool
	Order   binary.ByteOrder
	Machine uint16 // e_machine
	// Flags is e_flags of the program, of which some machines' dynamic linkers want
	// the calling convention to be theirs.
	Flags uint32
}

// Target gives the machine that the file is for.
func (im *Image) Target() Target { return Target{im.Is64, im.Order, im.Machine, im.flags} }

// TargetOf gives the target that a file is for, by its header; false for what is
// no ELF file, or too short to have one.
func TargetOf(data []byte) (Target, bool) {
	if len(data) < 64 || string(data[:4]) != "\x7fELF" || data[4] != 1 && data[4] != 2 || data[5] != 1 && data[5] != 2 {
		return Target{}, false
	}
	t, flags := Target{Is64: data[4] == 2, Order: binary.LittleEndian}, 36
	if t.Is64 {
		flags = 48
	}
	if data[5] == 2 {
		t.Order = binary.BigEndian
	}
	t.Machine, t.Flags = t.Order.Uint16(data[18:]), t.Order.Uint32(data[flags:])
	return t, true
}

// Loads says whether a process on the target may load files for another one:
// elf_machine_matches_host in glibc's sysdeps/MACHINE/dl-machine.h.
func (t Target) Loads(file Target) bool {
	if t.Is64 != file.Is64 || t.Order != file.Order || t.Machine != file.Machine {
		return false
	}
	switch t.Machine {
	case machinePPC64: // EF_PPC64_ABI; 0 is a file that uses nothing in which they differ
		abi := file.Flags & 3
		return abi == 0 || abi == 1 && t.Order == binary.ByteOrder(binary.BigEndian) || abi == 2 && t.Order == binary.ByteOrder(binary.LittleEndian)
	case machineRISCV: // EF_RISCV_FLOAT_ABI
		return file.Flags&6 == t.Flags&6
	case machineARM:
		return t.validFloatABI(file.Flags)
	}
	return true
}

// Convention names how the target's code passes arguments, where that is more than
// its machine says: "" elsewhere.
func (t Target) Convention() string {
	var names map[uint32]string
	flags := t.Flags
	switch t.Machine {
	case machineARM:
		names, flags = map[uint32]string{0x200: "armel, soft float", 0x400: "armhf, hard float"}, flags&0x600
	case machineRISCV:
		names, flags = map[uint32]string{0: "lp64, soft float", 2: "lp64f, single float", 4: "lp64d, double float", 6: "lp64q, quad float"}, flags&6
	case machinePPC64:
		names, flags = map[uint32]string{1: "ELFv1", 2: "ELFv2"}, flags&3
	}
	return names[flags]
}

// validFloatABI says, as Debian's VALID_FLOAT_ABI does, whether a file of EABI version
// 5 passes floating-point numbers as the target does (EF_ARM_ABI_FLOAT_SOFT, _HARD).
func (t Target) validFloatABI(flags uint32) bool {
	const soft, hard = 0x200, 0x400
	other := uint32(0) // the target's is not known
	switch t.Flags & (soft | hard) {
	case soft:
		other = hard
	case hard:
		other = soft
	}
	return flags>>24 != 5 || flags&other == 0
}

// matches says whether a file with this header is for the target, read in the
// target's byte order whatever the header says of its own.
func (t Target) matches(header []byte) bool {
	at := 48
	if !t.Is64 {
		at = 36
	}
	return t.Loads(Target{t.Is64, t.Order, t.Order.Uint16(header[18:]), t.Order.Uint32(header[at:])})
}

func otherMachine() *LoadFault {
	return &LoadFault{Text: "cannot open shared object file: No such file or directory", Kind: FaultPlatform, OtherMachine: true}
}

// Values of EI_OSABI.
const (
	osabiNone = 0
	osabiGNU  = 3
	osabiARM  = 64
)

func (t Target) validOSABI(v byte) bool {
	return v == osabiNone || v == osabiGNU || v == osabiARM && t.Machine == machineARM
}

// validABIVersion says whether glibc 2.36 knows a version of its extensions
// (libc-abis, which counts differently for each machine).
func (t Target) validABIVersion(osabi, v byte) bool {
	newest := byte(2)
	switch t.Machine {
	case machine386, machineAMD64, machinePPC64, machineRISCV, machineLoongArch:
		newest = 3
	}
	return v == 0 || osabi == osabiGNU && v <= newest
}

// OSABI is EI_OSABI, the system that the file says that it is for: 0 for none in
// particular, 3 for GNU extensions.
func (im *Image) OSABI() byte { return im.osabi }

// GOARCH is Go's name for the file's machine, "" where Go has no plugins on it.
func (im *Image) GOARCH() string { return im.arch.goarch }
