//go:build integration

package builder_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/builder"
)

// git runs git in a folder, and gives what it printed.
func (b *bench) git(dir string, args ...string) string {
	b.t.Helper()
	return strings.TrimSpace(b.run(dir, []string{"GIT_CONFIG_GLOBAL=/dev/null"},
		"git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"}, args...)...))
}

// newAPI is what the host's package api says in revisions after the one that the
// host was built from.
const newAPI = "package api\n\n// New is new.\nfunc New(n int) int { return n + Total }\n"

// cloned builds the host in a clone, with its revision stamped.
func cloned(flags ...string) func(*bench) {
	return func(b *bench) {
		b.sums(b.host)
		b.git(b.host, "init", "-q")
		b.commit("built")
		b.buildHost(nil, append([]string{"-buildvcs=true"}, flags...)...)
		ownFolder(b)
	}
}

func (b *bench) commit(message string) string {
	b.git(b.host, "add", "-A")
	b.git(b.host, "commit", "-q", "-m", message)
	return b.git(b.host, "rev-parse", "HEAD")
}

// movedOn has the clone go on after the host was built: a file is new, one is
// changed, one is gone.
func movedOn(b *bench) {
	b.t.Helper()
	b.write(filepath.Join(b.host, "api", "new.go"), newAPI)
	b.write(filepath.Join(b.host, "clib", "minus.h"), "int minus(int a, int b);\n#define MORE 1\n")
	if err := os.Remove(filepath.Join(b.host, "api", "special.go")); err != nil {
		b.t.Fatal(err)
	}
	b.goMod(b.host, "-require=example.com/dep@v1.2.0")
	b.sums(b.host)
	b.commit("moved on")
}

func after(steps ...func(*bench)) func(*bench) {
	return func(b *bench) {
		for _, step := range steps {
			step(b)
		}
	}
}

// dirty changes the clone without a commit.
func dirty(b *bench) { b.write(filepath.Join(b.host, "api", "new.go"), newAPI) }

var revisionCases = []hostCase{
	{name: "clone moved on, trimmed", want: builder.Workspace, setup: after(cloned("-trimpath"), movedOn)},
	{name: "clone moved on, untrimmed", want: builder.Modules, setup: after(cloned(), movedOn)},
	{name: "clone moved on and away, untrimmed", want: builder.Rewritten, opts: given("far/away/host"), setup: after(cloned(), movedOn, unaware, func(b *bench) { b.away("host") })},
	{name: "clone moved on, race and cover", want: builder.Rewritten, opts: given("far/away/host"), setup: after(cloned("-cover"), movedOn, unaware, func(b *bench) { b.away("host") })},
	{name: "clone has changes", want: builder.Workspace, setup: after(cloned("-trimpath"), dirty)},
	{name: "clone moved on and has changes", want: builder.Workspace, setup: after(cloned("-trimpath"), movedOn, dirty)},
	{name: "clone moved on, plugin has a workspace", want: builder.Modules, setup: after(cloned("-trimpath"), movedOn, func(b *bench) {
		b.run(b.dir, nil, "go", "work", "init", "./host", "./plugin")
	})},
	{name: "plugin in the host's module, which moved on", want: builder.Modules, setup: func(b *bench) {
		b.git(b.host, "init", "-q")
		inHost(b)
		b.commit("built")
		b.buildHost(nil, "-buildvcs=true", "-trimpath")
		b.write(filepath.Join(b.host, "api", "new.go"), newAPI)
		b.write(filepath.Join(b.plugin, "extra.go"), "package main\n\nvar Extra = 1\n")
		b.commit("moved on")
	}},
	{name: "clone of several modules moved on", want: builder.Workspace, opts: given("far/away/mono"), setup: func(b *bench) {
		b.t.Helper()
		git := func(args ...string) { b.git(filepath.Join(b.dir, "mono"), args...) }
		b.mkdir(filepath.Join(b.dir, "mono"))
		git("init", "-q")
		monorepoOf(b, func() { git("add", "-A"); git("commit", "-q", "-m", "built") }, "-buildvcs=true", "-trimpath")
		mono := filepath.Join(b.dir, "far", "away", "mono")
		b.write(filepath.Join(mono, "libs", "dep", "more.go"), "package dep\n\n// More is new.\nfunc More() {}\n")
		b.git(mono, "add", "-A")
		b.git(mono, "commit", "-q", "-m", "moved on")
	}},
	{name: "profile of the host's revision", want: builder.Workspace, setup: func(b *bench) {
		b.profile()
		cloned("-trimpath")(b)
		b.run(b.host, nil, "rm", "cmd/host/default.pgo")
		movedOn(b)
	}},
	{name: "worktree of the clone", want: builder.Workspace, opts: given("far/tree"), setup: after(cloned("-trimpath"), movedOn, unaware, func(b *bench) {
		b.away("host")
		b.git(filepath.Join(b.dir, "far", "away", "host"), "worktree", "add", "-q", "--detach", filepath.Join(b.dir, "far", "tree"))
	})},
	{name: "clone with packed references and objects", want: builder.Workspace, setup: after(cloned("-trimpath"), movedOn, func(b *bench) {
		b.git(b.host, "gc", "-q")
	})},
	{name: "clone with SHA-256 names", want: builder.Workspace, setup: func(b *bench) {
		b.sums(b.host)
		b.git(b.host, "init", "-q", "--object-format=sha256")
		b.commit("built")
		b.buildHost(nil, "-buildvcs=true", "-trimpath")
		ownFolder(b)
		movedOn(b)
	}},
}

