package builder

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gofrs/flock"
	"github.com/natefinch/atomic"

	"github.com/plugtool/plugtool/inspector"
)

// sidecarExtension is that of a plugin's signature bundle.
const sidecarExtension = ".sigstore.json"

// outputFile gives the file that a build writes: what -o names, a file of the
// default name in it if that is a folder, or what go build would write.
func outputFile(opts Options, importPath string) (string, error) {
	name := defaultName(importPath)
	out := opts.Output
	if out == "" {
		out = name
	}
	if !filepath.IsAbs(out) {
		out = filepath.Join(opts.Dir, out) + trailingSlash(out)
	}
	fi, err := os.Stat(out)
	switch {
	case err == nil && fi.IsDir() || trailingSlash(out) != "":
		out = filepath.Join(out, name)
	case err == nil && !fi.Mode().IsRegular():
		return "", fmt.Errorf("output %s is not a regular file (%s)", out, fi.Mode().Type())
	}
	return filepath.Clean(out), nil
}

func trailingSlash(path string) string {
	if path != "" && os.IsPathSeparator(path[len(path)-1]) {
		return string(filepath.Separator)
	}
	return ""
}

// defaultName is the name that go build -buildmode=plugin gives its output: the
// import path's last element, but for a major version.
func defaultName(importPath string) string {
	elems := strings.Split(importPath, "/")
	last := elems[len(elems)-1]
	if len(elems) > 1 && isMajor(last) {
		last = elems[len(elems)-2]
	}
	return last + ".so"
}

// isMajor says whether a path's element is a major version: v2, v10.
func isMajor(elem string) bool {
	digits, ok := strings.CutPrefix(elem, "v")
	return ok && digits != "" && digits != "1" && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

// checkOutput says, before anything is built, whether the output can be
// written, and removes what a killed build of it left.
func checkOutput(output string) error {
	dir := filepath.Dir(output)
	if fi, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("output folder %s does not exist; make it: mkdir -p %s", dir, inspector.ShellQuote(dir))
	} else if err == nil && !fi.IsDir() {
		return fmt.Errorf("output folder %s is not a folder", dir)
	}
	err := withLock(dir, func() error {
		if err := removeLeft(output); err != nil {
			return err
		}
		f, err := os.CreateTemp(dir, tempName(output))
		if err != nil {
			return err
		}
		return errors.Join(f.Close(), os.Remove(f.Name()))
	})
	if err != nil {
		return fmt.Errorf("output folder %s cannot be written: %w", dir, err)
	}
	return nil
}

// withLock keeps other builds out of a folder while act puts files there.
func withLock(dir string, act func() error) (err error) {
	lock := flock.New(dir, flock.SetFlag(os.O_RDONLY))
	err = lock.Lock()
	if errors.Is(err, syscall.EBADF) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOLCK) {
		return act() // network file systems without such locks
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	return act()
}

// tempName is the pattern of the names under which an output is written before
// it is renamed.
func tempName(output string) string { return "." + filepath.Base(output) + ".plugtool-*" }

// place puts a built plugin and its sidecar, if it has one, in their places: the
// sidecar under a name of its own, then the plugin, then the sidecar under its
// own name. Whoever verifies reads both names, so that the plugin has a matching
// signature at every moment.
func place(built, output string, sidecar []byte) error {
	err := withLock(filepath.Dir(output), func() error {
		if err := removeLeft(output); err != nil {
			return err
		}
		if err := placeLocked(built, output, sidecar); err != nil {
			return errors.Join(err, removeLeft(output))
		}
		return syncDir(filepath.Dir(output))
	})
	if err != nil {
		return fmt.Errorf("put %s in place: %w", output, err)
	}
	return nil
}

func placeLocked(built, output string, sidecar []byte) error {
	in, err := os.Open(built)
	if err != nil {
		return err
	}
	defer in.Close()
	fi, err := in.Stat()
	if err != nil {
		return err
	}
	temp, err := writeBeside(output, in, fi.Mode().Perm())
	if err != nil {
		return err
	}
	if sidecar == nil {
		return atomic.ReplaceFile(temp, output)
	}
	next := output + ".next" + sidecarExtension
	tempSidecar, err := writeBeside(output, bytes.NewReader(sidecar), fi.Mode().Perm()&0o666)
	if err != nil {
		return err
	}
	if err := atomic.ReplaceFile(tempSidecar, next); err != nil {
		return err
	}
	if err := atomic.ReplaceFile(temp, output); err != nil {
		return err
	}
	return atomic.ReplaceFile(next, output+sidecarExtension)
}

// removeLeft removes the temporary files of an output: under the lock they are
// of builds that were killed, or failed.
func removeLeft(output string) error {
	left, err := filepath.Glob(filepath.Join(escapeGlob(filepath.Dir(output)), escapeGlob("."+filepath.Base(output))+".plugtool-*"))
	if err != nil {
		return err
	}
	for _, file := range left {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

var globEscaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

func escapeGlob(path string) string { return globEscaper.Replace(path) }

// writeBeside writes a temporary file in the output's folder and makes sure that
// it is on disk.
func writeBeside(output string, from io.Reader, mode fs.FileMode) (name string, err error) {
	out, err := os.CreateTemp(filepath.Dir(output), tempName(output))
	if err != nil {
		return "", err
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

// syncDir makes sure that renames in a folder are on disk.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	// Some file systems cannot; the renames are done all the same.
	_ = f.Sync()
	return f.Close()
}
