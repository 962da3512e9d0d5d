package templates

import (
	"bytes"
	"encoding/json"
	"go/format"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"

	"github.com/plugtool/plugtool"
	"github.com/plugtool/plugtool/inspector"
)

// shopHost is what a scaffolded host's descriptor says of it.
func shopHost() *inspector.Binary {
	return &inspector.Binary{
		GoVersion: "go1.26.8",
		Path:      "example.com/shop",
		Main:      inspector.Module{Path: "example.com/shop", Version: "(devel)"},
		Deps: []inspector.Module{{
			Path: "example.com/shop/contract", Version: "v0.1.0",
			Replace: &inspector.Module{Path: "./contract", Version: "(devel)"},
		}},
		Settings: []inspector.Setting{{Key: "-trimpath", Value: "true"}},
	}
}

func render(t *testing.T, kind Kind, data Data) map[string]string {
	t.Helper()
	files, err := Render(kind, data)
	if err != nil {
		t.Fatal(err)
	}
	text := make(map[string]string)
	for name, data := range files {
		text[name] = string(data)
	}
	return text
}

func TestRender(t *testing.T) {
	contract := ownContract("example.com/shop")
	contract.Files = map[string][]byte{
		"go.mod":      []byte("module example.com/shop/contract\n\ngo 1.26.0\n"),
		"contract.go": []byte("package contract\n\ntype Greeter interface {\n\tGreet(name string) string\n}\n"),
	}
	host := Data{Module: "example.com/greet", Host: shopHost(), Descriptor: []byte("{}\n")}
	withContract := host
	withContract.Contract = contract
	alone := Data{Module: "example.com/greet/v2", GoVersion: "go1.26.8"}
	plugin := []string{".gitignore", "README.md", "go.mod", "plugin.go", "plugin_test.go", "plugtool.yaml"}
	for _, test := range []struct {
		name  string
		kind  Kind
		data  Data
		files []string // less those of third_party
	}{
		{"func", KindFunc, alone, plugin},
		{"context", KindContext, alone, plugin},
		{"interface", KindInterface, alone, append([]string{"contract/contract.go", "contract/go.mod"}, plugin...)},
		{"func for host", KindFunc, host, append([]string{"host.json"}, plugin...)},
		{"interface for host", KindInterface, withContract, append([]string{"host.json", "contract/contract.go", "contract/go.mod"}, plugin...)},
		{"host", KindHost, Data{Module: "example.com/shop", GoVersion: "go1.26.8"}, []string{
			".gitignore", "README.md", "call.go", "contract/contract.go", "contract/go.mod", "go.mod",
			"main.go", "main_test.go", "plugins/README.md", "plugtool.yaml",
		}},
		{"released host", KindHost, Data{Module: "example.com/shop", GoVersion: "go1.26.8", PlugtoolVersion: "v1.2.3", PlugtoolSum: "h1:x"}, []string{
			".gitignore", "README.md", "call.go", "contract/contract.go", "contract/go.mod", "go.mod", "go.sum",
			"main.go", "main_test.go", "plugins/README.md", "plugtool.yaml",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := render(t, test.kind, test.data)
			names := slices.DeleteFunc(slices.Sorted(maps.Keys(files)), func(name string) bool { return strings.HasPrefix(name, "third_party/") })
			if want := slices.Sorted(slices.Values(test.files)); !slices.Equal(names, want) {
				t.Errorf("files %v\nwant  %v", names, want)
			}
			for name, text := range files {
				checkFile(t, name, text)
			}
			line := "\ngo 1.26.0\n\ntoolchain go1.26.8\n"
			if !strings.Contains(files["go.mod"], line) {
				t.Errorf("go.mod has no %q:\n%s", line, files["go.mod"])
			}
		})
	}
}

// checkFile holds what is true of every rendered file.
func checkFile(t *testing.T, name, text string) {
	t.Helper()
	if text == "" || !strings.HasSuffix(text, "\n") || strings.Contains(text, "\n\n\n") || strings.Contains(text, "<no value>") {
		t.Errorf("%s is not tidy:\n%s", name, text)
	}
	switch path.Ext(name) {
	case ".go":
		formatted, err := format.Source([]byte(text))
		if err != nil || !bytes.Equal(formatted, []byte(text)) {
			t.Errorf("%s is not formatted (%v)", name, err)
		}
		if strings.HasSuffix(name, "_test.go") && strings.HasPrefix(name, "third_party") {
			t.Errorf("%s is a test", name)
		}
	case ".mod":
		f, err := modfile.ParseLax(name, []byte(text), nil)
		if err != nil || f.Module == nil || f.Go == nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	case ".json":
		if !json.Valid([]byte(text)) {
			t.Errorf("%s is no JSON", name)
		}
	}
}

