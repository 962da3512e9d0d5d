package builder

import (
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	modzip "golang.org/x/mod/zip"

	"github.com/plugtool/plugtool/inspector"
)

// dependencies lists what the plugin was built from: its module and source revision,
// the other modules in it, the Go toolchain and the host.
func (b *Built) dependencies(ctx context.Context, host resourceDescriptor) ([]resourceDescriptor, error) {
	bin := inspector.NewPlugin(b.Output, b.Data).Binary
	if bin == nil {
		return nil, fmt.Errorf("%s is no Go binary", b.Output)
	}
	main := b.local(bin.Main.Path, b.src.Dir)
	main.Annotations = map[string]any{"main": true}
	list := []resourceDescriptor{main}
	if rev, ok := b.revision(ctx); ok {
		list = append(list, rev)
	}
	for _, m := range bin.Deps {
		list = append(list, b.moduleDescriptor(m))
	}
	return append(list, b.toolchainDescriptor(), host), nil
}

// moduleDescriptor describes a module as recordedModule does, with the content of one
// that was taken from a folder.
func (b *Built) moduleDescriptor(m inspector.Module) resourceDescriptor {
	d := recordedModule(m)
	if m.Replace != nil && isVersion(m.Replace.Version) || m.Replace == nil && isVersion(m.Version) {
		return d
	}
	d.Digest = b.local(m.Path, b.moduleDir(m)).Digest
	return d
}

// local describes a module that was taken from a folder.
func (b *Built) local(path, dir string) resourceDescriptor {
	d := resourceDescriptor{Name: path, URI: ModuleURL(path, "")}
	if sum, err := b.folderHash(path, dir); dir != "" && err == nil {
		d.Digest = map[string]string{"dirHash": sum}
	}
	return d
}

// moduleDir finds the folder that a module without a version was taken from.
func (b *Built) moduleDir(m inspector.Module) string {
	if m.Replace != nil && filepath.IsAbs(m.Replace.Path) {
		return m.Replace.Path
	}
	if m.Replace != nil {
		return filepath.Join(b.src.Dir, filepath.FromSlash(m.Replace.Path))
	}
	for dir, file := range b.src.Folders {
		if modfile.ModulePath(file.Content) == m.Path {
			return dir
		}
	}
	if b.src.Work != nil {
		for _, member := range b.src.Work.Members {
			if modfile.ModulePath(member.ModFile.Content) == m.Path {
				return member.Dir
			}
		}
	}
	return ""
}

// folderHash is the h1 hash of the files that a module zip of the folder would hold,
// but for those that this build writes, under the module's path without a version.
func (b *Built) folderHash(mod, dir string) (string, error) {
	files, err := modzip.CheckDir(dir)
	if err != nil {
		return "", err
	}
	written := b.opts.files()
	at := map[string]string{}
	for _, file := range files.Valid {
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return "", err
		}
		if !slices.Contains(written, file) {
			at[path.Join(mod, filepath.ToSlash(rel))] = file
		}
	}
	sum, err := dirhash.Hash1(slices.Collect(maps.Keys(at)), func(name string) (io.ReadCloser, error) { return os.Open(at[name]) })
	return dirHash(sum), err
}

// dirHash gives an h1 sum in hexadecimal digits, as in-toto writes it.
func dirHash(h1 string) string {
	data, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(h1, "h1:"))
	if err != nil || len(data) != sha256.Size {
		return ""
	}
	return hex.EncodeToString(data)
}

// ModuleURL gives a Go module's package URL (github.com/package-url/purl-spec); without
// a version for a module that was taken from a folder.
func ModuleURL(path, version string) string {
	url := "pkg:golang/" + strings.ReplaceAll(path, "+", "%2B")
	if version != "" {
		url += "@" + strings.ReplaceAll(version, "+", "%2B")
	}
	return url
}

