package builder

import (
	"fmt"
	"go/version"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// folderName admits names that are one folder's, and no option.
var folderName = lazily(`^[A-Za-z0-9][A-Za-z0-9._+-]*$`)

// findSDKs looks for the release where the go command, golang.org/dl and
// distributions put theirs, and at the GOROOT that the user named.
func findSDKs(release string, env GoEnv, opts Options) []SDK {
	home := getEnv(opts.Env, "HOME")
	minor := strings.TrimPrefix(version.Lang(release), "go")
	roots := []string{filepath.Join("/usr/lib", "go-"+minor), "/usr/local/go", "/usr/lib/go", "/usr/lib/golang"}
	// What the host calls its release may lead to a folder of a stranger's, whose go
	// command would be run.
	if folderName().MatchString(release) {
		roots = append(roots, filepath.Join(env.ModCache, "golang.org", fmt.Sprintf("toolchain@v0.0.1-%s.%s-%s", release, env.HostOS, env.HostArch)))
		if home != "" {
			roots = append(roots, filepath.Join(home, "sdk", release))
		}
	}
	if strings.ContainsRune(opts.Toolchain, filepath.Separator) {
		root := opts.Toolchain
		if !filepath.IsAbs(root) {
			root = filepath.Join(opts.Dir, root)
		}
		roots = append(roots, filepath.Clean(root))
	}
	var sdks []SDK
	for _, root := range roots {
		v, err := os.ReadFile(filepath.Join(root, "VERSION"))
		if err != nil {
			continue
		}
		first, _, _ := strings.Cut(string(v), "\n")
		sdk := SDK{Root: root, Version: strings.TrimSpace(first)}
		if _, err := lookPath(nil, "/", sdk.command()); err == nil {
			sdks = append(sdks, sdk)
		}
	}
	return sdks
}

// moduleFolder finds a module's source on this machine: in the folder that was
// given for it, the plugin's own, one that the plugin replaces it by, its workspace,
// a folder that was found, or the module cache.
func (s *Source) moduleFolder(f *hostFacts, mod string) string {
	if dir := s.Given[mod]; dir != "" {
		return dir
	}
	if modfile.ModulePath(s.ModFile.Content) == mod {
		return s.Dir
	}
	if own, err := modfile.Parse(s.ModFile.Name, s.ModFile.Content, nil); err == nil {
		for _, r := range own.Replace {
			if folder, _ := replacement(own, s.Dir, r.Old.Path, r.Old.Version); r.Old.Path == mod && folder != "" && s.Folders[folder].Content != nil {
				return folder
			}
		}
	}
	if s.Work != nil {
		for _, m := range s.Work.Members {
			if modfile.ModulePath(m.ModFile.Content) == mod {
				return m.Dir
			}
		}
	}
	if dir := s.Borrowed[mod]; dir != "" {
		return dir
	}
	if v, ok := f.pinned(mod); ok {
		p := &planner{src: *s}
		return p.cacheFolder(module.Version{Path: mod, Version: v})
	}
	return ""
}
