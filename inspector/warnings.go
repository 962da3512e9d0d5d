package inspector

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// warnings judges a plugin that loads: what then goes wrong without a word from Go,
// as warnings, and, as notes, what may go wrong for all that the files tell.
func (p *process) warnings(plug *Plugin) []Finding {
	list := append(p.sameHashes(plug), p.doneTwice(plug)...)
	for _, judge := range []func(*Plugin) (Finding, bool){
		p.goPatch, p.instructionSet, p.linkerStrings, p.godebug, p.ownCopies, p.privateCopies,
	} {
		if f, ok := judge(plug); ok {
			list = append(list, f)
		}
	}
	return list
}

// sameHashes warns of packages that agree in their hash although they come from
// other releases of their module: the plugin runs its own code on the host's
// variables. It takes note of modules of which the files do not tell whether they are
// the same source.
func (p *process) sameHashes(plug *Plugin) []Finding {
	var list []Finding
	seen := make(map[string]int) // module's path → index in list, -1 where there is nothing to say
	for _, pkg := range plug.mod.Packages {
		own, host := plug.Binary.ModuleOf(pkg.Path), p.host.Binary().ModuleOf(pkg.Path)
		if own == nil || host == nil || own.Path != host.Path {
			continue
		}
		at, known := seen[own.Path]
		if known && at < 0 {
			continue
		}
		if _, ok, err := p.host.Package(pkg.Path); err != nil || !ok {
			continue
		}
		if known {
			list[at].Packages = append(list[at].Packages, pkg.Path)
			continue
		}
		f, ok := p.otherSource(plug, host, own)
		if !ok {
			seen[own.Path] = -1
			continue
		}
		f.Package, f.Packages = pkg.Path, []string{pkg.Path}
		seen[own.Path] = len(list)
		list = append(list, f)
	}
	return list
}

// otherSource compares two modules of one path whose packages agree in their hashes:
// other checksums are other source, while a folder may hold anything.
func (p *process) otherSource(plug *Plugin, host, own *Module) (Finding, bool) {
	a, b := effective(host), effective(own)
	from, of := (&side{binary: p.host.Binary()}).originOf(host), (&side{binary: plug.Binary}).originOf(own)
	f := sameHashOtherModule.finding(fmt.Sprintf("host has %s %s, plugin has %s", own.Path, versionOf(host), versionOf(own)))
	f.Host, f.Plugin = versionOf(host), versionOf(own)
	f.Fix = []string{p.buildCommand(plug)}
	const shares = "the plugin runs its own code of these packages on variables that it shares with the host"
	switch {
	case a.Sum != "" && b.Sum != "":
		f.Severity = Warning
		f.Detail = "the package hashes agree, so it loads; " + shares
		if f.Host == f.Plugin {
			f.Title = fmt.Sprintf("host and plugin have %s %s with different checksums", own.Path, f.Host)
			f.Host, f.Plugin = f.Host+" "+a.Sum, f.Plugin+" "+b.Sum
		}
		return f, a.Sum != b.Sum
	case from == released && of == released:
		// A vendored module has its version, and no sum.
		f.Severity = Warning
		f.Detail = "the package hashes agree, so it loads; " + shares
		return f, host.Version != own.Version
	case a.Sum != "" || b.Sum != "":
		f.Severity = Note
		f.Host, f.Plugin = versionOf(host)+releaseOrFolder(a), versionOf(own)+releaseOrFolder(b)
		f.Title = fmt.Sprintf("host has %s %s, plugin has %s", own.Path, f.Host, f.Plugin)
		f.Detail = "the package hashes agree, so it loads; whether the code is the same no file tells, and " + shares
		if f.Fix = getFix(host, own)(p, plug); from.folder() {
			f.Fix = sourceFix(host, hostSide(p.host))(p, plug)
		}
		return f, true
	}
	x, y := revision(p.host.Binary()), revision(plug.Binary)
	if own != &plug.Binary.Main || host != &p.host.bin.Main || x == "" || y == "" || x == y {
		return Finding{}, false
	}
	f.Severity = Note
	f.Title = fmt.Sprintf("host was built from revision %s of %s, plugin from %s", x, own.Path, y)
	f.Detail = "the package hashes agree, so it loads; where the code changed between the two, " + shares
	f.Host, f.Plugin = x, y
	return f, true
}

func releaseOrFolder(m *Module) string {
	if m.Sum == "" {
		return " from a folder"
	}
	return " as released"
}

// revision is the commit that the main module was built from, as the go command
// stamps it.
func revision(b *Binary) string {
	r := b.Setting("vcs.revision")
	if r != "" && b.Setting("vcs.modified") == "true" {
		r += " with uncommitted changes"
	}
	return r
}

// goPatch warns of a plugin that brings another patch release's standard library.
// Plugins bring their own code of all packages, the runtime included, and share the
// variables: what one release mended, the other's code does not have.
func (p *process) goPatch(plug *Plugin) (Finding, bool) {
	// Experiments, as in go1.26.8 X:nodwarf5, are no release; those that count for
	// plugins change hashes.
	a, _, _ := strings.Cut(p.host.Binary().GoVersion, " X:")
	b, _, _ := strings.Cut(plug.Binary.GoVersion, " X:")
	if a == b || a == "" || b == "" {
		return Finding{}, false
	}
	f := otherPatch.finding(fmt.Sprintf("host was built with %s, plugin with %s", a, b))
	f.Severity = Warning
	f.Detail = fmt.Sprintf("the package hashes agree, so it loads; the plugin runs the standard library of %s on variables that it shares with the host, without what %s changed in it", b, a)
	f.Host, f.Plugin = a, b
	f.Fix = []string{p.buildCommand(plug)}
	return f, true
}

