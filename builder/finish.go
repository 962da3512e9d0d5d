package builder

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// finish seals a plugin that loads and puts it in place.
func (r *run) finish(ctx context.Context, a *attempt) (*Result, error) {
	if err := r.report(ctx, a.src, a.plan, builtModules(a)); err != nil {
		return nil, err
	}
	res := &Result{Schema: Schema, Output: r.opts.Output, Host: a.verdict.Host, Plan: a.plan, Verdict: a.verdict, Warnings: append([]string{}, a.plan.Warnings...)}
	if r.opts.program == nil {
		if bin := a.plugin.Binary; bin != nil {
			res.Reproducible = r.reproducible(a, bin)
		}
		if a.silent {
			res.Warnings = append(res.Warnings, silentWarning(a.plan.packageDir()))
		}
	}
	if r.opts.CheckReproducible && res.Reproducible != nil {
		if err := r.checkReproducible(ctx, a, res.Reproducible); err != nil {
			return nil, err
		}
	}
	p := placement{output: r.opts.Output, beside: r.beside(a)}
	var err error
	if p.sidecars, err = r.makeSidecars(ctx, a); err != nil {
		return nil, err
	}
	if p.documents, err = r.makeDocuments(ctx, a); err != nil {
		return nil, err
	}
	if res.Unchanged = r.unchanged(a); res.Unchanged {
		touch(r.opts.Output)
	} else {
		p.built = a.file
	}
	if err := r.place(ctx, &p); err != nil {
		return nil, err
	}
	res.tell(p)
	if !r.opts.Write {
		return res, nil
	}
	changes, err := r.userChanges(a)
	if err != nil {
		return nil, err
	}
	if r.shared != nil { // written once all agree
		r.shared.wish(res, changes)
		return res, nil
	}
	res.Written, err = writeChanges(ctx, changes)
	if err != nil {
		return nil, err
	}
	return res, nil
}

// place puts a placement's files in place. Another run that failed may have removed
// folders meanwhile that it had made.
func (r *run) place(ctx context.Context, p *placement) error {
	if err := r.makeFolders(); err != nil {
		return err
	}
	return p.place(ctx)
}

// tell adds what was put in place beside the plugin.
func (r *Result) tell(p placement) {
	for _, s := range p.sidecars {
		if file := p.output + s.Extension; r.Sidecar == "" && !strings.HasSuffix(file, attestationExtension) {
			r.Sidecar = file
		} else {
			r.Documents = append(r.Documents, file)
		}
	}
	for _, d := range p.documents {
		r.Documents = append(r.Documents, d.file)
	}
	r.Warnings = append(r.Warnings, p.warnings...)
}

// A change is new content for a file of the plugin's module.
type change struct {
	File
	to []byte
}

// userChanges gives what brings the plugin's own go.mod and go.sum to what was built.
// go.sum comes first: more checksums than needed do no harm.
func (r *run) userChanges(a *attempt) ([]change, error) {
	p, err := newPlanner(r.facts.Host, a.src, r.opts)
	if err != nil {
		return nil, err
	}
	mod, sum, err := a.userFiles(p)
	if err != nil {
		return nil, err
	}
	return []change{{a.src.SumFile, sum}, {a.src.ModFile, mod}}, nil
}

// writeChanges makes changes, and names the files that it wrote.
func writeChanges(ctx context.Context, changes []change) (written []string, err error) {
	for _, c := range changes {
		if c.to == nil || bytes.Equal(c.Content, c.to) {
			continue
		}
		now, err := readOptional(c.Name)
		if err != nil {
			return written, err
		}
		if !bytes.Equal(now, c.Content) {
			return written, fmt.Errorf("%s was changed during the build and is left alone", c.Name)
		}
		if err := replaceFile(ctx, c.Name, c.to); err != nil {
			return written, err
		}
		written = append(written, c.Name)
	}
	return written, nil
}

// userFiles gives the plugin's own go.mod and go.sum as this build aligned them.
// Nil stands for a file that stays as it is.
func (a *attempt) userFiles(p *planner) (mod, sum []byte, err error) {
	if !a.plan.modMode && !a.plan.workMode {
		return nil, nil, nil
	}
	al := &aligner{host: p.host, raised: a.src.Raised}
	content := a.src.ModFile.Content
	if a.src.Resolved != nil && !lowered(a.plan, content) && len(a.src.Given)+len(a.src.Borrowed) == 0 {
		content = a.src.Resolved.ModFile
	}
	mod, _, err = al.align(a.src.ModFile.Name, content, p.graphModules())
	if err != nil {
		return nil, nil, err
	}
	if a.plan.modMode {
		sum, err = os.ReadFile(filepath.Join(a.dir, "go.sum"))
		return mod, sum, err
	}
	files, err := p.aligned(a.plan.Layout)
	if err != nil {
		return nil, nil, err
	}
	own := a.src.SumFile.Content
	if sum = withLines(own, p.sumLines(files)); !bytes.Equal(sum, own) {
		sum = sortedSums(sum)
	}
	return mod, sum, nil
}

// lowered says whether the build took go.mod back to an older Go.
func lowered(plan *Plan, original []byte) bool {
	for _, f := range plan.files {
		if f.name == "go.mod" {
			return goLine(f.content) != goLine(original)
		}
	}
	return false
}

func goLine(content []byte) string {
	for line := range strings.Lines(string(content)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "go" {
			return f[1]
		}
	}
	return ""
}
