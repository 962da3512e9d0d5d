package builder

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// The linker gets build information in which private copies have what they are copies of.
func TestLinkCopies(t *testing.T) {
	dir := t.TempDir()
	records, err := encodeCopies(copiesRecord{[]inspector.Module{
		{Path: "p/internal/isolated/a.org/x", Version: "v1.2.0", Replace: &inspector.Module{Path: "a.org/x", Version: "v1.2.0", Sum: "h1:abc="}},
		{Path: "p/internal/isolated/a.org/old", Version: "v1.0.0", Replace: &inspector.Module{Path: "a.org/old", Version: "v1.0.0"}},
	}, `{"rules": "auto"}`})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, copiesName)
	if err := os.WriteFile(file, records, 0o600); err != nil {
		t.Fatal(err)
	}
	mark := strings.Repeat("m", modinfoMark)
	folder := &debug.Module{Path: "./internal/isolated/a.org/x", Version: "(devel)"}
	info := debug.BuildInfo{Path: "p", Main: debug.Module{Path: "p", Version: "(devel)"}, Deps: []*debug.Module{
		{Path: "a.org/y", Version: "v1.0.0", Sum: "h1:def="},
		{Path: "p/internal/isolated/a.org/old", Version: "v1.1.0", Replace: folder}, // not what was recorded
		{Path: "p/internal/isolated/a.org/x", Version: "v1.2.0", Replace: folder},
	}}
	line := func(s string) string { return "packagefile fmt=/x\nmodinfo " + strconv.Quote(mark+s+mark) + "\n" }
	config := filepath.Join(dir, "importcfg.link")
	if err := os.WriteFile(config, []byte(line(info.String())), 0o600); err != nil {
		t.Fatal(err)
	}
	w, args, err := readWrapped([]string{copiesFlag + file, "/tool/link", "-importcfg", config, "-o", "x"})
	if err != nil || w.suffix("link") == "" || w.suffix("compile") != "" || w.suffix("asm") != "" {
		t.Fatalf("%v, %q, %q", err, w.suffix("link"), w.suffix("compile"))
	}
	now, err := w.args("link", args[1:])
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(now[1])
	if err != nil {
		t.Fatal(err)
	}
	info.Deps[2] = &debug.Module{Path: "p/internal/isolated/a.org/x", Version: "v1.2.0", Replace: &debug.Module{Path: "a.org/x", Version: "v1.2.0", Sum: "h1:abc="}}
	info.Settings = []debug.BuildSetting{{Key: inspector.IsolationSetting, Value: `{"rules": "auto"}`}}
	if want := line(info.String()); string(got) != want {
		t.Errorf("the linker gets\n%s\nwant\n%s", got, want)
	}
	if was, err := os.ReadFile(config); err != nil || strings.Contains(string(was), "h1:abc=") {
		t.Errorf("the go command's own file was changed (%v)", err)
	}
	for _, bad := range []string{"modinfo nonsense\n", "modinfo \"short\"\n"} {
		if err := os.WriteFile(config, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := w.args("link", args[1:]); err == nil {
			t.Errorf("%q is no error", bad)
		}
	}
	if _, _, err := readWrapped([]string{copiesFlag + filepath.Join(dir, "gone"), "link"}); err == nil {
		t.Error("copies that are not there are no error")
	}
	if w, _, err := readWrapped([]string{copiesFlag + file, pathsFlag, "compile"}); err != nil || w.suffix("compile") == "" || w.suffix("link") == "" {
		t.Errorf("both: %v, %q", err, w.suffix("compile"))
	}
}
