package builder

import (
	"fmt"
	"go/version"
	"path/filepath"
	"strings"
)

// Toolchain is the Go that builds the plugin.
type Toolchain struct {
	Version string `json:"version"` // the host's, as in go1.26.8
	Command string `json:"command"` // the go command to run
	Select  string `json:"select"`  // its GOTOOLCHAIN setting: local, or a release that it may download
	Why     string `json:"why"`
}

// SDK is a Go found on this machine.
type SDK struct {
	Root    string // its GOROOT
	Version string // the first line of its VERSION file, as in go1.26.8
}

func (s SDK) command() string { return filepath.Join(s.Root, "bin", "go") }

// oldest is the oldest release that plugtool builds for: the first whose go
// command can run another release.
const oldest = "go1.21"

// chooseToolchain finds the Go of the host's very release: the go command at
// hand, an SDK on this machine, or a download where the user's settings or
// opts.Toolchain allow it.
func chooseToolchain(goVersion string, env GoEnv, sdks []SDK, option string) (Toolchain, error) {
	release, plain := goRelease(goVersion)
	if plain && version.Compare(release, oldest) < 0 {
		return Toolchain{}, &ToolchainError{Want: goVersion, Have: env.Version,
			Reason: "plugtool builds for Go 1.21 and newer"}
	}
	if strings.ContainsRune(option, filepath.Separator) {
		return givenToolchain(release, plain, sdks, option)
	}
	if option != "" && option != "auto" {
		return Toolchain{}, &UsageError{Reason: fmt.Sprintf("toolchain %q: want auto or the path of a GOROOT", option)}
	}
	have, _ := goRelease(env.Version)
	if have == release {
		return Toolchain{Version: release, Command: env.Command, Select: "local", Why: "the go command at hand is the host's release"}, nil
	}
	for _, sdk := range sdks {
		if sdk.Version == release {
			return Toolchain{Version: release, Command: sdk.command(), Select: "local", Why: "found on this machine in " + sdk.Root}, nil
		}
	}
	if !plain {
		return Toolchain{}, &ToolchainError{Want: goVersion, Have: env.Version,
			Reason: "that is no release of the Go project, so it cannot be downloaded",
			Hint:   "give the host's own Go: --toolchain GOROOT"}
	}
	if option != "auto" && !mayDownload(env.Toolchain) {
		return Toolchain{}, &ToolchainError{Want: release, Have: env.Version,
			Reason: fmt.Sprintf("%s is not on this machine, and GOTOOLCHAIN=%s forbids downloading it", release, env.Toolchain),
			Hint:   "allow the download for this run: --toolchain auto (or give a GOROOT: --toolchain DIR)"}
	}
	return Toolchain{Version: release, Command: env.Command, Select: release, Why: "downloaded by the go command"}, nil
}

// givenToolchain takes the GOROOT that the user named, which must be of the
// host's minor release at least; a distribution's own Go is taken on trust.
func givenToolchain(release string, plain bool, sdks []SDK, root string) (Toolchain, error) {
	for _, sdk := range sdks {
		if sdk.Root != filepath.Clean(root) {
			continue
		}
		if plain && version.IsValid(sdk.Version) && version.Lang(sdk.Version) != version.Lang(release) {
			return Toolchain{}, &ToolchainError{Want: release, Have: sdk.Version,
				Reason: "plugins of another Go minor release never load"}
		}
		why := "given"
		if sdk.Version != release {
			why = fmt.Sprintf("given, though it is %s and the host's is %s", sdk.Version, release)
		}
		return Toolchain{Version: sdk.Version, Command: sdk.command(), Select: "local", Why: why}, nil
	}
	return Toolchain{}, &UsageError{Reason: fmt.Sprintf("toolchain %s is no GOROOT: it has no bin/go or no VERSION file", root)}
}

// releasePattern is narrower than go/version, which takes anything behind a dash: the
// go command would look for a program of that name.
var releasePattern = lazily(`^go1\.[0-9]{1,3}(\.[0-9]{1,3}|rc[0-9]{1,2}|beta[0-9]{1,2})?$`)

// goRelease strips the experiments off a Go version. Plain says that it is a
// release of the Go project, not a development version or a distribution's own.
func goRelease(v string) (release string, plain bool) {
	release, _ = splitExperiments(v)
	return release, releasePattern().MatchString(release)
}

// splitExperiments splits go1.25.3 X:jsonv2, and go1.26.8-X:jsonv2 as newer
// releases write it.
func splitExperiments(v string) (release, experiments string) {
	i := strings.Index(v, "X:")
	if i < 1 || v[i-1] != ' ' && v[i-1] != '-' {
		return v, ""
	}
	experiments, _, _ = strings.Cut(v[i+len("X:"):], " ")
	return v[:i-1], experiments
}

// mayDownload says whether a GOTOOLCHAIN setting lets the go command fetch
// another release unasked.
func mayDownload(setting string) bool {
	return setting == "auto" || strings.HasSuffix(setting, "+auto")
}
