// Command kms builds a plugtool that signs with keys in key management services:
//
//	go -C tools run ./kms [-o FILE] aws|azure|gcp|hashivault...
//
// The providers are modules of their own, and large: in plugtool's go.mod they would raise
// versions for every host that imports its loader. So go.mod and go.sum are copied, the
// providers of the same version as sigstore's registry are added to the copies, and a source
// file that imports them is laid over the tree (go help build, -modfile and -overlay). Nothing in
// the tree is changed.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const registry = "github.com/sigstore/sigstore"

// providers are those of sigstore, by the ends of their modules' paths.
var providers = []string{"aws", "azure", "gcp", "hashivault"}

func main() {
	output := flag.String("o", "plugtool", "write the program to `FILE`")
	flag.Parse()
	if err := run(*output, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "kms:", err)
		os.Exit(1)
	}
}

func run(output string, names []string) (err error) {
	if len(names) == 0 {
		return fmt.Errorf("name the services: %s", strings.Join(providers, ", "))
	}
	for _, name := range names {
		if !slices.Contains(providers, name) {
			return fmt.Errorf("no provider is called %q, expected %s", name, strings.Join(providers, ", "))
		}
	}
	root, err := filepath.Abs("..")
	if err != nil {
		return err
	}
	if !filepath.IsAbs(output) {
		output = filepath.Join(root, output)
	}
	dir, err := os.MkdirTemp("", "plugtool-kms-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	version, err := goCommand(root, "list", "-m", "-f", "{{.Version}}", registry)
	if err != nil {
		return err
	}
	overlay, err := writeOverlay(root, dir, names)
	if err != nil {
		return err
	}
	modfile := "-modfile=" + filepath.Join(dir, "go.mod")
	get := []string{"get", modfile}
	for _, name := range names {
		get = append(get, provider(name)+"@"+strings.TrimSpace(version))
	}
	if _, err := goCommand(root, get...); err != nil {
		return err
	}
	_, err = goCommand(root, "build", modfile, "-overlay="+overlay, "-tags=kms,urfave_cli_no_docs", "-trimpath", "-o", output, "./cmd/plugtool")
	return err
}

func provider(name string) string { return registry + "/pkg/signature/kms/" + name }

// writeOverlay writes a source file that links the providers in, and the file that tells the
// go command where in the tree it stands.
func writeOverlay(root, dir string, names []string) (string, error) {
	source := "package main\n\nimport (\n"
	for _, name := range names {
		source += fmt.Sprintf("\t_ %q\n", provider(name))
	}
	file := filepath.Join(dir, "providers.go")
	if err := os.WriteFile(file, []byte(source+")\n"), 0o600); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, "cmd", "plugtool", "kms_providers.go"): file}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o600)
}

// goCommand runs the go command in the module's folder and gives what it prints.
func goCommand(root string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return string(out), nil
}
