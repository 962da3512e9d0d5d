package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/report"
	"github.com/plugtool/plugtool/signer"
	"github.com/plugtool/plugtool/signer/policy"
)

// shells are those that completion writes a script for.
var shells = []string{"bash", "fish", "zsh"}

func (p *program) completionCommand() *cli.Command {
	names := strings.Join(shells, ", ")
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a completion script for a shell",
		UsageText: "plugtool completion SHELL   (" + names + ")",
		Description: "bash:  source <(plugtool completion bash)\n" +
			"zsh:   source <(plugtool completion zsh)\n" +
			"fish:  plugtool completion fish | source",
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 || !slices.Contains(shells, c.Args().First()) {
				return usagef("one of "+names, "want the name of a shell, got %q", strings.Join(c.Args().Slice(), " "))
			}
			return writeCompletion(p.out, c.Args().First(), completions(c.App.Commands))
		},
	}
}

// A completion is what a shell is told about one command.
type completion struct {
	name, usage string
	words       []string // arguments other than files
	first       bool     // whether the words are the first argument, and files follow
	flags       []flagCompletion
}

type flagCompletion struct {
	names  []string // with their dashes
	usage  string
	value  bool
	values []string // nil: any file
}

// completions describes all visible commands. A script that lists everything
// needs no plugtool at the time of the completion, and flags may follow
// arguments in it as they may on the command line.
func completions(commands []*cli.Command) []completion {
	var all []completion
	for _, c := range commands {
		if c.Hidden {
			continue
		}
		one := completion{
			name:  c.Name,
			usage: c.Usage,
			words: argumentWords(c.Name),
			flags: flagCompletions(c.Name, c.Flags),
		}
		for _, inner := range c.Subcommands { // plugtool policy check --policy FILE
			one.words, one.first = append(one.words, inner.Name), true
			one.flags = append(one.flags, flagCompletions(inner.Name, inner.Flags)...)
		}
		all = append(all, one)
	}
	return all
}

func argumentWords(command string) []string {
	switch command {
	case "completion":
		return shells
	case "explain":
		return findingCodes()
	case "schema":
		return report.SchemaNames()
	}
	return nil
}

func flagWords(command, flag string) []string {
	switch flag {
	case "format":
		switch command {
		case "verify":
			return verifyFormats
		case "test":
			return testFormats
		case "build":
			return buildFormats
		}
		return plainFormats
	case "fail-on":
		return []string{"error", "warning", "note", "never"}
	case "ci":
		return []string{"auto", "github", "gitlab", "off"}
	case "kind":
		return kindNames()
	case "signing-algorithm":
		return signer.Algorithms()
	case "type":
		return policy.ShortTypes()
	}
	return nil
}

func flagCompletions(command string, flags []cli.Flag) []flagCompletion {
	var all []flagCompletion
	for _, f := range flags {
		doc, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		c := flagCompletion{
			usage:  strings.ReplaceAll(doc.GetUsage(), "`", ""),
			value:  doc.TakesValue() && f.Names()[0] != isolateName, // which may stand without
			values: flagWords(command, f.Names()[0]),
		}
		for _, name := range f.Names() {
			c.names = append(c.names, dashed(name))
		}
		all = append(all, c)
	}
	return all
}

func writeCompletion(w io.Writer, shell string, commands []completion) error {
	script := bashScript
	switch shell {
	case "zsh":
		script = zshScript
	case "fish":
		script = fishScript
	}
	_, err := io.WriteString(w, script(commands))
	return err
}

// bashScript completes in bash. The command is the first word, as plugtool has
// no flags before it.
func bashScript(commands []completion) string {
	var b strings.Builder
	b.WriteString("# bash completion for plugtool\n_plugtool() {\n" +
		"  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} choices= flags= place=$COMP_CWORD\n" +
		"  COMPREPLY=()\n")
	fmt.Fprintf(&b, "  if ((COMP_CWORD == 1)); then\n    COMPREPLY=($(compgen -W '%s' -- \"$cur\"))\n    return\n  fi\n",
		strings.Join(commandNames(commands), " "))
	b.WriteString(caseOfCommands(commands, "${COMP_WORDS[1]}"))
	b.WriteString("  if [[ -z $choices && $cur == -* ]]; then choices=$flags; fi\n" +
		"  if [[ -n $choices ]]; then\n    COMPREPLY=($(compgen -W \"$choices\" -- \"$cur\"))\n" +
		"  else\n    compopt -o filenames 2>/dev/null\n" +
		"    local IFS=$'\\n'\n    COMPREPLY=($(compgen -f -- \"$cur\"))\n  fi\n}\n" +
		"complete -F _plugtool plugtool\n")
	return b.String()
}

