package builder

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/natefinch/atomic"

	"github.com/plugtool/plugtool/isolate"
)

// An isolatedMemo is what became of an isolation. The next one of the same begins with
// it, where all that may have changed since is as it was.
type isolatedMemo struct {
	Isolated        *Isolated
	Details         IsolatedDetails
	Files, Licences []string
	Read            map[string]string // files that may change: SHA-256 of their content, "" for none
	Folders         map[string]string // folders that may get other files: of their names
}

const isolatedMemoVersion = 3 // of the form above, and of what isolate makes of it

// isolatedMemoFile names the file of a memo after all that decides about an isolation
// but the content of folders. It is "" where there can be none.
func (r *run) isolatedMemoFile(src Source) string {
	if r.opts.Cache == "" {
		return ""
	}
	b := r.facts.Binary
	id, _ := goBuildID(b.File)
	if id == "" {
		var err error
		if id, err = fileDigest(b.File); err != nil {
			return ""
		}
	}
	var contract []string
	for _, c := range slices.Concat(r.opts.Contract, r.host.Contract()) {
		contract = append(contract, c.String())
	}
	data, err := json.Marshal([]any{isolatedMemoVersion, src, r.opts.Isolate, r.opts.Flags, r.opts.Toolchain, contract, id, b.GoVersion, b.Main, b.Deps, b.Settings})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return filepath.Join(r.opts.Cache, "isolated-"+hex.EncodeToString(sum[:16])+".json")
}

// recallIsolated isolates as the last time.
func (r *run) recallIsolated(src Source) (Source, bool) {
	file := r.isolatedMemoFile(src)
	if file == "" {
		return src, false
	}
	data, err := readRegular(file)
	var m isolatedMemo
	if err != nil || json.Unmarshal(data, &m) != nil || m.Isolated == nil {
		return src, false
	}
	for name, sum := range m.Read {
		if sumOf(name) != sum {
			return src, false
		}
	}
	for dir, sum := range m.Folders {
		if namesIn(dir) != sum {
			return src, false
		}
	}
	dir := r.isolatedFolder(m.Isolated.Copies)
	if !storedWhole(dir, m) {
		return src, false
	}
	m.Isolated.Details = m.Details
	src.Isolated = m.Isolated
	return src.inIsolation(dir), true
}

// keepIsolated keeps what became of an isolation. What is embedded in copies of
// packages from folders is not watched, so there is no memo of such.
func (i *isolating) keepIsolated(src, out Source) {
	file := i.isolatedMemoFile(src)
	if file == "" {
		return
	}
	m := isolatedMemo{
		Isolated: out.Isolated, Details: out.Isolated.Details,
		Files: slices.Sorted(maps.Keys(i.copies.Files)), Licences: slices.Sorted(maps.Keys(i.copies.Licences)),
		Read: map[string]string{}, Folders: map[string]string{},
	}
	for _, p := range i.graph.Packages {
		if p.Standard || !p.Module.MayChange() {
			continue
		}
		if len(p.EmbedFiles) > 0 && i.choice.Fate(p.ImportPath) == isolate.Moved {
			return
		}
		m.Folders[p.Dir] = namesIn(p.Dir)
		mod := filepath.Join(p.Module.Dir, "go.mod")
		m.Read[mod] = sumOf(mod)
		for _, name := range p.Files() {
			name = filepath.Join(p.Dir, name)
			m.Read[name] = sumOf(name)
		}
	}
	data, err := json.Marshal(m)
	if err != nil || os.MkdirAll(i.opts.Cache, 0o700) != nil {
		return
	}
	forgetOldest(i.opts.Cache)
	_ = atomic.WriteFile(file, bytes.NewReader(data))
}

func sumOf(name string) string {
	content, err := readRegular(name)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// namesIn names the files of a folder by a hash.
func namesIn(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	h := sha256.New()
	for _, e := range entries {
		if isSource(e.Name()) && !strings.HasSuffix(e.Name(), "_test.go") {
			fmt.Fprintf(h, "%q %v\n", e.Name(), e.Type())
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// isolatedFolder gives the folder for private copies. It stays after the build, for
// debuggers and for the next build; where the user has no folder for caches, it goes
// with the build's.
func (r *run) isolatedFolder(digest string) string {
	if r.opts.Cache == "" {
		return filepath.Join(r.work.path, "isolated", digest)
	}
	return filepath.Join(r.opts.Cache, "isolated", digest)
}

// storeCopies writes copies into a folder that is named by their content, unless they
// are there. Nothing is written outside of it, whatever the files are called.
func storeCopies(dir string, c *isolate.Copies) error {
	all := maps.Clone(c.Files)
	maps.Copy(all, c.Licences)
	if holdsAll(dir, all) {
		return nil
	}
	base := filepath.Dir(dir)
	if err := os.MkdirAll(base, 0o700); err != nil {
		return err
	}
	forgetCopies(base)
	temp, err := os.MkdirTemp(base, ".new")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	if err := writeCopies(temp, all); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil { // it was damaged
		return err
	}
	err = os.Rename(temp, dir)
	if err != nil && holdsAll(dir, all) { // another build was first
		return nil
	}
	return err
}

func writeCopies(dir string, all map[string][]byte) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
			return err
		}
		if err := root.WriteFile(name, all[name], 0o600); err != nil {
			return err
		}
	}
	return nil
}

// holdsAll says whether a folder holds files with just that content.
func holdsAll(dir string, all map[string][]byte) bool {
	for name, content := range all {
		if have, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))); err != nil || !bytes.Equal(have, content) {
			return false
		}
	}
	return true
}

// storedWhole says whether copies are there as they were made.
func storedWhole(dir string, m isolatedMemo) bool {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return false
	}
	defer root.Close()
	c := isolate.Copies{Files: map[string][]byte{}, Licences: map[string][]byte{}}
	for _, name := range m.Files {
		if c.Files[name], err = fs.ReadFile(root.FS(), name); err != nil {
			return false
		}
	}
	for _, name := range m.Licences {
		if c.Licences[name], err = fs.ReadFile(root.FS(), name); err != nil {
			return false
		}
	}
	now := time.Now()
	_ = os.Chtimes(dir, now, now)
	return c.Digest() == m.Isolated.Copies
}

// forgetCopies removes copies that no build used for long, and what killed builds left.
func forgetCopies(base string) {
	entries, err := os.ReadDir(base)
	if err != nil {
		return
	}
	for _, e := range entries {
		fi, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || err != nil || !fi.IsDir() || time.Since(fi.ModTime()) <= keptFor {
			continue
		}
		_ = os.RemoveAll(filepath.Join(base, e.Name()))
	}
}
