package templates

import (
	"errors"
	"fmt"
	"go/version"
	"path"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/plugtool/plugtool"
	"github.com/plugtool/plugtool/inspector"
)

const (
	oldestPlugin = "go1.21" // the first that knows toolchain lines
	oldestHost   = "go1.26" // what package loader needs
)

// newView checks the data and works out what follows from it.
func newView(kind Kind, data Data) (*view, error) {
	if err := checkModule(data.Module); err != nil {
		return nil, err
	}
	v := &view{Data: data, Name: ProgramName(data.Module)}
	oldest := oldestPlugin
	if kind == KindHost {
		oldest = oldestHost
	} else if data.Host != nil {
		v.GoVersion = data.Host.GoVersion
	}
	var err error
	if v.GoLine, v.Toolchain, err = goLines(v.GoVersion, oldest); err != nil {
		return nil, err
	}
	if kind == KindHost {
		return v, v.setHost()
	}
	return v, v.setPlugin(kind)
}

func checkModule(modulePath string) error {
	if err := module.CheckPath(modulePath); err != nil {
		return fmt.Errorf("module path %q: %w; want one like example.com/greet", modulePath, errors.Unwrap(err))
	}
	if modulePath == plugtool.Path || strings.HasPrefix(modulePath, plugtool.Path+"/") {
		return fmt.Errorf("module path %q: it is plugtool's own; want one like example.com/greet", modulePath)
	}
	return nil
}

// ProgramName is what the main program of a module is called: the last element of
// its path, less a major version.
func ProgramName(modulePath string) string {
	prefix, _, ok := module.SplitPathVersion(modulePath)
	if !ok {
		prefix = modulePath
	}
	name := strings.TrimLeft(path.Base(prefix), "-.")
	if name == "" {
		name = "plugin"
	}
	return name
}

// goLines gives the go line and the toolchain line that pin a Go release. The
// go line names the minor release: with the patch release in it, the toolchain
// line would say nothing new and go mod tidy would drop it.
func goLines(goVersion, oldest string) (goLine, toolchain string, err error) {
	release, _, _ := strings.Cut(goVersion, " ") // less "X:experiment"
	release, _, _ = strings.Cut(release, "-")    // less a vendor's suffix
	if !version.IsValid(release) {
		return "", "", fmt.Errorf("go version %q is no release that go.mod could name", goVersion)
	}
	if version.Compare(release, oldest) < 0 {
		return "", "", fmt.Errorf("go version %s: want %s or newer", release, oldest)
	}
	lang := version.Lang(release)
	if first := lang + ".0"; version.Compare(first, release) <= 0 {
		return strings.TrimPrefix(first, "go"), release, nil
	}
	return strings.TrimPrefix(release, "go"), release, nil // a release candidate
}

// setHost completes the view of a host's scaffold.
func (v *view) setHost() error {
	contract := ownContract(v.Module)
	if err := module.CheckPath(contract.Module); err != nil {
		return fmt.Errorf("module path %q: its contract would be module %s: %w", v.Module, contract.Module, errors.Unwrap(err))
	}
	v.Contract = &contractView{Contract: contract, Copied: true}
	v.PlugtoolPath, v.LoaderPath = plugtool.Path, plugtool.Path+"/loader"
	v.PlugtoolCopied = !isRelease(v.PlugtoolVersion)
	if v.PlugtoolCopied {
		v.PlugtoolVersion = "v0.0.0" // any: it is replaced
	}
	v.Summed = !v.PlugtoolCopied && strings.HasPrefix(v.PlugtoolSum, "h1:")
	return nil
}

// isRelease says whether a main module's version is a tag that a module proxy
// can have: no development build, no commit between tags, no changed checkout.
func isRelease(v string) bool {
	return semver.IsValid(v) && semver.Canonical(v) == v && semver.Build(v) == "" && !module.IsPseudoVersion(v)
}

// setPlugin completes the view of a plugin's scaffold.
func (v *view) setPlugin(kind Kind) error {
	v.Output = v.Name + ".so"
	build := "go build -buildmode=plugin"
	if v.Host != nil {
		if len(v.Descriptor) == 0 {
			return errors.New("scaffold for a host: its descriptor is missing")
		}
		if v.Host.Main.Path == v.Module {
			return fmt.Errorf("module path %q: it is the host's own; a plugin needs another", v.Module)
		}
		v.HostFile, v.HostName = HostFile, hostName(v.Host)
		if v.Host.Setting("-race") == "true" {
			build += " -race"
		}
	}
	if v.Host == nil || v.Host.Trimmed() {
		build += " -trimpath"
	}
	v.BuildCommand = fmt.Sprintf("GOTOOLCHAIN=%s %s -o %s .", v.Toolchain, build, v.Output)
	switch kind {
	case KindFunc:
		v.Export = "func Greet(name string) string"
	case KindContext:
		v.Export = "func Run(ctx context.Context, args []string) error"
	case KindInterface:
		return v.setContract()
	}
	return nil
}

func (v *view) setContract() error {
	c := v.Data.Contract
	if c == nil {
		c = ownContract(v.Module)
		source, err := (&view{Contract: &contractView{Contract: c}, GoLine: v.GoLine}).ownContractFiles()
		if err != nil {
			return err
		}
		c.Files = source
	}
	if err := c.check(v.Module); err != nil {
		return err
	}
	v.Contract = &contractView{Contract: c}
	switch {
	case c.Workspace:
		v.Contract.Copied = true
	case c.Dir != "":
		v.Contract.Replace = modfile.AutoQuote(c.Dir)
	case c.Sum == "":
		v.Contract.Copied, v.Contract.Replace = true, "./contract"
	}
	s, err := newStubs(c)
	if err != nil {
		return err
	}
	v.Export = "func New() " + s.Interface
	if !s.ownContract() {
		v.Stubs = s
	}
	return nil
}

// ownContract is the contract that a scaffold brings along.
func ownContract(modulePath string) *Contract {
	return &Contract{Module: modulePath + "/contract", Version: "v0.1.0"}
}

func (v *view) ownContractFiles() (map[string][]byte, error) {
	files := make(map[string][]byte)
	return files, v.renderTree(files, "tree/host/contract")
}

// hostName is what a README calls the host, "" where its path, which is data
// of others, is none that Go would take.
func hostName(host *inspector.Binary) string {
	if module.CheckImportPath(host.Path) != nil {
		return ""
	}
	return ProgramName(host.Path)
}
