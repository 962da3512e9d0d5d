package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

func (p *program) demoCommand() *cli.Command {
	return &cli.Command{
		Name:      "demo",
		Usage:     "scaffold a host and a plugin in a temporary folder, build, verify, sign and load them",
		UsageText: "plugtool demo [--keep]",
		Description: "Shows each step as the command that you would type, with what it prints.\n" +
			"Needs Linux, the go command and a C compiler.",
		Flags:  []cli.Flag{switchFlag("keep", "leave the folder for you to look around in")},
		Action: p.demo,
	}
}

// A step of the demo is a command, as words, that must end with an exit code.
// KEY=value words before it are its environment, as in a shell.
type step struct {
	title string // "" for one that goes on with what the last one began
	words []string
	code  int
}

// steps are the whole demo. All commands run in one folder, so that whoever
// reads along can paste them one after the other.
func steps() []step {
	words := func(line string) []string { return strings.Fields(line) }
	return []step{
		{title: "A host that loads plugins from a folder, and a contract that it shares with them.",
			words: words("plugtool new --quiet --kind host host")},
		{words: words("go build -C host -trimpath -o host .")},
		{title: "A plugin for it, pinned to what the host was built with.",
			words: words("plugtool new --quiet --host host/host hello")},
		{title: "Built to fit: the same Go release, settings, module versions and paths as the host.",
			words: words("plugtool build --host host/host -o host/plugins/hello.so ./hello")},
		{title: "Does it load? Asked of the two files alone; nothing is run.",
			words: words("plugtool verify --host host/host host/plugins")},
		{title: "What go build makes by itself often does not load. verify says why, and how to mend it.",
			words: words("go build -C hello -buildmode=plugin -o byhand.so .")},
		{words: words("plugtool verify --host host/host hello/byhand.so"), code: exitRefused},
		{title: "Signed, so that the host knows whose code it runs.",
			words: words("PLUGTOOL_PASSWORD= plugtool generate-key-pair --quiet --output-key-prefix host/plugtool")},
		{words: words("PLUGTOOL_PASSWORD= plugtool sign --key host/plugtool.key host/plugins/hello.so")},
		{words: words("plugtool verify --host host/host --key host/plugtool.pub host/plugins")},
		{title: "The host checks signature and verdict once more, on the very bytes that it then opens.",
			words: words("host/host -plugins host/plugins -key host/plugtool.pub -name you")},
		{title: "Somebody changes the plugin: one byte more. It would still load, but it is not what was signed.",
			words: words("truncate -s +1 host/plugins/hello.so")},
		{words: words("plugtool verify --host host/host --key host/plugtool.pub host/plugins"), code: exitUntrusted},
		{words: words("host/host -plugins host/plugins -key host/plugtool.pub"), code: 1},
	}
}

func (p *program) demo(c *cli.Context) (err error) {
	if c.NArg() > 0 {
		return usagef("", "demo takes no argument, got %q", c.Args().First())
	}
	if runtime.GOOS != "linux" {
		return fmt.Errorf("the demo loads a plugin, which works on linux; this is %s", runtime.GOOS)
	}
	dir, err := os.MkdirTemp("", "plugtool-demo-")
	if err != nil {
		return err
	}
	keep := c.Bool("keep")
	defer func() {
		if !keep {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	begin := time.Now()
	for i, s := range steps() {
		if i > 0 && s.title != "" {
			fmt.Fprintln(p.out)
		}
		if err := p.demoStep(c.Context, dir, s); err != nil {
			return err
		}
	}
	p.afterDemo(dir, keep, time.Since(begin))
	return nil
}

// demoStep shows a command and runs it. Everything that it prints belongs to
// what the demo shows, in the order in which it is printed.
func (p *program) demoStep(ctx context.Context, dir string, s step) error {
	if s.title != "" {
		fmt.Fprintf(p.out, "# %s\n", s.title)
	}
	fmt.Fprintf(p.out, "$ %s\n", strings.Join(s.words, " "))
	cmd, err := s.command(ctx, dir, p.env)
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	err = cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("demo: %s: %w", strings.Join(s.words, " "), err)
	}
	if got := cmd.ProcessState.ExitCode(); got != s.code {
		return fmt.Errorf("demo: %s: exit code %d, want %d", strings.Join(s.words, " "), got, s.code)
	}
	if s.code != 0 {
		fmt.Fprintf(p.out, "(exit code %d)\n", s.code)
	}
	return nil
}

// command makes a step's command. plugtool is the running one, and what has a
// slash in its name lies in the demo's folder.
func (s step) command(ctx context.Context, dir string, env environment) (*exec.Cmd, error) {
	words := s.words
	env = append(append(environment{}, env...), "CGO_ENABLED=1", "GOWORK=off", "PWD="+dir,
		"GITHUB_ACTIONS=", "GITLAB_CI=") // what the demo shows as refused is nothing to annotate
	for strings.Contains(words[0], "=") {
		env, words = append(env, words[0]), words[1:]
	}
	name := words[0]
	switch {
	case name == "plugtool":
		var err error
		if name, err = os.Executable(); err != nil {
			return nil, err
		}
	case filepath.Base(name) != name:
		name = filepath.Join(dir, name)
	}
	cmd := exec.CommandContext(ctx, name, words[1:]...)
	cmd.Dir, cmd.Env = dir, env
	interruptGroup(cmd)
	cmd.WaitDelay = 10 * time.Second
	return cmd, nil
}

func (p *program) afterDemo(dir string, keep bool, took time.Duration) {
	fmt.Fprintf(p.out, "\n# That was all of it, in %d s. Next, with a host of your own:\n", int(took.Seconds()+0.5))
	fmt.Fprint(p.out, "$ plugtool inspect HOST\n$ plugtool new --host HOST DIR\n$ plugtool build --host HOST\n")
	if keep {
		fmt.Fprintf(p.out, "\n# Everything above is in %s; the key's password is empty.\n", dir)
		return
	}
	fmt.Fprint(p.out, "\n# The folder is gone again; `plugtool demo --keep` leaves it for you.\n")
}
