package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/watch"
)

// settle is for how long files have to stay as they are before they are built from:
// editors write several in a row, and linkers take a moment for a host.
const settle = 150 * time.Millisecond

func (p *program) watchCommand() *cli.Command {
	return &cli.Command{
		Name:      "watch",
		Usage:     "build and verify a plugin whenever its source or the host changes",
		UsageText: "plugtool watch --host HOST [-o FILE] [--test] [PACKAGE] [-- FLAGS of go build]",
		Description: "Does what build does, now and after each change of the plugin's module, of folders that\n" +
			"its go.mod and go.work name, and of the host. With --test it really loads what it built.\n" +
			"Failures are told, and the next change is waited for. Ctrl-C ends it, with exit code 0.",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "host", Usage: "build for this `HOST`, a binary or a descriptor"},
			hostKeyFlag(),
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the plugin to `FILE`"},
			&cli.StringSliceFlag{Name: "symbol", Usage: symbolUsage},
			&cli.StringFlag{Name: "key", Usage: "sign the plugin with the private key in this PEM `FILE`"},
			&cli.StringFlag{Name: "toolchain", Usage: "the host's Go is `auto` (download it if need be) or a GOROOT"},
			&cli.StringFlag{Name: "host-src", Usage: "the source of a module of the host's is in `DIR`"},
			&cli.StringFlag{Name: "pgo", Usage: "the profile that the host was built with is in `FILE`"},
			&cli.StringFlag{Name: "sysroot", Usage: "the host's machine has its file system in `DIR`"},
			&cli.StringFlag{Name: "max-glibc", Usage: "write nothing that needs a newer glibc than `VERSION`, as in 2.28"},
			switchFlag("test", "load the plugin for real each time, as plugtool test does"),
			&cli.DurationFlag{Name: "timeout", Usage: "with --test: how long opening the plugin may take", Value: time.Minute},
			&cli.StringFlag{Name: "run", Usage: "with --test: the host opens a plugin when it is started with `ARGS`, in which {plugin} stands for it"},
			&cli.StringFlag{Name: "exec", Usage: "with --test: start hosts by this `COMMAND`"},
			&cli.DurationFlag{Name: "poll", Usage: "look every so often, on file systems that tell no changes, as in 2s"},
			switchFlag("timestamps", "say when something changed"),
			noInputFlag(),
			quietFlag(),
		},
		Action: p.watch,
	}
}

// watcher builds whenever something changes.
type watcher struct {
	*program
	build  buildOptions
	test   *testOptions // nil where nothing is loaded
	stamps bool
	last   watch.Watched // what was watched, for when a go.mod cannot be read
	output string        // what was built last
}

func (p *program) watch(c *cli.Context) (err error) {
	w := &watcher{program: p, stamps: c.Bool("timestamps")}
	if w.build, err = p.buildOptions(c); err != nil {
		return err
	}
	o := w.build
	if len(o.hosts) != 1 || len(o.packages) != 1 || builder.IsPattern(o.packages[0]) {
		return usagef("run one for each", "watch builds one package for one host, got %s for %s", strings.Join(o.packages, " "), strings.Join(o.hosts, " "))
	}
	if err := o.mayWrite(c.String("output")); err != nil {
		return err
	}
	if dir := filepath.Dir(o.Output); o.Output != "" && !isFolderName(o.output) && !isTemplate(o.output) {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) { // no change to the source makes it
			return &failure{code: exitFailure, err: fmt.Errorf("output folder %s does not exist", dir), hints: []string{"mkdir -p " + inspector.ShellQuote(dir)}}
		}
	}
	if c.Bool("test") {
		if w.test, err = p.watchTestOptions(c); err != nil {
			return err
		}
	}
	poll := c.Duration("poll")
	if c.IsSet("poll") && poll <= 0 {
		return usagef("as in --poll 2s", "--poll is %v, want more than 0", poll)
	}
	files := watch.New(watch.Options{Poll: max(poll, time.Second), Polling: c.IsSet("poll"), Settle: settle, Notice: func(text string) { p.warningf("%s", text) }})
	defer func() { err = errors.Join(err, files.Close()) }()
	if err := w.loop(c.Context, files); c.Context.Err() == nil {
		return err
	}
	p.progressf("stopped watching")
	return nil
}

