package builder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/plugtool/plugtool/inspector"
)

// What a build needs of a disk, in bytes: a link of a large plugin, and the standard
// library compiled for one more host.
const (
	littleSpace   = 1 << 30
	tooLittleDisk = 200 << 20
)

// doctorPatience is how long the module proxy may take to answer.
const doctorPatience = 60 * time.Second

// lookAtCompiler looks at the C compiler for this machine's own hosts.
func (d *doctor) lookAtCompiler(ctx context.Context) {
	if !d.found() {
		return
	}
	b := &inspector.Binary{File: "a host of this machine", Platform: d.goEnv.HostOS + "/" + d.goEnv.HostArch}
	if !slices.Contains(pluginPlatforms, b.Platform) {
		d.add("c-compiler", StatusWarning, nil, "%s has no Go plugins that plugtool can build; plugins for Linux hosts are cross-built: plugtool doctor --host HOST", b.Platform)
		return
	}
	src := Source{Dir: d.opts.Dir, Go: d.goEnv}
	cc, err := findCompiler(ctx, b, &src, d.opts)
	if err != nil {
		d.addErr("c-compiler", err)
		return
	}
	d.tryCompiler(ctx, b, cc)
}

// tryCompiler compiles and links a shared object as cgo and the linker would.
func (d *doctor) tryCompiler(ctx context.Context, b *inspector.Binary, cc Compiler) {
	words, err := splitQuoted(cmp.Or(cc.CC, d.goEnv.CC))
	if err != nil || len(words) == 0 {
		d.add("c-compiler", StatusLacking, nil, "CC=%q names no C compiler", d.goEnv.CC)
		return
	}
	work, err := newWorkDir(tempBase(d.opts.Env))
	if err != nil {
		d.addErr("temporary-folder", err)
		return
	}
	defer func() {
		if err := work.remove(); err != nil {
			d.addErr("temporary-folder", err)
		}
	}()
	p := ccProber{env: d.opts.Env, dir: work.path}
	f := &failure{env: d.opts.Env, goEnv: d.goEnv, plan: &Plan{Platform: b.Platform, GoVersion: b.GoVersion, Env: []string{"CC=" + strings.Join(words, " ")}}}
	failed := func(check, stderr string, err error) {
		f.output = "# runtime/cgo\n" + stderr
		goErr := &GoError{Command: strings.Join(words, " "), Output: stderr, Err: err, Causes: f.causes()}
		d.addErr(check, goErr)
	}
	args := func(more ...string) []string { return append(words[1:len(words):len(words)], more...) }
	const source = "#include <stdlib.h>\n#include <pthread.h>\n#include <errno.h>\nvoid *probe(void) { return malloc(errno); }\n"
	if _, stderr, err := p.run(ctx, words[0], args("-fPIC", "-pthread", "-c", "-o", "probe.o", "-x", "c", "-"), source); err != nil {
		failed("c-compiler", stderr, err)
		return
	}
	asked, _ := p.ask(ctx, words, nil)
	library := strings.TrimSpace(asked.libc + " " + asked.version)
	path, _ := lookPath(d.opts.Env, d.opts.Dir, words[0])
	d.add("c-compiler", StatusOK, nil, "%s (%s) compiles for %s with %s: %s", strings.Join(words, " "), path, b.Platform, library, cc.Why)
	if _, stderr, err := p.run(ctx, words[0], args("-shared", "-pthread", "-o", "probe.so", "probe.o"), ""); err != nil {
		failed("linker", stderr, err)
		return
	}
	ld, _, err := p.run(ctx, words[0], args("-print-prog-name=ld"), "")
	if ld = strings.TrimSpace(ld); err != nil || ld == "" {
		ld = "the C compiler's linker"
	} else if file, err := lookPath(d.opts.Env, work.path, ld); err == nil {
		ld = file
	}
	d.add("linker", StatusOK, nil, "%s links shared objects for %s", ld, b.Platform)
}

// lookAtOtherCompilers lists C compilers for other machines. Nothing needs them
// until a host is for such a machine.
func (d *doctor) lookAtOtherCompilers(context.Context) {
	if !d.found() {
		return
	}
	var list []string
	p := ccProber{env: d.opts.Env, dir: d.opts.Dir}
	for _, platform := range pluginPlatforms {
		t := hostTarget(&inspector.Binary{Platform: platform}, d.goEnv)
		if t.native {
			continue
		}
		for _, c := range t.candidates("", "") {
			// clang and zig are there for this machine and say nothing about another's libraries.
			if !isDefaultWord(c.cc[0]) && !strings.HasPrefix(c.cc[0], "clang") && c.cc[0] != "zig" && p.have(c.cc[0]) {
				list = append(list, fmt.Sprintf("%s (%s)", platform, c.cc[0]))
				break
			}
		}
	}
	if len(list) == 0 {
		d.add("cross-compilers", StatusOK, nil, "none; only hosts for other machines need one, and plugtool doctor --host HOST says which")
		return
	}
	d.add("cross-compilers", StatusOK, nil, "%s", strings.Join(list, ", "))
}

