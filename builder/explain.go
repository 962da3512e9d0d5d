package builder

import (
	"fmt"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// failure is what is known when the go command failed.
type failure struct {
	plan   *Plan
	output string
}

var (
	errorLine     = lazily(`^(\S.*\.go):[0-9]+(?::[0-9]+)?: (.*)$`)
	packageLine   = lazily(`^# (\S+)`)
	needsGo       = lazily(`(\S+) requires go >= (\S+) \(running go (\S+?)[;)]`)
	missingInMod  = lazily(`module (\S+)@\S+ found.*, but does not contain package (\S+)`)
	noModule      = lazily(`no required module provides package ([^;\s]+)`)
	lookupOff     = lazily(`(\S+@\S+): module lookup disabled by GOPROXY=off`)
	clobbered     = lazily(`when dynamic linking, R15 is clobbered|unrecognized instruction.*dynamic linking`)
	toolchainLost = lazily(`download (go\S+) for (\S+): `)
)

// causes says in sentences what plugtool knows about a failure of the go
// command. It is honest: where nothing points to a cause, it says nothing.
func (f failure) causes() []string {
	var list []string
	add := func(format string, args ...any) {
		if s := fmt.Sprintf(format, args...); !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	if strings.Contains(f.output, "-buildmode=plugin requires exactly one main package") {
		add("a plugin's package must be package main, and %s is not", f.plan.Package)
	}
	pkg := ""
	for line := range strings.Lines(f.output) {
		line = strings.TrimRight(line, "\n")
		if m := packageLine().FindStringSubmatch(line); m != nil {
			pkg = m[1]
		}
		if clobbered().MatchString(line) {
			add("package %s has assembly that cannot be linked dynamically, so no plugin can use it", pkg)
		}
		if m := needsGo().FindStringSubmatch(line); m != nil {
			add("%s needs go %s, and the host was built with %s: the plugin needs an older version of it, or the host a newer Go", strings.TrimSuffix(m[1], ":"), m[2], f.plan.GoVersion)
		}
		if m := lookupOff().FindStringSubmatch(line); m != nil {
			add("%s is not in the module cache, and GOPROXY=off forbids fetching it: go mod download %s", m[1], m[1])
		}
		if toolchainLost().MatchString(line) {
			add("the host's Go %s could not be downloaded; give one by --toolchain GOROOT", f.plan.Toolchain.Version)
		}
		for _, re := range []*regexp.Regexp{missingInMod(), noModule()} {
			if m := re.FindStringSubmatch(line); m != nil {
				f.blamePath(m[len(m)-1], add)
			}
		}
	}
	f.blamePins(add)
	return list
}

// blamePath names the pin that decides about a package which is not there.
func (f failure) blamePath(pkg string, add func(string, ...any)) {
	if pin := f.pinOf(pkg); pin != nil {
		add("package %s is in %s %s, which the plugin wants, and not in %s, which the host has", pkg, pin.Module, pin.Plugin, pin.Host)
	}
}

// pinOf finds the pin that decides where a package comes from.
func (f failure) pinOf(pkg string) *Pin {
	var best *Pin
	for i, pin := range f.plan.Pins {
		if (pkg == pin.Module || strings.HasPrefix(pkg, pin.Module+"/")) && (best == nil || len(best.Module) < len(pin.Module)) {
			best = &f.plan.Pins[i]
		}
	}
	return best
}

// blamePins looks, for each of the compiler's messages, whether it speaks of a
// package that the file imports from a pinned module.
func (f failure) blamePins(add func(string, ...any)) {
	if len(f.plan.Pins) == 0 {
		return
	}
	imports := map[string]map[string]string{} // file -> name in it -> import path
	for _, msg := range compilerMessages(f.output) {
		names, ok := imports[msg.file]
		if !ok {
			names = importNames(filepath.Join(f.plan.Dir, msg.file), msg.file)
			imports[msg.file] = names
		}
		for _, name := range sortedNames(names) {
			pin := f.pinOf(names[name])
			if pin == nil || !regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\.`).MatchString(msg.text) {
				continue
			}
			add("the host pins %s to %s, and the plugin asks for %s: %s may differ between the two", pin.Module, pin.Host, pin.Plugin, names[name])
		}
	}
}

// compilerMessage is one message with the lines that continue it.
type compilerMessage struct{ file, text string }

// compilerMessages splits the go command's output.
func compilerMessages(output string) []compilerMessage {
	var list []compilerMessage
	for line := range strings.Lines(output) {
		if m := errorLine().FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil {
			list = append(list, compilerMessage{m[1], m[2]})
		} else if strings.HasPrefix(line, "\t") && len(list) > 0 {
			list[len(list)-1].text += " " + strings.TrimSpace(line)
		}
	}
	return list
}

// importNames maps the names under which a file knows packages to their import
// paths. A file that cannot be read knows none.
func importNames(relative, file string) map[string]string {
	if filepath.IsAbs(file) {
		relative = file
	}
	names := map[string]string{}
	f, err := parser.ParseFile(token.NewFileSet(), relative, nil, parser.ImportsOnly)
	if err != nil {
		return names
	}
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := guessName(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = p
	}
	return names
}

// guessName guesses a package's name from its import path.
func guessName(importPath string) string {
	base := path.Base(importPath)
	if isMajor(base) {
		base = path.Base(path.Dir(importPath))
	}
	base, _, _ = strings.Cut(base, ".") // gopkg.in/yaml.v3
	base = strings.TrimPrefix(strings.TrimSuffix(base, "-go"), "go-")
	return strings.ReplaceAll(base, "-", "")
}

func sortedNames(names map[string]string) []string {
	list := make([]string, 0, len(names))
	for name := range names {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}
