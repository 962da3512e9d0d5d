package builder

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// maxRounds bounds how often the go command is asked again after versions above
// the host's were excluded. One or two rounds are what real modules need.
const maxRounds = 12

// listFields are what a plan needs to know of a package.
const listFields = "ImportPath,Dir,Standard,Name,GoFiles,CgoFiles,Imports,Module"

// resolve asks the go command what the plugin is built from in a layout, until
// every shared module has the host's version, and puts what it found into src.
func (r *run) resolve(ctx context.Context, src *Source, l Layout) error {
	for src.Rounds = 1; src.Rounds <= maxRounds; src.Rounds++ {
		plan, err := r.planFor(*src, l)
		if err != nil {
			return err
		}
		a, err := r.ask(ctx, plan)
		if err != nil {
			return err
		}
		src.Graph = a.graph
		if plan.modMode {
			src.Resolved = a.resolved
		}
		done, err := r.settled(ctx, src, plan, a.dir)
		if done || err != nil {
			return err
		}
	}
	return fmt.Errorf("the host's versions of the shared modules could not be had: after %d rounds the plugin's requirements still raise %s",
		maxRounds, src.Raised[len(src.Raised)-1])
}

// settled says whether all shared modules have the host's version, and notes the
// versions to exclude where they have not.
func (r *run) settled(ctx context.Context, src *Source, plan *Plan, dir string) (bool, error) {
	raised, err := r.displace(src)
	if err != nil {
		return false, err
	}
	done := !raised
	for _, m := range listedModules(src.Graph) {
		want, ok := r.wanted(src, m.Path)
		if !ok || m.Version == "" || m.Version == want {
			continue
		}
		done = false
		if semver.Compare(m.Version, want) > 0 {
			src.raise(module.Version{Path: m.Path, Version: m.Version})
			raised = true
		}
	}
	if !raised {
		return done, nil
	}
	// Whatever else the module graph asks above the host's versions would only
	// come up in the next rounds.
	out, err := r.moduleGraph(ctx, plan, dir)
	if err != nil {
		return false, err
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) != 2 {
			continue
		}
		path, version, _ := strings.Cut(fields[1], "@")
		want, ok := r.wanted(src, path)
		if ok && semver.Compare(version, want) > 0 || slices.Contains(src.Displaced, path) {
			src.raise(module.Version{Path: path, Version: version})
		}
	}
	return false, nil
}

func (s *Source) raise(v module.Version) {
	if !slices.Contains(s.Raised, v) {
		s.Raised = append(s.Raised, v)
	}
}

// list runs go list as the plan's build would see it, the temporary go.mod open
// for completion.
func (r *run) list(ctx context.Context, plan *Plan, dir string) ([]Package, error) {
	out, told, err := r.goList(ctx, plan, dir, listFields)
	if err != nil {
		return nil, err
	}
	graph, err := decodeAll[Package](out)
	if err != nil {
		return nil, err
	}
	err = r.lacking(told, graph)
	for i := range graph {
		graph[i].Imports = nil
	}
	return graph, err
}

// decodeAll reads the values that go list -json printed one after the other.
func decodeAll[T any](out []byte) (list []T, err error) {
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var v T
		if err := dec.Decode(&v); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, fmt.Errorf("read what go list printed: %w", err)
		}
		list = append(list, v)
	}
}

// goList asks for some fields of all packages that the plugin is built from.
func (r *run) goList(ctx context.Context, plan *Plan, dir, fields string) (out []byte, told string, err error) {
	args := []string{"list", "-deps", "-json=" + fields}
	for _, flag := range allInWork(plan.Flags, dir) {
		switch name, _, _ := splitFlag(flag); name {
		case "tags", "race", "msan", "trimpath", "modfile", "overlay", "modcacherw":
			args = append(args, flag)
		case "mod":
			if plan.modMode {
				flag = "-mod=mod"
			}
			args = append(args, flag)
		}
	}
	return r.goRunTold(ctx, plan, dir, append(args, plan.Package))
}

// moduleFlags gives the flags of the plan that commands on modules understand.
func (p *Plan) moduleFlags(dir string) []string {
	var flags []string
	for _, flag := range allInWork(p.Flags, dir) {
		if name, _, _ := splitFlag(flag); name == "modfile" || name == "overlay" {
			flags = append(flags, flag)
		}
	}
	return flags
}

func listedModules(graph []Package) []*ListedModule {
	var list []*ListedModule
	seen := map[string]bool{}
	for _, pkg := range graph {
		if m := pkg.Module; m != nil && !m.Main && !seen[m.Path] {
			seen[m.Path] = true
			list = append(list, m)
		}
	}
	return list
}

// graphModules lists the modules that packages come from, the main one included.
func graphModules(graph []Package) []string {
	var list []string
	for _, pkg := range graph {
		if pkg.Module != nil {
			list = append(list, pkg.Module.Path)
		}
	}
	return list
}

func readResolved(dir string) (*Resolved, error) {
	mod, err := readRegular(filepath.Join(dir, "go.mod"))
	if err != nil {
		return nil, err
	}
	sum, err := readOptional(filepath.Join(dir, "go.sum"))
	if err != nil {
		return nil, err
	}
	return &Resolved{ModFile: mod, SumFile: sum}, nil
}
