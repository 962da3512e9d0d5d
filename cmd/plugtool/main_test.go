package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	addTestKMS()
	testscript.Main(m, map[string]func(){"plugtool": main, keylessProgram: main})
}

// TestScripts runs the real command. Besides testscript's own commands the
// scripts have:
//
//	exits CODE COMMAND…      run a command that must exit with that code
//	fixture FILE…            put prebuilt hosts and plugins into the current folder
//	tamper FILE              change one byte near the file's end
//	cut inside|after FILE    cut an ELF file inside or after its last segment
//	valid FILE               hold a JSON document against the schema that it names
func TestScripts(t *testing.T) { testscript.Run(t, scriptParams(t, "testdata/script")) }

// scriptParams sets up the scripts of a folder.
func scriptParams(t *testing.T, dir string) testscript.Params {
	t.Helper()
	fixtures := newFixtures(t.TempDir())
	goEnv := outerGoEnv(t)
	folder, err := filepath.Abs("testdata/fixtures")
	if err != nil {
		t.Fatal(err)
	}
	plugtool, err := exec.LookPath("plugtool")
	if err != nil {
		t.Fatal(err)
	}
	return testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			for name, value := range goEnv {
				e.Setenv(name, value)
			}
			e.Setenv("FIXTURES", folder)
			e.Setenv("VERDICT", filepath.Join(folder, "../../../../testdata/verdict"))
			e.Setenv("PLUGTOOL", plugtool)
			e.Setenv("GOTOOLCHAIN", "local")
			e.Setenv("GOPROXY", "off") // what a test needs is in the module cache
			e.Setenv("GOFLAGS", "")
			e.Setenv("TMPDIR", e.WorkDir)
			e.Setenv("RACES", "2") // builds of each racer in build_race
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   exits,
			"fixture": fixtures.put,
			"tamper":  tamper,
			"cut":     cut,
			"valid":   valid,
		},
	}
}

// outerGoEnv gives the caches of whoever runs the tests, which scripts use
// too: their home is none.
func outerGoEnv(t *testing.T) map[string]string {
	t.Helper()
	out, err := exec.Command("go", "env", "-json", "GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	if err := json.Unmarshal(out, &env); err != nil {
		t.Fatal(err)
	}
	return env
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARGUMENT...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func tamper(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: tamper FILE")
	}
	file := ts.MkAbs(args[0])
	data, err := os.ReadFile(file)
	ts.Check(err)
	data[len(data)-1] ^= 1
	ts.Check(os.WriteFile(file, data, 0o755))
}

func valid(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: valid FILE")
	}
	ts.Check(validate([]byte(ts.ReadFile(args[0]))))
}
