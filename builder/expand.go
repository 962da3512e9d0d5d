package builder

import (
	"context"
	"fmt"
	"go/build"
	"go/version"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/plugtool/plugtool/inspector"
)

// IsPattern says whether a package argument is a pattern, which may stand for
// several packages or none.
func IsPattern(pkg string) bool { return strings.Contains(pkg, "...") }

// Expand gives a target for every package that the arguments name, each once:
// a pattern stands for the main packages that it matches as go build would match
// them on the host's platform, with its tags and the user's. A pattern of which
// nothing is left for this host gives no target; matched notes the arguments that
// gave one. The outputs are empty.
//
// Errors are about the host ([*NoFitError]), a pattern that means nothing
// ([*UsageError]), or a folder that cannot be read.
func (b *Batch) Expand(ctx context.Context, host *inspector.Host, packages []string, matched map[string]bool) ([]Target, error) {
	var list []Target
	add := func(pkg string) error {
		t := Target{Host: host, Package: pkg}
		opts := b.opts.Options
		opts.Package = pkg
		src, err := b.source(ctx, opts)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		t.Path = src.Path
		if err != nil {
			t.Path = pkg // the build tells what is wrong with it
		}
		t.Name = strings.TrimSuffix(defaultName(t.Path), ".so")
		if !slices.ContainsFunc(list, func(o Target) bool { return o.Path == t.Path && o.Package == t.Package }) {
			list = append(list, t)
		}
		return nil
	}
	for _, pkg := range packages {
		found := []string{pkg}
		if IsPattern(pkg) {
			var err error
			if found, err = b.match(ctx, host, pkg); err != nil {
				return nil, err
			}
		}
		if len(found) > 0 {
			matched[pkg] = true
		}
		for _, f := range found {
			if err := add(f); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// match finds the main packages of a pattern.
func (b *Batch) match(ctx context.Context, host *inspector.Host, pattern string) ([]string, error) {
	facts, err := b.hostFacts(host)
	if err != nil {
		return nil, err
	}
	f, err := facts.index()
	if err != nil {
		return nil, err
	}
	s, err := hostSettings(f)
	if err != nil {
		return nil, err
	}
	env, err := b.goEnv(ctx, b.opts.Options)
	if err != nil {
		return nil, err
	}
	p := &planner{host: f, src: Source{Go: env}, opts: b.opts.Options, settings: s}
	user, err := p.userFlags()
	if err != nil {
		return nil, err
	}
	local, err := b.localPattern(ctx, pattern)
	if err != nil {
		return nil, err
	}
	return mainFolders(b.opts.Dir, local, s.constraints(f, user.tags))
}

// constraints gives what build constraints are judged by.
func (s settings) constraints(f *hostFacts, tags []string) *build.Context {
	c := &build.Context{
		GOOS: s.goos, GOARCH: s.goarch, CgoEnabled: true, Compiler: "gc",
		BuildTags: append(slices.Clone(s.tags), tags...),
	}
	release, _ := goRelease(f.Binary.GoVersion)
	minor, _ := strconv.Atoi(strings.TrimPrefix(version.Lang(release), "go1."))
	for v := 1; v <= min(minor, 999); v++ { // the number is a stranger's
		c.ReleaseTags = append(c.ReleaseTags, fmt.Sprintf("go1.%d", v))
	}
	for _, x := range strings.Split(s.experiment, ",") {
		if x != "" && !strings.HasPrefix(x, "no") {
			c.ToolTags = append(c.ToolTags, "goexperiment."+x)
		}
	}
	if s.race {
		c.ToolTags = append(c.ToolTags, "race")
	}
	if s.msan {
		c.ToolTags = append(c.ToolTags, "msan")
	}
	return c
}

// localPattern turns a pattern of import paths into one of folders. Only the
// modules that are being worked on have packages to make plugins of.
func (b *Batch) localPattern(ctx context.Context, pattern string) (string, error) {
	if isLocal(pattern) {
		return pattern, nil
	}
	opts := b.opts.Options
	opts.Package = "."
	src, err := b.source(ctx, opts)
	if err != nil {
		return "", err
	}
	modules := []Member{{Dir: src.Dir, ModFile: src.ModFile}}
	if src.Work != nil {
		modules = src.Work.Members
	}
	best, dir := "", ""
	for _, m := range modules {
		p := modfile.ModulePath(m.ModFile.Content)
		if rest, ok := strings.CutPrefix(pattern, p); ok && len(p) > len(best) && strings.HasPrefix(rest, "/") {
			best, dir = p, m.Dir
		}
	}
	if best == "" {
		return "", &UsageError{Reason: fmt.Sprintf("pattern %q is of no module that is being worked on", pattern), Hint: "give folders, as in ./plugins/..."}
	}
	return filepath.ToSlash(dir) + strings.TrimPrefix(pattern, best), nil
}

// isLocal says whether a package argument is the path of a folder or file.
func isLocal(pkg string) bool {
	return filepath.IsAbs(pkg) || pkg == "." || pkg == ".." || strings.HasPrefix(pkg, "./") || strings.HasPrefix(pkg, "../") || strings.HasSuffix(pkg, ".go")
}
