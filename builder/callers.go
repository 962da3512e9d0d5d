package builder

import (
	"bytes"
	"cmp"
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// A need is a symbol of a C library that the machine does not have, or not in a
// version as old as is asked for, and who refers to it.
type need struct {
	symbol, version string // "" where the version does not matter
	callers         []string
	own             bool // only Go's own C code refers to it
}

func (n need) name() string {
	if n.version == "" {
		return n.symbol
	}
	return n.symbol + "@" + n.version
}

func (n need) String() string {
	switch {
	case len(n.callers) == 0:
		return n.name() + " is called from what the C compiler adds to every library"
	case len(n.callers) > maxCallers:
		return fmt.Sprintf("%s is called from %s and %d more", n.name(), strings.Join(n.callers[:maxCallers], ", "), len(n.callers)-maxCallers)
	}
	return n.name() + " is called from " + strings.Join(n.callers, ", ")
}

// maxCallers is how many callers of one symbol a message names.
const maxCallers = 4

var (
	versionMissing = lazily("version `(GLIBC_[0-9.]+)' not found")
	symbolMissing  = lazily(`undefined symbol: ([^\s,]+)|: ([^\s:]+): symbol not found|Symbol not found: (\S+)`)
)

// explainNeeds adds to the error of a plugin that asks for more of the C library
// than there is who asks for it, and how to build against an older one.
func (r *run) explainNeeds(ctx context.Context, a *attempt, e *NoFitError) *NoFitError {
	wanted := r.needed(a)
	if len(wanted) == 0 {
		return e
	}
	if err := r.findCallers(ctx, a, wanted); err != nil {
		return e // the verdict has said what matters
	}
	var all, lines, own []string
	for _, n := range wanted {
		all = append(all, n.String())
		if n.own && len(n.callers) > 0 {
			own = append(own, n.name())
		} else {
			lines = append(lines, n.String())
		}
	}
	if len(own) > 0 {
		lines = append(lines, "Go's own C code (runtime/cgo) calls "+strings.Join(own, ", ")+": every plugin that this C compiler links needs that")
	}
	e.Reason += ": " + strings.Join(lines, "; ")
	noteNeeds(e.Verdict, strings.Join(all, "; "))
	if slices.ContainsFunc(wanted, func(n *need) bool { return n.version != "" }) {
		e.Fix = append(e.Fix, r.olderGlibc(a)...)
	}
	return e
}

// noteNeeds adds to the finding about it who asks for what.
func noteNeeds(v *inspector.Verdict, text string) {
	for i := range v.Plugins {
		for k := range v.Plugins[i].Findings {
			f := &v.Plugins[i].Findings[k]
			if f.Severity == inspector.Error && strings.HasPrefix(f.ID, "PT7") {
				f.Detail = strings.TrimPrefix(f.Detail+"; "+text, "; ")
				return
			}
		}
	}
}

// needed lists, by the verdict, which symbols are asked for in vain.
func (r *run) needed(a *attempt) []*need {
	f, err := elf.NewFile(bytes.NewReader(a.data))
	if err != nil {
		return nil
	}
	imported, err := f.ImportedSymbols()
	if err != nil {
		return nil
	}
	version, symbol := "", ""
	if m := versionMissing().FindStringSubmatch(a.refusal()); m != nil {
		version = m[1]
	} else if m := symbolMissing().FindStringSubmatch(a.refusal()); m != nil {
		symbol = cmp.Or(m[1:]...)
	}
	var list []*need
	for _, s := range imported {
		release, isGlibc := strings.CutPrefix(s.Version, "GLIBC_")
		switch {
		case isGlibc && r.opts.MaxGlibc != "" && inspector.ValidGlibc(release) && newerGlibc(release, r.opts.MaxGlibc),
			version != "" && s.Version == version:
			list = append(list, &need{symbol: s.Name, version: s.Version})
		case symbol != "" && s.Name == symbol:
			list = append(list, &need{symbol: s.Name})
		}
	}
	slices.SortFunc(list, func(x, y *need) int { return cmp.Compare(x.name(), y.name()) })
	return list
}

// exported is what go list says of a compiled package.
type exported struct {
	ImportPath, Dir, Export string
	Standard                bool
	CgoLDFLAGS              []string
}

// findCallers finds out which packages' C code refers to the symbols, from the
// objects that the build left in the go command's cache and the static libraries
// that the packages name.
func (r *run) findCallers(ctx context.Context, a *attempt, wanted []*need) error {
	packages, err := r.listExported(ctx, a)
	if err != nil {
		return err
	}
	symbols := map[string]bool{}
	for _, n := range wanted {
		symbols[n.symbol] = true
		n.own = true
	}
	note := func(pkg string, standard bool, refs []reference) {
		for _, ref := range refs {
			for _, n := range wanted {
				if n.symbol != ref.symbol {
					continue
				}
				n.own = n.own && standard
				if who := fmt.Sprintf("%s (%s)", pkg, ref); !slices.Contains(n.callers, who) {
					n.callers = append(n.callers, who)
				}
			}
		}
	}
	for _, pkg := range packages {
		if data, err := readRegular(pkg.Export); err == nil {
			note(pkg.ImportPath, pkg.Standard, references(data, symbols))
		}
		for _, file := range pkg.staticLibraries() {
			if data, err := readRegular(file); err == nil {
				note(filepath.Base(file)+", which "+pkg.ImportPath+" links", false, references(data, symbols))
			}
		}
	}
	for _, n := range wanted {
		// An author's own code before Go's.
		slices.SortStableFunc(n.callers, func(x, y string) int {
			return cmp.Compare(btoi(strings.HasPrefix(x, "runtime/cgo ")), btoi(strings.HasPrefix(y, "runtime/cgo ")))
		})
	}
	return nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// staticLibraries lists the archives that a package's LDFLAGS name.
func (p exported) staticLibraries() []string {
	var files, dirs []string
	for _, flag := range p.CgoLDFLAGS {
		if dir, ok := strings.CutPrefix(flag, "-L"); ok {
			dirs = append(dirs, dir)
		}
	}
	for _, flag := range p.CgoLDFLAGS {
		name, isLib := strings.CutPrefix(flag, "-l")
		switch {
		case strings.HasSuffix(flag, ".a") && !strings.HasPrefix(flag, "-"):
			files = append(files, flag)
		case isLib:
			for _, dir := range dirs {
				files = append(files, filepath.Join(dir, "lib"+name+".a"))
			}
		}
	}
	for i, file := range files {
		if !filepath.IsAbs(file) {
			files[i] = filepath.Join(p.Dir, file)
		}
	}
	return slices.DeleteFunc(files, func(file string) bool {
		fi, err := os.Stat(file)
		return err != nil || !fi.Mode().IsRegular() || fi.Size() > maxArchive
	})
}

// maxArchive caps the archives that are read, in bytes.
const maxArchive = 256 << 20

// listExported asks the go command where it keeps the packages as they were compiled.
func (r *run) listExported(ctx context.Context, a *attempt) ([]exported, error) {
	args := []string{"list", "-deps", "-export", "-json=ImportPath,Dir,Export,Standard,CgoLDFLAGS"}
	for _, flag := range allInWork(a.plan.Flags, a.dir) {
		switch name, _, _ := splitFlag(flag); name {
		case "v", "x", "a", "work", "json":
		default:
			args = append(args, flag)
		}
	}
	out, err := r.goRun(ctx, a.plan, a.dir, append(args, a.plan.Package))
	if err != nil {
		return nil, err
	}
	var list []exported
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg exported
		if err := dec.Decode(&pkg); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, fmt.Errorf("read what go list printed: %w", err)
		}
		if pkg.Export != "" {
			list = append(list, pkg)
		}
	}
}

// olderGlibc says how to build against an older glibc.
func (r *run) olderGlibc(a *attempt) []string {
	release, what := r.opts.MaxGlibc, "a system with glibc "+r.opts.MaxGlibc+" or older"
	if release == "" {
		what = "the machine that the host runs on"
	}
	return []string{
		fmt.Sprintf("build against %s: --sysroot DIR, where DIR holds its file system with the headers and libraries for developing, or run plugtool there", what),
		fmt.Sprintf("or with zig, which has them all: CC='zig cc -target %s' CXX='zig c++ -target %[1]s' plugtool build …", a.plan.target.zig(cmp.Or(release, "2.28"))),
	}
}
