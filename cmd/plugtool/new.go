package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	pathpkg "path"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/mod/module"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/templates"
)

func (p *program) newCommand() *cli.Command {
	return &cli.Command{
		Name:      "new",
		Usage:     "scaffold a plugin for a host, or a host",
		UsageText: "plugtool new [--kind KIND] [--host HOST] [--module PATH] DIR",
		Description: "Makes DIR, with a module that builds, passes its own tests and loads at once.\n" +
			"With --host it is pinned to the host's Go release, and the host's descriptor goes along.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "kind", Usage: "make a `KIND`: " + strings.Join(kindNames(), ", ") + " (default: interface, or func for a host without a contract module)"},
			&cli.StringFlag{Name: "host", Usage: "the plugin is for this `HOST`, a binary or a descriptor"},
			&cli.StringFlag{Name: "host-src", Usage: "the host's source is in `DIR`, where the contract that it shares with its plugins is looked for"},
			&cli.StringFlag{Name: "module", Usage: "the module's `PATH` (default: example.com/ and DIR's name)"},
			quietFlag(),
		},
		Action: p.scaffold,
	}
}

func kindNames() []string {
	var names []string
	for _, k := range templates.Kinds() {
		names = append(names, string(k))
	}
	return names
}

func (p *program) scaffold(c *cli.Context) error {
	p.quiet = c.Bool("quiet")
	if c.NArg() != 1 || c.Args().First() == "" {
		return usagef("plugtool new [--kind KIND] [--host HOST] DIR", "want one folder, got %d", c.NArg())
	}
	dir := c.Args().First()
	kind, err := templates.ParseKind(cmp.Or(c.String("kind"), string(templates.KindInterface)))
	if err != nil {
		return usageError(err, "")
	}
	if kind == templates.KindHost && c.String("host") != "" {
		return usagef("", "--kind host makes a host, which is not made for --host %s", c.String("host"))
	}
	if c.IsSet("host-src") && !c.IsSet("host") {
		return usagef("--host HOST names the host", "--host-src is of a host, and none is given")
	}
	data := templates.Data{Module: c.String("module")}
	if data.Module == "" {
		if data.Module, err = defaultModule(dir); err != nil {
			return err
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		data.PlugtoolVersion, data.PlugtoolSum = info.Main.Version, info.Main.Sum
	}
	goVersion, modCache, err := goEnv(c.Context, p.env)
	if err != nil {
		return err
	}
	data.GoVersion = goVersion
	if host := c.String("host"); c.IsSet("host") {
		if err := p.addHost(&data, host, c.String("host-src"), kind, modCache); err != nil {
			return err
		}
		if kind == templates.KindInterface && data.Contract == nil {
			p.warningf("%s shares no contract module with its plugins: its documentation says what they have to export", host)
			if !c.IsSet("kind") {
				kind = templates.KindFunc
			}
		}
	}
	files, err := templates.Render(kind, data)
	if err != nil {
		return usageError(err, "")
	}
	if err := templates.Write(dir, files); err != nil {
		return err
	}
	p.progressf("made %s, module %s: %d files", dir, data.Module, len(files))
	p.sayNext(kind, dir, data)
	return nil
}

func (p *program) sayNext(kind templates.Kind, dir string, data templates.Data) {
	switch {
	case kind == templates.KindHost:
		p.hintf("cd %s && go test ./... && go build -trimpath", dir)
		p.hintf("plugtool new --host %s/%s PLUGINDIR", dir, templates.ProgramName(data.Module))
	case data.Host != nil:
		p.hintf("cd %s && go test ./... && plugtool build", dir)
	default:
		p.hintf("cd %s && go test ./... && plugtool build --host HOST", dir)
	}
}

// defaultModule names a module after its folder.
func defaultModule(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	path := "example.com/" + filepath.Base(abs)
	if module.CheckPath(path) != nil {
		return "", usagef("--module PATH names it", "the folder's name %q cannot end a module's path", filepath.Base(abs))
	}
	return path, nil
}

// addHost adds to a plugin's data what there is to know of the host that is to
// load it: its facts, its descriptor and the contract that both share.
func (p *program) addHost(data *templates.Data, file, source string, kind templates.Kind, modCache string) error {
	host, err := openHost(file, nil)
	if err != nil {
		return err
	}
	defer host.Close()
	data.Host = host.Binary()
	if data.Host.Loading != inspector.LoadingWorks {
		return hostWithoutPlugins(host)
	}
	if data.Descriptor, err = host.Descriptor(); err != nil {
		return err
	}
	for _, r := range host.Contract() {
		p.progressf("%s asks its plugins for %s", file, r)
	}
	if kind != templates.KindInterface {
		return nil
	}
	sources, err := host.Sources()
	if err != nil {
		return err
	}
	folders := []string{filepath.Dir(file)}
	if source != "" {
		if info, err := os.Stat(source); err != nil || !info.IsDir() {
			return usagef("--host-src DIR names the folder of the host's module", "host source %s is no folder", source)
		}
		folders = []string{source, filepath.Dir(file)}
	}
	for _, m := range data.Host.Deps {
		prefix, _, _ := module.SplitPathVersion(m.Path)
		if path, err := module.EscapePath(m.Path); err == nil && modCache != "" && pathpkg.Base(prefix) == "contract" && m.Sum != "" {
			folders = append(folders, filepath.Join(modCache, filepath.FromSlash(path)+"@"+m.Version))
		}
	}
	data.Contract, err = templates.FindContract(data.Host, sources, folders...)
	return err
}

// hostWithoutPlugins says why no plugin can be made for a host.
func hostWithoutPlugins(host *inspector.Host) error {
	v, err := inspector.Check(host, []*inspector.Plugin{inspector.NewPlugin("plugin.so", nil)})
	if err != nil {
		return err
	}
	title := "it exports no Go symbols: it was linked internally or statically"
	if f := v.Plugins[0].Findings; len(f) > 0 && host.Binary().Loading != inspector.LoadingStatic {
		title = f[0].Title
	}
	return &failure{code: exitRefused, err: fmt.Errorf("no plugin can load into %s: %s", host.Binary().File, title)}
}

// goEnv asks the go command for its release and for the module cache, outside
// any module, so that no go.mod makes it fetch another release.
func goEnv(ctx context.Context, env environment) (version, modCache string, err error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOVERSION", "GOMODCACHE")
	cmd.Env = env
	cmd.Dir = filepath.VolumeName(os.TempDir()) + string(filepath.Separator)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", "", &failure{code: exitFailure, err: errors.New("the go command is not on PATH"), hints: []string{"https://go.dev/dl/"}}
	}
	if err != nil {
		return "", "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, stderr.Bytes())
	}
	version, modCache, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
	return version, modCache, nil
}
