package builder

import (
	"cmp"
	"fmt"
	"go/parser"
	"go/token"
	"go/version"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/module"
)

// mostMessages caps how many of the compiler's messages are held against what the
// plugin imports. A compiler stops at ten for each package.
const mostMessages = 100

var errorLine = lazily(`^(\S.*\.go):[0-9]+(?::[0-9]+)?: (.*)$`)

// An apiUse is a use of another package that the compiler does not accept.
type apiUse struct {
	qualifier string // the package as the compiler writes it: its name, or its path
	symbol    string // Name, or Type.Member
	lacks     bool   // it is not there at all
	how       string // what is wrong with it where it is there
}

// apiLines are the compiler's words about what another package has (go/types).
var apiLines = []struct {
	re  func() *regexp.Regexp
	use func(m []string) apiUse
}{
	{lazily(`^undefined: ([\w./-]+)\.(\w+)$`), func(m []string) apiUse { return apiUse{m[1], m[2], true, ""} }},
	{lazily(`undefined \(type \**([\w./-]+)\.(\w+)(?:\[.*\])? has no field or method (\w+)`), func(m []string) apiUse { return apiUse{m[1], m[2] + "." + m[3], true, ""} }},
	{lazily(`^unknown field (\w+) in struct literal of type ([\w./-]+)\.(\w+)`), func(m []string) apiUse { return apiUse{m[2], m[3] + "." + m[1], true, ""} }},
	{lazily(`^(?:too many|not enough) arguments in call to ([\w./-]+)\.(\w+) have (\(.*\)) want (\(.*\))$`), func(m []string) apiUse {
		return apiUse{m[1], m[2], false, fmt.Sprintf("takes %s and not %s", m[4], m[3])}
	}},
	{lazily(`does not implement ([\w./-]+)\.(\w+)(?:\[.*\])? \((missing method|wrong type for method) (\w+)\)`), func(m []string) apiUse {
		if m[3] == "missing method" {
			return apiUse{m[1], m[2], false, "wants the method " + m[4]}
		}
		return apiUse{m[1], m[2], false, "wants the method " + m[4] + " in another form"}
	}},
	{lazily(`assignment mismatch: .* but ([\w./-]+)\.(\w+) returns (.*)$`), func(m []string) apiUse { return apiUse{m[1], m[2], false, "returns " + m[3]} }},
}

// blameVersions looks, for each of the compiler's messages, whether it speaks of a
// package that comes at another version, or from another Go, than the plugin wants.
func (f *failure) blameVersions() []Cause {
	if f.plan == nil {
		return nil
	}
	var list []Cause
	lacking := map[string][]string{} // subject -> symbols
	var subjects []string
	asked := map[string]Cause{}
	messages := compilerMessages(f.output)
	for _, msg := range messages[:min(len(messages), mostMessages)] {
		use, imported := f.use(msg)
		if imported == "" {
			continue
		}
		pin := f.pinOf(imported)
		var c Cause
		switch {
		case pin != nil && use.lacks && f.neverHad(pin, imported, use.symbol):
			continue
		case pin != nil:
			c = f.pinCause(msg, pin, imported)
		case use.lacks && f.isStandard(imported):
			if since := f.since(imported, use.symbol); since != "" {
				list = addCause(list, causef(CauseStandard, "the host was built with %s, whose package %s has no %s%s", f.hostGo(), imported, use.symbol, since).todo(
					"do without it, or build for a host of that Go release"))
			}
			continue
		default:
			continue
		}
		if !use.lacks {
			c.Text = fmt.Sprintf(c.Text, orDiffers(use, imported))
			list = addCause(list, c)
			continue
		}
		if _, ok := asked[c.Text]; !ok {
			asked[c.Text], subjects = c, append(subjects, c.Text)
		}
		if name := path.Base(use.qualifier) + "." + use.symbol; !slices.Contains(lacking[c.Text], name) {
			lacking[c.Text] = append(lacking[c.Text], name)
		}
	}
	for _, subject := range subjects {
		c := asked[subject]
		c.Text = fmt.Sprintf(subject, ", which has no "+strings.Join(lacking[subject], ", "))
		list = addCause(list, c)
	}
	return list
}

