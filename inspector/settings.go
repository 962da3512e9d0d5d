package inspector

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// release gives a Go version without the experiments that it names:
// go1.26.8 of go1.26.8-X:nogreenteagc.
func release(version string) string {
	r, _ := splitVersion(version)
	return r
}

// splitVersion splits what runtime.Version gives into release and experiments
// that differ from the release's own (cmd/link/internal/ld/main.go: " X:" up to Go
// 1.25, "-X:" since).
func splitVersion(version string) (release, experiments string) {
	i := strings.Index(version, "X:")
	if i <= 0 || version[i-1] != ' ' && version[i-1] != '-' {
		return version, ""
	}
	return version[:i-1], version[i+2:]
}

// globals lists the differing settings that surely change packages of the standard
// library. That they do is proved by the packages that every plugin has.
func (x *explainer) globals() []*cause {
	var list []*cause
	a, b := x.host.binary, x.plugin.binary
	// A file without build information may have been built with the flag all the same.
	if a.Trimmed() != b.Trimmed() && x.mismatchedStd() {
		list = append(list, x.trimpathCause())
	}
	if flags := x.settingCause("-gcflags"); flags != nil && x.mismatchedStd() && inlining(flagsFor(a, "runtime", true)) != inlining(flagsFor(b, "runtime", true)) {
		flags.every = true
		list = append(list, flags)
	}
	if x.differs("runtime") {
		for _, key := range []string{"-race", "-msan", "-asan"} {
			if c := x.settingCause(key); c != nil {
				list = append(list, c)
			}
		}
	}
	if x.differs("crypto/fips140") || x.differs("crypto/subtle") {
		if c := x.settingCause("GOFIPS140"); c != nil {
			c.detail = "which cryptographic module Go uses changes the packages below crypto"
			list = append(list, c)
		}
	}
	if c := x.processorCause(); c != nil {
		list = append(list, c)
	}
	if x.differs("internal/goexperiment") && !sameSet(experimentsOf(a), experimentsOf(b)) {
		list = append(list, x.experimentCause())
	}
	if c := x.releaseCause(); c != nil && x.mismatchedStd() {
		if minorOf(a.GoVersion) != minorOf(b.GoVersion) || len(x.movedStd()) > 0 {
			list = append([]*cause{c}, list...)
		}
	}
	if (a.Setting("-pgo") == "") != (b.Setting("-pgo") == "") && x.differs("runtime") {
		list = append(list, x.settingCause("-pgo"))
	}
	for _, c := range list {
		x.name(c)
	}
	return list
}

// processorCause gives the processors that the two were compiled for where they decide
// what the standard library inlines: packages with operations for which newer ones have
// an instruction are then others. On amd64 and arm no such package is.
func (x *explainer) processorCause() *cause {
	_, arch, _ := strings.Cut(x.host.binary.Platform, "/")
	pkgs := map[string][]string{
		"386":     {"math"},
		"ppc64le": {"math/bits", "internal/runtime/sys"},
		"riscv64": {"math/bits", "internal/runtime/sys"},
	}[arch]
	if !slices.ContainsFunc(pkgs, x.differs) {
		return nil
	}
	key, _ := architectureLevels(arch)
	c := x.settingCause(key)
	if c != nil {
		c.detail = "what a processor has an instruction for is inlined, in the standard library too"
	}
	return c
}

func (x *explainer) differs(pkg string) bool {
	_, ok := x.mismatched[pkg]
	return ok
}

func experimentsOf(b *Binary) string {
	_, e := splitVersion(b.GoVersion)
	return e
}

// name notes that a cause speaks of its setting.
func (x *explainer) name(c *cause) {
	for _, key := range settingKeys {
		if strings.Contains(c.title, key) {
			x.named[key] = true
		}
	}
}

// settingKeys are the settings that may change the hash of some packages only.
var settingKeys = []string{"-tags", "-pgo"}

func (x *explainer) mismatchedStd() bool {
	for pkg := range x.mismatched {
		if x.isStandard(pkg) && !x.covered[pkg] {
			return true
		}
	}
	return false
}

// movedStd lists functions of the standard library that stand on another line of the
// same file.
func (x *explainer) movedStd() []moved {
	for _, pkg := range keys(x.mismatched) {
		if !x.isStandard(pkg) {
			continue
		}
		if list := sameFile(x.evidence().moves(pkg)); len(list) > 0 {
			return list
		}
	}
	return nil
}

func (x *explainer) releaseCause() *cause {
	a, b := release(x.host.binary.GoVersion), release(x.plugin.binary.GoVersion)
	if a == b {
		return nil
	}
	return &cause{kind: otherRelease, host: a, plugin: b,
		title:  fmt.Sprintf("%s was built with %s, %s with %s", x.host.name, a, x.plugin.name, b),
		detail: "a plugin needs the Go release of its host wherever the standard library or the compiler changed between the two"}
}

