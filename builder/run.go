package builder

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/plugtool/plugtool/inspector"
)

// Schema names the form of a Result as JSON.
const Schema = "plugtool.build/v1"

// Result is what a build did.
type Result struct {
	Schema    string             `json:"schema"`
	Output    string             `json:"output"`
	Sidecar   string             `json:"sidecar,omitempty"`
	Unchanged bool               `json:"unchanged,omitempty"` // the output was there already, byte for byte
	Documents []string           `json:"documents,omitempty"` // what accompanies the plugin: provenance and the like
	Written   []string           `json:"written,omitempty"`   // files of the plugin's module that were aligned
	Host      inspector.HostRef  `json:"host"`
	Plan      *Plan              `json:"plan"`
	Error     string             `json:"error,omitempty"`  // why the build failed
	Reason    string             `json:"reason,omitempty"` // why nothing was built that could be
	Fix       []string           `json:"fix,omitempty"`    // what to do then, besides what the verdict's findings say
	Verdict   *inspector.Verdict `json:"verdict"`
	Warnings  []string           `json:"warnings"`

	Reproducible *Reproducible `json:"reproducible,omitempty"` // of a plugin that was built
}

// run is one build.
type run struct {
	host   *inspector.Host
	facts  *hostFacts
	opts   Options
	work   *workDir
	made   *outputFolders
	shared *shared // nil for a run by itself
	goEnv  GoEnv
	began  time.Time // when it began

	looking bool // the go command is asked for an explanation only
}

// HostFacts reads from a host what a plan needs.
func HostFacts(h *inspector.Host) (Host, error) {
	host := Host{Binary: h.Binary()}
	var err error
	if host.Covered, err = h.CoveredPackages(); err != nil {
		return host, err
	}
	if host.Binary.Trimmed() && !host.moduleless() {
		return host, nil // the folders follow from the modules, and reading them costs time
	}
	host.Sources, err = h.Sources()
	host.addEvidence()
	return host, err
}

// Prepare computes the plan that Run would start with, the go command having
// been asked where the facts at hand do not suffice. It builds nothing.
func Prepare(ctx context.Context, host *inspector.Host, opts Options) (plan *Plan, err error) {
	r, src, err := start(ctx, new(known), host, opts)
	if err != nil {
		return nil, err
	}
	if !opts.MakeFolders { // nothing is written now
		if err := checkOutput(ctx, r.opts.files()); err != nil {
			return nil, err
		}
	}
	if r.work, err = newWorkDir(tempBase(opts.Env)); err != nil {
		return nil, err
	}
	defer func() { err = alsoErr(err, r.work.remove()) }()
	return r.prepare(ctx, src)
}

// prepare computes the plan of the first layout that can be planned.
func (r *run) prepare(ctx context.Context, src Source) (*Plan, error) {
	if src.Checkout.moved() {
		if _, err := r.goBack(ctx, &src); err != nil {
			return nil, err
		}
	}
	src, err := r.isolated(ctx, src)
	if err != nil {
		return nil, err
	}
	layouts, err := r.layouts(src)
	if err != nil {
		return nil, err
	}
	var first error
	for _, l := range layouts {
		s := src
		if err := r.resolve(ctx, &s, l); err != nil {
			if first = cmpErr(first, err); ctx.Err() != nil {
				return nil, ctx.Err()
			}
			continue
		}
		plan, err := r.planFor(s, l)
		if err != nil {
			return nil, err
		}
		return plan, r.report(ctx, s, plan, graphModules(s.Graph))
	}
	return nil, r.noSource(src, first)
}

// Run builds the plugin, proves by inspector.Check that it loads into the host,
// and only then puts it in place, with the sidecars that opts.Seals make. Where no
// way of building gives a plugin that loads, the error is a [*NoFitError] and
// nothing is written. Cancelling the context ends all that was started and
// leaves nothing behind.
func Run(ctx context.Context, host *inspector.Host, opts Options) (res *Result, err error) {
	r, src, err := start(ctx, new(known), host, opts)
	if err != nil {
		return nil, err
	}
	r.made = new(outputFolders)
	defer r.made.removeEmpty()
	if err := r.checkOutput(ctx); err != nil {
		return nil, err
	}
	if r.work, err = newWorkDir(tempBase(opts.Env)); err != nil {
		return nil, err
	}
	defer func() { err = alsoErr(err, r.work.remove()) }()
	return r.build(ctx, src)
}

