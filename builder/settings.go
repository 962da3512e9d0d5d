package builder

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// settings are the host's build settings that a plugin must share: an
// allow-list. A host's build information is data; whatever else it says, most
// of all what would run a program, is not copied.
type settings struct {
	goos, goarch string
	levelKey     string // GOAMD64 and the like, "" where the architecture has none
	level        string
	experiment   string // GOEXPERIMENT
	fips         string // GOFIPS140: the cryptographic module; "" for the release's own
	tags         []string
	trimpath     bool
	race, msan   bool
	covered      []string // packages for -coverpkg
	gcflags      []pkgFlags
	pgo          string   // the profile as the host records it: a path, or its last element
	cflags       []string // of CGO_CFLAGS and CGO_CPPFLAGS
	linkWords    int      // of CGO_LDFLAGS; 0 if unknown
	dropped      []string
}

// architectures' level settings, which decide which instructions may be used.
var levelKeys = map[string]string{
	"386": "GO386", "amd64": "GOAMD64", "arm": "GOARM", "arm64": "GOARM64",
	"ppc64le": "GOPPC64", "riscv64": "GORISCV64",
}

var (
	levelPattern      = lazily(`^[a-z0-9.]+(,[a-z0-9]+)*$`)
	fipsPattern       = lazily(`^(latest|v[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-f]{8})?)$`)
	experimentPattern = lazily(`^[a-z0-9]+(,[a-z0-9]+)*$`)
	tagPattern        = lazily(`^[\pL\p{Nd}_.]+$`)
)

// hostSettings copies from the host what its plugins must share.
func hostSettings(f *hostFacts) (settings, error) {
	b := f.Binary
	var s settings
	s.goos, s.goarch, _ = strings.Cut(b.Platform, "/")
	if s.levelKey = levelKeys[s.goarch]; s.levelKey != "" {
		s.level = b.Setting(s.levelKey)
		if s.level != "" && !levelPattern().MatchString(s.level) {
			return s, hostileError(b, fmt.Errorf("%s=%q", s.levelKey, s.level))
		}
	}
	s.experiment = hostExperiment(b)
	if s.experiment != "" && !experimentPattern().MatchString(s.experiment) {
		return s, hostileError(b, fmt.Errorf("GOEXPERIMENT=%q", s.experiment))
	}
	// Which module it is changes the hashes of the crypto packages.
	s.fips = b.Setting("GOFIPS140")
	if s.fips != "" && !fipsPattern().MatchString(s.fips) {
		return s, hostileError(b, fmt.Errorf("GOFIPS140=%q", s.fips))
	}
	if tags := b.Setting("-tags"); tags != "" {
		s.tags = strings.Split(tags, ",")
	}
	if s.fips != "" { // which sets this one by itself
		s.tags = slices.DeleteFunc(s.tags, func(tag string) bool { return strings.HasPrefix(tag, "fips140v") })
	}
	for _, tag := range s.tags {
		if !tagPattern().MatchString(tag) {
			return s, hostileError(b, fmt.Errorf("-tags=%q", b.Setting("-tags")))
		}
	}
	s.trimpath = b.Trimmed()
	s.race = b.Setting("-race") == "true"
	s.msan = b.Setting("-msan") == "true"
	// The host's main package is never shared, and main is no import path.
	s.covered = slices.DeleteFunc(slices.Sorted(slices.Values(f.Covered)), func(pkg string) bool { return pkg == "main" })
	if len(f.Covered) == 0 && b.Setting("-cover") == "true" && b.Main.Path != "" {
		s.covered = []string{b.Main.Path + "/..."} // what -cover covers by itself
	}
	for _, pkg := range s.covered {
		if !patternPattern().MatchString(pkg) {
			return s, hostileError(b, fmt.Errorf("covered package %q", pkg))
		}
	}
	s.pgo = b.Setting("-pgo")
	var err error
	s.gcflags, s.dropped, err = hostGcflags(b.Setting("-gcflags"))
	if err != nil {
		return s, hostileError(b, err)
	}
	var files []string
	s.cflags, files = hostCflags(b)
	s.dropped = append(s.dropped, files...)
	s.linkWords = hostLinkWords(b)
	return s, nil
}

// hostExperiment gives the experiments in which the host's toolchain differed
// from its release's own. The version says them even where a toolchain was
// built with them and no setting was recorded: go1.26.8 X:nodwarf5.
func hostExperiment(b *inspector.Binary) string {
	_, experiments := splitExperiments(b.GoVersion)
	return experiments
}

// env gives the environment settings that say for which machine, and with which
// experiments, the go command builds. Own are the user's experiments, which an
// empty setting would not keep out: they may stand in a file of the go command's; so
// may ownFIPS, their GOFIPS140.
func (s settings) env(own, ownFIPS string) []string {
	env := []string{"GOOS=" + s.goos, "GOARCH=" + s.goarch, "CGO_ENABLED=1"}
	if s.level != "" {
		env = append(env, s.levelKey+"="+s.level)
	}
	if s.fips != "" || ownFIPS != "" && ownFIPS != "off" {
		env = append(env, "GOFIPS140="+cmp.Or(s.fips, "off"))
	}
	var experiments []string
	if s.experiment != "" {
		experiments = strings.Split(s.experiment, ",")
	}
	for _, x := range strings.Split(own, ",") {
		if x == "" || slices.Contains(experiments, x) {
			continue
		}
		if off, ok := strings.CutPrefix(x, "no"); ok {
			experiments = append(experiments, off)
		} else {
			experiments = append(experiments, "no"+x)
		}
	}
	if len(experiments) > 0 {
		env = append(env, "GOEXPERIMENT="+strings.Join(experiments, ","))
	}
	return env
}

// flags gives the build flags that the plugin must share with the host, but for
// -gcflags and -pgo, which depend on more than the host. Tags are the author's.
func (s settings) flags(tags []string, coverMode string) []string {
	var flags []string
	if s.trimpath {
		flags = append(flags, "-trimpath")
	}
	all := slices.Clone(s.tags)
	for _, tag := range tags {
		if !slices.Contains(all, tag) {
			all = append(all, tag)
		}
	}
	if len(all) > 0 {
		flags = append(flags, "-tags="+strings.Join(all, ","))
	}
	if s.race {
		flags = append(flags, "-race")
	}
	if s.msan {
		flags = append(flags, "-msan")
	}
	if len(s.covered) > 0 {
		flags = append(flags, "-cover", "-coverpkg="+strings.Join(s.covered, ","))
		if coverMode != "" {
			flags = append(flags, "-covermode="+coverMode)
		}
	}
	return flags
}
