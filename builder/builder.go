// Package builder says how to build a plugin so that it loads into a host, and
// does it.
//
// How is a [Plan], computed by [NewPlan], a pure function of the host's facts
// and the source's. [Run] carries it out in temporary folders, has the result
// judged by inspector.Check, and puts it in place only if it loads.
package builder

import (
	"io"

	"github.com/plugtool/plugtool/inspector"
)

// Options are what the caller decides.
type Options struct {
	Dir     string   // the folder that relative paths mean; absolute
	Package string   // the plugin's package, as go build takes it; "" is "."
	Output  string   // the file to write, or with a trailing slash its folder; "" is what go build would write
	Env     []string // the environment, as os.Environ gives it

	// MakeFolders has the folders of the outputs made that are not there. Those to
	// which nothing is written after all are removed again.
	MakeFolders bool

	// Toolchain is "" for the host's release as far as the user's settings let the
	// go command have it, auto to allow its download, or a GOROOT.
	Toolchain string

	// Sysroot is the folder that holds the file system of the machine on which the
	// host runs: the C compiler takes headers and libraries from it, and the verdict
	// looks there for what the plugin needs. "" is this machine, or what a cross
	// compiler brings along.
	Sysroot  string
	MaxGlibc string // the plugin is to load on this release of glibc, as in 2.28; "" for no limit

	HostSrc  string                  // a folder with the source of a module of the host's; "" for none
	Newer    bool                    // ask the module proxy which newer versions there are of what host and plugin share
	PGO      string                  // the host's profile; "" for what is found
	Flags    []string                // further flags of go build
	Contract []inspector.Requirement // what the host asserts of the plugin's symbols, besides what its descriptor says
	Write    bool                    // align the plugin's own go.mod and go.sum too, when the plugin was built

	// Isolate says which packages get private copies in the plugin, as
	// isolate.ParseRules reads it; "" for none.
	Isolate string

	// Toolexec is the command that runs ToolexecMain with the arguments that are
	// appended to it.
	Toolexec []string

	// Cache is a folder of the user's own, made where there is none, for what builds
	// find out by asking the go command; "" for none. Losing it costs time and no more.
	Cache string

	// Seals are signed about a plugin that loads, and put beside it.
	Seals []Seal

	// Beside is asked what becomes of the files beside a plugin that others are about to be
	// put in the place of, when its folder is locked. Nil: the sidecars get the names that
	// they ask for, and whatever else is there stays.
	Beside func(output string, data []byte, sidecars []Sidecar) (Beside, error)

	// CheckReproducible has the plugin built a second time, in another folder and without
	// a cache: one that differs is a [*NotReproducibleError], and is not put in place.
	CheckReproducible bool

	Documents []Document // further files to make and to put in place with the plugin

	program *smallJudge // a program is built in place of a plugin, and judged so; nil for a plugin

	Progress io.Writer // what is being done, and what go build prints; nil for nothing
}
