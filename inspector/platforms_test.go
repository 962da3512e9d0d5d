//go:build platforms

package inspector_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plugtool/plugtool/inspector"
)

// machine is a platform that hosts and plugins are cross-built for and loaded on.
type machine struct {
	goarch string
	triple string // of Debian's cross compiler, gcc-TRIPLE
	// run is what a host's command line begins with.
	run []string
	// env is set besides GOARCH, as in "GOARM=5".
	env string
	// since is the first minor release with plugins there.
	since int
}

func (m machine) name() string { return strings.Join(strings.Fields(m.goarch+" "+m.env), "-") }

func emulated(goarch, triple, qemu, env string, since int) machine {
	return machine{goarch, triple, []string{qemu, "-L", "/usr/" + triple}, env, since}
}

// machines are those of Linux on which Go has plugins (internal/platform,
// BuildModeSupported), loong64 apart, for which Debian 12 has no compiler.
var machines = []machine{
	emulated("arm64", "aarch64-linux-gnu", "qemu-aarch64", "", 8),
	emulated("s390x", "s390x-linux-gnu", "qemu-s390x", "", 8), // big endian
	emulated("riscv64", "riscv64-linux-gnu", "qemu-riscv64", "", 26),
	emulated("ppc64le", "powerpc64le-linux-gnu", "qemu-ppc64le", "", 8),
	emulated("arm", "arm-linux-gnueabihf", "qemu-arm", "", 8),
	// An amd64 kernel runs these by itself; qemu-i386 7.2 does not get Go through its start.
	{"386", "i686-linux-gnu", []string{"env", "LD_LIBRARY_PATH=/usr/i686-linux-gnu/lib", "/usr/i686-linux-gnu/lib/ld-linux.so.2"}, "", 8},
}

// file is workshop.file for a platform: its recipe runs with the cross compiler.
func (m machine) file(t *testing.T, name string) string {
	t.Helper()
	how, base, ok := strings.Cut(name, ":")
	if arch, elsewhere, yes := strings.Cut(name, "/"); yes { // another machine's
		for _, other := range machines {
			if other.goarch == arch {
				return other.file(t, elsewhere)
			}
		}
		return shop.file(t, elsewhere)
	}
	if ok {
		return shop.variant(t, how, m.file(t, base))
	}
	recipe, ok := recipes[name]
	if !ok {
		t.Fatalf("no recipe for %q", name)
	}
	return m.build(t, name, recipe)
}

// build is workshop.build with the cross compiler.
func (m machine) build(t *testing.T, name, recipe string) string {
	t.Helper()
	recipe = strings.NewReplacer("gcc ", m.triple+"-gcc ", "&& strip ", "&& "+m.triple+"-strip ").Replace(recipe)
	settings := "export CGO_ENABLED=${CGO_ENABLED:-1} GOARCH=" + m.goarch + " CC=" + m.triple + "-gcc " + m.env + "; "
	return shop.build(t, m.name()+"-"+name, settings+recipe)
}

func TestPlatforms(t *testing.T) {
	t.Parallel()
	for _, m := range machines {
		t.Run(m.name(), func(t *testing.T) {
			t.Parallel()
			cases := platformCases
			if m.goarch == "386" { // Debian 12's linkers pack relocations of no other machine
				cases = append(slices.Clone(cases), "host-relr: plain-relr.so plain-untrim.so", "host: plain-relr.so types.so")
			}
			for _, c := range cases {
				if m.since > 25 && strings.Contains(c, "-25") {
					continue
				}
				t.Run(strings.ReplaceAll(c, " ", ","), func(t *testing.T) {
					t.Parallel()
					m.check(t, c)
				})
			}
		})
	}
}

var platformCases = []string{
	"host: plain.so other.so dep1.so dep2.so types.so",
	"host: dep2.so dep1.so dep1-again.so",
	"host: plain-untrim.so plain-untrim.so plain.so",
	"host: plain.so copy:plain.so link:plain.so plain.so",
	"host: plain-tag.so link:plain-tag.so",
	"host: clib.so plain.so", "host: plain.so clib.so clib.so", "host: cshared.so", "host: plain-sym.so", "host: plain.so plain-sym.so",
	"host: cut:plain.so", "host: start:plain.so tail:plain.so", "host: program pie", "host: text.so short.so empty.so gone.so folder.so",
	"host: class:plain.so endian:plain.so machine:plain.so osabi:plain.so plain.so",
	"host: plain-path.so", "host: plain-strip.so plain.so", "host: plain-sysv.so other.so", "host-sysv: plain.so plain-untrim.so", "host-strip: plain.so", "host-pie: plain.so other.so plain-tag.so",
	"host-nocgo: plain.so", "host-static: gone.so plain.so",
	"host: plain-25.so", "host: plain-27.so", "host-25: plain-24.so plain-25.so", "host-27: plain.so",
	"host: amd64/plain.so arm64/plain.so s390x/plain.so riscv64/plain.so ppc64le/plain.so arm/plain.so 386/plain.so",
}

func (m machine) check(t *testing.T, c string) {
	t.Helper()
	host, files := m.files(t, c)
	m.compare(t, host, files)
}

