package inspector

import (
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// buildCommand is the command that builds the plugin so that it loads, for the
// folder of the plugin's module.
func (p *process) buildCommand(plug *Plugin, flags ...string) string {
	file := plug.File
	if ext := filepath.Ext(file); ext == "" || ext != ".so" && plug.Binary == nil {
		file += ".so" // build writes over no file that it cannot have written
	}
	host := p.host.Binary()
	cmd := "plugtool build --host " + ShellWord(host.File) + " -o " + ShellWord(file)
	// Where the go command may not change its release unasked, it has to be asked.
	if release(host.GoVersion) != release(runtime.Version()) || plug.Binary != nil && release(host.GoVersion) != release(plug.Binary.GoVersion) {
		cmd += " --toolchain auto"
	}
	if plug.Binary != nil && plug.Binary.Isolated != nil && plug.Binary.Isolated.Rules != "" {
		cmd += " --isolate=" + ShellQuote(plug.Binary.Isolated.Rules)
	}
	for _, f := range flags {
		cmd += " " + ShellQuote(f)
	}
	if pkg := packageOf(plug); pkg != "" {
		cmd += " " + ShellWord(pkg)
	}
	return cmd
}

// buildFix is buildCommand for wherever the reader is: outside of any module the command
// is none for the current folder, so it says for which, and names the files for there.
func (p *process) buildFix(plug *Plugin) []string {
	if pkg := packageOf(plug); strings.HasPrefix(pkg, "./") || inModule() {
		return []string{p.buildCommand(plug)}
	}
	there, away := *p, &Plugin{File: plug.File, Binary: plug.Binary, mod: plug.mod}
	if abs, err := filepath.Abs(plug.File); err == nil {
		away.File = abs
	}
	host := &Host{bin: p.host.bin}
	if abs, err := filepath.Abs(host.bin.File); err == nil {
		host.bin.File = abs
	}
	there.host = host
	return []string{"change to the folder of the plugin's source", there.buildCommand(away)}
}

// inModule says whether the current folder is one of a Go module.
func inModule() bool {
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if info, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil && info.Mode().IsRegular() {
			return true
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return false
}

// withProfile completes the commands that build for a host whose profile only its
// source has: a trimmed host records the profile's last element alone, and plugtool
// build finds it in a published module or in the source that it is given.
func (p *process) withProfile(fix []string) []string {
	b := p.host.Binary()
	profile := b.Setting("-pgo")
	if profile == "" || path.IsAbs(profile) || b.Main.Sum != "" {
		return fix
	}
	const build = "plugtool build "
	for i, f := range fix {
		if !strings.HasPrefix(f, build) || strings.Contains(f, "--pgo ") || strings.Contains(f, "--host-src ") && profile == "default.pgo" {
			continue
		}
		fix = slices.Clone(fix)
		fix[i] = build + "--pgo " + ShellWord(profile) + " " + strings.TrimPrefix(f, build)
		fix = slices.Insert(fix, i, "put the profile "+ShellQuote(profile)+" that the host was built with into the current folder")
		break
	}
	return fix
}

// packageOf says which package to build, "" for that of the current folder. Where
// the plugin lies in another module's folder, that is what to build; else its import
// path, where it is not the module's root, which does from every folder of the module.
func packageOf(plug *Plugin) string {
	if dir := filepath.Dir(plug.File); dir != "." && !filepath.IsAbs(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return "./" + filepath.ToSlash(filepath.Clean(dir))
		}
	}
	b := plug.Binary
	if b == nil || plug.mod == nil || b.Main.Path == "" || !strings.HasPrefix(b.Path, b.Main.Path+"/") {
		return ""
	}
	return b.Path
}

// rebuildHost is the command that builds the host anew so that it can load plugins,
// for the folder of the host's module.
func rebuildHost(b *Binary) string {
	path := b.Path
	if path == "" || path == "command-line-arguments" || strings.HasSuffix(path, ".test") {
		path = "."
	}
	cmd := "CGO_ENABLED=1 go build -trimpath"
	if tags := b.Setting("-tags"); tags != "" {
		cmd += " -tags " + ShellWord(tags)
	}
	return cmd + " -o " + ShellWord(b.File) + " " + ShellWord(path)
}

// ShellWord makes s one word of a POSIX shell: a file's name that begins with a
// dash is given a folder, so that no command takes it for a flag.
func ShellWord(s string) string {
	if strings.HasPrefix(s, "-") {
		s = "./" + s
	}
	return ShellQuote(s)
}

// ShellQuote quotes s for a POSIX shell, where it needs that.
func ShellQuote(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./@%+=:,-"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// getFix takes a module from where the host has it: a released version, or a fork.
func getFix(h, m *Module) func(*process, *Plugin) []string {
	return func(p *process, plug *Plugin) []string {
		var list []string
		switch {
		case h.Replace != nil:
			list = append(list, "go mod edit "+ShellQuote("-replace="+h.Path+"="+h.Replace.Path+"@"+h.Replace.Version))
		case m.Replace != nil:
			list = append(list, "go mod edit "+ShellQuote("-dropreplace="+m.Path)+" "+ShellQuote("-dropreplace="+m.Path+"@"+m.Version))
		}
		if h.Replace != nil {
			list = append(list, "go mod tidy") // for the sums
		} else {
			list = append(list, "go get "+ShellQuote(h.Path+"@"+h.Version))
		}
		return append(list, p.buildCommand(plug))
	}
}

// editedFix takes the source of a module that both sides say to have in the same
// version.
func (x *explainer) editedFix(h, m *Module) func(*process, *Plugin) []string {
	switch {
	case x.host.originOf(h).folder():
		return sourceFix(h, x.host)
	case m.Sum == "" && m.Replace == nil && m != &x.plugin.binary.Main: // out of a vendor folder
		return func(p *process, plug *Plugin) []string {
			return []string{"go mod vendor", p.buildCommand(plug)}
		}
	}
	return nil
}

// sourceFix builds with the source that the host was built from: where it lies, as
// far as the host recorded its folder, else where it can be had.
func sourceFix(h *Module, host *side) func(*process, *Plugin) []string {
	return func(p *process, plug *Plugin) []string {
		folder := ""
		if !host.binary.Trimmed() {
			folder = host.root(h)
		}
		if info, err := os.Stat(filepath.Join(folder, "go.mod")); filepath.IsAbs(folder) && err == nil && info.Mode().IsRegular() {
			return []string{p.buildCommand(plug, "--host-src", folder)}
		}
		b := p.host.Binary()
		revision := ""
		if h == &b.Main {
			revision = b.Setting("vcs.revision")
			if revision == "" && isVersion(h.Version) {
				revision, _, _ = strings.Cut(h.Version, "+")
			}
		}
		if url, sub := forge(h.Path); url != "" && revision != "" {
			return []string{"git clone " + ShellQuote(url) + " host-src", "git -C host-src checkout " + ShellQuote(revision),
				p.buildCommand(plug, "--host-src", filepath.Join("host-src", sub))}
		}
		if revision != "" {
			revision = " (revision " + revision + ")"
		}
		return []string{"put the source of " + h.Path + " that the host was built from" + revision + " into the folder DIR",
			p.buildCommand(plug, "--host-src", "DIR")}
	}
}

// forge gives the repository of a module whose path says it, and the module's folder
// in it.
func forge(module string) (url, sub string) {
	parts := strings.Split(module, "/")
	if len(parts) < 3 {
		return "", ""
	}
	switch parts[0] {
	case "github.com", "gitlab.com", "bitbucket.org", "codeberg.org":
	default:
		return "", ""
	}
	rest := parts[3:]
	if n := len(rest); n > 0 && len(rest[n-1]) > 1 && rest[n-1][0] == 'v' && strings.Trim(rest[n-1][1:], "0123456789") == "" {
		rest = rest[:n-1]
	}
	return "https://" + strings.Join(parts[:3], "/"), strings.Join(rest, "/")
}

// toolchainFix builds with the host's toolchain, which only who built the host has.
func toolchainFix(p *process, plug *Plugin) []string {
	return []string{"put the Go toolchain that the host was built with into the folder GOROOT",
		p.buildCommand(plug, "--toolchain", "./GOROOT")}
}

// agreeingFix makes a plugin agree with one that was opened before it, and that may
// have been refused.
func (p *process) agreeingFix(first, plug *Plugin, causes []*cause, refused bool) []string {
	c, list := causes[0], []string(nil)
	if refused {
		list = append(list, p.buildCommand(first))
	}
	// A refused plugin that is built anew keeps its versions, but not its settings.
	if c.fix == nil || refused && !c.version {
		return append(list, p.buildCommand(plug))
	}
	return append(list, c.fix(p, plug)...)
}