func (x *explainer) trimpathCause() *cause {
	a, b := x.host.binary.Trimmed(), x.plugin.binary.Trimmed()
	return &cause{kind: otherTrimpath, every: true, host: fmt.Sprintf("-trimpath=%t", a), plugin: fmt.Sprintf("-trimpath=%t", b),
		title:  fmt.Sprintf("%s was built %s -trimpath, %s %s", x.host.name, withOrWithout(a), x.plugin.name, withOrWithout(b)),
		detail: "the flag changes the recorded path of every source file, and so the hash of every package"}
}

func withOrWithout(b bool) string {
	if b {
		return "with"
	}
	return "without"
}

func (x *explainer) experimentCause() *cause {
	a, b := experimentsOf(x.host.binary), experimentsOf(x.plugin.binary)
	c := x.differing("GOEXPERIMENT", a, b)
	c.detail = "an experiment changes constants of package internal/goexperiment, and with them the runtime"
	return c
}

// settingCause gives the cause that a differing setting is, nil where it does not
// differ in what counts.
func (x *explainer) settingCause(key string) *cause {
	a, b := x.host.binary.Setting(key), x.plugin.binary.Setting(key)
	switch {
	case a == b, key == "-tags" && sameSet(a, b):
		return nil
	case key == "-pgo" && path.Base(a) == path.Base(b):
		return nil // most likely the same profile in another folder
	}
	return x.differing(key, a, b)
}

func (x *explainer) differing(key, a, b string) *cause {
	c := &cause{kind: otherSetting, host: key + "=" + a, plugin: key + "=" + b,
		title: fmt.Sprintf("%s was built with %s=%s, %s with %s=%s", x.host.name, key, a, x.plugin.name, key, b)}
	if a == "" {
		c.host, c.title = "no "+key, fmt.Sprintf("%s was built without %s, %s with %s=%s", x.host.name, key, x.plugin.name, key, b)
	}
	if b == "" {
		c.plugin, c.title = "no "+key, fmt.Sprintf("%s was built with %s=%s, %s without", x.host.name, key, a, x.plugin.name)
	}
	switch key {
	case "-race", "-msan":
		c.detail = "instrumented, the runtime and package sync are others, and so is what uses them"
	case "-tags":
		c.detail = "tags decide which files of a package are compiled"
	case "-gcflags":
		c.detail = "these flags change which functions can be inlined, which is part of what a package exports"
		if compilerTrimpath(a) || compilerTrimpath(b) {
			c.detail, c.fix = overriddenTrimpath, trimpathFix
		}
	case "-pgo":
		c.detail = "a profile decides which functions are inlined, in the standard library too"
		if a != "" {
			c.fix = profileFix
		}
	case "-asan":
		if a != "" {
			c.fix = func(p *process, _ *Plugin) []string { return []string{rebuildHost(p.host.Binary())} }
		}
	}
	return c
}

// profileFix names the host's profile where the host does.
func profileFix(p *process, plug *Plugin) []string {
	if profile := p.host.Binary().Setting("-pgo"); path.IsAbs(profile) {
		return []string{p.buildCommand(plug, "--pgo", profile)}
	}
	return []string{p.buildCommand(plug)}
}

// coverCause names the packages that only one side covers.
func (x *explainer) coverCause() *cause {
	list := keys(x.covered)
	text := strings.Join(list, ",")
	if len(list) > 3 {
		text = fmt.Sprintf("%s and %d more", strings.Join(list[:3], ","), len(list)-3)
	}
	c := &cause{kind: otherSetting, detail: "coverage counters are code, and change the hash of every package that has them; which ones have is seen in the symbols goCover_*"}
	with, without := "-cover of "+text, "no -cover of "+text
	if c.host, c.plugin = with, without; !slices.Contains(x.host.covered(), list[0]) {
		c.host, c.plugin = without, with
		c.title = fmt.Sprintf("%s was built with %s, %s without", x.plugin.name, with, x.host.name)
		return c
	}
	c.title = fmt.Sprintf("%s was built with %s, %s without", x.host.name, with, x.plugin.name)
	return c
}

// patternFlags finds compiler flags that only one side gave a package, and that are
// known to change hashes.
func (x *explainer) patternFlags(pkg string, std bool) *cause {
	a, b := flagsFor(x.host.binary, pkg, std), flagsFor(x.plugin.binary, pkg, std)
	if inlining(a) == inlining(b) {
		return nil
	}
	return x.settingCause("-gcflags")
}

// flagsFor gives the compiler flags of a package. The go command records the last
// -gcflags of its command line.
func flagsFor(b *Binary, pkg string, std bool) string {
	setting := strings.TrimSpace(b.Setting("-gcflags"))
	if setting == "" || setting[0] == '-' {
		return "" // for the main package alone
	}
	pattern, flags, _ := strings.Cut(setting, "=")
	switch {
	case pattern == "all", pattern == "std" && std, pattern == pkg:
		return flags
	case strings.HasPrefix(pattern, "./") && strings.HasSuffix(pattern, "..."):
		pattern = b.Main.Path + "/..."
	}
	prefix, ok := strings.CutSuffix(pattern, "...")
	if ok && (strings.HasPrefix(pkg, prefix) || pkg+"/" == prefix) {
		return flags
	}
	return ""
}

