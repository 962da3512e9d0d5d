package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// expandFolders puts a folder's *.so files, in name order, in its place, and what a
// pattern such as plugins/*.so matches where no file is named so: quoted, it reaches
// plugtool as it is.
func expandFolders(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		names := []string{arg}
		if _, err := os.Lstat(arg); errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(arg, "*?[") {
			matched, err := filepath.Glob(arg)
			if err != nil {
				return nil, usagef("", "%s is no file and no pattern: %v", arg, err)
			}
			if names = matched; len(names) == 0 {
				return nil, fmt.Errorf("no file matches %s", arg)
			}
		}
		for _, name := range names {
			expanded, err := expandFolder(name)
			if err != nil {
				return nil, err
			}
			files = append(files, expanded...)
		}
	}
	return files, nil
}

func expandFolder(name string) ([]string, error) {
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		return []string{name}, nil // what is wrong with it is for the verdict to say
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".so" && !e.IsDir() {
			files = append(files, filepath.Join(name, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("folder %s holds no *.so file", name)
	}
	return files, nil
}