// instructionSet warns of a plugin compiled for processors newer than the host asks
// for. A host checks at its start what it needs itself (runtime·rt0_go); of a plugin
// nothing is checked, and its first newer instruction raises SIGILL.
func (p *process) instructionSet(plug *Plugin) (Finding, bool) {
	_, arch, _ := strings.Cut(p.host.Binary().Platform, "/")
	key, levels := architectureLevels(arch)
	if key == "" {
		return Finding{}, false
	}
	a, b := p.host.Binary().Setting(key), plug.Binary.Setting(key)
	if !needsNewer(levels, a, b) {
		return Finding{}, false
	}
	f := newerProcessor.finding(fmt.Sprintf("host was built with %s=%s, plugin with %s=%s", key, a, key, b))
	f.Severity = Warning
	f.Detail = fmt.Sprintf("on a processor that has %s and not %s the host starts, and the plugin's code ends the process: SIGILL: illegal instruction", a, b)
	f.Host, f.Plugin = key+"="+a, key+"="+b
	f.Fix = []string{p.buildCommand(plug)}
	return f, true
}

// architectureLevels gives the setting that names the processors of an architecture,
// and its values from the oldest on (internal/buildcfg/cfg.go). Of GOARM64 the levels
// are in the value.
func architectureLevels(arch string) (key string, levels []string) {
	switch arch {
	case "amd64":
		return "GOAMD64", []string{"v1", "v2", "v3", "v4"}
	case "386":
		return "GO386", []string{"softfloat", "sse2"}
	case "arm":
		return "GOARM", []string{"5", "6", "7"}
	case "arm64":
		return "GOARM64", nil
	case "ppc64le":
		return "GOPPC64", []string{"power8", "power9", "power10"}
	case "riscv64":
		return "GORISCV64", []string{"rva20u64", "rva22u64", "rva23u64"}
	}
	return "", nil
}

// needsNewer says whether code compiled for b needs more than code compiled for a. A
// value that is not known, or not recorded, is no evidence.
func needsNewer(levels []string, a, b string) bool {
	if levels == nil {
		return needsNewerArm64(a, b)
	}
	a, _, _ = strings.Cut(a, ",") // GOARM=7,hardfloat
	b, _, _ = strings.Cut(b, ",")
	x, y := slices.Index(levels, a), slices.Index(levels, b)
	return x >= 0 && y > x
}

// needsNewerArm64 compares values such as v8.0,lse or v9.1: v9.0 stands for v8.5, and
// from v8.1 on the instructions lse are part of it.
func needsNewerArm64(a, b string) bool {
	x, xf, ok1 := arm64Level(a)
	y, yf, ok2 := arm64Level(b)
	if !ok1 || !ok2 {
		return false
	}
	return y > x || slices.ContainsFunc(yf, func(f string) bool {
		return !slices.Contains(xf, f) && (f != "lse" || x == 0)
	})
}

func arm64Level(s string) (level int, features []string, ok bool) {
	parts := strings.Split(s, ",")
	var major, minor int
	if n, err := fmt.Sscanf(parts[0], "v%d.%d", &major, &minor); n != 2 || err != nil || major < 8 || major > 9 {
		return 0, nil, false
	}
	return (major-8)*5 + minor, parts[1:], true
}

// linkerStrings warns of variables that -ldflags=-X sets in the plugin and that are
// shared: the definition that is first in the dynamic linker's scope counts, with its
// value.
func (p *process) linkerStrings(plug *Plugin) (Finding, bool) {
	var f Finding
	for _, s := range plug.linkerStrings() {
		text, ok := p.otherString(s)
		if !ok {
			continue
		}
		if f.ID == "" {
			f = linkerValue.finding(fmt.Sprintf("-X gives %s the value %s in the plugin, the process has %s", s.Symbol, quoteShort(s.Value), text))
			f.Severity = Warning
			f.Detail = "the variable is shared, and the value of whoever has it first counts: the plugin's flag has no effect"
			f.Fix = []string{"set a variable of the plugin's main package instead (-X=main.NAME=VALUE), or drop the flag"}
		} else {
			f.Host, f.Plugin = f.Host+", ", f.Plugin+", "
		}
		f.Host += s.Symbol + "=" + text
		f.Plugin += s.Symbol + "=" + quoteShort(s.Value)
		if !slices.Contains(f.Packages, s.Package) {
			f.Packages = append(f.Packages, s.Package)
		}
		f.Package = cmp.Or(f.Package, s.Package)
	}
	return f, f.ID != ""
}

// otherString finds the definition of a plugin's variable that it really binds to,
// and words its value, where that is another one.
func (p *process) otherString(s goelf.LinkerString) (string, bool) {
	if v, ok := p.host.stringVar(s.Symbol); ok {
		return v.words(), !v.is(s.Value)
	}
	for _, m := range p.mapped[:len(p.mapped)-1] { // the last one is the plugin itself
		if value, ok, err := m.image.StringVar(s.Symbol); err == nil && ok {
			return quoteShort(value) + " of " + m.File, value != s.Value
		}
	}
	return "", false
}

// quoteShort quotes a value for a message.
func quoteShort(s string) string {
	const most = 60
	if len(s) > most {
		return fmt.Sprintf("%.60q…", s)
	}
	return fmt.Sprintf("%q", s)
}

// effective is the module whose files were compiled.
func effective(m *Module) *Module {
	if m.Replace != nil {
		return m.Replace
	}
	return m
}

// versionOf says which module it is in a message's few words.
func versionOf(m *Module) string {
	v := m.Version
	if v == "" {
		v = "(devel)"
	}
	if m.Replace != nil {
		v += " => " + m.Replace.Path
		if m.Replace.Version != "" && m.Replace.Version != "(devel)" {
			v += " " + m.Replace.Version
		}
	}
	return v
}
