package main

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plugtool/plugtool/report"
)

// A recipe builds one fixture from a folder in testdata/fixtures.
type recipe struct {
	folder string
	env    []string
	args   []string // of the command; OUT stands for the file to make
}

func goPlugin(folder string, flags ...string) recipe {
	args := append([]string{"go", "build", "-buildmode=plugin"}, flags...)
	return recipe{folder: folder, args: append(args, "-o", "OUT", ".")}
}

func goHost(env []string, flags ...string) recipe {
	return recipe{folder: "host", env: env, args: append(append([]string{"go", "build"}, flags...), "-o", "OUT", ".")}
}

// recipes are all fixtures by the name of their file.
func recipes() map[string]recipe {
	return map[string]recipe{
		"host":         goHost(nil, "-trimpath"),
		"untrimmed":    goHost(nil),
		"nocgo":        goHost([]string{"CGO_ENABLED=0"}, "-trimpath"),
		"static":       goHost(nil, "-ldflags=-linkmode=internal"),
		"nohost":       {folder: "nohost", args: []string{"go", "build", "-o", "OUT", "."}},
		"nohost0":      {folder: "nohost", env: []string{"CGO_ENABLED=0"}, args: []string{"go", "build", "-o", "OUT", "."}},
		"asan":         goHost(nil, "-asan"),
		"darwin":       goHost([]string{"GOOS=darwin", "GOARCH=arm64", "CGO_ENABLED=0"}, "-trimpath"),
		"mips":         goHost([]string{"GOARCH=mips64le", "CGO_ENABLED=0"}, "-trimpath"),
		"windows.exe":  goHost([]string{"GOOS=windows", "CGO_ENABLED=0"}, "-trimpath"),
		"plugin.so":    goPlugin("plugin", "-trimpath"),
		"another.so":   goPlugin("another", "-trimpath"),
		"untrimmed.so": goPlugin("plugin"),
		"answers":      {folder: "answers", args: []string{"go", "build", "-trimpath", "-o", "OUT", "."}},
		"moody.so":     {folder: "../../../../testdata/trial", args: []string{"go", "build", "-buildmode=plugin", "-trimpath", "-o", "OUT", "./plug"}},
		"sharing":      {folder: "../../../../testdata/verdict", args: []string{"go", "build", "-trimpath", "-o", "OUT", "./host"}},
		"changed.so":   {folder: "../../../../testdata/verdict", args: []string{"go", "build", "-buildmode=plugin", "-trimpath", "-tags=changed", "-o", "OUT", "./plain"}},
		"clibrary.so":  {folder: "clibrary", args: []string{"cc", "-shared", "-fPIC", "-o", "OUT", "lib.c"}},
	}
}

// fixtures builds each fixture when a script first asks for it.
type fixtures struct {
	dir   string
	build map[string]func() error
}

func newFixtures(dir string) *fixtures {
	f := &fixtures{dir: dir, build: map[string]func() error{}}
	for name, r := range recipes() {
		f.build[name] = sync.OnceValue(func() error { return r.make(filepath.Join(dir, name)) })
	}
	return f
}

func (r recipe) make(file string) error {
	args := append([]string{}, r.args...)
	for i, arg := range args {
		if arg == "OUT" {
			args[i] = file
		}
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = filepath.Join("testdata", "fixtures", r.folder)
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=1", "GOWORK=off"), r.env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// put is the script command fixture.
func (f *fixtures) put(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: fixture FILE...")
	}
	for _, name := range args {
		build, ok := f.build[name]
		if !ok {
			ts.Fatalf("no fixture is called %s", name)
		}
		ts.Check(build())
		data, err := os.ReadFile(filepath.Join(f.dir, name))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(name), data, 0o755))
	}
}

// cut is the script command that shortens an ELF file: into its last segment
// that is loaded, or to that segment's end.
func cut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut inside|after FILE")
	}
	file := ts.MkAbs(args[1])
	f, err := elf.Open(file)
	ts.Check(err)
	defer f.Close()
	var end, size uint64
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Off+p.Filesz > end {
			end, size = p.Off+p.Filesz, p.Filesz
		}
	}
	if args[0] == "inside" {
		end -= size / 2
	}
	ts.Check(os.Truncate(file, int64(end)))
}

// validate holds a JSON document against the schema that it names.
func validate(document []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return err
	}
	object, ok := doc.(map[string]any)
	if !ok {
		return errors.New("the document is no object")
	}
	name, _ := object["schema"].(string)
	text, err := report.Schema(name)
	if err != nil {
		return err
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(name, schema); err != nil {
		return err
	}
	compiled, err := compiler.Compile(name)
	if err != nil {
		return err
	}
	return compiled.Validate(doc)
}