// files gives the paths of a case's host and plugins.
func (m machine) files(t *testing.T, c string) (host string, files []string) {
	t.Helper()
	name, rest, _ := strings.Cut(c, ": ")
	host = m.file(t, name)
	for _, f := range strings.Fields(rest) {
		if f == "gone.so" {
			files = append(files, filepath.Join(shop.bin, f))
			continue
		}
		files = append(files, m.file(t, f))
	}
	return host, files
}

// compare opens the files for real, and compares what happens with the verdicts from
// the host's binary and from its descriptor.
func (m machine) compare(t *testing.T, host string, files []string) {
	t.Helper()
	want := reallyRun(t, slices.Concat(m.run, []string{host}), files)
	compareVerdict(t, host, files, want)
	compareVerdict(t, describe(t, host), files, want)
}

// TestPlatformSymbols: names and types of exported symbols are the same on every
// machine.
func TestPlatformSymbols(t *testing.T) {
	t.Parallel()
	want := symbols(t, shop.file(t, "types.so"))
	for _, m := range machines {
		t.Run(m.name(), func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(want, symbols(t, m.file(t, "types.so"))); diff != "" {
				t.Errorf("symbols on amd64 (-) and here (+):\n%s", diff)
			}
		})
	}
}

func symbols(t *testing.T, file string) []inspector.Symbol {
	t.Helper()
	p := inspector.ReadPlugin(file)
	list, err := p.Symbols()
	if err != nil || len(list) == 0 {
		t.Fatalf("%s: %d symbols: %v", file, len(list), err)
	}
	return list
}

// TestPlatformTools says what is missing before everything else fails for it.
func TestPlatformTools(t *testing.T) {
	for _, m := range machines {
		for _, tool := range []string{m.triple + "-gcc", m.run[0]} {
			if _, err := exec.LookPath(tool); err != nil {
				t.Errorf("%s on %s/%s: %v; .ci/run installs it", m.name(), runtime.GOOS, runtime.GOARCH, err)
			}
		}
	}
}

func TestPlatformHeaderFaults(t *testing.T) {
	t.Parallel()
	for _, m := range machines {
		t.Run(m.name(), func(t *testing.T) {
			t.Parallel()
			checkHeaders(t, m.triple+"-gcc", m.run)
		})
	}
}

// TestProgramsElsewhere reads programs that the go command builds for systems that
// plugtool does not cover.
func TestProgramsElsewhere(t *testing.T) {
	t.Parallel()
	tests := []struct{ goos, goarch, want string }{
		{"darwin", "arm64", "it is a darwin/arm64 program; plugtool covers plugins on Linux, and not on darwin yet"},
		{"freebsd", "amd64", "it is a freebsd/amd64 program; plugtool covers plugins on Linux, and not on freebsd yet"},
		{"netbsd", "amd64", "it is a netbsd/amd64 program, and Go has no plugins on netbsd"},
		{"windows", "arm64", "it is a windows/arm64 program, and Go has no plugins on windows"},
		{"wasip1", "wasm", "it is a WebAssembly module, want an ELF file"},
		{"linux", "mips64le", "it is a linux/mips64le program, and Go has no plugins there"},
	}
	for _, test := range tests {
		t.Run(test.goos+"-"+test.goarch, func(t *testing.T) {
			t.Parallel()
			file := shop.build(t, "host-"+test.goos+"-"+test.goarch, "CGO_ENABLED=0 GOOS="+test.goos+" GOARCH="+test.goarch+" go build -trimpath -o OUT ./host")
			_, err := inspector.OpenHost(file)
			if err == nil || !errors.Is(err, inspector.ErrNotGo) || !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
			host := shop.file(t, "host")
			compareVerdict(t, host, []string{file}, reallyOpen(t, host, []string{file}))
		})
	}
}

// TestPlatformSysroots: the folders of the cross compilers' C libraries stand for the
// machines, so that libraries and symbols that are missing there are told.
func TestPlatformSysroots(t *testing.T) {
	t.Parallel()
	for _, m := range machines {
		if m.run[0] == "env" {
			continue // its libraries are found by LD_LIBRARY_PATH, which a verdict does not take into account
		}
		for _, c := range []string{
			"host: plain.so types.so", "host: needs-gone.so plain.so", "host: needs-bare.so", "host: clib-undef.so plain.so", "host-pie: clib-undef.so other.so",
		} {
			t.Run(m.name()+" "+c, func(t *testing.T) {
				t.Parallel()
				host, files := m.files(t, c)
				want := reallyRun(t, slices.Concat(m.run, []string{host}), files)
				for _, h := range []string{host, describe(t, host)} {
					compareTo(t, want, judge(t, inspector.Options{Sysroot: "/usr/" + m.triple}, h, files))
				}
			})
		}
	}
}

// TestPlatformWithoutSysroot: nothing is said of C libraries that this machine could
// not know.
func TestPlatformWithoutSysroot(t *testing.T) {
	t.Parallel()
	for _, m := range machines {
		t.Run(m.name(), func(t *testing.T) {
			t.Parallel()
			host, files := m.files(t, "host: needs-gone.so plain.so")
			for _, h := range []string{host, describe(t, host)} {
				for _, p := range judge(t, inspector.Options{}, h, files).Plugins {
					for _, f := range p.Findings {
						if p.Outcome != inspector.Loads || strings.HasPrefix(f.ID, "PT7") && f.Severity == inspector.Error {
							t.Errorf("%s %s: %s %s", p.File, p.Outcome, f.ID, f.Title)
						}
					}
				}
			}
		})
	}
}
