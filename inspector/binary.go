// Package inspector says what is in a Go binary and, from the files alone,
// what plugin.Open will do with a list of plugins in a host.
//
// Facts are one value, [Binary]; judgement is one value, [Verdict], made by
// [Check]. Nothing here loads, runs or writes anything, and nothing here needs
// more than the standard library, so that hosts can carry it.
package inspector

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// A Hash is a package's link-time hash, the eight bytes that the runtime
// compares in plugin.Open: the start of the SHA-256 of the package's export
// data (cmd/link/internal/ld/symtab.go, base.Ctxt.Fingerprint in cmd/compile).
type Hash [8]byte

// String gives the hash as sixteen hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText gives the hash as sixteen hexadecimal digits.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText wrote; anything else is an error.
func (h *Hash) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(h) {
		return fmt.Errorf("package hash %q: want 16 hexadecimal digits", text)
	}
	copy(h[:], b)
	return nil
}

// A Kind says what a file is to plugtool.
type Kind string

const (
	KindHost       Kind = "host"       // an executable that can load plugins
	KindPlugin     Kind = "plugin"     // built with -buildmode=plugin
	KindExecutable Kind = "executable" // an executable that cannot load plugins
	KindLibrary    Kind = "library"    // a shared library that is no Go plugin
)

// Loading says what becomes of plugin.Open in an executable.
type Loading string

const (
	// LoadingWorks: the linker exported the program's Go symbols, so that a
	// plugin binds to them.
	LoadingWorks Loading = "works"
	// LoadingStub: built with CGO_ENABLED=0, where every Open returns the error
	// "plugin: not implemented" (plugin/plugin_stubs.go).
	LoadingStub Loading = "stub"
	// LoadingNone: package plugin is not linked in; nothing ever opens a plugin.
	LoadingNone Loading = "none"
	// LoadingStatic: package plugin is there, but the program was linked
	// internally or statically and exports nothing: a plugin registers with its
	// own runtime, and the process ends with "no plugin module data".
	LoadingStatic Loading = "static"
)

// Binary is what is in a file, without judgement.
type Binary struct {
	File     string `json:"file"`
	Kind     Kind   `json:"kind"`
	Platform string `json:"platform"` // GOOS/GOARCH, as in linux/amd64
	SHA256   string `json:"sha256,omitempty"`
	Size     int64  `json:"size,omitempty"` // bytes

	// From the build information that the go command embeds.
	GoVersion string    `json:"goVersion,omitempty"`
	Path      string    `json:"path,omitempty"` // import path of the main package
	Main      Module    `json:"main,omitzero"`
	Deps      []Module  `json:"deps,omitempty"`
	Settings  []Setting `json:"settings,omitempty"`
	Isolated  *Isolated `json:"isolated,omitempty"` // of a plugin that plugtool build --isolate built

	PluginPath string    `json:"pluginPath,omitempty"`
	Packages   []Package `json:"packages,omitempty"` // plugin: in link order; host: by name
	Symbols    []Symbol  `json:"symbols,omitempty"`  // what plugin.Lookup finds, by name

	// PackageNames are those of the packages in the symbols' types, by path, as far
	// as the file says them.
	PackageNames map[string]string `json:"-"`

	Loading        Loading  `json:"loading,omitempty"`        // of an executable: what plugin.Open does in it
	Interpreter    string   `json:"interpreter,omitempty"`    // PT_INTERP
	Needed         []string `json:"needed,omitempty"`         // DT_NEEDED
	Glibc          string   `json:"glibc,omitempty"`          // newest GLIBC_ version needed, as in 2.34
	ModuledataSize uint64   `json:"moduledataSize,omitempty"` // bytes of runtime.moduledata
	PIE            bool     `json:"pie,omitempty"`

	deps map[string]int // of indexDeps: a module's path → its index in Deps
}

// A Module is a module as build information records it.
type Module struct {
	Path    string  `json:"path"`
	Version string  `json:"version,omitempty"`
	Sum     string  `json:"sum,omitempty"` // h1: checksum; empty for a main module or a folder
	Replace *Module `json:"replace,omitempty"`
}

// PrivateCopy says whether a module of a plugin's holds private copies of packages, which
// plugtool build --isolate gave it: what replaces it is what they are copies of.
func (b *Binary) PrivateCopy(m Module) bool {
	return b.PrivatePrefix() != "" && m.Replace != nil && strings.HasPrefix(m.Path, b.PrivatePrefix())
}

// PrivatePrefix is what import paths of private copies in a plugin begin with. It is
// "" where the file does not say of which module the plugin is.
func (b *Binary) PrivatePrefix() string {
	if b.Main.Path == "" {
		return ""
	}
	return b.Main.Path + "/internal/isolated/"
}

// A Setting is one build setting, such as -trimpath=true or GOAMD64=v1.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// A Package is a package that was linked in, with its link-time hash.
type Package struct {
	Path string `json:"path"`
	Hash Hash   `json:"hash"`
}

// A Symbol is an exported function or variable of a plugin's main package.
// Type is its Go type as plugin.Lookup's result has it: a variable of type T
// is a *T.
type Symbol struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Setting gives the value of a build setting, "" where it is not recorded.
func (b *Binary) Setting(key string) string {
	for _, s := range b.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// Trimmed says whether the file was built with -trimpath.
func (b *Binary) Trimmed() bool { return b.Setting("-trimpath") == "true" }

// Dep finds a dependency, or the main module, by its path; nil if there is none.
func (b *Binary) Dep(path string) *Module {
	if b.Main.Path == path && path != "" {
		return &b.Main
	}
	if b.deps != nil {
		if i, ok := b.deps[path]; ok {
			return &b.Deps[i]
		}
		return nil
	}
	for i := range b.Deps {
		if b.Deps[i].Path == path {
			return &b.Deps[i]
		}
	}
	return nil
}

// indexDeps makes Dep and ModuleOf fast: they are asked for every package of a plugin,
// and large programs have hundreds of modules.
func (b *Binary) indexDeps() {
	b.deps = make(map[string]int, len(b.Deps))
	for i, m := range b.Deps {
		if _, dup := b.deps[m.Path]; !dup {
			b.deps[m.Path] = i
		}
	}
}

// ModuleOf finds the module, the main one or a dependency, that holds the
// package with this import path: the one with the longest matching path.
// It is nil for the standard library and for a package of no module.
func (b *Binary) ModuleOf(pkg string) *Module {
	for path := pkg; path != ""; path = path[:max(strings.LastIndexByte(path, '/'), 0)] {
		if m := b.Dep(path); m != nil {
			return m
		}
	}
	return nil
}
