package builder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// probePatience is how long a C compiler may take to say what it makes code for.
const probePatience = 30 * time.Second

// A ccProber asks C compilers what they make code for.
type ccProber struct {
	env []string
	dir string // where they run
}

// cFacts is what a C compiler says of itself.
type cFacts struct {
	machine string // as cTarget.machine has it; "" for one that no plugins are for
	system  bool   // it compiles for Linux
	libc    string // glibc, musl, another one's name; "" where its headers are not there
	version string // of glibc, as in 2.36
	missing string // what it says of its headers, where they are not there
}

// ask has the compiler print its macros, with those of the headers that runtime/cgo
// includes, as cgo itself has it do (cmd/cgo/gcc.go, gccDefines).
func (p ccProber) ask(ctx context.Context, cc, flags []string) (cFacts, error) {
	args := append(append(cc[1:len(cc):len(cc)], flags...), "-E", "-dM", "-x", "c", "-")
	out, words, err := p.run(ctx, cc[0], args, "#include <stdlib.h>\n#include <pthread.h>\n")
	missing := ""
	if err != nil {
		missing = firstLine(words)
		if out, words, err = p.run(ctx, cc[0], args, ""); err != nil {
			return cFacts{}, errors.New(firstLine(words + "\n" + err.Error()))
		}
	}
	f := readMacros(out)
	if f.missing = missing; missing != "" {
		f.libc = ""
	}
	return f, nil
}

// links has the compiler link a shared library, and says what it answers where it
// cannot: "" where it can.
func (p ccProber) links(ctx context.Context, cc, flags []string) (string, error) {
	work, err := newWorkDir(tempBase(p.env))
	if err != nil {
		return "", err
	}
	args := append(append(cc[1:len(cc):len(cc)], flags...), "-shared", "-fPIC", "-pthread", "-o", filepath.Join(work.path, "probe.so"), "-x", "c", "-")
	_, words, err := p.run(ctx, cc[0], args, "#include <stdlib.h>\nvoid *probe(void) { return malloc(1); }\n")
	if removed := work.remove(); removed != nil {
		return "", removed
	}
	if err != nil {
		return firstLine(words + "\n" + err.Error()), nil
	}
	return "", nil
}

func (p ccProber) run(ctx context.Context, name string, args []string, input string) (stdout, stderr string, err error) {
	file, err := lookPath(p.env, p.dir, name)
	if err != nil {
		return "", "", err
	}
	ctx, cancel := context.WithTimeout(ctx, probePatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, file, args...)
	cmd.Dir, cmd.Env = p.dir, setEnv(p.env, "PWD="+p.dir, "LC_ALL=C")
	cmd.Stdin = strings.NewReader(input)
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	cmd.WaitDelay = patience
	setApart(cmd)
	runtime.LockOSThread() // as in goCommand.run
	err = cmd.Run()
	runtime.UnlockOSThread()
	if ctx.Err() != nil {
		killGroup(cmd)
		err = fmt.Errorf("no answer within %v: %w", probePatience, ctx.Err())
	}
	return out.String(), words.String(), err
}

func (p ccProber) have(name string) bool {
	_, err := lookPath(p.env, p.dir, name)
	return err == nil
}

// runsHere says whether the running machine has a file, such as a host's interpreter.
func runsHere(interpreter string) bool {
	_, err := os.Stat(interpreter)
	return interpreter == "" || err == nil
}

// firstLine gives what a compiler says first, errors before all else.
func firstLine(text string) string {
	first := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "error:") {
			return line
		}
		if first == "" {
			first = line
		}
	}
	return first
}

// readMacros reads which machine and C library predefined macros stand for.
func readMacros(text string) cFacts {
	macros := map[string]string{}
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "#define "); ok {
			name, value, _ := strings.Cut(strings.TrimSpace(rest), " ")
			macros[name] = value
		}
	}
	has := func(name string) bool { _, ok := macros[name]; return ok }
	f := cFacts{system: has("__linux__") && !has("__ANDROID__"), machine: machineOf(macros), libc: musl}
	switch {
	case has("__UCLIBC__"):
		f.libc = "uClibc"
	case has("_NEWLIB_VERSION"):
		f.libc = "newlib"
	case has("__GLIBC__"):
		f.libc, f.version = glibc, macros["__GLIBC__"]+"."+macros["__GLIBC_MINOR__"]
	}
	return f
}

// machineOf names the machine as cTarget.machine does.
func machineOf(macros map[string]string) string {
	has := func(name string) bool { _, ok := macros[name]; return ok }
	switch {
	case has("__x86_64__") && has("__ILP32__"):
		return "x32"
	case has("__x86_64__"):
		return "amd64"
	case has("__i386__"):
		return "386"
	case has("__aarch64__") && has("__AARCH64EB__"):
		return "big-endian arm64"
	case has("__aarch64__"):
		return "arm64"
	case has("__arm__") && has("__ARM_PCS_VFP"):
		return "arm (hard-float)"
	case has("__arm__"):
		return "arm (soft-float)"
	case has("__s390x__"):
		return "s390x"
	case has("__powerpc64__") && has("__LITTLE_ENDIAN__"):
		return "ppc64le"
	case has("__powerpc64__"):
		return "ppc64"
	case has("__riscv") && macros["__riscv_xlen"] == "64":
		return "riscv64"
	case has("__loongarch64"), has("__loongarch_lp64"):
		return "loong64"
	}
	return ""
}
