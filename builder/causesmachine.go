package builder

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

func quoted(word string) string { return inspector.ShellQuote(word) }

// machineRules know what the machine lacks besides a C compiler: space, memory,
// folders that can be written, and a Go installation that is whole.
var machineRules = []rule{
	{lazily(`^(.*): (no space left on device|disk quota exceeded)$`), (*failure).full},
	{lazily(`^(.*): [Nn]o space left on device`), (*failure).full},
	{lazily(`signal: killed$|[Kk]illed signal terminated program|terminated with signal 9|^fatal error: runtime: (?:out of memory|cannot allocate memory)|virtual memory exhausted|: cannot allocate memory$`), (*failure).memory},
	{lazily(`^go: parsing \$GOFLAGS: (.*)$`), (*failure).badGoflags},
	{lazily(`GOCACHE is not defined and neither \$XDG_CACHE_HOME nor \$HOME are defined`), always(CauseConfig,
		"the go command does not know where to keep its build cache: neither GOCACHE nor HOME is set", "export HOME=\"$(getent passwd \"$(id -u)\" | cut -d: -f6)\"", "or: export GOCACHE=/tmp/go-build")},
	{lazily(`^build cache is disabled by GOCACHE=off`), always(CauseConfig, "GOCACHE=off is set, and the go command has needed a build cache since Go 1.12", "unset GOCACHE")},
	{lazily(`GOCACHE is not an absolute path$`), (*failure).relativeCache},
	{lazily(`^(?:go: )?failed to initialize build cache at (.*?): (?:mkdir|open|stat) .*: (.*)$`), func(f *failure, _ spot, m []string) Cause {
		return causef(CauseDisk, "the go command cannot write its build cache in %s: %s", m[1], m[2]).todo("export GOCACHE=" + filepath.Join(tempBase(f.env), "go-build"))
	}},
	{lazily(`module cache not found: neither GOMODCACHE nor GOPATH is set`), always(CauseConfig,
		"the go command does not know where to keep modules: neither GOMODCACHE, GOPATH nor HOME is set", "export HOME=\"$(getent passwd \"$(id -u)\" | cut -d: -f6)\"", "or: export GOMODCACHE=/tmp/go-mod")},
	{lazily(`could not create module cache: (?:mkdir|open|stat) (.*): (.*)$`), func(f *failure, _ spot, m []string) Cause {
		return causef(CauseDisk, "the go command cannot write its module cache in %s: %s", m[1], m[2]).todo("export GOMODCACHE=" + filepath.Join(tempBase(f.env), "go-mod"))
	}},
	{lazily(`^go: creating work dir: (?:stat|mkdir) (.*): (.*)$`), func(_ *failure, _ spot, m []string) Cause {
		return causef(CauseDisk, "the go command cannot work in the temporary folder %s: %s", temporaryName().ReplaceAllString(m[1], ""), m[2]).todo("export TMPDIR=/tmp GOTMPDIR=")
	}},
	{lazily(`(?:^|: )(?:open|mkdir|stat|rename|remove|unlinkat|link|chmod|create|write) (/.*?): (permission denied|read-only file system|operation not permitted)$`), (*failure).denied},
	{lazily(`^go: cannot find GOROOT directory: (.*)$`), func(_ *failure, _ spot, m []string) Cause {
		return causef(CauseGoroot, "GOROOT is %s, which is not there", strings.TrimPrefix(m[1], "'go' binary is trimmed and GOROOT is not set")).todo("unset GOROOT")
	}},
	{lazily(`^go: 'go' binary is trimmed and GOROOT is not set$|^go: cannot find GOROOT directory`), always(CauseGoroot, "the go command does not find its GOROOT", "export GOROOT=/usr/local/go")},
	{lazily(`^(?:.*: )?package (runtime|runtime/cgo|plugin|unsafe|fmt|os|errors|strings) is not in (?:std|GOROOT) \((.*?)/src/`), func(f *failure, _ spot, m []string) Cause {
		if len(sourceFiles(filepath.Join(m[2], "src", m[1]))) > 0 {
			return Cause{}
		}
		return causef(CauseGoroot, "the Go installation in %s is not whole: it has no source of package %s", m[2], m[1]).todo("unset GOROOT",
			fmt.Sprintf("or give a whole one: plugtool build --toolchain DIR, with what https://go.dev/dl/%s.%s.tar.gz holds", release(f.hostGo()), strings.ReplaceAll(f.goEnv.HostOS+"-"+f.goEnv.HostArch, "/", "-")))
	}},
	{lazily(`^go: no such tool "(\S+)"|fork/exec (\S+/pkg/tool/\S+): no such file or directory`), func(f *failure, _ spot, m []string) Cause {
		return causef(CauseGoroot, "the Go installation is not whole: it has no %s", cmp.Or(m[1], m[2])).todo("install Go " + release(f.hostGo()) + " anew: https://go.dev/dl")
	}},
}

