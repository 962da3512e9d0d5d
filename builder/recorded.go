package builder

import (
	"go/version"
	"path"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// A host that was built in GOPATH mode (GO111MODULE=off), a test binary of a Go before
// 1.24, or what something else than the go command built, records no modules, and so no
// versions: the folders of its packages are all that there is to go by.

// moduleless says whether the host's build information names no modules. One that was
// built from files by name (go build main.go) has no main module, and yet all others.
func (h Host) moduleless() bool { return h.Binary.Main.Path == "" && len(h.Binary.Deps) == 0 }

// gopath says whether the go command built the host in GOPATH mode: there are settings
// and no modules.
func (f *hostFacts) gopath() bool { return f.moduleless() && f.Binary.Setting("GOOS") != "" }

// addEvidence gives a host without any build information the settings that show
// otherwise: paths that do not begin at the root were trimmed, and the race detector
// is a package.
func (h *Host) addEvidence() {
	if !h.moduleless() || len(h.Binary.Settings) > 0 {
		return
	}
	b := *h.Binary
	if h.Sources["runtime"] == "runtime" {
		b.Settings = append(b.Settings, inspector.Setting{Key: "-trimpath", Value: "true"})
	}
	if h.Sources["internal/race"] != "" && h.Sources["runtime/race"] != "" {
		b.Settings = append(b.Settings, inspector.Setting{Key: "-race", Value: "true"})
	}
	h.Binary = &b
}

// inferPrefixes finds what import paths and recorded folders begin with, where they
// end alike: example.com/app/api in /src/api says that example.com/app is in /src.
func (f *hostFacts) inferPrefixes() {
	votes := map[[2]string]int{}
	for pkg := range f.Sources {
		dir := f.folder(pkg)
		if pkg == "main" {
			pkg = f.Binary.Path
		}
		if dir == "" || !dotted(pkg) {
			continue
		}
		for {
			// Two modules of one domain need not lie beside each other, but in GOPATH.
			if strings.Contains(pkg, "/") || pkg == "" && f.gopath() {
				votes[[2]string{pkg, dir}]++
			}
			if pkg == "" || dir == "" || path.Base(pkg) != path.Base(dir) {
				break
			}
			pkg, dir = parent(pkg), parent(dir)
		}
	}
	f.prefixes = map[string]string{}
	for v, n := range votes {
		other, ok := f.prefixes[v[0]]
		if m := votes[[2]string{v[0], other}]; !ok || n > m || n == m && v[1] < other {
			f.prefixes[v[0]] = v[1]
		}
	}
}

// parent is path.Dir, but for "" where there is none; the root's is itself without
// its slash.
func parent(p string) string {
	i := strings.LastIndexByte(p, '/')
	return p[:max(i, 0)]
}

// dotted says whether an import path begins like a domain's name, as those of the
// standard library do not.
func dotted(pkg string) bool {
	first, _, _ := strings.Cut(pkg, "/")
	return strings.Contains(first, ".")
}

// standard says whether a package of the host's is of the standard library.
func (f *hostFacts) standard(pkg string) bool {
	if !f.moduleless() {
		return f.moduleOf(pkg) == nil
	}
	return !dotted(pkg) && f.moduleOf(pkg) == nil
}

// withoutModules gives the folder that a host without modules recorded for a package
// that is not of the standard library, "" where nothing shows it.
func (f *hostFacts) withoutModules(pkg string) string {
	if dir := f.folder(pkg); dir != "" {
		return dir
	}
	for p := pkg; ; p = parent(p) {
		if dir, ok := f.prefixes[p]; ok {
			rest := strings.TrimPrefix(pkg, p)
			if f.Binary.Trimmed() {
				return path.Join(dir, rest)
			}
			return path.Join("/", dir, rest)
		}
		if p == "" {
			break
		}
	}
	if f.Binary.Trimmed() && f.gopath() {
		return pkg // cmd/go's (*Action).trimpath: the import path where there is no module
	}
	return ""
}

// languageFlags gives the compiler flags that have packages compiled in the language
// of the host's. In GOPATH mode that is the newest which its Go knows, whatever go
// lines say (cmd/go/internal/work gcToolchain.gc).
func (f *hostFacts) languageFlags() []string {
	release, plain := goRelease(f.Binary.GoVersion)
	if !f.gopath() || !plain {
		return nil
	}
	return []string{"-lang=" + version.Lang(release)}
}
