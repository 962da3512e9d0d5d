package builder

import (
	"golang.org/x/mod/module"
)

// Source is what a plan needs to know of the plugin and of this machine. [Load]
// gathers it; the fields under "found later" stay empty until the go command
// had to be asked.
type Source struct {
	Dir      string // the plugin's module: the folder of its go.mod
	Package  string // the package as the go command is given it in Dir
	Path     string // its import path, where that is known without asking
	ModFile  File
	SumFile  File
	Vendored bool  // Dir has a vendor folder that the go command would use
	Work     *Work // the workspace that Dir belongs to; nil for none

	OtherWork bool // a workspace is in effect that Dir does not belong to

	// Folders holds the go.mod files of the folders that modules of the host's may
	// come from, by folder.
	Folders map[string]File

	// Given says, by module of the host's, which folder the user gave for it. It
	// wins over what the plugin says.
	Given map[string]string

	// Borrowed says, by module of the host's, in which folder its source was found
	// where the plugin says nothing of it: what the host's go.mod or workspace names, or
	// what lies where the host was built.
	Borrowed map[string]string

	// Checkout is the clone that the host's own module lies in; nil for none at hand,
	// or where the host records no revision.
	Checkout *Checkout

	// Overlay has files of the host's revision in place of those in the clone, by
	// their absolute names; "" stands for a file that the revision does not have.
	Overlay map[string]string

	// Isolated says which packages have private copies; nil where none was asked for.
	// ModFile, SumFile and Overlay are then those of the isolated module.
	Isolated *Isolated

	OtherProfiles []string // others that may be it

	Profile string // PGO profile of the host; "" for none at hand

	Go       GoEnv
	SDKs     []SDK
	Compiler Compiler // for C code; empty for the go command's own choice

	// Sums are of module versions that the host has and the module cache holds.
	Sums map[module.Version]Sums `json:"-"`

	// Found later.
	Incomplete bool              // go.mod or go.sum lack something that the build needs
	Missing    []string          // modules of the host's that the plugin imports and its go.mod does not require
	Displaced  []string          // modules of the plugin's that packages of the host's other modules came from
	Lowered    map[string]string // modules that the host does not have, at versions that go together with the host's
	Graph      []Package         // what the plugin is built from, as go list says it
	Resolved   *Resolved         // go.mod and go.sum as the go command completed them
	Raised     []module.Version  // versions above the host's that the build list reached
	Learned    Learned           // what refused builds showed of the host
	Rounds     int               // how often the go command was asked until all versions were the host's
}

// A File is a file with the content that it had when it was read. Content is nil
// where there was none.
type File struct {
	Name    string // absolute
	Content []byte
}

// Resolved are a go.mod file and its go.sum.
type Resolved struct {
	ModFile, SumFile []byte
}

// Work is a workspace.
type Work struct {
	File    File
	Sum     []byte
	Members []Member
}

// Member is a module of a workspace.
type Member struct {
	Dir     string // absolute
	ModFile File
}

// Sums are the checksums of a module version in go.sum's form.
type Sums struct {
	Zip   string // of its content
	GoMod string // of its go.mod file
}

// GoEnv is what the go command at hand says of itself, outside any module.
type GoEnv struct {
	Command    string // its path
	Version    string
	Root       string
	ModCache   string
	Toolchain  string // GOTOOLCHAIN
	HostOS     string // the machine's own platform
	HostArch   string
	Flags      string // GOFLAGS
	CC, CXX    string
	CPPFlags   string // CGO_CPPFLAGS
	CFlags     string // CGO_CFLAGS
	LDFlags    string // CGO_LDFLAGS
	Cgo        string // CGO_ENABLED as the user set it, "" if not
	Experiment string // GOEXPERIMENT
	FIPS       string // GOFIPS140
	Work       string // GOWORK: "", off, or a file
	ModuleMode string // GO111MODULE
	Proxy      string // GOPROXY
	SumDB      string // GOSUMDB
	Cache      string // GOCACHE
}

// Package is a package that the plugin is built from.
type Package struct {
	ImportPath string
	Dir        string
	Standard   bool
	Name       string
	GoFiles    []string
	CgoFiles   []string
	Imports    []string `json:",omitempty"` // only until it is known who imports what the host lacks
	Module     *ListedModule
}

// ListedModule is a module as go list gives it.
type ListedModule struct {
	Path    string
	Version string
	Main    bool
	Dir     string
	Replace *ListedModule
}
