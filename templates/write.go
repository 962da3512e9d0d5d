package templates

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Write writes files, slash-separated paths and contents, into dir, which is
// made where it does not exist and must be empty where it does. It writes all
// of them or none.
//
// Neither group nor others may write what it makes, whatever the umask: hosts
// refuse plugins and plugin folders that others may write.
func Write(dir string, files map[string][]byte) error {
	for name := range files {
		if !fs.ValidPath(name) || name == "." {
			return fmt.Errorf("scaffold: file name %q is no path in it", name)
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("scaffold: %w", err)
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return writeNew(dir, files)
	case err != nil:
		return fmt.Errorf("scaffold: %w", err)
	case len(entries) > 0:
		return fmt.Errorf("scaffold: %s is not empty (it has %s): want a new or an empty folder", dir, entries[0].Name())
	}
	return writeInto(dir, files)
}

// writeNew writes a folder beside dir and renames it.
func writeNew(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("scaffold: %w", err)
	}
	staged, err := stage(filepath.Dir(dir), files)
	if err != nil {
		return err
	}
	if err = os.Rename(filepath.Join(staged, stagedName), dir); err != nil {
		err = fmt.Errorf("scaffold: %w", err)
	}
	return errors.Join(err, os.RemoveAll(staged))
}

// writeInto writes a folder inside dir and renames what is in it. dir itself
// stays what it is: it may be the current folder of a shell, or a mount.
func writeInto(dir string, files map[string][]byte) error {
	staged, err := stage(dir, files)
	if err != nil {
		return err
	}
	source := filepath.Join(staged, stagedName)
	entries, err := os.ReadDir(source)
	var moved []string
	for _, entry := range entries {
		target := filepath.Join(dir, entry.Name())
		if _, statErr := os.Lstat(target); statErr == nil {
			err = fmt.Errorf("%s has come into being meanwhile", target)
		} else {
			err = os.Rename(filepath.Join(source, entry.Name()), target)
		}
		if err != nil {
			break
		}
		moved = append(moved, target)
	}
	if err != nil {
		err = fmt.Errorf("scaffold: %w", err)
		for _, target := range moved {
			err = errors.Join(err, os.RemoveAll(target))
		}
	}
	return errors.Join(err, os.RemoveAll(staged))
}

// stagedName is the scaffold's name in the folder that stage makes.
const stagedName = "new"

// stage writes the files into a folder inside a new hidden one in parent. The
// inner one has the permissions that the scaffold is to have.
func stage(parent string, files map[string][]byte) (string, error) {
	staged, err := os.MkdirTemp(parent, ".plugtool-new-*")
	if err != nil {
		return "", fmt.Errorf("scaffold: %w", err)
	}
	if err := fill(filepath.Join(staged, stagedName), files); err != nil {
		return "", errors.Join(fmt.Errorf("scaffold: %w", err), os.RemoveAll(staged))
	}
	return staged, nil
}

func fill(dir string, files map[string][]byte) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}