// watchTestOptions are those of plugtool test, as far as watch has them.
func (p *program) watchTestOptions(c *cli.Context) (*testOptions, error) {
	conf, err := loadConfig(".")
	if err != nil {
		return nil, err
	}
	o, err := p.testFlags(c, conf)
	if err != nil {
		return nil, err
	}
	o.outputs = outputs{stdout: formatText}
	return &o, p.testDefaults(c, conf, &o)
}

// loop builds, and waits for changes, until the context ends.
func (w *watcher) loop(ctx context.Context, files *watch.Watcher) error {
	for first := true; ; first = false {
		watched := w.watched(ctx)
		files.Begin(watched)
		if first {
			w.progressf("watching %s and host %s; Ctrl-C ends it", strings.Join(shortestAll(watched.Folders), ", "), w.build.hosts[0])
		}
		if err := w.once(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if first && asFailure(err).code == exitUsage {
				return err
			}
			w.fail(err)
		}
		changed, err := files.Wait(ctx)
		if err != nil {
			return err
		}
		w.tellChanged(changed)
	}
}

const changesShown = 3

func (w *watcher) tellChanged(files []string) {
	names := shortestAll(files)
	if more := len(names) - changesShown; more > 0 {
		names = append(names[:changesShown:changesShown], fmt.Sprintf("and %d more", more))
	}
	when := ""
	if w.stamps {
		when = time.Now().Format(time.TimeOnly) + " "
	}
	w.progressf("%schanged: %s", when, strings.Join(names, ", "))
}

func shortestAll(files []string) []string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = shortest(f)
	}
	return names
}

// watched finds out what the plugin is built from. Where that cannot be said, because a
// file is just being edited or the host is away, it is what it was.
func (w *watcher) watched(ctx context.Context) watch.Watched {
	host := within(w.build.Dir, w.build.hosts[0])
	found := watch.Watched{Files: []string{host}}
	src, err := w.source(ctx)
	switch {
	case err == nil:
		folders, files := src.Watched()
		found.Folders, found.Files = folders, append(found.Files, files...)
	case len(w.last.Folders) > 0:
		return w.last
	default:
		dir := within(w.build.Dir, packageFolder(w.build.packages[0]))
		if root := moduleRoot(dir); root != "" {
			dir = root
		}
		found.Folders = []string{dir}
	}
	for _, output := range []string{w.build.Output, w.output} {
		if output != "" {
			found.Ignore = append(found.Ignore, filepath.Clean(output), filepath.Clean(output)+".sigstore.json")
		}
	}
	w.last = found
	return found
}

func (w *watcher) source(ctx context.Context) (builder.Source, error) {
	host, err := openHost(w.build.hosts[0], w.build.hostKeys)
	if err != nil {
		return builder.Source{}, err
	}
	defer host.Close()
	facts, err := builder.HostFacts(host)
	if err != nil {
		return builder.Source{}, err
	}
	o := w.build.Options
	o.Package = w.build.packages[0]
	return builder.Load(ctx, facts, o)
}

// once builds, and loads what was built.
func (w *watcher) once(ctx context.Context) error {
	o := w.build
	output := ""
	o.built = func(r *builder.Result) { output = r.Output }
	if err := w.buildOne(ctx, o); err != nil {
		return err
	}
	w.output = output
	if w.test == nil {
		return nil
	}
	test := *w.test
	test.plugins = []string{output}
	tests, err := w.runTests(ctx, test)
	if err != nil {
		return err
	}
	err = w.tellTests(tests, test)
	if asFailure(err).err == nil {
		return nil // the report has said everything
	}
	return err
}
