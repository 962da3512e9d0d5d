package main

import (
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// handFlags are the settings of go version -m that are flags of go build, and
// handEnv those that are environment.
var (
	handFlags = []string{"-trimpath", "-race", "-msan", "-asan", "-tags", "-gcflags", "-asmflags", "-ldflags", "-cover", "-covermode", "-pgo"}
	handEnv   = []string{"GOEXPERIMENT", "GOAMD64", "GOFIPS140", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_LDFLAGS"}
)

// byHand does what a competent author does today: go build -buildmode=plugin with the
// release and the settings that go version -m shows of the host, and the host's
// versions of the modules that the plugin's go.mod requires.
func (r *result) byHand(b *bench, env []string) {
	host := filepath.Join(b.dir, "bin", "host")
	dir := filepath.Join(b.dir, r.plugin)
	out := filepath.Join(b.dir, "hand.so")
	args := []string{"build", "-buildmode=plugin", "-o", out}
	info, err := buildinfo.ReadFile(host)
	if err == nil {
		var settings []string
		if settings, args = handSettings(info, args); len(settings) > 0 {
			env = append(env[:len(env):len(env)], settings...)
		}
		if release, _, _ := strings.Cut(strings.TrimPrefix(info.GoVersion, "go"), " "); r.release != "" {
			release, _, _ = strings.Cut(release, "-")
			root, err := b.w.goroot("go" + release)
			if err != nil {
				r.handWhy = err.Error()
				return
			}
			env = append(env, "PATH="+filepath.Join(root, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
		}
		if aligned := b.alignByHand(dir, info, env); aligned {
			args = append(args, "-mod=mod")
		}
	}
	args = append(args, ownArguments(r.args)...)
	cmd := exec.Command("sh", append([]string{"-c", `exec go "$@"`, "go"}, args...)...) // which looks go up in env's PATH
	cmd.Dir, cmd.Env = dir, env
	if text, err := cmd.CombinedOutput(); err != nil {
		r.handWhy = lastLine(string(text))
		return
	}
	r.hand = b.load(r.variant, out)
}

// handSettings copies what the host's build information shows.
func handSettings(info *buildinfo.BuildInfo, args []string) (env, flags []string) {
	for _, s := range info.Settings {
		if slices.Contains(handEnv, s.Key) && s.Value != "" {
			env = append(env, s.Key+"="+s.Value)
		}
		if !slices.Contains(handFlags, s.Key) {
			continue
		}
		if s.Key == "-pgo" {
			if _, err := os.Stat(s.Value); err != nil {
				continue // a trimmed host records no path
			}
		}
		args = append(args, s.Key+"="+s.Value)
	}
	return env, args
}

// alignByHand requires the host's versions in the plugin's go.mod; a workspace's
// stays as it is.
func (b *bench) alignByHand(dir string, info *buildinfo.BuildInfo, env []string) bool {
	for _, work := range []string{"go.work", filepath.Join("..", "go.work")} {
		if _, err := os.Stat(filepath.Join(dir, work)); err == nil {
			return false
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return false
	}
	args := []string{"mod", "edit"}
	mods := info.Deps
	if info.Main.Sum != "" {
		mods = append(mods, &info.Main)
	}
	for _, m := range mods {
		if !strings.HasPrefix(m.Version, "v") || !strings.Contains(string(data), m.Path+" v") || strings.Contains(string(data), m.Path+" "+m.Version+"\n") {
			continue
		}
		args = append(args, "-require="+m.Path+"@"+m.Version)
		if m.Replace != nil && m.Replace.Version != "" {
			args = append(args, "-replace="+m.Path+"="+m.Replace.Path+"@"+m.Replace.Version)
		}
	}
	if len(args) == 2 {
		return false
	}
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = dir, env
	return cmd.Run() == nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// ownArguments gives the package and the flags of go build among plugtool's arguments.
func ownArguments(args []string) (own []string) {
	pkg := "."
	for i, a := range args {
		if a == "--" {
			own = append(own, args[i+1:]...)
			break
		}
		if strings.HasPrefix(a, "./") {
			pkg = a
		}
		if a == "--pgo" {
			own = append(own, "-pgo="+args[i+1])
		}
	}
	return append(own, pkg)
}
