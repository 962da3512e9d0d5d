package builder

import (
	"cmp"
	"fmt"
	"go/version"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/plugtool/plugtool/inspector"
)

// Host is what a plan needs to know of a host. It is data out of a file that
// may be hostile: NewPlan checks what it uses.
type Host struct {
	Binary *inspector.Binary

	// Sources says per import path in which folder the compiler recorded the
	// package's files ("" where it left none): example.com/m@v1.2.0/pkg or
	// example.com/m/pkg in a trimmed host, else an absolute folder.
	Sources map[string]string

	// Covered names the packages that carry coverage counters.
	Covered []string
}

// pluginPlatforms are the platforms for which Go has -buildmode=plugin and
// plugtool a way of reading what it built.
var pluginPlatforms = []string{
	"linux/386", "linux/amd64", "linux/arm", "linux/arm64", "linux/loong64",
	"linux/ppc64le", "linux/riscv64", "linux/s390x",
}

// WhatHostsAre says how there is a host where there is none.
const WhatHostsAre = "a host is a program that Go 1.21 or newer built for Linux, with cgo, and that imports plugin: plugtool new --kind host DIR makes one"

// check refuses a host that no plugin fits, and one whose build information
// holds what the go command could not have written.
func (h Host) check() error {
	b := h.Binary
	if b.Kind != inspector.KindHost {
		return &NoFitError{Host: b.File, Reason: whyNoHost(b)}
	}
	if c := b.Setting("-compiler"); c != "" && c != "gc" {
		return &NoFitError{Host: b.File, Reason: "it was built with " + strconv.Quote(c) + ", and only Go's own toolchain (gc) has plugins",
			Fix: []string{"the host has to change: build it with go build -compiler=gc"}}
	}
	if release, plain := goRelease(b.GoVersion); plain && version.Compare(release, oldest) < 0 {
		return &NoFitError{Host: b.File, Reason: fmt.Sprintf("it was built with %s, and plugtool builds for Go 1.21 and newer", release),
			Fix: []string{"the host has to change: build it with Go 1.21 or newer"}}
	}
	if !slices.Contains(pluginPlatforms, b.Platform) {
		return &NoFitError{Host: b.File, Reason: fmt.Sprintf("platform %q has no Go plugins that plugtool can build", b.Platform)}
	}
	if b.Setting("-asan") == "true" {
		return &NoFitError{Host: b.File, Reason: "it was built with -asan: a plugin without it is refused, and one with it is stopped by AddressSanitizer (odr-violation)",
			Fix: []string{"the host has to change: build it without -asan"}}
	}
	if err := checkModule(b.Main, true); err != nil {
		return hostileError(b, err)
	}
	for _, m := range b.Deps {
		if err := checkModule(m, false); err != nil {
			return hostileError(b, err)
		}
	}
	if b.Path != "" && b.Path != "command-line-arguments" {
		if err := module.CheckImportPath(b.Path); err != nil {
			return hostileError(b, err)
		}
	}
	return nil
}

func hostileError(b *inspector.Binary, err error) error {
	return fmt.Errorf("host %s has build information that the go command does not write: %w", b.File, err)
}

// hopeless refuses a host in which no plugin loads, whatever it is, with the verdict
// that every plugin would get, and what the host's owner can do.
func hopeless(h *inspector.Host, opts Options) error {
	b := h.Binary()
	v, ok := h.Hopeless(cmp.Or(opts.Output, "plugin.so"))
	if !ok {
		return nil
	}
	return &NoFitError{Host: b.File, Reason: whyNoHost(b), Fix: []string{"the host has to change, no plugin can"},
		Verdict: &inspector.Verdict{Host: inspector.HostRef{File: b.File, GoVersion: b.GoVersion, Platform: b.Platform}, Plugins: []inspector.PluginVerdict{v}}}
}