// zshScript completes in zsh.
func zshScript(commands []completion) string {
	var b strings.Builder
	b.WriteString("#compdef plugtool\n# zsh completion for plugtool\n_plugtool() {\n" +
		"  local cur=${words[CURRENT]} prev=${words[CURRENT-1]} flags= place=$((CURRENT-1))\n" +
		"  local command=${words[2]}\n" +
		"  local -a commands\n")
	b.WriteString("  if ((CURRENT == 2)); then\n    commands=(\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "      '%s:%s'\n", c.name, singleQuoted(c.usage))
	}
	b.WriteString("    )\n    _describe command commands\n    return\n  fi\n" +
		"  local choices=\n")
	b.WriteString(caseOfCommands(commands, "$command"))
	b.WriteString("  if [[ -z $choices && $cur == -* ]]; then choices=$flags; fi\n" +
		"  if [[ -n $choices ]]; then\n    compadd -- ${=choices}\n  else\n    _files\n  fi\n}\n" +
		"# Sourced, it registers itself; out of fpath it is called at once.\n" +
		"if [[ ${funcstack[1]} == _plugtool ]]; then _plugtool \"$@\"; else compdef _plugtool plugtool; fi\n")
	return b.String()
}

// caseOfCommands is the part that bash and zsh share: it sets flags to the
// command's flags, and choices to what may stand here, empty for a file.
func caseOfCommands(commands []completion, subject string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  case \"%s\" in\n", subject)
	for _, c := range commands {
		fmt.Fprintf(&b, "  %s)\n    flags='%s'\n", c.name, strings.Join(allFlagNames(c), " "))
		b.WriteString("    case \"$prev\" in\n")
		for _, f := range c.flags {
			if f.value {
				fmt.Fprintf(&b, "    %s) choices='%s' flags= ;;\n", strings.Join(f.names, "|"), strings.Join(f.values, " "))
			}
		}
		condition := "$cur == -*"
		if c.first {
			condition += " || $place != 2"
		}
		fmt.Fprintf(&b, "    *) [[ %s ]] || choices='%s' ;;\n    esac ;;\n", condition, strings.Join(c.words, " "))
	}
	b.WriteString("  esac\n")
	return b.String()
}

// fishScript completes in fish.
func fishScript(commands []completion) string {
	var b strings.Builder
	b.WriteString("# fish completion for plugtool\ncomplete -c plugtool -n __fish_use_subcommand -f\n")
	for _, c := range commands {
		seen := "'__fish_seen_subcommand_from " + c.name + "'"
		fmt.Fprintf(&b, "complete -c plugtool -n __fish_use_subcommand -a %s -d '%s'\n", c.name, fishQuoted(c.usage))
		if c.words != nil {
			where := seen
			if c.first {
				where = fmt.Sprintf("'__fish_seen_subcommand_from %s; and not __fish_seen_subcommand_from %s'", c.name, strings.Join(c.words, " "))
			}
			fmt.Fprintf(&b, "complete -c plugtool -n %s -f -a '%s'\n", where, strings.Join(c.words, " "))
		}
		for _, f := range c.flags {
			fmt.Fprintf(&b, "complete -c plugtool -n %s", seen)
			for _, name := range f.names {
				if long, ok := strings.CutPrefix(name, "--"); ok {
					fmt.Fprintf(&b, " -l %s", long)
				} else {
					fmt.Fprintf(&b, " -s %s", strings.TrimPrefix(name, "-"))
				}
			}
			switch {
			case f.values != nil:
				fmt.Fprintf(&b, " -x -a '%s'", strings.Join(f.values, " "))
			case f.value:
				b.WriteString(" -r -F")
			}
			fmt.Fprintf(&b, " -d '%s'\n", fishQuoted(f.usage))
		}
	}
	return b.String()
}

func commandNames(commands []completion) []string {
	names := []string{"help"}
	for _, c := range commands {
		names = append(names, c.name)
	}
	return names
}

func allFlagNames(c completion) []string {
	names := []string{"--help"}
	for _, f := range c.flags {
		names = append(names, f.names...)
	}
	return names
}

// singleQuoted escapes text for single quotes in a POSIX shell; zsh splits a
// description at colons, which a backslash keeps.
func singleQuoted(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "'", `'\''`), ":", `\:`)
}

func fishQuoted(text string) string {
	return strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text)
}
