package builder

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// userFlags are the flags of go build that the user gives, by GOFLAGS and by
// hand, as far as a plugin for the host can have them.
type userFlags struct {
	tags     []string
	flags    []string // given by hand, but for tags and -mod
	mod      string   // -mod
	goflags  string   // what is left of GOFLAGS
	vcs      bool     // the user decided about -buildvcs
	warnings []string
}

// harmlessFlags of go build change nothing that a host looks at. True says that
// the flag has a value.
var harmlessFlags = map[string]bool{
	"ldflags": true, "asmflags": true, "p": true, "buildvcs": true,
	"v": false, "x": false, "a": false, "modcacherw": false, "work": false,
}

// decidedFlags are the ones that the host decides, and those that plugtool
// needs for itself.
var decidedFlags = []string{
	"trimpath", "race", "msan", "asan", "cover", "covermode", "coverpkg", "gcflags", "pgo",
	"buildmode", "compiler", "gccgoflags", "installsuffix", "linkshared", "pkgdir",
	"modfile", "overlay", "toolexec", "o", "C", "n",
}

// userFlags sorts out what the user gave.
func (p *planner) userFlags() (userFlags, error) {
	var u userFlags
	if err := p.readGoflags(&u); err != nil {
		return u, err
	}
	args := p.opts.Flags
	for len(args) > 0 {
		arg := args[0]
		name, value, hasValue := splitFlag(arg)
		args = args[1:]
		takesValue, harmless := harmlessFlags[name]
		takesValue = takesValue || slices.Contains([]string{"tags", "mod", "gcflags"}, name)
		if takesValue && !hasValue && name != "buildvcs" {
			if len(args) == 0 {
				return u, &UsageError{Reason: fmt.Sprintf("flag -%s of go build needs a value", name)}
			}
			value, hasValue, args = args[0], true, args[1:]
		}
		u.vcs = u.vcs || name == "buildvcs"
		switch {
		case name == "tags":
			u.tags = append(u.tags, splitTags(value)...)
		case name == "mod":
			u.mod = value
		case name == "gcflags" && strings.HasPrefix(value, "-"):
			u.flags = append(u.flags, "-gcflags="+value) // of the plugin's main package only
		case name == "ldflags" && strings.Contains(value, "-pluginpath"):
			return u, &UsageError{Reason: "-ldflags=-pluginpath makes a plugin that hosts cannot open (could not find symbol)"}
		case harmless && name != "work" && hasValue:
			u.flags = append(u.flags, "-"+name+"="+value)
		case harmless && name != "work":
			u.flags = append(u.flags, "-"+name)
		case p.agrees(name, value): // the host has it, and so has the plan
		default:
			return u, p.refuseFlag(arg, name)
		}
	}
	return u, nil
}

// readGoflags takes from GOFLAGS what a build for the host can have, and says
// what it left out.
func (p *planner) readGoflags(u *userFlags) error {
	words, err := splitQuoted(p.src.Go.Flags)
	if err != nil {
		return &UsageError{Reason: fmt.Sprintf("GOFLAGS=%q: %v", p.src.Go.Flags, err)}
	}
	var kept, decided []string
	for _, word := range words {
		name, value, _ := splitFlag(word)
		_, harmless := harmlessFlags[name]
		u.vcs = u.vcs || name == "buildvcs"
		switch {
		case name == "tags":
			u.tags = append(u.tags, splitTags(value)...)
		case name == "mod" && value == "vendor" && !p.src.Vendored && p.src.Work == nil:
			u.warnings = append(u.warnings, fmt.Sprintf("GOFLAGS has %s, and %s has no vendor folder; left out for this build", word, p.src.Dir))
		case name == "mod":
			u.mod = value
		case name == "modfile": // Load reads that file instead of go.mod
		case name == "ldflags" && strings.Contains(value, "-pluginpath"):
			return &UsageError{Reason: fmt.Sprintf("GOFLAGS has %s, which makes a plugin that hosts cannot open (could not find symbol)", word)}
		case harmless:
			quoted, err := quoteWord(word)
			if err != nil {
				return &UsageError{Reason: fmt.Sprintf("GOFLAGS=%q: %v", p.src.Go.Flags, err)}
			}
			kept = append(kept, quoted)
		case slices.Contains(decidedFlags, name) && !p.agrees(name, value):
			decided = append(decided, word)
		case !strings.HasPrefix(word, "-"):
			u.warnings = append(u.warnings, fmt.Sprintf("GOFLAGS has %q, which is no flag and stops every go command; left out for this build", word))
		}
	}
	if len(decided) > 0 {
		u.warnings = append(u.warnings, fmt.Sprintf("GOFLAGS has %s, and the host decides that; left out for this build", strings.Join(decided, " ")))
	}
	u.goflags = strings.Join(kept, " ")
	return nil
}

