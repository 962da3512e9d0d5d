// Package templates holds plugtool's scaffolds and renders them.
//
// [Render] is pure: from a kind and its data it makes the files of a project
// that builds, passes its own tests, is formatted by gofmt, and loads.
// [Write] puts them into a folder, all or none.
package templates

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"text/template"

	"golang.org/x/mod/modfile"

	"github.com/plugtool/plugtool"
	"github.com/plugtool/plugtool/inspector"
)

// A Kind is a kind of scaffold.
type Kind string

const (
	KindInterface Kind = "interface" // a plugin that implements the contract's interface
	KindFunc      Kind = "func"      // a plugin that exports a function
	KindContext   Kind = "context"   // a plugin that exports a function with a context and arguments
	KindHost      Kind = "host"      // a host with its contract module and plugins folder
)

// Kinds lists what [Render] can make, plugins first.
func Kinds() []Kind { return []Kind{KindInterface, KindFunc, KindContext, KindHost} }

// ParseKind reads a kind's name.
func ParseKind(name string) (Kind, error) {
	var names []string
	for _, k := range Kinds() {
		if string(k) == name {
			return k, nil
		}
		names = append(names, string(k))
	}
	return "", fmt.Errorf("kind %q: want one of %s", name, strings.Join(names, ", "))
}

// HostFile is how a plugin's scaffold names the descriptor of its host.
const HostFile = "host.json"

// Data is what a scaffold is made from. What it says is checked, since a part
// of it comes from files of others.
type Data struct {
	// Module is the new module's path, as in example.com/greet. Its last
	// element, less a major version, names the plugin or the host.
	Module string

	// GoVersion is the Go release to pin, as runtime.Version has it. Where
	// Host is set its release is taken instead.
	GoVersion string

	// Host is, for a plugin, the host that is to load it; nil for none.
	// Descriptor is its descriptor, which goes along as [HostFile].
	Host       *inspector.Binary
	Descriptor []byte

	// Contract is, for KindInterface, the host's contract; nil gives the
	// plugin one of its own. See FindContract.
	Contract *Contract

	// PlugtoolVersion and PlugtoolSum are, for KindHost, version and h1: sum
	// of the main module in the running plugtool's build info. A released
	// version is required from a module proxy; any other puts a copy of the
	// source into the scaffold.
	PlugtoolVersion string
	PlugtoolSum     string
}

//go:embed all:tree
var tree embed.FS

// view is what the templates see.
type view struct {
	Data
	Name      string // of the program or plugin
	GoLine    string // for the go line of go.mod, as in 1.26.0
	Toolchain string // as in go1.26.8
	Contract  *contractView

	// Plugins.
	HostFile     string // "" without a host
	HostName     string // "" where it is not known
	Output       string // the plugin's file name
	Export       string // the declaration that the host looks up
	BuildCommand string
	Stubs        *stubs // nil where the contract is the scaffolds' own

	// Hosts.
	PlugtoolPath   string
	LoaderPath     string
	PlugtoolCopied bool
	Summed         bool // go.sum is complete
}

// contractView is a contract and how the plugin gets at it.
type contractView struct {
	*Contract
	Copied  bool
	Replace string // the right side of the replace line, quoted for go.mod; "" for none
}

// Render makes the files of a scaffold: slash-separated paths, and contents.
func Render(kind Kind, data Data) (map[string][]byte, error) {
	if _, err := ParseKind(string(kind)); err != nil {
		return nil, err
	}
	v, err := newView(kind, data)
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	if kind == KindHost {
		if err := v.renderTree(files, "tree/host"); err != nil {
			return nil, err
		}
		return files, v.addPlugtool(files)
	}
	folder := string(kind)
	if v.Stubs != nil {
		folder = "implement"
	}
	for _, dir := range []string{"tree/plugin", path.Join("tree", folder)} {
		if err := v.renderTree(files, dir); err != nil {
			return nil, err
		}
	}
	if v.HostFile != "" {
		files[v.HostFile] = data.Descriptor
	}
	return files, v.addContract(files)
}

// renderTree renders the templates below root and puts them into files under
// their path there, without .tmpl.
func (v *view) renderTree(files map[string][]byte, root string) error {
	return fs.WalkDir(tree, root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(file, root+"/"), ".tmpl")
		if name == "gitignore" {
			name = ".gitignore"
		}
		if name == "go.work" && (v.Contract == nil || !v.Contract.Workspace) {
			return nil
		}
		text, err := tree.ReadFile(file)
		if err != nil {
			return err
		}
		files[name], err = v.render(name, string(text))
		return err
	})
}

func (v *view) render(name, text string) ([]byte, error) {
	t, err := template.New(name).Option("missingkey=error").Funcs(template.FuncMap{"quote": strconv.Quote}).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, v); err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
	return tidy(name, out.Bytes())
}

// tidy formats what a template gave as the tools of its language would.
func tidy(name string, text []byte) ([]byte, error) {
	var err error
	switch path.Ext(name) {
	case ".go":
		text, err = format.Source(text)
	case ".mod":
		var f *modfile.File
		if f, err = modfile.Parse(name, text, nil); err == nil {
			f.SortBlocks()
			text, err = f.Format()
		}
	case ".md":
		text = append(bytes.TrimSpace(text), '\n')
	}
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	return text, nil
}

// addContract puts the contract's files into a plugin's scaffold, where it
// carries a copy.
func (v *view) addContract(files map[string][]byte) error {
	c := v.Contract
	if c == nil {
		return nil
	}
	if c.Sum != "" {
		files["go.sum"] = c.goSum()
	}
	if !c.Copied {
		return nil
	}
	for name, data := range c.Files {
		if !fs.ValidPath(name) {
			return fmt.Errorf("contract %s: file name %q is no path in it", c.Module, name)
		}
		files[path.Join("contract", name)] = data
	}
	return nil
}

// addPlugtool puts plugtool's own source, or what verifies it, into a host's
// scaffold.
func (v *view) addPlugtool(files map[string][]byte) error {
	if !v.PlugtoolCopied {
		if v.Summed {
			files["go.sum"] = moduleSums(plugtool.Path, v.PlugtoolVersion, v.PlugtoolSum, plugtool.GoMod())
		}
		return nil
	}
	own, err := modfile.ParseLax("go.mod", plugtool.GoMod(), nil)
	if err != nil {
		return err
	}
	if own.Go == nil {
		return errors.New("plugtool's own go.mod has no go line")
	}
	const folder = "third_party/plugtool"
	files[folder+"/go.mod"] = fmt.Appendf(nil, "module %s\n\ngo %s\n", plugtool.Path, own.Go.Version)
	files[folder+"/LICENSE"] = plugtool.License()
	for name, data := range plugtool.HostSource() {
		files[path.Join(folder, name)] = data
	}
	return nil
}
