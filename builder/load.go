package builder

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
)

// Load gathers what NewPlan needs to know of the plugin's source and of this
// machine. It runs one go command, go env, which reaches no network.
func Load(ctx context.Context, host Host, opts Options) (Source, error) {
	return new(known).load(ctx, host, opts)
}

// loadGoEnv asks the go command for its settings, outside any module, so that no
// go line of a go.mod makes it fetch another release.
func loadGoEnv(ctx context.Context, opts Options) (GoEnv, error) {
	command, err := lookPath(opts.Env, opts.Dir, "go")
	if err != nil {
		return GoEnv{}, fmt.Errorf("building a plugin needs the go command, and there is none in PATH; see https://go.dev/dl")
	}
	var env struct {
		GOVERSION, GOROOT, GOMODCACHE, GOTOOLCHAIN, GOHOSTOS, GOHOSTARCH string
		GOFLAGS, CC, CXX, CGO_ENABLED, GOEXPERIMENT, GOWORK, GO111MODULE string
		GOPROXY, GOSUMDB, GOCACHE, GOFIPS140, GOENV                      string
	}
	c := goCommand{path: command, dir: filepath.VolumeName(opts.Dir) + string(filepath.Separator), env: opts.Env, args: []string{"env", "-json",
		"GOVERSION", "GOROOT", "GOMODCACHE", "GOTOOLCHAIN", "GOHOSTOS", "GOHOSTARCH",
		"GOFLAGS", "CC", "CXX", "CGO_ENABLED", "GOEXPERIMENT", "GOWORK", "GO111MODULE",
		"GOPROXY", "GOSUMDB", "GOCACHE", "GOFIPS140", "GOENV"}}
	out, _, err := c.run(ctx, nil)
	if err != nil {
		return GoEnv{}, explained(err, &failure{env: opts.Env})
	}
	if err := json.Unmarshal(out, &env); err != nil {
		return GoEnv{}, fmt.Errorf("read what go env printed: %w", err)
	}
	cgo := cgoSettings(opts.Env, env.GOENV)
	return GoEnv{
		Command: command, Version: env.GOVERSION, Root: env.GOROOT, ModCache: env.GOMODCACHE,
		Toolchain: env.GOTOOLCHAIN, HostOS: env.GOHOSTOS, HostArch: env.GOHOSTARCH,
		Flags: env.GOFLAGS, CC: env.CC, CXX: env.CXX, CPPFlags: cgo("CGO_CPPFLAGS", ""), CFlags: cgo("CGO_CFLAGS", defaultCgoFlags), LDFlags: cgo("CGO_LDFLAGS", defaultCgoFlags), Cgo: getEnv(opts.Env, "CGO_ENABLED"),
		Experiment: env.GOEXPERIMENT, Work: env.GOWORK, ModuleMode: env.GO111MODULE,
		Proxy: env.GOPROXY, SumDB: env.GOSUMDB, Cache: env.GOCACHE, FIPS: env.GOFIPS140,
	}, nil
}

// cgoSettings gives the user's settings for the C compiler as the go command sees them
// (cmd/go/internal/cfg, Getenv and readEnvFile). Asked for them, it would run that
// compiler and make a temporary folder, which takes longer than all else that it says.
func cgoSettings(env []string, file string) func(key, unset string) string {
	written := map[string]string{}
	if filepath.IsAbs(file) { // off stands for none
		content, _ := readOptional(file) // which the go command has read
		for line := range strings.Lines(string(content)) {
			if key, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "="); ok {
				written[key] = value
			}
		}
	}
	return func(key, unset string) string { return cmp.Or(getEnv(env, key), written[key], unset) }
}

// locate finds the package's folder and its module. A package given by its
// folder may lie in another module than opts.Dir. It gives the folder from which
// a workspace is looked for.
func (s *Source) locate(opts Options) (start string, err error) {
	pkg := opts.Package
	if pkg == "" {
		pkg = "."
	}
	// The go command would take such a name for a flag, and some of those run programs.
	if strings.HasPrefix(pkg, "-") || strings.ContainsAny(pkg, "\x00\r\n") {
		return "", &UsageError{Reason: fmt.Sprintf("package %q: want an import path, or a folder such as ./plugin", pkg)}
	}
	start = opts.Dir
	local := isLocal(pkg)
	target := filepath.Join(opts.Dir, pkg)
	if filepath.IsAbs(pkg) {
		target = filepath.Clean(pkg)
	}
	if local {
		fi, err := os.Stat(target)
		if err != nil {
			return "", fmt.Errorf("package %s: %w", pkg, err)
		}
		if start = target; !fi.IsDir() {
			start = filepath.Dir(target)
		}
	}
	mod := findUp(start, "go.mod")
	if mod == "" {
		return "", fmt.Errorf("no go.mod in %s or above it: a plugin needs a module (go mod init NAME)", start)
	}
	s.ModFile.Name, s.Dir, s.Package = mod, filepath.Dir(mod), pkg
	if local {
		rel, err := filepath.Rel(s.Dir, target)
		if err != nil {
			return "", err
		}
		s.Package = "./" + filepath.ToSlash(rel)
		if rel == "." {
			s.Package = "."
		}
	}
	return start, nil
}

