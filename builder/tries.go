package builder

import (
	"context"
	"errors"
	"slices"

	"github.com/plugtool/plugtool/inspector"
)

// build tries one layout after the other, with the host's source at hand and, where
// that is not what the host was built from, with the host's revision of it.
func (r *run) build(ctx context.Context, src Source) (*Result, error) {
	asLoaded := src
	if src.Checkout.moved() || r.wentBack(src) {
		if _, err := r.goBack(ctx, &src); err != nil {
			return nil, err
		}
	}
	src, err := r.isolated(ctx, src)
	if err != nil {
		return nil, err
	}
	t := &tries{run: r, src: src}
	err = t.all(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, err
	case t.best != nil:
		if t.src.Checkout.taken() && !asLoaded.Checkout.moved() {
			r.rememberGoingBack(asLoaded)
		}
		return r.finishWhole(ctx, t.best)
	case t.refused != nil && !is[*SumError](t.failed):
		return nil, t.noFit(ctx)
	}
	return nil, r.noSource(t.src, t.failed)
}

// goBack has the host's modules compiled as they were in the host's revision, if
// they differ from it and it can be had, and says whether they are.
func (r *run) goBack(ctx context.Context, src *Source) (bool, error) {
	taken, err := r.atRevision(ctx, src)
	if err == nil && taken {
		c := src.Checkout
		r.progress("building against revision %s of %s, which the host was built from", shortRevision(c.Revision), c.Folder)
	}
	return taken, err
}

// tries is what came of trying the layouts.
type tries struct {
	*run
	src           Source
	best, refused *attempt // a plugin that loads, and of the others the one that came closest
	failed        error    // why nothing was built
	listed        []Layout // those that were tried or are going to be
	wrong         []string // profiles that were not the host's
	compared      bool     // with the host's revision of the source, after it was refused
}

// all tries the layouts until a plugin loads.
func (t *tries) all(ctx context.Context) error {
	layouts, err := t.layouts(t.src)
	if err != nil {
		return err
	}
	first := layouts[0]
	t.listed = slices.Clone(layouts)
	if t.best = t.fromMemo(ctx, t.src); t.best != nil || ctx.Err() != nil {
		return ctx.Err()
	}
	for len(layouts) > 0 {
		l := layouts[0]
		layouts = layouts[1:]
		a, err := t.try(ctx, t.src, l)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil && a.verdict.Worst() == inspector.Loads {
			t.best = a
			t.remember(t.src, a, first)
			return nil
		}
		if back, err := t.otherRevision(ctx, a, err); back || err != nil {
			return cmpErr(err, ctx.Err())
		}
		if err != nil {
			t.failed = tellingFailure(t.failed, err, l)
			if compileFailed(err) && l.Name != Workspace || toolchainFailed(err) {
				break
			}
			continue
		}
		t.refused = closer(t.refused, a)
		if t.nextProfile(a) {
			return t.all(ctx)
		}
		if layouts, err = t.alsoThose(layouts, a); err != nil {
			return err
		}
		if layouts = t.mayHelp(a, layouts); len(layouts) > 0 {
			t.progress("refused with layout %s: %s; trying layout %s", l.Name, a.refusal(), layouts[0].Name)
		}
	}
	return nil
}

// is says whether an error is, or wraps, one of a type.
func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// otherRevision begins again with the host's revision of the source, where a clone
// is at hand that differs from it, and says whether it did.
func (t *tries) otherRevision(ctx context.Context, a *attempt, failed error) (bool, error) {
	if t.compared || t.src.Checkout == nil || t.src.Checkout.taken() || a != nil && !a.differs() || toolchainFailed(failed) {
		return false, nil
	}
	t.compared = true
	before := t.src
	if back, err := t.goBack(ctx, &t.src); !back || err != nil {
		return false, err
	}
	if err := t.all(ctx); err != nil || t.best != nil {
		return true, err
	}
	// What is at hand may yet be closer, as where the host was built with changes.
	if a != nil && t.refused == nil || a == nil && t.refused == nil && t.failed == nil {
		t.src = before
	}
	if a != nil {
		t.refused = closer(t.refused, a)
	}
	return true, nil
}

// alsoThose adds the layouts that come up now that the go command said what the
// plugin is built from.
func (t *tries) alsoThose(layouts []Layout, a *attempt) ([]Layout, error) {
	more, err := t.layouts(a.src)
	for _, l := range more {
		if !slices.Contains(t.listed, l) {
			t.listed = append(t.listed, l)
			layouts = append(layouts, l)
		}
	}
	return layouts, err
}

// mayHelp gives those layouts that may help a plugin that was refused: none where
// packages of the standard library differ, and where the others were compiled from
// the very folders that the host recorded, only such as take their source from
// elsewhere, or compile it with other flags.
func (t *tries) mayHelp(a *attempt, layouts []Layout) []Layout {
	standard, others := t.differing(a.verdict)
	if !a.differs() || len(standard) > 0 || len(others) == 0 {
		return nil
	}
	theirs, err := t.host.Sources()
	if err != nil {
		return layouts
	}
	ours := a.plugin.Sources()
	for _, pkg := range others {
		if theirs[pkg] == "" || theirs[pkg] != ours[pkg] {
			return layouts
		}
	}
	was := a.plan.Layout
	return slices.DeleteFunc(slices.Clone(layouts), func(l Layout) bool {
		return l.Released == was.Released && l.Vendor == was.Vendor && l.HostFlags == was.HostFlags
	})
}
