package builder_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/builder"
)

// elsewhereToo copies a bench's sources to another folder, of another user: with another
// home, temporary folder, module cache, locale, time zone and number of processors, and
// without the repository that the sources were in.
func (b *bench) elsewhereToo(folder string) *bench {
	b.t.Helper()
	there := filepath.Join(b.dir, folder)
	for _, dir := range []string{"plugin", "host", "there"} {
		if _, err := os.Stat(filepath.Join(b.dir, dir)); err == nil {
			b.copy(filepath.Join(b.dir, dir), filepath.Join(there, dir))
		}
	}
	if err := os.RemoveAll(filepath.Join(there, "plugin", ".git")); err != nil {
		b.t.Fatal(err)
	}
	other := *b
	rel, err := filepath.Rel(b.dir, b.plugin)
	if err != nil {
		b.t.Fatal(err)
	}
	other.plugin = filepath.Join(there, rel)
	other.mkdir(filepath.Join(there, "temp"))
	other.env = append(slices.Clone(b.env), "HOME="+there, "TMPDIR="+filepath.Join(there, "temp"), "GOMODCACHE="+filepath.Join(there, "mod"),
		"LC_ALL=de_DE.UTF-8", "LANG=de_DE.UTF-8", "TZ=Asia/Tokyo", "USER=other", "LOGNAME=other", "GOMAXPROCS=1", "GOFLAGS=-modcacherw -p=1")
	return &other
}

// repository puts the plugin's source under version control, where tests may use git,
// with a change that is not committed.
func (b *bench) repository() {
	b.t.Helper()
	if !withGit {
		return
	}
	b.run(b.plugin, nil, "git", "init", "-q", ".")
	b.run(b.plugin, nil, "git", "add", "-A")
	b.run(b.plugin, nil, "git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false", "commit", "-qm", "x")
	b.write(filepath.Join(b.plugin, "notes.txt"), "not committed")
}

// buildBytes builds and gives the plugin's bytes.
func (b *bench) buildBytes(output string) ([]byte, *builder.Result) {
	b.t.Helper()
	opts := b.options()
	opts.Output = filepath.Join(b.dir, output)
	res, err := b.build(opts)
	if err != nil {
		b.t.Fatal(err)
	}
	data, err := os.ReadFile(res.Output)
	if err != nil {
		b.t.Fatal(err)
	}
	return data, res
}

// The same source and the same host give the same bytes in any folder and for any user,
// where the host was built with -trimpath.
func TestReproducible(t *testing.T) {
	for name, setup := range map[string]func(*bench){
		"modules":          func(b *bench) { trimmedHost(b); published(b) },
		"workspace":        checkout("-trimpath"),
		"rewritten":        workspaceHost("-trimpath"),
		"rewritten by cgo": func(b *bench) { inHost(b); b.installHost(nil, "-trimpath") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.set("GOFLAGS=-modcacherw")
			setup(b)
			b.repository()
			one, res := b.buildBytes("one.so")
			if r := res.Reproducible; !r.AnyFolder || len(r.Folders) > 0 {
				t.Errorf("reproducible is %+v, want in any folder", r)
			}
			two, _ := b.elsewhereToo("another user's/deeper/still").buildBytes("two.so")
			if !bytes.Equal(one, two) {
				t.Errorf("two folders give two plugins, layout %s", res.Plan.Layout.Name)
			}
			if bytes.Contains(one, []byte(b.dir)) {
				t.Errorf("the plugin names %s", b.dir)
			}
		})
	}
}

// An untrimmed host wants untrimmed plugins: the go command records their folder, in
// debugging information and in the build id. In one folder, all users get the same
// bytes; what they depend on is told.
func TestReproducibleInOneFolder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.set("GOFLAGS=-modcacherw")
	checkout()(b)
	one, res := b.buildBytes("one.so")
	var told []string
	for _, f := range res.Reproducible.Folders {
		told = append(told, f.Folder)
	}
	if res.Reproducible.AnyFolder || !slices.Contains(told, b.plugin) {
		t.Errorf("reproducible is %+v, want that %s counts", res.Reproducible, b.plugin)
	}
	other := b.elsewhereToo("another user's/deeper/still")
	moved, _ := other.buildBytes("moved.so")
	if bytes.Equal(one, moved) {
		t.Error("the folder made no difference: tell that it does not")
	}
	other.plugin = b.plugin
	other.set("GOMODCACHE=" + shared.cache)
	two, _ := other.buildBytes("two.so")
	if !bytes.Equal(one, two) {
		t.Error("two users get two plugins in one folder")
	}
}

// Flags of the user's that put folders or the repository's state into the plugin are
// the user's own; what follows is told.
func TestReproducibleFlags(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.set("GOFLAGS=-modcacherw")
	trimmedHost(b)
	published(b)
	b.repository()
	opts := b.options()
	opts.Flags = []string{"-buildvcs=true"}
	res, err := b.build(opts)
	if err != nil {
		t.Fatal(err)
	}
	if flags := strings.Join(res.Plan.Flags, " "); strings.Contains(flags, "-buildvcs=false") {
		t.Errorf("flags %s", flags)
	}
	if got := b.run(b.dir, nil, "go", "version", "-m", res.Output); strings.Contains(got, "vcs.modified=true") != withGit {
		t.Errorf("with a repository: %t, and there is\n%s", withGit, got)
	}
}

// --check-reproducible builds again, from a copy of all that the source consists of, and
// writes nothing that differs. It compiles the standard library, so that other cases
// are in the sweep.
func TestCheckReproducible(t *testing.T) {
	t.Parallel()
	checkAgain(t, checkout("-trimpath"), true)
}

func checkAgain(t *testing.T, setup func(*bench), same bool) {
	b := newBench(t)
	setup(b)
	b.write(filepath.Join(b.plugin, ".git", "config"), "a repository, which is not copied")
	opts := b.options()
	opts.CheckReproducible = true
	res, err := b.build(opts)
	switch {
	case same && (err != nil || !res.Reproducible.Checked):
		t.Errorf("%v, %+v", err, res)
	case !same && !is[*builder.NotReproducibleError](err):
		t.Errorf("error %v", err)
	case !same && (!strings.Contains(err.Error(), ".note.go.buildid") || !strings.Contains(strings.Join(err.(*builder.NotReproducibleError).Hints(), "\n"), b.plugin)):
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(opts.Output); (err == nil) != same {
		t.Errorf("the output: %v", err)
	}
	b.noneLeft()
}
