package loader

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
)

// A Class says what kind of thing stood in the way.
type Class string

const (
	ClassPolicy    Class = "policy"    // the policy itself cannot be applied
	ClassIO        Class = "io"        // a file or folder cannot be read, written or trusted
	ClassSignature Class = "signature" // the policy is not fulfilled: signatures, attestations, version, digest
	ClassVerdict   Class = "verdict"   // the running executable cannot load it
	ClassOpen      Class = "open"      // package plugin refused it although the verdict passed
	ClassInit      Class = "init"      // one of its init functions panicked
	ClassSymbol    Class = "symbol"    // Lookup: no such symbol, or of another type
)

// ErrNoSymbol is wrapped by the error of [Lookup] where the plugin has no
// symbol of that name at all.
var ErrNoSymbol = errors.New("no such symbol")

// An Error says why a plugin was not opened, or a symbol not given.
type Error struct {
	Class Class
	File  string // the plugin, or the folder of OpenDir

	Signature *bundle.Result           // where Class is ClassSignature
	Verdict   *inspector.PluginVerdict // where Class is ClassVerdict
	Panic     any                      // where Class is ClassInit: what init panicked with
	Stack     string                   // where Class is ClassInit: where it did

	Err error // the cause, where there is one
}

// Error gives one line: the file, what was found, and what to do.
func (e *Error) Error() string {
	var text string
	switch e.Class {
	case ClassSignature:
		text = signatureText(e.Signature)
	case ClassVerdict:
		text = verdictText(e.Verdict)
	default:
		text = e.Err.Error()
	}
	if e.File == "" {
		return text
	}
	return fmt.Sprintf("plugin %s: %s", shown(e.File), text)
}

// Unwrap gives the cause, nil where there is none.
func (e *Error) Unwrap() error { return e.Err }

func signatureText(r *bundle.Result) string {
	if r == nil {
		return "signature missing"
	}
	text := fmt.Sprintf("signature %s: %s", r.Status, oneLine(r.Reason))
	if r.Status == bundle.Missing && r.Rule == "" {
		text += "; sign it with: plugtool sign --key KEY PLUGIN"
	}
	if r.Rule != "" {
		text += "; the policy's rule is " + oneLine(r.Rule)
	}
	return text
}

// verdictText names the first cause with its cure, and how many more there are.
func verdictText(v *inspector.PluginVerdict) string {
	if v == nil {
		return "the running executable cannot load it"
	}
	text := fmt.Sprintf("the running executable cannot load it (%s)", v.Outcome)
	if v.Refusal != "" {
		text += ": " + v.Refusal
	}
	more := 0
	var first *inspector.Finding
	for i := range v.Findings {
		switch f := &v.Findings[i]; {
		case f.Severity != inspector.Error:
		case first == nil:
			first = f
		default:
			more++
		}
	}
	if first == nil {
		return text
	}
	text += fmt.Sprintf(": %s %s", first.ID, first.Title)
	if first.Host != "" || first.Plugin != "" {
		text += fmt.Sprintf(" (host has %s, plugin has %s)", orNothing(first.Host), orNothing(first.Plugin))
	}
	if len(first.Fix) > 0 {
		text += "; to mend it: " + strings.Join(first.Fix, "; ")
	}
	if more > 0 {
		text += fmt.Sprintf("; and %d more findings", more)
	}
	return text
}

// shown gives a file name as it may stand in a message: a name can hold line
// breaks and terminal commands.
func shown(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

// oneLine does the same for a text that others may have a part in.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
