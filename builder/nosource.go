package builder

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// CauseSource: a module of the host's is nowhere to be found.
const CauseSource CauseKind = "host-source"

// versionFailed is what the go command says of a module version that it cannot have,
// or that has other packages (cmd/go/internal/modload).
var versionFailed = lazily(`(?:^|[\s:(])([^\s@:(]+)@(v[^\s:,()]+)(?:: | found )`)

// noSource adds to an error of the go command that a module of the host's is nowhere
// to be found, and what to do about it.
func (r *run) noSource(src Source, err error) error {
	goErr, ok := errors.AsType[*GoError](err)
	if !ok || slices.ContainsFunc(goErr.Causes, func(c Cause) bool { return c.Kind == CauseSource }) {
		return err
	}
	main := r.host.Binary().Main.Path
	if c := src.Checkout; c.taken() && compileFailed(err) {
		goErr.Causes = append(goErr.Causes, causef(CauseSource, "%s is built as it was in revision %s, which the host was built from: what came to %s later is not there",
			main, shortRevision(c.Revision), c.Folder).todo("what changed since: git -C "+quoted(c.Folder)+" log --stat "+c.Revision+".."))
		return err
	}
	for _, path := range missingModules(r.facts, goErr.Output) {
		if _, pinned := r.facts.pinned(path); pinned || src.moduleFolder(r.facts, path) != "" {
			continue
		}
		built := "from a folder"
		if revision, _ := hostRevision(r.host.Binary()); revision != "" && path == main {
			built = "from revision " + shortRevision(revision) + " of it"
		}
		c := causef(CauseSource, "the source of %s is not at hand: the host was built %s, and no folder of it is known", path, built)
		goErr.Causes = append([]Cause{c.todo(
			"give the folder of its source, a workspace or a clone that holds it: plugtool build --host-src DIR …",
			fmt.Sprintf("or name it in the plugin's go.mod: go mod edit -replace=%s=DIR", quoted(path)))}, goErr.Causes...)
		return err
	}
	if v, pinned := r.facts.pinned(main); pinned && !compileFailed(err) && src.Given[main] == "" {
		if _, gone := os.Stat(src.moduleFolder(r.facts, main)); gone != nil {
			goErr.Causes = append(goErr.Causes, causef(CauseSource, "%s %s, the host's own module, is not on this machine", main, v).todo(
				"where it cannot be fetched, give a folder of its source at that version: plugtool build --host-src DIR …"))
		}
	}
	return err
}

// missingModules lists the host's modules of which the go command says that it
// cannot have them.
func missingModules(f *hostFacts, output string) []string {
	var list []string
	add := func(path string) {
		if m := f.modules[path]; m != nil && !slices.Contains(list, path) {
			list = append(list, path)
		}
	}
	for line := range strings.Lines(output) {
		if m := noModule().FindStringSubmatch(line); m != nil {
			if owner := f.moduleOf(m[1]); owner != nil {
				add(owner.Path)
			}
		}
		for _, m := range versionFailed().FindAllStringSubmatch(line, -1) {
			add(m[1])
		}
	}
	return list
}
