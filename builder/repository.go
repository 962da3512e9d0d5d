package builder

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // git's own name for a file's content, not a proof of anything
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// Bounds on what is taken from a clone's revision.
const (
	maxTree = 256 << 20 // bytes of the list of a revision's files
	maxBlob = 64 << 20  // bytes of one file
)

// A repository is a git repository with a working tree. A clone may be a
// stranger's, whose configuration, attributes and hooks can run programs: nothing is
// read from it but its HEAD and its objects, and git is never run in it.
type repository struct {
	top     string // the working tree
	objects string // the folder of its objects
	head    string // the revision that is checked out; "" if that is not known
}

var revisionPattern = lazily(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// findRepository finds the clone that a folder lies in; nil for none.
func findRepository(dir string) *repository {
	for ; ; dir = filepath.Dir(dir) {
		if fi, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return openRepository(dir, fi.IsDir())
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// openRepository reads where a clone keeps what it has: gitrepository-layout(5).
func openRepository(top string, isDir bool) *repository {
	gitDir := filepath.Join(top, ".git")
	if !isDir { // a worktree, or a submodule
		data, err := readOptional(gitDir)
		to, ok := strings.CutPrefix(strings.TrimSpace(string(data)), "gitdir: ")
		if err != nil || !ok {
			return nil
		}
		gitDir = within(top, to)
	}
	common := gitDir
	if data, err := readOptional(filepath.Join(gitDir, "commondir")); err == nil && data != nil {
		common = within(gitDir, strings.TrimSpace(string(data)))
	}
	objects := filepath.Join(common, "objects")
	if fi, err := os.Stat(objects); err != nil || !fi.IsDir() || checkFolder(objects) != nil {
		return nil
	}
	return &repository{top: top, objects: objects, head: readHead(gitDir, common)}
}

func readHead(gitDir, common string) string {
	data, err := readOptional(filepath.Join(gitDir, "HEAD"))
	if err != nil {
		return ""
	}
	head := strings.TrimSpace(string(data))
	ref, symbolic := strings.CutPrefix(head, "ref: ")
	if symbolic {
		if head = ""; !filepath.IsLocal(ref) {
			return ""
		}
		if data, err := readOptional(filepath.Join(common, filepath.FromSlash(ref))); err == nil && data != nil {
			head = strings.TrimSpace(string(data))
		} else if packed, err := readOptional(filepath.Join(common, "packed-refs")); err == nil {
			for line := range strings.Lines(string(packed)) {
				if id, name, _ := strings.Cut(strings.TrimSpace(line), " "); name == ref {
					head = id
				}
			}
		}
	}
	if !revisionPattern().MatchString(head) {
		return ""
	}
	return head
}

// A gitTree reads a revision's files from a clone's objects, by way of a
// repository of its own that has no more than those.
type gitTree struct {
	git      string // the program
	dir      string // that repository
	env      []string
	revision string
}

// openTree makes the repository in a new folder. The error says why the
// revision cannot be had.
func (r *repository) openTree(ctx context.Context, env []string, dir, revision string) (*gitTree, error) {
	if !revisionPattern().MatchString(revision) {
		return nil, fmt.Errorf("revision %q is no name that git gives", revision)
	}
	git, err := lookPath(env, dir, "git")
	if err != nil {
		return nil, errors.New("git is not in PATH")
	}
	config := "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
	if len(revision) == 2*sha256.Size {
		config = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectFormat = sha256\n"
	}
	for _, sub := range []string{"objects/info", "refs"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	for name, content := range map[string]string{"HEAD": "ref: refs/heads/none\n", "config": config, "objects/info/alternates": r.objects + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	t := &gitTree{git: git, dir: dir, revision: revision, env: []string{
		"PATH=" + getEnv(env, "PATH"), "HOME=" + dir, "LC_ALL=C",
		"GIT_DIR=" + dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_ATTR_NOSYSTEM=1",
		"GIT_NO_LAZY_FETCH=1", "GIT_NO_REPLACE_OBJECTS=1", "GIT_TERMINAL_PROMPT=0", "GIT_LITERAL_PATHSPECS=1",
	}}
	if _, err := t.run(ctx, nil, "cat-file", "-e", revision+"^{commit}"); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("the clone in %s does not have it", r.top)
	}
	return t, nil
}

func (t *gitTree) run(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, t.git, args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = t.dir, t.env, patience
	cmd.Stdin = bytes.NewReader(stdin)
	var out capped
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("git %s: %w\n%s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out.data, nil
}

// capped keeps what is written to it, up to maxTree bytes.
type capped struct{ data []byte }

func (c *capped) Write(data []byte) (int, error) {
	if len(c.data)+len(data) > maxTree {
		return 0, fmt.Errorf("more than %d bytes", maxTree)
	}
	c.data = append(c.data, data...)
	return len(data), nil
}

// files lists the regular files below a folder, by path from the top with
// slashes, with the names of their content.
func (t *gitTree) files(ctx context.Context, folder string) (map[string]string, error) {
	args := []string{"ls-tree", "-r", "-z", "--full-tree", t.revision}
	if folder != "." {
		args = append(args, "--", folder+"/")
	}
	out, err := t.run(ctx, nil, args...)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for entry := range strings.SplitSeq(string(out), "\x00") {
		about, name, _ := strings.Cut(entry, "\t")
		f := strings.Fields(about) // mode, type, id
		if len(f) != 3 || f[0] != "100644" && f[0] != "100755" {
			continue
		}
		if path.Clean(name) != name || !filepath.IsLocal(filepath.FromSlash(name)) || !revisionPattern().MatchString(f[2]) {
			return nil, fmt.Errorf("revision %s has a file named %q", t.revision, name)
		}
		files[name] = f[2]
	}
	return files, nil
}

// contents reads files by the names of their content.
func (t *gitTree) contents(ctx context.Context, ids []string) (map[string][]byte, error) {
	out, err := t.run(ctx, []byte(strings.Join(ids, "\n")+"\n"), "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	found := map[string][]byte{}
	for _, id := range ids {
		head, rest, _ := bytes.Cut(out, []byte("\n"))
		f := strings.Fields(string(head))
		if len(f) != 3 || f[0] != id || f[1] != "blob" {
			return nil, fmt.Errorf("revision %s: git says %q of a file", t.revision, head)
		}
		size, err := strconv.Atoi(f[2])
		if err != nil || size < 0 || size > maxBlob || size >= len(rest) {
			return nil, fmt.Errorf("revision %s has a file of %s bytes", t.revision, f[2])
		}
		if found[id] = rest[:size:size]; blobID(rest[:size], len(id)) != id {
			return nil, fmt.Errorf("revision %s: the clone has other content under %s", t.revision, id)
		}
		out = rest[size+1:]
	}
	return found, nil
}

// blobID gives git's name for a file's content, in as many hexadecimal digits as
// the repository's names have.
func blobID(content []byte, digits int) string {
	var h hash.Hash = sha1.New() //nolint:gosec // see above
	if digits == 2*sha256.Size {
		h = sha256.New()
	}
	fmt.Fprintf(h, "blob %d\x00", len(content))
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
}
