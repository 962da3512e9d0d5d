package builder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/natefinch/atomic"

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
	Written   []string           `json:"written,omitempty"`   // files of the plugin's module that were aligned
	Host      inspector.HostRef  `json:"host"`
	Plan      *Plan              `json:"plan"`
	Verdict   *inspector.Verdict `json:"verdict"`
	Warnings  []string           `json:"warnings"`
}

// run is one build.
type run struct {
	host  *inspector.Host
	facts *hostFacts
	opts  Options
	work  *workDir
	files int // folders made in work so far
}

// HostFacts reads from a host what a plan needs.
func HostFacts(h *inspector.Host) (Host, error) {
	sources, err := h.Sources()
	if err != nil {
		return Host{}, err
	}
	return Host{Binary: h.Binary(), Sources: sources}, nil
}

// Prepare computes the plan that Run would start with, the go command having
// been asked where the facts at hand do not suffice. It builds nothing.
func Prepare(ctx context.Context, host *inspector.Host, opts Options) (plan *Plan, err error) {
	r, src, err := start(ctx, host, &opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = alsoErr(err, r.work.remove()) }()
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
		return r.planFor(s, l)
	}
	return nil, first
}

// Run builds the plugin, proves by inspector.Check that it loads into the host,
// and only then puts it in place, with the sidecar that opts.Seal makes. Where no
// way of building gives a plugin that loads, the error is a [*NoFitError] and
// nothing is written. Cancelling the context ends all that was started and
// leaves nothing behind.
func Run(ctx context.Context, host *inspector.Host, opts Options) (res *Result, err error) {
	r, src, err := start(ctx, host, &opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = alsoErr(err, r.work.remove()) }()
	layouts, err := r.layouts(src)
	if err != nil {
		return nil, err
	}
	var best, refused *attempt
	var firstErr error
	for i, l := range layouts {
		a, err := r.try(ctx, src, l)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			if firstErr = cmpErr(firstErr, err); compileFailed(err) {
				break
			}
			continue
		}
		if a.verdict.Worst() == inspector.Loads {
			best = a
			break
		}
		refused = closer(refused, a)
		if i+1 < len(layouts) {
			r.progress("refused with layout %s: %s; trying layout %s", l.Name, a.refusal(), layouts[i+1].Name)
		}
	}
	switch {
	case best != nil:
		return r.finish(best)
	case refused != nil:
		return nil, &NoFitError{Host: host.Binary().File, Reason: refused.refusal(), Verdict: refused.verdict}
	}
	return nil, firstErr
}

