package builder_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
)

const testBuild = "../testdata/build"

// shared is what all tests of a run use: a module proxy with the modules of
// testdata/build, and a module cache that it fills.
var shared struct{ proxy, cache, goCache, goRoot string }

func TestMain(m *testing.M) {
	// The tests' own program is the wrapper around the compiler, too.
	if len(os.Args) > 1 && os.Args[1] == "toolexec" {
		os.Exit(builder.ToolexecMain(os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	// And a build of its own, to be killed.
	if len(os.Args) == 4 && os.Args[1] == "build" {
		if err := buildAlone(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) == 3 && os.Args[1] == "place" {
		fmt.Fprintln(os.Stderr, builder.PlaceForEver(os.Args[2]))
		os.Exit(1)
	}
	os.Exit(runTests(m))
}

// buildAlone builds and signs the plugin in dir for a host, with the settings of
// this process.
func buildAlone(bin, dir string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	host, err := inspector.OpenHost(bin)
	if err != nil {
		return err
	}
	defer host.Close()
	_, err = builder.Run(ctx, host, builder.Options{
		Dir: dir, Env: os.Environ(), Output: filepath.Join(dir, "plugin.so"),
		Toolexec: []string{os.Args[0], "toolexec"}, Seals: signed(),
	})
	return err
}

// signed are a signature and an attestation by sealBySum.
func signed() []builder.Seal {
	return []builder.Seal{{Extension: ".sigstore.json", Make: sealBySum}, {Extension: ".loads.intoto.sigstore.json", Make: sealBySum}}
}

// sealBySum makes a sidecar that fits one content only.
func sealBySum(_ context.Context, b *builder.Built) ([][]byte, error) {
	return [][]byte{sumOf(b.Data)}, nil
}

func sumOf(data []byte) []byte { return fmt.Appendf(nil, "%x", sha256.Sum256(data)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "builder-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	env, err := exec.Command("go", "env", "GOCACHE", "GOROOT").Output()
	if err == nil {
		shared.proxy, shared.cache = filepath.Join(dir, "proxy"), filepath.Join(dir, "mod")
		goCache, goRoot, _ := strings.Cut(strings.TrimSpace(string(env)), "\n")
		shared.goCache, shared.goRoot = goCache, goRoot
		err = makeProxy(shared.proxy)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "set up the tests:", err)
		return 1
	}
	return m.Run()
}

// makeProxy writes the modules of testdata/build as a module proxy's files.
func makeProxy(proxy string) error {
	sources := map[module.Version]string{{Path: "example.com/host", Version: "v1.0.0"}: filepath.Join(testBuild, "host")}
	trees, err := filepath.Glob(filepath.Join(testBuild, "modules", "example.com", "*"))
	if err != nil {
		return err
	}
	for _, tree := range trees {
		name, version, _ := strings.Cut(filepath.Base(tree), "@")
		sources[module.Version{Path: "example.com/" + name, Version: version}] = tree
	}
	for mod, tree := range sources {
		if err := publish(proxy, mod, tree); err != nil {
			return err
		}
	}
	return nil
}

// publish writes one module version into a module proxy's folder.
func publish(proxy string, mod module.Version, tree string) error {
	escaped, err := module.EscapePath(mod.Path)
	if err != nil {
		return err
	}
	dir := filepath.Join(proxy, escaped, "@v")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	var content bytes.Buffer
	if err := modzip.CreateFromDir(&content, mod, tree); err != nil {
		return err
	}
	gomod, err := os.ReadFile(filepath.Join(tree, "go.mod"))
	if err != nil {
		return err
	}
	list, err := os.OpenFile(filepath.Join(dir, "list"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(list, mod.Version); err != nil {
		return err
	}
	if err := list.Close(); err != nil {
		return err
	}
	info := fmt.Sprintf(`{"Version":%q,"Time":"2025-01-01T00:00:00Z"}`, mod.Version)
	for ext, data := range map[string][]byte{".zip": content.Bytes(), ".mod": gomod, ".info": []byte(info)} {
		if err := os.WriteFile(filepath.Join(dir, mod.Version+ext), data, 0o666); err != nil {
			return err
		}
	}
	_, err = zip.NewReader(bytes.NewReader(content.Bytes()), int64(content.Len()))
	return err
}

// A bench is a folder with a host's and a plugin's module, and the settings that
// they are built with.
type bench struct {
	t            *testing.T
	dir          string
	host, plugin string // folders
	bin          string // the host, once it is built
	env          []string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir()}
	b.host, b.plugin, b.bin = filepath.Join(b.dir, "host"), filepath.Join(b.dir, "plugin"), filepath.Join(b.dir, "bin", "host")
	b.copy(filepath.Join(testBuild, "host"), b.host)
	b.copy(filepath.Join(testBuild, "plugin"), b.plugin)
	b.mkdir(filepath.Dir(b.bin))
	b.mkdir(filepath.Join(b.dir, "tmp"))
	// Otherwise the go command leaves processes behind that write there.
	b.write(filepath.Join(b.dir, "home", ".config", "go", "telemetry", "mode"), "off\n")
	b.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(b.dir, "home"),
		"TMPDIR=" + filepath.Join(b.dir, "tmp"),
		"GOCACHE=" + shared.goCache, "GOMODCACHE=" + shared.cache,
		"GOPROXY=file://" + shared.proxy, "GONOSUMDB=example.com", "GOTOOLCHAIN=local",
		"GOFLAGS=-modcacherw -buildvcs=false", "GOENV=off",
	}
	return b
}

func (b *bench) set(settings ...string) { b.env = append(b.env, settings...) }

func (b *bench) mkdir(dir string) {
	b.t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) copy(from, to string) {
	b.t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) write(file, content string) {
	b.t.Helper()
	b.mkdir(filepath.Dir(file))
	if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
		b.t.Fatal(err)
	}
}

// run runs a program with the bench's settings and some more.
func (b *bench) run(dir string, env []string, name string, args ...string) string {
	b.t.Helper()
	cmd := exec.Command("env", append([]string{name}, args...)...) // which looks name up in the bench's PATH
	cmd.Dir = dir
	cmd.Env = append(append(b.env[:len(b.env):len(b.env)], env...), "PWD="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// goMod edits a module's go.mod.
func (b *bench) goMod(dir string, edits ...string) {
	b.t.Helper()
	b.run(dir, nil, "go", append([]string{"mod", "edit"}, edits...)...)
}

// sums completes a module's go.sum.
func (b *bench) sums(dir string) {
	b.t.Helper()
	b.run(dir, []string{"GOWORK=off"}, "go", "mod", "tidy")
}

// buildHost builds the host from its folder.
func (b *bench) buildHost(env []string, flags ...string) {
	b.t.Helper()
	args := append([]string{"build"}, flags...)
	b.run(b.host, env, "go", append(args, "-o", b.bin, "./cmd/host")...)
}

// installHost installs the host at its published version.
func (b *bench) installHost(env []string, flags ...string) {
	b.t.Helper()
	args := append([]string{"install"}, flags...)
	b.run(b.dir, append([]string{"GOBIN=" + filepath.Dir(b.bin)}, env...), "go", append(args, "example.com/host/cmd/host@v1.0.0")...)
}

// options are those of a build by the bench's settings.
func (b *bench) options() builder.Options {
	return builder.Options{
		Dir: b.plugin, Env: b.env, Output: filepath.Join(b.dir, "plugin.so"),
		Toolexec: []string{os.Args[0], "toolexec"}, Progress: b.t.Output(),
	}
}

func (b *bench) open() *inspector.Host {
	b.t.Helper()
	h, err := inspector.OpenHost(b.bin)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if err := h.Close(); err != nil {
			b.t.Error(err)
		}
	})
	return h
}

// build builds the plugin for the host.
func (b *bench) build(opts builder.Options) (*builder.Result, error) {
	b.t.Helper()
	return builder.Run(context.Background(), b.open(), opts)
}

// load has the real host open plugins, and gives what it printed.
func (b *bench) load(plugins ...string) string {
	b.t.Helper()
	return strings.TrimSpace(b.run(b.dir, []string{"GOCOVERDIR=" + b.dir}, b.bin, plugins...))
}

// noneLeft fails the test if anything temporary is left.
func (b *bench) noneLeft() {
	b.t.Helper()
	err := filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && (strings.Contains(d.Name(), "plugtool-") || strings.HasPrefix(d.Name(), "go-build")) {
			b.t.Errorf("left behind: %s", path)
		}
		return err
	})
	if err != nil {
		b.t.Error(err)
	}
}