func TestRevisions(t *testing.T) {
	for _, c := range revisionCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}

// The clone stays as it is, the build says what it took from which revision, and the
// next build finds it again.
func TestRevisionTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	after(cloned("-trimpath"), movedOn)(b)
	status, head := b.git(b.host, "status", "--porcelain"), b.git(b.host, "rev-parse", "HEAD")
	res, err := b.build(b.options())
	if err != nil {
		t.Fatal(err)
	}
	built := b.git(b.host, "rev-parse", "HEAD~1")
	c := res.Plan.Checkout
	if c == nil || c.Head != head || c.Revision != built || c.Folder != b.host || c.Modified {
		t.Errorf("the checkout is told as %+v, want %s at %s, host at %s", c, b.host, head, built)
	}
	if want := []string{"api/new.go", "api/special.go", "clib/minus.h", "go.mod", "go.sum"}; !slices.Equal(c.Taken, want) {
		t.Errorf("taken from the revision: %q, want %q", c.Taken, want)
	}
	if !slices.ContainsFunc(res.Warnings, func(w string) bool { return strings.Contains(w, built[:12]) && strings.Contains(w, head[:12]) }) {
		t.Errorf("no warning names both revisions: %q", res.Warnings)
	}
	if now := b.git(b.host, "status", "--porcelain"); now != status || b.git(b.host, "rev-parse", "HEAD") != head {
		t.Errorf("the clone was changed: %s", now)
	}
	again, err := b.build(b.options())
	if err != nil || !again.Unchanged {
		t.Errorf("built again, the plugin changed: %v", err)
	}
	b.noneLeft()
}

