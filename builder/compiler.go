package builder

import (
	"fmt"
	"strings"
)

// crossTargets are the names that Debian and its kin give their cross
// compilers, by GOARCH.
var crossTargets = map[string]string{
	"386": "i686-linux-gnu", "amd64": "x86_64-linux-gnu", "arm": "arm-linux-gnueabihf",
	"arm64": "aarch64-linux-gnu", "loong64": "loongarch64-linux-gnu",
	"ppc64le": "powerpc64le-linux-gnu", "riscv64": "riscv64-linux-gnu", "s390x": "s390x-linux-gnu",
}

// crossCompiler gives the C compiler for another machine than this one, where
// the user chose none, and "" where the go command's own choice does.
func crossCompiler(goarch string, env GoEnv) string {
	if env.HostOS == "linux" && env.HostArch == goarch {
		return ""
	}
	if cc := strings.TrimSpace(env.CC); cc != "" && cc != "gcc" && cc != "clang" && cc != "cc" {
		return "" // the user's own, which knows its target
	}
	return crossTargets[goarch] + "-gcc"
}

// compilerPackages says how to get a C compiler.
func compilerPackages(goarch string, cross bool) []string {
	if !cross {
		return []string{
			"Debian and Ubuntu: apt-get install gcc libc6-dev",
			"Alpine: apk add gcc musl-dev",
			"Fedora: dnf install gcc glibc-devel",
		}
	}
	target := crossTargets[goarch]
	fedora := strings.SplitN(target, "-", 2)[0] + "-linux-gnu"
	debian := strings.ReplaceAll(target, "_", "-")
	return []string{
		fmt.Sprintf("Debian and Ubuntu: apt-get install gcc-%s libc6-dev-%s-cross", debian, debianArch(goarch)),
		fmt.Sprintf("Fedora: dnf install gcc-%s (it has no C library for the target: give a sysroot by CGO_CFLAGS and CGO_LDFLAGS)", fedora),
		"Alpine: no cross compiler for glibc; set CC to one of your own, as in CC='zig cc -target aarch64-linux-gnu'",
	}
}

// debianArch gives Debian's name for a GOARCH.
func debianArch(goarch string) string {
	switch goarch {
	case "386":
		return "i386"
	case "arm":
		return "armhf"
	case "ppc64le":
		return "ppc64el"
	}
	return goarch
}
