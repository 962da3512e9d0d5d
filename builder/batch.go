package builder

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/plugtool/plugtool/inspector"
)

// A Target is one plugin for one host.
type Target struct {
	Host    *inspector.Host
	Package string // as in Options
	Output  string // as in Options

	Documents []Document // as in Options
}

// BatchOptions are what the caller decides about all builds of a batch.
type BatchOptions struct {
	Options // but for Package and Output, which every target has of its own

	Parallel int // how many builds run side by side; 0 for as many as there are processors

	// Started and Done are told, one at a time, which target is begun and what
	// became of it. Either may be nil.
	Started func(i int)
	Done    func(i int, o Outcome)
}

// An Outcome is what became of one target: a result or an error, as Run gives them.
type Outcome struct {
	Result *Result
	Err    error
}

// batch is a run of RunAll.
type batch struct {
	known
	opts    BatchOptions
	targets []Target
	runs    []*run
	sources []Source
	work    *workDir

	mu       sync.Mutex // guards outcomes, and what is told
	outcomes []Outcome
}

// RunAll does for every target what Run does. What it takes to know the machine,
// a package's source and a host is read once. One target that fails does not stop
// the others: its error is in its outcome, which has the target's place in the
// list. The error is about the whole: a [*UsageError], before anything is built,
// where two targets would be written to one file; the context's, where that ended.
func RunAll(ctx context.Context, targets []Target, opts BatchOptions) (_ []Outcome, err error) {
	b := &batch{opts: opts, targets: targets, outcomes: make([]Outcome, len(targets)),
		runs: make([]*run, len(targets)), sources: make([]Source, len(targets))}
	if b.work, err = newWorkDir(tempBase(opts.Env)); err != nil {
		return nil, err
	}
	defer func() { err = alsoErr(err, b.work.remove()) }()
	for i := range targets {
		b.start(ctx, i)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	if err := b.checkOutputs(); err != nil {
		return nil, err
	}
	b.runAll(ctx)
	return b.outcomes, ctx.Err()
}

// start gets a target ready, or notes why that cannot be.
func (b *batch) start(ctx context.Context, i int) {
	opts, target := b.opts.Options, b.targets[i]
	opts.Package, opts.Output, opts.Documents = target.Package, target.Output, target.Documents
	if seal := opts.Seal; seal != nil {
		opts.Seal = func(plugin string, data []byte) ([]byte, error) {
			b.mu.Lock() // a key may live in a device that does one thing at a time
			defer b.mu.Unlock()
			return seal(plugin, data)
		}
	}
	b.runs[i], b.sources[i], b.outcomes[i].Err = start(ctx, &b.known, target.Host, opts)
	if b.runs[i] != nil {
		b.runs[i].work = b.work
	}
}

// checkOutputs refuses a batch that would write one file twice.
func (b *batch) checkOutputs() error {
	seen := map[string]int{}
	for i, r := range b.runs {
		if r == nil {
			continue
		}
		for _, file := range r.opts.files() {
			real := file
			if dir, err := filepath.EvalSymlinks(filepath.Dir(file)); err == nil {
				real = filepath.Join(dir, filepath.Base(file))
			}
			if first, twice := seen[real]; twice {
				return &UsageError{Reason: fmt.Sprintf("%s and %s would both be written to %s", b.name(first), b.name(i), file)}
			}
			seen[real] = i
		}
	}
	return nil
}

// name names a target in messages.
func (b *batch) name(i int) string {
	return fmt.Sprintf("package %s for host %s", b.targets[i].Package, b.targets[i].Host.Binary().File)
}

func (b *batch) runAll(ctx context.Context) {
	parallel := b.opts.Parallel
	if parallel <= 0 {
		parallel = runtime.GOMAXPROCS(0)
	}
	free := make(chan struct{}, parallel)
	var all sync.WaitGroup
	for i, r := range b.runs {
		if r == nil {
			b.done(i, b.outcomes[i])
			continue
		}
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			if ctx.Err() != nil {
				return
			}
			b.begun(i)
			res, err := r.build(ctx, b.sources[i])
			b.done(i, Outcome{res, err})
		})
	}
	all.Wait()
}

func (b *batch) begun(i int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.opts.Started != nil {
		b.opts.Started(i)
	}
}

func (b *batch) done(i int, o Outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.outcomes[i] = o
	if b.opts.Done != nil && !errors.Is(o.Err, context.Canceled) {
		b.opts.Done(i, o)
	}
}