// toolchainDescriptor describes the Go that compiled. Where it lies on this machine, its
// compiler's digest tells a patched one.
func (b *Built) toolchainDescriptor() resourceDescriptor {
	version := b.Plan.Toolchain.Version
	d := resourceDescriptor{Name: "go", URI: "pkg:generic/go@" + strings.TrimPrefix(version, "go"),
		Annotations: map[string]any{"version": version}}
	platform := runtime.GOOS + "-" + runtime.GOARCH
	if env := b.src.Go; env.HostOS != "" {
		platform = env.HostOS + "-" + env.HostArch
	}
	mod := module.Version{Path: "golang.org/toolchain", Version: "v0.0.1-" + version + "." + platform}
	if releasePattern().MatchString(version) {
		d.URI = ModuleURL(mod.Path, mod.Version)
	}
	root := filepath.Dir(filepath.Dir(b.Plan.Toolchain.Command))
	switch {
	case b.Plan.Toolchain.Select != "local":
		root = (&planner{src: b.src}).cacheFolder(mod)
	case b.Plan.Toolchain.Command == b.src.Go.Command:
		root = b.src.Go.Root
	}
	compiler := filepath.Join(root, "pkg", "tool", strings.ReplaceAll(platform, "-", "_"), "compile")
	if sum, err := fileDigest(compiler); err == nil {
		d.Annotations["compile"] = map[string]string{"sha256": sum}
	}
	return d
}

// hostDescriptor identifies the host that the plugin was built for.
func hostDescriptor(file string, b *inspector.Binary) (resourceDescriptor, error) {
	sum, err := fileDigest(file)
	if err != nil {
		return resourceDescriptor{}, fmt.Errorf("the host's digest for the provenance: %w", err)
	}
	d := resourceDescriptor{Name: filepath.Base(file), Digest: map[string]string{"sha256": sum},
		Annotations: map[string]any{"goVersion": b.GoVersion, "platform": b.Platform}}
	if b.Path != "" {
		d.Annotations["path"] = b.Path
	}
	if m := b.Main; m.Path != "" {
		d.Annotations["module"] = strings.TrimSuffix(m.Path+"@"+m.Version, "@")
	}
	for _, key := range []string{"vcs.revision", "vcs.modified"} {
		if v := b.Setting(key); v != "" {
			d.Annotations[key] = v
		}
	}
	id, isELF := goBuildID(file)
	if id != "" {
		d.Annotations["buildID"] = id
	}
	if !isELF {
		d.Annotations["descriptor"] = true // the digest is of the descriptor
	}
	return d, nil
}

func fileDigest(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// goBuildID reads the go command's build id from an executable's notes
// (cmd/internal/buildid/note.go): "" where there is none.
func goBuildID(file string) (id string, isELF bool) {
	f, err := elf.Open(file)
	if err != nil {
		return "", false
	}
	defer f.Close()
	const most = 64 << 10
	for _, p := range f.Progs {
		if p.Type != elf.PT_NOTE || p.Filesz > most {
			continue
		}
		data := make([]byte, p.Filesz)
		if _, err := p.ReadAt(data, 0); err != nil {
			continue
		}
		if id := noteNamed(data, f.ByteOrder.Uint32, "Go\x00\x00", 4); id != "" {
			return strings.ToValidUTF8(id, "\uFFFD"), true
		}
	}
	return "", true
}

// noteNamed gives the content of the note of a name and kind.
func noteNamed(data []byte, word func([]byte) uint32, name string, kind uint32) string {
	align := func(n uint32) uint64 { return (uint64(n) + 3) &^ 3 }
	for len(data) >= 12 {
		nameSize, size, tag := word(data), word(data[4:]), word(data[8:])
		end := 12 + align(nameSize) + align(size)
		if end > uint64(len(data)) {
			return ""
		}
		if tag == kind && string(data[12:12+align(nameSize)]) == name {
			return string(data[12+align(nameSize):][:size])
		}
		data = data[end:]
	}
	return ""
}