// What a stranger's clone configures runs no program.
func TestHostileClone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	after(cloned("-trimpath"), func(b *bench) {
		b.write(filepath.Join(b.host, ".gitattributes"), "*.go filter=evil diff=evil merge=evil\n*.h filter=evil\n")
	}, movedOn)(b)
	ran := filepath.Join(b.dir, "ran")
	evil := filepath.Join(b.dir, "evil")
	b.write(evil, "#!/bin/sh\necho \"$0 $*\" >>"+ran+"\ncat\n")
	b.run(b.dir, nil, "chmod", "+x", evil)
	for _, setting := range []string{
		"filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "core.fsmonitor", "diff.external", "diff.evil.textconv", "diff.evil.command",
		"core.pager", "core.sshCommand", "core.gitProxy", "uploadpack.packObjectsHook", "core.alternateRefsCommand", "gpg.program", "core.editor", "credential.helper", "alias.cat-file", "alias.ls-tree",
	} {
		b.git(b.host, "config", setting, evil)
	}
	b.git(b.host, "config", "filter.evil.required", "true")
	hooks := filepath.Join(b.dir, "hooks")
	b.mkdir(hooks)
	for _, hook := range []string{"post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman", "pre-commit"} {
		b.run(b.dir, nil, "cp", evil, filepath.Join(hooks, hook))
	}
	b.git(b.host, "config", "core.hooksPath", hooks)
	_ = os.Remove(ran)
	res, err := b.build(b.options())
	if err != nil {
		t.Fatal(err)
	}
	if got := b.load(res.Output); got != "loads: "+usual {
		t.Errorf("the host says %q", got)
	}
	if log, err := os.ReadFile(ran); err == nil {
		t.Errorf("a program of the clone's ran: %s", log)
	}
}

var revisionFailures = []failureCase{
	{
		name: "revision that the clone lacks",
		setup: after(cloned("-trimpath"), movedOn, func(b *bench) {
			b.run(b.host, nil, "rm", "-r", ".git")
			b.git(b.host, "init", "-q")
			b.commit("another story")
		}),
		want: is[*builder.NoFitError],
		says: []string{"the source of example.com/host/api in ", "the host is of revision ", "the folder is at revision ", "cannot be had: the clone in ", "git -C ", "checkout "},
	},
	{
		name: "plugin that needs what came later",
		setup: after(cloned("-trimpath"), movedOn, func(b *bench) {
			b.write(filepath.Join(b.plugin, "more.go"), "package main\n\nimport \"example.com/host/api\"\n\nvar More = api.New(1)\n")
		}),
		want: is[*builder.GoError], says: []string{"undefined: api.New", "example.com/host is built as it was in revision ", "git -C "},
	},
	{
		name: "host with changes that nobody has",
		setup: func(b *bench) {
			b.sums(b.host)
			b.git(b.host, "init", "-q")
			b.commit("built")
			dirty(b)
			b.buildHost(nil, "-buildvcs=true", "-trimpath")
			b.run(b.host, nil, "rm", "api/new.go")
			ownFolder(b)
		},
		want: is[*builder.NoFitError], says: []string{"with uncommitted changes", "example.com/host/api", "--host-src DIR"},
	},
	{
		name: "host without a revision, clone that moved on",
		setup: func(b *bench) {
			b.sums(b.host)
			b.git(b.host, "init", "-q")
			b.commit("built")
			b.buildHost(nil, "-trimpath")
			ownFolder(b)
			movedOn(b)
			dirty(b)
			b.write(filepath.Join(b.host, "api", "newer.go"), "package api\n\n// Newer is newer.\nfunc Newer() {}\n")
		},
		want: is[*builder.NoFitError], says: []string{"records no revision", "at revision ", "with uncommitted changes (api/newer.go)", "--host-src DIR"},
	},
	{
		name: "folder in no clone",
		setup: after(cloned("-trimpath"), dirty, func(b *bench) {
			b.run(b.host, nil, "rm", "-r", ".git")
		}),
		want: is[*builder.NoFitError], says: []string{"the host is of revision ", "the folder is in no git clone", "check revision ", "--host-src DIR"},
	},
	{
		name: "no git",
		setup: after(cloned("-trimpath"), movedOn, func(b *bench) {
			bin := filepath.Join(b.dir, "path")
			b.mkdir(bin)
			for _, name := range []string{"go", "gcc", "as", "ld"} {
				b.run(b.dir, nil, "sh", "-c", "ln -s $(command -v "+name+") "+bin)
			}
			b.set("PATH=" + bin)
		}),
		want: is[*builder.NoFitError], says: []string{"cannot be had: git is not in PATH"},
	},
}

func TestRevisionFailures(t *testing.T) {
	for _, c := range revisionFailures {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}