// TestGoMod holds what the paths that the compiler records hang on.
func TestGoMod(t *testing.T) {
	files := map[string][]byte{
		"go.mod":      []byte("module example.com/shop/contract\n\ngo 1.26.0\n"),
		"contract.go": []byte("package contract\n\ntype Greeter interface {\n\tGreet(name string) string\n}\n"),
	}
	const require = "require example.com/shop/contract "
	for _, test := range []struct {
		name         string
		contract     Contract
		want         []string
		goSum, files bool
		work         bool
	}{
		{"copy", Contract{Version: "v0.1.0"}, []string{require + "v0.1.0\n", "replace example.com/shop/contract => ./contract\n"}, false, true, false},
		{"folder", Contract{Version: "v0.1.0", Dir: "/src/the shop/contract"}, []string{require + "v0.1.0\n", "replace example.com/shop/contract => \"/src/the shop/contract\"\n"}, false, false, false},
		{"workspace", Contract{Version: "v0.0.0", Workspace: true}, []string{require + "v0.0.0\n"}, false, true, true},
		{"published", Contract{Version: "v1.4.0", Sum: "h1:abc="}, []string{require + "v1.4.0\n"}, true, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := test.contract
			c.Module, c.Files = "example.com/shop/contract", files
			got := render(t, KindInterface, Data{Module: "example.com/greet", Host: shopHost(), Descriptor: []byte("{}\n"), Contract: &c})
			for _, want := range test.want {
				if !strings.Contains(got["go.mod"], want) {
					t.Errorf("go.mod has no %q:\n%s", want, got["go.mod"])
				}
			}
			if len(test.want) == 1 && strings.Contains(got["go.mod"], "replace") {
				t.Errorf("go.mod replaces the contract:\n%s", got["go.mod"])
			}
			has := func(name string) bool { _, ok := got[name]; return ok }
			if has("go.sum") != test.goSum || has("contract/contract.go") != test.files || has("go.work") != test.work {
				t.Errorf("files %v", slices.Sorted(maps.Keys(got)))
			}
		})
	}
}

func TestPlugtoolVersion(t *testing.T) {
	for version, released := range map[string]bool{
		"v1.2.3": true, "v0.1.0": true, "v1.0.0-rc.1": true,
		"": false, "(devel)": false, "v1.2.3+dirty": false, "v1.2": false, "1.2.3": false, "v1.2.3\n": false,
		"v0.0.0-20260102150405-abcdef123456": false, "v1.2.4-0.20260102150405-abcdef123456": false,
		"v1.2.4-0.20260102150405-abcdef123456+dirty": false,
	} {
		files := render(t, KindHost, Data{Module: "example.com/shop", GoVersion: "go1.26.8", PlugtoolVersion: version})
		mod := files["go.mod"]
		_, copied := files["third_party/plugtool/loader/loader.go"]
		replaced := strings.Contains(mod, plugtool.Path+" => ./third_party/plugtool")
		required := strings.Contains(mod, plugtool.Path+" "+version+"\n")
		if copied == released || replaced == released || required != released {
			t.Errorf("version %q: copied %t, replaced %t, required %t", version, copied, replaced, required)
		}
		if strings.Contains(files["README.md"], "third_party") == released {
			t.Errorf("version %q: README.md is of the other kind", version)
		}
		if strings.Contains(files["README.md"], "go mod tidy") != released {
			t.Errorf("version %q: without a sum, README.md says go mod tidy; with a copy it must not", version)
		}
	}
}

func TestGoVersion(t *testing.T) {
	for _, test := range []struct{ version, goLine, toolchain string }{
		{"go1.26.8", "1.26.0", "go1.26.8"},
		{"go1.26.0", "1.26.0", "go1.26.0"},
		{"go1.21.13", "1.21.0", "go1.21.13"},
		{"go1.26.8 X:nodwarf5", "1.26.0", "go1.26.8"},
		{"go1.25.3-vendor", "1.25.0", "go1.25.3"},
		{"go1.27rc1", "1.27rc1", "go1.27rc1"},
		{"go1.20.14", "", ""}, {"devel go1.27-abcdef", "", ""}, {"", "", ""}, {"go1.26.8\nreplace x => y", "", ""},
	} {
		files, err := Render(KindFunc, Data{Module: "example.com/greet", GoVersion: test.version})
		if (err == nil) != (test.goLine != "") {
			t.Errorf("%s: error %v", test.version, err)
		}
		if want := "\ngo " + test.goLine + "\n\ntoolchain " + test.toolchain + "\n"; err == nil && !strings.Contains(string(files["go.mod"]), want) {
			t.Errorf("%s: go.mod %s", test.version, files["go.mod"])
		}
	}
	if _, err := Render(KindHost, Data{Module: "example.com/shop", GoVersion: "go1.25.12"}); err == nil || !strings.Contains(err.Error(), "want go1.26 or newer") {
		t.Errorf("host of an old Go: error %v", err)
	}
}

