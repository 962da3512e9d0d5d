package builder

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// pluginName is the name of a built plugin in its temporary folder.
const pluginName = "plugin.so"

// attempt is one plugin that was built.
type attempt struct {
	built
	plan    *Plan
	src     Source
	data    []byte            // nil where the output was up to date and only its verdict was asked for
	plugin  *inspector.Plugin // what was built; closed where data is nil, so that its facts alone are left
	silent  bool              // it exports nothing
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

// differs says whether the host refuses for packages that differ, which another
// layout may mend.
func (a *attempt) differs() bool {
	for _, p := range a.verdict.Plugins {
		for _, f := range p.Findings {
			if strings.HasPrefix(f.ID, "PT4") {
				return true
			}
		}
	}
	return false
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
	if a == nil || b != nil && b.mismatches() < a.mismatches() {
		return b
	}
	return a
}

// try builds the plugin in one layout and has it judged. The go command is asked
// what the plugin is built from only where the plan needs it, or where the first
// build shows that it has to be: because requirements or checksums are missing,
// or because a workspace has other versions than the plan foresaw.
func (r *run) try(ctx context.Context, src Source, l Layout) (*attempt, error) {
	a, err := r.tryOnce(ctx, src, l)
	for err != nil && (src.complete(r.facts, l, err) || r.lower(ctx, &src, l, err)) {
		a, err = r.tryOnce(ctx, src, l)
	}
	best := a
	for err == nil && a.verdict.Worst() != inspector.Loads {
		if src = a.src; !r.learn(ctx, &src, a) {
			break
		}
		if a, err = r.tryOnce(ctx, src, l); err == nil {
			best = closer(best, a)
		}
	}
	if best != nil && ctx.Err() == nil {
		err = nil // what was learned only made it worse
	}
	return best, err
}

func (r *run) tryOnce(ctx context.Context, src Source, l Layout) (*attempt, error) {
	plan, err := r.planFor(src, l)
	if err != nil {
		return nil, err
	}
	var refused *attempt
	if !plan.needsGraph {
		a, err := r.buildPlan(ctx, src, plan)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err == nil && (a.verdict.Worst() == inspector.Loads || !a.differs()):
			return a, nil
		case err != nil && !plan.modMode && !plan.workMode, compileFailed(err), toolchainFailed(err), src.unnamed(r.facts, err):
			return nil, err
		}
		refused = a
	}
	if err := r.resolve(ctx, &src, l); err != nil {
		if _, lacking := errors.AsType[*LackingError](err); refused != nil && ctx.Err() == nil && !lacking {
			return refused, nil
		}
		return nil, err
	}
	if refused != nil && src.Rounds == 1 && !plan.workMode {
		return refused, nil // all modules have the host's versions: something else differs
	}
	if plan, err = r.planFor(src, l); err != nil {
		return nil, err
	}
	return r.buildPlan(ctx, src, plan)
}

// compile runs an attempt's go build and has what it wrote judged.
func (r *run) compile(ctx context.Context, a *attempt) (err error) {
	a.output = r.opts.Output
	if a.dir, err = r.write(a.plan); err != nil {
		return err
	}
	a.file = filepath.Join(a.dir, pluginName)
	if a.offered, err = r.offerOutput(a.file); err != nil {
		return err
	}
	r.progress("building %s with %s for %s (layout %s)", a.plan.noun(), a.plan.Toolchain.Version, a.plan.Host, a.plan.Layout.Name)
	if err := r.goBuild(ctx, a); err != nil {
		return err
	}
	if a.untouched() && a.verdict.Worst() != inspector.Loads {
		// The go command tells by the start of the file whether it is up to date: this
		// one is cut off, or was changed behind that.
		a.offered = nil
		if err := os.Remove(a.file); err != nil {
			return err
		}
		return r.goBuild(ctx, a)
	}
	return nil
}

func (r *run) goBuild(ctx context.Context, a *attempt) error {
	if _, err := r.goRun(ctx, a.plan, a.dir, allInWork(a.plan.buildArgs(a.file), a.dir)); err != nil {
		return err
	}
	return r.readBuilt(a)
}

// readBuilt reads what was built and has it judged.
func (r *run) readBuilt(a *attempt) (err error) {
	if r.verdictAlone(a) {
		if done, err := r.judgeMapped(a); done || err != nil {
			return err
		}
	}
	if a.data, err = os.ReadFile(a.file); err != nil {
		return err
	}
	a.plugin = inspector.NewPlugin(r.opts.Output, a.data)
	return r.checkAndJudge(a)
}

func (r *run) checkAndJudge(a *attempt) (err error) {
	if err := r.checkBuilt(a); err != nil {
		return err
	}
	a.silent = a.plugin.Silent()
	a.verdict, err = r.judge(a)
	return err
}

// write makes a folder with a plan's temporary files.
func (r *run) write(plan *Plan) (dir string, err error) {
	if dir, err = r.work.folder(); err != nil {
		return "", err
	}
	if err := plan.scaffold.make(filepath.Join(dir, scaffoldName)); err != nil {
		return "", err
	}
	for _, f := range plan.files {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(f.name)), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, f.name), []byte(inWork(string(f.content), dir)), 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// goRun runs the plan's go command.
func (r *run) goRun(ctx context.Context, plan *Plan, dir string, args []string) ([]byte, error) {
	out, _, err := r.goRunTold(ctx, plan, dir, args)
	return out, err
}

// goRunTold gives what the go command said beside its result, too.
func (r *run) goRunTold(ctx context.Context, plan *Plan, dir string, args []string) (out []byte, told string, err error) {
	env := setEnv(r.opts.Env, allInWork(plan.Env, dir)...)
	// The linker leaves its folder behind when it is killed, and minds TMPDIR alone.
	env = setEnv(env, "GOTMPDIR="+r.work.path, "TMPDIR="+r.work.path)
	c := goCommand{path: plan.Toolchain.Command, dir: inWork(plan.where(), dir), env: env, args: args}
	out, told, err = c.run(ctx, r.opts.Progress)
	if goErr, ok := errors.AsType[*GoError](err); ok {
		goErr.Output = plan.asWritten(goErr.Output, dir)
		f := &failure{plan: plan, env: r.opts.Env, goEnv: r.goEnv, output: goErr.Output}
		goErr.Causes = r.look(ctx, f, dir, f.causes())
		goErr.Command = strings.NewReplacer(filepath.Join(dir, pluginName), plan.Output, dir, "$work").Replace(goErr.Command)
	}
	if err == nil && r.opts.Progress != nil {
		for line := range strings.Lines(told) {
			if !strings.HasPrefix(line, "go: downloading ") { // told while it happened
				_, _ = io.WriteString(r.opts.Progress, line)
			}
		}
	}
	return out, told, err
}

// broken is an error that is found in a plugin that loads: "" where there is none.
func (a *attempt) broken() string {
	for _, p := range a.verdict.Plugins {
		for _, f := range p.Findings {
			if f.Severity == inspector.Error {
				return f.Title
			}
		}
	}
	return ""
}