// neverHad says that the version which the plugin asks for lacks a name too, so that the
// pin is not to blame. Only the module cache is looked into; members may be promoted from
// elsewhere, and are not judged.
func (f *failure) neverHad(pin *Pin, imported, symbol string) bool {
	if f.goEnv.ModCache == "" || strings.ContainsRune(symbol, '.') {
		return false
	}
	dir := filepath.Join(f.goEnv.ModCache, filepath.FromSlash(storedAs(module.Version{Path: pin.Module, Version: pin.Plugin})),
		filepath.FromSlash(strings.TrimPrefix(strings.TrimPrefix(imported, pin.Module), "/")))
	return len(sourceFiles(dir)) > 0 && !declares(dir, symbol)
}

func orDiffers(use apiUse, imported string) string {
	if use.how == "" {
		return fmt.Sprintf(", and %s may differ between the two", imported)
	}
	return fmt.Sprintf(", where %s.%s %s", path.Base(use.qualifier), use.symbol, use.how)
}

// pinCause says which module is pinned. Its text has one verb, for what is wrong with
// the host's version.
func (f *failure) pinCause(msg compilerMessage, pin *Pin, imported string) Cause {
	escape := func(s string) string { return strings.ReplaceAll(s, "%", "%%") }
	c := Cause{Kind: CausePin, Text: escape(fmt.Sprintf("the host pins %s to %s", pin.Module, pin.Host)) + "%s" + escape(fmt.Sprintf("; the plugin asks for %s", pin.Plugin))}
	if why := f.plan.noCopy(imported); why != "" {
		c.Text += escape("; it has no private copy: " + why)
	}
	if msg.pkg != "" && !f.own(msg.pkg) {
		c.Text += escape(fmt.Sprintf(", and what does not compile is package %s, which it uses", msg.pkg))
		return c.todo(fmt.Sprintf("an older release of that package's module may go with %s %s: %s", pin.Module, pin.Host, f.goC("list -m -versions all")))
	}
	return c.todo(
		fmt.Sprintf("to see in the editor what has to change: %s", f.goC("get "+pin.Module+"@"+pin.Host)),
		fmt.Sprintf("or build for a host that has %s %s or newer", pin.Module, pin.Plugin))
}

// own says whether a package is of the plugin's own module.
func (f *failure) own(pkg string) bool {
	return pkg == "command-line-arguments" || f.plan.module != "" && liesIn(pkg, f.plan.module)
}

// use finds which imported package a message of the compiler's speaks of; imported
// is "" for none that is known.
func (f *failure) use(msg compilerMessage) (use apiUse, imported string) {
	names := importNames(filepath.Join(f.plan.Dir, msg.file), msg.file)
	find := func(qualifier string) string {
		if p, ok := names[qualifier]; ok {
			return p
		}
		for _, p := range names { // an ambiguous name is written as a path
			if p == qualifier {
				return p
			}
		}
		return ""
	}
	for _, l := range apiLines {
		if m := l.re().FindStringSubmatch(msg.text); m != nil {
			use = l.use(m)
			if p := find(use.qualifier); p != "" {
				return use, p
			}
		}
	}
	for _, name := range sortedNames(names) {
		if f.pinOf(names[name]) != nil && regexp.MustCompile(`(?:^|[^\w."])`+regexp.QuoteMeta(name)+`\.`).MatchString(msg.text) {
			return apiUse{qualifier: name}, names[name]
		}
	}
	return apiUse{}, ""
}

// compilerMessage is one message with the lines that continue it.
type compilerMessage struct{ pkg, file, text string }

