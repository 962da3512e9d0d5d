package builder

import (
	"fmt"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// packageRules know what the go command says about packages that cannot be built.
var packageRules = []rule{
	{lazily(`^-buildmode=plugin requires exactly one main package$`), (*failure).notMain},
	{lazily(`^(?:.*: )?no (?:non-test )?Go files in (.+)$`), (*failure).noGoFiles},
	{lazily(`^(?:package (\S+): |.*: )?build constraints exclude all Go files in (.+)$`), (*failure).excluded},
	{lazily(`^(?:.*: )?found packages (\S+) \((\S+)\) and (\S+) \((\S+)\) in (.+)$`), func(_ *failure, _ spot, m []string) Cause {
		return causef(CausePackage, "the folder %s holds two packages, %s (%s) and %s (%s), and may hold one", m[5], m[1], m[2], m[3], m[4])
	}},
	{lazily(`imports (\S+?)(?: from \S+)?: import cycle not allowed$`), (*failure).cycle},
	{lazily(`^(?:.*: )?import "(\S+)" is a program, not an importable package$`), (*failure).program},
	{lazily(`use of internal package (\S+) not allowed$`), (*failure).internal},
	{lazily(`^asm: (\S+\.s):[0-9]+: when dynamic linking, R15 is clobbered`), func(_ *failure, at spot, m []string) Cause {
		c := causef(CauseAssembly, "package %s has assembly (%s) that uses R15, which belongs to dynamic linking, so no plugin can be built with it", at.pkg, path.Base(m[1]))
		c.name = path.Base(m[1])
		return c
	}},
	{lazily(`^\S+\.go:[0-9]+(?::[0-9]+)?: (.*?):? requires go(1\.[0-9]+) or later \((-lang was set to go|file declares //go:build go)([0-9.]+)[;)]`), (*failure).language},
	{lazily(`: cannot range over .* \((?:variable|value) of (?:type func|func type|\S+ type .*func\()`), func(f *failure, at spot, _ []string) Cause {
		return f.hostLanguage(at, "ranging over a function", "1.23")
	}},
	{lazily(`: cannot range over \S+ \((?:untyped int constant|(?:variable|value|constant).* of type u?int)`), func(f *failure, at spot, _ []string) Cause {
		return f.hostLanguage(at, "ranging over an integer", "1.22")
	}},
	{lazily(`: generic type (?:cannot be alias|alias requires)`), func(f *failure, at spot, _ []string) Cause {
		return f.hostLanguage(at, "a type alias with type parameters", "1.24")
	}},
	{lazily(`^(?:.*: )?package (\S+) is not in (?:std|GOROOT) \((.+?)\)`), (*failure).notInStandard},
}

// A sourceFile is a Go file of a folder as far as its head goes.
type sourceFile struct {
	name   string
	pkg    string // its package clause
	expr   constraint.Expr
	suffix []string // GOOS and GOARCH words at the end of its name
}

// mostFiles caps how many files of a folder are looked at for an explanation.
const mostFiles = 1000

// sourceFiles reads the heads of a folder's Go files, tests left out.
func sourceFiles(dir string) []sourceFile {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var list []sourceFile
	for _, e := range entries[:min(len(entries), mostFiles)] {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") || strings.HasPrefix(e.Name(), "_") || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		content, err := readRegular(filepath.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), content, parser.PackageClauseOnly)
		if err != nil {
			continue
		}
		list = append(list, sourceFile{e.Name(), f.Name.Name, constraintOf(content), fileSuffix(e.Name())})
	}
	return list
}

// constraintOf reads a file's //go:build line, or else its // +build lines, all of
// which have to hold; nil for none.
func constraintOf(content []byte) constraint.Expr {
	var older constraint.Expr
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "//") {
			break
		}
		expr, err := constraint.Parse(line)
		switch {
		case err != nil:
		case constraint.IsGoBuild(line):
			return expr
		case older == nil:
			older = expr
		default:
			older = &constraint.AndExpr{X: older, Y: expr}
		}
	}
	return older
}

