package templates

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/sumdb/dirhash"

	"github.com/plugtool/plugtool/inspector"
)

// A Contract is the module that a host and its plugins share.
type Contract struct {
	Module  string            // its path
	Version string            // as the host requires it
	Files   map[string][]byte // its source, without tests; always set

	// How the host has it decides how a plugin must have it. At most one of
	// these is set; with none, the host replaces it by a folder, and the
	// plugin's scaffold carries a copy.
	Sum       string // h1: sum of the published version that the host requires
	Dir       string // folder that an untrimmed host has it from
	Workspace bool   // the host has it as a member of its workspace
}

const contractName = "contract"

// FindContract finds the contract in what a host was built from: the module,
// required by the host, whose path's last element is contract. Without one it
// gives nil and no error.
//
// Its source is looked for in folders and, at most two levels, above them;
// pass the host file's folder, and for a published contract its folder in the
// module cache. sources is what [inspector.Host.Sources] gives for a host that
// was built without -trimpath, and may be nil for others.
func FindContract(host *inspector.Binary, sources map[string]string, folders ...string) (*Contract, error) {
	m := contractModule(host)
	if m == nil {
		return nil, nil
	}
	if err := module.CheckPath(m.Path); err != nil {
		return nil, fmt.Errorf("contract of the host: %w", err)
	}
	c := &Contract{Module: m.Path, Version: m.Version}
	switch {
	case m.Replace == nil && m.Version != "(devel)" && m.Sum != "":
		c.Sum = m.Sum
	case m.Replace == nil:
		c.Workspace, c.Version = true, "v0.0.0"
	case !modfile.IsDirectoryPath(m.Replace.Path):
		return nil, fmt.Errorf("contract %s: the host replaces it by module %s %s, which no scaffold can follow; use another kind", m.Path, m.Replace.Path, m.Replace.Version)
	}
	if dir := recordedFolder(host, sources, m); isModule(dir, m.Path) {
		c.Dir, folders = dir, []string{dir}
	}
	dir := lookAround(folders, m)
	if dir == "" && c.Sum != "" {
		return nil, fmt.Errorf("contract %[1]s %[2]s: its source is neither in the module cache nor around %[3]s; go mod download %[1]s@%[2]s", m.Path, m.Version, strings.Join(folders, ", "))
	}
	if dir == "" {
		return nil, fmt.Errorf("contract %s %s: its source is in no folder around %s; run this where the host's source is, or use --kind func or context, which need no contract", m.Path, m.Version, strings.Join(folders, ", "))
	}
	var err error
	if c.Files, err = readModule(dir); err != nil {
		return nil, fmt.Errorf("contract %s: %w", m.Path, err)
	}
	return c, nil
}

// contractModule prefers the contract below the host's own module.
func contractModule(host *inspector.Binary) *inspector.Module {
	var found *inspector.Module
	for i := range host.Deps {
		m := &host.Deps[i]
		if path.Base(programPath(m.Path)) != contractName {
			continue
		}
		if found == nil || strings.HasPrefix(m.Path, host.Main.Path+"/") && !strings.HasPrefix(found.Path, host.Main.Path+"/") {
			found = m
		}
	}
	return found
}

// recordedFolder is where an untrimmed host had a replaced module when it was
// built, "" where that is not known. A contract of nothing but types leaves no
// trace of its own, so its folder follows from the main package's.
func recordedFolder(host *inspector.Binary, sources map[string]string, m *inspector.Module) string {
	if host.Trimmed() || m.Replace == nil {
		return ""
	}
	dir := filepath.FromSlash(m.Replace.Path)
	if filepath.IsAbs(dir) {
		return dir
	}
	below, ok := strings.CutPrefix(host.Path, host.Main.Path)
	root, inMain := strings.CutSuffix(sources["main"], below)
	if !ok || !inMain || !filepath.IsAbs(root) {
		return ""
	}
	return filepath.Join(root, dir)
}

func programPath(modulePath string) string {
	if prefix, _, ok := module.SplitPathVersion(modulePath); ok {
		return prefix
	}
	return modulePath
}