// start checks all that can be checked before anything is built.
func start(ctx context.Context, host *inspector.Host, opts *Options) (*run, Source, error) {
	facts, err := HostFacts(host)
	if err != nil {
		return nil, Source{}, err
	}
	src, err := Load(ctx, facts, *opts)
	if err != nil {
		return nil, src, err
	}
	if opts.Output, err = outputFile(*opts, src.Path); err != nil {
		return nil, src, err
	}
	if err := checkOutput(opts.Output); err != nil {
		return nil, src, err
	}
	p, err := newPlanner(facts, src, *opts)
	if err != nil {
		return nil, src, err
	}
	if err := checkMachine(p, *opts); err != nil {
		return nil, src, err
	}
	work, err := newWorkDir(tempBase(opts.Env))
	if err != nil {
		return nil, src, err
	}
	return &run{host: host, facts: p.host, opts: *opts, work: work}, src, nil
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

// attempt is one plugin that was built.
type attempt struct {
	plan    *Plan
	src     Source
	dir     string // its temporary folder
	file    string
	data    []byte
	verdict *inspector.Verdict
}

func (a *attempt) refusal() string {
	for _, p := range a.verdict.Plugins {
		if p.Refusal != "" {
			return p.Refusal
		}
		for _, f := range p.Findings {
			if f.Severity == inspector.Error {
				return f.Title
			}
		}
	}
	return "plugin.Open would not succeed"
}

// mismatches counts the packages that the verdict found fault with.
func (a *attempt) mismatches() int {
	n := 0
	for _, p := range a.verdict.Plugins {
		for _, f := range p.Findings {
			if f.Severity == inspector.Error {
				n += max(1, len(f.Packages))
			}
		}
	}
	return n
}

// closer gives the attempt that came closer to loading, the earlier of equals.
func closer(a, b *attempt) *attempt {
	if a == nil || b.mismatches() < a.mismatches() {
		return b
	}
	return a
}

// try builds the plugin in one layout and has it judged.
func (r *run) try(ctx context.Context, src Source, l Layout) (*attempt, error) {
	plan, err := r.planFor(src, l)
	if err != nil {
		return nil, err
	}
	resolved := plan.needsGraph
	if resolved {
		if err := r.resolve(ctx, &src, l); err != nil {
			return nil, err
		}
		if plan, err = r.planFor(src, l); err != nil {
			return nil, err
		}
	}
	a, err := r.build(ctx, src, plan)
	// What fails before anything is compiled fails for want of requirements or
	// checksums, which the go command can complete in the temporary files.
	if err != nil && !resolved && (plan.modMode || plan.workMode) && ctx.Err() == nil && !compileFailed(err) {
		if err := r.resolve(ctx, &src, l); err != nil {
			return nil, err
		}
		if plan, err = r.planFor(src, l); err != nil {
			return nil, err
		}
		a, err = r.build(ctx, src, plan)
	}
	if err != nil {
		return nil, err
	}
	plugin := inspector.NewPlugin(r.opts.Output, a.data)
	if a.verdict, err = inspector.Check(r.host, []*inspector.Plugin{plugin}); err != nil {
		return nil, err
	}
	return a, nil
}

// build runs go build for a plan.
func (r *run) build(ctx context.Context, src Source, plan *Plan) (*attempt, error) {
	if err := r.checkSums(src, plan); err != nil {
		return nil, err
	}
	dir, err := r.write(plan)
	if err != nil {
		return nil, err
	}
	a := &attempt{plan: plan, src: src, dir: dir, file: filepath.Join(dir, "plugin.so")}
	if err := r.offerOutput(a.file); err != nil {
		return nil, err
	}
	r.progress("building %s with %s for %s (layout %s)", plan.Package, plan.Toolchain.Version, plan.Host, plan.Layout.Name)
	if _, err := r.goRun(ctx, plan, dir, allInWork(plan.buildArgs(a.file), dir)); err != nil {
		return nil, err
	}
	if a.data, err = os.ReadFile(a.file); err != nil {
		return nil, err
	}
	return a, nil
}

// offerOutput gives the go command the output that is there already: it links
// nothing where that is up to date. What is going to be signed is always linked
// anew, since an output is no proof of where it came from.
func (r *run) offerOutput(file string) error {
	if r.opts.Seal != nil {
		return nil
	}
	data, err := os.ReadFile(r.opts.Output)
	if err != nil || !bytes.HasPrefix(data, []byte("\x7fELF")) {
		return nil // what cannot be read, or is no object, is of no use to it
	}
	fi, err := os.Stat(r.opts.Output)
	if err != nil {
		return nil
	}
	return os.WriteFile(file, data, fi.Mode().Perm())
}

// write makes a folder with a plan's temporary files.
func (r *run) write(plan *Plan) (dir string, err error) {
	r.files++
	dir = filepath.Join(r.work.path, fmt.Sprintf("plan%d", r.files))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	for _, f := range plan.files {
		if err := os.WriteFile(filepath.Join(dir, f.name), []byte(inWork(string(f.content), dir)), 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// goRun runs the plan's go command.
func (r *run) goRun(ctx context.Context, plan *Plan, dir string, args []string) ([]byte, error) {
	env := setEnv(r.opts.Env, allInWork(plan.Env, dir)...)
	env = setEnv(env, "GOTMPDIR="+r.work.path)
	c := goCommand{path: plan.Toolchain.Command, dir: plan.Dir, env: env, args: args}
	out, stderr, err := c.run(ctx, r.opts.Progress)
	if goErr, ok := errors.AsType[*GoError](err); ok {
		goErr.Causes = failure{plan, goErr.Output}.causes()
	}
	if err == nil && r.opts.Progress != nil {
		for line := range strings.Lines(stderr) {
			if !strings.HasPrefix(line, "go: downloading ") { // told while it happened
				_, _ = io.WriteString(r.opts.Progress, line)
			}
		}
	}
	return out, err
}

func (r *run) progress(format string, args ...any) {
	if r.opts.Progress != nil {
		fmt.Fprintf(r.opts.Progress, "plugtool: "+format+"\n", args...)
	}
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

// finish seals a plugin that loads and puts it in place.
func (r *run) finish(a *attempt) (*Result, error) {
	res := &Result{Schema: Schema, Output: r.opts.Output, Host: a.verdict.Host, Plan: a.plan, Verdict: a.verdict, Warnings: append([]string{}, a.plan.Warnings...)}
	var sidecar []byte
	if r.opts.Seal != nil {
		var err error
		if sidecar, err = r.opts.Seal(r.opts.Output, a.data); err != nil {
			return nil, err
		}
		res.Sidecar = r.opts.Output + sidecarExtension
	}
	old, err := os.ReadFile(r.opts.Output)
	if res.Unchanged = err == nil && sidecar == nil && bytes.Equal(old, a.data); !res.Unchanged {
		if err := place(a.file, r.opts.Output, sidecar); err != nil {
			return nil, err
		}
	}
	if r.opts.Write {
		if res.Written, err = r.alignUser(a); err != nil {
			return nil, err
		}
	}
	return res, nil
}

// alignUser brings the plugin's own go.mod and go.sum to what was built.
func (r *run) alignUser(a *attempt) (written []string, err error) {
	replace := func(file File, content []byte) error {
		if content == nil || bytes.Equal(file.Content, content) {
			return nil
		}
		now, err := readOptional(file.Name)
		if err != nil {
			return err
		}
		if !bytes.Equal(now, file.Content) {
			return fmt.Errorf("%s was changed during the build and is left alone", file.Name)
		}
		if err := atomic.WriteFile(file.Name, bytes.NewReader(content)); err != nil {
			return err
		}
		written = append(written, file.Name)
		return nil
	}
	p, err := newPlanner(r.facts.Host, a.src, r.opts)
	if err != nil {
		return nil, err
	}
	mod, sum, err := a.userFiles(p)
	if err != nil {
		return nil, err
	}
	// go.sum first: more checksums than needed do no harm.
	if err := replace(a.src.SumFile, sum); err != nil {
		return written, err
	}
	return written, replace(a.src.ModFile, mod)
}
