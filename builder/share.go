package builder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
)

// shared holds what runs of one batch have of each other: equal plans are asked
// about once and built once. Nil for a run by itself.
type shared struct {
	answers once[string, answer]
	graphs  once[string, []byte]
	builds  once[string, built]

	mu     sync.Mutex
	wishes []wish
}

// answer is what go list says of a plan.
type answer struct {
	dir      string // the temporary folder with the plan's files, completed
	graph    []Package
	resolved *Resolved
}

// built is a plugin that the go command built, not judged yet.
type built struct {
	dir, file string
	output    string      // that of the run which built it
	offered   fs.FileInfo // of file, where it began as that output, which was there already; nil for none
}

// ask asks the go command what the plugin is built from by a plan.
func (r *run) ask(ctx context.Context, plan *Plan) (answer, error) {
	compute := func() (a answer, err error) {
		if a.dir, err = r.write(plan); err != nil {
			return a, err
		}
		if a.graph, err = r.list(ctx, plan, a.dir); err != nil || !plan.modMode {
			return a, err
		}
		a.resolved, err = readResolved(a.dir)
		return a, err
	}
	if r.shared == nil {
		return compute()
	}
	return r.shared.answers.get(plan.Identity(), compute)
}

// moduleGraph asks the go command which module versions a plan's build list is made from.
func (r *run) moduleGraph(ctx context.Context, plan *Plan, dir string) ([]byte, error) {
	compute := func() ([]byte, error) {
		return r.goRun(ctx, plan, dir, append([]string{"mod", "graph"}, plan.moduleFlags(dir)...))
	}
	if r.shared == nil {
		return compute()
	}
	return r.shared.graphs.get(plan.Identity(), compute)
}

// buildPlan runs go build for a plan, and has the result judged.
func (r *run) buildPlan(ctx context.Context, src Source, plan *Plan) (*attempt, error) {
	if err := r.checkSums(src, plan); err != nil {
		return nil, err
	}
	a := &attempt{plan: plan, src: src}
	if r.shared == nil {
		if err := r.compile(ctx, a); err != nil {
			return nil, err
		}
		return a, nil
	}
	made, err := r.shared.builds.get(plan.Identity(), func() (built, error) {
		err := r.compile(ctx, a)
		return a.built, err
	})
	goErr, failed := errors.AsType[*GoError](err)
	switch {
	case failed && made.output != r.opts.Output: // another run's
		own := *goErr
		own.Command = strings.ReplaceAll(own.Command, made.output, r.opts.Output)
		return nil, &own
	case err != nil:
		return nil, err
	case a.verdict == nil: // another run built it
		a.built = made
		if err := r.readBuilt(a); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Identity is the same for plans that make the same plugin: all that the go command
// is given counts, and neither the host nor the output does.
func (p *Plan) Identity() string {
	return p.digest(p.Dir, p.Package, p.files)
}

// flavour is the same for plans that compile what they have in common, the standard
// library above all, to the same: what differs is the package, or its module's files.
func (p *Plan) flavour() string { return p.digest("", "", nil) }

func (p *Plan) digest(dir, pkg string, files []tempFile) string {
	h := sha256.New()
	add := func(words ...string) {
		fmt.Fprintf(h, "%d\n", len(words))
		for _, w := range words {
			fmt.Fprintf(h, "%d\n%s", len(w), w)
		}
	}
	add(p.Toolchain.Command, p.Toolchain.Select, dir, pkg)
	add(p.Env...)
	add(p.Flags...)
	for _, f := range files {
		add(f.name, string(f.content))
	}
	return hex.EncodeToString(h.Sum(nil))
}