// readModule reads go.mod, or the file that GOFLAGS has in its place, and go.sum.
func (s *Source) readModule() error {
	words, err := splitQuoted(s.Go.Flags)
	if err != nil {
		return &UsageError{Reason: fmt.Sprintf("GOFLAGS=%q: %v", s.Go.Flags, err)}
	}
	mod := ""
	for _, word := range words {
		switch name, value, _ := splitFlag(word); name {
		case "modfile":
			s.ModFile.Name = value
			if !filepath.IsAbs(value) {
				s.ModFile.Name = filepath.Join(s.Dir, value)
			}
		case "mod":
			mod = value
		}
	}
	if s.ModFile.Content, err = readRegular(s.ModFile.Name); err != nil {
		return err
	}
	s.SumFile.Name = strings.TrimSuffix(s.ModFile.Name, ".mod") + ".sum"
	if s.SumFile.Content, err = readOptional(s.SumFile.Name); err != nil {
		return err
	}
	f, err := modfile.Parse(s.ModFile.Name, s.ModFile.Content, nil)
	if err != nil {
		return err
	}
	if f.Module != nil {
		s.Path = importPath(f.Module.Mod.Path, s.Package)
	}
	_, err = os.Stat(filepath.Join(s.Dir, "vendor", "modules.txt"))
	s.Vendored = err == nil && (mod == "" || mod == "vendor")
	return nil
}

// importPath gives a package's import path as far as it shows without asking.
func importPath(mod, pkg string) string {
	switch {
	case strings.HasSuffix(pkg, ".go"):
		return strings.TrimSuffix(path.Base(pkg), ".go")
	case pkg == "." || strings.HasPrefix(pkg, "./"):
		return path.Join(mod, pkg)
	}
	return pkg
}

// readWorkspace reads the workspace that is in effect in the folder start, if
// the plugin's module is a member of it.
func (s *Source) readWorkspace(start string, opts Options) error {
	file := s.Go.Work
	switch {
	case file == "off":
		return nil
	case file == "":
		if file = findUp(start, "go.work"); file == "" {
			return nil
		}
	case !filepath.IsAbs(file):
		return &UsageError{Reason: fmt.Sprintf("GOWORK=%s: want an absolute path", file)}
	}
	content, err := readRegular(file)
	if err != nil {
		return err
	}
	f, err := modfile.ParseWork(file, content, nil)
	if err != nil {
		return err
	}
	w := &Work{File: File{Name: file, Content: content}}
	if w.Sum, err = readOptional(file + ".sum"); err != nil {
		return err
	}
	for _, use := range f.Use {
		dir := use.Path
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(filepath.Dir(file), dir)
		}
		name := filepath.Join(dir, "go.mod")
		content, err := readRegular(name)
		if err != nil {
			return fmt.Errorf("workspace %s: %w", file, err)
		}
		w.Members = append(w.Members, Member{Dir: dir, ModFile: File{Name: name, Content: content}})
	}
	if slices.ContainsFunc(w.Members, func(m Member) bool { return m.Dir == s.Dir }) {
		s.Work = w
	} else {
		s.OtherWork = true
	}
	return nil
}

// findSums reads from the module cache the checksums of the versions that the
// host has of the modules that the plugin requires.
func (s *Source) findSums(f *hostFacts) {
	s.Sums = map[module.Version]Sums{}
	own, err := modfile.Parse(s.ModFile.Name, s.ModFile.Content, nil)
	if err != nil {
		return // readModule has said so
	}
	for _, r := range own.Require {
		mod, sum := f.sum(r.Mod.Path)
		if sum == "" || r.Mod == mod {
			continue
		}
		if sums, err := cachedSums(s.Go.ModCache, mod); err == nil {
			s.Sums[mod] = sums
		}
	}
}

// cachedSums reads the checksums of a module version that the go command
// downloaded and checked before.
func cachedSums(cache string, mod module.Version) (Sums, error) {
	escaped, err := module.EscapePath(mod.Path)
	if err != nil {
		return Sums{}, err
	}
	version, err := module.EscapeVersion(mod.Version)
	if err != nil {
		return Sums{}, err
	}
	base := filepath.Join(cache, "cache", "download", filepath.FromSlash(escaped), "@v", version)
	zip, err := readRegular(base + ".ziphash")
	if err != nil {
		return Sums{}, err
	}
	gomod, err := readRegular(base + ".mod")
	if err != nil {
		return Sums{}, err
	}
	sum, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(gomod)), nil
	})
	return Sums{Zip: strings.TrimSpace(string(zip)), GoMod: sum}, err
}

// findUp looks for a file in a folder and those above it.
func findUp(dir, name string) string {
	for {
		file := filepath.Join(dir, name)
		if fi, err := os.Stat(file); err == nil && fi.Mode().IsRegular() {
			return file
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// readOptional reads a file; one that is not there has no content.
func readOptional(name string) ([]byte, error) {
	content, err := readRegular(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return content, err
}
