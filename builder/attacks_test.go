//go:build unix

package builder_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/builder"
)

// says makes a host record build settings.
func says(settings ...string) func(*evil, *debug.BuildInfo) {
	return func(e *evil, bi *debug.BuildInfo) {
		for _, s := range settings {
			key, value, _ := strings.Cut(s, "=")
			if value == "" {
				key, value, _ = strings.Cut(s, " ")
			}
			value = strings.NewReplacer("EVIL", e.prog, "ROOT", e.root, "DIR", e.dir).Replace(value)
			var rest []debug.BuildSetting
			for _, old := range bi.Settings {
				if old.Key != key {
					rest = append(rest, old)
				}
			}
			bi.Settings = append(rest, debug.BuildSetting{Key: key, Value: value})
		}
	}
}

// dep changes the host's record of example.com/dep.
func dep(change func(e *evil, m *debug.Module)) func(*evil, *debug.BuildInfo) {
	return func(e *evil, bi *debug.BuildInfo) {
		for _, m := range bi.Deps {
			if m.Path == "example.com/dep" {
				change(e, m)
			}
		}
	}
}

func goVersion(v string) func(*evil, *debug.BuildInfo) {
	return func(e *evil, bi *debug.BuildInfo) {
		bi.GoVersion = strings.NewReplacer("ROOT", e.root, "EVIL", e.prog).Replace(v)
	}
}

func field(key string, value any) func(*evil, map[string]any) {
	return func(_ *evil, d map[string]any) { d[key] = value }
}

