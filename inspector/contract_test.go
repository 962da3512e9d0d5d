package inspector_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// contractShop builds from a copy of testdata/contract.
func contractShop(t *testing.T) *workshop {
	t.Helper()
	dir := t.TempDir()
	s := &workshop{dir: filepath.Join(dir, "src"), bin: filepath.Join(dir, "bin"), made: make(map[string]func() (string, error))}
	if err := os.Mkdir(s.bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(s.dir, os.DirFS("../testdata/contract")); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *workshop) contractPlugin(t testing.TB, name, env string) string {
	return s.build(t, name, env+" go build -trimpath -buildmode=plugin -o OUT ./plug")
}

// reallyAssert runs a host of testdata/contract: what came of each line of its
// contract, ok or the error that Go gave.
func reallyAssert(t *testing.T, plugin string, host ...string) (lines []string, results map[string]string) {
	t.Helper()
	command := append(host[:len(host):len(host)], plugin)
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", command, err, out)
	}
	results = make(map[string]string)
	for line := range strings.Lines(string(out)) {
		key, result, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			t.Fatalf("the host says %q", line)
		}
		lines, results[key] = append(lines, key), result
	}
	if len(lines) < 60 {
		t.Fatalf("the host says %d lines", len(lines))
	}
	return lines, results
}

func requirement(t *testing.T, line string) inspector.Requirement {
	t.Helper()
	r, err := inspector.ParseRequirement(line, "--symbol")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestContractIsWhatHappens has hosts assert for real, and compares each assertion with
// the verdict: from the host's binary, from its descriptor with the contract in it, and
// from the plugin alone.
func TestContractIsWhatHappens(t *testing.T) {
	t.Parallel()
	s := contractShop(t)
	for _, env := range []string{
		"GOTOOLCHAIN=go1.21.13", "GOTOOLCHAIN=go1.23.12", "GOTOOLCHAIN=go1.24.13", "GOTOOLCHAIN=go1.25.12", "GOTOOLCHAIN=local", "GOTOOLCHAIN=go1.27.1",
		"GOFLAGS=-ldflags=-s", "GOFLAGS=-gcflags=all=-l", "GOFLAGS=-race",
	} {
		t.Run(env, func(t *testing.T) {
			t.Parallel()
			plugin := s.contractPlugin(t, env+".so", env)
			host := s.build(t, env+".host", env+" go build -trimpath -o OUT ./host")
			if strings.Contains(env, "ldflags") {
				if out, err := exec.Command("strip", plugin, host).CombinedOutput(); err != nil {
					t.Fatalf("strip: %v\n%s", err, out)
				}
			}
			compareContract(t, plugin, host)
		})
	}
}

// compareContract has a host assert, with what its command line begins with, and
// compares each line of its contract.
func compareContract(t *testing.T, plugin, host string, run ...string) {
	t.Helper()
	lines, results := reallyAssert(t, plugin, append(run[:len(run):len(run)], host)...)
	withContract := describeWith(t, host, lines)
	for _, line := range lines {
		compareAssertion(t, line, results[line], checkContract(t, host, plugin, requirement(t, line)))
	}
	found := checkContract(t, withContract, plugin)
	for _, line := range lines {
		one := slices.DeleteFunc(slices.Clone(found), func(f inspector.Finding) bool {
			r := requirement(t, line)
			_, typ, typed := strings.Cut(r.String(), "=")
			return typed && !strings.HasPrefix(f.Host, "asserts "+r.Symbol()+" to be "+typ+" (the host's descriptor)") ||
				!typed && f.Host != "looks up "+r.Symbol()+" (the host's descriptor)"
		})
		compareAssertion(t, line, results[line], one)
	}
	compareAlone(t, plugin, lines, results)
}

// describeWith writes a host's descriptor with a contract.
func describeWith(t *testing.T, host string, lines []string) string {
	t.Helper()
	h, err := inspector.OpenHost(host)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	var list []inspector.Requirement
	for _, line := range lines {
		list = append(list, requirement(t, line))
	}
	if err := h.SetContract(list); err != nil {
		t.Fatal(err)
	}
	for _, r := range h.Contract() {
		if r.Unused() {
			t.Errorf("%s asserts %s, and it is taken for one that it does not", host, r)
		}
	}
	data, err := h.Descriptor()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "host.json")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	// What is read of a descriptor and written again is the same.
	again, err := inspector.OpenHost(file)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	for i, r := range again.Contract() {
		if r.String() != list[i].String() {
			t.Errorf("the descriptor says %s, want %s", r, list[i])
		}
	}
	return file
}

func checkContract(t *testing.T, host, plugin string, contract ...inspector.Requirement) []inspector.Finding {
	t.Helper()
	h, err := inspector.OpenHost(host)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	p := inspector.MapPlugin(plugin)
	defer p.Close()
	v, err := inspector.Options{Contract: contract}.Check(h, []*inspector.Plugin{p})
	if err != nil {
		t.Fatal(err)
	}
	if v.Plugins[0].Outcome != inspector.Loads {
		t.Fatalf("%s into %s: %+v", plugin, host, v.Plugins[0])
	}
	return slices.DeleteFunc(v.Plugins[0].Findings, func(f inspector.Finding) bool { return f.Severity != inspector.Error })
}

// compareAssertion holds findings against what Go said.
func compareAssertion(t *testing.T, line, result string, found []inspector.Finding) {
	t.Helper()
	switch {
	case result == "ok" && len(found) > 0:
		t.Errorf("%s: false alarm: %+v", line, found)
	case result != "ok" && len(found) == 0:
		t.Errorf("%s: Go says %q, and there is no finding", line, result)
	case result != "ok" && (len(found) > 1 || !strings.Contains(found[0].Detail+";", ": "+result+";")):
		t.Errorf("%s: Go says\n%s\n findings %+v", line, result, found)
	case result != "ok" && len(found[0].Fix) == 0:
		t.Errorf("%s: no fix: %+v", line, found)
	}
}

// compareAlone judges without a host: what then is not known says so.
func compareAlone(t *testing.T, plugin string, lines []string, results map[string]string) {
	t.Helper()
	p := inspector.ReadPlugin(plugin)
	for _, line := range lines {
		found, err := inspector.CheckContract(p, []inspector.Requirement{requirement(t, line)})
		if err != nil {
			t.Fatal(err)
		}
		if len(found) > 0 && found[0].ID == "PT605" {
			// The plugin does not mention these interfaces.
			if !slices.ContainsFunc([]string{"=main.private", ".Sealed", ".Source["}, func(s string) bool { return strings.Contains(line, s) }) {
				t.Errorf("%s alone is not known", line)
			}
			continue
		}
		if ok := len(found) == 0; ok != (results[line] == "ok") {
			t.Errorf("%s alone: Go says %q, findings %+v", line, results[line], found)
		}
	}
}
