package builder

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A Cause is what plugtool knows about why the go command failed.
type Cause struct {
	Kind CauseKind
	Text string   // a sentence in lower case without a full stop, with both values where there are two
	Fix  []string // what to do about it, in order, to paste

	about spot   // where the go command says it
	name  string // of what it says it: a library, an assembly file
}

// CauseKind names what went wrong, apart from the words for it.
type CauseKind string

// What is known to go wrong.
const (
	CauseCompiler     CauseKind = "c-compiler"    // none, or one that does not work here
	CauseHeader       CauseKind = "c-header"      // a header is missing
	CauseLibrary      CauseKind = "c-library"     // the linker does not find a library
	CauseCSource      CauseKind = "c-source"      // C code that does not fit together, or no plugin
	CauseLinker       CauseKind = "linker"        // none, or one that does not do
	CausePkgConfig    CauseKind = "pkg-config"    // missing, or it does not know a package
	CauseAssembly     CauseKind = "assembly"      // not fit for dynamic linking
	CausePackage      CauseKind = "package"       // not main, empty, in a circle, internal
	CausePin          CauseKind = "pin"           // the host's version of a module lacks what the plugin uses
	CauseStandard     CauseKind = "go-release"    // the host's Go lacks what the plugin uses
	CauseLanguage     CauseKind = "language"      // of a newer Go than go.mod, or the host, says
	CauseToolchain    CauseKind = "toolchain"     // the host's Go is not to be had
	CauseNetwork      CauseKind = "network"       // a module or toolchain could not be fetched
	CausePrivate      CauseKind = "private"       // a module that wants to know who asks
	CauseSum          CauseKind = "checksum"      // content is not what go.sum or the checksum database says
	CauseRequirements CauseKind = "requirements"  // go.mod, go.sum or vendor are incomplete or wrong
	CauseDisk         CauseKind = "disk"          // full, or not to be written
	CauseMemory       CauseKind = "memory"        // a program was killed
	CauseConfig       CauseKind = "configuration" // settings that the go command refuses
	CauseGoroot       CauseKind = "goroot"        // the Go installation is broken
)

const (
	mostCauses = 8     // that are told; one root often has very many lines
	mostLines  = 20000 // of the go command's output that are looked at
	longest    = 4096  // in bytes, of a line that is looked at; commands that are printed are longer
)

// failure is what is known when the go command failed.
type failure struct {
	plan   *Plan // nil where it failed before there was one
	env    []string
	goEnv  GoEnv
	output string
}

// spot is where in the go command's output something is said.
type spot struct {
	pkg   string   // the package that the go command was at, "" where it does not say
	lines []string // from there to the end
}

// A rule knows one thing that the go command, a compiler or a linker says. It
// gives no text where the line turns out to mean something else.
type rule struct {
	line  func() *regexp.Regexp
	cause func(f *failure, at spot, m []string) Cause
}

var (
	packageLine = lazily(`^# ([^\s\[]\S*)(?: \[\S+\])?$`)
	// Compilers quote the source, which may read like anything.
	quotedSource = lazily(`^\s*[0-9]* \| `)
	buildLine    = lazily(`^go build (\S+):$`) // before Go 1.22, above pkg-config's words
)

// allRules lists the rules: of those that match a line, the first with a text counts.
func allRules() []rule {
	return slices.Concat(machineRules, compilerRules, linkerRules, packageRules, networkRules, moduleRules)
}

// causes says in sentences what plugtool knows about a failure of the go
// command. It is honest: where nothing points to a cause, it says nothing.
func (f *failure) causes() []Cause {
	var list []Cause
	pkg := ""
	rules := allRules()
	lines := strings.Split(f.output, "\n")
	for i, line := range lines[:min(len(lines), mostLines)] {
		line = strings.TrimRight(line, "\r")
		if len(line) > longest || quotedSource().MatchString(line) {
			continue
		}
		if m := packageLine().FindStringSubmatch(line); m != nil {
			pkg = m[1]
			continue
		}
		if m := buildLine().FindStringSubmatch(line); m != nil {
			pkg = m[1]
		}
		for _, r := range rules {
			m := r.line().FindStringSubmatch(line)
			if m == nil {
				continue
			}
			at := spot{pkg, lines[i:]}
			if c := r.cause(f, at, m); c.Text != "" {
				c.about = at
				list = addCause(list, c)
				break
			}
		}
	}
	for _, c := range f.blameVersions() {
		list = addCause(list, c)
	}
	if len(list) == 0 {
		list = f.blameCompiler()
	}
	return list[:min(len(list), mostCauses)]
}

// addCause adds a cause that is not there yet.
func addCause(list []Cause, c Cause) []Cause {
	if slices.ContainsFunc(list, func(have Cause) bool { return have.Text == c.Text }) {
		return list
	}
	return append(list, c)
}

// fixes lists what to do about causes, each thing once.
func fixes(causes []Cause) []string {
	var list []string
	for _, c := range causes {
		for _, fix := range c.Fix {
			if !slices.Contains(list, fix) {
				list = append(list, fix)
			}
		}
	}
	return list
}

// host names the host's Go release, platform and file where there is a plan.
func (f *failure) hostGo() string {
	if f.plan == nil {
		return ""
	}
	return f.plan.GoVersion
}

// dir is the folder of the plugin's module, as a command is given it.
func (f *failure) goC(command string) string {
	if f.plan == nil || f.plan.Dir == "" {
		return "go " + command
	}
	return "go -C " + quoted(f.plan.Dir) + " " + command
}

// setting looks a setting of the user's up that the plan may override.
func (f *failure) setting(key string) string {
	if f.plan != nil {
		if v := getEnv(f.plan.Env, key); v != "" {
			return v
		}
	}
	return getEnv(f.env, key)
}

// pinOf finds the pin that decides where a package comes from.
func (f *failure) pinOf(pkg string) *Pin {
	if f.plan == nil {
		return nil
	}
	var best *Pin
	for i, pin := range f.plan.Pins {
		if liesIn(pkg, pin.Module) && (best == nil || len(best.Module) < len(pin.Module)) {
			best = &f.plan.Pins[i]
		}
	}
	return best
}

// liesIn says whether a package may be a module's, by its path.
func liesIn(pkg, mod string) bool { return pkg == mod || strings.HasPrefix(pkg, mod+"/") }

func always(kind CauseKind, text string, fix ...string) func(*failure, spot, []string) Cause {
	return func(*failure, spot, []string) Cause { return Cause{Kind: kind, Text: text, Fix: fix} }
}

// causef makes a cause without anything to do about it yet.
func causef(kind CauseKind, format string, args ...any) Cause {
	return Cause{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// todo adds to a cause what to do about it.
func (c Cause) todo(fix ...string) Cause {
	c.Fix = append(c.Fix, fix...)
	return c
}
