package templates

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/dirhash"

	"github.com/plugtool/plugtool/inspector"
)

// writeContract makes a contract module in a folder.
func writeContract(t *testing.T, dir, modulePath string) {
	t.Helper()
	for name, text := range map[string]string{
		"go.mod":           "module " + modulePath + "\n\ngo 1.26.0\n",
		"contract.go":      "package contract\n",
		"contract_test.go": "package contract\n",
		"sub/sub.go":       "package sub\n",
		"sub/testdata/x":   "x\n",
		"other/go.mod":     "module other\n",
		"other/other.go":   "package other\n",
		".git/config":      "secret\n",
		".env":             "secret\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// places are the folders in which contracts lie.
type places struct {
	top, shop, cache string
	sum              string // of the contract in cache
}

type contractCase struct {
	name      string
	dep       inspector.Module
	untrimmed bool
	folders   []string
	want      *Contract // nil for none
	text      string    // of the error
}

func contractCases(at places) []contractCase {
	const path = "example.com/shop/contract"
	folder := func(to string) *inspector.Module { return &inspector.Module{Path: to, Version: "(devel)"} }
	return []contractCase{
		{name: "no contract", dep: inspector.Module{Path: "example.com/contracts", Version: "v1.0.0", Sum: "h1:x"}},
		{name: "beside", dep: inspector.Module{Path: path, Version: "v0.1.0", Replace: folder("./contract")}, folders: []string{at.shop}, want: &Contract{Version: "v0.1.0"}},
		{name: "above", dep: inspector.Module{Path: path, Version: "v0.1.0", Replace: folder("./contract")}, folders: []string{filepath.Join(at.shop, "build", "bin")}, want: &Contract{Version: "v0.1.0"}},
		{name: "where the host replaced it", dep: inspector.Module{Path: path, Version: "v0.1.0", Replace: folder("./v1")}, folders: []string{filepath.Join(at.top, "api")}, want: &Contract{Version: "v0.1.0"}},
		{name: "untrimmed", dep: inspector.Module{Path: path, Version: "v0.1.0", Replace: folder("./contract")}, untrimmed: true, want: &Contract{Version: "v0.1.0", Dir: filepath.Join(at.shop, "contract")}},
		{name: "untrimmed, replaced by a sibling", dep: inspector.Module{Path: path, Version: "v0.1.0", Replace: folder("../api/v1")}, untrimmed: true, want: &Contract{Version: "v0.1.0", Dir: filepath.Join(at.top, "api", "v1")}},
		{name: "untrimmed, gone", dep: inspector.Module{Path: path, Version: "v0.1.0", Replace: folder("./gone")}, untrimmed: true, folders: []string{at.shop}, want: &Contract{Version: "v0.1.0"}},
		{name: "workspace", dep: inspector.Module{Path: path, Version: "(devel)"}, folders: []string{at.shop}, want: &Contract{Version: "v0.0.0", Workspace: true}},
		{name: "published", dep: inspector.Module{Path: path, Version: "v0.3.0", Sum: at.sum}, folders: []string{at.shop, at.cache}, want: &Contract{Version: "v0.3.0", Sum: at.sum}},
		{name: "published, not at hand", dep: inspector.Module{Path: path, Version: "v0.3.0", Sum: at.sum}, folders: []string{at.shop}, text: "go mod download " + path + "@v0.3.0"},
		{name: "another module there", dep: inspector.Module{Path: "example.com/other/contract", Version: "v0.1.0", Replace: folder("./contract")}, folders: []string{at.shop}, text: "its source is in no folder around " + at.shop},
		{name: "outside", dep: inspector.Module{Path: path, Version: "v0.1.0", Replace: folder("../../../../shop/contract")}, folders: []string{filepath.Join(at.top, "api")}, text: "use --kind func"},
		{name: "replaced by a module", dep: inspector.Module{Path: path, Version: "v0.1.0", Replace: &inspector.Module{Path: "example.com/fork", Version: "v1.0.0"}}, folders: []string{at.shop}, text: "example.com/fork v1.0.0"},
		{name: "hostile", dep: inspector.Module{Path: "x\n/contract", Version: "v0.1.0", Replace: folder("./contract")}, folders: []string{at.shop}, text: "malformed"},
	}
}

func TestFindContract(t *testing.T) {
	top := t.TempDir()
	const path = "example.com/shop/contract"
	writeContract(t, filepath.Join(top, "shop", "contract"), path)
	writeContract(t, filepath.Join(top, "api", "v1"), path)
	if err := os.MkdirAll(filepath.Join(top, "shop", "build", "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	shop, cache := filepath.Join(top, "shop"), filepath.Join(top, "cache")
	writeContract(t, cache, path)
	sum, err := dirhash.HashDir(cache, path+"@v0.3.0", dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(shop, "contract", "new.go"), []byte("package contract\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(shop, "contract", "link.go")); err != nil {
		t.Fatal(err)
	}
	for _, test := range contractCases(places{top, shop, cache, sum}) {
		t.Run(test.name, func(t *testing.T) {
			host := &inspector.Binary{Path: "example.com/shop/cmd/shop", Main: inspector.Module{Path: "example.com/shop"}, Deps: []inspector.Module{
				{Path: "example.com/aaa/lib", Version: "v1.0.0"}, test.dep,
			}}
			sources := map[string]string{"main": "example.com/shop/cmd/shop"}
			if test.untrimmed {
				sources["main"] = filepath.Join(shop, "cmd", "shop")
			} else {
				host.Settings = []inspector.Setting{{Key: "-trimpath", Value: "true"}}
			}
			got, err := FindContract(host, sources, test.folders...)
			if (err != nil) != (test.text != "") || err != nil && (!strings.Contains(err.Error(), test.text) || strings.Contains(err.Error(), "\n")) {
				t.Fatalf("error %v, want one line with %q", err, test.text)
			}
			if (got != nil) != (test.want != nil) {
				t.Fatalf("got %+v, want %+v", got, test.want)
			}
			if got == nil {
				return
			}
			if got.Module != test.dep.Path || got.Version != test.want.Version || got.Sum != test.want.Sum || got.Dir != test.want.Dir || got.Workspace != test.want.Workspace {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if got.Files["link.go"] != nil || got.Files[".env"] != nil || got.Files["sub/testdata/x"] != nil || got.Files["other/other.go"] != nil || got.Files["contract_test.go"] != nil || got.Files["go.mod"] == nil || got.Files["contract.go"] == nil || got.Files["sub/sub.go"] == nil {
				t.Errorf("files %v, want go.mod, contract.go and sub/sub.go, and neither tests nor what is hidden, linked or of another module", got.Files)
			}
		})
	}
}

// TestFindContractOfHost prefers the contract below the host's own module.
func TestFindContractOfHost(t *testing.T) {
	host := shopHost()
	other := inspector.Module{Path: "example.com/aaa/contract", Version: "v1.0.0", Sum: "h1:x"}
	host.Deps = []inspector.Module{other, host.Deps[0], other}
	if m := contractModule(host); m == nil || m.Path != "example.com/shop/contract" {
		t.Errorf("contract %+v, want the host's own", m)
	}
}
