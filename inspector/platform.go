package inspector

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// covered are the platforms that verdicts are given for: Linux, with glibc, on every
// machine on which Go has plugins there (internal/platform, BuildModeSupported).
var covered = func() map[string]goelf.Target {
	little, big := binary.ByteOrder(binary.LittleEndian), binary.ByteOrder(binary.BigEndian)
	return map[string]goelf.Target{
		"linux/amd64":   {Is64: true, Order: little, Machine: 62},
		"linux/arm64":   {Is64: true, Order: little, Machine: 183},
		"linux/386":     {Order: little, Machine: 3},
		"linux/arm":     {Order: little, Machine: 40},
		"linux/riscv64": {Is64: true, Order: little, Machine: 243},
		"linux/ppc64le": {Is64: true, Order: little, Machine: 21},
		"linux/s390x":   {Is64: true, Order: big, Machine: 22},
		"linux/loong64": {Is64: true, Order: little, Machine: 258},
	}
}()

// targetOf gives the machine of a platform such as linux/amd64, the calling
// convention taken from the dynamic linker that the program names.
func targetOf(platform, interpreter string) (goelf.Target, bool) {
	t, ok := covered[platform]
	switch platform {
	case "linux/arm": // EF_ARM_ABI_FLOAT_HARD or _SOFT of EABI version 5
		switch {
		case strings.Contains(interpreter, "armhf"):
			t.Flags = 0x5000400
		case interpreter != "":
			t.Flags = 0x5000200
		}
	case "linux/riscv64":
		if !strings.Contains(interpreter, "-lp64.") {
			t.Flags = 4 // EF_RISCV_FLOAT_ABI_DOUBLE
		}
	}
	return t, ok
}

// systemOf gives Go's name of the system that an ELF file is for; goos is what its
// build information says, if anything.
func systemOf(im *goelf.Image, goos string) string {
	if goos != "" && goos != "linux" {
		return goos
	}
	switch im.OSABI() {
	case 2:
		return "netbsd"
	case 6:
		return "solaris"
	case 9:
		return "freebsd"
	case 12:
		return "openbsd"
	}
	interpreter := im.Interpreter()
	for _, known := range [...]struct{ interpreter, goos string }{
		{"/system/bin/linker", "android"},
		{"/libexec/ld-elf.so.1", "freebsd"},
		{"/usr/libexec/ld-elf.so.2", "dragonfly"},
		{"/usr/libexec/ld.so", "openbsd"},
		{"/usr/libexec/ld.elf_so", "netbsd"},
		{"/libexec/ld.elf_so", "netbsd"},
		{"/lib/amd64/ld.so.1", "solaris"},
		{"/usr/lib/amd64/ld.so.1", "solaris"},
	} {
		if strings.HasPrefix(interpreter, known.interpreter) {
			return known.goos
		}
	}
	return "linux"
}

// notCovered words why there are no verdicts for hosts of a platform.
func notCovered(platform string) string {
	switch goos, _, _ := strings.Cut(platform, "/"); goos {
	case "linux":
		return fmt.Sprintf("it is a %s program, and Go has no plugins there", platform)
	case "darwin", "freebsd", "android":
		return fmt.Sprintf("it is a %s program; plugtool covers plugins on Linux, and not on %s yet", platform, goos)
	default:
		return fmt.Sprintf("it is a %s program, and Go has no plugins on %s", platform, goos)
	}
}

// fileStart is how much of a file says what it is, in bytes.
const fileStart = 512

// foreign says what a file is that is no ELF file: what it is in words, and the
// platform where it is a program or library of one.
func foreign(data []byte) (what, platform string) {
	data = data[:min(len(data), fileStart)]
	if len(data) == 0 {
		return "empty", ""
	}
	if p := machO(data); p != "" {
		return "a macOS file (Mach-O)", p
	}
	if bytes.HasPrefix(data, []byte("MZ")) {
		return "a Windows file (PE)", "windows/" + peMachine(data)
	}
	for _, known := range [...]struct {
		at          int
		magic, what string
	}{
		{0, "\x00asm", "a WebAssembly module"},
		{8, "__.PKGDEF", "a Go package archive, as go build makes of a package that is not main"},
		{0, "!<arch>\n", "an archive of object files (.a), as -buildmode=c-archive makes"},
		{0, "#!", "a script"},
		{0, "/* GNU ld script", "a linker script"},
		{0, "version https://git-lfs.github.com/spec/", "a Git LFS pointer in the place of a file that was not fetched"},
		{0, "\x1f\x8b", "a gzip archive"},
		{0, "PK\x03\x04", "a zip archive"},
		{0, "\xfd7zXZ\x00", "an xz archive"},
		{0, "\x28\xb5\x2f\xfd", "a zstd archive"},
		{257, "ustar", "a tar archive"},
		{0, "\x01\xf7", "an AIX file (XCOFF)"},
		{0, "BC\xc0\xde", "LLVM bitcode"},
		{0, "<!DOCTYPE", "a web page"},
		{0, "<html", "a web page"},
	} {
		if len(data) >= known.at && bytes.HasPrefix(data[known.at:], []byte(known.magic)) {
			return known.what, ""
		}
	}
	return "", ""
}

