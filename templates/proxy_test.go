//go:build linux

package templates_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"

	"github.com/plugtool/plugtool"
	"github.com/plugtool/plugtool/templates"
)

// TestReleased builds a scaffolded host against a released plugtool, served by
// a module proxy of files.
func TestReleased(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	proxy, version := filepath.Join(top, "proxy"), "v1.2.3"
	source := plugtool.HostSource()
	source["go.mod"] = plugtool.GoMod()
	sum := publish(t, proxy, module.Version{Path: plugtool.Path, Version: version}, source)
	data := templates.Data{Module: "example.com/shop", GoVersion: runtime.Version(), PlugtoolVersion: version, PlugtoolSum: sum}
	files, err := templates.Render(templates.KindHost, data)
	if err != nil {
		t.Fatal(err)
	}
	host := filepath.Join(top, "shop")
	if err := templates.Write(host, files); err != nil {
		t.Fatal(err)
	}
	env := proxyEnv(top, proxy)
	commandEnv(t, host, env, "go", "build", "-trimpath", "-o", "shop", ".")
	commandEnv(t, host, env, "go", "test", "./...")
	commandEnv(t, host, env, "go", "mod", "tidy", "-diff")
	if mod, err := os.ReadFile(filepath.Join(host, "go.mod")); err != nil || !bytes.Equal(mod, files["go.mod"]) {
		t.Errorf("building changed go.mod (%v):\n%s", err, mod)
	}
}

// TestPublishedContract is a host whose contract was published after all: it
// loads plugins that have it from the proxy, and those of the time before.
func TestPublishedContract(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	host, proxy := filepath.Join(top, "shop"), filepath.Join(top, "proxy")
	newHost(t, host, "-trimpath")
	newPlugin(t, host, filepath.Join(top, "before"), templates.KindInterface)

	source := dataFor(t, host, "example.com/after").Contract.Files
	publish(t, proxy, module.Version{Path: "example.com/shop/contract", Version: "v0.1.0"}, source)
	env := proxyEnv(top, proxy)
	command(t, host, "go", "mod", "edit", "-dropreplace=example.com/shop/contract")
	if err := os.RemoveAll(filepath.Join(host, "contract")); err != nil {
		t.Fatal(err)
	}
	commandEnv(t, host, env, "go", "mod", "tidy")
	commandEnv(t, host, env, "go", "build", "-trimpath", "-o", "shop", ".")

	cache := filepath.Join(top, "modcache", "example.com", "shop", "contract@v0.1.0")
	data := dataFor(t, host, "example.com/after", cache)
	files, err := templates.Render(templates.KindInterface, data)
	if err != nil {
		t.Fatal(err)
	}
	plugin := filepath.Join(top, "after")
	if err := templates.Write(plugin, files); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(plugin, "contract")); err == nil {
		t.Error("the plugin carries a copy of a published contract")
	}
	commandEnv(t, plugin, env, "go", "mod", "tidy", "-diff")
	commandEnv(t, plugin, env, "go", "build", "-buildmode=plugin", "-trimpath", "-o", filepath.Join(host, "plugins", "after.so"), ".")
	if got, want := command(t, host, "./shop", "-allow-unsigned"), "plugins/after.so: Hello, world!\nplugins/before.so: Hello, world!\n"; got != want {
		t.Errorf("the host says %q, want %q", got, want)
	}
}

// proxyEnv has the go command take modules from a folder only.
func proxyEnv(top, proxy string) []string {
	return []string{"GOPROXY=file://" + proxy, "GOMODCACHE=" + filepath.Join(top, "modcache"), "GOFLAGS=-modcacherw", "GONOSUMDB=*"}
}

// publish puts a module into a module proxy's folder and gives its sum.
func publish(t *testing.T, proxy string, m module.Version, files map[string][]byte) string {
	t.Helper()
	source, folder := t.TempDir(), filepath.Join(proxy, m.Path, "@v")
	if err := templates.Write(source, files); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	archive, err := os.Create(filepath.Join(folder, m.Version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if err := zip.CreateFromDir(archive, m, source); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{".mod": files["go.mod"], ".info": []byte(`{"Version":"` + m.Version + `"}`)} {
		if err := os.WriteFile(filepath.Join(folder, m.Version+name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := dirhash.HashZip(archive.Name(), dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}
