// Command plugtool makes Go plugins dependable: it builds them for a host
// binary so that they load, says without loading them whether they will, and
// signs and checks them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/builder"
)

func main() {
	// Most commands live for milliseconds and need less memory than a collection
	// of it costs in time.
	debug.SetGCPercent(400)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal lets the command clean up; after it signals do again
	// what they do by default, so that the second one kills.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole command but for the process around it. args begins with
// the program's name, env holds KEY=value pairs. It returns the exit code.
func run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{env: environment(env), stdin: stdin, console: newConsole(stdout, stderr, environment(env))}
	err := p.dispatch(ctx, args)
	if errors.Is(err, errKeyless) {
		var code int
		if code, err = p.handOver(ctx, args); err == nil {
			return code
		}
	}
	if err == nil {
		err = p.console.writeErr()
	}
	if err == nil {
		return exitOK
	}
	if ctx.Err() != nil {
		err = &failure{code: exitFailure, err: fmt.Errorf("interrupted")}
	}
	return p.console.fail(err)
}

// A program is one run of plugtool.
type program struct {
	*console
	env   environment
	stdin io.Reader

	// given is the command line: urfave/cli does not tell the arguments before
	// -- from those after it.
	given arranged

	// named are the files that plugtool.yaml names, which may be a stranger's.
	named map[string]bool
}

func (p *program) commands() []*cli.Command {
	commands := []*cli.Command{
		p.newCommand(),
		p.buildCommand(),
		p.doctorCommand(),
		p.verifyCommand(),
		p.testCommand(),
		p.watchCommand(),
		p.inspectCommand(),
		p.hostCommand(),
		p.diffCommand(),
		p.generateKeyPairCommand(),
		p.publicKeyCommand(),
		p.signCommand(),
		p.attestCommand(),
		p.policyCommand(),
		p.demoCommand(),
		p.explainCommand(),
		p.schemaCommand(),
		p.signBundleCommand(),
		p.verifyBundleCommand(),
		p.completionCommand(),
		p.versionCommand(),
	}
	for _, c := range commands {
		for _, c := range append(c.Subcommands, c) {
			c.HideHelpCommand = true // `plugtool verify help` verifies a file named help
			c.OnUsageError = onUsageError
		}
	}
	return commands
}

func (p *program) app() *cli.App {
	return &cli.App{
		Name:      "plugtool",
		HelpName:  "plugtool",
		Usage:     "build, check and sign Go plugins so that they load",
		UsageText: "plugtool COMMAND [FLAGS] [ARGUMENTS]   (flags and arguments in any order; -- ends the flags)",
		Description: "HOST is a path to a host binary or to its descriptor.\n" +
			"`plugtool demo` shows the whole way; `plugtool COMMAND --help` explains a command.",
		Commands:                  p.commands(),
		HideHelpCommand:           true,
		HideVersion:               true,
		DisableSliceFlagSeparator: true,
		Reader:                    p.stdin,
		Writer:                    p.out,
		ErrWriter:                 p.err,
		ExitErrHandler:            func(*cli.Context, error) {}, // run maps errors to exit codes
		OnUsageError:              onUsageError,
	}
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	// Package flag's words: invalid value "x" for flag -name: parse error.
	m := badValue().FindStringSubmatch(err.Error())
	if m == nil || c.Command == nil {
		return usageError(err, "")
	}
	want, example := "another value", ""
	for _, f := range c.Command.Flags {
		if !slices.Contains(f.Names(), m[2]) {
			continue
		}
		switch f.(type) {
		case *cli.DurationFlag:
			want, example = "a duration", "as in "+dashed(m[2])+" 30s or 2m"
		case *cli.IntFlag:
			want, example = "a whole number", "as in "+dashed(m[2])+" 4"
		case *cli.BoolFlag:
			want, example = "true or false, or the flag alone", dashed(m[2])
		}
	}
	return usagef(example, "%s is %s, want %s", dashed(m[2]), m[1], want)
}

var badValue = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^invalid (?:boolean )?value ("(?:[^"\\]|\\.)*") for (?:flag )?-([\w-]+): `)
})

// dispatch finds the command, brings its arguments into the order that
// urfave/cli reads, and runs it.
func (p *program) dispatch(ctx context.Context, args []string) error {
	args = args[1:]
	if len(args) > 0 && args[0] == toolexecName {
		return told(builder.ToolexecMain(args[1:], p.stdin, p.out, p.err))
	}
	app := p.app()
	if len(args) > 0 && args[0] == "--version" {
		args = []string{"version"}
	}
	if len(args) > 0 && args[0] == "help" { // plugtool help verify
		args = append(args[1:len(args):len(args)], "--help")
	}
	if len(args) == 0 || args[0] == "--help" || args[0] == "-h" {
		return app.RunContext(ctx, []string{"plugtool", "--help"})
	}
	name := args[0]
	command := app.Command(name)
	switch {
	case command == nil && strings.HasPrefix(name, "-"):
		return usagef("run `plugtool help`", "flag %s stands before the command", name)
	case command == nil:
		return usagef("`plugtool help` lists the commands", "no command is called %q", name)
	}
	words := []string{"plugtool", name}
	if len(args) > 1 { // plugtool policy check
		if inner := findSubcommand(command, args[1]); inner != nil {
			command, words, args = inner, append(words, args[1]), args[1:]
		}
	}
	given, err := arrange(args[1:], flagKinds(command.Flags))
	if err != nil {
		return usageError(err, fmt.Sprintf("`%s --help` lists its flags", strings.Join(words, " ")))
	}
	if given.asksHelp() {
		return app.RunContext(ctx, append(words, "--help"))
	}
	if len(command.Subcommands) > 0 {
		return usagef(fmt.Sprintf("`%s --help` lists what it does", strings.Join(words, " ")), "%s needs one of its own commands", strings.Join(words, " "))
	}
	p.given = given
	return app.RunContext(ctx, append(words, given.line()...))
}

func findSubcommand(c *cli.Command, name string) *cli.Command {
	for _, inner := range c.Subcommands {
		if inner.Name == name {
			return inner
		}
	}
	return nil
}
