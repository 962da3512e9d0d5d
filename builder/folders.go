package builder

import (
	"errors"
	"fmt"
	"go/build"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/modfile"
)

// A folderPattern says which folders a pattern may mean.
type folderPattern struct {
	dir     string // which relative patterns start from; absolute
	given   string
	pattern string // cleaned, with slashes
	top     string // the folder to begin with, as the pattern names it, a slash at its end
	match   *regexp.Regexp
	ignored ignoreLines
	build   *build.Context
}

// mainFolders gives the folders below dir that a pattern matches and that hold a
// main package, in the form in which the go command takes folders, in order. What it
// passes by is what cmd/go/internal/search (*Match).MatchDirs passes by, and vendor
// folders, which are no packages of the module.
func mainFolders(dir, pattern string, c *build.Context) ([]string, error) {
	if !utf8.ValidString(pattern) || strings.ContainsRune(pattern, 0) {
		return nil, &UsageError{Reason: fmt.Sprintf("pattern %q is no text", pattern)}
	}
	f := folderPattern{dir: dir, given: pattern, pattern: path.Clean(filepath.ToSlash(pattern)), build: c}
	literal, _, _ := strings.Cut(f.pattern, "...")
	f.top = literal[:strings.LastIndex(literal, "/")+1]
	expr := regexp.QuoteMeta(f.pattern)
	if base, ok := strings.CutSuffix(expr, `/\.\.\.`); ok {
		expr = base + `(/\.\.\.)?` // x/... matches x too
	}
	f.match = regexp.MustCompile("^" + strings.ReplaceAll(expr, `\.\.\.`, ".*") + "$")
	return f.mains()
}

func (f *folderPattern) mains() ([]string, error) {
	root := filepath.FromSlash(f.top)
	if !filepath.IsAbs(root) {
		root = filepath.Join(f.dir, root)
	}
	if fi, err := os.Stat(root); err != nil || !fi.IsDir() {
		return nil, &UsageError{Reason: fmt.Sprintf("pattern %s: there is no folder %s", f.given, root)}
	}
	mod := findUp(root, "go.mod")
	if mod == "" {
		return nil, fmt.Errorf("no go.mod in %s or above it: a plugin needs a module (go mod init NAME)", root)
	}
	f.ignored = ignoredBy(mod)
	var found []string
	// With the separator at its end a root that is a link is followed (golang/go#50807).
	err := filepath.WalkDir(filepath.Clean(root)+string(filepath.Separator), func(file string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		if leftOut(filepath.Clean(file), rel != ".") || f.ignored.has(filepath.Clean(file)) {
			return fs.SkipDir
		}
		name := path.Join(f.top, filepath.ToSlash(rel))
		if f.match.MatchString(name) && isMain(f.build, filepath.Clean(file)) {
			found = append(found, asFolder(name))
		}
		return nil
	})
	return found, err
}

// asFolder gives a cleaned name the form that the go command takes for a folder's.
func asFolder(name string) string {
	if isLocal(name) && !strings.HasSuffix(name, ".go") {
		return name
	}
	return "./" + name
}

// leftOut says whether a pattern passes a folder by.
func leftOut(dir string, below bool) bool {
	name := filepath.Base(dir)
	if strings.HasPrefix(name, ".") && name != "." && name != ".." || strings.HasPrefix(name, "_") || name == "testdata" {
		return true
	}
	if !below {
		return false
	}
	if name == "vendor" {
		return true
	}
	fi, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil && !fi.IsDir() // another module
}

// isMain says whether a folder holds a main package under the constraints. One
// whose files contradict each other counts, so that the build tells what is wrong.
func isMain(c *build.Context, dir string) bool {
	pkg, err := c.ImportDir(dir, 0)
	if _, none := errors.AsType[*build.NoGoError](err); none {
		return false
	}
	// A folder of tests alone has the package's name too.
	return pkg != nil && pkg.Name == "main" && (err != nil || len(pkg.GoFiles)+len(pkg.CgoFiles) > 0)
}

// ignoreLines are the folders that a go.mod file has the go command ignore.
type ignoreLines struct {
	root string
	at   []string // below root, between slashes
	any  []string // wherever they are, between slashes
}

// ignoredBy reads the ignore lines of a go.mod file; a file that cannot be read
// has none, and the build tells what is wrong with it.
func ignoredBy(mod string) ignoreLines {
	list := ignoreLines{root: filepath.Dir(mod)}
	content, err := readRegular(mod)
	if err != nil {
		return list
	}
	f, err := modfile.ParseLax(mod, content, nil)
	if err != nil {
		return list
	}
	for _, i := range f.Ignore {
		if p, ok := strings.CutPrefix(i.Path, "./"); ok {
			list.at = append(list.at, "/"+strings.Trim(p, "/")+"/")
		} else {
			list.any = append(list.any, "/"+strings.Trim(p, "/")+"/")
		}
	}
	return list
}

func (i ignoreLines) has(dir string) bool {
	rel, err := filepath.Rel(i.root, dir)
	if err != nil || rel == "." {
		return false
	}
	name := "/" + filepath.ToSlash(rel) + "/"
	for _, p := range i.at {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	for _, p := range i.any {
		if strings.Contains(name, p) {
			return true
		}
	}
	return false
}
