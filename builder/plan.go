package builder

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// A Plan says how to build a plugin for a host. It is pure data; paths of the
// temporary folder that the build will use are not in it yet.
type Plan struct {
	Host      string    `json:"host"`
	GoVersion string    `json:"goVersion"`
	Platform  string    `json:"platform"`
	Toolchain Toolchain `json:"toolchain"`
	Compiler  Compiler  `json:"compiler"`
	Layout    Layout    `json:"layout"`
	LayoutWhy string    `json:"layoutWhy"`
	Dir       string    `json:"dir"` // where the go command runs: the plugin's module
	Package   string    `json:"package"`
	Output    string    `json:"output"`
	Env       []string  `json:"env"`   // settings over the user's own
	Flags     []string  `json:"flags"` // of go build, without -o
	Pins      []Pin     `json:"pins"`
	Shared    []Shared  `json:"shared"` // the modules that the plugin has in common with the host
	Rewrites  []Rewrite `json:"rewrites,omitempty"`
	Isolated  *Isolated `json:"isolated,omitempty"` // what has private copies in the plugin
	Checkout  *Checkout `json:"checkout,omitempty"` // the clone that the host's own module lies in
	Warnings  []string  `json:"warnings,omitempty"`

	// files are written to the temporary folder. Their content and Env and Flags
	// name that folder by workMark.
	files []tempFile

	target     cTarget   // what the C compiler makes code for
	scaffold   *scaffold // where the go command runs; nil for Dir
	toolexec   bool      // Flags name the wrapper around the compiler
	needsGraph bool      // the plan cannot be finished without asking the go command
	modMode    bool      // the build uses a temporary go.mod, which the go command may complete
	workMode   bool      // the build uses a temporary go.work

	// For explaining failures.
	module     string            // the plugin's
	hostModule string            // the host's main module
	hostPath   string            // the import path of the host's main package
	hostSums   map[string]string // h1: sums by PATH@VERSION
}

type tempFile struct {
	name    string
	content []byte
}

// workMark stands for the temporary folder. No path can hold it.
const workMark = "\x00work\x00"

// MarshalJSON writes the plan with $work for the temporary folder.
func (p Plan) MarshalJSON() ([]byte, error) {
	type plain Plan
	p.Env, p.Flags = allInWork(p.Env, "$work"), allInWork(p.Flags, "$work")
	return json.Marshal(plain(p))
}

// planner holds what all of a plan's parts are computed from.
type planner struct {
	host     *hostFacts
	src      Source
	opts     Options
	settings settings
	tool     Toolchain
	modFile  *modfile.File // the plugin's own, unchanged
	warnings []string
}

// NewPlan computes how to build the plugin for the host. It is a pure function:
// equal facts give equal plans. It refuses hosts that no plugin fits
// ([*NoFitError]), toolchains that are not to be had ([*ToolchainError]), options that
// contradict the host ([*UsageError]) and build information that the go command
// cannot have written.
func NewPlan(host Host, src Source, opts Options) (*Plan, error) {
	p, err := newPlanner(host, src, opts)
	if err != nil {
		return nil, err
	}
	layouts, err := p.layouts()
	if err != nil {
		return nil, err
	}
	return p.plan(layouts[0])
}

func newPlanner(host Host, src Source, opts Options) (*planner, error) {
	f, err := host.index()
	if err != nil {
		return nil, err
	}
	p := &planner{host: f, src: src, opts: opts}
	if p.settings, err = hostSettings(f); err != nil {
		return nil, err
	}
	if p.tool, err = chooseToolchain(f.Binary.GoVersion, src.Go, src.SDKs, opts.Toolchain); err != nil {
		return nil, err
	}
	if p.modFile, err = modfile.Parse(src.ModFile.Name, src.ModFile.Content, nil); err != nil {
		return nil, err
	}
	if p.modFile.Module == nil {
		return nil, fmt.Errorf("%s names no module", src.ModFile.Name)
	}
	if src.Go.Cgo == "0" {
		p.warn("CGO_ENABLED=0 is set, and plugins need cgo; built with CGO_ENABLED=1")
	}
	for _, flag := range p.settings.dropped {
		p.warn("the host was built with the compiler flag %s, which is not copied", flag)
	}
	return p, nil
}

func (p *planner) warn(format string, args ...any) {
	p.warnings = append(p.warnings, fmt.Sprintf(format, args...))
}

// plan computes the plan for one layout.
func (p *planner) plan(l Layout) (*Plan, error) {
	a, err := p.aligned(l)
	if err != nil {
		return nil, err
	}
	b := p.host.Binary
	plan := &Plan{
		Host: b.File, GoVersion: b.GoVersion, Platform: b.Platform,
		Toolchain: p.tool, Compiler: p.src.Compiler, target: hostTarget(b, p.src.Go), Layout: l, LayoutWhy: p.why(l, a),
		Dir: p.src.Dir, Package: p.src.Package, Output: p.opts.Output,
		Pins: p.pins(a), Shared: []Shared{}, Isolated: p.src.Isolated, Checkout: p.src.Checkout,
	}
	plan.module, plan.hostModule, plan.hostPath, plan.hostSums = p.modFile.Module.Mod.Path, b.Main.Path, b.Path, p.host.sums()
	user, err := p.userFlags()
	if err == nil {
		user, err = p.src.Isolated.inCopies(user)
	}
	if err != nil {
		return nil, err
	}
	plan.Flags = append(plan.Flags, p.buildmode())
	plan.Flags = append(plan.Flags, p.settings.flags(user.tags, p.src.Learned.CoverMode)...)
	if err := p.addCompilerFlags(plan, l); err != nil {
		return nil, err
	}
	plan.Env = p.environment(user)
	if err := p.addModules(plan, l, a, user); err != nil {
		return nil, err
	}
	if err := p.addIsolation(plan); err != nil {
		return nil, err
	}
	if !user.vcs {
		plan.Flags = append(plan.Flags, noVCS)
	}
	plan.Flags = append(plan.Flags, user.flags...)
	plan.Warnings = append(slices.Clone(p.warnings), user.warnings...)
	plan.Warnings = append(plan.Warnings, p.src.Compiler.warnings...)
	plan.Warnings = append(plan.Warnings, a.warnings...)
	plan.Warnings = append(plan.Warnings, p.src.Isolated.warnings()...)
	if c := p.src.Checkout; c != nil && len(c.Taken) > 0 {
		plan.Warnings = append(plan.Warnings, c.told(p.host.Binary.Main.Path))
	}
	for _, pin := range plan.Pins {
		if pin.lowered() {
			plan.Warnings = append(plan.Warnings, fmt.Sprintf("%s is forced down: plugin wants %s, host has %s", pin.Module, pin.Plugin, pin.Host))
		}
	}
	return plan, nil
}

// packageDir is the folder of the plugin's package, "" where it was not given by its folder.
func (p *Plan) packageDir() string {
	if p.Package != "." && !strings.HasPrefix(p.Package, "./") {
		return ""
	}
	return filepath.Join(p.Dir, filepath.FromSlash(p.Package))
}