// fileSuffix gives the words of a file's name that the go command takes for
// constraints (go/build goodOSArchFile).
func fileSuffix(name string) []string {
	base, _, _ := strings.Cut(name, ".")
	words := strings.Split(base, "_")
	if len(words) < 2 {
		return nil
	}
	words = words[max(1, len(words)-2):]
	return slices.DeleteFunc(words, func(w string) bool { return !systemWord(w) })
}

var systemWords = lazily(`^(aix|android|darwin|dragonfly|freebsd|illumos|ios|js|linux|netbsd|openbsd|plan9|solaris|wasip1|windows|386|amd64|arm|arm64|loong64|mips|mipsle|mips64|mips64le|ppc64|ppc64le|riscv64|s390x|wasm|unix|cgo|gc|gccgo|race|msan|asan|go1\.[0-9]+)$`)

// systemWord says whether a tag is not an author's to choose.
func systemWord(word string) bool { return systemWords().MatchString(word) }

// tags lists the tags that are set for the build.
func (f *failure) tags() []string {
	if f.plan == nil {
		return nil
	}
	goos, goarch, _ := strings.Cut(f.plan.Platform, "/")
	list := []string{goos, goarch, "unix", "cgo", "gc"}
	for _, flag := range f.plan.Flags {
		if name, value, _ := splitFlag(flag); name == "tags" {
			list = append(list, splitTags(value)...)
		} else if name == "race" || name == "msan" {
			list = append(list, name)
		}
	}
	return list
}

// hasTag says whether a tag holds for a build, releases of Go included.
func (f *failure) hasTag(tags []string) func(string) bool {
	return func(tag string) bool {
		if strings.HasPrefix(tag, "go1.") {
			return compareGo(release(f.hostGo()), tag) >= 0
		}
		return slices.Contains(tags, tag)
	}
}

// excluded says which constraint keeps each file out, and which tag would let one in.
func (f *failure) excluded(_ spot, m []string) Cause {
	dir := m[2]
	tags := f.tags()
	var why, fix []string
	for _, file := range sourceFiles(dir) {
		switch i := slices.IndexFunc(file.suffix, func(w string) bool { return !slices.Contains(tags, w) }); {
		case i >= 0:
			why = append(why, fmt.Sprintf("%s is for %s by its name", file.name, file.suffix[i]))
		case file.expr != nil && !file.expr.Eval(f.hasTag(tags)):
			why = append(why, fmt.Sprintf("%s wants %s", file.name, file.expr))
			if tag := f.lettingIn(file.expr, tags); tag != "" {
				fix = append(fix, "plugtool build … -- -tags="+tag)
			}
		}
	}
	c := causef(CausePackage, "build constraints leave no Go file of %s for %s", dir, f.platform())
	if len(why) > 0 {
		c.Text += ": " + strings.Join(why[:min(len(why), mostCauses)], "; ")
	}
	return c.todo(slices.Compact(fix)...)
}

// lettingIn finds tags of the author's that make an expression true.
func (f *failure) lettingIn(expr constraint.Expr, tags []string) string {
	var more []string
	for _, tag := range exprTags(expr) {
		if !systemWord(tag) && !slices.Contains(tags, tag) {
			more = append(more, tag)
		}
	}
	for _, tag := range more {
		if expr.Eval(f.hasTag(append(slices.Clone(tags), tag))) {
			return tag
		}
	}
	if len(more) > 0 && expr.Eval(f.hasTag(append(slices.Clone(tags), more...))) {
		return strings.Join(more, ",")
	}
	return ""
}

// exprTags lists the tags of an expression in order.
func exprTags(expr constraint.Expr) []string {
	var list []string
	var walk func(constraint.Expr)
	walk = func(e constraint.Expr) {
		switch e := e.(type) {
		case *constraint.TagExpr:
			if !slices.Contains(list, e.Tag) {
				list = append(list, e.Tag)
			}
		case *constraint.NotExpr:
			walk(e.X)
		case *constraint.AndExpr:
			walk(e.X)
			walk(e.Y)
		case *constraint.OrExpr:
			walk(e.X)
			walk(e.Y)
		}
	}
	walk(expr)
	return list
}

