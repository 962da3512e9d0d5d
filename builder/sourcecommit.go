package builder

import (
	"context"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// revision describes the commit that the plugin's source is of, where it is in a git
// repository that can be read.
func (b *Built) revision(ctx context.Context) (resourceDescriptor, bool) {
	git, err := lookPath(b.opts.Env, b.opts.Dir, "git")
	if err != nil {
		return resourceDescriptor{}, false
	}
	ask := func(args ...string) (string, bool) {
		// A file system monitor is a program that the repository's own settings name.
		args = append([]string{"-c", "core.fsmonitor=false"}, args...)
		c := goCommand{path: git, dir: b.src.Dir, env: setEnv(b.opts.Env, "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C"), args: args}
		out, _, err := c.run(ctx, nil)
		return strings.TrimRight(string(out), "\r\n"), err == nil
	}
	commit, ok := ask("rev-parse", "--verify", "HEAD")
	if !ok || strings.Trim(commit, "0123456789abcdef") != "" {
		return resourceDescriptor{}, false
	}
	d := resourceDescriptor{Name: "source", Digest: map[string]string{"gitCommit": commit}, Annotations: map[string]any{}}
	if len(commit) != 40 { // a repository with SHA-256 commits
		d.Digest = map[string]string{"gitCommitSHA256": commit}
	}
	if folder, ok := ask("rev-parse", "--show-prefix"); ok && folder != "" {
		d.Annotations["folder"] = strings.TrimSuffix(folder, "/")
	}
	if changes, ok := ask("status", "--porcelain", "-z", "--untracked-files=all", "--", "."); ok {
		d.Annotations["modified"] = b.modified(changes, ask)
	}
	if remote, ok := ask("remote", "get-url", "origin"); ok {
		if repository := repositoryURL(remote); repository != "" {
			d.URI = "git+" + repository + "@" + commit
		}
	}
	return d, true
}

// modified says whether the source differs from its commit, by git status's words:
// XY NAME, with a NUL behind. What this build writes does not count.
func (b *Built) modified(changes string, ask func(...string) (string, bool)) bool {
	top, _ := ask("rev-parse", "--show-toplevel")
	written := b.opts.files()
	for _, entry := range strings.Split(changes, "\x00") {
		if len(entry) < 4 {
			continue
		}
		if status, name := entry[:2], entry[3:]; status != "??" || !slices.Contains(written, filepath.Join(top, filepath.FromSlash(name))) {
			return true
		}
	}
	return false
}

// repositoryURL gives a remote's address as it may stand in a public document: without
// a password or token, and "" for a folder of this machine.
func repositoryURL(remote string) string {
	if user, rest, ok := strings.Cut(remote, "@"); ok && !strings.Contains(remote, "://") && !strings.ContainsAny(user, "/:") {
		host, path, ok := strings.Cut(rest, ":") // git@example.com:o/r.git
		if !ok {
			return ""
		}
		remote = "ssh://" + user + "@" + host + "/" + strings.TrimPrefix(path, "/")
	}
	u, err := url.Parse(remote)
	if err != nil || u.Host == "" {
		return ""
	}
	switch u.Scheme {
	case "https", "http", "git":
		u.User = nil
	case "ssh":
		if u.User != nil {
			u.User = url.User(u.User.Username())
		}
	default:
		return ""
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}