// lookAround gives the folder of module m, "" where it is not found.
func lookAround(folders []string, m *inspector.Module) string {
	inside := []string{".", contractName}
	if m.Replace != nil && filepath.IsLocal(filepath.FromSlash(m.Replace.Path)) {
		inside = append(inside, filepath.FromSlash(m.Replace.Path))
	}
	for _, folder := range folders {
		for _, above := range []string{".", "..", filepath.Join("..", "..")} {
			for _, name := range inside {
				dir := filepath.Join(folder, above, name)
				if isModule(dir, m.Path) && (m.Replace != nil || m.Sum == "" || isVersion(dir, m)) {
					return dir
				}
			}
		}
	}
	return ""
}

func isModule(dir, modulePath string) bool {
	if dir == "" {
		return false
	}
	data, err := readLimited(os.DirFS(dir), "go.mod")
	return err == nil && modfile.ModulePath(data) == modulePath
}

// isVersion says whether the folder holds the published version that m names,
// and not what a checkout has become since.
func isVersion(dir string, m *inspector.Module) bool {
	prefix := m.Path + "@" + m.Version + "/"
	var files []string
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			rel, relErr := filepath.Rel(dir, file)
			files, err = append(files, prefix+filepath.ToSlash(rel)), relErr
		}
		return err
	})
	if err != nil || len(files) > maxContractFiles {
		return false
	}
	sum, err := dirhash.Hash1(files, func(name string) (io.ReadCloser, error) {
		return os.Open(filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(name, prefix))))
	})
	return err == nil && sum == m.Sum
}

// A contract is small; these keep a scaffold from swallowing a disk.
const (
	maxContractFile  = 1 << 20 // bytes
	maxContractFiles = 256
)

// readModule reads a module's files: no tests, no hidden ones, no other module.
func readModule(dir string) (map[string][]byte, error) {
	root := os.DirFS(dir)
	files := make(map[string][]byte)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		base := entry.Name()
		if entry.IsDir() {
			_, other := fs.Stat(root, path.Join(name, "go.mod"))
			if other == nil || base == "testdata" || base[0] == '.' || base[0] == '_' {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() || base[0] == '.' || strings.HasSuffix(base, "_test.go") {
			return nil
		}
		if len(files) == maxContractFiles {
			return fmt.Errorf("%s has more than %d files", dir, maxContractFiles)
		}
		files[name], err = readLimited(root, name)
		return err
	})
	return files, err
}

func readLimited(root fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(root, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxContractFile {
		return nil, fmt.Errorf("%s: want a regular file of at most %d bytes", name, maxContractFile)
	}
	return fs.ReadFile(root, name)
}

// check holds a contract, which others made, against what a scaffold can hold.
func (c *Contract) check(plugin string) error {
	if !semver.IsValid(c.Version) { // said here, since module.Check does not quote
		return fmt.Errorf("contract of the host: version %q is none that a go.mod could require", c.Version)
	}
	if err := module.Check(c.Module, c.Version); err != nil {
		return fmt.Errorf("contract of the host: %w", err)
	}
	if c.Module == plugin {
		return fmt.Errorf("module path %q: it is the contract's; a plugin needs another", plugin)
	}
	if strings.ContainsAny(c.Dir, "\r\n`\"") || c.Dir != "" && !filepath.IsAbs(c.Dir) {
		return fmt.Errorf("contract %s: its folder %q cannot stand in a go.mod", c.Module, c.Dir)
	}
	if c.Sum != "" && (strings.ContainsAny(c.Sum, " \r\n") || !strings.HasPrefix(c.Sum, "h1:")) {
		return fmt.Errorf("contract %s: sum %q is no h1: sum", c.Module, c.Sum)
	}
	if len(c.Files["go.mod"]) == 0 {
		return errors.New("contract " + c.Module + ": its source has no go.mod")
	}
	return nil
}

// goSum gives the lines of go.sum for a published contract.
func (c *Contract) goSum() []byte {
	return moduleSums(c.Module, c.Version, c.Sum, c.Files["go.mod"])
}

// moduleSums gives the two lines of go.sum for a module of which the sum of
// its files and its go.mod are known.
func moduleSums(modulePath, version, sum string, goMod []byte) []byte {
	open := func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(goMod)), nil }
	modSum, err := dirhash.Hash1([]string{"go.mod"}, open)
	if err != nil {
		panic(err) // reading from memory cannot fail
	}
	return fmt.Appendf(nil, "%[1]s %[2]s %[3]s\n%[1]s %[2]s/go.mod %[4]s\n", modulePath, version, sum, modSum)
}
