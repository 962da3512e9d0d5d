//go:build unix

package builder_test

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
)

// An attack is something that a stranger's host says of itself, by which it wants a
// program run, or a file written or read, where it is built for.
type attack struct {
	name string
	info func(e *evil, bi *debug.BuildInfo)                 // in a binary's build information, and in a descriptor
	desc func(e *evil, d map[string]any)                    // in a descriptor only
	opts func(e *evil, o *builder.Options)                  // what the user asks for besides
	gone bool                                               // the host is untrimmed, and its folder gone
	want func(t *testing.T, res *builder.Result, err error) // nil: whatever comes of it
}

// evil is a bench with programs that nobody may start, and a home to look after.
type evil struct {
	*bench
	prog   string // a program that leaves pwned behind
	root   string // a GOROOT whose go command is that program
	pwned  string
	outlet string // the folder for the output
}

// forged are the hosts that attacks start from: trimmed, and untrimmed with its folder
// gone. Their build information has room for more in a tag.
var forged struct {
	once          sync.Once
	trimmed, gone string
	sums          string // the plugin's go.sum
}

// padding is the room for forgery in bytes.
const padding = 12_000

func newEvil(t *testing.T) *evil {
	t.Helper()
	b := newBench(t)
	forged.once.Do(func() {
		pad := "-tags=" + strings.Repeat("p", padding)
		dir := filepath.Join(filepath.Dir(shared.proxy), "forged")
		kept := b.bin
		b.mkdir(dir)
		b.bin = filepath.Join(dir, "host")
		b.installHost(nil, "-trimpath", pad)
		forged.trimmed = b.bin
		b.bin = filepath.Join(dir, "gone")
		elsewhere(nil, pad)(b)
		forged.gone, b.bin = b.bin, kept
		b.run(b.dir, nil, "rm", "-r", b.plugin)
		b.copy(filepath.Join(testBuild, "plugin"), b.plugin)
		b.sums(b.plugin)
		sums, err := os.ReadFile(filepath.Join(b.plugin, "go.sum"))
		if err != nil {
			t.Fatal(err)
		}
		forged.sums = string(sums)
	})
	if forged.gone == "" {
		t.Fatal("the hosts to forge were not built")
	}
	e := &evil{bench: b, outlet: filepath.Join(b.dir, "out"), pwned: filepath.Join(b.dir, "pwned")}
	e.prog, e.root = filepath.Join(b.dir, "evilbin", "evil"), filepath.Join(b.dir, "evilroot")
	b.mkdir(e.outlet)
	b.mkdir(filepath.Join(b.dir, "home", "sdk"))
	programs := []string{e.prog, filepath.Join(e.root, "bin", "go")}
	for _, name := range []string{"go1.26.8-custom", "gccgo", "hg", "svn", "bzr", "fossil", "evil-gcc", "local", "path", "auto", "-evil"} {
		programs = append(programs, filepath.Join(filepath.Dir(e.prog), name))
	}
	for _, prog := range programs {
		b.write(prog, "#!/bin/sh\necho \"$0 $*\" >>"+e.pwned+"\nexit 1\n")
		if err := os.Chmod(prog, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	b.write(filepath.Join(b.plugin, "go.sum"), forged.sums)
	b.set("PATH=" + os.Getenv("PATH") + ":" + filepath.Dir(e.prog))
	return e
}

// forge writes the attack's host, as a binary and as a descriptor.
func (e *evil) forge(a attack) (hosts []string) {
	e.t.Helper()
	from := forged.trimmed
	if a.gone {
		from = forged.gone
	}
	if a.info != nil {
		if file := e.forgeBinary(from, a.info); file != "" {
			hosts = append(hosts, file)
		}
	}
	return append(hosts, e.forgeDescriptor(from, a))
}

// forgeBinary rewrites a host's build information in place, in both places in which
// the linker leaves it.
func (e *evil) forgeBinary(from string, change func(*evil, *debug.BuildInfo)) string {
	e.t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		e.t.Fatal(err)
	}
	bi, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		e.t.Fatal(err)
	}
	version := bi.GoVersion
	bi.GoVersion = ""
	old := bi.String()
	if n := bytes.Count(data, []byte(old)); n != 2 {
		e.t.Fatalf("the build information is %d times in the host, want 2", n)
	}
	unpad(bi)
	bi.GoVersion = version
	change(e, bi)
	forgedVersion := bi.GoVersion
	bi.GoVersion = ""
	now := bi.String()
	room := len(old) - len(now) - len("build\tpad=\n")
	if room < 0 {
		e.t.Fatalf("no room for the forgery: %d bytes too many", -room)
	}
	now += "build\tpad=" + strings.Repeat("p", room) + "\n"
	data = bytes.ReplaceAll(data, []byte(old), []byte(now))
	if len(forgedVersion) != len(version) {
		return "" // the version's place has no room for more
	}
	data = bytes.ReplaceAll(data, []byte(version), []byte(forgedVersion))
	file := filepath.Join(e.dir, "forged", "host")
	e.write(file, string(data))
	return file
}

