package inspector_test

import (
	"archive/zip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// TestFixAfterRefused: a refused plugin leaves its version of a package behind. Building
// that plugin anew is not enough, since it then loads, with the same version.
func TestFixAfterRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(folder, command string) {
		t.Helper()
		cmd := exec.Command("sh", "-ec", command)
		cmd.Dir = filepath.Join(dir, folder)
		cmd.Env = append(os.Environ(), "GOPROXY=file://"+dir+"/proxy", "GOMODCACHE="+dir+"/cache", "GONOSUMDB=*", "GOTOOLCHAIN=local",
			"GOFLAGS=-buildvcs=false -modcacherw", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
	}
	for i := 1; i <= 2; i++ {
		version := fmt.Sprintf("proxy/fix.test/lib/@v/v1.%d.0", i)
		write(version+".info", fmt.Sprintf(`{"Version": "v1.%d.0"}`, i))
		write(version+".mod", "module fix.test/lib\n\ngo 1.21\n")
		writeModule(t, filepath.Join(dir, version+".zip"), fmt.Sprintf("fix.test/lib@v1.%d.0/", i), fmt.Sprintf("package lib\n\nfunc F() int { return %d }\n", i))
		plugin := fmt.Sprintf("p%d/", i)
		write(plugin+"go.mod", fmt.Sprintf("module fix.test/p%d\n\ngo 1.21\n\nrequire fix.test/lib v1.%d.0\n", i, i))
		write(plugin+"main.go", "package main\n\nimport (\n\t\"fmt\"\n\n\t\"fix.test/lib\"\n)\n\nfunc F() string { return fmt.Sprint(lib.F()) }\n")
	}
	const build = "go build -mod=mod -trimpath -buildmode=plugin "
	run("p1", build+"-o p.so .")
	run("p2", build+"-gcflags=fmt=-l -o p.so .") // which the host refuses
	host, p1, p2 := shop.file(t, "host"), filepath.Join(dir, "p1/p.so"), filepath.Join(dir, "p2/p.so")
	v := verdict(t, host, []string{p2, p1})
	second := v.Plugins[1]
	if v.Plugins[0].Outcome != inspector.Refused || len(second.Findings) != 1 || second.Findings[0].ID != "PT502" {
		t.Fatalf("verdict is %+v, want the first refused and PT502 for the second", v.Plugins)
	}
	for _, command := range second.Findings[0].Fix {
		switch {
		case !strings.HasPrefix(command, "plugtool build "):
			run("p1", command)
		case strings.Contains(command, p2):
			run("p2", build+"-o p.so .")
		default:
			run("p1", build+"-o p.so .")
		}
	}
	for i, o := range reallyOpen(t, host, []string{p2, p1}) {
		if o.outcome != inspector.Loads {
			t.Errorf("plugin %d after the fix %q: %+v, want that it loads", i, second.Findings[0].Fix, o)
		}
	}
}

// writeModule writes a module's zip file, of one package.
func writeModule(t *testing.T, file, prefix, source string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for name, content := range map[string]string{"go.mod": "module fix.test/lib\n\ngo 1.21\n", "lib.go": source} {
		w, err := z.Create(prefix + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}