var attacks = []attack{
	{
		name: "settings that run programs or write files", want: ignored,
		info: says("-toolexec=EVIL", "-ldflags=-extld=EVIL -extldflags=-wrapper=EVIL -o DIR/pwned -cpuprofile=DIR/pwned", "-exec=EVIL",
			"-asmflags=all=-o DIR/pwned", "-gccgoflags=-wrapper EVIL", "-overlay=DIR/overlay.json", "-modfile=DIR/x.mod",
			"-buildmode=exe", "-pkgdir=DIR/pwned", "-installsuffix=../../x", "-C=DIR", "-o=DIR/pwned", "-linkshared=true", "-mod=mod",
			"CC=EVIL", "CXX=EVIL", "AR=EVIL", "FC=EVIL", "GCCGO=EVIL", "PKG_CONFIG=EVIL", "GOROOT=ROOT", "GOTOOLDIR=ROOT/bin", "GOTOOLCHAIN=evil",
			"CGO_CFLAGS=-fplugin=DIR/x.so -wrapper EVIL -B DIR/evilbin -specs=DIR/x", "CGO_CXXFLAGS=-fplugin=DIR/x.so", "CGO_CPPFLAGS=-wrapper EVIL",
			"CGO_CFLAGS_ALLOW=.*", "GOFLAGS=-toolexec=EVIL",
			"GOPROXY=file://DIR/evil", "GONOSUMDB=*", "GOINSECURE=*", "GOVCS=*:all", "GOAUTH=EVIL", "GOENV=DIR/goenv", "GOCACHEPROG=EVIL", "GOWORK=DIR/go.work",
			"GOCACHE=DIR/pwned", "GOMODCACHE=DIR/pwned", "GOTMPDIR=DIR/pwned", "PATH=DIR/evilbin", "LD_PRELOAD=DIR/x.so", "HOME=DIR/evilroot",
			"vcs=git", "vcs.revision=--upload-pack=EVIL", "vcs.time=$(EVIL)", "vcs.modified=`EVIL`", "DefaultGODEBUG=x=$(EVIL)"),
	},
	{
		// The number of words of CGO_LDFLAGS is part of packages' hashes, the words are not.
		name: "words for the C linker and compiler", info: says("CGO_LDFLAGS=-fuse-ld=EVIL -Wl,-plugin,DIR/x.so -Wl,-o,DIR/pwned -B DIR/evilbin",
			"CGO_CFLAGS='-DA=1 -wrapper EVIL' \"-DB -fplugin=DIR/x.so\" -DC=$(EVIL) -DD=`EVIL` -D -wrapper -std=c99,-wrapper -U", "CGO_CPPFLAGS=-DX=1;EVIL -D@DIR/x -fno-short-enums=EVIL"),
	},
	{
		name: "compiler flags that write or read files", want: ignored,
		info: says("-gcflags=all=-o DIR/pwned -asmhdr=DIR/pwned -linkobj DIR/pwned -symabis=/etc/shadow -embedcfg=/etc/shadow -importcfg=/etc/shadow " +
			"-cpuprofile=DIR/pwned -memprofile=DIR/pwned -blockprofile=DIR/pwned -mutexprofile=DIR/pwned -traceprofile=DIR/pwned -bench=DIR/pwned -json=0,DIR/pwned -coveragecfg=/etc/shadow -pgoprofile=/dev/zero -buildid=x -D=DIR -I=DIR -goversion=x -d=dumpinlfuncprops=DIR/pwned -d=panic"),
	},
	{
		name: "compiler flags quoted oddly, for a package that is rewritten", gone: true,
		info: says("-gcflags=example.com/...='-trimpath=/=>DIR/x;DIR=>y' \"-asmhdr=DIR/pwned\" -N"),
	},
	{name: "compiler flags for a pattern that is an option", want: refused, info: says("-gcflags=-toolexec=EVIL all=-N '")},
	{name: "compiler flags with a line break", want: refused, info: says("-gcflags=all=-N\n-l")},
	{name: "tags with an option", want: refused, info: says("-tags=a,-toolexec=EVIL")},
	{name: "tags with a blank", want: refused, info: says("-tags=a -toolexec=EVIL")},
	{name: "tags with a line break and quotes", want: refused, info: says("-tags=a\"\n'b")},
	{name: "level with more than a level", want: refused, info: says("GOAMD64=v1 -toolexec=EVIL")},
	{name: "level that is a path", want: refused, info: says("GOAMD64=../../v1")},
	{name: "GOOS and GOARCH that are paths", info: says("GOOS=../../linux", "GOARCH=../../amd64"),
		desc: field("platform", "../../linux/../../amd64"), want: nil},
	{name: "experiment that is an option", want: refused, info: goVersion("go1.26.8 X:-toolexec")},
	{name: "experiment with a blank and a path", want: refused, info: goVersion("go1.26.8-X:../evil,x y")},
	{name: "experiment in the settings", want: ignored, info: says("GOEXPERIMENT=-evil,../x")},
	{name: "another compiler", want: refused, info: says("-compiler=gccgo")},
	{name: "profile that never ends", info: says("-pgo=/dev/zero"), want: harmlessProfile},
	{name: "profile that is a pipe", want: harmlessProfile, info: func(e *evil, bi *debug.BuildInfo) {
		pipe := filepath.Join(e.dir, "pipe.pgo")
		if out, err := exec.Command("mkfifo", pipe).CombinedOutput(); err != nil {
			if _, there := os.Stat(pipe); there != nil {
				e.t.Fatalf("%v: %s", err, out)
			}
		}
		says("-pgo="+pipe)(e, bi)
	}},
	{name: "profile that is an option", info: says("-pgo=-toolexec=EVIL"), want: harmlessProfile},
	{name: "profile of the kernel's", info: says("-pgo=/proc/self/mem"), want: harmlessProfile},
	{name: "profile that is huge", want: harmlessProfile, info: func(e *evil, bi *debug.BuildInfo) {
		huge := filepath.Join(e.dir, "huge.pgo")
		e.write(huge, "GO PREPROFILE V1\n")
		if err := os.Truncate(huge, 1<<40); err != nil {
			e.t.Fatal(err)
		}
		says("-pgo="+huge)(e, bi)
	}},

	// Releases: the go command runs what it finds under a release's name.
	{name: "release with a suffix", want: refused, info: goVersion("go1.26.8-custom"), opts: autoToolchain},
	{name: "release that leads to a GOROOT", want: refused, info: sdkVersion("x/../../../../../../../../../../../../../../../..ROOT"), opts: autoToolchain},
	{name: "release that leads out of the home's SDKs", want: refused, info: sdkVersion("../../evilroot"), opts: autoToolchain},
	{name: "release that leads there by experiments", want: refused, info: sdkVersion("../../evilroot X:none"), opts: autoToolchain},
	{name: "release that is a path", want: refused, info: goVersion("go1.26.8/../EVIL"), opts: autoToolchain},
	{name: "release that there is not", want: refused, info: goVersion("go1.99.99"), opts: autoToolchain},
	{name: "release that is a setting", want: refused, info: goVersion("local+auto"), opts: autoToolchain},
	{name: "release that is an option", want: refused, info: goVersion("-evil"), opts: autoToolchain},
	{name: "release with a line break", want: refused, info: goVersion("go1.26.8\nx"), opts: autoToolchain},
	{name: "release of the same length", want: refused, info: goVersion("../evilr"), opts: autoToolchain},
	{name: "no release", want: refused, info: goVersion(""), opts: autoToolchain},

	// Modules: they stand in go.mod and go.work files, and on command lines.
	{name: "module that is an option", want: refused, info: dep(func(e *evil, m *debug.Module) { m.Path = "-toolexec=" + e.prog })},
	{name: "module that is a short option", want: refused, info: dep(func(_ *evil, m *debug.Module) { m.Path = "-o" })},
	{name: "module that leads upwards", want: refused, info: dep(func(_ *evil, m *debug.Module) { m.Path = "example.com/../../../etc" })},
	{name: "module that is absolute", want: refused, info: dep(func(e *evil, m *debug.Module) { m.Path = e.dir })},
	{name: "module with a blank", want: refused, info: dep(func(_ *evil, m *debug.Module) { m.Path = "example.com/dep v1.1.0 => /etc" })},
	{name: "module with a semicolon", want: refused, info: dep(func(_ *evil, m *debug.Module) { m.Path = "example.com/dep;x=>/etc" })},
	{name: "module with a line break", want: refused, desc: func(_ *evil, d map[string]any) { firstDep(d)["path"] = "example.com/dep\nreplace x => /etc" }},
	{name: "module with a zero byte", want: refused, desc: func(_ *evil, d map[string]any) { firstDep(d)["path"] = "example.com/\x00work\x00" }},
	{name: "version that leads upwards", want: refused, info: dep(func(_ *evil, m *debug.Module) { m.Version = "v1.1.0/../../../../../etc" })},
	{name: "version that is a branch", want: refused, info: dep(func(_ *evil, m *debug.Module) { m.Version = "--upload-pack=evil" })},
	{name: "version with a line break", want: refused, desc: func(_ *evil, d map[string]any) { firstDep(d)["version"] = "v1.1.0\nexclude x v1.0.0" }},
	{name: "version with metadata", want: refused, info: dep(func(_ *evil, m *debug.Module) { m.Version = "v1.1.0+../evil" })},
	{name: "sum with a line break", want: refused, desc: func(_ *evil, d map[string]any) { firstDep(d)["sum"] = "h1:x\nexample.com/evil v1.0.0 h1:y" }},
	{name: "sum of other content", want: refused, info: dep(func(_ *evil, m *debug.Module) { m.Sum = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" })},
	{name: "replacement by an absolute folder", info: dep(func(e *evil, m *debug.Module) {
		e.write(filepath.Join(e.dir, "theirs", "go.mod"), "module example.com/dep\n\ngo 1.99\n")
		m.Sum, m.Replace = "", &debug.Module{Path: filepath.Join(e.dir, "theirs"), Version: "(devel)"}
	})},
	{name: "replacement that leads upwards", info: dep(func(_ *evil, m *debug.Module) {
		m.Sum, m.Replace = "", &debug.Module{Path: "../../../../../../etc", Version: "(devel)"}
	})},
	{name: "replacement with a line break", want: refused, desc: func(_ *evil, d map[string]any) {
		firstDep(d)["replace"] = map[string]any{"path": "../x\nreplace a => b", "version": "(devel)"}
	}},
	{name: "replacement by a module that is an option", want: refused, info: dep(func(e *evil, m *debug.Module) {
		m.Replace = &debug.Module{Path: "-toolexec=" + e.prog, Version: "v1.0.0"}
	})},
	{name: "replacement by a module that there is not", want: refused, info: dep(func(_ *evil, m *debug.Module) {
		m.Replace = &debug.Module{Path: "example.com/evil.git", Version: "v1.0.0"}
	})},
	{name: "main module that is an option", want: refused, info: func(_ *evil, bi *debug.BuildInfo) { bi.Main.Path = "-C" }},
	{name: "main package that is an option", want: refused, info: func(e *evil, bi *debug.BuildInfo) { bi.Path = "-toolexec=" + e.prog }},
	{name: "main package that leads upwards", want: refused, info: func(_ *evil, bi *debug.BuildInfo) { bi.Path = "example.com/host/../../etc" }},
	{name: "main version with a line break", want: refused, desc: func(_ *evil, d map[string]any) {
		d["main"] = map[string]any{"path": "example.com/host", "version": "v1.0.0\nx"}
	}},
	{name: "many modules", info: nil, desc: func(_ *evil, d map[string]any) {
		deps := d["deps"].([]any)
		for i := range 20_000 {
			deps = append(deps, map[string]any{"path": fmt.Sprintf("example.com/m%d", i), "version": "v1.0.0"})
		}
		d["deps"] = deps
	}},
	{name: "the same module many times", desc: func(_ *evil, d map[string]any) {
		deps := d["deps"].([]any)
		for range 20_000 {
			deps = append(deps, map[string]any{"path": "example.com/dep", "version": "v1.0.0"})
		}
		d["deps"] = deps
	}},
	{name: "a long path", desc: func(_ *evil, d map[string]any) {
		firstDep(d)["path"] = "example.com/" + strings.Repeat("a/", 300_000) + "a"
	}},
	{name: "many experiments", desc: field("goVersion", "go1.26.8 X:"+strings.Repeat("a,", 100_000)+"a")},

	// Folders of the compiler's: they are the targets of rewrites.
	{name: "folder that is two rewrites", gone: true, want: refused, desc: folder("/src/a;/etc=>x")},
	{name: "folder that is a rewrite", gone: true, want: refused, desc: folder("/src/a=>b")},
	{name: "folder with a line break", gone: true, want: refused, desc: folder("/src/a\n-toolexec=evil")},
	{name: "folder with both quotes", gone: true, want: refused, desc: folder("/src/'a\" -o x")},
	{name: "folder that leads upwards", gone: true, want: refused, desc: folder("/src/../../etc")},
	{name: "folder with percents and blanks", gone: true, desc: folder("/src/%s%n%d $HOME `id` -o x")},
	{name: "folder of the kernel's", gone: true, desc: folder("/proc/self/fd")},
	{name: "covered package that is an option", want: refused, desc: field("covered", []string{"-toolexec=evil"})},
	{name: "covered package with a comma", want: refused, desc: field("covered", []string{"a,-o=x"})},
	{name: "revision that is an option, and a clone whose configuration runs programs", info: says("vcs=git", "vcs.revision=--upload-pack=EVIL", "vcs.modified=false"), opts: evilClone},
	{name: "revision of a clone whose configuration runs programs", info: says("vcs=git", "vcs.revision=0123456789012345678901234567890123456789", "vcs.modified=false"), opts: evilClone},
}

// harmlessProfile demands that the recorded profile is not read; with it, the plugin
// fits as it fits without.
func harmlessProfile(t *testing.T, res *builder.Result, err error) {
	t.Helper()
	ignored(t, res, err)
	if err == nil {
		for _, flag := range res.Plan.Flags {
			if strings.HasPrefix(flag, "-pgo=") && flag != "-pgo=off" {
				t.Errorf("the plan has %s", flag)
			}
		}
	}
}

func firstDep(d map[string]any) map[string]any {
	for _, m := range d["deps"].([]any) {
		if m := m.(map[string]any); m["path"] == "example.com/dep" {
			return m
		}
	}
	return nil
}

// folder records a folder for all packages of a module.
func folder(dir string) func(*evil, map[string]any) {
	return func(_ *evil, d map[string]any) {
		d["folders"] = map[string]any{"example.com/dep": dir, "example.com/Native": dir + "/native", "example.com/host/api": dir, "example.com/host/clib": dir}
	}
}

// evilClone gives the host's source, in a clone that has programs run where git minds
// its configuration, and that takes objects from elsewhere.
func evilClone(e *evil, o *builder.Options) {
	top := filepath.Join(e.dir, "host")
	for name, content := range map[string]string{
		"HEAD": "ref: refs/heads/main\n", "refs/heads/main": strings.Repeat("ab", 20) + "\n",
		"objects/info/alternates": "/proc/self/fd\n\"\\n-evil\"\n", "hooks/post-checkout": "#!/bin/sh\n" + e.prog + "\n",
		"config": "[core]\n\tfsmonitor = " + e.prog + "\n\tsshCommand = " + e.prog + "\n\thooksPath = " + filepath.Dir(e.prog) +
			"\n[alias]\n\tcat-file = !" + e.prog + "\n[include]\n\tpath = /dev/zero\n[remote \"origin\"]\n\turl = ext::" + e.prog + "\n\tpromisor = true\n\tuploadpack = " + e.prog +
			"\n[extensions]\n\tpartialClone = origin\n[filter \"x\"]\n\tsmudge = " + e.prog + "\n\tclean = " + e.prog + "\n",
		"info/attributes": "* filter=x diff=x\n",
	} {
		file := filepath.Join(top, ".git", filepath.FromSlash(name))
		if _, err := os.Stat(file); err == nil {
			continue // of the same attack by the other kind of host
		}
		e.write(file, content)
		if err := os.Chmod(file, 0o755); err != nil {
			e.t.Fatal(err)
		}
	}
	o.HostSrc = top
}

func autoToolchain(_ *evil, o *builder.Options) { o.Toolchain = "auto" }

// sdkVersion is goVersion with a GOROOT that says to be of that very version.
func sdkVersion(v string) func(*evil, *debug.BuildInfo) {
	return func(e *evil, bi *debug.BuildInfo) {
		goVersion(v)(e, bi)
		release, _, _ := strings.Cut(bi.GoVersion, " ")
		e.write(filepath.Join(e.root, "VERSION"), release+"\n")
		if err := os.Symlink(e.root, e.root+".linux-"+runtime.GOARCH); err != nil && !os.IsExist(err) {
			e.t.Fatal(err)
		}
	}
}
