package loader

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A privateDir is a new folder that only this process's user can use.
type privateDir string

// makePrivateDir makes a folder in parent.
// The number goes into its name: package plugin knows what it opened by path
// for ever, so a path must not come back after its folder was removed.
func makePrivateDir(parent string, number int) (privateDir, error) {
	parent, err := filepath.Abs(parent)
	if err == nil {
		parent, err = filepath.EvalSymlinks(parent)
	}
	if err != nil {
		return "", fmt.Errorf("folder for private copies: %w; set Policy.Dir or TMPDIR to one that exists", err)
	}
	if err := unmovable(parent); err != nil {
		return "", fmt.Errorf("folder for private copies: %w; set Policy.Dir or TMPDIR to another", err)
	}
	if noExec(parent) {
		return "", fmt.Errorf("folder for private copies: %s is mounted noexec; set Policy.Dir or TMPDIR to one that is not", parent)
	}
	dir, err := os.MkdirTemp(parent, fmt.Sprintf("plugtool-%d-*", number)) // mode 0700
	if err != nil {
		return "", fmt.Errorf("folder for private copies: %w; set Policy.Dir or TMPDIR to another", err)
	}
	return privateDir(dir), nil
}

// write makes a file that nobody can write, and gives its path. The name stays
// as it was, so that Go's own error texts are recognised.
func (d privateDir) write(name string, data []byte) (string, error) {
	file := filepath.Join(string(d), name)
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	if err != nil {
		return "", fmt.Errorf("private copy: %w", err)
	}
	_, err = f.Write(data)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", fmt.Errorf("private copy: %w", err)
	}
	return file, nil
}

// remove removes the folder. A failure is of no consequence to the caller:
// what stays behind is private and will not be opened again.
func (d privateDir) remove() { _ = os.RemoveAll(string(d)) }

// explainOpen adds to Go's error what the loader knows about its cause, and
// takes the private folder's name out of it.
func explainOpen(err error, file string) error {
	text := strings.ReplaceAll(err.Error(), filepath.Dir(file)+string(filepath.Separator), "")
	switch {
	case strings.Contains(text, "failed to map segment"):
		return fmt.Errorf("%s (is %s mounted noexec? set Policy.Dir or TMPDIR to another folder)", text, filepath.Dir(filepath.Dir(file)))
	case strings.Contains(text, "cannot open shared object file"):
		return fmt.Errorf("%s (libraries are searched where the dynamic linker is told to, not beside the plugin)", text)
	}
	return fmt.Errorf("%s", text)
}
