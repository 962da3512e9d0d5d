package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arranged is a command line taken apart, so that flags may stand anywhere.
type arranged struct {
	flags []string // flags with their values
	args  []string // arguments before --
	rest  []string // arguments after --
}

// line puts the parts into the order that package flag reads: flags first.
func (a arranged) line() []string {
	line := append(append([]string{}, a.flags...), "--")
	return append(append(line, a.args...), a.rest...)
}

// asksHelp says whether the command's help is asked for, whatever else is.
func (a arranged) asksHelp() bool {
	return slices.ContainsFunc(a.flags, func(f string) bool {
		return f == "--help" || f == "-help" || f == "-h" || f == "--h"
	})
}

// A flagKind says how a flag is written.
type flagKind int

const (
	boolFlag    flagKind = iota + 1 // --quiet or --quiet=false
	valueFlag                       // --host FILE or --host=FILE
	textFlag                        // the same, and the value may be empty
	isolateFlag                     // --isolate or --isolate=all
)

// arrange takes a command's arguments apart. kinds holds the command's flags
// by name; a flag that is not among them, and a flag that lacks its value, is
// an error. So is one whose value is empty, as that of --policy "$POLICY" is where
// the variable is not set: taken for a flag that is not there, it would demand
// nothing. As with package flag one dash is as good as two, a lone dash is an
// argument, and a flag's value may begin with a dash.
func arrange(args []string, kinds map[string]flagKind) (arranged, error) {
	var a arranged
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			a.rest = args[i+1:]
			return a, nil
		}
		if len(arg) < 2 || arg[0] != '-' {
			a.args = append(a.args, arg)
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
		kind := kinds[name]
		if kind == 0 {
			return arranged{}, fmt.Errorf("unknown flag %s", dashed(name))
		}
		if kind == isolateFlag && !hasValue {
			arg += "=auto" // its value cannot be told from an argument that follows
		}
		a.flags = append(a.flags, arg)
		if kind == boolFlag || kind == isolateFlag {
			continue
		}
		if !hasValue {
			if i++; i == len(args) {
				return arranged{}, fmt.Errorf("flag %s lacks its value", dashed(name))
			}
			value = args[i]
			a.flags = append(a.flags, value)
		}
		if value == "" && kind != textFlag {
			return arranged{}, fmt.Errorf("%s is empty: leave it out, or set the variable that stands for its value", dashed(name))
		}
	}
	return a, nil
}

// dashed writes a flag's name as help shows it: -o, --host.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// flagKinds says how each of a command's flags is written, by every name that
// it has; --help is among them.
func flagKinds(flags []cli.Flag) map[string]flagKind {
	kinds := map[string]flagKind{"help": boolFlag, "h": boolFlag}
	for _, f := range flags {
		kind := valueFlag
		if _, ok := f.(*cli.BoolFlag); ok {
			kind = boolFlag
		}
		if f.Names()[0] == "run" { // a host that takes no arguments, whatever plugtool.yaml says
			kind = textFlag
		}
		for _, name := range f.Names() {
			if name == isolateName {
				kind = isolateFlag
			}
			kinds[name] = kind
		}
	}
	return kinds
}

// switchFlag is a flag without a value.
func switchFlag(name, usage string) cli.Flag {
	return &cli.BoolFlag{Name: name, Usage: usage, DisableDefaultText: true}
}

func quietFlag() cli.Flag { return switchFlag("quiet", "no progress and no hints") }

func noInputFlag() cli.Flag {
	return switchFlag("no-input", "never ask for a password: fail instead")
}

func formatsFlag() cli.Flag { return formatFlag(plainFormats) }

func verifyFormatsFlag() cli.Flag { return formatFlag(verifyFormats) }

func formatFlag(formats []string) cli.Flag {
	return &cli.StringSliceFlag{
		Name:  "format",
		Usage: "write the result as `FORMAT` (" + strings.Join(formats, ", ") + "), or as FORMAT=FILE into a file (repeatable)",
	}
}