// checkOutput says, before anything is built, whether what is built can be written.
func (r *run) checkOutput(ctx context.Context) error {
	if err := r.makeFolders(); err != nil {
		return err
	}
	return checkOutput(ctx, r.opts.files())
}

// makeFolders makes the outputs' folders, if that is asked for.
func (r *run) makeFolders() error {
	if !r.opts.MakeFolders {
		return nil
	}
	return r.made.make(r.opts.files())
}

// start checks all that can be checked before anything is built, but for the output's
// folder. The run that it gives has no folder for temporary files yet.
func start(ctx context.Context, k *known, host *inspector.Host, opts Options) (*run, Source, error) {
	began := time.Now()
	if err := hopeless(host, opts); err != nil {
		return nil, Source{}, err
	}
	var asked sync.WaitGroup
	asked.Go(func() { _, _ = k.goEnv(ctx, opts) }) // it takes as long as reading a host; load gives its error
	facts, err := k.hostFacts(host)
	asked.Wait()
	if err != nil {
		return nil, Source{}, err
	}
	if err := opts.checkTarget(); err != nil {
		return nil, Source{}, err
	}
	src, err := k.load(ctx, facts, opts)
	if err != nil {
		return nil, src, err
	}
	if opts.Output, err = outputFile(opts, src.Path); err != nil {
		return nil, src, err
	}
	opts.Documents = namedDocuments(opts.Documents, opts.Output)
	p, err := newPlanner(facts, src, opts)
	if err != nil {
		return nil, src, err
	}
	if src.Compiler, err = k.compiler(ctx, host, &src, opts); err != nil {
		return nil, src, err
	}
	return &run{host: host, facts: p.host, opts: opts, goEnv: src.Go, began: began}, src, nil
}

// finishWhole finishes a plugin that loads, unless it does not keep what is asked of
// its symbols.
func (r *run) finishWhole(ctx context.Context, a *attempt) (*Result, error) {
	if broken := a.broken(); broken != "" {
		return nil, r.explainNeeds(ctx, a, &NoFitError{Host: r.host.Binary().File, Reason: broken, Verdict: a.verdict, Loads: true})
	}
	return r.finish(ctx, a)
}

func (r *run) layouts(src Source) ([]Layout, error) {
	p, err := newPlanner(r.facts.Host, src, r.opts)
	if err != nil {
		return nil, err
	}
	return p.layouts()
}

func (r *run) planFor(src Source, l Layout) (*Plan, error) {
	p, err := newPlanner(r.facts.Host, src, r.opts)
	if err != nil {
		return nil, err
	}
	return p.plan(l)
}

func (r *run) progress(format string, args ...any) {
	if r.opts.Progress != nil {
		fmt.Fprintf(r.opts.Progress, "plugtool: "+format+"\n", args...)
	}
}

// tellingFailure gives the one of two failures that is worth telling: what a compiler
// says of the source says more than what the go command says of modules, and a
// workspace may have other versions of modules that are not shared.
func tellingFailure(before, now error, l Layout) error {
	switch {
	case before == nil:
		return now
	case compileFailed(before) && !compileFailed(now), l.Name == Workspace:
		return before
	}
	return now
}

// compileFailed tells a failure of the compiler or linker from one before it:
// the go command heads their words with the package.
func compileFailed(err error) bool {
	goErr, ok := errors.AsType[*GoError](err)
	if !ok {
		return false
	}
	return strings.HasPrefix(goErr.Output, "# ") || strings.Contains(goErr.Output, "\n# ")
}

// toolchainFailed says that there was no Go to run at all.
func toolchainFailed(err error) bool {
	goErr, ok := errors.AsType[*GoError](err)
	return ok && slices.ContainsFunc(goErr.Causes, func(c Cause) bool { return c.Kind == CauseToolchain })
}

func cmpErr(first, err error) error {
	if first != nil {
		return first
	}
	return err
}

// alsoErr joins two errors only where there are two, so that one keeps its type.
func alsoErr(err, also error) error {
	if err == nil || also == nil {
		return cmpErr(err, also)
	}
	return errors.Join(err, also)
}