// lookAtDisk looks whether the folders that a build writes to can be written, and
// what space they have.
func (d *doctor) lookAtDisk(context.Context) {
	folders := []struct{ check, setting, dir string }{{"temporary-folder", "TMPDIR", tempBase(d.opts.Env)}}
	if d.found() {
		folders = append(folders, struct{ check, setting, dir string }{"build-cache", "GOCACHE", d.goEnv.Cache},
			struct{ check, setting, dir string }{"module-cache", "GOMODCACHE", d.goEnv.ModCache})
	}
	for _, f := range folders {
		another := []string{"export " + f.setting + "=/another/folder"}
		if !filepath.IsAbs(f.dir) {
			d.add(f.check, StatusLacking, another, "%s=%q is no absolute path", f.setting, f.dir)
			continue
		}
		there := f.dir
		if f.setting != "TMPDIR" { // the go command makes its caches, and no temporary folder
			there = existing(f.dir)
		}
		if err := writable(there); err != nil {
			d.add(f.check, StatusLacking, append([]string{"ls -ld " + quoted(there)}, another...), "%s cannot be written: %v", f.dir, err)
			continue
		}
		free, ok := freeSpace(there)
		switch {
		case !ok:
			d.add(f.check, StatusOK, nil, "%s can be written", f.dir)
		case free < tooLittleDisk:
			d.add(f.check, StatusLacking, append([]string{"df -h " + quoted(there)}, another...), "%s has %d MiB left, and a build needs %d MiB or more", f.dir, free>>20, tooLittleDisk>>20)
		case free < littleSpace:
			d.add(f.check, StatusWarning, append([]string{"df -h " + quoted(there)}, another...), "%s has %d MiB left, which large plugins fill", f.dir, free>>20)
		default:
			d.add(f.check, StatusOK, nil, "%s can be written and has %.1f GiB left", f.dir, float64(free)/(1<<30))
		}
	}
}

// existing gives the nearest folder above a path that is there.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// writable makes a file in a folder and removes it again.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, workPrefix+"probe-")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func (d *doctor) lookAtModules(context.Context) {
	if !d.found() {
		return
	}
	const check = "module-proxy"
	proxy := cmp.Or(d.goEnv.Proxy, "direct")
	if proxy == "off" {
		d.add(check, StatusWarning, []string{"go env -u GOPROXY; unset GOPROXY"}, "GOPROXY=off: only modules that are in the module cache can be had")
		return
	}
	d.add(check, StatusOK, nil, "GOPROXY=%s, GOSUMDB=%s (not asked: --network does)", proxy, d.goEnv.SumDB)
}

// lookAtNetwork asks the module proxy for the versions of a small module, as a build
// would ask it.
func (d *doctor) lookAtNetwork(ctx context.Context) {
	if !d.found() {
		return
	}
	d.checks = slices.DeleteFunc(d.checks, func(c Check) bool { return c.Check == "module-proxy" })
	const check, mod = "module-proxy", "golang.org/x/mod"
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	root := filepath.VolumeName(d.opts.Dir) + string(filepath.Separator)
	env := setEnv(d.opts.Env, "GO111MODULE=on", "GOWORK=off", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local", "GIT_TERMINAL_PROMPT=0")
	c := goCommand{path: d.goEnv.Command, dir: root, env: env, args: []string{"list", "-m", "-versions", mod}}
	_, _, err := c.run(ctx, nil)
	if errors.Is(err, context.DeadlineExceeded) {
		d.add(check, StatusLacking, (&failure{}).offline(), "the module proxy (GOPROXY=%s) did not answer within %v", d.goEnv.Proxy, doctorPatience)
		return
	}
	if err != nil {
		d.addErr(check, explained(err, &failure{env: d.opts.Env, goEnv: d.goEnv}))
		return
	}
	d.add(check, StatusOK, nil, "GOPROXY=%s answers, GOSUMDB=%s", d.goEnv.Proxy, d.goEnv.SumDB)
}

func (d *doctor) lookAtGit(context.Context) {
	path, err := lookPath(d.opts.Env, d.opts.Dir, "git")
	if err != nil {
		d.add("git", StatusWarning, packageOf("git", "git", "git"), "there is no git in PATH: modules that come straight from repositories (GOPRIVATE, GOPROXY=direct) cannot be had, nor the host's revision of the source")
		return
	}
	d.add("git", StatusOK, nil, "%s", path)
}
