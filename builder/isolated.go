package builder

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/isolate"
	process "github.com/plugtool/plugtool/isolate/once"
)

// Isolated says what has private copies in the plugin, and what became of all else.
type Isolated struct {
	Rules  string `json:"rules"`
	Prefix string `json:"prefix"` // what import paths of private copies begin with
	*isolate.Choice
	Modules []isolate.CopiedModule `json:"modules"` // that the copies are of
	Process []ProcessState         `json:"process"` // what exists once per process, and copies set up too

	// Incomplete are packages with copies of which it is not known as a whole what they set up.
	Incomplete []process.Incomplete `json:"incomplete,omitempty"`

	Files  int    `json:"files"`  // that were copied, or changed in the plugin's own module
	Edited int    `json:"edited"` // of those, the ones that are not as they were
	Copies string `json:"copies"` // names them by their content

	Details IsolatedDetails `json:"-"`
}

// IsolatedDetails are what the build needs to know of an isolation.
type IsolatedDetails struct {
	Asked            map[string]string // versions that the plugin asks for, of modules that it takes at the host's
	Own              map[string][]byte // files of the plugin's own module with their imports rewritten
	ModFile, SumFile []byte            // the isolated plugin's
	Record           string            // what the plugin records of its isolation, a build setting's value
	Scaffold         *scaffold         // nil where the go command runs in the plugin's own folder

	from   *Source   // as it was before
	placed *scaffold // with the copies in it
}

// asked gives the version that the plugin asks for, of a module that it has to take at
// the host's; "" for any other.
func (i *Isolated) asked(path string) string {
	if i == nil {
		return ""
	}
	return i.Details.Asked[path]
}

// packageFields are what isolate.Package holds.
const packageFields = "ImportPath,Dir,Name,Standard,Module,GoFiles,CgoFiles,CFiles,CXXFiles,HFiles,SFiles,SysoFiles,MFiles,FFiles,SwigFiles,SwigCXXFiles,EmbedFiles,Imports,ImportMap"

// maxPinRounds bounds how often the plugin's packages are asked for again because the
// contract pins more modules. Each round pins one at least; two are the rule.
const maxPinRounds = 20

// isolated gives the plugin private copies of packages, where that is asked for: its
// source is then a module that requires those, and an overlay in which they lie.
func (r *run) isolated(ctx context.Context, src Source) (Source, error) {
	if r.opts.Isolate == "" {
		return src, nil
	}
	rules, err := isolate.ParseRules(r.opts.Isolate)
	if err != nil {
		return src, &UsageError{Reason: "isolate: " + err.Error()}
	}
	switch {
	case r.opts.Write:
		return src, &UsageError{Reason: "an isolated plugin's go.mod is made for the build alone, so there is nothing to write to the plugin's own",
			Hint: "leave out --write"}
	case src.Work != nil:
		return src, r.cannotIsolate("it is a member of the workspace "+src.Work.File.Name, "set GOWORK=off, and name by replace what comes from folders")
	case r.facts.moduleless():
		return src, r.cannotIsolate("the host records no modules, so what it has cannot be told from what the plugin has", "")
	}
	taken := filepath.Join(src.Dir, filepath.FromSlash(isolate.Folder))
	if _, err := os.Lstat(taken); err == nil {
		return src, r.cannotIsolate(fmt.Sprintf("there is a folder %s, where private copies are to lie", taken), "rename it")
	}
	if out, ok := r.recallIsolated(src); ok {
		return out, nil
	}
	i := &isolating{run: r, src: src, rules: rules, linked: map[string]bool{}, asked: map[string]string{}, pins: map[string]bool{}}
	i.wishes = isolate.Wishes{Share: map[string]string{}, Move: map[string]string{}}
	out, err := i.isolate(ctx)
	if cannot, ok := errors.AsType[*isolate.CannotError](err); ok {
		err = r.cannotIsolate(strings.TrimPrefix(cannot.Error(), "the plugin cannot be isolated: "), cannot.Fix)
	}
	return out, err
}

func (r *run) cannotIsolate(reason, fix string) error {
	return &NoFitError{Host: r.host.Binary().File, Reason: "the plugin cannot be isolated: " + reason, Fix: nonEmpty(fix)}
}

// isolating is one isolation.
type isolating struct {
	*run
	src   Source
	rules isolate.Rules

	module string            // the plugin's
	asked  map[string]string // version of each module in the plugin's own build list
	pins   map[string]bool   // modules that the contract needs at the host's version
	graph  *isolate.Graph    // with what is pinned at the host's version
	based  Source            // that the graph was asked for with
	choice *isolate.Choice
	copies *isolate.Copies

	linked     map[string]bool // those of the plugin's packages that are in the host
	wishes     isolate.Wishes
	edits      map[string][]isolate.Edit // further changes to the copies
	process    []ProcessState
	recorded   []inspector.SharedState // of that, what is told in the plugin
	incomplete []process.Incomplete
}

func (i *isolating) isolate(ctx context.Context) (Source, error) {
	if err := i.chooseOnce(ctx); err != nil {
		return i.src, err
	}
	var err error
	if i.copies, err = isolate.Copy(i.graph, i.choice, overlaidDisk(i.src.Overlay), i.edits); err != nil {
		return i.src, err
	}
	i.progress("isolated: %s of %s, from %s", counted(moved(i.choice), "private copy", "private copies"), counted(len(i.copies.Modules), "module", "modules"), i.rules)
	out, err := i.result()
	if err != nil {
		return i.src, err
	}
	if out, err = i.prove(ctx, out); err != nil {
		return i.src, err
	}
	i.keepIsolated(i.src, out)
	return out, nil
}