// inlining gives of compiler flags what decides about inlining, which is what
// export data shows of them; -N alone changes no hash (observed).
func inlining(flags string) string {
	for _, f := range strings.Fields(flags) {
		if f = strings.Trim(f, `'"`); f == "-l" || strings.HasPrefix(f, "-l=") {
			return f
		}
	}
	return ""
}

// standardTags are the tags that the standard library knows, each with the packages
// that it changes.
var standardTags = map[string][]string{
	"netgo": {"net"}, "netcgo": {"net"}, "osusergo": {"os/user"}, "timetzdata": {"time", "time/tzdata"},
	"nethttpomithttp2": {"net/http"}, "math_big_pure_go": {"math/big"}, "faketime": {"runtime", "syscall"},
	"purego": {"hash/maphash", "crypto"}, "boringcrypto": {"crypto"},
}

// tagsByName finds tags of one side that a package surely knows: by the standard
// library's list, or by a function whose file is another one or is named after the tag.
func (x *explainer) tagsByName(pkg string, std bool) *cause {
	c := x.settingCause("-tags")
	if c == nil {
		return nil
	}
	differing := oneSided(x.host.binary.Setting("-tags"), x.plugin.binary.Setting("-tags"))
	for _, tag := range differing {
		if std {
			if slices.ContainsFunc(standardTags[tag], func(p string) bool { return pkg == p || strings.HasPrefix(pkg, p+"/") }) {
				return c
			}
			continue
		}
		if x.evidence().onlyThere(pkg, tag) {
			return c
		}
	}
	if !std && len(otherFile(x.evidence().moves(pkg))) > 0 && len(x.global) == 0 {
		return c
	}
	return nil
}

// rest explains a package that nothing certain explains, by the likeliest setting
// that differs.
func (x *explainer) rest(pkg string, std bool) *cause {
	for _, key := range []string{"-cover", "-tags", "-gcflags", "-pgo", "-race", "-msan", "-asan"} {
		if std && key == "-tags" {
			continue // the standard library's are known by name
		}
		if key == "-gcflags" && flagsFor(x.host.binary, pkg, std) == flagsFor(x.plugin.binary, pkg, std) {
			continue
		}
		if c := x.settingCause(key); c != nil {
			return c
		}
	}
	if c := x.releaseCause(); c != nil {
		return c
	}
	if flags := flagsFor(x.host.binary, pkg, std); compilerTrimpath(flags) {
		setting := "-gcflags=" + x.host.binary.Setting("-gcflags")
		return &cause{kind: otherFolder, host: setting, plugin: setting, detail: overriddenTrimpath, fix: trimpathFix,
			title: fmt.Sprintf("%s and %s were built with %s, and have different source folders of %s", x.host.name, x.plugin.name, setting, pkg)}
	}
	return x.unknownCause(pkg, std)
}

// overriddenTrimpath is what becomes of a package whose compiler was given -trimpath
// by -gcflags (observed; go.dev/issue/51955).
const overriddenTrimpath = "the compiler's own -trimpath, given by -gcflags, takes the place of the one by which the go command hides its work folder: packages with C code, such as runtime/cgo, then have that folder in them, which is another in every build"

// compilerTrimpath says whether compiler flags have a -trimpath among them.
func compilerTrimpath(flags string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(flags, func(r rune) bool { return strings.ContainsRune("= '\"", r) }), func(word string) bool {
		return word == "-trimpath" || word == "--trimpath"
	})
}

func trimpathFix(p *process, plug *Plugin) []string {
	return []string{p.buildCommand(plug), "better: build the host with go build -trimpath, in place of the -trimpath in -gcflags"}
}

// mention says of settings that differ, and may matter, that nothing proves it:
// every package that they could change is explained without them.
func (x *explainer) mention(first *cause) {
	for _, c := range x.causes {
		x.name(c)
	}
	for _, key := range settingKeys {
		c := x.settingCause(key)
		if x.named[key] || c == nil {
			continue
		}
		first.detail = joinDetail(first.detail, fmt.Sprintf("%s has %s, %s %s, which may or may not matter", x.host.name, c.host, x.plugin.name, c.plugin))
	}
}

// oneSided lists what only one of two comma-separated lists has.
func oneSided(a, b string) []string {
	x, y := strings.Split(a, ","), strings.Split(b, ",")
	var list []string
	for _, s := range slices.Concat(x, y) {
		if s != "" && slices.Contains(x, s) != slices.Contains(y, s) {
			list = append(list, s)
		}
	}
	return list
}

func sameSet(a, b string) bool { return len(oneSided(a, b)) == 0 }
