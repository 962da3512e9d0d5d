package builder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/plugtool/plugtool/inspector"
)

// A Target is one plugin for one host.
type Target struct {
	Host    *inspector.Host
	Package string // as in Options
	Output  string // as in Options

	Documents []Document // as in Options

	// Path is the package's import path as far as it is known without asking the go
	// command, and Name that of the plugin that go build would write, without its
	// extension. Expand sets them; nothing reads them.
	Path, Name string
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

// A Batch builds many plugins. What it takes to know the machine, a package's
// source and a host is read once, and equal plans are built once.
type Batch struct {
	known
	opts BatchOptions
}

// NewBatch makes a batch with nothing in it.
func NewBatch(opts BatchOptions) *Batch {
	if opts.Parallel <= 0 {
		opts.Parallel = runtime.GOMAXPROCS(0)
	}
	if opts.Progress != nil {
		opts.Progress = &tellOnce{to: opts.Progress, told: map[string]bool{}}
	}
	var mu sync.Mutex // a key may live in a device that does one thing at a time
	opts.Seals = slices.Clone(opts.Seals)
	for i, seal := range opts.Seals {
		opts.Seals[i].Make = func(ctx context.Context, b *Built) ([][]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			return seal.Make(ctx, b)
		}
	}
	return &Batch{opts: opts}
}

// RunAll does for every target what [Run] does, equal plans being built once. One
// target that fails does not stop the others: its error is in its outcome, which has
// the target's place in the list. The error is about the whole: a [*UsageError],
// before anything is built, where two targets would be written to one file, or where
// hosts disagree about what Options.Write is to write; the context's, where that ended.
// Where no more than that writing fails, there are outcomes beside the error.
func RunAll(ctx context.Context, targets []Target, opts BatchOptions) ([]Outcome, error) {
	return NewBatch(opts).Run(ctx, targets)
}

// Run is [RunAll] with what the batch knows already.
func (b *Batch) Run(ctx context.Context, targets []Target) ([]Outcome, error) {
	return b.do(ctx, targets, (*job).carryOut)
}

// Plan gives, as results without an output, the plans that Run would start with, the
// go command having been asked where the facts at hand do not suffice.
func (b *Batch) Plan(ctx context.Context, targets []Target) ([]Outcome, error) {
	return b.do(ctx, targets, (*job).plan)
}

func (b *Batch) do(ctx context.Context, targets []Target, act func(*job, context.Context)) (_ []Outcome, err error) {
	j := &job{Batch: b, targets: targets, outcomes: make([]Outcome, len(targets)), todo: make([]*pending, len(targets)), shared: new(shared)}
	if err := j.checkOutputs(ctx); err != nil {
		return nil, err
	}
	work, err := newWorkDir(tempBase(b.opts.Env))
	if err != nil {
		return nil, err
	}
	defer func() { err = alsoErr(err, work.remove()) }()
	defer j.made.removeEmpty()
	if err := j.prepare(ctx, work); err != nil {
		return nil, err
	}
	if err := j.checkAgreement(); err != nil {
		return nil, err
	}
	act(j, ctx)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return j.outcomes, j.shared.grant(ctx)
}

// plan plans all that is ready.
func (j *job) plan(ctx context.Context) {
	_ = sideBySide(ctx, j.opts.Parallel, len(j.todo), func(i int) { // do looks at the context
		if j.todo[i] == nil {
			return
		}
		plan, err := j.todo[i].prepare(ctx, j.todo[i].src)
		if err != nil {
			j.done(i, Outcome{Err: err})
			return
		}
		b := j.targets[i].Host.Binary()
		host := inspector.HostRef{File: b.File, GoVersion: b.GoVersion, Platform: b.Platform}
		j.done(i, Outcome{Result: &Result{Schema: Schema, Host: host, Plan: plan, Warnings: append([]string{}, plan.Warnings...)}})
	})
}

// job is one Run of a batch.
type job struct {
	*Batch
	targets  []Target
	todo     []*pending // nil for a target that failed already
	outcomes []Outcome
	shared   *shared
	made     outputFolders
	telling  sync.Mutex
}

// pending is a target that is ready to be built.
type pending struct {
	*run
	src     Source
	layouts []Layout
	first   *Plan // what is tried first; nil where not even that can be planned
}

// checkOutputs refuses targets that would be written to one file.
func (j *job) checkOutputs(ctx context.Context) error {
	seen := map[string]int{}
	for i, t := range j.targets {
		opts := j.opts.Options
		opts.Package, opts.Output = t.Package, t.Output
		src, err := j.source(ctx, opts)
		if err != nil {
			continue // the target's own affair
		}
		if opts.Output, err = outputFile(opts, src.Path); err != nil {
			continue
		}
		opts.Documents = namedDocuments(t.Documents, opts.Output)
		for _, file := range opts.files() {
			real := file
			if dir, err := filepath.EvalSymlinks(filepath.Dir(file)); err == nil {
				real = filepath.Join(dir, filepath.Base(file))
			}
			if first, twice := seen[real]; twice && first != i {
				return &UsageError{Reason: fmt.Sprintf("%s and %s would both be written to %s", j.name(first), j.name(i), file)}
			}
			seen[real] = i
		}
	}
	return nil
}

// name names a target in messages.
func (j *job) name(i int) string {
	return fmt.Sprintf("package %s for host %s", j.targets[i].Package, j.targets[i].Host.Binary().File)
}

// prepare gets all targets ready, as far as they can be. The error is the context's.
func (j *job) prepare(ctx context.Context, work *workDir) error {
	return sideBySide(ctx, runtime.GOMAXPROCS(0), len(j.targets), func(i int) {
		var err error
		j.todo[i], err = j.ready(ctx, j.targets[i])
		if err != nil {
			j.done(i, Outcome{Err: err})
			return
		}
		j.todo[i].work, j.todo[i].shared, j.todo[i].made = work, j.shared, &j.made
	})
}

// ready checks and plans one target as far as that is possible without the go command.
func (j *job) ready(ctx context.Context, t Target) (*pending, error) {
	opts := j.opts.Options
	opts.Package, opts.Output, opts.Documents = t.Package, t.Output, t.Documents
	if !j.usesHostSrc(t.Host) {
		opts.HostSrc = ""
	}
	r, src, err := start(ctx, &j.known, t.Host, opts)
	if err != nil {
		return nil, err
	}
	p := &pending{run: r, src: src}
	if p.layouts, err = r.layouts(src); err != nil {
		return nil, err
	}
	p.first, _ = r.planFor(src, p.layouts[0]) // what is wrong with it, the build tells
	return p, nil
}

// usesHostSrc says whether Options.HostSrc is meant for a host: for those that were
// built from it, and, so that the mistake is told, for all where none was.
func (j *job) usesHostSrc(host *inspector.Host) bool {
	fits := func(h *inspector.Host) bool {
		ok, err := j.hostSrc.get(h, func() (bool, error) {
			facts, err := j.hostFacts(h)
			if err != nil {
				return false, err
			}
			f, err := facts.index()
			if err != nil {
				return false, err
			}
			s := Source{Folders: map[string]File{}, Given: map[string]string{}}
			return s.readHostSrc(f, j.opts.Options) == nil, nil
		})
		return ok && err == nil
	}
	return j.opts.HostSrc == "" || fits(host) || !slices.ContainsFunc(j.targets, func(t Target) bool { return fits(t.Host) })
}

// sideBySide calls f for 0 to n-1, so many at a time, until the context ends.
func sideBySide(ctx context.Context, parallel, n int, f func(i int)) error {
	free := make(chan struct{}, parallel)
	var all sync.WaitGroup
	for i := range n {
		free <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		all.Go(func() {
			f(i)
			<-free
		})
	}
	all.Wait()
	return ctx.Err()
}

func (j *job) begun(i int) {
	j.telling.Lock()
	defer j.telling.Unlock()
	if j.opts.Started != nil {
		j.opts.Started(i)
	}
}

func (j *job) done(i int, o Outcome) {
	j.telling.Lock()
	defer j.telling.Unlock()
	j.outcomes[i] = o
	if j.opts.Done != nil && !errors.Is(o.Err, context.Canceled) {
		j.opts.Done(i, o)
	}
}

// tellOnce lets builds that run side by side write lines, one at a time, and drops
// those that another has written: what is said of a clone is true for all.
type tellOnce struct {
	mu   sync.Mutex
	to   io.Writer
	told map[string]bool
}

func (w *tellOnce) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.told[string(line)] {
		return len(line), nil
	}
	w.told[string(line)] = true
	return w.to.Write(line)
}
