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

	"github.com/plugtool/plugtool/inspector"
)

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

// checkOutput says, before anything is built, whether all files can be written, and
// removes what killed builds left beside them.
func checkOutput(ctx context.Context, files []string) error {
	for i, file := range files {
		if slices.Contains(files[:i], file) {
			return &UsageError{Reason: fmt.Sprintf("%s is named twice: the plugin and each document need a file of their own", file)}
		}
		dir := filepath.Dir(file)
		if fi, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("output folder %s does not exist; make it: mkdir -p %s", dir, inspector.ShellQuote(dir))
		} else if err == nil && !fi.IsDir() {
			return fmt.Errorf("output folder %s is not a folder", dir)
		}
		if fi, err := os.Stat(file); err == nil && fi.IsDir() {
			return fmt.Errorf("%s has to be written and is a folder", file)
		}
		if err := mayReplace(file, i == 0); err != nil {
			return err
		}
	}
	return withFolders(ctx, files, func() error {
		for _, dir := range folders(files) {
			f, err := createBeside(filepath.Join(dir, "probe"))
			if err != nil {
				return fmt.Errorf("output folder %s cannot be written: %w", dir, err)
			}
			if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
				return err
			}
		}
		return nil
	})
}

// mayReplace refuses to write over a file that no build can have written, as go build
// does: a mistyped name is not to cost anybody their source. A plugin replaces what is
// called one, a program or library, and an empty file; a document replaces JSON.
func mayReplace(file string, plugin bool) error {
	if plugin && filepath.Ext(file) == ".so" || strings.HasSuffix(file, sidecarExtension) {
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil // what is not there; what cannot be read is replaced or not by its folder's rights
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() {
		return nil
	}
	start := make([]byte, 8)
	n, err := io.ReadFull(f, start)
	if start = start[:n]; n == 0 || err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	what, fits := "a document", bytes.HasPrefix(bytes.TrimLeft(start, " \t\r\n"), []byte("{"))
	if plugin {
		what, fits = "a plugin", bytes.HasPrefix(start, []byte("\x7fELF")) || bytes.HasPrefix(start, []byte("!<arch>"))
	}
	if fits {
		return nil
	}
	return &UsageError{Reason: fmt.Sprintf("%s would be written over %s, which is there and is none", what, file),
		Hint: "give another name, or remove that file first"}
}

// files lists the files that a build writes: the plugin first, the sidecars that it gets,
// and the documents that are to be files.
func (o Options) files() []string {
	files := []string{o.Output}
	for _, s := range o.Seals {
		files = append(files, o.Output+s.Extension)
	}
	for _, d := range o.Documents {
		if !isStream(d.File) {
			files = append(files, d.File)
		}
	}
	return files
}
