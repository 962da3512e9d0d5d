package builder

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// Every error below says by Hints what to do about it, in the order in which to
// do it; the list may be empty.

// NoFitError says that no plugin could be built that loads into the host.
// Verdict, where there is one, is of the closest attempt.
type NoFitError struct {
	Host    string
	Reason  string
	Verdict *inspector.Verdict
	Fix     []string // what to do about it, besides what the verdict's findings say
	// Loads says that the plugin loads, and then does not keep what the host, or the
	// one who builds, asks of its symbols.
	Loads bool
}

func (e *NoFitError) Error() string {
	if e.Loads {
		return fmt.Sprintf("what was built loads into %s and does not fit it: %s", e.Host, e.Reason)
	}
	return fmt.Sprintf("no plugin can be built that loads into %s: %s", e.Host, e.Reason)
}

// Hints gives what the verdict's findings cannot know.
func (e *NoFitError) Hints() []string { return e.Fix }

// UsageError says that an option makes no sense, or contradicts the host.
type UsageError struct {
	Reason string
	Hint   string
}

func (e *UsageError) Error() string { return e.Reason }

// Hints says what to give instead.
func (e *UsageError) Hints() []string { return nonEmpty(e.Hint) }

// ToolchainError says that the host's Go is not to be had.
type ToolchainError struct {
	Want, Have string // Go versions: the host's, and that of the go command at hand
	Reason     string
	Hint       string
}

func (e *ToolchainError) Error() string {
	return fmt.Sprintf("the host was built with %s and the go command here is %s: %s", cmp.Or(e.Want, "a Go that it does not name"), e.Have, e.Reason)
}

// Hints says how to get the release.
func (e *ToolchainError) Hints() []string { return nonEmpty(e.Hint) }

// CompilerError says that there is no C compiler for the host's platform.
type CompilerError struct {
	CC       string // what was looked for
	Platform string // GOOS/GOARCH
	Reason   string // why those that are there do not do; "" where none is
	Packages []string
}

func (e *CompilerError) Error() string {
	if e.Reason != "" {
		return fmt.Sprintf("building a plugin for %s needs a C compiler for it: %s", e.Platform, e.Reason)
	}
	return fmt.Sprintf("building a plugin for %s needs a C compiler, and %q is not to be found", e.Platform, e.CC)
}

// Hints says which packages hold it.
func (e *CompilerError) Hints() []string { return e.Packages }

// GoError says that the go command failed. Its output is kept whole.
type GoError struct {
	Command string  // as a person would type it
	Output  string  // what it printed
	Causes  []Cause // what plugtool knows about why
	Err     error
}

// Error gives the causes, one a line, and below them the command and all that it printed.
func (e *GoError) Error() string {
	var b strings.Builder
	for _, c := range e.Causes {
		fmt.Fprintln(&b, c.Text)
	}
	fmt.Fprintf(&b, "%s: %v\n%s", e.Command, e.Err, strings.TrimRight(e.Output, "\n"))
	return b.String()
}

// Reason gives in one line what is known of the cause, or else what the go command
// said first.
func (e *GoError) Reason() string {
	if len(e.Causes) > 0 {
		return e.Causes[0].Text
	}
	for line := range strings.Lines(e.Output) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "# ") && !strings.HasPrefix(line, "go: downloading ") {
			return line
		}
	}
	return e.Err.Error()
}

// Unwrap gives the error of running the command.
func (e *GoError) Unwrap() error { return e.Err }

// Hints says what to do about the causes.
func (e *GoError) Hints() []string { return fixes(e.Causes) }

// Misconfigured says that it is the user's settings which the go command refuses.
func (e *GoError) Misconfigured() bool {
	return slices.ContainsFunc(e.Causes, func(c Cause) bool { return c.Kind == CauseConfig })
}

// SumError says that a module's content is not what the host was built from.
type SumError struct {
	Module       string // path@version
	Host, Plugin string // h1: sums
	Fetched      bool   // the plugin's go.sum does not say it: a module proxy or the module cache gave the content
}

func (e *SumError) Error() string {
	whose := "plugin's go.sum has"
	if e.Fetched {
		whose = "what the module proxy or the module cache gave has"
	}
	return fmt.Sprintf("%s is not what the host was built from: host has %s, %s %s", e.Module, e.Host, whose, e.Plugin)
}

// Hints says how to have the go command fetch and check the module anew.
func (e *SumError) Hints() []string {
	name, version, _ := strings.Cut(e.Module, "@")
	if e.Fetched {
		return []string{
			fmt.Sprintf("ask the module proxy that the host's author uses, with an empty module cache: GOPROXY=… GOMODCACHE=DIR plugtool build … (go mod download -json %s says what is here)", e.Module),
			"or give the source that the host was built from: --host-src DIR",
		}
	}
	return []string{
		fmt.Sprintf("where the plugin's go.sum is what is wrong: sed -i '\\|^%s %s |d' go.sum && go mod download %s", name, version, e.Module),
		"else the host was built from other content under the same version: ask its author, or give the source by --host-src DIR",
	}
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}
