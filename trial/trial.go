// Package trial opens plugins for real, in a process of their own that may crash, hang
// or be ended by what it opens, and says what happened, and whether that is
// what was foretold.
//
// The process is a host that answers `plugtool test` (loader.AnswerTest, docs/test.md), or
// any program with the arguments that make it open a plugin.
package trial

import (
	"strings"
	"time"
)

// Protocol is the first argument of a host that answers; it is loader.TestProtocol.
const Protocol = "plugtool.test/v1"

// Answers are the symbols by which a host shows that it answers: the linker keeps a
// function only where the program can reach it.
var Answers = []string{
	"github.com/plugtool/plugtool/loader.plugtoolTestV1",
	"main.plugtoolTestV1",
}

// An Outcome is what became of one plugin. The first three words are those of a verdict.
type Outcome string

const (
	Loads   Outcome = "loads"
	Refused Outcome = "refused" // plugin.Open returned an error
	Crashes Outcome = "crashes" // a signal, or an error of the runtime's, ended the process
	Panics  Outcome = "panics"  // an init function panicked; the process went on
	Exits   Outcome = "exits"   // the process ended itself
	Hangs   Outcome = "hangs"   // it took longer than it was given, and was killed
	Unknown Outcome = "unknown" // it was not opened: the process had ended
)

// down says that the process did not outlive the plugin.
func (o Outcome) down() bool { return o == Crashes || o == Exits || o == Hangs }

// Happened is what became of one plugin.
type Happened struct {
	File    string
	Outcome Outcome
	// Text is the error without Go's plugin.Open("NAME"): prefix, the panic's value, or the
	// line of the process's last words that says most.
	Text    string
	Stack   string // of a panic, or of what was opening the plugin when the process ended
	InInit  bool   // the plugin's own code was running when it came to its end
	Aside   string // the stack of the goroutine that ended the process, where that opened no plugin
	Own     bool   // that goroutine is the plugin's own
	Open    bool   // the plugin was open when the process ended
	Symbols []Symbol
	Elapsed time.Duration // of opening it
	Run     *Run          // the process; nil where none was started
}

// Symbol is what looking one up gave.
type Symbol struct {
	Name     string
	Type     string // as `plugtool inspect` writes it; "" where there is no such symbol
	Error    string // of Lookup, or of the type assertion
	Asserted bool   // a type assertion was made, and held where Error is ""
}

// Run is one process.
type Run struct {
	Command        []string
	Plugins        []string
	How            string // how it ended: exit status 0, signal: killed, …
	Stdout, Stderr string // as far as they were kept
	Elapsed        time.Duration
	// Answered says that the program spoke the protocol.
	Answered bool
	Killed   bool // by this package: it took too long
}

// Ended says how a process ended in which all that was asked for was done.
const Ended = "exit status 0"

// withoutPrefix cuts off what plugin.Open puts before its errors; after dlopen it
// leaves out the suffix of the name (plugin/plugin_dlopen.go).
func withoutPrefix(text, file string) string {
	for _, name := range []string{file, strings.TrimSuffix(file, ".so")} {
		if rest, ok := strings.CutPrefix(text, `plugin.Open("`+name+`"): `); ok {
			return rest
		}
	}
	return text
}

// lastWords finds in what a process printed before it died the line that says most.
func lastWords(stderr string) string {
	signs := []string{
		"fatal error:", "panic:", "runtime: no plugin", "ERROR:", "ASan runtime", "SIGSEGV", "SIGBUS", "SIGILL", "SIGABRT",
		"unexpected fault", "Inconsistency detected", "symbol lookup error", "error while loading shared libraries", "runtime: ",
	}
	for _, sign := range signs {
		for line := range strings.Lines(stderr) {
			if strings.Contains(line, sign) {
				return cut(strings.TrimSpace(line), 400)
			}
		}
	}
	last := ""
	for line := range strings.Lines(stderr) {
		if line = strings.TrimSpace(line); line != "" {
			last = line
		}
	}
	return cut(last, 400)
}

// inInit says whether a stack trace shows the init functions of a plugin at work: what
// plugin.open calls last is the runtime's doInit (plugin/plugin_dlopen.go), which most
// traces leave out, and before that nothing but C code and package runtime.
func inInit(trace string) bool {
	if strings.Contains(trace, "\nruntime.doInit") {
		return true
	}
	before := "" // the function that the one in this line called
	for line := range strings.Lines(trace) {
		switch {
		case strings.HasPrefix(line, "plugin.open("):
			return before != "" && !strings.HasPrefix(before, "plugin.") && !strings.HasPrefix(before, "runtime.")
		case strings.HasPrefix(line, "goroutine "), strings.TrimSpace(line) == "":
			before = ""
		case !strings.HasPrefix(line, "\t"):
			before = line
		}
	}
	return false
}

// openingStack gives the part of a stack trace that is about opening a plugin.
func openingStack(trace string) string {
	for block := range strings.SplitSeq(trace, "\n\n") {
		if strings.HasPrefix(block, "goroutine ") && strings.Contains(block, "\nplugin.open(") {
			return block
		}
	}
	return ""
}

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
