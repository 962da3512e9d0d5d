package builder

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// explained puts what is known about a failure into the error of a go command.
func explained(err error, f *failure) error {
	if goErr, ok := errors.AsType[*GoError](err); ok {
		f.output = goErr.Output
		goErr.Causes = f.causes()
	}
	return err
}

// A reached is a package that the plugin is built from, with what explains a failure.
type reached struct {
	ImportPath string
	Dir        string
	Imports    []string
	Standard   bool
	GoFiles    []string
	SFiles     []string
	CgoFiles   []string
	CgoLDFLAGS []string
	Module     *ListedModule
}

const reachedFields = "ImportPath,Dir,Imports,Standard,GoFiles,SFiles,CgoFiles,CgoLDFLAGS,Module"

// look asks the go command for what the causes leave open: who needs a package, and
// who names a library. Where it cannot say, they stay as they are.
func (r *run) look(ctx context.Context, f *failure, dir string, causes []Cause) []Cause {
	open := func(c Cause) bool {
		return c.Kind == CauseAssembly && c.about.pkg != "" || c.Kind == CauseLibrary && c.name != ""
	}
	if r.looking || !slices.ContainsFunc(causes, open) {
		return causes
	}
	r.looking = true
	defer func() { r.looking = false }()
	packages := r.reach(ctx, f.plan, dir, "")
	if len(packages) == 0 {
		return causes
	}
	for i, c := range causes {
		switch {
		case c.Kind == CauseAssembly && c.about.pkg != "":
			causes[i] = r.lookAtAssembly(ctx, f, dir, packages, c)
		case c.Kind == CauseLibrary && c.name != "":
			causes[i] = lookAtLibrary(packages, c)
		}
	}
	return causes
}

// reach lists what the plugin is built from, with one more tag where it is given.
func (r *run) reach(ctx context.Context, plan *Plan, dir, tag string) []reached {
	args := []string{"list", "-e", "-deps", "-json=" + reachedFields}
	tagged := tag == ""
	for _, flag := range allInWork(plan.Flags, dir) {
		switch name, _, _ := splitFlag(flag); name {
		case "tags":
			if !tagged {
				flag, tagged = flag+","+tag, true
			}
			args = append(args, flag)
		case "race", "msan", "trimpath", "modfile", "overlay", "modcacherw", "mod":
			args = append(args, flag)
		}
	}
	if !tagged {
		args = append(args, "-tags="+tag)
	}
	out, err := r.goRun(ctx, plan, dir, append(args, plan.Package))
	if err != nil {
		return nil
	}
	var list []reached
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg reached
		if dec.Decode(&pkg) != nil {
			return list
		}
		list = append(list, pkg)
	}
}

func find(packages []reached, importPath string) *reached {
	for i := range packages {
		if packages[i].ImportPath == importPath {
			return &packages[i]
		}
	}
	return nil
}

// importChain gives the shortest way of imports from the plugin's package, which is
// the last of the list, to another.
func importChain(packages []reached, to string) []string {
	root := packages[len(packages)-1].ImportPath
	from := map[string]string{root: ""}
	for queue := []string{root}; len(queue) > 0; queue = queue[1:] {
		if queue[0] == to {
			var chain []string
			for p := to; p != ""; p = from[p] {
				chain = append(chain, p)
			}
			slices.Reverse(chain)
			return chain
		}
		pkg := find(packages, queue[0])
		if pkg == nil {
			continue
		}
		for _, p := range pkg.Imports {
			if _, ok := from[p]; !ok {
				from[p] = pkg.ImportPath
				queue = append(queue, p)
			}
		}
	}
	return nil
}

// lookAtAssembly says by which imports the plugin comes to the package, and what
// there is to do: a newer version where the host has none, or a tag that leaves the
// assembly out and changes nothing that is shared.
func (r *run) lookAtAssembly(ctx context.Context, f *failure, dir string, packages []reached, c Cause) Cause {
	pkg := find(packages, c.about.pkg)
	if pkg == nil {
		return c
	}
	mod := pkg.Module
	if mod != nil && mod.Version != "" {
		c.Text = strings.Replace(c.Text, "package "+pkg.ImportPath, fmt.Sprintf("package %s (%s %s)", pkg.ImportPath, mod.Path, mod.Version), 1)
	}
	if chain := importChain(packages, pkg.ImportPath); len(chain) > 1 {
		c.Text += ": " + strings.Join(chain, " imports ")
	}
	host := (*Pin)(nil)
	if mod != nil {
		if v, ok := r.facts.pinned(mod.Path); ok {
			host = &Pin{Module: mod.Path, Host: v}
		}
	}
	for _, tag := range tagsWithout(filepath.Join(pkg.Dir, c.name), f) {
		without := r.reach(ctx, f.plan, dir, tag)
		if now := find(without, pkg.ImportPath); now == nil || slices.Contains(now.SFiles, c.name) || len(now.GoFiles) == 0 {
			continue
		}
		if changed := r.sharedThatDiffer(packages, without); len(changed) > 0 {
			c.Text += fmt.Sprintf("; the tag %s would leave it out, and change %s, which the host shares", tag, strings.Join(changed, ", "))
			continue
		}
		c = c.todo("plugtool build … -- -tags=" + tag)
		break
	}
	switch {
	case host != nil:
		c.Text += fmt.Sprintf("; the host has %s %s, so no other version will do", host.Module, host.Host)
	case f.own(pkg.ImportPath):
		return c.todo("let " + c.name + " use another register than R15, or keep it out of plugins: //go:build !purego")
	case mod != nil && mod.Version != "":
		c = c.todo("a newer version may do: " + f.goC("get "+quoted(mod.Path)+"@latest"))
	}
	return c.todo("or do without what imports it")
}

// tagsWithout lists tags that keep an assembly file out of the build.
func tagsWithout(file string, f *failure) []string {
	content, err := readRegular(file)
	if err != nil {
		return nil
	}
	expr := constraintOf(content)
	if expr == nil {
		return nil
	}
	var list []string
	tags := f.tags()
	for _, tag := range exprTags(expr) {
		if !systemWord(tag) && !slices.Contains(tags, tag) && !expr.Eval(f.hasTag(append(slices.Clone(tags), tag))) {
			list = append(list, tag)
		}
	}
	return list
}

// sharedThatDiffer lists packages of the host's modules that are made of other files.
func (r *run) sharedThatDiffer(a, b []reached) []string {
	var list []string
	for _, pkg := range a {
		if !pkg.Standard && r.facts.moduleOf(pkg.ImportPath) == nil {
			continue
		}
		other := find(b, pkg.ImportPath)
		if other == nil || !slices.Equal(pkg.GoFiles, other.GoFiles) || !slices.Equal(pkg.CgoFiles, other.CgoFiles) || !slices.Equal(pkg.SFiles, other.SFiles) {
			list = append(list, pkg.ImportPath)
		}
	}
	return list
}

// lookAtLibrary names the package that asks for a library.
func lookAtLibrary(packages []reached, c Cause) Cause {
	for _, pkg := range packages {
		if slices.Contains(pkg.CgoLDFLAGS, "-l"+c.name) {
			c.Text = strings.Replace(c.Text, "which -l"+c.name+" asks for", fmt.Sprintf("which package %s asks for by -l%s", pkg.ImportPath, c.name), 1)
			return c
		}
	}
	return c
}
