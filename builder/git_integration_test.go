//go:build integration

package builder_test

import (
	"path/filepath"
	"testing"
)

// A private module comes straight out of a git repository, where no module proxy and no
// checksum database may hear of it.
func TestPrivateRepository(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.small("")
	repo := filepath.Join(b.dir, "repos", "own.git")
	b.write(filepath.Join(repo, "go.mod"), "module git.example.org/team/own.git\n\ngo 1.21\n\nrequire example.com/dep v1.2.0\n")
	b.write(filepath.Join(repo, "own.go"), "package own\n\nimport \"example.com/dep\"\n\nfunc Word() string { return string(rune('0' + dep.Twice(2))) }\n")
	b.git(repo, "init", "-q")
	b.git(repo, "add", "-A")
	b.git(repo, "commit", "-qm", "x")
	b.git(repo, "tag", "v1.0.0")
	b.write(filepath.Join(b.dir, "gitconfig"), "[url \"file://"+filepath.Join(b.dir, "repos")+"/\"]\n\tinsteadOf = https://git.example.org/team/\n")
	b.set("GOPRIVATE=git.example.org", "GONOSUMDB=git.example.org,example.com", "GOSUMDB=sum.golang.org", "GIT_CONFIG_GLOBAL="+filepath.Join(b.dir, "gitconfig"), "GOMODCACHE="+filepath.Join(b.dir, "mod"))
	b.write(filepath.Join(b.plugin, "word.go"), "package main\n\nimport \"git.example.org/team/own.git\"\n\nfunc word() string { return own.Word() }\n")
	b.goMod(b.plugin, "-require=git.example.org/team/own.git@v1.0.0")
	b.sums(b.plugin)
	b.set("GOMODCACHE=" + filepath.Join(b.dir, "mod2"))
	res, err := b.build(b.options())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := b.load(res.Output), "loads: plain4"; got != want {
		t.Errorf("the host says %q, want %q", got, want)
	}
	b.noneLeft()
}