// machO gives the platform of a Mach-O file, "" for anything else (mach-o/loader.h,
// mach-o/fat.h of Apple's XNU).
func machO(data []byte) string {
	if len(data) < 8 {
		return ""
	}
	cpu := binary.LittleEndian.Uint32(data[4:])
	switch binary.BigEndian.Uint32(data) {
	case 0xcafebabe, 0xcafebabf: // for several machines; Java's classes have a version of 45 or more here
		n := binary.BigEndian.Uint32(data[4:])
		if n == 0 || n >= 40 {
			return ""
		}
		return "darwin/universal"
	case 0xfeedface, 0xfeedfacf:
		cpu = binary.BigEndian.Uint32(data[4:])
	case 0xcefaedfe, 0xcffaedfe:
	default:
		return ""
	}
	switch cpu {
	case 0x01000007:
		return "darwin/amd64"
	case 0x0100000c:
		return "darwin/arm64"
	case 7:
		return "darwin/386"
	}
	return "darwin/unknown"
}

// peMachine gives Go's name for the machine of a Windows file.
func peMachine(data []byte) string {
	if len(data) >= 64 {
		at := uint64(binary.LittleEndian.Uint32(data[60:]))
		if at+6 <= uint64(len(data)) && string(data[at:at+4]) == "PE\x00\x00" {
			switch binary.LittleEndian.Uint16(data[at+4:]) {
			case 0x8664:
				return "amd64"
			case 0xaa64:
				return "arm64"
			case 0x14c:
				return "386"
			}
		}
	}
	return "unknown"
}

// foreignHost words the error for a host that is no ELF file after what it is.
func foreignHost(data []byte) error {
	what, platform := foreign(data)
	switch {
	case platform != "":
		return &NotHostError{notCovered(platform)}
	case what != "":
		return fmt.Errorf("%w: it is %s, want an ELF file", ErrNotGo, what)
	}
	return fmt.Errorf("%w: want an ELF file", ErrNotGo)
}

// platformOf gives the platform that a plugin's file is for, "" where it does not say.
func platformOf(plug *Plugin) string {
	im := plug.image
	if im == nil {
		_, platform := foreign(plug.data)
		return platform
	}
	if plug.Binary != nil && plug.Binary.Platform != "" {
		return plug.Binary.Platform
	}
	return systemOf(im, "") + "/" + machineName(im)
}

// machineName gives Go's name of the file's machine, or what ELF calls it.
func machineName(im *goelf.Image) string {
	if name := im.GOARCH(); name != "" {
		return name
	}
	little := im.Order == binary.ByteOrder(binary.LittleEndian)
	switch {
	case im.Machine == 8 && im.Is64 && little:
		return "mips64le"
	case im.Machine == 8 && im.Is64:
		return "mips64"
	case im.Machine == 8 && little:
		return "mipsle"
	case im.Machine == 8:
		return "mips"
	case im.Machine == 62 && !im.Is64 && little: // x32, the 32-bit convention of amd64
		return "amd64p32"
	}
	return fmt.Sprintf("machine%d", im.Machine)
}

// describe says what a file is that the dynamic linker does not take.
func describe(plug *Plugin) string {
	data := plug.data
	what, platform := foreign(data)
	switch {
	case platform != "":
		return platform + ": " + what
	case what == "empty":
		return "an empty file"
	case what != "":
		return what
	case bytes.HasPrefix(data, []byte("\x7fELF")) && plug.image == nil:
		return fmt.Sprintf("a damaged ELF file of %d bytes", len(data))
	case plug.image == nil:
		return fmt.Sprintf("%d bytes that do not begin like an ELF file", len(data))
	case plug.image.Type == 1:
		return "an object file (.o) that was not linked"
	case plug.image.Type == 4:
		return "a core dump"
	}
	return "a damaged ELF file"
}