// temporaryName matches what the go command, its linker and plugtool call their
// temporary folders, and what lies in them.
var temporaryName = lazily(`/(?:go-build|go-link-|` + workPrefix + `)[0-9]*(?:/.*)?$`)

func release(goVersion string) string {
	r, _ := goRelease(goVersion)
	return r
}

// full speaks of a disk without space: which folder it is decides what to set.
func (f *failure) full(_ spot, m []string) Cause {
	file := m[1][strings.LastIndexByte(m[1], ' ')+1:]
	if file = strings.TrimSuffix(file, ":"); !filepath.IsAbs(file) {
		file = ""
	}
	temp := tempBase(f.env)
	cache := cmp.Or(getEnv(f.env, "GOCACHE"), f.goEnv.Cache)
	modules := f.goEnv.ModCache
	switch {
	case file != "" && cache != "" && liesIn(file, cache):
		return fullCache(cache)
	case file != "" && modules != "" && liesIn(file, modules):
		return causef(CauseDisk, "the disk with the module cache %s is full", modules).todo("df -h "+quoted(modules), "export GOMODCACHE=/another/disk/go-mod")
	}
	return causef(CauseDisk, "the disk with the temporary folder %s is full: what compiler and linker write there does not fit", temp).todo(
		"df -h "+quoted(temp), "export TMPDIR=/another/disk")
}

func fullCache(cache string) Cause {
	return causef(CauseDisk, "the disk with the build cache %s is full", cache).todo("go clean -cache", "or: export GOCACHE=/another/disk/go-build")
}

func (f *failure) memory(spot, []string) Cause {
	return causef(CauseMemory, "a program that the go command ran was killed or got no memory: most likely there is too little of it").todo(
		"compile one package at a time: plugtool build … -- -p=1", "free --mega")
}

func (f *failure) badGoflags(_ spot, m []string) Cause {
	from := "GOFLAGS"
	if v := getEnv(f.env, "GOFLAGS"); v != "" {
		from = fmt.Sprintf("GOFLAGS=%q", v)
	}
	return causef(CauseConfig, "the go command refuses %s: %s", from, m[1]).todo("unset GOFLAGS", "and where the go command keeps settings of its own: go env -u GOFLAGS")
}

func (f *failure) relativeCache(spot, []string) Cause {
	return causef(CauseConfig, "GOCACHE=%s is no absolute path", getEnv(f.env, "GOCACHE")).todo(`export GOCACHE="$PWD/` + getEnv(f.env, "GOCACHE") + `"`)
}

func (f *failure) denied(_ spot, m []string) Cause {
	file, why := m[1], m[2]
	what, set := "", ""
	switch cache := cmp.Or(getEnv(f.env, "GOCACHE"), f.goEnv.Cache); {
	case cache != "" && liesIn(file, cache):
		what, set = "the build cache "+cache, "export GOCACHE="+filepath.Join(tempBase(f.env), "go-build")
	case f.goEnv.ModCache != "" && liesIn(file, f.goEnv.ModCache):
		what, set = "the module cache "+f.goEnv.ModCache, "export GOMODCACHE="+filepath.Join(tempBase(f.env), "go-mod")
	case liesIn(file, tempBase(f.env)) && temporaryName().MatchString(file):
		what, set = "the temporary folder "+tempBase(f.env), "export TMPDIR=/another/folder"
	default:
		return causef(CauseDisk, "%s may not be used: %s", file, why).todo("ls -ld " + quoted(file))
	}
	return causef(CauseDisk, "%s may not be used: %s (%s)", what, why, file).todo("ls -ld "+quoted(file), set)
}
