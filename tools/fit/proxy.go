package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// makeProxy publishes the modules of src/modules, and the host as v1.0.0 and v1.1.0,
// in a file tree that serves as GOPROXY (https://go.dev/ref/mod#goproxy-protocol).
func (w *workshop) makeProxy() error {
	base := filepath.Join(w.sources, "modules")
	var trees []string
	for _, depth := range []string{"*", "*/*"} {
		found, err := filepath.Glob(filepath.Join(base, "*", depth+"@*"))
		if err != nil {
			return err
		}
		trees = append(trees, found...)
	}
	for _, tree := range trees {
		rel, err := filepath.Rel(base, tree)
		if err != nil {
			return err
		}
		path, version, _ := strings.Cut(filepath.ToSlash(rel), "@")
		if err := w.publish(tree, module.Version{Path: path, Version: version}); err != nil {
			return err
		}
	}
	for _, version := range []string{"v1.0.0", "v1.1.0"} {
		if err := w.publish(filepath.Join(w.sources, "app"), module.Version{Path: "example.com/app", Version: version}); err != nil {
			return err
		}
	}
	return nil
}

func (w *workshop) publish(tree string, mod module.Version) error {
	escaped, err := module.EscapePath(mod.Path)
	if err != nil {
		return err
	}
	dir := filepath.Join(w.dir, "proxy", escaped, "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var content bytes.Buffer
	if err := zip.CreateFromDir(&content, mod, tree); err != nil {
		return err
	}
	gomod, err := os.ReadFile(filepath.Join(tree, "go.mod"))
	if strings.HasSuffix(mod.Version, "+incompatible") {
		gomod, err = fmt.Appendf(nil, "module %s\n", mod.Path), nil
	}
	if err != nil {
		return err
	}
	if !module.IsPseudoVersion(mod.Version) {
		list, err := os.OpenFile(filepath.Join(dir, "list"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(list, mod.Version); err != nil {
			return err
		}
		if err := list.Close(); err != nil {
			return err
		}
	}
	info := fmt.Sprintf(`{"Version":%q,"Time":"2024-01-02T03:04:05Z"}`, mod.Version)
	for ext, data := range map[string][]byte{".zip": content.Bytes(), ".mod": gomod, ".info": []byte(info)} {
		if err := os.WriteFile(filepath.Join(dir, mod.Version+ext), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
