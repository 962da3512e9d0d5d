package builder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/natefinch/atomic"
)

// Extensions of a plugin's signature bundle, and of its attestations' bundles after the
// short name of their type.
const (
	sidecarExtension     = ".sigstore.json"
	attestationExtension = ".intoto" + sidecarExtension
)

// A placement is what a build puts in place together. Everything is written in full,
// beside its place, before anything is renamed: what fails for want of room or rights
// changes nothing.
type placement struct {
	built     string // the plugin in its temporary folder; "" where the output stays as it is
	output    string
	sidecars  []Sidecar
	documents []document

	// beside says what becomes of the sidecars, and of what is there; nil for nothing but
	// that the sidecars get the names that they have.
	beside   func([]Sidecar) (Beside, error)
	stale    []string // what beside says is to be removed
	warnings []string // and what of it has to be told
}

// A document is a file that a build writes beside the plugin.
type document struct {
	file string
	data []byte
}

// place puts the files in their places. Whoever reads one of them, at whatever moment
// and however this ends, reads the old whole file or the new whole one. Whoever verifies
// reads all sidecars, so that the plugin has a matching signature at every moment.
func (p *placement) place(ctx context.Context) error {
	files := []string{p.output}
	var streams []document
	for _, d := range p.documents {
		if isStream(d.file) {
			streams = append(streams, d)
		} else {
			files = append(files, d.file)
		}
	}
	if p.built == "" && len(files) == 1 && len(streams) == 0 {
		return nil
	}
	err := withFolders(ctx, files, func() error {
		w := &waiting{}
		err := p.settle()
		if err == nil {
			err = p.prepare(w)
		}
		if err == nil {
			err = p.commit(w)
		}
		return errors.Join(err, w.remove())
	})
	if err != nil {
		return fmt.Errorf("put %s in place: %w", p.output, err)
	}
	for _, d := range streams {
		if err := writeStream(d); err != nil {
			return err
		}
	}
	return nil
}

// settle asks what becomes of the sidecars, in a folder that is locked.
func (p *placement) settle() error {
	if p.built == "" || p.beside == nil {
		return nil
	}
	beside, err := p.beside(p.sidecars)
	p.sidecars, p.stale, p.warnings = beside.Sidecars, beside.Stale, beside.Warnings
	return err
}

// replaceFile puts new content in the place of a file that is there.
func replaceFile(ctx context.Context, file string, data []byte) error {
	fi, err := os.Stat(file)
	mode := fs.FileMode(0o644)
	if err == nil {
		mode = fi.Mode().Perm()
	}
	to := target(file)
	return withFolders(ctx, []string{to}, func() error { return replaceIn(to, data, mode) })
}

// waiting are the new files under their temporary names.
type waiting struct {
	plugin    string   // "" for none
	sidecars  []string // "" for one that is in its place
	documents []string
}

