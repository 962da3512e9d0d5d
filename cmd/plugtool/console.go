package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/plugtool/plugtool/report"
)

// A console is where a run speaks: results on out; progress, warnings and
// errors on err, each line in one grammar:
//
//	plugtool: error: lower case, no full stop
//	plugtool: warning: …
//	plugtool: hint: what to do about it
//	plugtool: …progress…
type console struct {
	out   *output
	err   io.Writer
	quiet bool      // no progress and no hints
	color bool      // on out
	again *rebuilds // completes hints; nil for none
}

func newConsole(stdout, stderr io.Writer, env environment) *console {
	return &console{
		out:   &output{w: stdout},
		err:   stderr,
		color: isTerminal(stdout) && env.get("NO_COLOR") == "" && env.get("TERM") != "dumb",
	}
}

// An output remembers that a write failed, so that a full disk behind standard
// output is not taken for success even where a library drops the error.
type output struct {
	w      io.Writer
	failed error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.w.Write(b)
	if err != nil && o.failed == nil {
		o.failed = err
	}
	return n, err
}

func (c *console) writeErr() error {
	if c.out.failed == nil {
		return nil
	}
	return fmt.Errorf("write the result: %w", c.out.failed)
}

// progressf says what was done; --quiet drops it.
func (c *console) progressf(format string, args ...any) {
	if !c.quiet {
		c.say("", format, args...)
	}
}

// noticef says what has to be known even under --quiet: where a key or a host
// comes from that was not on the command line.
func (c *console) noticef(format string, args ...any) { c.say("", format, args...) }

func (c *console) warningf(format string, args ...any) { c.say("warning: ", format, args...) }

func (c *console) hintf(format string, args ...any) {
	if !c.quiet {
		c.say("hint: ", format, args...)
	}
}

// say writes a message; the lines of one that has several, as a compiler's
// errors have, are indented below the first.
func (c *console) say(kind, format string, args ...any) {
	lines := strings.Split(strings.TrimRight(fmt.Sprintf(format, args...), "\n"), "\n")
	for i, l := range lines {
		l = report.Defused(report.Printable(strings.ReplaceAll(l, "\t", "    ")))
		if i > 0 {
			fmt.Fprintf(c.err, "  %s\n", l)
			continue
		}
		fmt.Fprintf(c.err, "plugtool: %s%s\n", kind, l)
	}
}

// fail tells an error, unless the report has, and gives its exit code.
func (c *console) fail(err error) int {
	f := asFailure(err)
	if f.err != nil {
		c.say("error: ", "%v", f.err)
	}
	for _, hint := range c.completed(f.hints) {
		c.hintf("%s", hint)
	}
	return f.code
}

func (c *console) style() report.Style {
	return report.Style{Color: c.color, Quiet: c.quiet}
}

// An environment holds KEY=value pairs as os.Environ gives them.
type environment []string

// lookup gives a variable's value and whether it is set; of several the last
// one counts, as it does for os/exec.
func (e environment) lookup(name string) (string, bool) {
	for i := len(e) - 1; i >= 0; i-- {
		if key, value, ok := strings.Cut(e[i], "="); ok && key == name {
			return value, true
		}
	}
	return "", false
}

func (e environment) get(name string) string {
	value, _ := e.lookup(name)
	return value
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
