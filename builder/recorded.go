package builder

import (
	"go/version"
	"path"
	"strings"
)

// A host that was built in GOPATH mode (GO111MODULE=off), or by something else than the
// go command, records no modules, and so no versions: the folders of its packages are
// all that there is to go by.

// moduleless says whether the host's build information names no modules.
func (f *hostFacts) moduleless() bool { return len(f.modules) == 0 }

// inferSourceRoot finds the folder in which the packages of an untrimmed host without
// modules lay by their import paths, as in GOPATH/src.
func (f *hostFacts) inferSourceRoot() {
	votes := map[string]int{}
	for pkg := range f.Sources {
		dir := f.folder(pkg)
		if pkg == "main" {
			pkg = f.Binary.Path
		}
		if !dotted(pkg) {
			continue
		}
		if root, ok := strings.CutSuffix(dir, "/"+pkg); ok && path.IsAbs(dir) {
			votes[root]++
		}
	}
	most := 0
	for root, n := range votes {
		if n > most || n == most && root < f.sourceRoot {
			f.sourceRoot, most = root, n
		}
	}
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
	return !dotted(pkg) && (f.sourceRoot == "" || f.folder(pkg) != path.Join(f.sourceRoot, pkg))
}

// withoutModules gives the folder that a host without modules recorded for a package
// that is not of the standard library, "" where nothing shows it.
func (f *hostFacts) withoutModules(pkg string) string {
	switch dir := f.folder(pkg); {
	case f.Binary.Trimmed():
		return pkg // cmd/go's (*Action).trimpath: the import path where there is no module
	case dir != "":
		return dir
	case f.sourceRoot != "":
		return path.Join(f.sourceRoot, pkg)
	}
	return ""
}

// languageFlags gives the compiler flags that have packages compiled in the language
// of the host's. Without modules that is the newest which its Go knows, whatever go
// lines say (cmd/go/internal/work gcToolchain.gc).
func (f *hostFacts) languageFlags() []string {
	release, plain := goRelease(f.Binary.GoVersion)
	if !f.moduleless() || !plain {
		return nil
	}
	return []string{"-lang=" + version.Lang(release)}
}
