package builder

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/natefinch/atomic"
	"golang.org/x/mod/module"

	"github.com/plugtool/plugtool/inspector"
)

// A memo is what a build that worked had to ask the go command, or to find out by
// trying. The next build of the same begins with it, and believes it only where what
// comes out proves it: the plugin loads, and it was built from the very packages that
// the memo names.
type memo struct {
	Layout   Layout
	Graph    []Package         `json:",omitempty"` // empty where the go command was not asked
	Resolved *Resolved         `json:",omitempty"`
	Raised   []module.Version  `json:",omitempty"`
	Missing  []string          `json:",omitempty"`
	Lowered  map[string]string `json:",omitempty"`
	Learned  Learned           `json:",omitzero"`
	Back     bool              `json:",omitempty"` // only the host's revision of the source gave what loads
}

const (
	memoVersion = 2       // of the form above, and of what the builder makes of it
	maxMemo     = 4 << 20 // bytes
	maxMemos    = 200     // files; the oldest go
)

// memoFile names the file of a memo after all that the builder knows before it asks
// the go command about the plugin. It is "" where the user wants no such files.
func (r *run) memoFile(src Source) string {
	if r.opts.Cache == "" {
		return ""
	}
	b := r.facts.Binary
	sums := make([]string, 0, len(src.Sums))
	for mod, s := range src.Sums {
		sums = append(sums, fmt.Sprint(mod, s))
	}
	slices.Sort(sums)
	data, err := json.Marshal([]any{
		memoVersion, src, sums, r.opts.Flags, r.opts.Toolchain, r.opts.Toolexec,
		b.GoVersion, b.Platform, b.Path, b.Main, b.Deps, b.Settings, r.facts.roots, r.facts.Covered,
	})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return filepath.Join(r.opts.Cache, hex.EncodeToString(sum[:16])+".json")
}

// fromMemo builds as the last build of the same did. Without one, or where what comes
// out does not prove it, there is no attempt, and nothing was lost but time.
func (r *run) fromMemo(ctx context.Context, src Source) *attempt {
	file := r.memoFile(src)
	if file == "" {
		return nil
	}
	data, err := readRegular(file)
	if err != nil || len(data) > maxMemo {
		return nil
	}
	var m memo
	if json.Unmarshal(data, &m) != nil {
		return nil
	}
	if m.Back {
		return nil
	}
	src.Graph, src.Resolved, src.Raised, src.Missing = m.Graph, m.Resolved, m.Raised, m.Missing
	src.Lowered, src.Learned = m.Lowered, m.Learned
	plan, err := r.planFor(src, m.Layout)
	if err != nil || plan.needsGraph {
		return nil
	}
	a, err := r.buildPlan(ctx, src, plan)
	if err != nil || a.verdict.Worst() != inspector.Loads || len(m.Graph) > 0 && !builtFrom(a.plugin.Binary, m.Graph) {
		return nil
	}
	return a
}

// wentBack says whether the last build of the same needed the host's revision of the
// source.
func (r *run) wentBack(src Source) bool {
	if src.Checkout == nil {
		return false
	}
	file := r.memoFile(src)
	if file == "" {
		return false
	}
	data, err := readRegular(file)
	var m memo
	return err == nil && len(data) <= maxMemo && json.Unmarshal(data, &m) == nil && m.Back
}

// rememberGoingBack has the next build of the same begin with the host's revision.
func (r *run) rememberGoingBack(src Source) { r.keepMemo(src, memo{Back: true}) }

// builtFrom says whether a plugin was built from these packages and no others.
func builtFrom(bin *inspector.Binary, graph []Package) bool {
	if bin == nil {
		return false
	}
	linked := map[string]bool{}
	for _, pkg := range bin.Packages {
		linked[pkg.Path] = true
	}
	for _, pkg := range graph {
		switch {
		case pkg.Name == "main", pkg.ImportPath == "unsafe":
		case linked[pkg.ImportPath]:
			delete(linked, pkg.ImportPath)
		default:
			return false
		}
	}
	// What the linker adds by itself, go list does not tell of.
	maps.DeleteFunc(linked, func(path string, _ bool) bool {
		return !strings.ContainsRune(path, '.') || path == bin.PluginPath
	})
	return len(linked) == 0
}

// remember keeps what a build that worked has found out, where the next one could not
// do without. What cannot be kept is found out again.
func (r *run) remember(src Source, a *attempt, first Layout) {
	if len(a.src.Graph) == 0 && a.plan.Layout == first && a.src.Learned.empty() {
		return
	}
	r.keepMemo(src, memo{
		Layout: a.plan.Layout, Graph: slices.Clone(a.src.Graph), Resolved: a.src.Resolved,
		Raised: a.src.Raised, Missing: a.src.Missing, Lowered: a.src.Lowered, Learned: a.src.Learned,
	})
}

func (r *run) keepMemo(src Source, m memo) {
	file := r.memoFile(src)
	if file == "" {
		return
	}
	data, err := json.Marshal(m)
	if err != nil || len(data) > maxMemo {
		return
	}
	if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, data) {
		return
	}
	if os.MkdirAll(r.opts.Cache, 0o700) != nil {
		return
	}
	forgetOldest(r.opts.Cache)
	_ = atomic.WriteFile(file, bytes.NewReader(data))
}

// forgetOldest keeps the number of memos within bounds.
func forgetOldest(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) < maxMemos {
		return
	}
	age := map[string]int64{}
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			age[e.Name()] = info.ModTime().UnixNano()
		}
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int {
		return int(min(max(age[a.Name()]-age[b.Name()], -1), 1))
	})
	for _, e := range entries[:len(entries)-maxMemos+1] {
		_ = os.Remove(filepath.Join(dir, e.Name()))
	}
}