// agrees says whether a flag that the host decides asks for what the host has.
func (p *planner) agrees(name, value string) bool {
	on := value == "" || value == "true" || value == "1"
	switch name {
	case "trimpath":
		return on == p.settings.trimpath
	case "race":
		return on == p.settings.race
	case "msan":
		return on == p.settings.msan
	}
	return false
}

func splitTags(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
}

// splitFlag splits -name=value, --name=value and -name.
func splitFlag(arg string) (name, value string, hasValue bool) {
	name = strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-")
	return strings.Cut(name, "=")
}

// environment gives the settings that the go command needs over the user's own.
func (p *planner) environment(u userFlags) []string {
	env := p.settings.env(p.src.Go.Experiment, p.src.Go.FIPS)
	env = append(env, "GOTOOLCHAIN="+p.tool.Select)
	if p.tool.Command != p.src.Go.Command {
		env = append(env, "GOROOT=") // the user's would be another toolchain's
	}
	env = append(env, p.src.Compiler.settings()...)
	env = append(env, p.cgoEnv()...)
	if m := p.src.Go.ModuleMode; m != "" && m != "on" {
		env = append(env, "GO111MODULE=on")
	}
	if u.goflags != strings.TrimSpace(p.src.Go.Flags) {
		// An empty setting would let the one in the go command's own
		// configuration file through.
		env = append(env, "GOFLAGS="+cmp.Or(u.goflags, " "))
	}
	return env
}

// hostFlags gives the host's -gcflags as they apply to shared packages, where
// the patterns were relative to the host's module or, with own, had none.
func (p *planner) hostFlags(own bool) []pkgFlags {
	var list []pkgFlags
	main := p.host.Binary.Main.Path
	for _, pf := range p.settings.gcflags {
		switch {
		case pf.pattern == "" && (!own || main == ""):
			continue // the host's main package only, which no plugin shares
		case pf.pattern == "":
			pf.pattern = main + "/..."
		case strings.HasPrefix(pf.pattern, ".") && main == "":
			continue
		case strings.HasPrefix(pf.pattern, "."):
			pf.pattern = path.Join(main, pf.pattern)
		}
		list = append(list, pf)
	}
	return p.learnedFlags(list)
}

// ownGcflags says whether the host has -gcflags without a pattern: they apply to
// the packages that were named on its command line, which may have been ./...
func (p *planner) ownGcflags() bool {
	return p.host.Binary.Main.Path != "" && slices.ContainsFunc(p.settings.gcflags, func(pf pkgFlags) bool { return pf.pattern == "" })
}

