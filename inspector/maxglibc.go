package inspector

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// abiVersions are the versions of glibc's symbols that have no number, by the release
// that brought them.
var abiVersions = map[string]string{
	"GLIBC_ABI_DT_RELR":        "2.36",
	"GLIBC_ABI_GNU2_TLS":       "2.42",
	"GLIBC_ABI_GNU_TLS":        "2.42",
	"GLIBC_ABI_DT_X86_64_PLT":  "2.42",
	"GLIBC_ABI_DT_X86_64_PLT1": "2.42",
}

// glibcVersion gives the release of glibc that a symbol version stands for, as in 2.34
// for GLIBC_2.34.
func glibcVersion(version string) (string, bool) {
	if v, ok := abiVersions[version]; ok {
		return v, true
	}
	v, ok := strings.CutPrefix(version, "GLIBC_")
	if !ok || v == "" || v[0] < '0' || v[0] > '9' {
		return "", false
	}
	return v, true
}

// ValidGlibc says whether a release of glibc is written as in 2.28.
func ValidGlibc(version string) bool {
	numbers := strings.Split(version, ".")
	if len(numbers) < 2 || len(numbers) > 3 {
		return false
	}
	return !slices.ContainsFunc(numbers, func(n string) bool {
		return n == "" || len(n) > 4 || strings.Trim(n, "0123456789") != ""
	})
}

// tooNew tells of a plugin that needs a newer glibc than the oldest one it is to load
// on.
func (o Options) tooNew(plug *Plugin) []Finding {
	most := o.MaxGlibc
	if most == "" || plug.image == nil || plug.mod == nil {
		return nil
	}
	needs, err := plug.image.VersionNeeds()
	if err != nil {
		return nil
	}
	newest, why := "", []string{}
	note := func(v, what string) {
		if compareDotted(v, most) <= 0 {
			return
		}
		if newest == "" || compareDotted(v, newest) > 0 {
			newest = v
		}
		why = append(why, what)
	}
	d := &dso{path: plug.File, image: plug.image, plug: plug}
	slices.SortStableFunc(needs, func(a, b goelf.VersionNeed) int {
		x, _ := glibcVersion(a.Version)
		y, _ := glibcVersion(b.Version)
		return compareDotted(y, x)
	})
	for _, n := range needs {
		v, ok := glibcVersion(n.Version)
		if !ok || n.Weak || compareDotted(v, most) <= 0 {
			continue
		}
		names := symbolsOf(d, n.Version)
		for i, name := range names {
			if pkgs := cgoCallers(d, []string{name}); len(pkgs) > 0 {
				names[i] += " (called from " + strings.Join(pkgs, ", ") + ")"
			}
		}
		what := n.Version
		if len(names) > 0 {
			what = strings.Join(names, ", ") + " in " + n.Version
		}
		note(v, what)
	}
	if plug.image.PacksRelocs() && !slices.ContainsFunc(needs, func(n goelf.VersionNeed) bool { return n.Version == "GLIBC_ABI_DT_RELR" }) {
		note("2.36", "packed relocations (DT_RELR), which older releases leave undone")
	}
	if newest == "" {
		return nil
	}
	f := glibcTooNew.finding(fmt.Sprintf("%s needs glibc %s, and is to load on %s", plug.File, newest, most))
	f.Detail = "it needs " + strings.Join(why, "; ")
	f.Host, f.Plugin = "glibc "+most+" (--max-glibc)", "glibc "+newest
	f.Fix = []string{"build it on a machine with glibc " + most + " or older, as in a container of that age, or with a C compiler for it: CC='zig cc -target " + zigTarget(plug.image.GOARCH()) + "." + most + "'"}
	return []Finding{f}
}

// CheckAlone judges what can be told of a plugin without a host: whether it needs a
// newer glibc than [Options.MaxGlibc].
func (o Options) CheckAlone(plug *Plugin) (list []Finding, err error) {
	err = guard(func() error { list = o.tooNew(plug); return nil })
	return list, err
}

// zigTarget is how zig names a machine with glibc.
func zigTarget(goarch string) string {
	names := map[string]string{"amd64": "x86_64", "arm64": "aarch64", "386": "x86", "ppc64le": "powerpc64le"}
	if goarch == "arm" {
		return "arm-linux-gnueabihf"
	}
	if n, ok := names[goarch]; ok {
		goarch = n
	}
	return goarch + "-linux-gnu"
}

// cannotStart tells of a host that does not start on the machine that is asked about.
// C libraries are then not judged.
func (p *process) cannotStart() []Finding {
	b := p.host.Binary()
	if b.Loading == LoadingNone || b.Loading == LoadingStub {
		return nil // nothing of the plugin is looked at
	}
	m := p.host.machine(p.options.Sysroot)
	if most := p.options.MaxGlibc; most != "" && compareDotted(b.Glibc, most) > 0 && b.Glibc != "" {
		f := hostCannotStart.finding(fmt.Sprintf("%s does not start on glibc %s: it needs %s", b.File, most, b.Glibc))
		f.Severity = Warning
		f.Host = "needs glibc " + b.Glibc
		f.Detail = "it was linked on a machine with a newer glibc than the one that --max-glibc names, so plugins that are to load on that one do not help"
		f.Fix = []string{"build the host on a machine with glibc " + most + " or older"}
		return []Finding{f}
	}
	if m.why == "" || !m.refused {
		return nil
	}
	f := hostCannotStart.finding(fmt.Sprintf("%s does not start on %s: %s", b.File, m.called(), m.why))
	f.Severity = Note
	if p.options.Sysroot != "" {
		f.Severity = Warning
	}
	f.Detail = "what C libraries a plugin needs is not judged; the outcome is that of a machine that has them all"
	f.Host = m.why
	f.Fix = []string{"verify on the machine where the host runs, or name the folder that holds its file system with --sysroot"}
	return []Finding{f}
}

// executableStack warns of a plugin that makes the host's stack executable, and that
// newer releases of glibc refuse.
func (p *process) executableStack(plug *Plugin) []Finding {
	if plug.image == nil || plug.mod == nil || p.host.musl() || p.host.stackExec || !plug.image.ExecutableStack() {
		return nil
	}
	f := executableStack.finding(fmt.Sprintf("%s wants an executable stack", plug.File))
	f.Severity = Warning
	f.Detail = "loading it makes the stacks of the whole process executable; glibc refuses such files since 2.41"
	f.Host, f.Plugin = "a stack that is not executable", "PT_GNU_STACK is executable or missing"
	f.Fix = []string{stackFix, p.buildCommand(plug)}
	return []Finding{f}
}

// foreignLibc warns of a plugin that loads although it was built for another C library.
func (p *process) foreignLibc(plug *Plugin) []Finding {
	if plug.mod == nil || plug.image == nil || !p.host.musl() {
		return nil
	}
	if d := (&dso{image: plug.image}); !d.needsGlibc() {
		return nil
	}
	f := otherLibc.finding(fmt.Sprintf("%s was built against glibc, and the host runs on musl", plug.File))
	f.Severity = Warning
	f.Detail = "musl has every function that it calls, so it loads; the C code was compiled with glibc's types, and where these differ from musl's, memory is misread"
	f.Host, f.Plugin = "musl", "glibc"
	f.Fix = []string{"CC=musl-gcc " + p.buildCommand(plug)}
	return []Finding{f}
}