// compilerMessages splits the go command's output.
func compilerMessages(output string) []compilerMessage {
	var list []compilerMessage
	pkg := ""
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n")
		if len(line) > longest {
			continue
		}
		if m := packageLine().FindStringSubmatch(line); m != nil {
			pkg = m[1]
		} else if m := errorLine().FindStringSubmatch(line); m != nil {
			list = append(list, compilerMessage{pkg, m[1], m[2]})
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
	content, err := readRegular(relative)
	if err != nil {
		return names
	}
	f, err := parser.ParseFile(token.NewFileSet(), relative, content, parser.ImportsOnly)
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

// isStandard says whether the go command at hand has a package in its standard library.
func (f *failure) isStandard(pkg string) bool {
	first, _, _ := strings.Cut(pkg, "/")
	if first == "" || strings.Contains(first, ".") || !filepath.IsLocal(filepath.FromSlash(pkg)) || f.goEnv.Root == "" {
		return false
	}
	fi, err := os.Stat(filepath.Join(f.goEnv.Root, "src", filepath.FromSlash(pkg)))
	return err == nil && fi.IsDir()
}

// since says which Go has what the host's standard library lacks: the release that
// brought it, where the go command at hand has the lists of that (GOROOT/api), else
// the go command itself; "" where it has not got it either.
func (f *failure) since(pkg, symbol string) string {
	if compareGo(release(f.goEnv.Version), release(f.hostGo())) <= 0 || !declares(filepath.Join(f.goEnv.Root, "src", filepath.FromSlash(pkg)), symbol) {
		return ""
	}
	name := symbol[strings.LastIndexByte(symbol, '.')+1:]
	re := regexp.MustCompile(`(?m)^pkg ` + regexp.QuoteMeta(pkg) + `, .*\b` + regexp.QuoteMeta(name) + `\b`)
	for minor := hostMinor(f.hostGo()) + 1; minor < 100; minor++ {
		list, err := readRegular(filepath.Join(f.goEnv.Root, "api", fmt.Sprintf("go1.%d.txt", minor)))
		if err != nil {
			break
		}
		if re.Match(list) {
			return fmt.Sprintf("; go1.%d brought it", minor)
		}
	}
	return fmt.Sprintf("; %s, the go command here, has it", f.goEnv.Version)
}

func hostMinor(goVersion string) int {
	_, minor, _ := strings.Cut(version.Lang(release(goVersion)), ".")
	n, err := strconv.Atoi(minor)
	if err != nil {
		return 99
	}
	return n
}

// compareGo compares two Go releases as in go1.26.8; what is none is the oldest.
func compareGo(a, b string) int { return version.Compare(a, b) }

// language speaks of what a go line, or the host's Go, is too old for.
func (f *failure) language(at spot, m []string) Cause {
	if f.plan == nil {
		return Cause{}
	}
	what, need, says := m[1], m[2], "go.mod says go "
	if strings.HasPrefix(m[3], "file") {
		says = "the file's //go:build line says go"
	}
	if compareGo(release(f.hostGo()), "go"+need) < 0 {
		return f.hostLanguage(at, what, need)
	}
	c := causef(CauseLanguage, "%s: that needs go%s; %s%s, and the host's Go is %s", what, need, says, m[4], f.hostGo())
	if (at.pkg == "" || f.own(at.pkg)) && !strings.HasPrefix(m[3], "file") {
		c = c.todo(f.goC("mod edit -go=" + need))
	}
	return c
}

// hostLanguage speaks of what the host's Go is too old for.
func (f *failure) hostLanguage(_ spot, what, need string) Cause {
	if f.plan == nil || compareGo(release(f.hostGo()), "go"+need) >= 0 {
		return Cause{}
	}
	return causef(CauseLanguage, "%s needs go%s, and the host was built with %s", what, need, f.hostGo()).todo(
		"do without it, or build for a host of go" + need + " or newer")
}

// notInStandard speaks of a package of the standard library that the host's Go is too
// old for; of a package that is none at all there is nothing to say. The go command
// says the same of packages that are there where it cannot write its index of them
// into its cache.
func (f *failure) notInStandard(_ spot, m []string) Cause {
	if len(sourceFiles(m[2])) > 0 {
		cache := cmp.Or(getEnv(f.env, "GOCACHE"), f.goEnv.Cache)
		if free, ok := freeSpace(existing(cache)); cache != "" && ok && free < tooLittleDisk {
			return fullCache(cache)
		}
		return Cause{}
	}
	if f.plan == nil || !f.isStandard(m[1]) {
		return Cause{}
	}
	return causef(CauseStandard, "the host was built with %s, whose standard library has no package %s; %s, the go command here, has it", f.hostGo(), m[1], f.goEnv.Version).todo(
		"do without it, or build for a host of a newer Go release")
}