// addCompilerFlags adds what decides how packages are compiled: -gcflags with
// the rewritten paths, the wrapper that those may need, and -pgo.
func (p *planner) addCompilerFlags(plan *Plan, l Layout) error {
	list := p.hostFlags(l.HostFlags)
	if l.Name == Rewritten {
		rewrites, special, err := p.rewrites()
		if err != nil {
			return err
		}
		plan.Rewrites, plan.toolexec, plan.needsGraph = rewrites, special, p.src.Graph == nil
		for _, r := range rewrites {
			flags := slices.Clone(gcflagsFor(list, r.Package, false))
			flags = append(flags, p.host.languageFlags()...)
			list = append(list, pkgFlags{r.Package, append(flags, "-trimpath="+strings.Join(r.prefixes(), ";"))})
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(p.src.Learned.Work)) {
		flags := slices.Clone(gcflagsFor(list, pkg, p.host.standard(pkg)))
		list = append(list, pkgFlags{pkg, append(flags, "-trimpath="+workMarkFolder+p.src.Learned.Work[pkg])})
		plan.toolexec = true
	}
	for _, pf := range list {
		arg, err := pf.argument()
		if err != nil {
			return err
		}
		plan.Flags = append(plan.Flags, arg)
	}
	if len(plan.Rewrites) > 0 || len(p.src.Learned.Work) > 0 {
		arg, err := p.lastGcflags(list)
		if err != nil {
			return err
		}
		plan.Flags = append(plan.Flags, arg)
	}
	if err := p.addWrapper(plan); err != nil {
		return err
	}
	switch {
	case p.settings.pgo == "" && p.opts.PGO != "":
		p.warn("the host was built without a profile; %s is left out", p.opts.PGO)
		plan.Flags = append(plan.Flags, "-pgo=off")
	case p.settings.pgo == "":
		plan.Flags = append(plan.Flags, "-pgo=off") // a default.pgo of the plugin's would change every package
	case p.src.Profile != "":
		plan.Flags = append(plan.Flags, "-pgo="+p.src.Profile)
	default:
		p.warn("the host was built with the profile %s, which is not at hand; give it by --pgo", p.settings.pgo)
		plan.Flags = append(plan.Flags, "-pgo=off")
	}
	return nil
}

// addWrapper adds the wrapper around the compiler and the linker, where one is needed.
func (p *planner) addWrapper(plan *Plan) error {
	command := p.opts.Toolexec
	switch isolated := p.src.Isolated != nil; {
	case isolated && plan.toolexec:
		command = slices.Concat(command, []string{copiesFlag + workMark + "/" + copiesName, pathsFlag})
	case isolated:
		command = slices.Concat(command, []string{copiesFlag + workMark + "/" + copiesName})
	case !plan.toolexec:
		return nil
	}
	if len(p.opts.Toolexec) == 0 {
		return fmt.Errorf("shared packages with generated files, and private copies, have to be compiled through plugtool, and no command for that was given")
	}
	arg, err := toolexecFlag(command)
	plan.Flags = append(plan.Flags, arg)
	return err
}

// toolexecFlag names the wrapper.
func toolexecFlag(command []string) (string, error) {
	words := make([]string, len(command))
	for i, word := range command {
		quoted, err := quoteWord(word)
		if err != nil {
			return "", err
		}
		words[i] = quoted
	}
	return "-toolexec=" + strings.Join(words, " "), nil
}

// addModules adds what decides which modules are used: temporary go.mod, go.sum
// and go.work files where the user's own do not do as they are.
func (p *planner) addModules(plan *Plan, l Layout, a *alignedFiles, u userFlags) error {
	switch work := p.src.Work != nil || l.Name == Workspace; {
	case work && (a.changed || l.Name == Workspace || len(a.replaced) > 0 || p.newerWork() != ""):
		return p.addWorkspace(plan, a)
	case work:
		return plan.addOverlay(p.src.Overlay)
	case a.changed || p.src.Resolved != nil || p.src.Isolated != nil || p.src.Incomplete || u.mod == "mod": // -mod=mod would edit the user's
		sums := p.src.SumFile.Content
		if p.src.Resolved != nil {
			sums = p.src.Resolved.SumFile
		}
		plan.modMode = true
		plan.files = append(plan.files,
			tempFile{"go.mod", a.members[0].content},
			tempFile{"go.sum", withLines(sums, p.sumLines(a))})
		plan.Flags = append(plan.Flags, "-mod=readonly", "-modfile="+workMark+"/go.mod")
	case l.Vendor:
	case p.src.Vendored:
		plan.Flags = append(plan.Flags, "-mod=readonly")
	case u.mod != "":
		plan.Flags = append(plan.Flags, "-mod="+u.mod)
	}
	if p.src.OtherWork {
		plan.Env = append(plan.Env, "GOWORK=off")
	}
	// Before Go 1.17 go.mod files did not name what their requirements need.
	if p.src.Graph == nil && !l.Vendor && (a.members[0].unpruned() && len(p.host.modules) > 1 || p.src.Incomplete) {
		plan.needsGraph = true
	}
	return plan.addOverlay(p.src.Overlay)
}

// addOverlay adds the files that take the place of others.
func (p *Plan) addOverlay(replace map[string]string) error {
	if len(replace) == 0 {
		return nil
	}
	overlay, err := overlayFile(replace)
	if err != nil {
		return err
	}
	p.files = append(p.files, tempFile{"overlay.json", overlay})
	p.Flags = append(p.Flags, "-overlay="+workMark+"/overlay.json")
	return nil
}

// addWorkspace adds a go.work over the members, and an overlay that gives those
// whose go.mod had to change their new one.
func (p *planner) addWorkspace(plan *Plan, a *alignedFiles) error {
	content, err := p.workFile(a)
	if err != nil {
		return err
	}
	var sums []byte
	if p.src.Work != nil {
		sums = p.src.Work.Sum
	}
	plan.workMode = true
	plan.files = append(plan.files,
		tempFile{"go.work", content},
		tempFile{"go.work.sum", withLines(sums, p.sumLines(a))})
	plan.Env = append(plan.Env, "GOWORK="+workMark+"/go.work")
	replace := maps.Clone(p.src.Overlay)
	if replace == nil {
		replace = map[string]string{}
	}
	for i, m := range a.members {
		if m.changed {
			name := fmt.Sprintf("member%d.mod", i)
			plan.files = append(plan.files, tempFile{name, m.content})
			replace[m.name] = workMark + "/" + name
		}
	}
	return plan.addOverlay(replace)
}