// remove removes what was not put in place.
func (w *waiting) remove() error {
	var errs []error
	for _, name := range slices.Concat([]string{w.plugin}, w.sidecars, w.documents) {
		if name == "" {
			continue
		}
		if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// prepare writes the files under temporary names.
func (p placement) prepare(w *waiting) (err error) {
	mode := fs.FileMode(0o666)
	if p.built != "" {
		in, err := os.Open(p.built)
		if err != nil {
			return err
		}
		defer in.Close()
		fi, err := in.Stat()
		if err != nil {
			return err
		}
		if w.plugin, err = writeBeside(p.output, in, fi.Mode().Perm()); err != nil {
			return err
		}
		mode &= fi.Mode().Perm() // as the umask left it
	} else if fi, err := os.Stat(p.output); err == nil {
		mode &= fi.Mode().Perm()
	}
	for _, s := range p.sidecars {
		name, err := writeBeside(p.output, bytes.NewReader(s.Data), mode)
		w.sidecars = append(w.sidecars, name)
		if err != nil {
			return err
		}
	}
	for _, d := range p.documents {
		if isStream(d.file) {
			continue
		}
		name, err := writeBeside(target(d.file), bytes.NewReader(d.data), mode)
		w.documents = append(w.documents, name)
		if err != nil {
			return err
		}
	}
	return nil
}

// commit renames the files: the documents, which tell by its digest which plugin they
// are about, and then the plugin with its sidecar.
func (p placement) commit(w *waiting) error {
	i := 0
	for _, d := range p.documents {
		if isStream(d.file) {
			continue
		}
		if err := atomic.ReplaceFile(w.documents[i], target(d.file)); err != nil {
			return err
		}
		i++
	}
	if p.built != "" {
		if err := p.commitPlugin(w); err != nil {
			return err
		}
	}
	syncDir(filepath.Dir(p.output))
	return nil
}

// commitPlugin renames the sidecars to names of their own, then the plugin, then the
// sidecars to theirs. A sidecar that a killed build left under such a name may be the one
// that fits the plugin that is there, and stays until that is replaced.
func (p placement) commitPlugin(w *waiting) error {
	left, err := p.nextSidecars()
	if err != nil {
		return err
	}
	for i, s := range p.sidecars {
		next := p.output + nextMark + s.Extension
		if slices.Contains(left, next) {
			next = p.output + nextMark + strings.TrimPrefix(filepath.Ext(w.sidecars[i]), tempMark) + s.Extension
		}
		if err := atomic.ReplaceFile(w.sidecars[i], next); err != nil {
			return err
		}
		w.sidecars[i] = next
	}
	if err := atomic.ReplaceFile(w.plugin, p.output); err != nil {
		return err
	}
	waiting := w.sidecars
	w.sidecars = nil // they fit the plugin from now on and are not to be removed
	for i, s := range p.sidecars {
		if err := atomic.ReplaceFile(waiting[i], p.output+s.Extension); err != nil {
			return err
		}
	}
	for _, name := range slices.Concat(left, p.stale) {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// nextMark follows the plugin's name in those of sidecars that wait for it.
const nextMark = ".next"

// waitingName is how names of sidecars go on after the plugin's, the mark and its number.
// One is a signer's own where it has part of the signer's fingerprint.
var waitingName = lazily(`^((\.[0-9a-f]{16})?|\.[^.]+(\.[0-9a-f]{16})?\.intoto)\.sigstore\.json$`)

// nextSidecars lists the sidecars that killed builds of the output left under the names
// that they have for a moment only. Those of another plugin, whose name begins like this
// one's, are not among them.
func (p placement) nextSidecars() ([]string, error) {
	found, err := filepath.Glob(escapeGlob(p.output) + nextMark + "*" + sidecarExtension)
	return slices.DeleteFunc(found, func(name string) bool {
		rest := strings.TrimLeft(strings.TrimPrefix(name, p.output+nextMark), "0123456789")
		return !waitingName().MatchString(rest)
	}), err
}

// isStream says that a document goes to what is no file that can be replaced: a device,
// a pipe, standard output.
func isStream(file string) bool {
	fi, err := os.Stat(file)
	return err == nil && !fi.Mode().IsRegular() && !fi.IsDir()
}

func writeStream(d document) error {
	f, err := os.OpenFile(d.file, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(d.data)
	return errors.Join(err, f.Close())
}

// target follows a document's symbolic links: what they lead to is replaced. A plugin's
// are replaced themselves, as go build does.
func target(file string) string {
	if real, err := filepath.EvalSymlinks(file); err == nil {
		return real
	}
	return file
}

// tempMark tells the names under which files are written before they are renamed.
const tempMark = ".plugtool-"

// createBeside makes a temporary file in the folder of a file that is to be replaced.
func createBeside(file string) (*os.File, error) {
	base := filepath.Base(file)
	const longest = 200 // of the 255 bytes that a name may have
	return os.CreateTemp(filepath.Dir(file), "."+base[:min(len(base), longest)]+tempMark+"*")
}

// writeBeside writes a temporary file beside the one that it is to replace and makes
// sure that it is on disk. The name is given with an error too, where a file is left.
func writeBeside(file string, from io.Reader, mode fs.FileMode) (name string, err error) {
	out, err := createBeside(file)
	if err != nil {
		if about, ok := errors.AsType[*fs.PathError](err); ok {
			err = about.Err // nobody knows the name that it has
		}
		return "", fmt.Errorf("create a file in %s: %w", filepath.Dir(file), err)
	}
	_, err = io.Copy(out, from)
	if err == nil {
		err = out.Chmod(mode)
	}
	if err == nil {
		err = out.Sync()
	}
	return out.Name(), errors.Join(err, out.Close())
}

// syncDir makes sure that renames in a folder are on disk. Some file systems cannot;
// the renames are done all the same.
func syncDir(dir string) {
	if f, err := os.Open(dir); err == nil {
		_ = f.Sync()
		_ = f.Close()
	}
}

var globEscaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

func escapeGlob(path string) string { return globEscaper.Replace(path) }