// unpad makes room.
func unpad(bi *debug.BuildInfo) {
	for i := range bi.Settings {
		if bi.Settings[i].Key == "-tags" {
			bi.Settings[i].Value = "padded"
		}
	}
}

func (e *evil) forgeDescriptor(from string, a attack) string {
	e.t.Helper()
	host, err := inspector.OpenHost(from)
	if err != nil {
		e.t.Fatal(err)
	}
	data, err := host.Descriptor()
	if err != nil {
		e.t.Fatal(err)
	}
	if err := host.Close(); err != nil {
		e.t.Fatal(err)
	}
	var d map[string]any
	if err := json.Unmarshal(data, &d); err != nil {
		e.t.Fatal(err)
	}
	bi, err := buildinfo.ReadFile(from)
	if err != nil {
		e.t.Fatal(err)
	}
	unpad(bi)
	if a.info != nil {
		a.info(e, bi)
		d["goVersion"], d["path"] = bi.GoVersion, bi.Path
		d["main"] = describe(&bi.Main)
		var deps, settings []any
		for _, m := range bi.Deps {
			deps = append(deps, describe(m))
		}
		for _, s := range bi.Settings {
			settings = append(settings, map[string]any{"key": s.Key, "value": s.Value})
		}
		d["deps"], d["settings"] = deps, settings
	}
	for _, s := range d["settings"].([]any) {
		if s := s.(map[string]any); s["key"] == "-tags" && strings.HasPrefix(s["value"].(string), "pppp") {
			s["value"] = "padded"
		}
	}
	if a.desc != nil {
		a.desc(e, d)
	}
	if data, err = json.Marshal(d); err != nil {
		e.t.Fatal(err)
	}
	file := filepath.Join(e.dir, "forged", "host.json")
	e.write(file, string(data))
	return file
}

func describe(m *debug.Module) map[string]any {
	d := map[string]any{"path": m.Path, "version": m.Version, "sum": m.Sum}
	if m.Replace != nil {
		d["replace"] = describe(m.Replace)
	}
	return d
}

// tree says what is in a folder: names, kinds, sizes and times. The output, the
// temporary folders and the forged hosts may change.
func (e *evil) tree() string {
	e.t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(e.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch rel, _ := filepath.Rel(e.dir, path); rel {
		case "out", "tmp", "forged", "home/.config": // the last is of the go command's telemetry
			return fs.SkipDir
		}
		fi, err := d.Info()
		if err != nil || d.IsDir() {
			return err
		}
		fmt.Fprintln(&all, path, fi.Mode(), fi.Size(), fi.ModTime())
		return nil
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return all.String()
}

// deadline is far above what an attack takes that is refused or ignored.
const deadline = 2 * time.Minute

func TestAttacks(t *testing.T) {
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			a.test(t)
		})
	}
}

func (a attack) test(t *testing.T) {
	e := newEvil(t)
	for _, file := range e.forge(a) {
		opts := e.options()
		opts.Output = filepath.Join(e.outlet, "plugin.so")
		if a.opts != nil {
			a.opts(e, &opts)
		}
		before := e.tree()
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		res, err := e.attempt(ctx, file, opts)
		cancel()
		if ran, readErr := os.ReadFile(e.pwned); readErr == nil {
			t.Errorf("%s ran a program: %s", filepath.Base(file), ran)
		}
		if after := e.tree(); after != before {
			t.Errorf("%s changed files (-before +after):\n%s", filepath.Base(file), cmp.Diff(before, after))
		}
		if err != nil {
			t.Logf("%s: %.400v", filepath.Base(file), err)
			first, _, _ := strings.Cut(err.Error(), "\n")
			if first == "" || strings.ContainsFunc(first, unicode.IsControl) || len(first) > 4000 {
				t.Errorf("%s: the message is %.300q", filepath.Base(file), first)
			}
		}
		if ctx.Err() == context.DeadlineExceeded {
			t.Errorf("%s took longer than %s", filepath.Base(file), deadline)
		}
		if a.want != nil {
			a.want(t, res, err)
		}
		e.noneLeft()
	}
}

func (e *evil) attempt(ctx context.Context, file string, opts builder.Options) (*builder.Result, error) {
	host, err := inspector.OpenHost(file)
	if err != nil {
		return nil, err
	}
	defer host.Close()
	return builder.Run(ctx, host, opts)
}

// ignored demands that the plugin was built in spite of the attack.
func ignored(t *testing.T, _ *builder.Result, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("no plugin: %v", err)
	}
}

// refused demands that nothing was built.
func refused(t *testing.T, res *builder.Result, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("a plugin was built: %+v", res.Plan)
	}
}