// notMain names the package that is not main.
func (f *failure) notMain(spot, []string) Cause {
	if f.plan == nil {
		return Cause{}
	}
	name, files := "", []string{}
	for _, file := range sourceFiles(f.plan.packageDir()) {
		name, files = file.pkg, append(files, file.name)
	}
	if name == "" || name == "main" {
		return causef(CausePackage, "a plugin's package must be package main, and %s is not one", f.pluginPath()).todo(f.otherFolders()...)
	}
	for i, file := range files {
		files[i] = quoted(filepath.Join(f.plan.packageDir(), file))
	}
	return causef(CausePackage, "a plugin's package must be package main, and %s is package %s", f.pluginPath(), name).todo(append(
		[]string{fmt.Sprintf("sed -i 's/^package %s$/package main/' %s", name, strings.Join(files, " "))}, f.otherFolders()...)...)
}

// pluginPath is the import path of the plugin's package, as far as it is known.
func (f *failure) pluginPath() string {
	if f.plan.module == "" {
		return f.plan.Package
	}
	return importPath(f.plan.module, f.plan.Package)
}

func (f *failure) noGoFiles(_ spot, m []string) Cause {
	return causef(CausePackage, "%s has no Go files, so it is no plugin's folder", m[1]).todo(f.otherFolders()...)
}

// otherFolders lists commands that build the main packages which lie below the
// plugin's module, a few of them.
func (f *failure) otherFolders() []string {
	if f.plan == nil {
		return nil
	}
	const most = 4
	var list []string
	_ = filepath.WalkDir(f.plan.Dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || len(list) >= most {
			return nil
		}
		rel, _ := filepath.Rel(f.plan.Dir, name)
		if base := d.Name(); rel != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "vendor" || base == "testdata" || strings.Count(rel, string(filepath.Separator)) > 2) {
			return fs.SkipDir
		}
		if files := sourceFiles(name); rel != "." && name != f.plan.packageDir() && len(files) > 0 && files[0].pkg == "main" {
			list = append(list, "if this one is meant: plugtool build … "+quoted("./"+filepath.ToSlash(rel)))
		}
		return nil
	})
	return list
}

// cycle tells a circle of imports in one line.
func (f *failure) cycle(_ spot, m []string) Cause {
	var chain []string
	for line := range strings.Lines(f.output) {
		if p := importsLine().FindStringSubmatch(strings.TrimSpace(line)); p != nil {
			chain = append(chain, p[1])
		}
	}
	if from := slices.Index(chain, m[1]); from >= 0 {
		chain = chain[from:]
	}
	return causef(CausePackage, "packages import each other in a circle: %s", strings.Join(chain, " → ")).todo(
		"move what both need into a package of its own")
}

var importsLine = lazily(`^(?:package|imports) (\S+?)(?: from \S+?)?(?:: import cycle not allowed)?$`)

func (f *failure) program(_ spot, m []string) Cause {
	c := causef(CausePackage, "%s is a program (package main), and nothing can import one", m[1])
	if f.plan != nil && m[1] == f.plan.hostPath {
		c.Text = fmt.Sprintf("%s is the host's main package, and nothing can import a program", m[1])
	}
	return c.todo("what both need has to be in a package of its own, which both import: plugtool new --kind host DIR scaffolds that")
}

func (f *failure) internal(_ spot, m []string) Cause {
	pkg := m[1]
	if f.isStandard(pkg) {
		return causef(CausePackage, "%s is internal to Go's standard library, and no other code may import it", pkg)
	}
	root, _, _ := strings.Cut(pkg+"/", "/internal/")
	if f.plan == nil || f.plan.hostModule == "" || !liesIn(pkg, f.plan.hostModule) {
		return causef(CausePackage, "%s is internal: only packages below %s may import it", pkg, root).todo("use what that module offers outside of internal folders")
	}
	return causef(CausePackage, "%s is internal to the host's module: only packages below %s may import it, and the plugin is not there", pkg, root).todo(
		"the host's author: move the contract out of internal, as in "+path.Join(f.plan.hostModule, "plugins", "api"),
		"or build the plugin within the host's source, below "+root+": plugtool build --host "+quoted(f.plan.Host)+" ./plugins/NAME")
}