func moved(c *isolate.Choice) (n int) {
	for _, d := range c.Moved {
		n += len(d.Packages)
	}
	return n
}

func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// choose asks what the plugin is built from by its own requirements, and again with
// the modules at the host's versions of which packages turn out to be pinned.
func (i *isolating) choose(ctx context.Context) error {
	host := isolate.Host{Module: i.facts.Binary.Main.Path, Modules: map[string]*isolate.Module{}, Linked: i.linked}
	for path, m := range i.facts.modules {
		host.Modules[path] = &isolate.Module{Path: m.Path, Version: m.Version}
		if m.Replace != nil {
			host.Modules[path].Replace = &isolate.Module{Path: m.Replace.Path, Version: versionOrNone(m.Replace.Version)}
		}
		if _, pinned := i.facts.pinned(path); !pinned {
			host.Modules[path].Version = ""
		}
	}
	pins := i.pins
	for range maxPinRounds {
		if err := i.list(ctx, pins); err != nil {
			return err
		}
		if err := i.findLinked(); err != nil {
			return err
		}
		var err error
		if i.wishes.Named, err = i.named(); err != nil {
			return err
		}
		if i.choice, err = isolate.Choose(i.graph, host, i.rules, i.wishes); err != nil {
			return err
		}
		more := false
		for _, path := range i.choice.Align {
			more = more || !pins[path]
			pins[path] = true
		}
		if !more {
			return nil
		}
	}
	return i.cannotIsolate(fmt.Sprintf("after %d rounds the contract pins more and more modules", maxPinRounds), "")
}

// only gives the host with no modules but its own and some.
func (h Host) only(pins map[string]bool) Host {
	b := *h.Binary
	b.Deps = slices.DeleteFunc(slices.Clone(b.Deps), func(m inspector.Module) bool { return !pins[m.Path] })
	h.Binary = &b
	return h
}

// list asks what the plugin is built from with some modules at the host's versions and
// all others at its own.
func (i *isolating) list(ctx context.Context, pins map[string]bool) error {
	facts, err := i.facts.only(pins).index()
	if err != nil {
		return err
	}
	lister := *i.run
	lister.facts = facts
	s, l := i.src, Layout{Name: Modules}
	other := func(path string, _ string) bool { return !pins[path] && path != facts.Binary.Main.Path }
	s.Borrowed, s.Given = maps.Clone(s.Borrowed), maps.Clone(s.Given)
	maps.DeleteFunc(s.Borrowed, other)
	maps.DeleteFunc(s.Given, other)
	for err = lister.resolve(ctx, &s, l); err != nil; err = lister.resolve(ctx, &s, l) {
		if ctx.Err() != nil || !s.complete(i.facts, l, err) {
			return err
		}
		for _, path := range s.Missing {
			pins[path] = true
		}
		if facts, err = i.facts.only(pins).index(); err != nil {
			return err
		}
		lister.facts = facts
	}
	packages, err := lister.listWhole(ctx, s, l)
	if err != nil {
		return err
	}
	i.based = s
	i.module = modfile.ModulePath(i.src.ModFile.Content)
	i.graph = &isolate.Graph{Plugin: packages[len(packages)-1].ImportPath, Module: i.module, Packages: packages}
	if len(i.asked) == 0 {
		for _, p := range packages {
			if p.Module != nil {
				i.asked[p.Module.Path] = p.Module.Version
			}
		}
	}
	return nil
}

// listWhole lists all that a plugin is built from, dependencies first.
func (r *run) listWhole(ctx context.Context, src Source, l Layout) ([]isolate.Package, error) {
	plan, err := r.planFor(src, l)
	if err != nil {
		return nil, err
	}
	dir, err := r.write(plan)
	if err != nil {
		return nil, err
	}
	out, _, err := r.goList(ctx, plan, dir, packageFields)
	if err != nil {
		return nil, err
	}
	packages, err := decodeAll[isolate.Package](out)
	if err == nil && len(packages) == 0 {
		err = fmt.Errorf("go list names no package of %s", plan.Package)
	}
	return packages, err
}

// findLinked finds those of the plugin's packages that are in the host.
func (i *isolating) findLinked() error {
	for _, p := range i.graph.Packages {
		if _, known := i.linked[p.ImportPath]; known || p.Standard {
			continue
		}
		_, there, err := i.host.Package(p.ImportPath)
		if err != nil {
			return err
		}
		i.linked[p.ImportPath] = there
	}
	return nil
}

// named finds the packages that the plugin's exported symbols and the host's contract name.
func (i *isolating) named() (map[string]string, error) {
	names, files := map[string]string{}, map[string][]byte{}
	disk := overlaidDisk(i.src.Overlay)
	for _, p := range i.graph.Packages {
		names[p.ImportPath] = p.Name
		if p.ImportPath != i.graph.Plugin {
			continue
		}
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
			content, err := disk.ReadFile(filepath.Join(p.Dir, name), maxModuleFile)
			if err != nil {
				return nil, err
			}
			files[name] = content
		}
	}
	named, err := isolate.Named(files, names)
	if err != nil {
		return nil, err
	}
	for _, r := range slices.Concat(i.opts.Contract, i.host.Contract()) {
		for _, path := range r.Packages() {
			named[path] = "the contract " + r.String()
		}
	}
	return named, nil
}