// whyNoHost says why a file that is not of kind host cannot load plugins.
func whyNoHost(b *inspector.Binary) string {
	switch {
	case b.Kind == inspector.KindPlugin:
		return "it is a plugin itself"
	case b.Kind == inspector.KindLibrary:
		return "it is a library, no program"
	case b.Loading == inspector.LoadingNone && b.Setting("CGO_ENABLED") == "0":
		return "it never loads plugins: package plugin is not in it, and it was built with CGO_ENABLED=0"
	case b.Loading == inspector.LoadingNone:
		return "it never loads plugins: it does not import package plugin"
	case b.Loading == inspector.LoadingStatic:
		return "it exports no Go symbols for plugins to bind to: it was linked statically or with -linkmode=internal"
	case b.Setting("CGO_ENABLED") == "0":
		return "it was built with CGO_ENABLED=0, so its every plugin.Open returns plugin: not implemented; build it with CGO_ENABLED=1"
	default:
		return "it cannot load plugins: it does not import the plugin package, or it was linked statically or with -linkmode=internal"
	}
}

var (
	sumPattern = lazily(`^h1:[A-Za-z0-9+/]{43}=$`)
	// A main module's version may carry what VCS stamping adds.
	mainVersion = lazily(`^v[0-9A-Za-z.+-]+$`)
)

// checkModule refuses a module that could not stand in a go.mod file.
func checkModule(m inspector.Module, main bool) error {
	if m.Path == "" && main {
		return nil // built outside any module
	}
	if err := module.CheckImportPath(m.Path); err != nil {
		return err
	}
	if m.Sum != "" && !sumPattern().MatchString(m.Sum) {
		return fmt.Errorf("module %s has the sum %q", m.Path, m.Sum)
	}
	switch {
	case m.Version == "" || m.Version == "(devel)":
	case main && m.Sum == "" && mainVersion().MatchString(m.Version):
	default:
		if err := checkVersion(m.Path, m.Version); err != nil {
			return err
		}
	}
	r := m.Replace
	if r == nil {
		return nil
	}
	if r.Replace != nil {
		return fmt.Errorf("module %s has a replaced replacement", m.Path)
	}
	if !isVersion(r.Version) { // a folder; never used, only told
		return checkFolder(r.Path)
	}
	return checkModule(*r, false)
}

// checkVersion refuses a version that is not canonical, or does not belong to
// the module's path.
func checkVersion(path, version string) error {
	if module.CanonicalVersion(version) != version {
		return fmt.Errorf("module %s has the version %q, which is no canonical version", path, version)
	}
	_, major, ok := module.SplitPathVersion(path)
	if !ok {
		return fmt.Errorf("module path %q is malformed", path)
	}
	return module.CheckPathMajor(version, major)
}

// isVersion tells a version from what stands where there is none.
func isVersion(v string) bool { return semver.IsValid(v) }

// checkFolder refuses a folder's path that cannot be put on a command line of
// the go command, or means another folder than it seems to.
func checkFolder(dir string) error {
	bad := func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }
	if i := strings.IndexFunc(dir, bad); i >= 0 || dir == "" {
		return fmt.Errorf("folder %q holds characters that no build writes", dir)
	}
	return nil
}

// checkRecorded refuses a recorded folder that cannot be the target of a
// rewrite: FROM=>TO;FROM=>TO has no quoting of its own.
func checkRecorded(dir string) error {
	if err := checkFolder(dir); err != nil {
		return err
	}
	if path.Clean(dir) != dir || dir == "." || dir == ".." || strings.HasPrefix(dir, "../") || strings.HasPrefix(dir, "-") {
		return fmt.Errorf("recorded folder %q is no plain path", dir)
	}
	if strings.ContainsAny(dir, ";") || strings.Contains(dir, "=>") || strings.ContainsRune(dir, '"') && strings.ContainsRune(dir, '\'') {
		return fmt.Errorf("recorded folder %q cannot be given to the compiler's -trimpath", dir)
	}
	return nil
}
