package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// A variant is a host built in one way, and a plugin's source as its author has it.
// Scripts run in the variant's folder, after prelude.sh.
type variant struct {
	group, name string
	ci          bool     // of the part ci
	release     string   // Go of the host, "" for the one at hand
	host        string   // script that leaves the host at bin/host
	author      string   // script that makes the plugin's module ready
	plugin      string   // the folder of the plugin's module, "" for plug
	args        []string // further arguments of plugtool build
	env         []string // the author's settings
	load        string   // script that opens $PLUGIN in the host, "" for bin/host $PLUGIN
	says        string   // what the plugin says in the host, "" for the usual
	noFit       string   // expression for the reason where no plugin can fit
}

func (v *variant) title() string { return v.group + ": " + v.name }

// usual is what the plugin says: it sees the variables of the host's own packages.
const usual = "plain 2,28,6 visit 2, hello, 7, 6, contract you"

// result is what became of a variant.
type result struct {
	*variant
	err           error // the variant itself could not be made
	built         built
	plugtool      string // what the host printed, "" where plugtool wrote nothing
	hand, handWhy string // what the host printed, or why nothing was built
	left          string // what plugtool left behind or changed
}

// built is what plugtool said.
type built struct {
	code           int
	layout, reason string
	stderr, said   string // said is all that it printed
	took           time.Duration
}

func (r *result) bad() bool { return r.err != nil || r.left != "" || !r.fits() && !r.refusesRightly() }

func (r *result) fits() bool { return r.noFit == "" && r.plugtool == "loads: "+r.says }

// refusesRightly says that no plugin fits and plugtool said why.
func (r *result) refusesRightly() bool {
	return r.noFit != "" && r.built.code == 3 && r.plugtool == "" && regexp.MustCompile(r.noFit).MatchString(r.built.said)
}

func (r *result) handLoads() bool { return r.hand == "loads: "+r.says }

// try makes a variant's host and plugin, builds by plugtool and by hand, and loads.
func (w *workshop) try(dir string, v *variant) *result {
	r := &result{variant: v}
	b, err := w.bench(dir)
	if err != nil {
		r.err = err
		return r
	}
	theirs, err := b.withGo(v.release)
	if err != nil {
		r.err = err
		return r
	}
	if r.err = b.shell(v.host, theirs); r.err != nil {
		return r
	}
	mine := append(b.env[:len(b.env):len(b.env)], v.env...)
	if r.err = b.shell("cd "+v.plugin+"\n"+cmp.Or(v.author, "tidy"), mine); r.err != nil {
		return r
	}
	before := b.files(v.plugin)
	if r.built, r.err = b.build(v, mine); r.err != nil {
		return r
	}
	if out := b.out(); out != "" {
		r.plugtool = b.load(v, out)
	}
	if after := b.files(v.plugin); after != before {
		r.left = "the author's files changed:\n" + after + "\nwere\n" + before
	}
	if left, err := filepath.Glob(filepath.Join(dir, "tmp", "[gp]*")); err != nil || len(left) > 0 {
		r.left += fmt.Sprintf("left behind: %s %v", left, err)
	}
	r.byHand(b, mine)
	return r
}

// out is the plugin that plugtool wrote, "" if none.
func (b *bench) out() string {
	file := filepath.Join(b.dir, "out", "plugin.so")
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

// files gives the go.mod and go.sum of the author's module, and its workspace's.
func (b *bench) files(plugin string) string {
	var all strings.Builder
	for _, dir := range []string{b.dir, filepath.Join(b.dir, plugin)} {
		for _, name := range []string{"go.mod", "go.sum", "go.work", "go.work.sum"} {
			if data, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
				all.Write(data)
			}
		}
	}
	return all.String()
}

var errorLine = regexp.MustCompile(`(?m)^plugtool: error: (.*)$`)

// build runs plugtool build.
func (b *bench) build(v *variant, env []string) (built, error) {
	host := filepath.Join(b.dir, "bin", "host")
	if _, err := os.Stat(host + ".json"); err == nil {
		host += ".json" // its descriptor
	}
	args := append([]string{"build", "--host", host, "-o", filepath.Join(b.dir, "out", "plugin.so"), "--format", "json"}, v.args...)
	cmd := exec.Command(b.w.plugtool, args...)
	cmd.Dir, cmd.Env = filepath.Join(b.dir, v.plugin), env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	err := cmd.Run()
	res := built{took: time.Since(start), stderr: stderr.String(), said: stderr.String() + stdout.String()}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		res.code = exit.ExitCode()
	} else if err != nil {
		return res, err
	}
	if m := errorLine.FindStringSubmatch(res.stderr); m != nil {
		res.reason = strings.TrimPrefix(m[1], "no plugin can be built that loads into "+host+": ")
	}
	var document struct {
		Plan struct{ Layout struct{ Name string } }
	}
	if stdout.Len() > 0 {
		if err := json.Unmarshal(stdout.Bytes(), &document); err != nil {
			return res, fmt.Errorf("plugtool %s printed: %w\n%s", strings.Join(args, " "), err, stdout.String())
		}
	}
	res.layout = document.Plan.Layout.Name
	return res, nil
}