// TestRefused gives Render what others could have written.
func TestRefused(t *testing.T) {
	good := Data{Module: "example.com/greet", Host: shopHost(), Descriptor: []byte("{}\n")}
	for _, module := range []string{
		"", "greet", "example.com/", "example.com/a b", "example.com/a\"b", "example.com/../x", "/abs", "-x.com/a",
		"example.com/a\nreplace x => y", "example.com/{{.Module}}", "example.com/`", "github.com/plugtool/plugtool",
		"github.com/plugtool/plugtool/loader", "example.com/shop", "gopkg.in/x",
	} {
		data := good
		data.Module = module
		if _, err := Render(KindFunc, data); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("module %q: error %v, want one line", module, err)
		}
	}
	if _, err := Render("other", good); err == nil {
		t.Error("kind other: no error")
	}
	for name, c := range map[string]Contract{
		"module":    {Module: "example.com/a b", Version: "v0.1.0"},
		"version":   {Module: "example.com/shop/contract", Version: "v0.1.0\nreplace x => y"},
		"same":      {Module: "example.com/greet", Version: "v0.1.0"},
		"folder":    {Module: "example.com/shop/contract", Version: "v0.1.0", Dir: "/a\nreplace x => y"},
		"relative":  {Module: "example.com/shop/contract", Version: "v0.1.0", Dir: "../a"},
		"sum":       {Module: "example.com/shop/contract", Version: "v0.1.0", Sum: "h1:a\nx v1.0.0 h1:b"},
		"file name": {Module: "example.com/shop/contract", Version: "v0.1.0", Files: map[string][]byte{"../main.go": nil}},
		"no module": {Module: "example.com/shop/contract", Version: "v0.1.0", Files: map[string][]byte{"go.mod": nil}},
	} {
		c.Files = maps.Clone(c.Files)
		if c.Files == nil {
			c.Files = make(map[string][]byte)
		}
		if _, ok := c.Files["go.mod"]; !ok {
			c.Files["go.mod"] = []byte("module x\n")
		}
		c.Files["contract.go"] = []byte("package contract\n\ntype Greeter interface{ Greet(name string) string }\n")
		data := good
		data.Contract = &c
		if _, err := Render(KindInterface, data); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("contract with a bad %s: error %v, want one line", name, err)
		}
	}
}

// TestHostileHost renders for a host whose build info was written by somebody
// who wants to be in the scaffold.
func TestHostileHost(t *testing.T) {
	host := shopHost()
	host.Path = "x\n```\n[click](http://evil)"
	host.File = host.Path
	for name, text := range render(t, KindFunc, Data{Module: "example.com/greet", Host: host, Descriptor: []byte("{}\n")}) {
		if strings.Contains(text, "evil") {
			t.Errorf("%s has the host's text:\n%s", name, text)
		}
	}
}

func TestBuildCommand(t *testing.T) {
	host := shopHost()
	data := Data{Module: "example.com/greet", Host: host, Descriptor: []byte("{}\n")}
	for _, test := range []struct {
		settings []inspector.Setting
		want     string
	}{
		{[]inspector.Setting{{Key: "-trimpath", Value: "true"}}, "GOTOOLCHAIN=go1.26.8 go build -buildmode=plugin -trimpath -o greet.so ."},
		{[]inspector.Setting{{Key: "-race", Value: "true"}}, "GOTOOLCHAIN=go1.26.8 go build -buildmode=plugin -race -o greet.so ."},
	} {
		host.Settings = test.settings
		if readme := render(t, KindFunc, data)["README.md"]; !strings.Contains(readme, "\n"+test.want+"\n") {
			t.Errorf("README.md has no %q:\n%s", test.want, readme)
		}
	}
}

// TestHostSource holds that what hosts carry has no tests and stays small.
func TestHostSource(t *testing.T) {
	size := 0
	source := plugtool.HostSource()
	for name, data := range source {
		size += len(data)
		if strings.Contains(name, "_test.go") || strings.Contains(name, "testdata") {
			t.Errorf("%s is there", name)
		}
	}
	for _, name := range []string{"loader/loader.go", "inspector/binary.go", "inspector/goelf/image.go", "signer/bundle/bundle.go", "signer/policy/policy.go"} {
		if source[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	if size > 1<<20 {
		t.Errorf("the source has %d bytes, want less than 1 MiB", size)
	}
}
